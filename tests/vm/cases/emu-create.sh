#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A device is made through configfs without a reboot, from memory that the kernel had, and gives it back.
. /usr/lib/bx-lab/emu.sh
: "${emu:?}"

before=$(total)
modprobe bx_emu
mkdir $emu/demo
cd $emu/demo || exit 1
expect nvm cat type
expect runtime cat memory_source
expect 0 cat power
expect "" cat address
echo 256M >memory_size
expect 256M cat memory_size
echo 2 >cpus
expect 2 cat cpus
echo DEMO >serial
echo 4 >queues
for wrong in type=tape memory_source=disk memory_size=much power=2 serial=123456789012345678901 cmb_size=3M; do
	refuse "Invalid argument" put "${wrong#*=}" "${wrong%%=*}"
done
for wrong in cpus=9999 queues=0 queues=129 queue_depth=1 mdts=40 memory_size=20E cmb_size=64K; do
	refuse "Numerical result out of range" put "${wrong#*=}" "${wrong%%=*}"
done
expect 4 cat queues

echo 1 >power
within 20 ready DEMO
expect "$(nvme_address DEMO)" cat address
[ "$(total)" -lt "$before" ] || fail "no memory was taken"
for busy in type=nvm memory_size=128M queues=2 serial=OTHER; do
	refuse "Device or resource busy" put "${busy#*=}" "${busy%%=*}"
done
verified_load "$(disk DEMO)"

# A second one shares what was taken.
after=$(total)
mkdir $emu/second
echo 64M >$emu/second/memory_size
echo SECOND >$emu/second/serial
echo 1 >$emu/second/power
within 20 ready SECOND
verified_load "$(disk SECOND)" --size=8m --offset_increment=16m
echo "MemTotal $before kB before, $after with one device, $(total) with two"

refuse "in use|busy" rmmod bx_emu
echo 0 >power
expect "" cat address
within 10 sh -c '! ls /sys/class/nvme/*/serial | xargs grep -l DEMO'
cd /
destroy demo
destroy second

bring_in
returned=$(total)
# What the boot had put into the block for its own use is not there any more, so it may be a little more than before.
[ "$returned" -ge "$before" ] || fail "MemTotal was $before kB and is $returned"
mkdir $emu/again
echo 1 >$emu/again/power
destroy again
bring_in
expect "$returned" total
