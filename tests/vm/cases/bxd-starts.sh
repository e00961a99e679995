#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# bxd starts, stays up, and shows the disk as an object with everything that busctl needs.
. /usr/lib/bx-lab/lib.sh

bus=org.byteexpress.bx1
root=/org/byteexpress/bx1
address=$(nvme_address bxlab0)

systemctl start bxd
expect active systemctl is-active bxd
expect 0 systemctl show -P NRestarts bxd
expect notify systemctl show -P Type bxd

busctl tree --list $bus | grep -qx $root/device/bxlab0 || fail "no object for bxlab0"
device() {
	busctl get-property $bus $root/device/bxlab0 $bus.Device "$1"
}
within 10 sh -c "busctl get-property $bus $root/device/bxlab0 $bus.Device State | grep -q ready"
expect "s \"bxlab0\"" device Id
expect "s \"$address\"" device Address
expect "s \"bxlab0\"" device Serial
expect "s \"nvme\"" device Driver
expect "s \"ready\"" device State
expect "as 0" device InUseBy
expect "o \"$root/device/bxlab0\"" busctl call $bus $root $bus.Manager GetDeviceById "sa{sv}" bxlab0 0
expect "s \"$(uname -r)\"" busctl get-property $bus $root $bus.Manager KernelRelease
expect 's "none"' busctl get-property $bus $root $bus.Manager Lockdown
expect "b false" busctl get-property $bus $root $bus.Manager SecureBoot
refuse "no NVMe device" busctl call $bus $root $bus.Manager GetDeviceById "sa{sv}" nothing 0

# What is promised by introspection.
busctl introspect $bus $root >/tmp/manager
for word in .GetDeviceById .Rescan .JobNew .JobRemoved .GetManagedObjects .InterfacesAdded .InterfacesRemoved; do
	grep -qF -- "$word" /tmp/manager || fail "the Manager has no $word"
done
busctl introspect $bus $root/device/bxlab0 >/tmp/device
for word in '.Bind ' '.Unbind ' .PropertiesChanged .IommuGroup .NumaNode .BlockDevices .LastError; do
	grep -qF -- "$word" /tmp/device || fail "the device has no $word"
done

# The log level by the service manager's own tool, and the structured fields in the journal.
systemctl service-log-level bxd debug
expect debug systemctl service-log-level bxd
systemctl service-log-level bxd info
journalctl --sync
journalctl -b -q BX_DEVICE=bxlab0 -o cat | grep -q "Found at $address" || fail "nothing in the journal about bxlab0"

# Reloading is waited for and changes nothing.
systemctl reload bxd
busctl call $bus $root $bus.Manager Reload "a{sv}" 0
expect active systemctl is-active bxd

# The bus starts it too.
systemctl stop bxd
expect inactive systemctl show -P ActiveState bxd
bxctl list | grep -q bxlab0 || fail "bxctl list does not show bxlab0"
expect active systemctl is-active bxd
