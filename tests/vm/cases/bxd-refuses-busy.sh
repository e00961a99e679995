#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A disk that something uses stays where it is, and the refusal says what uses it.
# daily: bookworm
. /usr/lib/bx-lab/lib.sh

address=$(nvme_address bxlab0)
systemctl start bxd
within 10 sh -c 'bxctl show bxlab0 | grep -q "State: ready"'
disk=$(bxctl show bxlab0 | sed -n 's/^ *BlockDevices: //p')
name=${disk#/dev/}

unchanged() {
	expect nvme sh -c "basename \$(readlink /sys/bus/pci/devices/$address/driver)"
	expect '(null)' cat "/sys/bus/pci/devices/$address/driver_override"
}
refused() {
	refuse "$1.*DeviceBusy" bxctl bind bxlab0 pci-stub
	refuse "$1.*DeviceBusy" bxctl unbind bxlab0
	unchanged
}

mkdir -p /mnt/bx
mkfs.ext4 -qF "$disk"

# Mounted here.
mount "$disk" /mnt/bx
refused "$name is mounted at /mnt/bx"
within 5 sh -c "bxctl show bxlab0 | grep -q 'InUseBy: $name is mounted at /mnt/bx'"
set +e
bxctl bind bxlab0 pci-stub 2>/dev/null
code=$?
set -e
[ $code = 4 ] || fail "bxctl ended with $code instead of 4"
umount /mnt/bx
within 5 sh -c "bxctl show bxlab0 | grep -q 'InUseBy: -'"

# Mounted in another mount namespace only.
unshare --mount sh -c "mount $disk /mnt/bx && touch /tmp/mounted && exec sleep 1000" &
holder=$!
within 10 test -e /tmp/mounted
rm /tmp/mounted
! grep -q /mnt/bx /proc/self/mountinfo || fail "the mount is not hidden"
refused "$name is mounted at /mnt/bx in the mount namespace of process $holder"
kill $holder
wait $holder || true

# Swap.
mkswap -q "$disk" >/dev/null
within 5 swapon "$disk"
refused "$name is used as swap"
swapoff "$disk"

# Device mapper.
dmsetup create bx-test --table "0 2048 linear $disk 0"
refused "$name is part of dm-[0-9]* .bx-test"
dmsetup remove --retry bx-test

# The backing of a loop device, which no process has open.
loop=$(losetup --find --show "$disk")
refused "$name is the backing of ${loop#/dev/}"
within 5 sh -c "bxctl show bxlab0 | grep -q 'InUseBy: $name is the backing of ${loop#/dev/}'"
losetup --detach "$loop"

# Somebody who only claims it or locks it.
cat >/tmp/hold.py <<'PY'
import fcntl, os, sys, time
fd = os.open(sys.argv[1], os.O_RDONLY | (os.O_EXCL if sys.argv[2] == "claim" else 0))
if sys.argv[2] == "lock":
    fcntl.flock(fd, fcntl.LOCK_EX)
open("/tmp/held", "w")
time.sleep(1000)
PY
python3 /tmp/hold.py "$disk" claim &
holder=$!
within 10 test -e /tmp/held
rm /tmp/held
refused "$name is held exclusively by another program"
kill $holder
wait $holder || true
flock -o "$disk" sleep 1000 &
holder=$!
sleep 0.5
refused "$name is locked"
kill $holder
wait $holder || true

# What nobody uses, and is on it.
has_data() {
	refuse "$1.*DeviceHasData" bxctl bind bxlab0 pci-stub
	unchanged
}
has_data "$name has what is of swap on it"

# A partition of it.
wipefs -aq "$disk"
echo 'start=2048, size=65536' | sfdisk -q "$disk"
within 10 test -b "${disk}p1"
mkfs.ext4 -qF "${disk}p1"
mount "${disk}p1" /mnt/bx
refused "${name}p1 is mounted at /mnt/bx"
umount /mnt/bx
has_data "$name has a partition table .dos. on it"
wipefs -aq "$disk"

# Exported over NVMe-oF.
modprobe nvmet
mountpoint -q /sys/kernel/config || mount -t configfs none /sys/kernel/config
export=/sys/kernel/config/nvmet/subsystems/bx-shelf
mkdir $export $export/namespaces/1
printf %s "$disk" >$export/namespaces/1/device_path
echo 1 >$export/namespaces/1/enable
refused "$name is exported over NVMe-oF as bx-shelf"
echo 0 >$export/namespaces/1/enable
rmdir $export/namespaces/1 $export

# Free again, it goes.
bxctl bind bxlab0 pci-stub
bxctl bind bxlab0 nvme
unchanged
