#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Memory that cannot be a device's is refused with its errno and one line in the log that helps, and nothing changes.
# vm: --memmap 512M@5G --append "reserve_mem=64M:1M:bxdata reserve_mem=64K:4K:bxsmall"
# long
. /usr/lib/bx-lab/emu.sh
: "${emu:?}"

modprobe bx_emu
mkdir $emu/wrong
cd $emu/wrong || exit 1
echo memmap >memory_source

# wrong ERRNO LINE [ATTRIBUTE=VALUE...]: not powered on with these, and the log has one line, with that in it.
wrong() {
	errno=$1
	line=$2
	shift 2
	for setting in "$@"; do
		echo "${setting#*=}" >"${setting%%=*}"
	done
	cp /proc/iomem /tmp/iomem
	dmesg --clear
	refuse "$errno" put 1 power
	[ "$(dmesg | grep -c 'bx_emu: wrong:')" = 1 ] || fail "$*: not one line in the log: $(dmesg)"
	dmesg | grep -qE -e "bx_emu: wrong: .*$line" || fail "$*: no '$line' in: $(dmesg)"
	expect 0 cat power
	diff /tmp/iomem /proc/iomem >/tmp/diff || fail "$*: /proc/iomem changed: $(cat /tmp/diff)"
}

wrong "Invalid argument" "memory_start 0x140000200 is not a multiple of 1 MiB" memory_start=0x140000200 memory_size=64M
wrong "Invalid argument" "memory_size .* is not a multiple of 1 MiB" memory_start=5G memory_size=1537K
wrong "Invalid argument" "too small" memory_size=1M
wrong "Invalid argument" "too small" memory_size=0
wrong "Numerical result out of range" "beyond what this machine can address" memory_start=8192T memory_size=64M
# The end of the range, not only its start.
wrong "Numerical result out of range" "beyond what this machine can address" memory_start=0xfffffffffff00000 memory_size=64M
wrong "Device or resource busy" "System RAM.*memmap=64M.1024M" memory_start=1G
wrong "Device or resource busy" "System RAM" memory_start=5088M # ends in what is reserved
wrong "Device or resource busy" "System RAM" memory_start=5600M # begins in it
wrong "No such device or address" "a PCI bus decodes" memory_start=3G
wrong "No such device or address" "is not reserved from|a PCI bus decodes" memory_start=9G

# Another device's, from below, above, within, and the same; what is beside it is free.
mkdir $emu/other
for setting in memory_source=memmap memory_start=5248M memory_size=64M serial=OTHER; do
	echo "${setting#*=}" >"$emu/other/${setting%%=*}"
done
echo 1 >$emu/other/power
for range in 5120M:512M 5200M:49M 5311M:8M 5248M:64M 5249M:2M 5310M:2M; do
	wrong "Device or resource busy" "overlaps the memory of bx_emu other" "memory_start=${range%:*}" "memory_size=${range#*:}"
done
for range in 5184M:64M 5312M:64M; do
	echo "${range%:*}" >memory_start
	echo "${range#*:}" >memory_size
	echo 1 >power
	echo 0 >power
done
within 20 ready OTHER
verified_load "$(disk OTHER)" --size=4m --offset_increment=8m

# reserve_mem: kernels from 6.12 on have it.
echo 256M >memory_size
if [ "$(printf '6.12\n%s\n' "$(uname -r)" | sort -V | head -1)" != 6.12 ]; then
	wrong "not supported" "this kernel \(before 6.12\) has no reserve_mem=" memory_source=reserve_mem:bxdata
else
	wrong "No such file" "no reserve_mem=SIZE:ALIGN:nobody was given at boot" memory_source=reserve_mem:nobody
	wrong "Invalid argument" "reserve_mem bxsmall is smaller than 1 MiB" memory_source=reserve_mem:bxsmall
	echo reserve_mem:bxdata >memory_source
	echo 65M >capacity
	dmesg --clear
	refuse "Invalid argument" put 1 power
	dmesg | grep -q "wrong: capacity is 65 MiB, but only 64 MiB" || fail "$(dmesg)"
	bring_in
	echo 0 >capacity
	echo RESERVED >serial
	echo 1 >power
	within 20 ready RESERVED
	expect $((64 * 2048)) cat "/sys/class/block/$(basename "$(disk RESERVED)")/size"
	verified_load "$(disk RESERVED)" --size=16m --offset_increment=32m
	mkdir $emu/twice
	echo reserve_mem:bxdata >$emu/twice/memory_source
	dmesg --clear
	refuse "Device or resource busy" put 1 $emu/twice/power
	dmesg | grep -q "twice: reserve_mem bxdata is another device's" || fail "$(dmesg)"
	rmdir $emu/twice
	echo 0 >power
	bring_in
fi
cd /
destroy wrong
destroy other
