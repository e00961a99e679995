#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A device goes in whatever order its parts are removed, with files open and a file system mounted: errors for the user, and no more.
# vm: --memmap 512M@5G
# long
. /usr/lib/bx-lab/emu.sh
: "${emu:?}"

gone() {
	! controller "$1"
}

can_read() { # how many bytes
	dd bs=64 count=1 2>/dev/null | wc -c
}

# leave: who still works on what was mounted gets errors, and it can be unmounted.
leave() {
	wait "$load" && fail "the load did not notice that its disk has gone"
	! dd if="$1" of=/dev/null bs=4k count=1 iflag=direct 2>/dev/null || fail "$1 can still be read"
	umount /mnt
}

at_work() { # NAME
	mkfs.ext4 -q "$(disk "$1")"
	mount "$(disk "$1")" /mnt
	(while dd if=/dev/zero of="/mnt/file" bs=64k count=64 oflag=direct conv=notrunc 2>/dev/null; do :; done; exit 1) &
	load=$!
	sleep 1
}

# 1. Powered off, then made again, below a mounted file system.
make first queues=2
disk=$(disk first)
at_work first
echo 0 >$emu/first/power
gone first || fail "it is off, and its controller is there"
leave "$disk"
echo 1 >$emu/first/power
within 20 ready first
verified_load "$(disk first)" --size=4m --offset_increment=8m

# 2. rmdir at once, without powering off, below a mounted file system. The namespaces' directories keep the device's.
disk=$(disk first)
at_work first
rmdir $emu/first
leave "$disk"

# 3. The PCI function goes first, by sysfs; the device is on all the same, and a rescan brings it back.
make second queues=2
function=$(readlink -f "/sys/class/nvme/$(controller second)/device")
disk=$(disk second)
at_work second
echo 1 >"$function/remove"
leave "$disk"
expect 1 cat $emu/second/power
echo 1 >/sys/bus/pci/rescan
within 20 ready second
verified_load "$(disk second)" --size=4m --offset_increment=8m

# 4. The root port goes, with everything below it; then the device.
port=$(dirname "$(readlink -f "/sys/class/nvme/$(controller second)/device")")
disk=$(disk second)
at_work second
echo 1 >"$port/remove"
leave "$disk"
destroy second

# 5. nvme lets it go, and is unloaded, while the device is on.
make third queues=2
function=$(basename "$(readlink -f "/sys/class/nvme/$(controller third)/device")")
disk=$(disk third)
at_work third
echo "$function" >/sys/bus/pci/drivers/nvme/unbind
leave "$disk"
refuse "in use|busy" rmmod bx_emu
echo "$function" >/sys/bus/pci/drivers/nvme/bind
within 20 ready third

# 6. A file that stays open: attributes, the disk, and the PCI function's configuration.
disk=$(disk third)
exec 3<"$disk" 4<"$emu/third/stats/passes" 5<"/sys/bus/pci/devices/$function/config"
rmdir $emu/third
expect 0 can_read <&3
expect 0 can_read <&4
can_read <&5 >/dev/null
exec 3<&- 4<&- 5<&-

# 7. The slot's power switch at the same moment as configfs's, in either order. (This once was a deadlock.) Not where lockdep looks:
# whenever anything is unplugged, 6.1's pciehp takes its reset_lock and the rescan lock in both orders, all by itself.
rounds="1 2 3 4 5 6"
if [ -e /proc/lockdep ]; then
	rounds=
	echo "the slot's power switch is left alone: lockdep would report pciehp"
fi
for round in $rounds; do
	make switched queues=2
	slot=$(basename "$(dirname "$(grep -l "$(readlink -f "/sys/class/nvme/$(controller switched)/device" |
		sed 's/.*\/\([0-9a-f]*:[0-9a-f]*:[0-9a-f]*\)\..*/\1/')" /sys/bus/pci/slots/*/address)")")
	if [ $((round % 2)) = 0 ]; then
		echo 0 >"/sys/bus/pci/slots/$slot/power" 2>/dev/null &
		echo 0 >$emu/switched/power
	else
		(sleep 0.0$round; echo 0 >"/sys/bus/pci/slots/$slot/power") 2>/dev/null &
		echo 0 >$emu/switched/power
	fi
	wait $! || true
	expect 0 cat $emu/switched/power
	gone switched || fail "round $round: it is off, and its controller is there"
	destroy switched
done

# 8. The module with its device, as insmod made it, below a mounted file system; and again.
for _ in 1 2; do
	before=$(ls /sys/class/nvme)
	modprobe bx_emu -r
	modprobe bx_emu memmap_start=5G memmap_size=64M cpus=1
	within 20 sh -c "[ \"\$(ls /sys/class/nvme)\" != '$before' ]"
	name=$(find /sys/class/nvme -mindepth 1 -printf '%f\n' | grep -vxF "$before")
	within 20 test -b "/dev/${name}n1"
	mkfs.ext4 -q "/dev/${name}n1"
	mount "/dev/${name}n1" /mnt
	(while dd if=/dev/zero of=/mnt/file bs=64k count=64 oflag=direct conv=notrunc 2>/dev/null; do :; done; exit 1) &
	load=$!
	sleep 1
	rmmod bx_emu
	leave "/dev/${name}n1"
	modprobe bx_emu
done
rmmod bx_emu
[ ! -d /sys/module/bx_emu ] || fail "the module stayed"
