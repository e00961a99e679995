# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# The variant with bxd and bxd-worker under the address and undefined-behaviour sanitizers; see look-around.sh.
. /usr/lib/bx-lab/checked.sh

for program in bxd bxd-worker; do
	grep -q __asan_init /usr/libexec/bxd/$program || fail "$program was built without the sanitizers"
done
tell_reports
