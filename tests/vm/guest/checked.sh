# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# What the variants share whose checker writes what it finds into a file of /run/bx-reports, and nothing where it finds nothing.

. /usr/lib/bx-lab/lib.sh

no_worker() {
	[ -z "$(systemctl list-units --plain --no-legend 'bxd-worker@*')" ]
}

# Every report, on the kernel's console. Leaks are looked for when a program ends, so bxd does.
tell_reports() {
	within 60 no_worker
	systemctl stop bxd
	for report in /run/bx-reports/*; do
		[ -e "$report" ] || continue
		if [ -s "$report" ]; then
			echo "<4>BUG: $(basename "$report") has been written about bxd or its worker:" >/dev/kmsg
			head -n 200 "$report" | while IFS= read -r line; do
				echo "<4>$line" >/dev/kmsg
			done
		fi
		rm "$report"
	done
}
