#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The kernel's own target exports an emulated namespace, and a host that connects over TCP has its data, also while the device below
# is being reset.
# vm: --memmap 512M@5G
# Not with lockdep: 6.1's target waits for its own work queue from within it when a second connection comes.
# only: bookworm trixie forky
# long
. /usr/lib/bx-lab/emu.sh

modprobe -a nvmet nvmet-tcp nvme-tcp || skip "this kernel has no NVMe over TCP"
uuid=0b0e0d00-1111-2222-3333-444444444444
subsystem=/sys/kernel/config/nvmet/subsystems/bx
port=/sys/kernel/config/nvmet/ports/1
far=/dev/disk/by-id/nvme-uuid.$uuid

make near queues=4 cpus=1-2
near=$(disk near)
name=$(controller near)
ip link set lo up
mkdir $subsystem $subsystem/namespaces/1 $port
echo 1 >$subsystem/attr_allow_any_host
echo "$near" >$subsystem/namespaces/1/device_path
echo $uuid >$subsystem/namespaces/1/device_uuid
echo 1 >$subsystem/namespaces/1/enable
echo tcp >$port/addr_trtype
echo ipv4 >$port/addr_adrfam
echo 127.0.0.1 >$port/addr_traddr
echo 4420 >$port/addr_trsvcid
ln -s $subsystem $port/subsystems/bx

connect() {
	nvme connect --transport=tcp --traddr=127.0.0.1 --trsvcid=4420 --nqn=bx --nr-io-queues=2
	within 20 test -b $far
}

connect
expect "$(cat "/sys/block/$(basename "$near")/size")" cat "/sys/block/$(basename "$(readlink -f $far)")/size"
verified_load $far --size=8m --bsrange=16k-16k --blockalign=16k
# What one wrote is what the other reads.
dd if=/dev/urandom of=/tmp/data bs=1M count=4 2>/dev/null
dd if=/tmp/data of=$far bs=1M seek=300 oflag=direct 2>/dev/null
dd if="$near" bs=1M skip=300 count=4 iflag=direct 2>/dev/null | cmp - /tmp/data
nvme disconnect --nqn=bx
within 10 sh -c "! test -e $far"

connect
fio --name=far --filename=$far --rw=randrw --bs=4k --size=8m --iodepth=32 --ioengine=io_uring --direct=1 --verify=crc32c \
	--verify_state_save=0 --time_based --runtime=6 --minimal >/tmp/fio 2>&1 &
load=$!
reset_during $load "$name"
wait $load || fail "the load failed: $(cat /tmp/fio)"
[ "${resets:?}" -ge 3 ] || fail "only $resets resets"
dd if=$far bs=1M skip=300 count=4 iflag=direct 2>/dev/null | cmp - /tmp/data
nvme disconnect --nqn=bx

rm $port/subsystems/bx
rmdir $port
echo 0 >$subsystem/namespaces/1/enable
rmdir $subsystem/namespaces/1 $subsystem
modprobe -r nvmet-tcp nvmet nvme-tcp
destroy near
