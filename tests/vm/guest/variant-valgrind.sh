# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# The variant with bxd and bxd-worker in the hands of memcheck; see look-around.sh.
. /usr/lib/bx-lab/checked.sh

for unit in bxd.service bxd-worker@1.service; do
	systemctl show -P ExecStart $unit | grep -q /usr/bin/valgrind || fail "$unit is not run by valgrind"
done
tell_reports
