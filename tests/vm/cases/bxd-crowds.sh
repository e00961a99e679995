#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A hundred clients at once on each transport are served; of two that race for a device one has a job; those that flood bxd or never
# read what it tells them keep nobody else waiting, and who reads misses nothing.
# vm: --timeout 1200 --silence 600
# long
. /usr/lib/bx-lab/siege.sh

most=$(($(resident) + 16384))
open=$(descriptors)
bx-crowd clients 100
bx-crowd limit 100
bx-crowd race bxlab0 pci-stub
bx-crowd race bxlab0 nvme
bx-crowd deaf 10000
bx-crowd flood 5000
unharmed $most "$open"
clean_up
