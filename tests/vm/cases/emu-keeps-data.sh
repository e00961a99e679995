#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Data is what was written: under load, through controller resets and function resets, in a file system that goes on meanwhile.
# vm: --memmap 512M@5G
. /usr/lib/bx-lab/emu.sh

make disk cpus=1-2 queues=4
disk=$(disk disk)
name=$(controller disk)
verified_load "$disk"
verified_load "$disk" --iodepth=128 --bsrange=4k-4k --blockalign=4k --size=16m

mkfs.ext4 -q "$disk"
mount "$disk" /mnt
fio --name=load --directory=/mnt --rw=randrw --bs=4k --size=24m --numjobs=2 --iodepth=16 --ioengine=io_uring --direct=1 \
	--verify=crc32c --verify_state_save=0 --time_based --runtime=12 --minimal >/tmp/fio 2>&1 &
load=$!
function=$(readlink -f "/sys/class/nvme/$name/device")
for _ in 1 2 3 4; do
	sleep 1
	echo 1 >"/sys/class/nvme/$name/reset_controller"
	sleep 1
	echo 1 >"$function/reset"
done
wait $load || fail "the load failed: $(cat /tmp/fio)"
umount /mnt
fsck.ext4 -fn "$disk" >/tmp/fsck 2>&1 || fail "$(cat /tmp/fsck)"
expect 0 sh -c "nvme smart-log /dev/$name -o json | sed -n 's/.*\"media_errors\" *: *\"*\([0-9]*\).*/\1/p'"
destroy disk
