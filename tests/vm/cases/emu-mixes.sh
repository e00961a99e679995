#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Reads, writes and trims in random mixes, by four programs at depth 128 each: data is what was written, in every kind of format,
# with interrupts and by polling.
# vm: --memmap 512M@5G --timeout 3600 --silence 900
# long
. /usr/lib/bx-lab/emu.sh
: "${emu:?}"

size=6m
formats='lba_size=512
lba_size=4096
lba_size=512 metadata_size=8 pi_type=1
lba_size=4096 metadata_size=8 pi_type=3
lba_size=4096 metadata_size=64
lba_size=512 metadata_size=8 metadata_extended=1 pi_type=1'
# Less of it finds there what is to be found.
! watched || { size=1m formats=$(echo "$formats" | sed -n '1p;4p'); }

modprobe nvme
was=$(cat /sys/module/nvme/parameters/poll_queues)
trap 'echo $was >/sys/module/nvme/parameters/poll_queues' EXIT

# load NAME FIO-OPTIONS...
load() {
	what=$1
	shift
	fio --name="$what" --filename="$disk" --size=$size --iodepth=128 --ioengine=io_uring --direct=1 --serialize_overlap=1 \
		--minimal "$@" >"/tmp/fio.$what" 2>&1 || fail "$what, $format, poll queues $queues: $(cat "/tmp/fio.$what")"
}

# mix NAME FIO-OPTIONS...: of four programs, each with blocks of its own.
mix() {
	load "$@" --numjobs=4 --offset_increment=64m --bsrange=4k-16k --blockalign=4k --verify=crc32c --verify_state_save=0
}

mixes() { # [FIO-OPTIONS...]
	mix randrw --rw=randrw "$@"
	# Who trims is not given O_DIRECT by fio, whatever it asks for, and without that the kernel does not poll.
	mix trims --rw=randtrimwrite
	# Discarded by a fifth while the four go on: it is zeros then.
	dd if=/dev/urandom of="$disk" bs=1M seek=256 count="${size%m}" oflag=direct status=none
	mix beside --rw=randrw "$@" &
	load discard --rw=randtrim --bs=4k --offset=256m
	wait $!
	dd if="$disk" bs=1M skip=256 count="${size%m}" iflag=direct status=none |
		cmp -n $((${size%m} << 20)) - /dev/zero
}

while read -r format <&3; do
	for queues in 0 2; do
		echo $queues >/sys/module/nvme/parameters/poll_queues
		settings=
		for word in $format; do
			settings="$settings namespaces/1/$word"
		done
		# shellcheck disable=SC2086
		make mixed queues=4 cpus=1-2 $settings
		disk=$(disk mixed)
		begin=$(date +%s)
		if [ $queues = 0 ]; then
			mixes
		else
			mixes --hipri=1
		fi
		grep -q '^09 ' $emu/mixed/stats/io_commands || fail "nothing was discarded"
		[ ! -s $emu/mixed/stats/io_errors ] || [ -z "$(cat $emu/mixed/stats/io_errors)" ] || fail "$format: $(cat $emu/mixed/stats/io_errors)"
		echo "$format, $queues poll queues: $(($(date +%s) - begin)) s"
		destroy mixed
	done
done 3<<END
$formats
END
