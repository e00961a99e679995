#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A controller memory buffer: where the kernel can use one, nvme keeps its submission queues there and a program its data.
# vm: --memmap 512M@5G
. /usr/lib/bx-lab/emu.sh
: "${emu:?}"

make buffer cmb_size=4M queues=2 queue_depth=128
expect 4M cat "$emu/buffer/cmb_size"
refuse "Device or resource busy" put 0 "$emu/buffer/cmb_size"
disk=$(disk buffer)
function=$(readlink -f "/sys/class/nvme/$(controller buffer)/device")
verified_load "$disk"
echo 1 >"/sys/class/nvme/$(controller buffer)/reset_controller"
within 10 ready buffer
verified_load "$disk"

# Debian's kernels before 7.2 cannot give a device's memory to another, nor to themselves: nvme says so and goes on without.
if grep -q ' pci_p2pdma_add_resource$' /proc/kallsyms; then
	buffer=$function/p2pmem
	expect 4194304 cat "$buffer/size"
	# Two queues with 128 commands of 64 bytes each; the admin queue is in the host's memory.
	expect "$((4194304 - 2 * 8192))" cat "$buffer/available"
	# As the memory that data comes from and goes to, past the host's.
	verified_load "$disk" --iomem=mmapshared:"$buffer/allocate" --iodepth=8 --numjobs=1 --size=8m
	expect "$((4194304 - 2 * 8192))" cat "$buffer/available"
fi

# It keeps its place when it is taken away and found again.
echo 1 >"$function/remove"
echo 1 >/sys/bus/pci/rescan
disk=$(disk buffer)
verified_load "$disk" --size=8m
destroy buffer
