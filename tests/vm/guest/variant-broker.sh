# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# The variant in which dbus-broker is the bus; see look-around.sh.
. /usr/lib/bx-lab/lib.sh

pgrep -x dbus-broker >/dev/null || fail "the bus was not dbus-broker"
! pgrep -x dbus-daemon >/dev/null || fail "there was a dbus-daemon"
