#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The exposure of the units is what it was by systemd's own count: bxd.service 2.6, the inspector 1.1. They are without a mistake, and the
# inspector has no capability that it can do without.
# It is about the units as they are installed, and a checker needs more than they allow.
# not: asan valgrind
. /usr/lib/bx-lab/lib.sh

systemctl start bxd
systemd-analyze security --no-pager --threshold=26 bxd >/tmp/security || fail "$(tail -n 1 /tmp/security)"
tail -n 1 /tmp/security
systemd-analyze verify --man=no /usr/lib/systemd/system/bxd.service /usr/lib/systemd/system/bxd.socket \
	/usr/lib/systemd/system/bxd-worker@.service /usr/lib/systemd/system/bxd-planner@.service /usr/lib/systemd/system/bxd-inspector.service \
	/usr/lib/systemd/system/bxd-inspector.socket >/tmp/verify 2>&1 || fail "$(cat /tmp/verify)"
! grep -q bxd /tmp/verify || fail "$(cat /tmp/verify)"

# The worker must be able to do more, and no more than that.
systemd-analyze security --no-pager --threshold=45 bxd-worker@1.service >/tmp/security || fail "$(tail -n 1 /tmp/security)"
tail -n 1 /tmp/security

# The one that plans cannot write to /sys.
systemd-analyze security --no-pager --threshold=35 bxd-planner@1.service >/tmp/security || fail "$(tail -n 1 /tmp/security)"
tail -n 1 /tmp/security

# Whoever could open a lock could hold up every rebind.
expect 700 stat -c %a /run/bxd/lock

# The inspector looks at everything, and does nothing: not as root, and without what could reach into a process.
systemd-analyze security --no-pager --threshold=11 bxd-inspector.service >/tmp/security || fail "$(tail -n 1 /tmp/security)"
tail -n 1 /tmp/security
expect 600 stat -c %a /run/bxd/inspector
inspector() { # the words of its answer
	python3 /usr/lib/bx-lab/varlink.py /run/bxd/inspector org.byteexpress.bx1.inspector.FindOpeners '{"block": [], "char": ["1:7"]}'
}
# Somebody else's program that has /dev/full open.
setpriv --reuid=65534 --regid=65534 --clear-groups sleep 1000 </dev/full &
sleeper=$!
within 5 sh -c "grep -q sleep /proc/$sleeper/comm"
inspector | grep -q "\"pid\": $sleeper, \"uid\": 65534, \"command\": \"sleep\"" || fail "process $sleeper is not found: $(inspector)"
pid=$(systemctl show -P MainPID bxd-inspector)
[ "$(stat -c %u "/proc/$pid")" != 0 ] || fail "the inspector is root"
grep -q "^CapEff:.0*80004$" "/proc/$pid/status" || fail "the inspector has $(grep CapEff "/proc/$pid/status")"
refuse "Permission denied|Connection" setpriv --reuid=65534 --regid=65534 --clear-groups \
	python3 /usr/lib/bx-lab/varlink.py /run/bxd/inspector org.varlink.service.GetInfo
refuse "InvalidParameter" python3 /usr/lib/bx-lab/varlink.py /run/bxd/inspector org.byteexpress.bx1.inspector.FindOpeners \
	'{"block": ["none"], "char": []}'

# Without one of its capabilities it does not say that nobody has it open, but that it does not know.
drop=/run/systemd/system/bxd-inspector.service.d
mkdir -p $drop
trap 'rm -rf $drop; systemctl daemon-reload; systemctl stop bxd-inspector.service' EXIT
for left in CAP_SYS_PTRACE CAP_DAC_READ_SEARCH; do
	printf '[Service]\nAmbientCapabilities=\nAmbientCapabilities=%s\nCapabilityBoundingSet=\nCapabilityBoundingSet=%s\n' $left $left >$drop/less.conf
	systemctl daemon-reload
	systemctl stop bxd-inspector.service
	refuse "UsersUnknown.*cannot be looked at: Permission denied" inspector
done
rm -r $drop
systemctl daemon-reload
systemctl stop bxd-inspector.service
inspector >/dev/null
kill $sleeper
