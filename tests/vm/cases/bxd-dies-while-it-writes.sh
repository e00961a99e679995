#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# bxd killed before one or another of its writes while it defines, creates, destroys and forgets: what is written is there wholly or not at
# all, the next bxd takes up what was begun, and nothing stays that could not be got rid of.
# only: bookworm
# vm: --timeout 1200
# long
. /usr/lib/bx-lab/lib.sh

emu=/sys/kernel/config/bx_emu
mkdir -p /run/systemd/system/bxd.service.d
printf '[Unit]\nStartLimitIntervalSec=0\n' >/run/systemd/system/bxd.service.d/again.conf
systemctl daemon-reload

traced() {
	! grep -q '^TracerPid:.0$' "/proc/$1/status"
}
state() {
	bxctl show "$1" 2>/dev/null | sed -n 's/^ *State: //p'
}
settled() {
	case "$(state "$1")" in
	'' | ready | stopped) ! busctl tree --list org.byteexpress.bx1 | grep -q /job/ || ended ;;
	*) false ;;
	esac
}
ended() { # every job
	for job in $(busctl tree --list org.byteexpress.bx1 | grep '/job/'); do
		busctl get-property org.byteexpress.bx1 "$job" org.byteexpress.bx1.Job State | grep -q ended || return 1
	done
}

# kill_at CALL N COMMAND...: bxd is killed when it begins its Nth such system call from now on. Whether it was, is in $killed; how the
# command ended, in $status.
kill_at() {
	call=$1 when=$2
	shift 2
	systemctl start bxd
	pid=$(systemctl show -P MainPID bxd)
	strace -qq -o /dev/null -p "$pid" -e "trace=$call" -e "inject=$call:signal=KILL:when=$when" &
	tracer=$!
	within 20 traced "$pid"
	status=0
	timeout 90 "$@" >/tmp/said 2>&1 || status=$?
	kill $tracer 2>/dev/null || true
	wait $tracer || true
	within 30 bxctl list
	killed=no
	[ "$(systemctl show -P MainPID bxd)" = "$pid" ] || killed=yes
	within 60 settled victim
	echo "$* at $call $when: killed $killed, status $status, then '$(state victim)'"
}

# try WANTED COMMAND...: at every write in turn, until it comes through alive. Each time begins as `prepare` leaves it and is judged by `check`.
try() {
	deaths=0
	for call in write fsync renameat unlinkat; do
		when=0
		killed=yes
		while [ $killed = yes ]; do
			when=$((when + 1))
			[ $when -lt 60 ] || fail "$*: there is no end of writes"
			prepare
			kill_at "$call" $when "$@"
			check
			deaths=$((deaths + 1))
		done
		deaths=$((deaths - 1))
		[ "$status" = 0 ] || fail "$* failed without anybody dying: $(cat /tmp/said)"
	done
	[ $deaths -ge 4 ] || fail "$*: bxd was killed only $deaths times"
}

clean() {
	case "$(state victim)" in
	'') ;;
	*) bxctl destroy victim 2>/dev/null || { bxctl stop victim 2>/dev/null || true; bxctl forget victim; } ;;
	esac
	within 20 sh -c '! bxctl list | grep -q victim'
	[ ! -e $emu/victim ] || fail "the device stays in configfs"
	! ls /var/lib/bxd/devices/victim.json /run/bxd/devices/victim.json 2>/dev/null || fail "a definition stays"
}

# What is shown is wholly what was asked for.
whole() {
	[ -z "$(state victim)" ] || bxctl --json show victim | tr -d ' \n' | grep -q '"Settings":{"capacity":"64M","type":"nvm"}\|"Settings":{"type":"nvm","capacity":"64M"}' ||
		fail "half a definition: $(bxctl --json show victim)"
	[ "$status" != 0 ] || [ "$1" = "$(state victim)" ] || fail "it was said to be done, and is '$(state victim)'"
}

prepare() { clean; }
check() { whole stopped; }
try bxctl define victim --type nvm --size 64M
check() { whole ready; }
try bxctl create victim --type nvm --size 64M

prepare() {
	[ "$(state victim)" = ready ] || { clean; bxctl create victim --type nvm --size 64M >/dev/null; }
}
check() { whole ''; }
try bxctl destroy victim

prepare() {
	[ "$(state victim)" = stopped ] || { clean; bxctl define victim --type nvm --size 64M; }
}
try bxctl forget victim
clean

rm -r /run/systemd/system/bxd.service.d
systemctl daemon-reload
systemctl reset-failed bxd 2>/dev/null || true
