#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Field by field, what bx_emu answers is what QEMU's controller of the same shape answers; where it is not, the list beside this case says why.
# vm: --memmap 512M@5G --qemu "-device pcie-root-port,id=port1,chassis=2,slot=2 -device nvme-subsys,id=like -device nvme,id=like0,bus=port1,serial=like,subsys=like,max_ioqpairs=4,msix_qsize=5,mdts=8"
# vm: --qemu "-blockdev null-co,node-name=like1,size=67108864,read-zeroes=on -device nvme-ns,bus=like0,nsid=1,drive=like1"
# vm: --qemu "-blockdev null-co,node-name=like2,size=33554432,read-zeroes=on -device nvme-ns,bus=like0,nsid=2,drive=like2,logical_block_size=4096,physical_block_size=4096"
. /usr/lib/bx-lab/emu.sh
: "${emu:?}"

modprobe bx_emu
mkdir $emu/ours $emu/ours/namespaces/1 $emu/ours/namespaces/2
echo 64M >$emu/ours/namespaces/1/size
echo 32M >$emu/ours/namespaces/2/size
echo 4096 >$emu/ours/namespaces/2/lba_size
make_on ours memory_size=97M queues=4 queue_depth=2048 shadow_doorbells=1

python3 "${0%.sh}.py" "$(controller like)" "$(controller ours)" "${0%.sh}.txt" || fail "what differs and is not listed is above"
within 30 ready ours
destroy ours
