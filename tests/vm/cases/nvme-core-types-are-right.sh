#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A module that uses nvme-core's private types as they were generated from its BTF (or taken from the
# true header) sees the controller that nvme-core sees, and refuses what is none.
. /usr/lib/bx-lab/lib.sh

seen=/sys/module/bx_nvme_peek/parameters
said=/sys/class/nvme/nvme0

modprobe bx_nvme_peek path=/dev/nvme0
for name in state queue_count cntlid subsysnqn numa_node sqsize kato; do
	[ -e $said/$name ] || continue
	expect "$(cat $said/$name)" cat $seen/$name
done
for name in model serial; do
	expect "$(sed 's/ *$//' $said/$name)" cat $seen/$name
done
expect live cat $seen/state
expect nvme0 cat $seen/device
expect pcie cat $seen/ops
expect 1 cat $seen/namespaces
rmmod bx_nvme_peek

# After a reset it still sees a live one.
echo 1 >$said/reset_controller
within 20 grep -q live $said/state
modprobe bx_nvme_peek path=/dev/nvme0
expect live cat $seen/state
expect "$(cat $said/queue_count)" cat $seen/queue_count
rmmod bx_nvme_peek

refuse 'No such device' modprobe bx_nvme_peek path=/dev/null
refuse 'No such device' modprobe bx_nvme_peek path=/dev/nvme0n1
refuse 'could not insert' modprobe bx_nvme_peek path=/dev/nvme9
dmesg | tail -n 1 | grep -q 'cannot open /dev/nvme9: -2' || fail "it did not say which file is missing"
