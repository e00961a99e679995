#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The exposure of bxd.service is at most 2.6 by systemd's own count, and the unit is without a mistake.
. /usr/lib/bx-lab/lib.sh

systemctl start bxd
systemd-analyze security --no-pager --threshold=26 bxd >/tmp/security || fail "$(tail -n 1 /tmp/security)"
tail -n 1 /tmp/security
systemd-analyze verify --man=no /usr/lib/systemd/system/bxd.service >/tmp/verify 2>&1 || fail "$(cat /tmp/verify)"
! grep -q bxd /tmp/verify || fail "$(cat /tmp/verify)"

# Whoever could open a lock could hold up every rebind.
expect 700 stat -c %a /run/bxd/lock
