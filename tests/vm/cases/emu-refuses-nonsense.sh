#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Commands that no driver would send get the status that the specification has for them, none hangs, and the device is as good as before.
# vm: --memmap 512M@5G
. /usr/lib/bx-lab/emu.sh

make nonsense queues=2 memory_size=33M
name=$(controller nonsense)
disk=$(disk nonsense)
head -c 65536 /dev/urandom >/tmp/data
dd if=/tmp/data of="$disk" bs=64k oflag=direct 2>/dev/null
dmesg --clear
python3 "${0%.sh}.py" "$name" "$(basename "$disk")" || fail "see above"
dd if="$disk" bs=64k count=1 iflag=direct 2>/dev/null | cmp - /tmp/data
! dmesg | grep -E "nvme.*(timeout|resetting|abort)|fatal" || fail "the driver had to help"
expect live cat "/sys/class/nvme/$name/state"
verified_load "$disk" --size=2m --offset_increment=4m
destroy nonsense
