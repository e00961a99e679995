#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What others do to a device by hand shows at once, in State and as signals; it comes and goes with the hardware.
# daily: bookworm
. /usr/lib/bx-lab/lib.sh

address=$(nvme_address bxlab0)
pci=/sys/bus/pci
systemctl start bxd
state() {
	bxctl show bxlab0 | sed -n 's/^ *State: //p'
}
is() {
	within "${2:-10}" sh -c "bxctl show bxlab0 | grep -q 'State: $1'"
}
is ready
bxctl --json monitor >/tmp/events &
monitor=$!
sleep 1

echo "$address" >$pci/drivers/nvme/unbind
is unbound 5
expect bxlab0 sh -c "bxctl show $address | sed -n 's/^ *Serial: //p'"
modprobe pci-stub
echo pci-stub >"$pci/devices/$address/driver_override"
echo "$address" >$pci/drivers_probe
is foreign-driver 5
echo "$address" >$pci/drivers/pci-stub/unbind
is unbound 5
echo >"$pci/devices/$address/driver_override"
echo "$address" >$pci/drivers_probe
is ready

# Gone from the bus, and found again.
echo 1 >"$pci/devices/$address/remove"
within 10 sh -c '! bxctl show bxlab0'
echo 1 >$pci/rescan
is ready 20

# A reset that nothing announces.
echo 1 >"/sys/class/nvme/$(bxctl show bxlab0 | sed -n 's/^ *Controller: //p')/reset_controller"
is ready

kill $monitor
wait $monitor || true
for event in '"State":"unbound"' '"State":"ready"' '"event":"removed"' '"event":"added"' '"Driver":""' '"Driver":"nvme"'; do
	grep -qF "$event" /tmp/events || fail "there was no $event among the signals"
done
expect 0 systemctl show -P NRestarts bxd
