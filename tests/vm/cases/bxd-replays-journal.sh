#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What a dead worker left in the journal is taken up when bxd starts; what is damaged or of another boot is not acted upon.
# daily: bookworm
. /usr/lib/bx-lab/lib.sh

bus=org.byteexpress.bx1
journal=/run/bxd/journal
address=$(nvme_address bxlab0)
pci=/sys/bus/pci
systemctl start bxd
within 10 sh -c 'bxctl show bxlab0 | grep -q "State: ready"'
systemctl stop bxd
boot=$(cat /proc/sys/kernel/random/boot_id)
inode=$(stat -Lc %i "$pci/devices/$address")

# entry NUMBER BOOT STEP
entry() {
	cat <<-JSON >$journal/"$1".json
	{ "version": 5, "job": $1, "kind": "bind", "planned": "bind", "as_planned": false, "boot_id": "$2", "device": "bxlab0", "name": "", "with_data": false, "forget": false, "module": "", "parameters": "", "address": "$address",
	  "inode": $inode, "old_driver": "nvme", "old_override": "", "new_driver": "pci-stub", "attempts": 1,
	  "step": "$3", "result": "", "error": "", "message": "" }
	JSON
}

# Died between unbind and bind: the device has no driver, and an override that keeps it from having one.
echo pci-stub >"$pci/devices/$address/driver_override"
echo "$address" >$pci/drivers/nvme/unbind
entry 901 "$boot" unbind
echo '{ "version": 5, "job": 902,' >$journal/902.json
entry 903 00000000-0000-0000-0000-000000000000 bind
systemctl start bxd
within 60 sh -c "busctl get-property $bus /org/byteexpress/bx1/job/901 $bus.Job State | grep -q ended"
expect 's "rolled-back"' busctl get-property $bus /org/byteexpress/bx1/job/901 $bus.Job Result
expect nvme sh -c "basename \$(readlink $pci/devices/$address/driver)"
expect '(null)' cat "$pci/devices/$address/driver_override"
within 10 sh -c 'bxctl show bxlab0 | grep -q "State: ready"'
bxctl show bxlab0 | grep -q "LastError: RolledBack: the worker died at step unbind" || fail "LastError does not tell it"
test -e $journal/902.json.damaged || fail "the damaged file was not set aside"
! test -e $journal/903.json || fail "the other boot's operation is still there"
expect active systemctl is-active bxd
rm $journal/902.json.damaged

# Died after all but the end was done: that is a success.
bxctl bind bxlab0 pci-stub
systemctl stop bxd
rm -f $journal/*.json
entry 911 "$boot" verify
systemctl start bxd
within 60 sh -c "busctl get-property $bus /org/byteexpress/bx1/job/911 $bus.Job State | grep -q ended"
expect 's "done"' busctl get-property $bus /org/byteexpress/bx1/job/911 $bus.Job Result
expect pci-stub sh -c "basename \$(readlink $pci/devices/$address/driver)"

# New jobs do not take old numbers.
job=$(bxctl --no-wait bind bxlab0 nvme)
[ "${job##*/}" -gt 911 ] || fail "the job after 911 is $job"
within 60 sh -c "busctl get-property $bus $job $bus.Job State | grep -q ended"
expect 's "done"' busctl get-property $bus "$job" $bus.Job Result
