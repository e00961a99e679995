# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# What a machine with an IOMMU that remaps interrupts makes of a device that it knows nothing of.

. /usr/lib/bx-lab/emu.sh

dmesg | grep -qE "DMAR-IR: Enabled IRQ remapping|AMD-Vi: Interrupt remapping enabled" || fail "interrupts are not remapped here"
[ -n "$(ls /sys/kernel/iommu_groups)" ] || fail "no device is in an IOMMU group"

make guarded queues=4 cpus=1-2
disk=$(disk guarded)
name=$(controller guarded)
function=$(readlink -f "/sys/class/nvme/$name/device")
[ ! -e "$function/iommu_group" ] || fail "the IOMMU claims the device: $(readlink "$function/iommu_group")"
verified_load "$disk" --size=8m --offset_increment=16m
echo 1 >"/sys/class/nvme/$name/reset_controller"
echo 1 >"$function/reset"
within 20 ready guarded
verified_load "$disk" --size=8m --offset_increment=16m
dd if=/dev/urandom of=/tmp/data bs=1M count=4 2>/dev/null
dd if=/tmp/data of="$disk" bs=1M seek=100 oflag=direct 2>/dev/null
for _ in 1 2 3; do
	basename "$function" >/sys/bus/pci/drivers/nvme/unbind
	basename "$function" >/sys/bus/pci/drivers/nvme/bind
	within 20 ready guarded
done
disk=$(disk guarded)
dd if="$disk" bs=1M skip=100 count=4 iflag=direct 2>/dev/null | cmp - /tmp/data
verified_load "$disk" --size=8m --offset_increment=16m
# The machine's own disk, which the IOMMU does know, goes on.
dd if="$(disk bxlab0)" of=/dev/null bs=1M count=4 iflag=direct 2>/dev/null
destroy guarded
