#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Two devices with two namespaces each, of four formats: what is written to one at the same time as to the others is its own, and
# the others are as they were when one device goes.
# vm: --memmap 512M@5G
# long
. /usr/lib/bx-lab/emu.sh

make left memory_size=256M queues=2 cpus=1 \
	namespaces/1/size=16M namespaces/2/size=16M namespaces/2/lba_size=4K
make right memory_start=5376M memory_size=256M queues=2 cpus=2 \
	namespaces/1/size=16M namespaces/1/metadata_size=8 namespaces/1/pi_type=1 \
	namespaces/2/size=16M namespaces/2/metadata_size=64 namespaces/2/lba_size=4096
left=$(disk left)
right=$(disk right)
[ "$left" != "$right" ] || fail "both are $left"
set -- "$left" "$(disk left 2)" "$right" "$(disk right 2)"
expect "512 4096 512 4096" sh -c 'for d; do cat /sys/block/${d#/dev/}/queue/logical_block_size; done | tr "\n" " " | sed "s/ $//"' - "$@"

# All of it, all at once, each with a text of its own, behind the backs of the caches.
text() { # DISK
	echo "/tmp/text.$(basename "$1")"
}
same() { # DISK OFFSET [LENGTH]
	cmp -i "$2" ${3:+-n "$3"} "$(text "$1")" "$1" || fail "$1 has something else in it"
}
for disk; do
	yes "$disk" | head -c 16M >"$(text "$disk")"
	dd if="$(text "$disk")" of="$disk" bs=1M oflag=direct 2>/dev/null &
done
wait
for disk; do
	same "$disk" 0
	echo "$disk has its own text"
done

fio --bs=4k --rw=randrw --size=4m --offset=4m --iodepth=32 --ioengine=io_uring --direct=1 --verify=crc32c --verify_state_save=0 --minimal \
	--name=l1 --filename="$1" --name=l2 --filename="$2" --name=r1 --filename="$3" --name=r2 --filename="$4" >/tmp/fio ||
	fail "fio found something wrong: $(cat /tmp/fio)"
for disk; do
	same "$disk" 0 4M
	same "$disk" 8M
done

echo 'all four have what fio wrote, and nothing else'
# One goes; the other is as it was.
destroy left
same "$3" 8M
same "$4" 8M
verified_load "$3" --size=4m --offset_increment=8m
same "$4" 8M
destroy right
rm /tmp/text.*
