# SPDX-License-Identifier: GPL-2.0-or-later
"""Root file systems, and from them what QEMU boots: a disk image, a kernel without its decompressor, an initrd.

Three things make the boot short. The kernel is booted as the plain ELF image (by its PVH entry), since unpacking
it under emulation takes seconds. The initrd holds busybox and the few disk drivers, uncompressed. (product.py masks
the units and drivers that no test of storage needs.)
"""

import dataclasses
import lzma
import pathlib
import shutil
import struct
import subprocess
import zlib

from . import cache, debug, process, settings


@dataclasses.dataclass
class Image:
    """All that is needed to boot a target and to build for it."""

    target: str
    directory: pathlib.Path
    root: pathlib.Path  # of the suite: compilers, headers, libraries
    kernel_tree: pathlib.Path  # a full kernel tree, or None where there are headers only

    @property
    def kernel_file(self):
        return self.directory / "kernel"

    @property
    def initrd(self):
        return self.directory / "initrd.img"

    @property
    def disk(self):
        return self.directory / "disk.img"

    @property
    def modules(self):
        """The kernel's modules: lib/modules/RELEASE."""
        return next((self.directory / "lib/modules").iterdir())

    @property
    def release(self):
        return self.modules.name


class LabError(Exception):
    """The lab itself cannot do what was asked; the message says what to do about it."""


class UsageError(LabError):
    """What was asked for does not exist."""


# ---------------------------------------------------------------- root file systems


def mirrors():
    """The archives that the machine's own apt uses: (main, security)."""
    out = subprocess.run(["apt-get", "indextargets", "--format", "$(ORIGIN) $(RELEASE) $(SITE)"],
                         check=True, stdout=subprocess.PIPE, text=True).stdout
    main = security = None
    for line in out.splitlines():
        origin, _, rest = line.partition(" ")
        release, _, site = rest.partition(" ")
        if origin != "Debian":
            continue
        if release.endswith("-security"):
            security = security or site
        else:
            main = main or site
    if not main:
        raise LabError("apt knows no Debian archive; type `sudo apt-get update` and look at /etc/apt/sources.list")
    return main, security


def sources(suite):
    main, security = mirrors()
    lines = [f"deb {main} {suite} main"]
    if settings.SUITES[suite]["security"] and security:
        lines.append(f"deb {security} {suite}-security main")
    return "\n".join(lines) + "\n"


MMDEBSTRAP = ["--quiet", "--variant=minbase", "--mode=root", '--aptopt=Acquire::Check-Valid-Until "false"',
              '--aptopt=APT::Install-Recommends "false"',
              *(f"--dpkgopt=path-exclude=/usr/share/{d}/*" for d in ("doc", "man", "locale", "info"))]

CUSTOMIZE = r"""
set -e
root=$1
mkdir -p "$root/src" "$root/out" "$root/kernel"
echo bx-lab > "$root/etc/hostname"
printf '[Journal]\nStorage=volatile\nRateLimitBurst=0\n' > "$root/etc/systemd/journald.conf"
touch "$root/etc/.updated" "$root/var/.updated"
# Its package makes dbus-broker the bus; here that is so only where it is asked for (variants.py).
rm -f "$root/etc/systemd/system/dbus.service"
# The kernel's source belongs to the kernel: by the time that somebody wants it, the archive may have moved on.
[ -n "$2" ] || exit 0
version=$(dpkg-query --admindir="$root/var/lib/dpkg" -W -f '${Version}' "$(basename "$root"/boot/vmlinuz-* | sed s/vmlinuz/linux-image/)")
cd "$root/.."
APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" apt-get -qq -o APT::Sandbox::User=root download "$2=$version"
mv "$2"_*.deb source.deb
"""


def make_root(suite):
    packages = settings.packages(suite)

    def make(directory):
        cache.say(f"making the root file system of {suite} (about a minute)")
        script = directory / "customize"
        script.write_text("#!/bin/sh\n" + CUSTOMIZE)
        script.chmod(0o755)
        command = ["mmdebstrap", *MMDEBSTRAP, "--include=" + ",".join(packages)]
        source = settings.SUITES[suite].get("source", "")
        command += [f'--customize-hook={script} "$1" "{source}"', suite, str(directory / "root"), "-"]
        # INITRD=No: the kernel's package would make an initrd that no guest boots.
        subprocess.run(process.contained(["env", "INITRD=No", *command]), check=True, input=sources(suite), text=True,
                       stdout=subprocess.DEVNULL, preexec_fn=process.die_with_parent)
        script.unlink()

    key = cache.digest(suite, settings.SUITES[suite], packages, MMDEBSTRAP, CUSTOMIZE)
    return cache.made(f"root-{suite}", key, make)


# ---------------------------------------------------------------- from a root to a bootable image


def unpack_kernel(bzimage):
    """The ELF image inside a bzImage (Documentation/arch/x86/boot.rst says where)."""
    data = bzimage.read_bytes()
    if data[0x202:0x206] != b"HdrS":
        raise LabError(f"{bzimage} is no bzImage")
    sectors = data[0x1F1] or 4
    offset, length = struct.unpack_from("<II", data, 0x248)
    start = (sectors + 1) * 512 + offset
    payload = data[start:start + length]
    if payload.startswith(b"\xfd7zXZ\0"):
        return lzma.LZMADecompressor().decompress(payload)
    if payload.startswith(b"\x1f\x8b"):
        return zlib.decompressobj(31).decompress(payload)
    if payload.startswith(b"\x28\xb5\x2f\xfd"):
        # The last four bytes are the unpacked size, no part of the stream.
        return subprocess.run(["zstd", "-dcq"], input=payload[:-4], stdout=subprocess.PIPE, check=True).stdout
    raise LabError(f"{bzimage}: unknown compression {payload[:6].hex()}")


def module_files(modules):
    """The boot modules that are modules in this kernel, in the order of loading."""
    files = []
    for name in settings.BOOT_MODULES:
        shown = subprocess.run(["modprobe", "-d", str(modules.parents[2]), "-S", modules.name, "--show-depends", name],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
        for line in shown.stdout.splitlines():
            word, _, rest = line.partition(" ")
            if word == "insmod" and rest.split()[0] not in files:
                files.append(rest.split()[0])
    return [pathlib.Path(f) for f in files]


def read_module(path):
    if path.suffix == ".xz":
        return lzma.decompress(path.read_bytes())
    if path.suffix == ".zst":
        return subprocess.run(["zstd", "-dcq", str(path)], stdout=subprocess.PIPE, check=True).stdout
    return path.read_bytes()


def make_initrd(root, modules, initrd):
    tree = initrd.with_suffix(".tree")
    for d in ("bin", "dev", "modules", "root", "sys"):
        (tree / d).mkdir(parents=True)
    shutil.copy(root / "usr/bin/busybox", tree / "bin/busybox")
    shutil.copy(settings.GUEST / "init", tree / "init")
    for n, path in enumerate(module_files(modules)):
        (tree / f"modules/{n:02}-{path.name.split('.')[0]}").write_bytes(read_module(path))
    names = "\n".join(str(p.relative_to(tree)) for p in sorted(tree.rglob("*"))) + "\n"
    with open(initrd, "wb") as out:
        subprocess.run(["cpio", "--quiet", "-o", "-H", "newc"], cwd=tree, input=names.encode(), stdout=out, check=True)
    cache.remove(tree)


def make_disk(root, disk):
    subprocess.run(["mke2fs", "-q", "-F", "-t", "ext4", "-O", "^has_journal,^metadata_csum,^64bit",
                    "-E", "lazy_itable_init=0", "-L", "bx-lab", "-d", str(root), str(disk), "6G"],
                   check=True, stdout=subprocess.DEVNULL)


def link_tree(source, destination):
    """A copy that costs no space; made only to be read."""
    subprocess.run(["cp", "-al", str(source), str(destination)], check=True)


def get(target):
    """The image of a target, made where it is not there yet."""
    suite = settings.TARGETS.get(target)
    if not suite:
        raise LabError(f"unknown distribution '{target}'; there are {', '.join(settings.TARGETS)}")
    root_entry = make_root(suite)
    root = root_entry / "root"
    kernel = debug.make_kernel(root_entry) if target == "debug" else None

    def make(directory):
        cache.say(f"making the disk image of {target}")
        tree = directory / "tree"
        link_tree(root, tree)
        if kernel:
            # As it is: KASAN's checks are not yet possible at the PVH entry, and that one has them.
            shutil.copy(kernel / "boot/bzImage", directory / "kernel")
            cache.remove(tree / "usr/lib/modules")
            link_tree(kernel / "install/lib/modules", tree / "usr/lib/modules")
        else:
            (directory / "kernel").write_bytes(unpack_kernel(next((root / "boot").glob("vmlinuz-*"))))
        modules = next((tree / "usr/lib/modules").iterdir())
        # The names are kept beside the image: depmod wants to see all modules when ours are added.
        (directory / "lib/modules").mkdir(parents=True)
        link_tree(modules, directory / "lib/modules" / modules.name)
        make_initrd(root, modules, directory / "initrd.img")
        make_disk(tree, directory / "disk.img")
        cache.remove(tree)

    key = cache.digest(root_entry.name, str(kernel and kernel.name), settings.BOOT_MODULES,
                       settings.GUEST / "init", pathlib.Path(__file__))
    return Image(target, cache.made(f"image-{target}", key, make), root, kernel and kernel / "tree")
