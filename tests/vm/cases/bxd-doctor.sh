#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A healthy machine has no problem. Then one thing after the other is broken, and doctor says which, and what to type; without bxd, without
# privilege and without a bus, too.
# long
. /usr/lib/bx-lab/lib.sh

address=$(nvme_address bxlab0)
override=/sys/bus/pci/devices/$address/driver_override
release=$(uname -r)
module=$(modinfo -n bx_emu)
nobody() {
	setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}
# finds CODE VERDICT CHECK PATTERN ADVICE [COMMAND...]: doctor, or the command, ends with CODE and has that line and that advice behind it.
finds() {
	code=$1 verdict=$2 check=$3 pattern=$4 advice=$5
	shift 5
	[ $# -gt 0 ] || set -- bxctl doctor
	ended=0
	"$@" >/tmp/page || ended=$?
	cat /tmp/page
	[ $ended = "$code" ] || fail "'$*' ended with $ended, not $code"
	grep -A 1 -E "^$verdict +$check +.*$pattern" /tmp/page >/tmp/line || fail "no $verdict of $check with '$pattern'"
	[ -z "$advice" ] || grep -qE "^ +> .*$advice" /tmp/line || fail "no advice with '$advice': $(cat /tmp/line)"
}

systemctl start bxd
systemctl restart polkit
within 10 sh -c 'bxctl show bxlab0 | grep -q "State: ready"'

# Nothing is wrong, for nobody either.
for who in "" nobody; do
	for check in bxd units polkit modules signatures memory definitions presets devices overrides; do
		finds 0 ok $check "" "" $who bxctl doctor
	done
	finds 0 warning iommu "no IOMMU" "kernel command line" $who bxctl doctor
done
finds 0 ok device "bxlab0 is ready, at $address, has nvme" "" bxctl doctor bxlab0
refuse "No NVMe device is called 'nothing'" bxctl doctor nothing
bxctl --json doctor | python3 -c '
import json, sys
findings = json.load(sys.stdin)
assert all(set(f) == {"check", "verdict", "text", "advice"} for f in findings), findings
assert not [f for f in findings if f["verdict"] in ("problem", "unseen")], findings
assert all(f["advice"] for f in findings if f["verdict"] != "ok"), findings'
python3 /usr/lib/bx-lab/varlink.py /run/bxd/org.byteexpress.bx1 org.byteexpress.bx1.Diagnose | grep -q '"check": "memory"' ||
	fail "varlink has no diagnosis"

# The module is not there for this kernel, or is another kernel's.
mv "$module" /tmp/bx_emu.ko
if [ -e "/lib/modules/$release/build/Makefile" ]; then
	finds 9 problem modules "no module bx_emu for this kernel, $release" "sudo make install"
else
	finds 9 problem modules "no module bx_emu for this kernel, $release, and its headers" "apt install linux-headers-$release"
fi
sed "s/vermagic=$release/vermagic=9${release#?}/" /tmp/bx_emu.ko >"$module"
[ "$(modinfo -F vermagic "$module" | cut -d' ' -f1)" != "$release" ] || fail "the module is still this kernel's"
[ "${release%"${release#?}"}" = 9 ] || finds 9 problem modules "built for kernel 9.*, and this is $release" "make clean"
cp /tmp/bx_emu.ko "$module"
finds 0 ok modules "$release" ""

# A definition and a preset that cannot be read.
mkdir -p /etc/bxd/devices /etc/bxd/presets
echo '{"version": 1, "settings": {"colour": "red"}}' >/etc/bxd/devices/odd.json
finds 9 problem definitions "/etc/bxd/devices/odd.json cannot be used: there is no setting 'colour'" "systemctl reload bxd"
rm /etc/bxd/devices/odd.json
echo '{' >/etc/bxd/presets/half.json
finds 9 problem presets "preset /etc/bxd/presets/half.json: it is no JSON object" "mend or remove"
rm /etc/bxd/presets/half.json

# Somebody's driver_override, and what failed last.
echo vfio-pci >"$override"
finds 0 warning overrides "bxlab0 has nvme, and a driver_override 'vfio-pci'" "bxctl bind bxlab0 nvme"
finds 0 warning overrides "driver_override 'vfio-pci'" "" bxctl doctor bxlab0
bxctl bind bxlab0 nvme
finds 0 ok overrides "No driver_override" ""
refuse "DriverNotFound" bxctl bind bxlab0 missing
finds 0 warning devices "last done to bxlab0 failed: DriverNotFound" "journalctl BX_DEVICE=bxlab0"
bxctl reset bxlab0
finds 0 ok devices "" ""

# polkit.
systemctl mask --runtime --now polkit
finds 0 warning polkit "only root may act" "systemctl unmask polkit"
systemctl unmask --runtime polkit

# A unit.
systemctl mask --runtime bxd-planner@.service
finds 9 problem units "bxd-planner@0.service is masked" "systemctl unmask"
systemctl unmask --runtime bxd-planner@.service
finds 0 ok units "" ""

# Little memory: as much is used as leaves less than two blocks.
block=$((0x$(cat /sys/devices/system/memory/block_size_bytes)))
available=$(sed -n 's/^MemAvailable: *\([0-9]*\) kB/\1/p' /proc/meminfo)
mkdir /tmp/full
mount -t tmpfs -o size=100% none /tmp/full
head -c $((available * 1024 - block)) /dev/zero >/tmp/full/zeros
finds 0 warning memory "in blocks of $((block >> 20)) MiB" "memmap=256M.*0x[0-9a-f]*.*update-grub"
umount /tmp/full

# bxd itself. What can be seen without it is.
systemctl stop bxd.socket bxd
systemctl mask --runtime bxd
finds 9 problem bxd "does not answer.*masked" "systemctl unmask bxd"
finds 9 unseen devices "without bxd" ""
finds 9 ok memory "" ""
finds 9 problem bxd "masked" "" nobody bxctl doctor
finds 9 ok modules "" "" nobody bxctl doctor
expect "" sh -c 'bxctl doctor 2>&1 >/dev/null || true'
systemctl unmask --runtime bxd
systemctl start bxd.socket bxd
finds 0 ok bxd "" ""

# And the bus.
finds 9 problem bxd "system bus cannot be reached" "systemctl start dbus" \
	env DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nothing bxctl doctor
