#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The worker killed before one or another of its writes, to the journal or to sysfs: another one goes on or back.
# Slow, and nothing in it depends on the distribution; the unit test of the sequence tries every write there is.
# The leak detector and memcheck cannot work where strace does.
# not: asan valgrind
# only: bookworm
# long
. /usr/lib/bx-lab/rebinds.sh

# The service manager starts the worker through this wrapper, which has strace kill the first one.
cat >/run/bx-wrapper <<'WRAPPER'
#!/bin/sh
when=$(cat /run/bx-kill-at 2>/dev/null) || exec /usr/libexec/bxd/bxd-worker "$1"
rm /run/bx-kill-at
exec strace -o /dev/null -e "inject=write:signal=KILL:when=$when" /usr/libexec/bxd/bxd-worker "$1"
WRAPPER
chmod +x /run/bx-wrapper
mkdir -p /run/systemd/system/bxd-worker@.service.d
printf '[Service]\nExecStart=\nExecStart=/run/bx-wrapper %%i\nSystemCallFilter=\n' >/run/systemd/system/bxd-worker@.service.d/kill.conf
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
rm -r /run/systemd/system/bxd-worker@.service.d
systemctl daemon-reload

nothing_left_behind
