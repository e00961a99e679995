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
LATENCY=16 # mean, in us

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
