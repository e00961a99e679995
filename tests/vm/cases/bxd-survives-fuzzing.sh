#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Every method and property of bxd is called with anything, on D-Bus and on varlink: it stays up, answers, ends every job, keeps neither
# memory nor descriptors, and the disk works afterwards.
# fresh
# long
. /usr/lib/bx-lab/fuzzing.sh

survives_fuzzing 10 20
