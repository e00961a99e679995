#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Faults strike where they are asked for; a device that is pulled out is gone, and its return is a device that works.
# vm: --memmap 512M@5G
# Not with lockdep: whenever anything is unplugged, 6.1's pciehp takes its reset_lock and the rescan lock in both orders by itself.
# only: bookworm trixie forky
# daily: bookworm
. /usr/lib/bx-lab/emu.sh
: "${emu:?}"

make faulty queues=2
disk=$(disk faulty)
read_block() {
	dd if="$disk" of=/dev/null bs=512 skip="$1" count=1 iflag=direct 2>&1
}

# With Do Not Retry, or the kernel would try again until the rule has struck often enough.
echo 'status opcode=2 queue=io lba=100-109 count=2 status=0x4281' >$emu/faulty/fault/rules
read_block 99 >/dev/null
refuse "rror" read_block 105
refuse "rror" read_block 100
read_block 105 >/dev/null || fail "the rule struck more often than it says"
refuse "Invalid argument" put "status opcode=2 status=nonsense" "$emu/faulty/fault/rules"
echo - >$emu/faulty/fault/rules

# What is said of its health can be read back, and is in the log; what follows from it is there, too.
fault=$emu/faulty/fault
device=/dev/$(controller faulty)
smart() { # FIELD
	nvme smart-log "$device" --output-format=json | sed -n "s/.*\"$1\" *: *\"*\([0-9]*\).*/\1/p"
}
for setting in critical_warning=16=0x10 temperature=300=300 spare=9=9 used=120=120; do
	put "${setting##*=}" "$fault/${setting%%=*}"
	value=${setting#*=}
	expect "${value%=*}" cat "$fault/${setting%%=*}"
done
expect 17 smart critical_warning
expect 9 smart avail_spare
expect 120 smart percent_used
refuse "Numerical result out of range" put 101 "$fault/spare"
put 0 "$fault/critical_warning"
put 100 "$fault/spare"
expect 0 smart critical_warning

# An event that is asked for reaches the host's user space.
udevadm monitor --kernel --property --subsystem-match=nvme >/tmp/events &
monitor=$!
within 10 grep -q KERNEL /tmp/events
for wrong in smart "smart 256" "nothing 1" "8 1 1" "vendor 1" "smart 1 2 3"; do
	refuse "Invalid argument" put "$wrong" "$fault/event"
	dmesg | grep -q "bx_emu: faulty: fault/event: $wrong is not" || fail "nothing is said of $wrong"
done
put "error 2" "$fault/event"
put "vendor 5 0xc0" "$fault/event"
within 10 grep -q "NVME_AEN=0x0*10200$" /tmp/events
within 10 grep -q "NVME_AEN=0x0*c00507$" /tmp/events
kill $monitor

# A sanitize fails, and the host leaves it at that.
put 1 "$fault/sanitize_fails"
expect 1 cat "$fault/sanitize_fails"
nvme sanitize "$device" --sanact=2 --ause >/dev/null
within 20 grep -qx 0 "$fault/sanitize_fails"
refuse "rror" read_block 99
nvme sanitize "$device" --sanact=1 >/dev/null
read_block 99 >/dev/null

# Pulled out under load: errors for the reader, no more.
# shellcheck disable=SC2016
sh -c 'while dd if="$0" of=/dev/null bs=64k iflag=direct 2>/dev/null; do :; done' "$disk" &
reader=$!
sleep 1
kill -0 $reader || fail "the reader has an error before there is one"
echo 0 >$emu/faulty/fault/present
within 40 sh -c '! cat /sys/class/nvme/*/serial | grep -q faulty'
within 40 sh -c "! kill -0 $reader"
echo 1 >$emu/faulty/fault/present
within 40 ready faulty
verified_load "$(disk faulty)" --size=8m
destroy faulty
