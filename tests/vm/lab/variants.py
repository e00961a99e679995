# SPDX-License-Identifier: GPL-2.0-or-later
"""The same product in a guest that differs in one thing, for the same cases: another bus, or a checker that watches the daemon.

A variant NAME is the tree tests/vm/variants/NAME, laid over everything else in the guest, and guest/variant-NAME.sh, which says
after every case whether the variant was in force and what it has found.
"""

import os
import tarfile

from . import cache, product, settings

FOLDER = settings.TREE / "tests/vm/variants"
VARIANTS = sorted(path.name for path in FOLDER.iterdir())

# Programs that are built in another way, by the Makefile's variant of that name.
REBUILT = {"asan": ["bxd", "bxd-worker"]}


def plain(member):
    """Folders get an old date, as those of the product do."""
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    if member.isdir():
        member.mtime = 0
    return member


def pack(variant):
    """Its archive, in memory, as a descriptor to read from."""
    programs = [settings.BUILD / variant / "bin" / name for name in REBUILT.get(variant, [])]
    if programs:
        with cache.lock(settings.BUILD / "vm/.lock"):
            product.make(settings.TREE, *(str(path.relative_to(settings.TREE)) for path in programs))
    fd = os.memfd_create(f"bx-lab-{variant}")
    with os.fdopen(os.dup(fd), "wb") as f, tarfile.open(fileobj=f, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for top in sorted((FOLDER / variant).iterdir()):
            tar.add(top, arcname=top.name, filter=plain)
        for path in programs:
            tar.add(path, arcname=f"usr/libexec/bxd/{path.name}", filter=plain)
    reading = os.open(f"/proc/self/fd/{fd}", os.O_RDONLY)
    os.close(fd)
    return reading
