#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Every command in the EXAMPLES of the manual runs as it stands there.
# daily: bookworm
. /usr/lib/bx-lab/lib.sh

expect 0000:01:00.0 nvme_address bxlab0
systemctl start bxd
within 10 sh -c 'bxctl show bxlab0 | grep -q "State: ready"'

# The example before may have left a job that it did not wait for.
before_example() {
	within 30 sh -c 'bxctl status | grep -q "jobs: 0 running"'
}

after_example() {
	:
}

examples /usr/share/man/man1/bxctl.1 /usr/share/man/man5/bxd.preset.5 /usr/share/man/man5/bxd.conf.5 /usr/share/man/man8/bxd.8
[ "${examples:?}" -ge 20 ] || fail "only $examples examples were found"
within 20 sh -c 'bxctl show bxlab0 | grep -q "State: ready"'
