#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The kernel makes and checks protection information of its own: a file system on such a disk is whole, a block that decays in the
# device is refused by the device, one that is spoilt on the way is refused by the kernel, and no wrong byte reaches a reader.
# vm: --memmap 512M@5G
. /usr/lib/bx-lab/emu.sh
: "${emu:?}"

make checked queues=2 \
	namespaces/1/size=128M namespaces/1/metadata_size=8 namespaces/1/pi_type=1 \
	namespaces/2/size=128M namespaces/2/metadata_size=8 namespaces/2/pi_type=3 namespaces/2/lba_size=4096
rules=$emu/checked/fault/rules

# read_at BLOCK [FLAGS]: 4 KiB of the disk, into /tmp/got
read_at() {
	dd if="$disk" of=/tmp/got bs=4096 skip="$1" count=1 ${2:+"iflag=$2"} 2>&1
}
forget() {
	sync
	echo 3 >/proc/sys/vm/drop_caches
}

# check NSID TYPE BLOCKS-IN-4-KIB
check() {
	disk=$(disk checked "$1")
	integrity=/sys/block/$(basename "$disk")/integrity
	expect "T10-DIF-TYPE$2-CRC" cat "$integrity/format"
	expect 1 cat "$integrity/write_generate"
	expect 1 cat "$integrity/read_verify"

	mkfs.ext4 -q "$disk"
	mount "$disk" /mnt
	cp /usr/bin/fio /usr/bin/python3* /mnt
	(cd /mnt && sha256sum fio python3*) >/tmp/sums
	forget
	(cd /mnt && sha256sum --quiet --check /tmp/sums)
	umount /mnt
	fsck.ext4 -fn "$disk" >/tmp/fsck 2>&1 || fail "$(cat /tmp/fsck)"
	expect 0 sh -c "grep -c . $rules; true"

	dd if=/dev/urandom of=/tmp/good bs=4096 count=4 2>/dev/null
	dd if=/tmp/good of="$disk" bs=4096 seek=1000 oflag=direct 2>/dev/null
	# Spoilt on the way: the kernel finds it, and it was good for who reads again.
	echo "flip queue=io opcode=2 nsid=$1 lba=$((1001 * $3))-$((1002 * $3 - 1)) count=1" >"$rules"
	dmesg --clear
	refuse "rror|Invalid or incomplete" read_at 1001 direct
	dmesg | grep -qiE "guard tag error|integrity" || fail "the kernel did not say that the guard is wrong: $(dmesg)"
	grep -q '# .*1' "$rules" || fail "$(cat "$rules")"
	read_at 1001 direct >/dev/null
	dd if=/tmp/good bs=4096 skip=1 count=1 2>/dev/null | cmp - /tmp/got
	echo - >"$rules"
	# Decayed after it was written: the device finds it, each time and for whatever reader.
	echo "flip queue=io opcode=1 nsid=$1 lba=$((1002 * $3))-$((1003 * $3 - 1)) count=1" >"$rules"
	dd if=/tmp/good of="$disk" bs=4096 seek=1002 skip=2 count=1 oflag=direct conv=notrunc 2>/dev/null
	dmesg --clear
	forget
	refuse "rror|Invalid or incomplete" read_at 1002 direct
	refuse "rror" read_at 1002
	dmesg | grep -q "protection error" || fail "the kernel saw no protection error: $(dmesg)"
	wrong=$(nvme verify "$disk" --start-block=$((1002 * $3)) --block-count=$(($3 - 1)) --prinfo=4 2>&1) || true
	echo "$wrong" | grep -qE '0x4?282\)' || fail "the device says of it: $wrong"
	# Its neighbours are whole, and so is what is written there next.
	read_at 1003 direct >/dev/null
	dd if=/tmp/good bs=4096 skip=3 count=1 2>/dev/null | cmp - /tmp/got
	dd if=/tmp/good of="$disk" bs=4096 seek=1002 skip=2 count=1 oflag=direct conv=notrunc 2>/dev/null
	read_at 1002 direct >/dev/null
	dd if=/tmp/good bs=4096 skip=2 count=1 2>/dev/null | cmp - /tmp/got
	echo - >"$rules"
}

check 1 1 8
check 2 3 1
destroy checked
