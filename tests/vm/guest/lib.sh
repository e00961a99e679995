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

# within SECONDS COMMAND...: the command succeeds, at the latest then.
within() {
	seconds=$1
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

# The PCI address of the NVMe disk with this serial number.
nvme_address() {
	for serial in /sys/class/nvme/*/serial; do
		[ "$(tr -d ' ' <"$serial")" = "$1" ] || continue
		basename "$(readlink -f "${serial%/serial}/device")"
		return
	done
	fail "no NVMe disk with serial number $1"
}
