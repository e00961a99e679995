#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The machine does not hibernate while a device is on, and says why; it suspends and resumes with a file system at work on it.
# vm: --memmap 512M@5G
# long
. /usr/lib/bx-lab/emu.sh
: "${emu:?}"

make sleeper cpus=1-2 queues=4
disk=$(disk sleeper)

if grep -qw disk /sys/power/state; then
	dmesg --clear
	refuse "Device or resource busy" put disk /sys/power/state
	dmesg | grep -q "bx_emu: hibernation would lose the data of the devices that are on; power them off first" ||
		fail "nothing was said of hibernation: $(dmesg)"
else
	echo "this kernel does not hibernate"
fi

grep -qw mem /sys/power/state || skip "this kernel does not suspend"
[ -e /sys/power/pm_test ] || skip "this kernel has no pm_test to wake it up again"
mkfs.ext4 -q "$disk"
mount "$disk" /mnt
(until [ -e /tmp/enough ]; do verified_load /mnt/load --bsrange=4k-16k --blockalign=4k --size=8m --offset_increment=8m; done) &
load=$!
# How far it goes before it turns round: with the CPUs but one gone, with interrupts off.
for level in devices processors core; do
	before=$(cat $emu/sleeper/stats/passes)
	echo $level >/sys/power/pm_test
	echo mem >/sys/power/state
	echo none >/sys/power/pm_test
	within 20 ready sleeper
	kill -0 $load || fail "the load ended before its time"
	[ "$(cat $emu/sleeper/stats/passes)" -gt "$before" ] || fail "the engines do not look any more"
	sleep 2
done
touch /tmp/enough
wait $load
dmesg | grep -c "PM: suspend exit" | grep -qx 3 || fail "the machine did not suspend three times: $(dmesg | grep PM:)"
umount /mnt
fsck.ext4 -fn "$disk" >/tmp/fsck 2>&1 || fail "$(cat /tmp/fsck)"
destroy sleeper
