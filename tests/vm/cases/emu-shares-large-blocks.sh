#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# On a large machine, whose memory blocks are 2 GiB, devices share what was taken, and it goes back with the last of them.
# vm: --memory 66G --timeout 600 --qemu "-object memory-backend-ram,id=large,size=66G,reserve=off -M memory-backend=large"
# long
. /usr/lib/bx-lab/emu.sh
: "${emu:?}"

block=$((2 * 1024 * 1024))
expect 80000000 cat /sys/devices/system/memory/block_size_bytes
modprobe bx_emu
before=$(total)
for name in one two three; do
	mkdir $emu/$name
	echo 256M >$emu/$name/memory_size
	echo $name >$emu/$name/serial
	echo 1 >$emu/$name/power
	within 30 ready $name
	# What one block has besides its pages is less than a tenth of it.
	taken=$((before - $(total)))
	[ $taken -gt $((block / 10 * 9)) ] && [ $taken -le $block ] || fail "$taken kB are taken with $name, not one block of $block kB"
done
[ "$(grep -c 'bx_emu [a-z]*$' /proc/iomem)" -ge 3 ] || fail "/proc/iomem does not show three devices: $(cat /proc/iomem)"

# The block stays while one is in it, also when that was not the first; and their data is their own.
for name in one two three; do
	printf 'this is %s' $name | dd of="$(disk $name)" bs=4096 count=1 conv=sync oflag=direct status=none
done
destroy one
[ $((before - $(total))) -gt $((block / 10 * 9)) ] || fail "the block went back under two devices"
for name in two three; do
	expect "this is $name" sh -c "dd if=$(disk $name) bs=4096 count=1 iflag=direct status=none | tr -d '\\0'"
done
verified_load "$(disk two)"

# What is left of it is the next one's; what does not fit there any more takes another one, and gives that back.
mkdir $emu/four
echo 1200M >$emu/four/memory_size
echo 1 >$emu/four/power
taken=$((before - $(total)))
[ $taken -gt $((block / 10 * 9)) ] && [ $taken -le $block ] || fail "$taken kB are taken with 'four', which had a place"
mkdir $emu/five
echo 600M >$emu/five/memory_size
echo 1 >$emu/five/power
both=$((before - $(total)))
[ $both -gt $((block / 10 * 19)) ] && [ $both -le $((2 * block)) ] || fail "$both kB are taken with 'five', which is in a second block"
destroy five
bring_in
# With it came what the boot had allocated for its map of pages.
left=$((before - $(total)))
[ $left -gt $((block / 10 * 9)) ] && [ $left -le $taken ] || fail "$left kB are taken without 'five', $taken before"
destroy two
destroy four
destroy three
bring_in
after=$(total)
[ "$after" -ge "$before" ] || fail "MemTotal was $before kB and is $after"
echo "MemTotal $before kB before, $after after; one block for three devices"
