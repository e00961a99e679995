#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A file system under load lives through a reset of its controller every second: no error, and nothing that was synced is lost.
# vm: --memmap 512M@5G --timeout 1200
# long
. /usr/lib/bx-lab/emu.sh
: "${emu:?}"

modprobe -a ext4 xfs || skip "this kernel lacks one of the file systems"

# Files whose sums are noted when they are on the disk, until /tmp/stop is there.
write_files() {
	n=0
	while [ ! -e /tmp/stop ]; do
		n=$((n + 1))
		head -c $((n % 7 * 10000 + 5000)) /dev/urandom >/tmp/file
		dd if=/tmp/file of=/mnt/files/$n bs=64k conv=fsync 2>/tmp/dd || fail "file $n: $(cat /tmp/dd)"
		(cd /tmp && md5sum <file | sed "s/-/$n/") >>/tmp/sums
		# Not so many that the disk is full.
		[ $((n % 3)) = 0 ] || [ $n -le 300 ] || rm -f /mnt/files/$((n - 300))
	done
}
whole() {
	echo 3 >/proc/sys/vm/drop_caches
	(cd /mnt/files && while read -r sum file; do
		[ ! -e "$file" ] || echo "$sum  $file"
	done </tmp/sums >/tmp/there && md5sum --quiet --check /tmp/there) || fail "$type lost what was written"
	last=$(tail -n 1 /tmp/sums)
	tail -n 1 /tmp/there | grep -q "${last##* }" || fail "$type lost the last file"
}

# storm TYPE CHECK MKFS...
storm() {
	type=$1 check=$2
	shift 2
	rm -f /tmp/stop /tmp/sums
	"$@" "$disk" >/dev/null
	mount -t "$type" "$disk" /mnt
	mkdir /mnt/files
	dmesg --clear
	fio --name=load --directory=/mnt --rw=randrw --bs=4k --size=24m --numjobs=2 --iodepth=16 --ioengine=io_uring --direct=1 \
		--verify=crc32c --verify_state_save=0 --time_based --runtime=$seconds --minimal >/tmp/fio 2>&1 &
	load=$!
	write_files &
	writer=$!
	reset_during $load "$name"
	: >/tmp/stop
	wait $load || fail "$type: the load failed: $(cat /tmp/fio)"
	wait $writer || fail "$type: a file could not be written"
	whole
	umount /mnt
	$check "$disk" >/tmp/check 2>&1 || fail "$check: $(cat /tmp/check)"
	mount -t "$type" "$disk" /mnt
	whole
	umount /mnt
	! dmesg | grep -iE "I/O error|timeout|EXT4-fs error|XFS.*(corrupt|shutdown)" || fail "the kernel saw errors"
	[ "${resets:?}" -ge 5 ] || fail "only $resets resets"
	echo "$type: $(wc -l </tmp/sums) files, $resets resets"
}

seconds=20
! watched || seconds=60
make sturdy queues=4 cpus=1-2
disk=$(disk sturdy)
name=$(controller sturdy)
storm ext4 "fsck.ext4 -fn" mkfs.ext4 -q
storm xfs "xfs_repair -n" mkfs.xfs -q -f
destroy sturdy
