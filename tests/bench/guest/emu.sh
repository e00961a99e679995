# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# The guest's part of tests/bench/emu-vm.
. /usr/lib/bx-lab/emu.sh
: "${emu:?}"

ROUNDS=5
SECONDS_EACH=3

# The middle one of the numbers on standard input.
median() {
	sort -g | sed -n "$(((ROUNDS + 1) / 2))p"
}

# load DISK FIELD FIO-OPTIONS...: one figure of a run of random reads of 4 KiB, by its place in fio's terse line
load() {
	disk=$1 field=$2
	shift 2
	fio --name=load --filename="$disk" --rw=randread --bs=4k --size=64m --ioengine=io_uring --direct=1 --time_based \
		--runtime=$SECONDS_EACH --group_reporting --minimal "$@" | cut -d';' -f"$field"
}

IOPS=8
LATENCY=40 # mean from submission to completion, in us: null_blk does its work in the submission

# compare TITLE FIELD FIO-OPTIONS...: a line of the table, taking turns, so that what disturbs one disturbs all
compare() {
	title=$1
	shift
	rm -f /tmp/ours /tmp/limit /tmp/qemu
	for _ in $(seq $ROUNDS); do
		load "$ours" "$@" >>/tmp/ours
		load "$limit" "$@" >>/tmp/limit
		load "$qemu" "$@" >>/tmp/qemu
	done
	e=$(median </tmp/ours) n=$(median </tmp/limit) q=$(median </tmp/qemu)
	awk -v t="$title" -v e="$e" -v n="$n" -v q="$q" \
		'BEGIN { printf "  %-36s %10.0f %10.0f %10.0f %12.2f\n", t, e, n, q, n ? e / n : 0 }'
}

# Clock ticks that a thread has had.
ticks() {
	awk '{ print $14 + $15 }' "/proc/$1/stat"
}

# What the engine and the guest have done so far: commands, passes, polls, interrupts, ns busy and asleep, the engine's ticks, and all
# CPUs' ticks in user space, in the kernel, in interrupts and softirqs.
accounts() {
	echo "$(awk '{ sum += $2 } END { print sum + 0 }' $stats/io_commands)" \
		"$(cat $stats/passes)" "$(cat $stats/doorbell_polls)" "$(cat $stats/interrupts)" "$(cat $stats/busy_ns)" "$(cat $stats/slept_ns)" \
		"$(ticks "$thread")" "$(awk '/^cpu / { print $2 + $3, $4, $7 + $8 }' /proc/stat)"
}

# explain TITLE FIO-OPTIONS...: where the time of a command goes, in us
explain() {
	title=$1
	shift
	before=$(accounts)
	load "$ours" $LATENCY "$@" >/tmp/latency
	after=$(accounts)
	echo "$before $after" | awk -v t="$title" -v hz="$(getconf CLK_TCK)" -v s=$SECONDS_EACH -v l="$(cat /tmp/latency)" '{
		for (i = 1; i <= 10; i++) d[i] = $(i + 10) - $i
		n = d[1] ? d[1] : 1
		us = 1000000 / hz / n
		printf "  %-22s %8.0f %8.1f %8.1f %8.1f %8.2f %8.2f %8.2f %9.1f %8.1f %8.1f\n", t, n / s, l, d[5] / n / 1000, d[6] / n / 1000, \
			d[2] / n, d[3] / n, d[4] / n, d[8] * us, (d[9] - d[7]) * us, d[10] * us
	}'
}

make bench queues=4
ours=$(disk bench)
modprobe null_blk nr_devices=0
# Before 5.19 the disk has this name whatever the folder's is.
nullb=/sys/kernel/config/nullb/nullb0
mkdir $nullb
echo 1 >$nullb/memory_backed
echo 64 >$nullb/size
echo 2 >$nullb/poll_queues
echo 4 >$nullb/submit_queues
echo 1 >$nullb/power
limit=/dev/nullb0
for path in /sys/block/nvme*; do
	grep -q QEMU "$path/device/model" && qemu=/dev/$(basename "$path")
done
# What was never written is not copied.
for peer in "$ours" "$limit" "${qemu:?there is no nvme of the emulator around us}"; do
	dd if=/dev/urandom of="$peer" bs=1M count=64 oflag=direct status=none
done

printf '  %-36s %10s %10s %10s %12s\n' "$(uname -r)" bx_emu null_blk "QEMU nvme" "bx/null"
compare "IOPS, depth 32, 1 job" $IOPS --iodepth=32
compare "IOPS, depth 32, 4 jobs" $IOPS --iodepth=32 --numjobs=4
compare "us, depth 1" $LATENCY --iodepth=1
compare "us, depth 1, polled" $LATENCY --iodepth=1 --hipri=1
compare "IOPS, depth 32, polled" $IOPS --iodepth=32 --hipri=1

stats=$emu/bench/stats
thread=$(pgrep '^bx_bench/0')
echo "  where the time of a command goes, all in us: in the engine's passes (fetching, copying, completing), while it sleeps,"
echo "  and of all four CPUs together in programs, in the kernel without the engine, and in interrupts"
printf '  %-22s %8s %8s %8s %8s %8s %8s %8s %9s %8s %8s\n' "" IOPS latency busy asleep passes polls interr. programs kernel irqs
explain "depth 1" --iodepth=1
explain "depth 1, polled" --iodepth=1 --hipri=1
explain "depth 32" --iodepth=32
explain "depth 32, polled" --iodepth=32 --hipri=1
explain "depth 32, 4 jobs" --iodepth=32 --numjobs=4
sleep 2
before=$(ticks "$thread")
sleep 20
awk -v t="$(($(ticks "$thread") - before))" -v hz="$(getconf CLK_TCK)" \
	'BEGIN { printf "  an idle device takes %.2f %% of a CPU\n", 100 * t / hz / 20 }'
for _ in $(seq $ROUNDS); do
	sleep 1
	fio --name=first --filename="$ours" --rw=read --bs=4k --number_ios=1 --size=64m --ioengine=psync --direct=1 --minimal | cut -d';' -f$LATENCY
done | median | sed 's/.*/  the first read after a second of idleness takes & us (idle_max_ns is 20 ms)/'

echo 100000 >$emu/bench/timing/read_latency_ns
for depth in 1 32; do
	load "$ours" $LATENCY --iodepth=$depth | sed "s/.*/  100 us asked for, depth $depth: & us as the host sees it/"
done
echo "  how late the engine was, in ns and how often (all of the above):"
sed 's/^/    /' $stats/latency_late
destroy bench
