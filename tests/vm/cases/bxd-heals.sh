#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# bxd or its worker killed at any moment of a rebind: the device has a driver afterwards, the job has a result, and
# both say the same.
. /usr/lib/bx-lab/lib.sh

bus=org.byteexpress.bx1
address=$(nvme_address bxlab0)
systemctl start bxd
within 10 sh -c 'bxctl show bxlab0 | grep -q "State: ready"'
bxctl bind bxlab0 pci-stub
bxctl bind bxlab0 nvme

driver() {
	basename "$(readlink "/sys/bus/pci/devices/$address/driver")"
}
worker() {
	pgrep -x bxd-rebind || true
}
ended() {
	busctl get-property $bus "$1" $bus.Job State | grep -q ended
}
# check JOB WANTED OLD: the job has ended, the device is at one of the two drivers, and it is the one that the job says.
check() {
	within 60 ended "$1"
	result=$(busctl get-property $bus "$1" $bus.Job Result)
	now=$(driver)
	echo "$1: $result, at $now"
	case "$result" in
	's "done"') [ "$now" = "$2" ] || fail "the job is done and the device is at $now" ;;
	's "rolled-back"' | 's "refused"') [ "$now" = "$3" ] || fail "$result and the device is at $now" ;;
	*) fail "the job ended with $result" ;;
	esac
	case "$now" in
	nvme)
		within 10 sh -c 'bxctl show bxlab0 | grep -q "State: ready"'
		expect '(null)' cat "/sys/bus/pci/devices/$address/driver_override"
		;;
	*)
		within 10 sh -c 'bxctl show bxlab0 | grep -q "State: foreign-driver"'
		expect pci-stub cat "/sys/bus/pci/devices/$address/driver_override"
		;;
	esac
}
other() {
	if [ "$(driver)" = nvme ]; then echo pci-stub; else echo nvme; fi
}

# bxd is killed: the worker does not notice, and the next bxd finds the job again.
for delay in 0 0.05 0.1 0.2 0.3 0.5; do
	old=$(driver)
	new=$(other)
	job=$(bxctl --no-wait bind bxlab0 "$new")
	sleep $delay
	kill -9 "$(systemctl show -P MainPID bxd)"
	systemctl reset-failed bxd 2>/dev/null || true
	systemctl start bxd
	check "$job" "$new" "$old"
done

# The worker is killed before one or another of its writes, to the journal or to sysfs: another one goes on or back (the
# unit test of the sequence tries them all). The service manager starts it through this wrapper, which has strace kill the first one.
cat >/run/bx-wrapper <<'WRAPPER'
#!/bin/sh
when=$(cat /run/bx-kill-at 2>/dev/null) || exec /usr/libexec/bxd/bxd-rebind "$1"
rm /run/bx-kill-at
exec strace -o /dev/null -e "inject=write:signal=KILL:when=$when" /usr/libexec/bxd/bxd-rebind "$1"
WRAPPER
chmod +x /run/bx-wrapper
mkdir -p /run/systemd/system/bxd-rebind-.service.d
printf '[Service]\nExecStart=\nExecStart=/run/bx-wrapper %%j\n' >/run/systemd/system/bxd-rebind-.service.d/kill.conf
systemctl daemon-reload
killed=0
for round in 1 2; do
	for when in $([ $round = 1 ] && echo 1 3 6 8 9 11 13 15 17 || echo 2 7 10 12 16); do
		bxctl bind bxlab0 "$([ $round = 1 ] && echo nvme || echo pci-stub)"
		old=$(driver)
		new=$(other)
		echo "$when" >/run/bx-kill-at
		job=$(bxctl --no-wait bind bxlab0 "$new")
		check "$job" "$new" "$old"
		case "$(journalctl --sync; journalctl -b -q -u bxd -o cat | grep "^Job ${job##*/}: the worker died")" in
		?*) killed=$((killed + 1)) ;;
		esac
	done
done
echo "$killed workers were killed"
[ $killed -ge 10 ] || fail "only $killed workers were killed in the middle"
rm -r /run/systemd/system/bxd-rebind-.service.d
systemctl daemon-reload

# Both.
for delay in 0.15 0.3; do
	old=$(driver)
	new=$(other)
	job=$(bxctl --no-wait bind bxlab0 "$new")
	sleep $delay
	kill -9 "$(systemctl show -P MainPID bxd)"
	pid=$(worker)
	# It may have ended by itself just now.
	[ -z "$pid" ] || kill -9 "$pid" || true
	systemctl reset-failed bxd 2>/dev/null || true
	systemctl start bxd
	check "$job" "$new" "$old"
done

# While a worker is held up the device is being rebound, and there is no second job.
mkdir -p /run/systemd/system/bxd-rebind-.service.d
printf '[Service]\nExecStart=\nExecStart=/bin/sh -c "sleep 5; exec /usr/libexec/bxd/bxd-rebind %%j"\n' \
	>/run/systemd/system/bxd-rebind-.service.d/slow.conf
systemctl daemon-reload
job=$(bxctl --no-wait bind bxlab0 "$(other)")
expect 1 sh -c 'bxctl show bxlab0 | grep -c "State: rebinding"'
refuse "is at work on bxlab0 .JobInProgress" bxctl bind bxlab0 pci-stub
refuse "is at work on bxlab0 .JobInProgress" bxctl unbind bxlab0
rm -r /run/systemd/system/bxd-rebind-.service.d
systemctl daemon-reload
within 60 ended "$job"
bxctl bind bxlab0 nvme
expect nvme driver

# Nothing is left behind: the journal is empty half a minute later, no unit has failed.
within 45 sh -c '! ls /var/lib/bxd/journal/* 2>/dev/null'
expect 0 sh -c "systemctl list-units --failed --no-legend 'bxd*' | wc -l"
