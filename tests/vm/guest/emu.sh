# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# What the cases share that test bx_emu: `. /usr/lib/bx-lab/emu.sh`. 512 MiB are reserved at 5 GiB in their guests.

. /usr/lib/bx-lab/lib.sh

# shellcheck disable=SC2034
emu=/sys/kernel/config/bx_emu

# put VALUE ATTRIBUTE: with the errno in words, which the shell's own echo does not tell.
put() {
	printf '%s\n' "$1" | dd of="$2" status=none
}

# make NAME [ATTRIBUTE=VALUE...]: a device with the serial number NAME in the reserved memory, powered on, with the namespaces
# that the attributes name.
make() {
	modprobe bx_emu
	mkdir "$emu/$1"
	make_on "$@"
}

# make_on NAME [ATTRIBUTE=VALUE...]: the same where the directory is there, and perhaps namespaces in it.
make_on() {
	name=$1
	shift
	for setting in memory_source=memmap memory_start=5G memory_size=512M "serial=$name" "$@"; do
		mkdir -p "$(dirname "$emu/$name/${setting%%=*}")"
		echo "${setting#*=}" >"$emu/$name/${setting%%=*}"
	done
	echo 1 >"$emu/$name/power"
	within 20 ready "$name"
}

# destroy NAME: powered off and gone.
destroy() {
	rmdir "$emu/$1"/namespaces/* 2>/dev/null || true
	rmdir "$emu/$1"
}

# Whether this kernel looks at its own every step, and takes ten times as long for it.
watched() {
	[ -e /sys/kernel/debug/kmemleak ]
}

# What MemTotal says, in kB.
total() {
	sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo
}

# Where the kernel leaves a block offline that comes back, as 6.1 does, whoever took it brings it in again.
bring_in() {
	for state in /sys/devices/system/memory/memory*/state; do
		! grep -q offline "$state" || echo online >"$state"
	done
}

controller() { # SERIAL: nvme1
	for path in /sys/class/nvme/*; do
		[ "$(tr -d ' ' <"$path/serial" 2>/dev/null)" = "$1" ] || continue
		basename "$path"
		return
	done
	return 1
}

ready() { # SERIAL: its controller is live and its namespaces are there
	path=/sys/class/nvme/$(controller "$1") || return 1
	grep -q live "$path/state" && ls -d "$path"/nvme*n* >/dev/null
}

# node SERIAL NSID: nvme1n1. Newer kernels number their nodes as they find the namespaces.
node() {
	for path in "/sys/class/nvme/$(controller "$1")"/nvme*n*; do
		[ "$(cat "$path/nsid" 2>/dev/null)" = "$2" ] || continue
		basename "$path"
		return
	done
	return 1
}

disk() { # SERIAL [NSID]: /dev/nvme1n1, of namespace 1 unless said
	within 10 ready "$1"
	within 10 node "$1" "${2:-1}"
	echo "/dev/$(node "$1" "${2:-1}")"
}

# reset_during PID CONTROLLER: it is reset every second for as long as that program runs. How often is in $resets. Not in a subshell:
# only the shell that started the program can see it end.
reset_during() {
	resets=0
	while kill -0 "$1" 2>/dev/null; do
		sleep 1
		echo 1 >"/sys/class/nvme/$2/reset_controller"
		resets=$((resets + 1))
	done
}

# Writes and reads back with checks, in a queue of some depth, from several programs.
verified_load() { # DISK-OR-FILE [FIO OPTIONS...]
	where=$1
	shift
	fio --name=verified --filename="$where" --rw=randrw --bsrange=512-64k --blockalign=512 --size=48m --numjobs=2 \
		--offset_increment=64m --iodepth=32 --ioengine=io_uring --direct=1 --verify=crc32c --verify_state_save=0 --minimal "$@" >/dev/null ||
		fail "fio found something wrong"
}
