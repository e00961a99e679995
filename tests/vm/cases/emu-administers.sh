#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Features, self-tests, firmware and resets by nvme-cli, as on a drive; and what Identify says is not there, is not.
# vm: --memmap 512M@5G
# long
. /usr/lib/bx-lab/emu.sh

make drive queues=2 memory_size=33M
name=$(controller drive)
ctrl=/dev/$name
disk=$(disk drive)

quietly() {
	echo "$*"
	"$@" >/dev/null || fail "'$*' ended with $?"
}

# feature ID SELECT: what Get Features answers, in hexadecimal.
feature() {
	nvme get-feature "$ctrl" --feature-id="$1" --sel="$2" | sed -n 's/.*value: *\(0x\)\{0,1\}0*\([0-9a-f]\{1,\}\).*/\2/Ip' | head -n 1
}

# Set, and set and saved: current, default, saved.
quietly nvme set-feature "$ctrl" --feature-id=1 --value=0x3
expect 3 feature 1 0
expect 5 feature 1 1
expect 5 feature 1 2
quietly nvme set-feature "$ctrl" --feature-id=1 --value=0x2 --save
expect 2 feature 1 0
expect 5 feature 1 1
expect 2 feature 1 2
quietly nvme set-feature "$ctrl" --feature-id=1 --value=0x6
nvme get-feature "$ctrl" --feature-id=1 --sel=3 | grep -qi 'changeable' || fail "$(nvme get-feature "$ctrl" --feature-id=1 --sel=3)"
refuse "SAVE|save" nvme set-feature "$ctrl" --feature-id=4 --value=0x150 --save
refuse "INVALID|nvalid" nvme set-feature "$ctrl" --feature-id=2 --value=1
refuse "INVALID|nvalid" nvme get-feature "$ctrl" --feature-id=0x7f
quietly nvme reset "$ctrl"
within 20 ready drive
expect 2 feature 1 0

# raw LOG LENGTH: its bytes, in hexadecimal.
raw() {
	nvme get-log "$ctrl" --log-id="$1" --log-len="$2" --raw-binary | od -An -v -tx1 -w"$2"
}

# Self-tests: a long one that another one cannot join, and that is aborted; and a short one that runs to its end.
quietly nvme device-self-test "$ctrl" --namespace-id=0xffffffff --self-test-code=2
raw 6 4 | grep -q '^ 02' || fail "no self-test runs: $(raw 6 4)"
refuse "PROGRESS|rogress" nvme device-self-test "$ctrl" --namespace-id=1 --self-test-code=1
quietly nvme device-self-test "$ctrl" --namespace-id=1 --self-test-code=0xf
raw 6 8 | grep -q '^ 00 00 00 00 21' || fail "not aborted: $(raw 6 8)"
quietly nvme device-self-test "$ctrl" --namespace-id=1 --self-test-code=1
within 30 sh -c "nvme get-log $ctrl --log-id=6 --log-len=8 --raw-binary | od -An -v -tx1 | grep -q '^ 00 00 00 00 10'"
quietly nvme self-test-log "$ctrl"

# Firmware: into a slot; into one and running after a reset; one that is there, after a reset; and at once.
image() { # REVISION: 12 KiB that begin with it
	{
		printf %-8s "$1"
		head -c 12280 /dev/zero
	} >/tmp/image
	quietly nvme fw-download "$ctrl" --fw=/tmp/image --xfer=4096
}

revision() {
	nvme id-ctrl "$ctrl" | sed -n 's/^fr *: *\([^ ]*\) *$/\1/p'
}

slots() { # of the firmware log: which runs and which is next, and the revisions
	nvme get-log "$ctrl" --log-id=3 --log-len=32 --raw-binary | tr '\000' ' ' | od -An -v -tx1 -N1 | tr -d ' \n'
	nvme get-log "$ctrl" --log-id=3 --log-len=32 --raw-binary | tail -c 24 | tr '\000' ' ' | tr -s ' '
}

expect 1.0 revision
image 2.0
quietly nvme fw-commit "$ctrl" --slot=2 --action=0
expect "011.0 2.0 " slots
expect 1.0 revision
image 3.0
# Where a reset is wanted, that is a status of its own on some drives; here it is none.
quietly nvme fw-commit "$ctrl" --slot=3 --action=1
expect "311.0 2.0 3.0 " slots
expect 1.0 revision
quietly nvme reset "$ctrl"
within 20 ready drive
expect 3.0 revision
quietly nvme fw-commit "$ctrl" --slot=1 --action=2
expect "131.0 2.0 3.0 " slots
quietly nvme reset "$ctrl"
within 20 ready drive
expect 1.0 revision
quietly nvme fw-commit "$ctrl" --slot=2 --action=3
expect 2.0 revision
within 20 ready drive
refuse "SLOT|lot" nvme fw-commit "$ctrl" --slot=1 --action=0
refuse "SLOT|lot|nvalid|INVALID" nvme fw-commit "$ctrl" --slot=7 --action=2
refuse "IMAGE|mage" nvme fw-commit "$ctrl" --slot=2 --action=1

# What a drive without them refuses.
expect 0 sh -c "echo \$((0x$(nvme id-ctrl "$ctrl" --raw-binary | od -An -v -tx1 -j261 -N1 | tr -d ' ') & 0x18))"
refuse "" nvme telemetry-log "$ctrl" --output-file=/tmp/telemetry
refuse "" nvme persistent-event-log "$ctrl" --action=1 --log_len=512
refuse "INVALID|nvalid" nvme resv-report "$disk" --namespace-id=1
refuse "INVALID|nvalid" nvme resv-register "$disk" --namespace-id=1 --nrkey=1 --rrega=0
refuse "INVALID|nvalid" nvme resv-acquire "$disk" --namespace-id=1 --crkey=1 --rtype=1 --racqa=0
refuse "INVALID|nvalid" nvme resv-release "$disk" --namespace-id=1 --crkey=1 --rtype=1 --rrela=0

# Commands on blocks.
head -c 4096 /dev/urandom >/tmp/data
block() { # COMMAND OPTIONS...: on blocks 8 to 15
	verb=$1
	shift
	quietly nvme "$verb" "$disk" --namespace-id=1 --start-block=8 --block-count=7 "$@"
}
same() { # FILE: is in blocks 8 to 15, and 4096 bytes
	dd if="$disk" bs=4096 skip=1 count=1 iflag=direct 2>/dev/null | cmp - "$1"
}
block write --data-size=4096 --data=/tmp/data
block compare --data-size=4096 --data=/tmp/data
block verify
same /tmp/data
quietly nvme copy "$disk" --namespace-id=1 --sdlba=64 --slbs=8,12 --blocks=3,3
dd if="$disk" bs=4096 skip=8 count=1 iflag=direct 2>/dev/null | cmp - /tmp/data
block write-uncor
refuse "rror" dd if="$disk" of=/dev/null bs=4096 skip=1 count=1 iflag=direct
refuse "READ_ERROR|ead" nvme verify "$disk" --namespace-id=1 --start-block=8 --block-count=7
block write --data-size=4096 --data=/tmp/data
same /tmp/data
head -c 4096 /dev/zero >/tmp/zeros
block write-zeroes
same /tmp/zeros
block write --data-size=4096 --data=/tmp/data
quietly nvme dsm "$disk" --namespace-id=1 --ad --slbs=8 --blocks=8
same /tmp/zeros
quietly nvme flush "$disk" --namespace-id=1

quietly nvme smart-log "$ctrl"
# 6.1's nvme hears of what follows by a command that times out, and then takes its own locks in both orders.
if watched; then
	destroy drive
	exit 0
fi

# A reset of the subsystem is one, too, and the number of them that the host did not ask for is none.
nvme subsystem-reset "$ctrl" || true
within 40 ready drive
same /tmp/zeros
expect 2 feature 1 0
destroy drive
