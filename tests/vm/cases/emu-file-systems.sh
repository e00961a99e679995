#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# ext4, xfs and btrfs are made, used, discarded from, mounted again and checked; files are what was put into them each time.
# vm: --memmap 512M@5G --timeout 2400 --silence 900
# long
. /usr/lib/bx-lab/emu.sh
: "${emu:?}"

modprobe -a ext4 xfs btrfs || skip "this kernel lacks one of the file systems"

sums() { # FOLDER: of all files in it
	(cd "$1" && find . -type f -exec md5sum {} + | sort -k2)
}
same() { # FOLDER...: they have what $from has
	echo 3 >/proc/sys/vm/drop_caches
	for folder; do
		sums "$folder" | diff -q - /tmp/sums || fail "$type: $folder is not what was copied"
	done
}
discards() {
	awk '$1 == "09" { print $2 }' $emu/store/stats/io_commands
}

# cycle TYPE "CHECK COMMAND" MKFS-COMMAND...
cycle() {
	type=$1 check=$2
	shift 2
	"$@" "$disk" >/tmp/mkfs 2>&1 || fail "$*: $(cat /tmp/mkfs)"
	before=$(discards)
	mount -t "$type" -o discard "$disk" /mnt
	cp -a $from /mnt/one
	cp -a $from /mnt/two
	sync
	same /mnt/one /mnt/two
	rm -r /mnt/one
	sync
	cp -a $from /mnt/three
	fstrim /mnt
	same /mnt/two /mnt/three
	rm -r /mnt/two
	verified_load /mnt/load --bsrange=4k-64k --blockalign=4k --size=8m --offset_increment=8m
	[ "$type" != btrfs ] || btrfs scrub start -B /mnt >/tmp/scrub 2>&1 || fail "scrub: $(cat /tmp/scrub)"
	umount /mnt
	$check "$disk" >/tmp/check 2>&1 || fail "$check: $(cat /tmp/check)"
	mount -t "$type" "$disk" /mnt
	same /mnt/three
	echo 1 >"/sys/class/nvme/$name/reset_controller"
	same /mnt/three
	[ "$type" != btrfs ] || btrfs scrub start -B /mnt >/tmp/scrub 2>&1 || fail "scrub: $(cat /tmp/scrub)"
	umount /mnt
	[ "$(discards)" -gt "${before:-0}" ] || fail "$type discarded nothing"
	echo "$type: mounted, used, discarded from and checked, $(uptime)"
}

# cycle_all [ATTRIBUTE=VALUE...]: each of the file systems on a device that is made so.
cycle_all() {
	make store queues=4 cpus=1-2 "$@"
	disk=$(disk store)
	name=$(controller store)
	cycle ext4 "fsck.ext4 -fn" mkfs.ext4 -q
	cycle xfs "xfs_repair -n" mkfs.xfs -q -f
	cycle btrfs "btrfs check" mkfs.btrfs -q -f
	destroy store
}

from=/usr/sbin
! watched || from=/usr/lib/bx-lab
sums $from >/tmp/sums
cycle_all
! watched || exit 0
# With blocks of 4096 bytes, whose metadata is kept and checked.
cycle_all namespaces/1/lba_size=4096 namespaces/1/metadata_size=8 namespaces/1/pi_type=1
