#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The same as bxd-survives-fuzzing for ten minutes, with the kernel under all of its checkers.
# vm: --timeout 2400
# fresh
# only: debug
# long
. /usr/lib/bx-lab/fuzzing.sh

survives_fuzzing 60 600
