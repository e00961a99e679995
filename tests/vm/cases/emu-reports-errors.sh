#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Errors of PCI Express that are asked for: the kernel logs and counts them, and recovers from those that are not correctable, by a
# reset of the link if one is fatal. The disk works all the while, and has what was written. In D3hot it does nothing.
# vm: --memmap 512M@5G
# Not with lockdep: whenever anything is unplugged, 6.1's pciehp takes its reset_lock and the rescan lock in both orders by itself.
# only: bookworm trixie forky
# long
. /usr/lib/bx-lab/emu.sh
: "${emu:?}"

make wrong queues=2
fault=$emu/wrong/fault
function=/sys/bus/pci/devices/$(basename "$(readlink -f "/sys/class/nvme/$(controller wrong)/device")")
[ -e "$function/aer_dev_correctable" ] || fail "the kernel counts no errors"

counted() { # correctable|nonfatal|fatal
	sed -n 's/^TOTAL_ERR_[A-Z]* //p' "$function/aer_dev_$1"
}
counts() { # correctable|nonfatal|fatal TIMES
	[ "$(counted "$1")" = "$2" ]
}
recovered() { # TIMES
	[ "$(dmesg | grep -c "AER: device recovery successful")" -ge "$1" ]
}
whole() {
	within 60 ready wrong
	dd if="$(disk wrong)" bs=1M count=4 iflag=direct status=none | cmp - /tmp/data
}
# The value of a register of the function, and one byte of it written.
register() { # OFFSET
	od -An -tx4 -j "$1" -N 4 "$function/config" | tr -d ' '
}
byte() { # OFFSET OCTAL
	printf '%b' "\\0$2" | dd of="$function/config" bs=1 seek=$(($1)) conv=notrunc status=none
}
reads() { # OFFSET VALUE
	[ "$(register "$1")" = "$2" ]
}
aer=0x100

head -c 4M /dev/urandom >/tmp/data
dd if=/tmp/data of="$(disk wrong)" bs=1M oflag=direct status=none

for nonsense in correctable "correctable 0" "correctable 2" "uncorrectable 1" "fatal 1" "correctable 1 1"; do
	refuse "Invalid argument" put "$nonsense" "$fault/aer"
	dmesg | grep -q "bx_emu: wrong: fault/aer: $nonsense is no error" || fail "nothing is said of $nonsense"
done

put "correctable 0x1" "$fault/aer"
within 20 counts correctable 1
dmesg | grep -q "AER:.*Correct" || fail "the kernel has logged no corrected error"
within 10 reads $((aer + 16)) 00000000
# What is masked is noted, and nobody is told.
byte $((aer + 20)) 101
put "correctable 0x41" "$fault/aer"
expect 00000041 register $((aer + 16))
byte $((aer + 20)) 0
byte $((aer + 16)) 101
expect 00000000 register $((aer + 16))
put "correctable 0x40" "$fault/aer"
within 20 counts correctable 2

# Under load, not fatal and fatal.
fio --name=load --filename="$(disk wrong)" --offset=16m --size=8m --rw=randread --bs=4k --ioengine=io_uring --direct=1 --iodepth=4 \
	--time_based --runtime=20 --minimal >/tmp/fio 2>&1 &
load=$!
put "uncorrectable 0x1000" "$fault/aer"
within 60 recovered 1
within 20 counts nonfatal 1
put "uncorrectable 0x40000" "$fault/aer"
within 60 recovered 2
within 60 ready wrong
wait $load || fail "the load failed: $(cat /tmp/fio)"
within 10 reads $((aer + 4)) 00000000
whole

# The host's severity counts: this one is not fatal any more.
byte $((aer + 14)) 0
put "uncorrectable 0x40000" "$fault/aer"
within 60 recovered 3
within 20 counts nonfatal 2
whole

# D3hot, and D1, which there is not.
byte 0x44 13
dd if="$(disk wrong)" of=/dev/null bs=1M count=1 skip=32 iflag=direct status=none &
reader=$!
byte 0x44 11
sleep 2
kill -0 $reader || fail "a function that sleeps has answered"
expect 0000000b register 0x44
byte 0x44 10
within 20 sh -c "! kill -0 $reader"
wait $reader
whole
refuse "No such device" sh -c "echo 0 >$fault/link; printf 'correctable 1\n' | dd of=$fault/aer status=none"
destroy wrong
