#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A thousand devices that come and go leave no memory behind; sixteen at once work side by side.
# vm: --memmap 512M@5G --timeout 3600
# long
. /usr/lib/bx-lab/emu.sh
: "${emu:?}"

# A cycle takes a second or two. Once is enough for a thousand of them: what the emulator allocates does not depend on the kernel.
# Where there is a leak detector, that counts, and it finds what a single cycle loses.
cycles=1000
grep -q 'VERSION_CODENAME=bookworm' /etc/os-release || cycles=100
! watched || cycles=40

# What is in use that nobody could take back, in kB, when it has settled: slab, stacks, page tables, per-CPU memory, vmalloc,
# and what /proc/meminfo has no name for. Pages on a CPU's list of free ones are not counted as free there.
used() {
	sync
	for _ in 1 2 3 4 5 6; do
		echo 3 >/proc/sys/vm/drop_caches
		sleep 0.5
		awk '/^(MemTotal|MemFree|Buffers|Cached|AnonPages):/ { m[$1] = $2 }
			$1 == "count:" { listed += $2 * 4 }
			END { print m["MemTotal:"] - m["MemFree:"] - m["Buffers:"] - m["Cached:"] - m["AnonPages:"] - listed }' \
			/proc/meminfo /proc/zoneinfo
	done | sort -n | head -1
}

slab() {
	awk '/^(SUnreclaim|VmallocUsed|Percpu):/ { sum += $2 } END { print sum }' /proc/meminfo
}

# small NAME MIB: a device of 4 MiB from there on, without waiting for its disk.
small() {
	mkdir "$emu/$1"
	for setting in memory_source=memmap "memory_start=$((5120 + $2))M" memory_size=4M "serial=$1" queues=1 queue_depth=8; do
		echo "${setting#*=}" >"$emu/$1/${setting%%=*}"
	done
	echo 1 >"$emu/$1/power"
}

cycle() { # COUNT
	for _ in $(seq "$1"); do
		small cycle 0
		rmdir $emu/cycle
	done
}

modprobe bx_emu

# Sixteen at once, each with data of its own.
for n in $(seq 0 15); do
	small "side$n" $((n * 32))
done
for n in $(seq 0 15); do
	within 60 ready "side$n"
done
running=
for n in $(seq 0 15); do
	(
		disk=$(disk "side$n")
		for _ in 1 2 3; do
			yes "device $n" | dd of="$disk" bs=64k count=16 iflag=fullblock oflag=direct status=none
			yes "device $n" | dd bs=64k count=16 iflag=fullblock status=none >"/tmp/side$n"
			cmp -n $((16 * 65536)) "$disk" "/tmp/side$n"
			echo 1 >"/sys/class/nvme/$(controller "side$n")/reset_controller"
		done
	) &
	running="$running $!"
done
for pid in $running; do
	wait "$pid" || fail "one of sixteen lost data"
done
for n in $(seq 0 2 15) $(seq 1 2 15); do
	destroy "side$n"
done

# What the first ones leave is of the kernel's caches, which grow to their size.
cycle $((cycles / 10))
used_before=$(used) slab_before=$(slab)
cycle "$cycles"
used_after=$(used) slab_after=$(slab)
echo "$cycles cycles: in use $used_before kB before, $used_after after; slab, vmalloc and per-CPU $slab_before and $slab_after"
# A device has more than 300 kB of its own: a page a cycle would be 4 MB here.
[ $((used_after - used_before)) -lt $((cycles * 4)) ] || fail "a page a cycle is lost"
[ $((slab_after - slab_before)) -lt $((cycles * 2)) ] || fail "2 kB a cycle of slab are lost"
