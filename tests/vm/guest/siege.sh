# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# What the cases share that lay siege to bxd: `. /usr/lib/bx-lab/siege.sh` starts it, and unharmed says whether it is what it was.

. /usr/lib/bx-lab/lib.sh

bus=org.byteexpress.bx1
varlink() { # METHOD
	python3 /usr/lib/bx-lab/varlink.py /run/bxd/$bus "$bus.$1"
}

resident() { # kB
	sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$pid/status"
}
descriptors() {
	find "/proc/$pid/fd" -type l | wc -l
}
# Ended ones are kept for half a minute.
no_job() {
	[ "$(varlink ListJobs)" = '{"objects": []}' ]
}

# What has a driver is as it should be; what has none says so with its state. A state that only a job can be in must not outlast it.
devices_are_explained() {
	varlink ListDevices | python3 -c '
import json, sys
for device in json.load(sys.stdin)["objects"]:
    if not device["Driver"] and device["State"] not in ("unbound", "stopped", "pulled"):
        sys.exit(f"failed: {device} has no driver, and nothing says why")
    if device["Driver"] and device["State"] in ("stuck", "rebinding", "starting", "stopping", "gone", "unknown"):
        sys.exit(f"failed: {device} is {device['"'State'"']}, and nobody is at work on it")'
}

# Emulated devices go, however they were made, and the disk is back at nvme and works.
clean_up() {
	varlink ListDevices | python3 -c '
import json, sys
for device in json.load(sys.stdin)["objects"]:
    if device["Kind"] == "emulated":
        print(device["Id"], device["State"])' >/tmp/emulated
	while read -r id state; do
		[ "$state" = stopped ] || bxctl stop "$id"
		bxctl forget "$id" 2>/dev/null || bxctl destroy "$id" 2>/dev/null || refuse "is called" bxctl show "$id"
	done </tmp/emulated
	bxctl bind bxlab0 nvme
	within 20 sh -c 'bxctl show bxlab0 | grep -q "State: ready"'
	disk=$(bxctl show bxlab0 | sed -n 's/^ *BlockDevices: //p')
	dd if=/dev/urandom of=/tmp/written bs=1M count=1 status=none
	dd if=/tmp/written of="$disk" oflag=direct bs=1M status=none
	dd if="$disk" iflag=direct bs=1M count=1 status=none | cmp - /tmp/written
}

# unharmed RESIDENT DESCRIPTORS: the process is the one that was started, is not larger than that (in kB), has no more descriptors, and
# had nothing to complain of itself.
unharmed() {
	expect "$pid" systemctl show -P MainPID bxd
	expect 0 systemctl show -P NRestarts bxd
	within 120 no_job
	devices_are_explained
	echo "bxd has $(resident) kB and $(descriptors) descriptors"
	[ "$(resident)" -le "$1" ] || fail "bxd has grown to $(resident) kB, and may have $1"
	[ "$(descriptors)" -le "$2" ] || fail "bxd has $(descriptors) descriptors open, and may have $2"
	journalctl --sync
	journalctl --after-cursor="$cursor" -q -p err -o cat -u bxd -u 'bxd-worker@*' >/tmp/errors
	[ ! -s /tmp/errors ] || fail "bxd had to say: $(head -n 20 /tmp/errors)"
}

systemctl start bxd
within 10 sh -c 'bxctl show bxlab0 | grep -q "State: ready"'
pid=$(systemctl show -P MainPID bxd)
journalctl --sync
cursor=$(journalctl -b -q -n 1 --show-cursor | sed -n 's/^-- cursor: //p')
[ -n "$cursor" ] || fail "the journal has no end"
