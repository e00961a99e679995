#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Whom nobody needs, ends: bxd after a while without work, and not while there is some; whoever calls has it again, and no call is lost.
# long
. /usr/lib/bx-lab/lib.sh

configure() {
	mkdir -p /etc/bxd/bxd.conf.d
	printf '[Daemon]\nIdleExitSec=%s\n' "$1" >/etc/bxd/bxd.conf.d/idle.conf
}
state() {
	systemctl show -P ActiveState bxd
}
ended() {
	[ "$(state)" = inactive ]
}
stays() { # SECONDS
	for _ in $(seq "$1"); do
		sleep 1
		expect active state
	done
}

# By a reload, and not before its time.
systemctl start bxd.socket bxd
configure 8
systemctl reload bxd
stays 2
within 40 ended
expect success systemctl show -P Result bxd
expect 0 systemctl show -P NRestarts bxd
journalctl --sync
journalctl -b -q -u bxd -o cat | grep -q "Nobody needs bxd" || fail "it does not say that it ends"

echo "it ends by itself"

# Either way of calling starts it.
bxctl list | grep -q bxlab0 || fail "bxctl list does not show bxlab0"
expect active state
within 40 ended
python3 /usr/lib/bx-lab/varlink.py /run/bxd/org.byteexpress.bx1 org.byteexpress.bx1.GetManager >/tmp/manager || fail "varlink does not start it"
expect active state
within 40 ended

echo "it is started by the bus and by the socket"

# It stays for a client that is connected,
bxctl monitor >/tmp/monitor &
monitor=$!
within 10 grep -q . /tmp/monitor
stays 12
kill $monitor
within 40 ended
# and for a definition.
bxctl define kept --type nvm --size 64M
stays 12
bxctl forget kept
within 40 ended

echo "it stays where it is needed"

# In the very moments in which it ends: all are answered.
configure 1
count=0
begin=$(date +%s)
while [ $(($(date +%s) - begin)) -lt 40 ]; do
	# Around the second after which it ends.
	sleep "$(awk "BEGIN { print (600 + $count * 137 % 700) / 1000 }")"
	busctl get-property org.byteexpress.bx1 /org/byteexpress/bx1 org.byteexpress.bx1.Manager Version >/dev/null || fail "call $count was lost"
	python3 /usr/lib/bx-lab/varlink.py /run/bxd/org.byteexpress.bx1 org.byteexpress.bx1.GetManager >/dev/null || fail "varlink call $count was lost"
	count=$((count + 1))
done
journalctl --sync
starts=$(journalctl -b -q -u bxd -o cat | grep -c "Nobody needs bxd")
[ "$starts" -ge 8 ] || fail "it ended only $starts times, so nothing was tried"
expect 0 systemctl show -P NRestarts bxd
echo "$count calls of each kind, and it ended $starts times"

# What is wrong in the file is named, and stops nothing.
printf '[Daemon]\nIdleExitSec=soon\n' >/etc/bxd/bxd.conf
within 40 ended
bxctl list >/dev/null
journalctl --sync
journalctl -b -q -u bxd -o cat | grep -q "/etc/bxd/bxd.conf:2: IdleExitSec=soon is wrong: it is 1s at least, or infinity" || fail "it does not say what is wrong"
rm /etc/bxd/bxd.conf /etc/bxd/bxd.conf.d/idle.conf
systemctl try-reload-or-restart bxd
