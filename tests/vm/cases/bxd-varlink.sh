#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The same on varlink: others' clients list, introspect, call and monitor; the socket starts bxd; errors have their names.
. /usr/lib/bx-lab/lib.sh

socket=/run/bxd/org.byteexpress.bx1
bus=org.byteexpress.bx1
call() { # METHOD [PARAMETERS]
	python3 /usr/lib/bx-lab/varlink.py $socket "$@"
}

systemctl stop bxd
systemctl start bxd.socket
expect inactive systemctl show -P ActiveState bxd
call org.varlink.service.GetInfo | grep -q "\"$bus\"" || fail "the interface is not among those that are there"
expect active systemctl is-active bxd
within 10 sh -c 'bxctl show bxlab0 | grep -q "State: ready"'

call org.varlink.service.GetInterfaceDescription "{\"interface\": \"$bus\"}" | grep -q "method Bind(id: string, driver: string, options: ?(with_data: ?bool)) -> (job: string)" ||
	fail "Bind is not described"
call $bus.ListDevices | grep -q '"Id": "bxlab0"' || fail "bxlab0 is not among the devices"
call $bus.GetManager | grep -q "\"KernelRelease\": \"$(uname -r)\"" || fail "the manager is not told"

# Errors have their names, and name what is wrong.
refuse "$bus.NoSuchDevice.*there is no Device 'nothing'" call $bus.Reset '{"id": "nothing"}'
refuse "org.varlink.service.InvalidParameter.*\"id\"" call $bus.Bind '{"driver": "nvme"}'
refuse "$bus.InvalidArgument.*argument 'driver' is missing" call $bus.Bind '{"id": "bxlab0"}'
refuse "$bus.InvalidArgument.*argument 'driver' is 4, and must be a string" call $bus.Bind '{"id": "bxlab0", "driver": 4}'
refuse "$bus.InvalidArgument.*there is no argument 'speed'" call $bus.Reset '{"id": "bxlab0", "speed": "high"}'
refuse "org.varlink.service.MethodNotFound" call $bus.Explode
refuse "$bus.NotAuthorized" setpriv --reuid=65534 --regid=65534 --clear-groups \
	python3 /usr/lib/bx-lab/varlink.py $socket $bus.Reset '{"id": "bxlab0"}'

# What happens is told to who monitors, after what is there.
python3 /usr/lib/bx-lab/varlink.py --more $socket $bus.Monitor >/tmp/monitor &
monitor=$!
within 10 grep -q '"event": "ready"' /tmp/monitor
grep -q '"event": "present".*"id": "bxlab0"' /tmp/monitor || fail "what is there was not told: $(cat /tmp/monitor)"
call $bus.CreateDevice '{"name": "demo", "settings": {"capacity": "64M"}}' | grep -q '"device": "demo"' || fail "no device was made"
within 30 grep -q '"event": "changed".*"id": "demo".*"State": "ready"' /tmp/monitor
call $bus.Destroy '{"id": "demo"}'
within 30 grep -q '"event": "removed".*"id": "demo"' /tmp/monitor
kill $monitor

# Others' clients. varlinkctl comes with systemd from 255 on.
if command -v varlinkctl; then
	varlinkctl introspect $socket $bus | grep -q "method ListDevices" || fail "varlinkctl does not introspect"
	varlinkctl call $socket $bus.ListDevices '{}' | grep -q bxlab0 || fail "varlinkctl does not call"
	timeout 3 varlinkctl call --more $socket $bus.Monitor '{}' >/tmp/more || true
	grep -q ready /tmp/more || fail "varlinkctl does not monitor: $(cat /tmp/more)"
fi

# And the code below it passes the certification of another implementation, whose exit status says nothing.
/usr/lib/bx-lab/bx-varlink-certification /tmp/certification &
service=$!
within 10 test -S /tmp/certification
varlink-go-certification -client -varlink unix:/tmp/certification >/tmp/certified 2>&1 || true
expect "End: 'true'" tail -n 1 /tmp/certified
kill $service
wait $service || fail "the certified service ended with $?"
