#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A host that gives it addresses where there is no memory gets an error for each: holes beside RAM, other devices' registers, its own.
# vm: --memmap 512M@5G
# long
. /usr/lib/bx-lab/emu.sh

make blind queues=1
function=$(basename "$(readlink -f "/sys/class/nvme/$(controller blind)/device")")
echo "$function" >/sys/bus/pci/drivers/nvme/unbind
python3 "${0%.sh}.py" "/sys/bus/pci/devices/$function" || fail "see above"
echo "$function" >/sys/bus/pci/drivers/nvme/bind
within 20 ready blind
verified_load "$(disk blind)" --size=2m --offset_increment=4m
destroy blind
