#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What bxd offers on the bus is what its shipped introspection data says, to the last argument.
. /usr/lib/bx-lab/lib.sh

bus=org.byteexpress.bx1
root=/org/byteexpress/bx1
shipped=/usr/share/dbus-1/interfaces/$bus.xml

# One interface of introspection data, a line a tag.
interface() {
	sed -n "/<interface name=\"$bus.$1\">/,/<\/interface>/p" | sed 's/^ *//'
}

systemctl start bxd
within 10 sh -c 'bxctl show bxlab0 | grep -q "State: ready"'
job=$(bxctl --no-wait reset bxlab0)
for object in "Manager $root" "Device $root/device/bxlab0" "Job $job"; do
	name=${object%% *}
	busctl introspect --xml-interface $bus "${object#* }" | interface "$name" >/tmp/offered
	interface "$name" <$shipped >/tmp/shipped
	[ -s /tmp/shipped ] || fail "nothing of $name is shipped"
	diff -u /tmp/shipped /tmp/offered || fail "$name is not what is shipped, see above"
done
# Whoever lists all objects finds that one, too.
busctl call $bus $root org.freedesktop.DBus.ObjectManager GetManagedObjects | grep -q "\"$job\"" || fail "no $job among the objects"
