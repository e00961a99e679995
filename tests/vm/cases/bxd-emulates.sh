#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Emulated devices by bxd: made without a reboot and without configfs in hand, written down, started, stopped, forgotten; whatever
# goes wrong leaves nothing behind.
. /usr/lib/bx-lab/emu.sh
: "${emu:?}"

state() {
	bxctl show "$1" | sed -n 's/^ *State: //p'
}
property() {
	bxctl show "$1" | sed -n "s/^ *$2: //p"
}

systemctl start bxd

# A working disk from one command, without a reboot.
before=$(total)
disk=$(bxctl create demo --type nvm --size 1G)
[ -b "$disk" ] || fail "create printed '$disk', which is no block device"
expect 1073741824 blockdev --getsize64 "$disk"
expect ready state demo
expect emulated property demo Kind
expect transient property demo Definition
expect "$(cat $emu/demo/address)" property demo Address
expect demo property demo Serial
bxctl --json top --count 8 >/tmp/top &
top=$!
verified_load "$disk"
wait $top
grep -q '"demo": *{[^}]*"reads": *[1-9]' /tmp/top || fail "top saw no reads: $(cat /tmp/top)"
bxctl top --count 1 | grep -q '^demo  *ready' || fail "top does not show demo"
refuse "must be a number" bxctl top --count none
# By its serial number, its controller and its disk, too.
expect demo property "$disk" Id
refuse NameTaken bxctl create demo
refuse NameTaken bxctl create bxlab0

# bxd knows every attribute that bx_emu has.
mkdir $emu/probe $emu/probe/namespaces/1
set --
for path in "$emu"/probe/* "$emu"/probe/timing/* "$emu"/probe/namespaces/1/*; do
	name=${path#"$emu/probe/"}
	[ ! -f "$path" ] || [ "$name" = power ] || [ "$name" = address ] || set -- "$@" "$name=$(cat "$path")"
done
[ $# -ge 25 ] || fail "only $# attributes: $*"
bxctl define everything "$@"
bxctl forget everything
rmdir $emu/probe/namespaces/1 $emu/probe

# What a shell offers is what there is.
bxctl complete st | grep -qx stop || fail "stop is not offered"
expect demo bxctl complete stop ''
expect vfio-pci bxctl complete bind demo v
expect --autostart bxctl complete -- define x --auto
bash -c '. /usr/share/bash-completion/completions/bxctl; COMP_WORDS=(bxctl --json stop de); COMP_CWORD=3; _bxctl; echo "$COMPREPLY"' | grep -qx demo ||
	fail "bash completes nothing"

# In use it stays.
mkfs.ext4 -q "$disk"
mount "$disk" /mnt
refuse "DeviceBusy" bxctl stop demo
refuse "DeviceBusy" bxctl destroy demo
bxctl reset demo
expect ready state demo
cp /bin/ls /mnt/data
umount /mnt

# It is an NVMe device like any other.
refuse "${disk#/dev/} has a file system .ext4. on it.*DeviceHasData" bxctl bind demo pci-stub
bxctl bind demo pci-stub --with-data
expect foreign-driver state demo
bxctl bind demo nvme
expect ready state demo

# Stopped it is still known, and gone when it is destroyed.
bxctl stop demo
expect stopped state demo
[ ! -e $emu/demo ] || fail "stopped, and still in configfs"
bxctl start demo
expect ready state demo
bxctl destroy demo
refuse "is called" bxctl show demo
[ ! -e $emu/demo ] || fail "destroyed, and still in configfs"
expect "" ls /run/bxd/devices
bring_in
[ "$(total)" -ge "$before" ] || fail "MemTotal was $before kB and is $(total)"

# What is wrong is named, and nothing of it is left.
refuse "queues is 'many', and must be a number" bxctl create bad queues=many
refuse "type is 'tape', and must be nvm" bxctl create bad --type tape
refuse "there is no setting 'colour'" bxctl create bad colour=red
refuse "'-bad' cannot be the name of a device" bxctl create -- -bad
refuse "'../bad' cannot be the name" bxctl create ../bad
refuse "no preset 'nothing'" bxctl create bad --preset nothing
refuse "queues=500 is out of range.*nothing of it is left" bxctl create bad queues=500
refuse "it cannot be powered on" bxctl create bad memory_source=memmap memory_start=1G memory_size=64M
refuse "'queues' is no setting" bxctl create bad queues
refuse "is called" bxctl show bad
[ ! -e $emu/bad ] || fail "what could not be made is still in configfs"

# Written down it outlives bxd, and starts with it if it is to.
bxctl define kept --preset fast-nvm capacity=64M namespaces/1/size=32M namespaces/1/lba_size=4096
expect stopped state kept
expect stored property kept Definition
systemctl restart bxd
expect stopped state kept
bxctl start kept
expect 4096 blockdev --getss "$(property kept BlockDevices)"
bxctl stop kept
bxctl --json show kept >/tmp/kept.json
bxctl define again --from /tmp/kept.json
[ "$(property kept Settings)" = "$(property again Settings)" ] || fail "$(property again Settings) is not $(property kept Settings)"
bxctl forget again
refuse "is called" bxctl show again
bxctl define kept --from /tmp/kept.json --autostart
# Once in a boot: what was stopped since then stays so.
systemctl restart bxd
expect stopped state kept
systemctl stop bxd
rm /run/bxd/autostarted
systemctl start bxd
within 20 sh -c 'bxctl show kept | grep -q "State: ready"'
refuse "written down for every boot" bxctl destroy kept

# The administrator's definitions hold, and are not for bxd to remove.
mkdir -p /etc/bxd/devices
echo '{"version": 1, "settings": {"capacity": "64M"}}' >/etc/bxd/devices/fixed.json
echo '{"version": 2, "settings": {}}' >/etc/bxd/devices/newer.json
echo '{"version": 1, "settings": {"capacity": "64M"}, "colour": "red"}' >/etc/bxd/devices/odd.json
systemctl reload bxd
expect administrator property fixed Definition
refuse "defined by the administrator" bxctl forget fixed
refuse "defined by the administrator" bxctl define fixed
refuse "is called" bxctl show newer
journalctl --sync
journalctl -b -q -u bxd -o cat | grep -q "newer.json is left out: it has version 2" || fail "nobody was told of newer.json"
journalctl -b -q -u bxd -o cat | grep -q "odd.json is left out: there is no member 'colour'" || fail "nobody was told of odd.json"
rm /etc/bxd/devices/*.json
systemctl reload bxd
refuse "is called" bxctl show fixed

# Whoever makes one by hand finds it, too.
mkdir $emu/byhand
systemctl reload bxd
within 5 bxctl show byhand
expect stopped state byhand
refuse "was not made by bxd" bxctl start byhand
refuse NameTaken bxctl create byhand
echo 64M >$emu/byhand/capacity
echo 1 >$emu/byhand/power
within 20 sh -c 'bxctl show byhand | grep -q "State: ready"'
echo 0 >$emu/byhand/fault/present
within 10 sh -c 'bxctl show byhand | grep -q "State: pulled"'
echo 1 >$emu/byhand/fault/present
within 20 sh -c 'bxctl show byhand | grep -q "State: ready"'
bxctl stop byhand
refuse "is called" bxctl show byhand

# What a file that cannot be read was meant to be is not for somebody else to take, and it stays.
echo '{"version": 9}' >/var/lib/bxd/devices/future.json
systemctl reload bxd
refuse "definition of future that cannot be read" bxctl create future
refuse "definition of future that cannot be read" bxctl define future
[ -e /var/lib/bxd/devices/future.json ] || fail "a file that could not be read is gone"
rm /var/lib/bxd/devices/future.json
systemctl reload bxd

# A definition that was made after a device of its name was destroyed outlives a restart that reads that job again.
bxctl create again capacity=64M
bxctl destroy again
bxctl define again capacity=64M
systemctl restart bxd
expect stopped state again
bxctl forget again
# And so does one of a name that could not be created.
refuse "queues=500" bxctl create again queues=500
bxctl define again capacity=64M
systemctl restart bxd
expect stopped state again
bxctl forget again

# One that was created and stopped is destroyed at once.
bxctl create again capacity=64M
bxctl stop again
bxctl destroy again
refuse "is called" bxctl show again

bxctl stop kept
bxctl forget kept
refuse "is called" bxctl show kept
expect "" ls /var/lib/bxd/devices
rmmod bx_emu
