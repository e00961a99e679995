#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Where nothing can be written, nothing is begun, and bxd says why; what was there before stays. A /etc that is read-only is no matter.
# daily: bookworm
. /usr/lib/bx-lab/lib.sh

systemctl start bxd
within 10 sh -c 'bxctl show bxlab0 | grep -q "State: ready"'
bxctl define before --type nvm --size 64M
systemctl stop bxd

# A disk of its own for the state, which is full; and /etc, for which bxd has no need.
cp -a /var/lib/bxd /tmp/state
mount -t tmpfs -o size=1m tmpfs /var/lib/bxd
cp -a /tmp/state/. /var/lib/bxd/
mount --bind /etc /etc
mount -o remount,bind,ro /etc
dd if=/dev/zero of=/var/lib/bxd/filler bs=4k 2>/dev/null || true
systemctl start bxd
within 10 sh -c 'bxctl show bxlab0 | grep -q "State: ready"'
bxctl show before >/dev/null
address=$(nvme_address bxlab0)

refuse "No space left on device" bxctl bind bxlab0 pci-stub
expect nvme basename "$(readlink "/sys/bus/pci/devices/$address/driver")"
expect '(null)' cat "/sys/bus/pci/devices/$address/driver_override"
refuse "No space left on device" bxctl define after --type nvm --size 64M
refuse "No NVMe device is called" bxctl show after
refuse "No space left on device" bxctl define before --type nvm --size 128M
bxctl show before | grep -q 64M || fail "what was defined before is changed: $(bxctl show before)"
refuse "No space left on device" bxctl create now --type nvm --size 64M
refuse "No NVMe device is called" bxctl show now
[ ! -e /sys/kernel/config/bx_emu/now ] || fail "a device was made all the same"
expect 0 systemctl show -P NRestarts bxd

# Once there is room, all of it goes.
rm /var/lib/bxd/filler
bxctl bind bxlab0 pci-stub
bxctl bind bxlab0 nvme
bxctl define after --type nvm --size 64M
bxctl forget after

# Nor where it cannot be written at all.
mount -o remount,ro /var/lib/bxd
refuse "Read-only file system" bxctl bind bxlab0 pci-stub
refuse "Read-only file system" bxctl forget before
bxctl show before >/dev/null
mount -o remount,rw /var/lib/bxd
bxctl forget before

systemctl stop bxd
umount /var/lib/bxd /etc

# Below that disk it is as it was.
bxctl forget before
