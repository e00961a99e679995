#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Namespaces are made, attached, detached and deleted by nvme-cli as on a drive, and their device nodes come and go with them.
# vm: --memmap 512M@5G
# long
. /usr/lib/bx-lab/emu.sh

make spaces queues=2 memory_size=129M
name=$(controller spaces)
ctrl=/dev/$name

# nodes NSID...: these namespaces have a device node, and no others. nvme is told by an event; ns-rescan is for who does not wait.
nodes() {
	wanted="$*"
	nvme ns-rescan "$ctrl"
	within 20 same_nodes
	for nsid in $wanted; do
		within 10 test -b "$(disk spaces "$nsid")"
	done
}

same_nodes() {
	found=$(cat "/sys/class/nvme/$name/$name"n*/nsid 2>/dev/null | sort -n | tr '\n' ' ')
	[ "$found" = "${wanted:+$wanted }" ]
}

manage() { # quietly
	echo "$*"
	nvme "$@" >/dev/null || fail "nvme $* ended with $?"
}

listed() { # OPTIONS...: what list-ns lists, in a row
	nvme list-ns "$ctrl" "$@" | sed -n 's/.*:0x//p' | tr '\n' ' '
}

nodes 1
expect "1 " listed
refuse "INSUFFICIENT|nsufficient" nvme create-ns "$ctrl" --nsze=2048 --ncap=2048 --flbas=0
manage detach-ns "$ctrl" --namespace-id=1 --controllers=0
nodes
expect "" listed
expect "1 " listed --all
refuse "NOT_ATTACHED|Not Attached|not attached" nvme detach-ns "$ctrl" --namespace-id=1 --controllers=0
manage delete-ns "$ctrl" --namespace-id=1
expect "" listed --all
refuse "INVALID|nvalid" nvme delete-ns "$ctrl" --namespace-id=1

# One of each format, whose blocks all fit beside the others.
for format in 0 1 2 3 4 5 6; do
	blocks=16384
	[ $format -lt 3 ] || blocks=2048
	manage create-ns "$ctrl" --nsze=$blocks --ncap=$blocks --flbas=$format
	manage attach-ns "$ctrl" --namespace-id=$((format + 1)) --controllers=0
done
expect "1 2 3 4 5 6 7 " listed
nodes 1 2 3 4 5 6 7
expect 16384 cat "/sys/class/block/$(node spaces 1)/size"
expect 16384 cat "/sys/class/block/$(node spaces 4)/size"
expect 4096 cat "/sys/class/block/$(node spaces 4)/queue/logical_block_size"
refuse "ALREADY|lready" nvme attach-ns "$ctrl" --namespace-id=3 --controllers=0
refuse "INVALID|nvalid" nvme attach-ns "$ctrl" --namespace-id=3 --controllers=7
refuse "INVALID|nvalid" nvme attach-ns "$ctrl" --namespace-id=33 --controllers=0
refuse "INVALID|nvalid" nvme create-ns "$ctrl" --nsze=2048 --ncap=2048 --flbas=9
refuse "THIN|hin|INVALID|nvalid" nvme create-ns "$ctrl" --nsze=2048 --ncap=1024 --flbas=0
refuse "INVALID|nvalid" nvme create-ns "$ctrl" --nsze=2048 --ncap=2048 --flbas=0 --dps=1

# What each holds is its own; what is made anew holds nothing.
for nsid in 1 4; do
	yes "space $nsid" | head -c 8192 >/tmp/data$nsid
	dd if=/tmp/data$nsid of="$(disk spaces $nsid)" bs=4096 oflag=direct 2>/dev/null
done
for nsid in 1 4; do
	dd if="$(disk spaces $nsid)" bs=4096 count=2 iflag=direct 2>/dev/null | cmp - /tmp/data$nsid
done
manage delete-ns "$ctrl" --namespace-id=4
nodes 1 2 3 5 6 7
manage create-ns "$ctrl" --nsze=2048 --ncap=2048 --flbas=3
expect "1 2 3 4 5 6 7 " listed --all
manage attach-ns "$ctrl" --namespace-id=4 --controllers=0
nodes 1 2 3 4 5 6 7
dd if="$(disk spaces 4)" bs=4096 count=2 iflag=direct 2>/dev/null | cmp - /dev/zero 2>/tmp/cmp || grep -q EOF /tmp/cmp || fail "the new namespace has data"

# They outlive a reset, and all go at once.
manage reset "$ctrl"
within 20 ready spaces
expect "1 2 3 4 5 6 7 " listed
manage delete-ns "$ctrl" --namespace-id=0xffffffff
nodes
expect "" listed --all
destroy spaces
