#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A device is made through configfs without a reboot, from memory that the kernel had, and gives it back.
# Not on 7.2: taking a block out of System RAM makes that kernel stand still in this guest, for a reason not yet known (bx_emu(4), BUGS).
# only: bookworm trixie
. /usr/lib/bx-lab/emu.sh
: "${emu:?}"

memory() {
	sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo
}

before=$(memory)
modprobe bx_emu
mkdir $emu/demo
cd $emu/demo || exit 1
expect nvm cat type
expect runtime cat memory_source
expect 0 cat power
echo 256M >memory_size
expect 256M cat memory_size
echo 2 >cpus
expect 2 cat cpus
echo DEMO >serial
echo 4 >queues
for wrong in type=tape memory_source=disk memory_size=much cpus=9999 queues=0 queues=129 queue_depth=1 mdts=40 power=2 \
	serial=123456789012345678901; do
	refuse "Invalid argument|out of range|too long|No such" put "${wrong#*=}" "${wrong%%=*}"
done
expect 4 cat queues

echo 1 >power
within 20 ready DEMO
[ "$(memory)" -lt "$before" ] || fail "no memory was taken"
for busy in type=nvm memory_size=128M queues=2 serial=OTHER; do
	refuse "Device or resource busy" put "${busy#*=}" "${busy%%=*}"
done
verified_load "$(disk DEMO)"

# A second one shares what was taken.
after=$(memory)
mkdir $emu/second
echo 64M >$emu/second/memory_size
echo SECOND >$emu/second/serial
echo 1 >$emu/second/power
within 20 ready SECOND
verified_load "$(disk SECOND)" --size=8m --offset_increment=16m
echo "MemTotal $before kB before, $after with one device, $(memory) with two"

refuse "in use|busy" rmmod bx_emu
echo 0 >power
within 10 sh -c '! ls /sys/class/nvme/*/serial | xargs grep -l DEMO'
cd /
destroy demo
destroy second

# 6.1 leaves a block offline that comes back; whoever took it brings it in again.
bring_in() {
	for block in /sys/devices/system/memory/memory*/state; do
		! grep -q offline "$block" || echo online >"$block"
	done
}
bring_in
returned=$(memory)
# What the boot had put into the block for its own use is not there any more, so it may be a little more than before.
[ "$returned" -ge "$before" ] || fail "MemTotal was $before kB and is $returned"
mkdir $emu/again
echo 1 >$emu/again/power
destroy again
bring_in
expect "$returned" memory
rmmod bx_emu
