#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# An engine runs on the CPU that it was given, elsewhere while that is offline, and returns with it; no byte of its I/O is lost.
# vm: --memmap 512M@5G
# long
. /usr/lib/bx-lab/emu.sh
: "${emu:?}"

make pinned cpus=1,3 queues=4
disk=$(disk pinned)

engine() { # N: its thread
	pgrep -x "bx_pinned/$1"
}

allowed() { # N: the CPUs that it may run on
	sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' "/proc/$(engine "$1")/status"
}

on_cpu() { # N
	ps -o psr= -p "$(engine "$1")" | tr -d ' '
}

pinned() {
	expect 1 allowed 0
	expect 3 allowed 1
	for _ in 1 2 3 4 5 6 7 8; do
		expect 1 on_cpu 0
		expect 3 on_cpu 1
		sleep 0.05
	done
}

pinned
# An interrupt goes where it is told to, at once.
moved=
for path in "/sys/bus/pci/devices/$(nvme_address pinned)"/msi_irqs/*; do
	irq=${path##*/}
	for cpu in 0 2; do
		echo $cpu >"/proc/irq/$irq/smp_affinity_list" 2>/dev/null || continue 2
		expect $cpu cat "/proc/irq/$irq/effective_affinity_list"
		moved=$irq
	done
done
[ "$moved" ] || fail "no interrupt can be moved"

# Nobody moves it: it is the kernel's word, not a wish.
if taskset -pc 0 "$(engine 0)" >/dev/null 2>&1; then
	fail "the engine of CPU 1 could be moved to CPU 0"
fi
verified_load "$disk" --size=8m
pinned

(until [ -e /tmp/enough ]; do verified_load "$disk"; done) &
load=$!
for cpus in 1 3 "1 3" "3 2 1"; do
	for cpu in $cpus; do
		echo 0 >"/sys/devices/system/cpu/cpu$cpu/online"
	done
	for n in 0 1; do
		cpu=$((2 * n + 1))
		case " $cpus " in
		*" $cpu "*) [ "$(on_cpu $n)" != $cpu ] || fail "engine $n runs on CPU $cpu, which is offline" ;;
		*) expect $cpu on_cpu $n ;;
		esac
	done
	before=$(cat $emu/pinned/stats/io_commands)
	within 20 sh -c "[ \"\$(cat $emu/pinned/stats/io_commands)\" != '$before' ]"
	for cpu in $cpus; do
		echo 1 >"/sys/devices/system/cpu/cpu$cpu/online"
	done
	within 5 sh -c "grep -qx 'Cpus_allowed_list:[[:space:]]*1' /proc/$(engine 0)/status"
	within 5 sh -c "grep -qx 'Cpus_allowed_list:[[:space:]]*3' /proc/$(engine 1)/status"
	sleep 0.2
	pinned
	kill -0 $load || fail "the load ended before its time"
done
touch /tmp/enough
wait $load
destroy pinned

# One that is made while its CPU is offline begins elsewhere, and goes there when that comes.
echo 0 >/sys/devices/system/cpu/cpu3/online
make pinned cpus=3 queues=4
verified_load "$(disk pinned)" --size=8m
echo 1 >/sys/devices/system/cpu/cpu3/online
sleep 0.5
expect 3 allowed 0
expect 3 on_cpu 0
destroy pinned
