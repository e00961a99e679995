#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Every command in the EXAMPLES of the manual runs as it stands there.
. /usr/lib/bx-lab/lib.sh

expect 0000:01:00.0 nvme_address bxlab0
systemctl start bxd
within 10 sh -c 'bxctl show bxlab0 | grep -q "State: ready"'

n=0
for page in /usr/share/man/man1/bxctl.1 /usr/share/man/man8/bxd.8; do
	[ -e $page ] || fail "$page is not installed"
	awk '/^\.Sh /{on=($2=="EXAMPLES")} on && /^[$#] /' $page | sed 's/\\-/-/g' >/tmp/examples
	while read -r prompt command; do
		echo "$prompt $command"
		# The device may still be on its way from the example before.
		within 10 sh -c 'bxctl list | grep -qvE "rebinding|starting|STATE"'
		if [ "$prompt" = '$' ]; then
			setpriv --reuid=65534 --regid=65534 --clear-groups sh -c "$command" </dev/null || fail "'$command' ended with $?"
		else
			sh -c "$command" </dev/null || fail "'$command' ended with $?"
		fi
		n=$((n + 1))
	done </tmp/examples
done
[ $n -ge 8 ] || fail "only $n examples were found"
within 20 sh -c 'bxctl show bxlab0 | grep -q "State: ready"'
