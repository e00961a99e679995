#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The statistics of a device are what a known load did, to the command and to the byte, and its SMART log agrees with them.
# vm: --memmap 512M@5G
# long
. /usr/lib/bx-lab/emu.sh

make counted queues=2 cpus=1
: "${emu:?}"
device=$emu/counted
disk=$(disk counted)
ctrl=/dev/$(controller counted)
echo 2 >"/sys/class/block/$(basename "$disk")/queue/nomerges"

# lines FILE KEY: the number behind KEY in that file of stats, 0 if there is none.
lines() {
	awk -v key="$2" '$1 == key { n = $2 } END { print n + 0 }' "$device/stats/$1"
}

# total FILE [LEAST]: of all lines of a histogram, or those from there on.
total() {
	awk -v least="${2:-0}" '$1 >= least { n += $2 } END { print n + 0 }' "$device/stats/$1"
}

# The sums of what two loads moved: taken when nobody else looks at the disk.
take() {
	udevadm settle
	reads=$(lines io_commands 02) writes=$(lines io_commands 01) bytes_read=$(cat "$device/stats/bytes_read")
	bytes_written=$(cat "$device/stats/bytes_written") interrupts=$(cat "$device/stats/interrupts")
	coalesced=$(cat "$device/stats/interrupts_coalesced") all=$(($(total io_commands) + $(total admin_commands)))
	asked_read=$(lines latency_asked 1048576) asked_write=$(lines latency_asked 4194304) depths=$(total queue_depth)
	delivered=$(total latency_delivered 1048576)
}

# more NAME NOW BEFORE WANTED
more() {
	[ $(($2 - $3)) -eq "$4" ] || fail "$1: $2 after $3, not $4 more"
}

run() { # FIO OPTIONS...
	fio --name=load --filename="$disk" --direct=1 --minimal "$@" >/dev/null || fail "fio $*"
}

# 64 writes of 4 KiB. What follows the closing of a disk that was written to are udev's reads alone.
echo 2000000 >"$device/timing/read_latency_ns"
echo 5000000 >"$device/timing/write_latency_ns"
take
run --rw=write --bs=4k --size=256k --ioengine=psync
more "Writes" "$(lines io_commands 01)" "$writes" 64
more "bytes written" "$(cat "$device/stats/bytes_written")" "$bytes_written" 262144
more "Writes of 5 ms" "$(lines latency_asked 4194304)" "$asked_write" 64

# 256 reads of 8 KiB, up to 16 at a time: each an entry in every statistic, and no interrupt that comes with another one is lost.
take
run --readonly --rw=randread --bs=8k --size=2m --iodepth=16 --ioengine=io_uring
more "Reads" "$(lines io_commands 02)" "$reads" 256
more "bytes read" "$(cat "$device/stats/bytes_read")" "$bytes_read" 2097152
more "bytes written" "$(cat "$device/stats/bytes_written")" "$bytes_written" 0
more "Reads of 2 ms" "$(lines latency_asked 1048576)" "$asked_read" 256
more "commands that took at least 2 ms" "$(total latency_delivered 1048576)" "$delivered" 256
more "depths" "$(total queue_depth)" "$depths" 256
[ "$(total queue_depth 8)" -gt 0 ] || fail "never 8 commands at a time: $(cat "$device/stats/queue_depth")"
[ "$(total queue_depth 64)" -eq 0 ] || fail "64 commands at a time: $(cat "$device/stats/queue_depth")"
now=$(cat "$device/stats/interrupts")
[ "$now" -gt "$interrupts" ] || fail "no interrupt"
more "completions" $((now + $(cat "$device/stats/interrupts_coalesced"))) $((interrupts + coalesced)) \
	$(($(total io_commands) + $(total admin_commands) - all))

# Held back until 8 are there, or a millisecond has passed.
nvme set-feature "$ctrl" --feature-id=8 --value=0xa07 >/dev/null
take
run --readonly --rw=randread --bs=4k --size=1m --iodepth=16 --ioengine=io_uring
more "Reads" "$(lines io_commands 02)" "$reads" 256
held=$(($(cat "$device/stats/interrupts_coalesced") - coalesced))
[ $held -ge 128 ] || fail "$held of 256 completions came with another one's interrupt: $(cat "$device/stats/interrupts")"
nvme set-feature "$ctrl" --feature-id=8 --value=0 >/dev/null

# What fails is counted as that, too. (A namespace that is not there is told before any opcode is looked at by some.)
refuse "" nvme io-passthru "$disk" --opcode=0x7f --namespace-id=1
refuse "" nvme get-log "$ctrl" --log-id=0x77 --log-len=512
expect 1 lines io_commands 7f
expect 1 lines io_errors 7f
expect 1 lines admin_errors 02
expect 0 lines io_errors 02

# The SMART log is made of the same. It is a command itself, but not of those.
udevadm settle
nvme smart-log "$ctrl" --output-format=json >/tmp/smart.json
python3 - "$(cat "$device/stats/bytes_read")" "$(cat "$device/stats/bytes_written")" "$(lines io_commands 02)" "$(lines io_commands 01)" <<'END' ||
import json, sys

log = json.load(open("/tmp/smart.json"))
read, written, reads, writes = map(int, sys.argv[1:])
wanted = {"data_units_read": -(-read // 512000), "data_units_written": -(-written // 512000), "host_read_commands": reads,
          "host_write_commands": writes}
wrong = {key: log[key] for key in wanted if int(log[key]) != wanted[key]}
print("wrong:", wrong, wanted) if wrong else None
sys.exit(bool(wrong))
END
	fail "the SMART log does not agree with the statistics"

# An engine that has nothing to do sleeps, and looks now and then.
slept=$(cat "$device/stats/slept_ns") polls=$(cat "$device/stats/doorbell_polls") passes=$(cat "$device/stats/passes")
sleep 2
[ $(($(cat "$device/stats/slept_ns") - slept)) -gt 1000000000 ] || fail "slept $slept ns, then $(cat "$device/stats/slept_ns") after two seconds"
[ "$(cat "$device/stats/doorbell_polls")" -gt "$polls" ] || fail "doorbells are not looked at"
[ "$(cat "$device/stats/passes")" -gt "$passes" ] || fail "there are no passes"
[ "$(cat "$device/stats/busy_ns")" -gt 0 ] || fail "it was never busy"

echo 0 >"$device/power"
refuse "No such device" cat "$device/stats/bytes_read"
echo 1 >"$device/power"
expect 0 cat "$device/stats/bytes_written"
within 20 ready counted
destroy counted
