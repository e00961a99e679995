#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Reads, writes and trims in random mixes, by four programs at depth 128 each: data is what was written, in every kind of format,
# with interrupts and by polling.
# vm: --memmap 512M@5G --timeout 1800
# only: bookworm trixie forky
# long
. /usr/lib/bx-lab/emu.sh
: "${emu:?}"

modprobe nvme
was=$(cat /sys/module/nvme/parameters/poll_queues)
trap 'echo $was >/sys/module/nvme/parameters/poll_queues' EXIT

# mix NAME FIO-OPTIONS...
mix() {
	what=$1
	shift
	fio --name="$what" --filename="$disk" --size=12m --numjobs=4 --offset_increment=64m --iodepth=128 --ioengine=io_uring --direct=1 \
		--serialize_overlap=1 --bsrange=4k-16k --blockalign=4k --verify=crc32c --verify_state_save=0 --minimal "$@" >/tmp/fio 2>&1 ||
		fail "$what, $format, poll queues $queues: $(cat /tmp/fio)"
}

mixes() { # [FIO-OPTIONS...]
	mix randrw --rw=randrw "$@"
	mix trims --rw=randtrimwrite --bs=4k "$@"
	# What was written and read back is discarded, and is zeros then.
	mix zeros --rw=randwrite --bs=4k --verify_backlog=256 --trim_percentage=30 --trim_backlog=64 --trim_verify_zero=1 "$@"
}

for format in "lba_size=512" "lba_size=4096" "lba_size=512 metadata_size=8 pi_type=1" "lba_size=4096 metadata_size=8 pi_type=3" \
	"lba_size=4096 metadata_size=64" "lba_size=512 metadata_size=8 metadata_extended=1 pi_type=1"; do
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
done
