# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs a program inside a cached root file system, without being able to change it.

The root is mounted read-only in a mount namespace of its own, so that nothing is mounted on the host
at any moment and all of it goes with the process, however that ends.
"""

import subprocess

from . import process

ENTER = r"""
set -e
root=$1; shift
mount --bind "$root" "$root"
while [ "$1" != -- ]; do
    mount --bind "${1%%:*}" "$root${1#*:}"
    shift
done
shift
mount -t tmpfs tmpfs "$root/tmp"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -o remount,bind,ro "$root"
exec chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin HOME=/tmp LC_ALL=C.UTF-8 "$@"
"""


def run(root, binds, command, **options):
    """binds: a list of (host directory, existing directory in the root). Writable as on the host."""
    args = ["sh", "-c", ENTER, "enter", root]
    args += [f"{host}:{guest}" for host, guest in binds]
    args += ["--", *command]
    return subprocess.run(process.contained(args), preexec_fn=process.die_with_parent, check=True, **options)
