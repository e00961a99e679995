#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A function that a program drives by itself, through UIO, stays with it until the program lets go.
# only: bookworm trixie forky
. /usr/lib/bx-lab/lib.sh

address=$(nvme_address bxlab0)
function=/sys/bus/pci/devices/$address
driver() {
	basename "$(readlink "$function/driver")"
}

# take DRIVER: by hand, as such programs' own scripts do
take() {
	echo "$address" >"$function/driver/unbind"
	echo "$1" >"$function/driver_override"
	echo "$address" >/sys/bus/pci/drivers_probe
	expect "$1" driver
}

# stays NODE: while it is open, and comes back to nvme when it is not
stays() {
	within 10 test -c "/dev/$1"
	exec 9<>"/dev/$1"
	refuse "/dev/$1 is open in .* .pid [0-9]*.*DeviceBusy" bxctl bind bxlab0 nvme
	refuse "/dev/$1 is open in .* .pid [0-9]*.*DeviceBusy" bxctl unbind bxlab0
	exec 9>&-
	bxctl bind bxlab0 nvme
	expect nvme driver
	expect '(null)' cat "$function/driver_override"
}

systemctl start bxd
within 10 sh -c 'bxctl show bxlab0 | grep -q "State: ready"'

modprobe uio_pci_generic
take uio_pci_generic
stays uio0
