#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Fifty reservations at run time leave the kernel's memory as the first one did: not a page is lost, /proc/iomem does not grow, and
# the kernel's mapping of all memory lacks just what was taken.
# vm: --timeout 1200
# long
. /usr/lib/bx-lab/emu.sh
: "${emu:?}"

# In kB.
mapped() {
	awk '/^DirectMap/ { sum += $2 } END { print sum }' /proc/meminfo
}

modprobe bx_emu
before=$(total)
all=$(mapped)
block=$((0x$(cat /sys/devices/system/memory/block_size_bytes) / 1024))
mkdir $emu/again
echo RUNTIME >$emu/again/serial
reserve() {
	echo 1 >$emu/again/power
	taken=$(total)
	grep -q 'bx_emu again' /proc/iomem || fail "/proc/iomem does not show the device: $(cat /proc/iomem)"
	[ "$taken" -lt "$before" ] || fail "no memory was taken"
	expect $((all - block)) mapped
	echo 0 >$emu/again/power
	bring_in
	expect "$all" mapped
}

# The first one may find a page table or a map of pages in its block that the boot had put there and that does not return.
reserve
first=$(total)
[ "$first" -ge "$before" ] || fail "MemTotal was $before kB and is $first after one reservation"
cat /proc/iomem >/tmp/map
count=1
while [ $count -lt 50 ]; do
	reserve
	expect "$first" total
	count=$((count + 1))
done
diff /tmp/map /proc/iomem >/tmp/diff || fail "/proc/iomem changed: $(cat /tmp/diff)"
echo "$count reservations: MemTotal $before kB before, $first kB after the first and now; the last one left $taken kB"
rmdir $emu/again
