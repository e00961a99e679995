# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# What the cases share that kill somebody in the middle of a rebind of bxlab0, from nvme to pci-stub or back.

. /usr/lib/bx-lab/lib.sh

bus=org.byteexpress.bx1
address=$(nvme_address bxlab0)
driver() {
	basename "$(readlink "/sys/bus/pci/devices/$address/driver")"
}
# By its unit: under a checker the process has another name.
worker() {
	systemctl show -P MainPID 'bxd-worker@*' | sed -n '/^[1-9]/{p;q}'
}
ended() {
	busctl get-property $bus "$1" $bus.Job State | grep -q ended
}
# check JOB WANTED OLD: the job has ended, the device is at one of the two drivers, and it is the one that the job says.
check() {
	within 60 ended "$1"
	result=$(busctl get-property $bus "$1" $bus.Job Result)
	now=$(driver)
	echo "$1: $result, at $now"
	case "$result" in
	's "done"') [ "$now" = "$2" ] || fail "the job is done and the device is at $now" ;;
	's "rolled-back"' | 's "refused"') [ "$now" = "$3" ] || fail "$result and the device is at $now" ;;
	*) fail "the job ended with $result" ;;
	esac
	case "$now" in
	nvme)
		within 10 sh -c 'bxctl show bxlab0 | grep -q "State: ready"'
		expect '(null)' cat "/sys/bus/pci/devices/$address/driver_override"
		;;
	*)
		within 10 sh -c 'bxctl show bxlab0 | grep -q "State: foreign-driver"'
		expect pci-stub cat "/sys/bus/pci/devices/$address/driver_override"
		;;
	esac
}
other() {
	if [ "$(driver)" = nvme ]; then echo pci-stub; else echo nvme; fi
}
# Nothing is left behind: the journal is empty half a minute later, no unit has failed.
nothing_left_behind() {
	within 45 sh -c '! ls /run/bxd/journal/* 2>/dev/null'
	expect 0 sh -c "systemctl list-units --failed --no-legend 'bxd*' | wc -l"
}

systemctl start bxd
within 10 sh -c 'bxctl show bxlab0 | grep -q "State: ready"'
bxctl bind bxlab0 pci-stub
bxctl bind bxlab0 nvme
