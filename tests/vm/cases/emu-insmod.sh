#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The insmod line of the seeds makes a device, and rmmod is its removal; nonsense is refused with a word that helps.
# vm: --memmap 512M@5G
. /usr/lib/bx-lab/emu.sh

# wrong PATTERN PARAMETER...: not loaded, and the log says why.
wrong() {
	pattern=$1
	shift
	dmesg --clear
	refuse "" modprobe bx_emu "$@"
	dmesg | grep -qE -e "$pattern" || fail "modprobe bx_emu $*: no '$pattern' in: $(dmesg)"
	[ ! -d /sys/module/bx_emu ] || fail "bx_emu stayed after $*"
}

wrong "memmap_start=5 has no unit; write memmap_start=5G" memmap_start=5 memmap_size=512M
wrong "wants both" memmap_start=5G
wrong "is not a size" memmap_start=5G memmap_size=many
wrong "System RAM" memmap_start=1G memmap_size=64M
wrong "is not reserved|is not memory" memmap_start=3G memmap_size=64M
wrong "beyond what this machine can address" memmap_start=8192T memmap_size=64M
wrong "not a multiple of 1 MiB" memmap_start=5G memmap_size=1000K
wrong "too small" memmap_start=5G memmap_size=1M
wrong "is not reserved" memmap_start=5G memmap_size=513M
wrong "not a list of this machine's CPUs" memmap_start=5G memmap_size=64M cpus=one
wrong "there is nvm" memmap_start=5G memmap_size=64M type=tape

# As in the seeds, and without the list of CPUs that NVMeVirt cannot be without.
for round in 1 2 3; do
	before=$(ls /sys/class/nvme)
	cpus=cpus=1,2
	[ $round != 2 ] || cpus=
	# shellcheck disable=SC2086
	modprobe bx_emu memmap_start=5G memmap_size=512M $cpus read_latency=10 write_latency=10 nr_io_units=8 io_unit_size=4096
	within 20 sh -c "[ \"\$(ls /sys/class/nvme)\" != '$before' ]"
	name=$(find /sys/class/nvme -mindepth 1 -printf '%f\n' | grep -vxF "$before")
	within 20 test -b "/dev/${name}n1"
	expect 1046528 cat "/sys/class/block/${name}n1/size"
	dd if=/dev/urandom of="/dev/${name}n1" bs=1M count=8 oflag=direct 2>/dev/null
	dd if="/dev/${name}n1" of=/dev/null bs=1M count=8 iflag=direct 2>/dev/null
	rmmod bx_emu
	[ ! -e "/sys/class/nvme/$name" ] || fail "round $round: $name is there without its module"
done
