#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A disk that a program merely has open stays where it is, and the refusal names the program, wherever it lives. Who only looks at
# the disk for a moment is waited for. Where nobody can be asked, nothing is done.
# long
. /usr/lib/bx-lab/lib.sh

address=$(nvme_address bxlab0)
systemctl start bxd
within 10 sh -c 'bxctl show bxlab0 | grep -q "State: ready"'
disk=$(bxctl show bxlab0 | sed -n 's/^ *BlockDevices: //p')
controller=/dev/$(ls "/sys/bus/pci/devices/$address/nvme")
generic=/dev/ng${disk#/dev/nvme}
inode=$(stat -Lc %i "/sys/bus/pci/devices/$address")

refused() { # PATTERN
	for command in "bind bxlab0 pci-stub" "unbind bxlab0" "reenumerate bxlab0"; do
		# shellcheck disable=SC2086
		refuse "$1.*DeviceBusy" bxctl $command
	done
	echo "refused: $1"
	expect nvme sh -c "basename \$(readlink /sys/bus/pci/devices/$address/driver)"
	expect '(null)' cat "/sys/bus/pci/devices/$address/driver_override"
	[ "$(stat -Lc %i "/sys/bus/pci/devices/$address")" = "$inode" ] || fail "it was let go"
}
# hold COMMAND...: runs it until release; it says when it holds.
hold() {
	: >/run/bx-held
	"$@" &
	holder=$!
	within 30 test -s /run/bx-held
}
release() {
	kill "$holder"
	wait "$holder" || true
}
cat >/run/bx-hold.py <<'PY'
import os, sys, time
fd = os.open(sys.argv[1], os.O_RDONLY)
open("/run/bx-held", "w").write("yes")
time.sleep(1000)
PY
python="python3 /run/bx-hold.py"

# The whole disk, by a program in a unit.
: >/run/bx-held
chmod 666 /run/bx-held
systemd-run -q --unit bx-holder $python "$disk"
within 30 test -s /run/bx-held
pid=$(systemctl show -P MainPID bx-holder)
refused "$disk is open in python3 .pid $pid, unit bx-holder.service"
systemctl stop bx-holder

# Its controller, its namespace as a character device, by a nobody.
hold $python "$controller"
refused "$controller is open in python3 .pid $holder, unit bx-lab.service"
release
chmod 666 "$generic"
hold setpriv --reuid=65534 --regid=65534 --clear-groups $python "$generic"
refused "$generic is open in python3 .pid $holder"
release

# A partition, which the claim of the whole does not see.
echo 'start=2048, size=65536' | sfdisk -q "$disk"
within 10 test -b "${disk}p1"
hold $python "${disk}p1"
refused "${disk}p1 is open in python3 .pid $holder"
release

# In other namespaces: the node has another name and another /dev, and the program another number.
hold unshare --mount --pid --fork --kill-child sh -c "
	mount -t proc proc /proc
	mount -t tmpfs tmpfs /mnt
	mknod /mnt/node b $(tr : ' ' <"/sys/class/block/${disk#/dev/}/dev")
	mount -t tmpfs tmpfs /dev
	exec $python /mnt/node"
inner=$(pgrep -P "$holder")
refused "$disk is open in python3 .pid $inner, "
kill -9 "$inner" # the first process of a namespace takes no other signal from outside
wait "$holder" || true

# A thread that goes on after the first one has ended, with the descriptor; and another that has a table of its own.
cat >/run/bx-thread.py <<'PY'
import ctypes, os, sys, threading, time
def on():
    if sys.argv[2] == "own":
        assert ctypes.CDLL(None).unshare(0x400) == 0
    os.open(sys.argv[1], os.O_RDONLY)
    open("/run/bx-held", "w").write("yes")
    time.sleep(1000)
threading.Thread(target=on).start()
if sys.argv[2] == "own":
    time.sleep(1000)
ctypes.CDLL(None).pthread_exit(None)
PY
for kind in own last; do
	hold python3 /run/bx-thread.py "$disk" $kind
	sleep 0.5
	refused "$disk is open in python3 .pid $holder"
	kill -9 "$holder"
	wait "$holder" || true
done

# Many: those that there is no room for are counted.
set --
while [ $# -lt 7 ]; do
	hold $python "$disk"
	set -- "$@" "$holder"
done
refuse "$disk is open in python3 .*; and 3 more .DeviceBusy" bxctl unbind bxlab0
kill "$@"
wait
wipefs -aq "$disk"

# Who is done soon is waited for.
hold sh -c "exec 3<$disk; echo yes >/run/bx-held; sleep 1"
bxctl bind bxlab0 pci-stub
wait "$holder"
bxctl bind bxlab0 nvme
within 10 sh -c 'bxctl show bxlab0 | grep -q "State: ready"'
inode=$(stat -Lc %i "/sys/bus/pci/devices/$address")

# Nobody answers: then nobody knows, and nothing is done.
systemctl mask -q --runtime bxd-inspector.socket
systemctl stop bxd-inspector.socket bxd-inspector.service
refuse "the inspector does not answer at /run/bxd/inspector.*systemctl status bxd-inspector.socket.*UsersUnknown" bxctl unbind bxlab0
set +e
bxctl unbind bxlab0 2>/dev/null
code=$?
set -e
[ $code = 4 ] || fail "bxctl ended with $code instead of 4"
systemctl unmask -q --runtime bxd-inspector.socket
expect nvme sh -c "basename \$(readlink /sys/bus/pci/devices/$address/driver)"

# The worker itself sees to it that there is somebody; who ends when nobody asks any more.
bxctl bind bxlab0 pci-stub
expect active systemctl is-active bxd-inspector.socket
within 20 sh -c 'systemctl show -P ActiveState bxd-inspector.service | grep -qx inactive'
bxctl bind bxlab0 nvme
within 10 sh -c 'bxctl show bxlab0 | grep -q "State: ready"'

# An emulated disk is not stopped, either.
emulated=$(bxctl create demo --size 64M)
hold $python "$emulated"
refuse "$emulated is open in python3 .pid $holder.*DeviceBusy" bxctl stop demo
[ -b "$emulated" ] || fail "$emulated has gone"
release
bxctl destroy demo
expect 0 sh -c "systemctl list-units --failed --no-legend 'bxd*' | wc -l"
