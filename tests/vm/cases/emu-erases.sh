#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Format to every format and with every protection, and Sanitize in every way: afterwards there are zeros or the pattern, and the
# logs tell how it went.
# vm: --memmap 512M@5G
# long
. /usr/lib/bx-lab/emu.sh

make erased queues=2 memory_size=33M
disk=$(disk erased)
ctrl=/dev/$(controller erased)

dirty() {
	dd if=/dev/urandom of="$disk" bs=64k count=4 oflag=direct 2>/dev/null
	dd if=/dev/urandom of="$disk" bs=64k count=4 seek=400 oflag=direct 2>/dev/null
}

# holds BYTE: of the first and of the farther blocks, each byte.
holds() {
	for at in 0 400; do
		others=$(dd if="$disk" bs=64k count=4 skip=$at iflag=direct 2>/dev/null | tr -d "\\$1" | wc -c)
		[ "$others" = 0 ] || fail "$others bytes at $at are not \\$1"
	done
}

# nvme reads the namespace again by itself: the kernel knows what a Format does.
block_size() {
	[ "$(cat "/sys/class/block/$(basename "$disk")/queue/logical_block_size")" = "$1" ]
}

# Without metadata, with it in a buffer of its own, and at the end of each block.
for format in 0 1 2 3 4 5 6; do
	for words in "--ms=0" "--ms=1" "--ms=0 --pi=1" "--ms=0 --pi=2 --pil=1" "--ms=1 --pi=3"; do
		# Where there is no metadata, there is no protection; and one way in two is enough for 16 and more bytes.
		case $format$words in
		[03]*pi*) continue ;;
		[256]*pi=[12]*) continue ;;
		esac
		echo "$format $words"
		# shellcheck disable=SC2086
		nvme format "$disk" --lbaf=$format $words --force >/dev/null || fail "nvme format --lbaf=$format $words ended with $?"
		size=512
		[ $format -lt 3 ] || size=4096
		within 10 block_size $size
	done
done
for wrong in "--lbaf=7" "--lbaf=15" "--lbaf=0 --pi=1" "--lbaf=1 --pi=4" "--lbaf=0 --ses=3"; do
	# shellcheck disable=SC2086
	refuse "INVALID|nvalid|nsupported" nvme format "$disk" $wrong --force
done
for how in 0 1 2; do
	nvme format "$disk" --lbaf=0 --ses=$how --force >/dev/null
	within 10 block_size 512
	holds 000
	dirty
done

# Progress of all ones, and Completed in the lowest three bits of the status.
finished() {
	nvme get-log "$ctrl" --log-id=0x81 --log-len=20 --raw-binary | od -An -v -tx2 -N4 | grep -qE '^ ffff ..[0-9a-f][19]$'
}

sanitize() {
	echo "$*"
	nvme sanitize "$ctrl" "$@" >/dev/null || fail "nvme sanitize $* ended with $?"
	within 60 finished
	nvme sanitize-log "$ctrl" >/dev/null
}

sanitize --sanact=2
holds 000
dirty
sanitize --sanact=4
holds 000
dirty
# Two passes, the first one inverted, and what is written last stays.
sanitize --sanact=3 --owpass=2 --oipbp --ovrpat=0x5a5a5a5a --no-dealloc
holds 132
dirty
sanitize --sanact=3 --owpass=1 --ovrpat=0xffffffff
holds 000
refuse "INVALID|nvalid" nvme sanitize "$ctrl" --sanact=5
dirty
verified_load "$disk" --size=4m --offset_increment=8m
destroy erased
