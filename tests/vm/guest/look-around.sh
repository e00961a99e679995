#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# look-around.sh VARIANT [tidy]: says on the kernel's console what the kernel does not say by itself after a test: what the variant of
# the product has found ("" is the product itself), tasks that are stuck, and where there is a leak detector, what it finds. With `tidy`,
# modules of ours are unloaded first, so that no test meets another's; one that is in use is complained of, too, and so is a definition.
# What it had in /tmp and on disks goes.
set -eu

[ -z "$1" ] || sh "/usr/lib/bx-lab/variant-$1.sh"

left_behind() {
	echo "<4>BUG: the test has left something behind: $1" >/dev/kmsg
}

tidy() {
	sed -n 's/^\(bx_[^ ]*\|nvme_ring_io\) .*/\1/p' /proc/modules | while read -r module; do
		said=$(rmmod "$module" 2>&1) || left_behind "$said"
	done
	for definition in /etc/bxd/devices/*.json /var/lib/bxd/devices/*.json /run/bxd/devices/*.json; do
		[ ! -e "$definition" ] || left_behind "$definition"
	done
	for disk in /sys/block/nvme*n*; do
		# Of a path alone there is no node.
		disk=/dev/${disk##*/}
		[ ! -b "$disk" ] || wipefs -qa "$disk" || left_behind "$disk is in use"
	done
	find /tmp -mindepth 1 -maxdepth 1 ! -name 'systemd-private-*' -exec rm -rf {} +
}

[ "${2:-}" != tidy ] || tidy

stuck() {
	ps -eo state=,pid=,comm= | sed -n 's/^D *//p' | sort
}

before=$(stuck)
if [ -n "$before" ]; then
	sleep 5
	echo "$before" | while read -r pid name; do
		stuck | grep -q "^$pid $name\$" || continue
		echo w >/proc/sysrq-trigger
		echo "<4>INFO: task $name:$pid blocked for more than 5 seconds." >/dev/kmsg
	done
fi

leaks=/sys/kernel/debug/kmemleak
[ -e $leaks ] || exit 0
# An object counts once it is five seconds old and was found lost twice.
sleep 6
echo scan >$leaks
echo scan >$leaks
while IFS= read -r line; do
	echo "<4>$line" >/dev/kmsg
done <$leaks
echo clear >$leaks
