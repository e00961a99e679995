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

title "A disk that is free moves to another driver and back, if its data may, and keeps that"
refused bxctl bind bxlab0 vfio-pci
step bxctl bind bxlab0 vfio-pci --with-data
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

title "An emulated NVMe drive, without a reboot and without hardware"
step bxctl create demo --type nvm --size 1G
step bxctl list
step bxctl show demo
step nvme list
disk=$(bxctl show demo | sed -n 's/^ *BlockDevices: //p')
step mkfs.ext4 -q "$disk"
step mount "$disk" /mnt
step cp /bin/ls /mnt/data
step bxctl reset demo
step cmp /bin/ls /mnt/data
refused bxctl stop demo
step umount /mnt

title "It moves between drivers, and bxd is killed in the middle of it"
step bxctl --no-wait bind demo pci-stub --with-data
step systemctl kill --signal=KILL bxd
step bxctl list
step bxctl bind demo nvme
step bxctl list

title "What goes wrong leaves nothing behind"
refused bxctl create wrong queues=500
refused bxctl create wrong --type zns
step bxctl destroy demo
step bxctl list

printf '\n%s commands, all as they should be: bxd tracks NVMe devices on D-Bus, makes drives out of memory that the\n' "$steps"
printf 'kernel gives and has back, moves a free one between drivers and back with its data, refuses to take one in use,\n'
printf 'goes on where it was when it is killed, and names what is wrong otherwise.\n'
printf 'Look around yourself: make vm. The tests: make check.\n'
