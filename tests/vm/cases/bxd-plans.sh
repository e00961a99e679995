#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A plan is what is then written, as the system calls of the worker show; to plan changes nothing; what is refused is refused in the
# same words; what has changed since is said, and nothing is done. Plans of strangers are refused with what is wrong with them.
# long
. /usr/lib/bx-lab/lib.sh

bus=org.byteexpress.bx1
root=/org/byteexpress/bx1
socket=/run/bxd/$bus
address=$(nvme_address bxlab0)
emu=/sys/kernel/config/bx_emu
sysfs=/sys/bus/pci/devices/$address
call() { # METHOD PARAMETERS
	python3 /usr/lib/bx-lab/varlink.py $socket "$bus.$1" "$2"
}
# What a plan, or what a worker, would not leave as it is.
machine() {
	readlink "$sysfs/driver" || true
	cat "$sysfs/driver_override"
	lsmod | sort | cut -d' ' -f1
	ls $emu 2>/dev/null || true
	ls /run/bxd/devices /var/lib/bxd/devices 2>/dev/null || true
}
# The writes of a plan: what, and where.
writes() { # FILE
	python3 - "$1" <<'PYTHON'
import json, os, sys
for access in json.load(open(sys.argv[1]))["accesses"]:
    if access["access"] in ("write", "make", "remove"):
        print(access["access"], os.path.realpath(os.path.dirname(access["path"])) + "/" + os.path.basename(access["path"]),
              json.dumps(access["value"]))
PYTHON
}
# The same of the worker, from its system calls.
traced() {
	python3 - /run/bx-trace <<'PYTHON'
import json, re, sys
for line in open(sys.argv[1]):
    # strace names the file of a descriptor, and the folder that a path begins at.
    write = re.search(r'write\(\d+<(/sys/[^>]*)>, ("(?:[^"\\]|\\.)*")', line)
    folder = re.search(r'(mkdirat|unlinkat)\([^,]*, "(sys/[^"]*)".*= 0', line)
    if write:
        print("write", write[1], json.dumps(json.loads(write[2])))
    elif folder:
        print({"mkdirat": "make", "unlinkat": "remove"}[folder[1]], "/" + folder[2], '""')
PYTHON
}

cat >/run/bx-wrapper <<'WRAPPER'
#!/bin/sh
exec strace -y -s 4096 -o /run/bx-trace -e trace=write,mkdirat,unlinkat /usr/libexec/bxd/bxd-worker "$1"
WRAPPER
chmod +x /run/bx-wrapper
mkdir -p /run/systemd/system/bxd-worker@.service.d
printf '[Service]\nExecStart=\nExecStart=/run/bx-wrapper %%i\nSystemCallFilter=\nReadWritePaths=/run\n' \
	>/run/systemd/system/bxd-worker@.service.d/trace.conf
systemctl daemon-reload
systemctl start bxd
within 10 sh -c 'bxctl show bxlab0 | grep -q "State: ready"'

# planned_and_done COMMAND...: is planned, which changes nothing, and applied, and the worker writes what the plan says.
planned_and_done() {
	machine >/tmp/before
	bxctl --json plan "$@" >/tmp/plan || fail "plan $* ended with $?"
	machine >/tmp/after
	diff -u /tmp/before /tmp/after || fail "to plan $* has changed something, see above"
	bxctl plan "$@" | grep -qE '^ *1\. ' || fail "plan $* prints no list"
	bxctl apply /tmp/plan
	writes /tmp/plan >/tmp/planned
	traced >/tmp/traced
	[ -s /tmp/planned ] || fail "nothing was planned"
	diff -u /tmp/planned /tmp/traced || fail "$* is not what was planned, see above"
}

# Its folders are asked for while it still has a driver, by links that a rebind moves: so each plan on its own.
planned_and_done bind bxlab0 pci-stub
expect pci-stub cat "$sysfs/driver_override"
planned_and_done bind "$address" nvme
within 10 sh -c 'bxctl show bxlab0 | grep -q "State: ready"'
planned_and_done unbind bxlab0
planned_and_done bind bxlab0 nvme
within 10 sh -c 'bxctl show bxlab0 | grep -q "State: ready"'
planned_and_done reset bxlab0
planned_and_done create demo --size 64M queues=4 namespaces/1/size=32M
grep -q '"path": *"bx_emu"' /tmp/plan || fail "the module is not in the plan: $(cat /tmp/plan)"
within 20 sh -c 'bxctl show demo | grep -q "State: ready"'
expect 4 cat $emu/demo/queues
planned_and_done stop demo
planned_and_done start demo
within 20 sh -c 'bxctl show demo | grep -q "State: ready"'
bxctl destroy demo
# The bus is looked at again until the device is back, so that line can come more than once.
bxctl --json plan reenumerate bxlab0 >/tmp/plan
writes /tmp/plan >/tmp/planned
bxctl apply /tmp/plan
traced | uniq >/tmp/traced
diff -u /tmp/planned /tmp/traced || fail "reenumerate is not what was planned, see above"
within 20 sh -c 'bxctl show bxlab0 | grep -q "State: ready"'

# Nothing to be done is said.
bxctl plan bind bxlab0 nvme | grep -q "Nothing would be changed" || fail "$(bxctl plan bind bxlab0 nvme)"

# What would be refused is refused in the same words, with the same exit status, and all of it.
disk=/dev/$(basename "$(echo /sys/bus/pci/devices/"$address"/nvme/nvme*/nvme*n1)")
mkfs.ext4 -q "$disk"
mount "$disk" /mnt
same_refusal() { # COMMAND...
	said=$(bxctl "$@" 2>&1) && fail "$* succeeded"
	code=0
	planned=$(bxctl plan "$@" 2>&1) || code=$?
	expected=0
	bxctl "$@" >/dev/null 2>&1 || expected=$?
	[ $code = $expected ] || fail "plan $* ended with $code, and $* with $expected"
	reason=${said#*: *: }
	case "$planned" in
	*"$reason"*) ;;
	*) fail "'$planned' has no '$reason' in it" ;;
	esac
}
same_refusal bind bxlab0 pci-stub
same_refusal unbind bxlab0
same_refusal reenumerate bxlab0
same_refusal bind bxlab0 missing
bxctl plan bind bxlab0 missing 2>&1 | grep -q DeviceBusy || fail "only one of two refusals is told"
bxctl --json plan unbind bxlab0 >/tmp/busy || true
refuse "DeviceBusy" bxctl apply /tmp/busy
grep -q "${disk#/dev/} is mounted at" /tmp/busy || fail "who uses it is not told: $(cat /tmp/busy)"
umount /mnt

# So with what is on a disk, unless it may go with it; and the plan says so, and counts where it is done.
same_refusal bind bxlab0 pci-stub
same_refusal unbind bxlab0
bxctl plan unbind bxlab0 2>&1 | grep -q DeviceHasData || fail "$(bxctl plan unbind bxlab0 2>&1)"
bxctl --json plan bind bxlab0 pci-stub --with-data >/tmp/plan
bxctl apply /tmp/plan
bxctl bind bxlab0 nvme
refuse "'with_data' is for bind and unbind alone" bxctl plan reset bxlab0 --with-data
wipefs -qa "$disk"
same_refusal create bxlab0
same_refusal start bxlab0
refuse "there is no setting 'colour'.*InvalidArgument" bxctl plan create demo colour=red
refuse "is called" bxctl plan reset nothing
refuse "no plan of 'format'" bxctl plan format bxlab0
refuse "takes DEVICE DRIVER" bxctl plan bind bxlab0

# What has changed since the plan was made is said, and nothing is done.
bxctl --json plan bind bxlab0 pci-stub >/tmp/plan
bxctl unbind bxlab0
machine >/tmp/before
refuse "the driver was 'nvme' and has become ''.*PlanOutdated" bxctl apply /tmp/plan
expect 4 sh -c 'bxctl apply /tmp/plan 2>/dev/null; echo $?'
bxctl bind bxlab0 nvme
bxctl reenumerate bxlab0
within 10 sh -c 'bxctl show bxlab0 | grep -q "State: ready"'
refuse "has left the machine, and come back.*PlanOutdated" bxctl apply /tmp/plan
bxctl --json plan bind bxlab0 pci-stub >/tmp/plan
echo vfio-pci >"$sysfs/driver_override"
refuse "the driver_override was '' and has become 'vfio-pci'.*PlanOutdated" bxctl apply /tmp/plan
echo >"$sysfs/driver_override"
expect nvme basename "$(readlink "$sysfs/driver")"
bxctl define kept --size 64M
bxctl --json plan start kept >/tmp/kept
bxctl define kept --size 128M
refuse "the setting capacity was '64M' and has become '128M'.*PlanOutdated" bxctl apply /tmp/kept
[ ! -e $emu/kept ] || fail "it was started all the same"
bxctl forget kept
bxctl --json plan create demo --size 64M >/tmp/create
sed 's/64M/32M/' /tmp/create >/tmp/other
bxctl apply /tmp/other
bxctl destroy demo
sed '0,/64M/s//32M/' /tmp/create >/tmp/other
refuse "access [0-9]* of the plan.*PlanOutdated" bxctl apply /tmp/other
refuse "is called" bxctl show demo
expect "" ls /run/bxd/devices

# What is no plan is named.
bxctl --json plan reset bxlab0 >/tmp/plan
: >/tmp/empty
echo '[]' >/tmp/list
sed 's/"accesses"/"excesses"/' /tmp/plan >/tmp/without
sed 's/"basis": *{/&"colour": "red",/' /tmp/plan >/tmp/more
sed 's/"kind": *"reset"/"kind": "format"/' /tmp/plan >/tmp/kind
sed 's/"access": *"write"/"access": "burn"/' /tmp/plan >/tmp/access
sed 's/"kind": *"reset"/"kind": 7/' /tmp/plan >/tmp/number
refuse "/tmp/nothing cannot be read: No such file" bxctl apply /tmp/nothing
refuse "/tmp/empty is no JSON object" bxctl apply /tmp/empty
refuse "/tmp/list is no JSON object" bxctl apply /tmp/list
refuse "'accesses' is missing" bxctl apply /tmp/without
refuse "no plan: basis has a member 'colour'.*InvalidArgument" bxctl apply /tmp/more
refuse "no plan of 'format'.*InvalidArgument" bxctl apply /tmp/kind
refuse "no plan: there is no access 'burn'.*InvalidArgument" bxctl apply /tmp/access
refuse "'basis' is no object of strings" bxctl apply /tmp/number
expect 2 sh -c 'bxctl apply /tmp/list 2>/dev/null; echo $?'
bxctl apply - </tmp/plan

# On varlink the plan is what goes back, too.
call Plan '{"kind": "reset", "device": "bxlab0"}' >/tmp/planned
python3 -c 'import json; p = json.load(open("/tmp/planned")); del p["refusals"]; print(json.dumps(p))' >/tmp/applied
call Apply "$(cat /tmp/applied)" | grep -q '"job"' || fail "no job was begun"
within 10 sh -c 'bxctl show bxlab0 | grep -q "State: ready"'
refuse "$bus.InvalidArgument.*needs the option 'driver'" call Plan '{"kind": "bind", "device": "bxlab0"}'
refuse "$bus.InvalidArgument.*list of objects" call Apply '{"basis": {}, "settings": {}, "accesses": [7]}'
refuse "$bus.InvalidArgument.*basis has no text 'kind'" call Apply '{"basis": {}, "settings": {}, "accesses": []}'
refuse "$bus.NoSuchDevice" call Plan '{"kind": "reset", "device": "nothing"}'

# Whoever may not do it may not have it planned; and the worker of a plan could not write anything.
refuse "NotAuthorized" setpriv --reuid=65534 --regid=65534 --clear-groups bxctl plan reset bxlab0
refuse "NotAuthorized" setpriv --reuid=65534 --regid=65534 --clear-groups bxctl apply /tmp/plan
expect yes systemctl show -P ProtectKernelTunables bxd-planner@1.service

# While it is planned nothing else begins, and it does not look as if anything was done to it.
mkdir -p /run/systemd/system/bxd-planner@.service.d
printf '[Service]\nExecStart=\nExecStart=/bin/sh -c "sleep 4; exec /usr/libexec/bxd/bxd-worker %%i"\n' \
	>/run/systemd/system/bxd-planner@.service.d/slow.conf
systemctl daemon-reload
bxctl plan reset bxlab0 >/tmp/slow 2>&1 &
slow=$!
within 3 sh -c "busctl tree --list $bus | grep -q $root/job/"
expect ready sh -c "bxctl show bxlab0 | sed -n 's/^ *State: //p'"
refuse "is at work on bxlab0 .JobInProgress" bxctl reset bxlab0
bxctl plan reset bxlab0 2>&1 | grep -q "JobInProgress" || fail "a plan does not tell of the other one"
wait $slow || fail "$(cat /tmp/slow)"
grep -q reset_controller /tmp/slow || fail "$(cat /tmp/slow)"
# Whoever asked and left is not answered, and does no harm; nor is one whose bxd was restarted.
python3 /usr/lib/bx-lab/varlink.py $socket $bus.Plan '{"kind": "reset", "device": "bxlab0"}' >/dev/null 2>&1 &
leaves=$!
sleep 1
kill $leaves
within 15 sh -c 'bxctl reset bxlab0'
bxctl plan reset bxlab0 >/tmp/slow 2>&1 &
slow=$!
sleep 1
systemctl restart bxd
! wait $slow || fail "a plan was answered by a bxd that was not asked"
within 20 sh -c 'bxctl reset bxlab0'
rm -r /run/systemd/system/bxd-planner@.service.d /run/systemd/system/bxd-worker@.service.d
systemctl daemon-reload
within 45 sh -c '! ls /run/bxd/journal/* 2>/dev/null'
expect 0 sh -c "systemctl list-units --failed --no-legend 'bxd*' | wc -l"
modprobe -r bx_emu
