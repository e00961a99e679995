#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Queues without interrupts: the stock driver polls them, with its shadow doorbells, and data is what was written.
# vm: --memmap 512M@5G
. /usr/lib/bx-lab/emu.sh
: "${emu:?}"

modprobe nvme
was=$(cat /sys/module/nvme/parameters/poll_queues)
trap 'echo $was >/sys/module/nvme/parameters/poll_queues' EXIT
echo 2 >/sys/module/nvme/parameters/poll_queues
make polled queues=4 cpus=1-2 shadow_doorbells=1
disk=$(disk polled)
expect 1 cat "/sys/block/$(basename "$disk")/queue/io_poll"
grep -q '^7c 1$' $emu/polled/stats/admin_commands || fail "nvme uses no shadow doorbells: $(cat $emu/polled/stats/admin_commands)"

commands() {
	awk '{ sum += $2 } END { print sum + 0 }' $emu/polled/stats/io_commands
}
interrupts=$(cat $emu/polled/stats/interrupts)
before=$(commands)
verified_load "$disk" --hipri=1 --bsrange=4k-16k --blockalign=4k --size=8m --iodepth=128
polled=$(($(commands) - before))
interrupts=$(($(cat $emu/polled/stats/interrupts) - interrupts))
echo "$polled commands, $interrupts interrupts"
[ $interrupts -lt $((polled / 10)) ] || fail "$interrupts interrupts for $polled commands that were polled for"
# Both kinds at once.
verified_load "$disk" --bsrange=4k-4k --blockalign=4k --size=4m &
verified_load "$disk" --hipri=1 --bsrange=4k-4k --blockalign=4k --size=4m --offset=256m
wait $! || fail "with interrupts, fio found something wrong"
destroy polled
