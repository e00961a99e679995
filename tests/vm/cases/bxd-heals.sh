#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# bxd, or bxd and its worker, killed at any moment of a rebind: the device has a driver afterwards, the job has a result,
# and both say the same.
# daily: bookworm
. /usr/lib/bx-lab/rebinds.sh

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
mkdir -p /run/systemd/system/bxd-worker@.service.d
printf '[Service]\nExecStart=\nExecStart=/bin/sh -c "sleep 5; exec /usr/libexec/bxd/bxd-worker %%i"\n' \
	>/run/systemd/system/bxd-worker@.service.d/slow.conf
systemctl daemon-reload
job=$(bxctl --no-wait bind bxlab0 "$(other)")
expect 1 sh -c 'bxctl show bxlab0 | grep -c "State: rebinding"'
refuse "is at work on bxlab0 .JobInProgress" bxctl bind bxlab0 pci-stub
refuse "is at work on bxlab0 .JobInProgress" bxctl unbind bxlab0
rm -r /run/systemd/system/bxd-worker@.service.d
systemctl daemon-reload
within 60 ended "$job"
bxctl bind bxlab0 nvme
expect nvme driver

nothing_left_behind
