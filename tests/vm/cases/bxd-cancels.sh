#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A job that is cancelled ends soon, with nothing changed or all of it undone; one that has ended, or never was, cannot be.
# vm: --memmap 512M@5G
# daily: bookworm
. /usr/lib/bx-lab/emu.sh
: "${emu:?}"

property() { # JOB PROPERTY
	busctl get-property org.byteexpress.bx1 "$1" org.byteexpress.bx1.Job "$2" | cut -d' ' -f2- | tr -d '"'
}
driver() { # SERIAL
	basename "$(readlink "/sys/bus/pci/devices/$1/driver")"
}

systemctl start bxd
within 10 sh -c 'bxctl show bxlab0 | grep -q "State: ready"'
address=$(nvme_address bxlab0)
disk=$(bxctl show bxlab0 | sed -n 's/^ *BlockDevices: //p')

# While a program that has the disk open is waited for, nothing is changed yet.
exec 9<"$disk"
job=$(bxctl --no-wait bind bxlab0 pci-stub)
expect true property "$job" Cancelable
bxctl cancel "$job"
within 5 sh -c "busctl get-property org.byteexpress.bx1 $job org.byteexpress.bx1.Job State | grep -q ended"
expect refused property "$job" Result
expect org.byteexpress.bx1.Error.Cancelled property "$job" ErrorName
expect false property "$job" Cancelable
expect nvme driver "$address"
expect '(null)' cat "/sys/bus/pci/devices/$address/driver_override"
exec 9<&-

# Too late, never there, and no job at all.
refuse "has ended .*WrongState" bxctl cancel "${job##*/}"
refuse "There is no job 4711.*NoSuchJob" bxctl cancel 4711
refuse "'./.' is no job" bxctl cancel ./.
for wrong in "4 $job" "3 4711" "2 ./."; do
	set +e
	bxctl cancel "${wrong#* }" 2>/dev/null
	code=$?
	set -e
	[ $code = "${wrong%% *}" ] || fail "bxctl cancel ${wrong#* } ended with $code"
done

# A controller that never answers is waited for; who cancels that gets the driver back that it had.
echo 5 >/sys/module/nvme_core/parameters/admin_timeout
make mute
address=$(nvme_address mute)
within 10 sh -c 'bxctl show mute | grep -q "State: ready"'
bxctl bind mute pci-stub
echo 'drop queue=admin' >$emu/mute/fault/rules
job=$(bxctl --no-wait bind mute nvme)
within 20 sh -c "busctl get-property org.byteexpress.bx1 $job org.byteexpress.bx1.Job Step | grep -q verify"
bxctl cancel "$job"
within 60 sh -c "busctl get-property org.byteexpress.bx1 $job org.byteexpress.bx1.Job State | grep -q ended"
expect rolled-back property "$job" Result
property "$job" ErrorMessage | grep -q "it was cancelled" || fail "it says '$(property "$job" ErrorMessage)'"
expect pci-stub driver "$address"
echo - >$emu/mute/fault/rules
bxctl bind mute nvme
expect nvme driver "$address"
destroy mute
