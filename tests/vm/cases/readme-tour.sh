#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Every command of the README's tours runs as it stands there, one after the other.
# vm: --iommu intel
. /usr/lib/bx-lab/lib.sh

readme=/usr/share/doc/bxd/README.md

# tour TITLE: the commands below that heading, without the comments behind them, each in this shell.
tour() {
	awk -v title="## $1" '/^## /{on=($0==title)} on && /^    [a-z]/' $readme | sed 's/  *# .*//' >/tmp/tour
	[ -s /tmp/tour ] || fail "there is no tour '$1'"
	while read -r command <&3; do
		echo "$command"
		eval "$command" </dev/null || fail "'$command' ended with $?"
		count=$((count + 1))
	done 3</tmp/tour
}

within 20 grep -q live /sys/class/nvme/nvme0/state
count=0
tour "A tour"
tour "An emulated device by hand"
echo "$count commands"
[ "$count" -ge 20 ] || fail "only $count commands were found"
