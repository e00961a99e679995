#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# With a real polkit: whom a rule allows something may do that and nothing else, on D-Bus and on varlink; nobody may do what it does not say.
. /usr/lib/bx-lab/lib.sh

bus=org.byteexpress.bx1
as_user() { # NAME COMMAND...
	user=$1
	shift
	setpriv --reuid="$(id -u "$user")" --regid="$(id -g "$user")" --init-groups "$@"
}

groupadd -f bxd
id member >/dev/null 2>&1 || useradd -G bxd member
id stranger >/dev/null 2>&1 || useradd stranger
mkdir -p /etc/polkit-1/rules.d
cp /usr/share/doc/bxd/examples/50-bxd-group.rules /etc/polkit-1/rules.d/
systemctl start bxd
systemctl restart polkit || fail "polkit does not start"
within 10 sh -c 'bxctl show bxlab0 | grep -q "State: ready"'

# Who is in the group may make devices.
disk=$(as_user member bxctl create demo --size 64M)
[ -b "$disk" ] || fail "create printed '$disk'"
refuse "NotAuthorized" as_user stranger bxctl destroy demo
as_user member bxctl stop demo
as_user member python3 /usr/lib/bx-lab/varlink.py /run/bxd/$bus $bus.Start '{"id": "demo"}'
within 20 sh -c 'bxctl show demo | grep -q "State: ready"'
refuse "NotAuthorized" as_user stranger python3 /usr/lib/bx-lab/varlink.py /run/bxd/$bus $bus.Stop '{"id": "demo"}'

# And nothing else.
refuse "$bus.bind.*NotAuthorized" as_user member bxctl bind bxlab0 pci-stub
refuse "$bus.define.*NotAuthorized" as_user member bxctl define kept --size 64M
refuse "NotAuthorized" as_user member bxctl forget demo
as_user stranger bxctl list | grep -q demo || fail "not everybody may look"
as_user member bxctl destroy demo
bxctl define kept --size 64M
refuse "written down for every boot" as_user member bxctl destroy kept
as_user member bxctl start kept
as_user member bxctl stop kept
bxctl forget kept

# bxd goes on while polkit thinks, and who asks and leaves does no harm.
systemctl kill --signal=STOP polkit
as_user member busctl --timeout=60 call $bus /org/byteexpress/bx1/device/bxlab0 $bus.Device Reset 'a{sv}' 0 >/tmp/asked 2>&1 &
asked=$!
setpriv --reuid="$(id -u stranger)" --regid="$(id -g stranger)" --init-groups \
	python3 /usr/lib/bx-lab/varlink.py /run/bxd/$bus $bus.Reset '{"id": "bxlab0"}' >/dev/null 2>&1 &
leaves=$!
sleep 1
kill $leaves
within 5 sh -c "! kill -0 $leaves"
as_user stranger bxctl list | grep -q bxlab0 || fail "bxd waits for polkit"
kill -0 $asked || fail "somebody was answered without polkit: $(cat /tmp/asked)"
systemctl kill --signal=CONT polkit
! wait $asked || fail "a reset was allowed"
grep -q "needs the authorization" /tmp/asked || fail "$(cat /tmp/asked)"
expect active systemctl is-active bxd

# Without it only root may act.
rm /etc/polkit-1/rules.d/50-bxd-group.rules
systemctl mask --runtime --now polkit
refuse "polkit.*NotAuthorized" as_user member bxctl reset bxlab0
bxctl reset bxlab0
systemctl unmask --runtime polkit
