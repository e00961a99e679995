# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# What the two cases share that call everything with anything: `. /usr/lib/bx-lab/fuzzing.sh` gives survives_fuzzing.

. /usr/lib/bx-lab/siege.sh

# survives_fuzzing FIRST SECONDS: what bxd takes after the first seconds of it is what it may take after all of them, and 8 MiB: what
# glibc keeps of the largest calls.
survives_fuzzing() {
	bx-anything --seconds "$1" >/tmp/first || fail "$(tail -n 3 /tmp/first)"
	grep seed /tmp/first
	within 120 no_job
	most=$(($(resident) + 8192))
	open=$(descriptors)
	echo "after $1 s bxd has $(resident) kB and $open descriptors"
	bx-anything --seconds "$2"
	unharmed $most "$open"
	clean_up
}
