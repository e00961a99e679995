#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# nvme-cli's commands do what they do on a drive, and what a drive refuses is refused with the specification's status.
# vm: --memmap 512M@5G
. /usr/lib/bx-lab/emu.sh

make cli queues=2
disk=$(disk cli)
ctrl=/dev/$(controller cli)

# status PATTERN COMMAND...: nvme-cli says this of the command's status.
status() {
	refuse "$@"
}

nvme id-ctrl "$ctrl" | grep -q '^sn *: cli *$' || fail "$(nvme id-ctrl "$ctrl")"
nvme id-ns "$disk" | grep -q 'lbaf *0 .*lbads:9 ' || fail "$(nvme id-ns "$disk")"
nvme list-ns "$ctrl" | grep -q ':0x1$' || fail "$(nvme list-ns "$ctrl")"
nvme ns-descs "$disk" | grep -q uuid || fail "$(nvme ns-descs "$disk")"
nvme smart-log "$ctrl" >/dev/null
nvme error-log "$ctrl" >/dev/null
nvme fw-log "$ctrl" | grep -q frs1 || fail "$(nvme fw-log "$ctrl")"
# (effects-log wants to map the registers, which strict kernels refuse.)
nvme get-log "$ctrl" --log-id=5 --log-len=4096 >/dev/null
nvme get-feature "$ctrl" --feature-id=7 >/dev/null
nvme set-feature "$ctrl" --feature-id=4 --value=0x160 >/dev/null
nvme get-feature "$ctrl" --feature-id=4 | grep -q '0x00000160' || fail "$(nvme get-feature "$ctrl" --feature-id=4)"

# What the best-known emulator gets wrong.
status "Invalid Command Opcode|INVALID_OPCODE" nvme io-passthru "$disk" --opcode=0x7f --namespace-id=1
status "LBA Out of Range|LBA_RANGE" nvme io-passthru "$disk" --opcode=2 --namespace-id=1 --cdw10=0xfffffff0 --cdw11=0xff --cdw12=0 \
	--data-len=512 --read
status "Invalid Log Page|INVALID_LOG_PAGE" nvme get-log "$ctrl" --log-id=0x77 --log-len=4096
nvme id-ns "$ctrl" --namespace-id=0xffffffff >/dev/null
dd if=/dev/urandom of=/tmp/data bs=4096 count=1 2>/dev/null
nvme write "$disk" --start-block=8 --block-count=7 --data-size=4096 --data=/tmp/data >/dev/null
nvme compare "$disk" --start-block=8 --block-count=7 --data-size=4096 --data=/tmp/data >/dev/null
status "Compare|COMPARE" nvme compare "$disk" --start-block=9 --block-count=7 --data-size=4096 --data=/tmp/data
nvme write-zeroes "$disk" --start-block=8 --block-count=3 >/dev/null
expect 0000000000000000 sh -c "dd if=$disk bs=4096 skip=1 count=1 iflag=direct 2>/dev/null | od -An -tx8 -N8 | tr -d ' '"
nvme dsm "$disk" --ad --slbs=8 --blocks=8 >/dev/null
nvme flush "$disk" >/dev/null

# Formats, with metadata and protection information.
nvme format "$disk" --lbaf=3 --force >/dev/null
within 10 sh -c "[ \$(cat /sys/class/block/$(basename "$disk")/queue/logical_block_size) = 4096 ]"
verified_load "$disk" --bsrange=4k-64k --blockalign=4k --size=16m
nvme format "$disk" --lbaf=0 --force >/dev/null
status "Invalid Format|INVALID_FORMAT" nvme format "$disk" --lbaf=15 --force

# Namespaces come and go.
nvme detach-ns "$ctrl" --namespace-id=1 --controllers=0 >/dev/null
nvme delete-ns "$ctrl" --namespace-id=1 >/dev/null
nvme create-ns "$ctrl" --nsze=131072 --ncap=131072 --flbas=0 >/dev/null
nvme create-ns "$ctrl" --nsze=131072 --ncap=131072 --flbas=0 >/dev/null
nvme attach-ns "$ctrl" --namespace-id=1 --controllers=0 >/dev/null
nvme attach-ns "$ctrl" --namespace-id=2 --controllers=0 >/dev/null
nvme ns-rescan "$ctrl"
within 10 sh -c "[ \$(ls -d /sys/class/nvme/$(basename "$ctrl")/nvme*n* | wc -l) = 2 ]"
status "Insufficient Capacity|INSUFFICIENT_CAP" nvme create-ns "$ctrl" --nsze=99999999 --ncap=99999999 --flbas=0

# Self-test, firmware, sanitize, and resets of every kind.
nvme device-self-test "$ctrl" --self-test-code=1 >/dev/null
nvme self-test-log "$ctrl" >/dev/null
nvme sanitize "$ctrl" --sanact=2 >/dev/null
within 30 sh -c "nvme sanitize-log $ctrl | grep -qE 'SPROG.*65535|Most Recent.*Completed'"
nvme reset "$ctrl"
within 20 ready cli
nvme subsystem-reset "$ctrl"
# The driver finds out by itself, or is told.
nvme reset "$ctrl" || true
within 60 ready cli
verified_load "$(disk cli)" --size=4m
destroy cli
