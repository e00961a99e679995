#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The demo's part in the guest. Every step is a command that a person could type; one that goes wrong ends
# the demo with its status.
set -eu

steps=0

title() {
	printf '\n== %s\n' "$*"
}

# step COMMAND...: shows it, runs it.
step() {
	steps=$((steps + 1))
	printf '$ %s\n' "$*"
	"$@"
}

# refused COMMAND...: the same for one that must not succeed.
refused() {
	steps=$((steps + 1))
	printf '$ %s\n' "$*"
	if "$@"; then
		echo "this should have been refused" >&2
		exit 1
	fi
}

printf '\nLinux %s, systemd %s\n' "$(uname -r)" "$(systemctl --version | sed -n '1s/systemd \([0-9]*\).*/\1/p')"

title "The daemon starts, and knows the NVMe disk of this machine"
step systemctl start bxd
step busctl --no-pager tree org.byteexpress.bx1
step bxctl list
step bxctl show nvme0

title "A disk that is in use is never taken away"
step mkfs.ext4 -q /dev/nvme0n1
step mount /dev/nvme0n1 /mnt
step cp /bin/ls /mnt/data
step sh -c 'sha256sum /mnt/data | tee /tmp/before.sum'
refused bxctl bind bxlab0 vfio-pci
step umount /mnt

title "A disk that is free moves to another driver and back, and keeps its data"
step bxctl bind bxlab0 vfio-pci
step bxctl list
step bxctl bind bxlab0 nvme
step bxctl list
step mount -o ro /dev/nvme0n1 /mnt
step sha256sum --check /tmp/before.sum
step umount /mnt

title "A driver that does not exist, or is not made for such a device, costs nothing"
refused bxctl bind bxlab0 no-such-driver
refused bxctl bind bxlab0 e1000e
step bxctl list

title "An emulated NVMe device, without a reboot and without hardware"
emu=/sys/kernel/config/bx_emu
step modprobe bx_emu
step mkdir $emu/demo
step sh -c "echo DEMO >$emu/demo/serial"
step sh -c "echo 256M >$emu/demo/memory_size"
step sh -c "echo 1 >$emu/demo/power"
udevadm settle
step nvme list
step bxctl show DEMO
disk=$(bxctl show DEMO | sed -n 's/^ *BlockDevices: //p')
step mkfs.ext4 -q "$disk"
step mount "$disk" /mnt
step cp /bin/ls /mnt/data
step nvme reset "${disk%n1}"
step cmp /bin/ls /mnt/data
step umount /mnt
step rmdir $emu/demo

printf '\n%s commands, all as they should be: bxd tracks NVMe functions on D-Bus, refuses to take a disk in use,\n' "$steps"
printf 'moves a free one between drivers and back with its data, and names what is wrong otherwise; bx_emu is an NVMe\n'
printf 'drive made of memory, which the kernel gave for it and has back.\n'
printf 'Look around yourself: make vm. The tests: make check.\n'
