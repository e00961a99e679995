#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A device is let go and found again: the same object all the time, refused while it is in use, and healed if the worker dies in between.
# daily: bookworm
. /usr/lib/bx-lab/lib.sh

bus=org.byteexpress.bx1
address=$(nvme_address bxlab0)
systemctl start bxd
within 10 sh -c 'bxctl show bxlab0 | grep -q "State: ready"'
inode=$(stat -Lc %i "/sys/bus/pci/devices/$address")
bxctl monitor >/tmp/monitor &
monitor=$!

mkfs.ext4 -q /dev/nvme0n1
mount /dev/nvme0n1 /mnt
refuse DeviceBusy bxctl reenumerate bxlab0
[ "$(stat -Lc %i "/sys/bus/pci/devices/$address")" = "$inode" ] || fail "a disk in use was let go"
umount /mnt

bxctl reenumerate bxlab0
[ "$(stat -Lc %i "/sys/bus/pci/devices/$address")" != "$inode" ] || fail "it was not let go"
expect ready sh -c "bxctl show bxlab0 | sed -n 's/^ *State: //p'"
expect nvme sh -c "bxctl show bxlab0 | sed -n 's/^ *Driver: //p'"
sleep 1
kill $monitor
grep -q reenumerating /tmp/monitor || fail "the state was not told: $(cat /tmp/monitor)"
! grep -iq "device bxlab0.*removed\|removed.*device bxlab0" /tmp/monitor || fail "the object went: $(cat /tmp/monitor)"
bxctl --json list >/tmp/devices
[ "$(grep -c '"Address": "'"$address"'"' /tmp/devices)" = 1 ] || fail "it is not there once: $(cat /tmp/devices)"

# The worker is killed when the device is gone.
mkdir -p /run/systemd/system/bxd-worker@.service.d
printf '[Service]\nExecStart=\nExecStart=/run/bx-wrapper %%i\nSystemCallFilter=\n' >/run/systemd/system/bxd-worker@.service.d/kill.conf
cat >/run/bx-wrapper <<'END'
#!/bin/sh
[ -e /run/bx-killed ] && exec /usr/libexec/bxd/bxd-worker "$1"
touch /run/bx-killed
/usr/libexec/bxd/bxd-worker "$1" &
while [ -e /sys/bus/pci/devices/ADDRESS ]; do :; done
kill -9 $!
END
sed -i "s/ADDRESS/$address/" /run/bx-wrapper
chmod +x /run/bx-wrapper
systemctl daemon-reload
job=$(bxctl --no-wait reenumerate bxlab0)
within 60 sh -c "busctl get-property $bus $job $bus.Job State | grep -q ended"
rm -r /run/systemd/system/bxd-worker@.service.d
systemctl daemon-reload
[ -e /run/bx-killed ] || fail "nobody was killed"
within 30 sh -c 'bxctl show bxlab0 | grep -q "State: ready"'
[ -e "/sys/bus/pci/devices/$address" ] || fail "the device is lost"

# Let go and found again in two steps, by its name; what uses it keeps it.
mount /dev/nvme0n1 /mnt
refuse DeviceBusy bxctl remove bxlab0
umount /mnt
bxctl remove bxlab0
[ ! -e "/sys/bus/pci/devices/$address" ] || fail "the function is there"
refuse "No NVMe device is called" bxctl show bxlab0
bxctl rescan
within 30 sh -c 'bxctl show bxlab0 | grep -q "State: ready"'

# An emulated one is stopped and started instead.
bxctl create demo --size 64M
refuse "stop it and start it" bxctl reenumerate demo
refuse "emulated device: stop it" bxctl remove demo
bxctl destroy demo
