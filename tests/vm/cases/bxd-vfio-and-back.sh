#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A disk goes to vfio-pci and back and keeps its data and its names, also over a restart of bxd in between.
# vm: --iommu intel
. /usr/lib/bx-lab/lib.sh

address=$(nvme_address bxlab0)
override=/sys/bus/pci/devices/$address/driver_override
driver() {
	basename "$(readlink "/sys/bus/pci/devices/$address/driver")"
}
property() {
	bxctl show "$1" | sed -n "s/^ *$2: //p"
}

disk=$(property bxlab0 BlockDevices)
[ -b "$disk" ] || fail "'$disk' is no disk"
dd if=/dev/urandom of="$disk" bs=1M count=4 conv=fsync 2>/dev/null
sum=$(head -c 4M "$disk" | sha256sum)

systemctl start bxd
bxctl bind "$disk" vfio-pci
expect vfio-pci driver
expect vfio-pci cat "$override"
expect foreign-driver property bxlab0 State
expect bxlab0 property "$address" Serial
expect - property bxlab0 BlockDevices
ls /dev/vfio/[0-9]* >/dev/null || fail "there is no group below /dev/vfio"

# The identity is remembered by a bxd that never saw the serial number itself.
systemctl restart bxd
expect bxlab0 property "$address" Id
systemctl stop bxd
expect bxlab0 property "$address" Id

bxctl bind bxlab0 nvme
expect nvme driver
expect '(null)' cat "$override"
expect ready property bxlab0 State
[ -b "$disk" ] || fail "the job is done, and $disk is not there"
expect "$disk" property bxlab0 BlockDevices
expect "$sum" sh -c "head -c 4M $disk | sha256sum"

# Bound to what it is bound to already: nothing happens, successfully.
bxctl bind bxlab0 nvme
expect nvme driver

# While a program has its VFIO group open, as a virtual machine would, it stays where it is.
bxctl bind bxlab0 vfio-pci
group=/dev/vfio/$(basename "$(readlink "/sys/bus/pci/devices/$address/iommu_group")")
within 10 test -c "$group"
exec 9<>"$group"
refuse "$group is open in .* .pid [0-9]*.*DeviceBusy" bxctl bind bxlab0 nvme
expect vfio-pci driver
exec 9>&-
bxctl bind bxlab0 nvme
expect nvme driver
