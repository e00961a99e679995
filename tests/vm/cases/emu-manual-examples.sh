#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Every command in the EXAMPLES of bx_emu(4) runs as it stands there, and makes what it says; and the manual has every attribute and parameter.
# vm: --memory 8G --memmap 4G@6G
# fresh
# long
. /usr/lib/bx-lab/emu.sh

systemctl start bxd
within 10 bxctl list

# What is made otherwise "or" by parameters is not made before.
before_example() {
	case $1 in
	*memmap_start=*)
		cd /
		destroy large
		destroy boot
		rmmod bx_emu
		;;
	esac
}

# sectors SERIAL NSID: of 512 bytes.
sectors() {
	cat "/sys/block/$(basename "$(disk "$1" "$2")")/size"
}

serial_of() {
	cat "${emu:?}/$1/serial"
}

# documented MACRO NAME...: the manual has an item for each.
documented() {
	items=$(sed -n "s/^\.It $1 //p" $page | tr -s ' ,' '\n')
	shift
	for name; do
		echo "$items" | grep -qx "$name" || fail "$page does not say what $name is"
	done
}

# What a person would see after the command.
after_example() {
	case $1 in
	*'> demo/power')
		within 20 ready DEMO
		expect $((255 * 2048)) sectors DEMO 1
		;;
	*'0 > demo/fault/present')
		within 20 sh -c '! cat /sys/class/nvme/*/serial | grep -q DEMO'
		;;
	*'1 > demo/fault/present')
		within 40 ready DEMO
		;;
	*'count=3 status=0x4281 > rules')
		refuse "rror" dd if="$(disk DEMO)" of=/dev/null bs=4k skip=125 count=1 iflag=direct
		;;
	*'- > rules')
		expect "" cat rules
		dd if="$(disk DEMO)" of=/dev/null bs=4k skip=125 count=1 iflag=direct 2>/dev/null
		;;
	*'> large/power')
		within 20 ready "$(serial_of large)"
		expect $((1 << 31)) sectors "$(serial_of large)" 1
		;;
	*'> two/power')
		within 20 ready "$(serial_of two)"
		expect $((64 * 2048)) sectors "$(serial_of two)" 1
		# shellcheck disable=SC2046
		documented Pa $(find ${emu:?}/two -type f -printf '%f\n')
		# shellcheck disable=SC2046
		documented Cm $(ls /sys/module/bx_emu/parameters)
		;;
	*'> boot/power')
		within 20 ready "$(serial_of boot)"
		expect $((4095 * 2048)) sectors "$(serial_of boot)" 1
		;;
	*memmap_start=*)
		within 20 sh -c 'cat /sys/class/nvme/*/model | grep -q ByteExpress'
		;;
	esac
}

page=/usr/share/man/man4/bx_emu.4
examples $page
[ "${examples:?}" -ge 40 ] || fail "only $examples examples were found"
