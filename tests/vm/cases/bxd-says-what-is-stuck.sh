#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A worker that hangs in the kernel is told as stuck, by the next bxd, too, holds nobody else up, and is no longer stuck once it goes on.
# vm: --memmap 512M@5G --silence 400
# only: bookworm trixie forky
# long
. /usr/lib/bx-lab/emu.sh
: "${emu:?}" "${patience:?}"

state() { # DEVICE
	bxctl show "$1" | sed -n 's/^ *State: //p'
}
job_state() {
	busctl get-property org.byteexpress.bx1 "$job" org.byteexpress.bx1.Job State
}

# For as long as all that follows takes.
modprobe nvme
echo 180 >/sys/module/nvme_core/parameters/admin_timeout
systemctl start bxd
make slow queues=1
address=$(nvme_address slow)
within 10 sh -c 'bxctl show slow | grep -q "State: ready"'

# What nvme asks for when it gives the controller up is never answered.
echo 'drop queue=admin' >$emu/slow/fault/rules
job=$(bxctl --no-wait unbind slow)
within 60 sh -c "bxctl show slow | grep -q 'State: stuck'"
expect 's "stuck"' job_state
refuse "JobInProgress" bxctl unbind slow
bxctl cancel "$job" || true

# Others are served meanwhile, and bxd itself can come and go.
bxctl reset bxlab0
systemctl restart bxd
expect ready state bxlab0
within 60 sh -c "bxctl show slow | grep -q 'State: stuck'"
systemctl kill --signal=KILL bxd
within 60 sh -c "bxctl show slow | grep -q 'State: stuck'"

# In the end nvme gives up, and the worker goes on. It was cancelled: the driver comes back, to a controller that answers again.
echo - >$emu/slow/fault/rules
within 300 sh -c "busctl get-property org.byteexpress.bx1 $job org.byteexpress.bx1.Job State | grep -q ended"
within 60 sh -c 'bxctl show slow | grep -q "State: ready"'
expect nvme basename "$(readlink "/sys/bus/pci/devices/$address/driver")"
destroy slow
echo 60 >/sys/module/nvme_core/parameters/admin_timeout
