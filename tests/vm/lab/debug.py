# SPDX-License-Identifier: GPL-2.0-or-later
"""The KASAN + lockdep kernel: the distribution's own source with every checker on."""

import os
import pathlib
import re
import shutil
import subprocess

from . import cache, chroot, process, settings

CONFIG = settings.TREE / "tests/vm/debug.config"
NAME = "LOCALVERSION=-bxdebug"


def make_source(root_entry):
    """The unpacked source of the root's kernel, which came with it."""
    package = root_entry / "source.deb"

    def make(directory):
        cache.say("unpacking the kernel's source")
        subprocess.run(["dpkg-deb", "-x", str(package), str(directory / "package")], check=True)
        tarball = next(directory.glob("package/usr/src/*.tar.xz"))
        (directory / "linux").mkdir()
        subprocess.run(["tar", "-xf", str(tarball), "-C", str(directory / "linux"), "--strip-components=1"],
                       check=True, preexec_fn=process.die_with_parent)
        cache.remove(directory / "package")

    return cache.made("linux-source", cache.digest(package), make) / "linux"


def wanted_lines():
    return [line for line in CONFIG.read_text().splitlines()
            if line.startswith("CONFIG_") or line.endswith(" is not set")]


def compilers(root):
    """Versions of what a kernel is made with, so that other packages in the root are no reason to make it again."""
    names = re.compile(r"gcc|cpp|binutils|libc6-dev|make$|flex$|bison$|bc$|perl|dwarves$|libelf-dev$|libssl-dev$")
    blocks = (root / "var/lib/dpkg/status").read_text().split("\n\n")
    fields = [dict(line.split(": ", 1) for line in block.splitlines() if re.match(r"(Package|Version): ", line))
              for block in blocks if block]
    return sorted(f"{f['Package']} {f['Version']}" for f in fields if names.match(f["Package"]))


def make_kernel(root_entry):
    """An entry with tree/ (to build modules against), boot/bzImage and install/lib/modules."""
    source = make_source(root_entry)
    root = root_entry / "root"

    def make(directory):
        cache.say("building the KASAN + lockdep kernel (about ten minutes on two cores)")
        tree = directory / "tree"
        (directory / "install").mkdir()
        subprocess.run(["cp", "-a", str(source), str(tree)], check=True)
        binds = [(tree, "/kernel"), (directory / "install", "/out")]

        def build(*targets):
            with open(directory / "build.log", "a") as log:
                try:
                    chroot.run(root, binds, ["make", "-C", "/kernel", f"-j{os.cpu_count()}", *targets],
                               stdout=log, stderr=subprocess.STDOUT)
                except subprocess.CalledProcessError:
                    print((directory / "build.log").read_text()[-3000:])
                    raise

        build("tinyconfig")
        with open(tree / ".config", "a") as config:
            config.write("\n".join(wanted_lines()) + "\n")
        build(NAME, "olddefconfig")
        got = (tree / ".config").read_text().splitlines()
        lost = [line for line in wanted_lines() if line not in got]
        if lost:
            raise RuntimeError(f"{CONFIG.name}: the kernel's configuration lost {', '.join(lost)}")
        build(NAME, "bzImage", "modules")
        build(NAME, "INSTALL_MOD_PATH=/out", "INSTALL_MOD_STRIP=1", "modules_install")
        (directory / "boot").mkdir()
        shutil.copy(tree / "arch/x86/boot/bzImage", directory / "boot/bzImage")
        for path in ("build", "source"):
            for link in (directory / "install/lib/modules").glob(f"*/{path}"):
                link.unlink()
        # What building modules does not need: two thirds of the space.
        for path in tree.rglob("*"):
            if path.suffix in (".o", ".a") and "scripts" not in path.parts and "tools" not in path.parts:
                path.unlink()
        (tree / "vmlinux").unlink()

    key = cache.digest(source.parent.name, compilers(root), CONFIG, NAME, pathlib.Path(__file__))
    return cache.made("kernel-debug", key, make)
