#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The checks that the stand-in kernel headers pass in user space hold in the real kernel, too.
. /usr/lib/bx-lab/lib.sh

modprobe bx_kit_selftest || fail "$(dmesg | grep bx_kit_selftest | tail -n 3)"
[ "$(dmesg | grep -c 'bx_kit_selftest: ok ')" -gt 20 ] || fail "hardly a check was run"
rmmod bx_kit_selftest
