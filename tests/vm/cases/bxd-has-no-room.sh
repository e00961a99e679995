#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Where nothing can be written, nothing is begun, and bxd says why; what was there before stays. A /etc that is read-only is no matter,
# and what is done to devices needs no disk.
# daily: bookworm
. /usr/lib/bx-lab/lib.sh

# small FOLDER: a disk of its own for what is in there, with room for little
small() {
	cp -a "$1" /tmp/content
	mount -t tmpfs -o size=1m tmpfs "$1"
	cp -a /tmp/content/. "$1/"
	rm -r /tmp/content
}
fill() { # FOLDER
	dd if=/dev/zero of="$1/filler" bs=4k 2>/dev/null || true
}
driver() {
	basename "$(readlink "/sys/bus/pci/devices/$address/driver")"
}

address=$(nvme_address bxlab0)
systemctl start bxd
within 10 sh -c 'bxctl show bxlab0 | grep -q "State: ready"'
bxctl define before --type nvm --size 64M
systemctl stop bxd

# No room for definitions.
small /var/lib/bxd
mount --bind /etc /etc
mount -o remount,bind,ro /etc
fill /var/lib/bxd
systemctl start bxd
within 10 sh -c 'bxctl show bxlab0 | grep -q "State: ready"'
bxctl show before >/dev/null
refuse "No space left on device" bxctl define after --type nvm --size 64M
refuse "No NVMe device is called" bxctl show after
refuse "No space left on device" bxctl define before --type nvm --size 128M
bxctl show before | grep -q 64M || fail "what was defined before is changed: $(bxctl show before)"
bxctl bind bxlab0 pci-stub
bxctl bind bxlab0 nvme

# Once there is room, it goes; and again not where it cannot be written at all.
rm /var/lib/bxd/filler
bxctl define after --type nvm --size 64M
bxctl forget after
mount -o remount,ro /var/lib/bxd
refuse "Read-only file system" bxctl forget before
bxctl show before >/dev/null
mount -o remount,rw /var/lib/bxd
bxctl forget before

# No room for the journal: nothing is done that could not be undone.
systemctl stop bxd
small /run/bxd/journal
fill /run/bxd/journal
systemctl start bxd
within 10 sh -c 'bxctl show bxlab0 | grep -q "State: ready"'
refuse "No space left on device" bxctl bind bxlab0 pci-stub
expect nvme driver
expect '(null)' cat "/sys/bus/pci/devices/$address/driver_override"
refuse "No space left on device" bxctl create now --type nvm --size 64M
refuse "No NVMe device is called" bxctl show now
[ ! -e /sys/kernel/config/bx_emu/now ] || fail "a device was made all the same"
expect 0 systemctl show -P NRestarts bxd
rm /run/bxd/journal/filler
bxctl bind bxlab0 pci-stub
mount -o remount,ro /run/bxd/journal
refuse "Read-only file system" bxctl bind bxlab0 nvme
mount -o remount,rw /run/bxd/journal
bxctl bind bxlab0 nvme

systemctl stop bxd
umount /run/bxd/journal /var/lib/bxd /etc

# Below that disk it is as it was.
bxctl forget before
