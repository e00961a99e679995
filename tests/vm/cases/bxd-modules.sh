#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Modules are loaded with parameters and unloaded; each reason why not has its own name, and the kernel's words.
# fresh
# daily: bookworm
. /usr/lib/bx-lab/lib.sh

systemctl start bxd
within 10 sh -c 'bxctl show bxlab0 | grep -q "State: ready"'
module() {
	bxctl module | sed -n "s/^$1 *//p"
}
file=$(modinfo -n bx_emu)
mkdir -p /tmp/modules
cp "$file" /tmp/modules/

expect "not loaded" module bx_emu
bxctl module load bx_emu
expect loaded module bx_emu
bxctl module load bx_emu
refuse "loaded already.*WrongState" bxctl module load bx_emu type=nvm
bxctl create demo --size 64M
refuse "ModuleInUse" bxctl module unload bx_emu
bxctl destroy demo
bxctl module unload bx_emu
bxctl module unload bx_emu
expect "not loaded" module bx_emu
module nvme | grep -q loaded || fail "nvme is '$(module nvme)'"
refuse "module nvme drives 0000:01:00.0.*ModuleInUse" bxctl module unload nvme

# Parameters.
refuse "has no parameter 'colour' .ModuleParameter" bxctl module load bx_emu colour=red
refuse "type.*ModuleParameter" bxctl module load bx_emu type=tape memmap_start=5G memmap_size=64M cpus=1
refuse "must have no blanks" bxctl module load bx_emu "type=a b"
refuse "none of the modules" bxctl module load ext4
refuse "none of the modules" bxctl module load ../bx_emu
refuse "takes nothing, load NAME" bxctl module lood bx_emu
expect "not loaded" module bx_emu

# Not there, built for another kernel, in need of what is not there, run by something else.
restore() {
	cp /tmp/modules/"$(basename "$file")" "$file"
	rm -f /etc/modprobe.d/bx-test.conf
}
trap restore EXIT
refuse "ModuleNotFound" bxctl module load nvme_ring_io
case $file in
*.ko)
	sed "s/vermagic=[0-9.]*/vermagic=9.9/" /tmp/modules/bx_emu.ko >"$file"
	cmp -s "$file" /tmp/modules/bx_emu.ko && fail "nothing was changed in the module"
	refuse "ModuleForOtherKernel|version magic" bxctl module load bx_emu
	restore
	;;
esac
echo 'install bx_emu /bin/touch /tmp/run-by-root' >/etc/modprobe.d/bx-test.conf
refuse "bxd runs no commands" bxctl module load bx_emu
[ ! -e /tmp/run-by-root ] || fail "a command was run"
restore

# Nobody else may.
refuse "org.byteexpress.bx1.load-module.*NotAuthorized" setpriv --reuid=65534 --regid=65534 --clear-groups bxctl module load bx_emu
setpriv --reuid=65534 --regid=65534 --clear-groups bxctl module >/dev/null

# The last word of the kernel on modules, until it boots again.
sysctl -q kernel.modules_disabled=1
refuse "LockedDown" bxctl module load bx_emu
