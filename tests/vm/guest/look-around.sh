#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Says on the kernel's console what the kernel does not say by itself after a test: tasks that are stuck, and where there is
# a leak detector, what it finds.
set -eu

stuck() {
	ps -eo state=,pid=,comm= | sed -n 's/^D *//p' | sort
}

before=$(stuck)
if [ -n "$before" ]; then
	sleep 5
	echo "$before" | while read -r pid name; do
		stuck | grep -q "^$pid $name\$" || continue
		echo w >/proc/sysrq-trigger
		echo "<4>INFO: task $name:$pid blocked for more than 5 seconds." >/dev/kmsg
	done
fi

leaks=/sys/kernel/debug/kmemleak
[ -e $leaks ] || exit 0
# An object counts once it is five seconds old and was found lost twice.
sleep 6
echo scan >$leaks
echo scan >$leaks
while IFS= read -r line; do
	echo "<4>$line" >/dev/kmsg
done <$leaks
echo clear >$leaks
