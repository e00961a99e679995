#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Where no worker can be started, that is known at once, and nothing is changed.
# daily: bookworm
. /usr/lib/bx-lab/lib.sh
: "${patience:?}"

systemctl start bxd
within 10 sh -c 'bxctl show bxlab0 | grep -q "State: ready"'
address=$(nvme_address bxlab0)

# The worker's program is not one: systemd says so when it has tried.
mount --bind /dev/null /usr/libexec/bxd/bxd-worker
began=$(date +%s)
refuse "the worker cannot be started: the service manager says: failed.*WorkerFailed" bxctl bind bxlab0 pci-stub
[ $(($(date +%s) - began)) -lt $((8 * patience)) ] || fail "it took until now to be noticed"
expect nvme basename "$(readlink "/sys/bus/pci/devices/$address/driver")"
umount /usr/libexec/bxd/bxd-worker

# Its unit may not be started at all: the call itself fails.
systemctl mask --runtime bxd-worker@.service
refuse "the worker cannot be started: .*mask.*WorkerFailed" bxctl bind bxlab0 pci-stub
systemctl unmask --runtime bxd-worker@.service

bxctl bind bxlab0 pci-stub
bxctl bind bxlab0 nvme
