#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A bxd that does not answer any more is ended by the service manager and begun again, and knows what it knew.
# long
. /usr/lib/bx-lab/lib.sh

systemctl start bxd
within 10 sh -c 'bxctl show bxlab0 | grep -q "State: ready"'
bxctl define kept --type nvm --size 64M
kill -STOP "$(systemctl show -P MainPID bxd)"
within 90 sh -c '[ "$(systemctl show -P NRestarts bxd)" = 1 ]'
systemctl is-failed bxd && fail "it was not begun again"
journalctl -b -u bxd | grep -q -i watchdog || fail "it was not the watchdog"
within 20 sh -c 'bxctl show bxlab0 | grep -q "State: ready"'
bxctl show kept >/dev/null
bxctl forget kept
