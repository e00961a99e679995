# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# What the test cases share: `. /usr/lib/bx-lab/lib.sh` in a case's first line.

set -eu

fail() {
	echo "failed: $*" >&2
	exit 1
}

skip() {
	echo "$*"
	exit 77
}

# expect WANTED COMMAND...: the command succeeds and prints just that.
expect() {
	wanted=$1
	shift
	got=$("$@") || fail "'$*' ended with $?"
	[ "$got" = "$wanted" ] || fail "'$*' printed '$got', not '$wanted'"
}

# refuse PATTERN COMMAND...: the command fails, and its message has the pattern (grep -E) in it.
refuse() {
	pattern=$1
	shift
	if said=$("$@" 2>&1); then
		fail "'$*' succeeded and should have been refused"
	fi
	echo "$said" | grep -qE -e "$pattern" || fail "'$*' said '$said', which has no '$pattern' in it"
}

# How many times as long as usual everything may take: a variant of the guest may say so.
patience=$(cat /usr/lib/bx-lab/patience 2>/dev/null || echo 1)

# within SECONDS COMMAND...: the command succeeds, at the latest then.
within() {
	seconds=$(($1 * patience))
	shift
	end=$(($(date +%s) + seconds))
	until "$@" >/dev/null 2>&1; do
		[ "$(date +%s)" -lt $end ] || fail "'$*' did not succeed within $seconds s"
		sleep 0.2
	done
}

# host QMP-COMMAND [JSON-ARGUMENTS]: asks the machine, as for hot plug.
host() {
	bx-lab host "{\"qmp\": \"$1\", \"arguments\": ${2:-{\}}}"
}

# examples PAGE...: every command in the EXAMPLES of these manual pages succeeds as it stands there, one after the other in this shell;
# those after a $ as nobody. With each, the case's before_example and after_example are called. There are $examples of them.
examples() {
	examples=0
	for page in "$@"; do
		[ -e "$page" ] || fail "$page is not installed"
		awk '/^\.Sh /{on=($2=="EXAMPLES")} on && /^[$#] /' "$page" | sed -e 's/\\-/-/g' -e 's/\\e/\\/g' >/tmp/examples
		while read -r prompt command <&3; do
			echo "$prompt $command"
			before_example "$command"
			if [ "$prompt" = '$' ]; then
				setpriv --reuid=65534 --regid=65534 --clear-groups sh -c "$command" </dev/null || fail "'$command' ended with $?"
			else
				eval "$command" </dev/null || fail "'$command' ended with $?"
			fi
			after_example "$command"
			examples=$((examples + 1))
		done 3</tmp/examples
	done
}

# The PCI address of the NVMe disk with this serial number.
nvme_address() {
	for serial in /sys/class/nvme/*/serial; do
		[ "$(tr -d ' ' <"$serial")" = "$1" ] || continue
		basename "$(readlink -f "${serial%/serial}/device")"
		return
	done
	fail "no NVMe disk with serial number $1"
}
