#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A device is pulled out and its link goes down, under load, by a rule, and while it erases: the host notices each time, and when it is
# back it is what it was. SMART tells a loss of power from that of the link, and the warnings that are asked for.
# vm: --memmap 512M@5G
# Not with lockdep: whenever anything is unplugged, 6.1's pciehp takes its reset_lock and the rescan lock in both orders by itself.
# only: bookworm trixie forky
# long
. /usr/lib/bx-lab/emu.sh
: "${emu:?}"

make pulled queues=2
fault=$emu/pulled/fault

smart() { # FIELD
	nvme smart-log "/dev/$(controller pulled)" --output-format=json | sed -n "s/.*\"$1\" *: *\"*\([0-9]*\).*/\1/p"
}
gone() {
	! controller pulled
}
# The load ends with the error that the host gives it.
at_work() {
	(while dd if="$disk" of=/dev/null bs=64k count=64 iflag=direct 2>/dev/null; do :; done; exit 1) &
	load=$!
	sleep 0.5
}
read_block() {
	dd if="$disk" of=/dev/null bs=512 skip="$1" count=1 iflag=direct 2>&1
}

disk=$(disk pulled)
head -c 1M /dev/urandom >/tmp/data
dd if=/tmp/data of="$disk" bs=1M oflag=direct status=none
expect 0 cat "/sys/class/block/$(basename "$disk")/queue/rotational"

# What is pulled out loses power; what loses its link does not.
for what in link present link present; do
	cycles=$(smart power_cycles) unsafe=$(smart unsafe_shutdowns)
	at_work
	echo 0 >"$fault/$what"
	within 30 gone
	! wait $load || fail "the load did not notice"
	expect 0 cat "$fault/$what"
	refuse "No such device" put 1 "$fault/fatal"
	echo 1 >"$fault/$what"
	within 40 ready pulled
	disk=$(disk pulled)
	dd if="$disk" bs=1M count=1 iflag=direct status=none | cmp - /tmp/data
	[ $what = link ] || cycles=$((cycles + 1)) unsafe=$((unsafe + 1))
	expect $cycles smart power_cycles
	expect $unsafe smart unsafe_shutdowns
done

# By a rule, and then powered off at once.
for then in present power; do
	echo "remove queue=io opcode=2 lba=100-107 count=1" >"$fault/rules"
	refuse "rror|No such device" read_block 100
	[ $then = present ] && within 30 gone
	[ $then = power ] || expect 0 cat "$fault/present"
	[ $then = present ] || echo 0 >$emu/pulled/power
	echo 1 >"$([ $then = present ] && echo "$fault/present" || echo $emu/pulled/power)"
	within 40 ready pulled
	disk=$(disk pulled)
done

# While all of it is overwritten: that goes on when there is power again.
nvme sanitize "/dev/$(controller pulled)" --sanact=3 --owpass=1 --ovrpat=0x5a5a5a5a >/dev/null
echo 0 >"$fault/present"
within 30 gone
echo 1 >"$fault/present"
within 40 controller pulled
within 60 sh -c "nvme sanitize-log /dev/$(controller pulled) --output-format=json | grep -qE '\"sstat\" *: *\{?[^}]*1|Most Recent Sanitize Command Completed Successfully'"
within 40 ready pulled
disk=$(disk pulled)

# By the bridge's reset, under load.
function=/sys/bus/pci/devices/$(basename "$(readlink -f "/sys/class/nvme/$(controller pulled)/device")")
if grep -qw bus "$function/reset_method"; then
	echo bus >"$function/reset_method"
	(until [ -e /tmp/enough ]; do verified_load "$disk" --size=4m --offset_increment=8m; done) &
	load=$!
	for _ in 1 2 3 4 5; do
		sleep 1
		echo 1 >"$function/reset"
		within 30 ready pulled
	done
	touch /tmp/enough
	wait $load
fi

# What is said of its health, whatever that is.
echo 350 >"$fault/temperature"
expect 350 smart temperature
# Of which one is that it is so warm.
echo 4 >"$fault/critical_warning"
expect 6 smart critical_warning
# It fails, the host finds that out by what does not come, resets it, and reads.
put 1 "$fault/fatal"
within 120 read_block 0
destroy pulled
