#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What cannot be done is refused with the reason, changes nothing, and has its own exit code; only root may act.
# daily: bookworm
. /usr/lib/bx-lab/lib.sh

bus=org.byteexpress.bx1
device=/org/byteexpress/bx1/device/bxlab0
address=$(nvme_address bxlab0)
systemctl start bxd
within 10 sh -c 'bxctl show bxlab0 | grep -q "State: ready"'

# exits CODE PATTERN COMMAND...
exits() {
	code=$1
	pattern=$2
	shift 2
	set +e
	said=$("$@" 2>&1)
	got=$?
	set -e
	[ $got = "$code" ] || fail "'$*' ended with $got instead of $code: $said"
	echo "$said" | grep -qE -e "$pattern" || fail "'$*' said '$said', which has no '$pattern' in it"
	expect nvme sh -c "basename \$(readlink /sys/bus/pci/devices/$address/driver)"
	expect '(null)' cat "/sys/bus/pci/devices/$address/driver_override"
}
as_nobody() {
	setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}

exits 4 "no PCI driver and no module named nosuch" bxctl bind bxlab0 nosuch
exits 4 "loop is not made for NVMe devices" bxctl bind bxlab0 loop
exits 2 "cannot be the name of a driver" bxctl bind bxlab0 ../nvme
exits 3 "No NVMe device is called 'sda'. There are: .*bxlab0" bxctl bind sda vfio-pci
exits 3 "No NVMe device is called ''" bxctl show ''
exits 2 "There is no command 'explode'. There are:" bxctl explode
for verb in reserve ring kv; do
	exits 2 "'$verb' comes with a later version. Until then, " bxctl $verb list
done
exits 2 "takes DEVICE DRIVER" bxctl bind bxlab0
exits 2 "takes no arguments" bxctl list bxlab0
exits 2 "" bxctl --nonsense
exits 1 "there is no option 'force'" busctl call $bus $device $bus.Device Bind 'sa{sv}' pci-stub 1 force b true
exits 1 "" busctl call $bus $device $bus.Device Bind s pci-stub

# A driver that is not made for such a device would take its registers for something else.
# One has the kernel already, the other would have to be loaded (the debug kernel was built without it).
for driver in virtio-pci $(modinfo -n e1000e >/dev/null 2>&1 && echo e1000e); do
	exits 4 "$driver is not made for NVMe devices" bxctl bind bxlab0 $driver
done
[ ! -d /sys/module/e1000e ] || fail "e1000e was loaded for nothing"

# A driver that fails: the device is brought back and that is said. This controller's registers are out of reach.
bxctl bind bxlab0 pci-stub
low=$(setpci -s "$address" BASE_ADDRESS_0)
high=$(setpci -s "$address" BASE_ADDRESS_1)
setpci -s "$address" BASE_ADDRESS_1=000000f0
status=0
bxctl bind bxlab0 nvme 2>/tmp/said || status=$?
[ $status = 5 ] || fail "a failed bind ended with $status, not 5: $(cat /tmp/said)"
grep -q "back at pci-stub" /tmp/said || fail "it said $(cat /tmp/said)"
expect pci-stub basename "$(readlink "/sys/bus/pci/devices/$address/driver")"
bxctl show bxlab0 | grep -q "LastError: RolledBack" || fail "LastError does not say so"
setpci -s "$address" BASE_ADDRESS_0="$low" BASE_ADDRESS_1="$high"
bxctl bind bxlab0 nvme
bxctl show bxlab0 | grep -q "LastError: -" || fail "LastError stays after a success"

# Everybody may look, only root may act.
as_nobody bxctl list | grep -q bxlab0 || fail "nobody cannot look"
as_nobody bxctl show bxlab0 >/dev/null
exits 7 "needs the authorization org.byteexpress.bx1.bind" as_nobody bxctl bind bxlab0 pci-stub
exits 7 "needs the authorization org.byteexpress.bx1.bind" as_nobody bxctl unbind bxlab0
exits 1 "needs the authorization org.byteexpress.bx1.bind" as_nobody busctl call $bus /org/byteexpress/bx1 $bus.Manager Rescan 'a{sv}' 0
exits 1 "needs the authorization org.byteexpress.bx1.define" as_nobody busctl call $bus /org/byteexpress/bx1 $bus.Manager Reload 'a{sv}' 0
exits 1 "" as_nobody busctl set-property $bus /org/freedesktop/LogControl1 org.freedesktop.LogControl1 LogLevel s debug
expect info systemctl service-log-level bxd

# Without an IOMMU vfio-pci could not take it; that is known beforehand.
if [ ! -e "/sys/bus/pci/devices/$address/iommu_group" ] && modprobe -q vfio-pci; then
	exits 4 "needs an IOMMU" bxctl bind bxlab0 vfio-pci
fi

# JSON is JSON.
for words in status list "show bxlab0"; do
	# shellcheck disable=SC2086
	bxctl --json $words | python3 -m json.tool >/dev/null || fail "bxctl --json $words is no JSON"
done
