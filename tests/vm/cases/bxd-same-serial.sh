#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Two devices with one serial number are two objects, and neither is meant by the serial number alone; nor by the NQN of a subsystem
# that has two controllers. A device goes by an NQN of its own.
# vm: --qemu "-device nvme-subsys,id=bxs1 -device nvme-subsys,id=bxs2 -device nvme,serial=twin,subsys=bxs1 -device nvme,serial=twin,subsys=bxs2 -device nvme,serial=single -device nvme-subsys,id=bxs3,nqn=pair -device nvme,serial=pair,subsys=bxs3 -device nvme,serial=pair,subsys=bxs3"
# daily: bookworm
. /usr/lib/bx-lab/lib.sh

bus=org.byteexpress.bx1
root=/org/byteexpress/bx1
systemctl start bxd
# shellcheck disable=SC2016
within 20 sh -c '[ "$(bxctl list | grep -c " ready ")" = 6 ]'
bxctl list

expect 2 sh -c "busctl tree --list $bus | grep -c device/twin_40"
ids=$(bxctl list | sed -n 's/^\(twin@[^ ]*\).*/\1/p')
expect 2 sh -c "echo '$ids' | sort -u | wc -l"
refuse "2 devices have the serial" busctl call $bus $root $bus.Manager GetDeviceById "sa{sv}" twin 0
refuse "More than one device is called 'twin'" bxctl show twin
refuse "More than one device is called 'twin'" bxctl bind twin pci-stub
for id in $ids; do
	busctl call $bus $root $bus.Manager GetDeviceById "sa{sv}" "$id" 0 >/dev/null
	bxctl show "$id" | grep -q "Serial: twin" || fail "$id is not found by its Id"
done
expect "o \"$root/device/single\"" busctl call $bus $root $bus.Manager GetDeviceById "sa{sv}" single 0
nqn=$(bxctl show single | sed -n 's/^ *Nqn: //p')
expect "$nqn" cat "/sys/class/nvme/$(bxctl show single | sed -n 's/^ *Controller: //p')/subsysnqn"
expect "o \"$root/device/single\"" busctl call $bus $root $bus.Manager GetDeviceById "sa{sv}" "$nqn" 0
bxctl show "$nqn" >/dev/null
nqn=$(bxctl show "$(bxctl list | sed -n 's/^\(pair@[^ ]*\).*/\1/p' | head -n 1)" | sed -n 's/^ *Nqn: //p')
refuse "2 devices have the serial or NQN" busctl call $bus $root $bus.Manager GetDeviceById "sa{sv}" "$nqn" 0
refuse "More than one device is called" bxctl show "$nqn"

# The names are the same after a restart, and with one of them at another driver.
first=$(echo "$ids" | head -n 1)
bxctl bind "$first" pci-stub
systemctl restart bxd
expect "$ids" sh -c "bxctl list | sed -n 's/^\(twin@[^ ]*\).*/\1/p'"
bxctl bind "$first" nvme

# With its twin gone a device has its plain name.
second=$(echo "$ids" | tail -n 1)
echo 1 >"/sys/bus/pci/devices/$(bxctl show "$second" | sed -n 's/^ *Address: //p')/remove"
within 10 bxctl show twin
echo 1 >/sys/bus/pci/rescan
# shellcheck disable=SC2016
within 20 sh -c '[ "$(bxctl list | grep -c "^twin@")" = 2 ]'
