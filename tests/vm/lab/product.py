# SPDX-License-Identifier: GPL-2.0-or-later
"""The current tree as it lands in a guest: built, installed by `make install` into an archive of its own.

Modules are built in the target's own root file system, against its own headers, with its own compiler.
"""

import json
import os
import pathlib
import shutil
import subprocess
import tarfile

from . import cache, chroot, process, settings

# What the archive is made of; when none of it changed, neither did the archive.
SOURCES = ["Makefile", "daemon", "client", "include", "kmods", "units", "udev", "man", "presets", "README.md",
           "tests/kmods", "tests/kit", "tests/vm/guest", "tests/vm/cases", "tests/vm/lab", "tests/varlink", "tests/siege"]


def fingerprint(image):
    stamps = [str(image.directory), *(os.environ.get(name) for name in ("CC", "CFLAGS", "LDFLAGS"))]
    for source in SOURCES:
        top = settings.TREE / source
        for path in [top, *sorted(top.rglob("*"))]:
            if path.is_file() and "__pycache__" not in path.parts:
                status = path.stat()
                stamps.append((str(path), status.st_mtime_ns, status.st_size))
    return cache.digest(json.dumps(stamps))


def make(directory, *arguments):
    ours = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "DESTDIR", "prefix", "sysconfdir")
    environment = {k: v for k, v in os.environ.items() if k not in ours}
    command = ["make", "-s", "--no-print-directory", f"-j{os.cpu_count()}", "-C", str(directory), *arguments]
    subprocess.run(process.contained(command), check=True, stdout=2, env=environment, preexec_fn=process.die_with_parent)


def install_user_space(stage):
    make(settings.TREE, "user-space")
    make(settings.TREE, "install", f"DESTDIR={stage}", "KDIR=/nonexistent")


def install_modules(image, work, stage):
    """Builds the modules for the image's kernel and installs them below stage; says whether there are any."""
    out = work / "kmods"
    out.mkdir(exist_ok=True)
    binds = [(settings.TREE, "/src"), (out, "/out")]
    settings_of_kbuild = [f"KDIR=/usr/lib/modules/{image.release}/build", "OUT=/out", "EXTRA=../tests/kmods"]
    if image.kernel_tree:
        binds.append((image.kernel_tree, "/kernel"))
        settings_of_kbuild[0] = "KDIR=/kernel"
        settings_of_kbuild.append("NVME_TREE=/kernel")
    cache.remove(out / "stage")
    command = ["make", "-s", "--no-print-directory", f"-j{os.cpu_count()}", "-C", "/src/kmods", *settings_of_kbuild]
    chroot.run(image.root, binds, [*command, "modules"], stdout=2)
    chroot.run(image.root, binds, [*command, "DESTDIR=/out/stage", "install", "install-extra"], stdout=2)
    installed = out / "stage/lib/modules"
    if not installed.exists():
        return False
    shutil.copytree(installed, stage / "usr/lib/modules")
    return True


def depmod(image, work, stage):
    """What a package's trigger does: the kernel's index of its modules, ours among them."""
    merged = work / "depmod"
    cache.remove(merged)
    ours = stage / "usr/lib/modules" / image.release
    there = merged / "lib/modules"
    there.mkdir(parents=True)
    subprocess.run(["cp", "-as", str(image.modules), str(there / image.release)], check=True)
    subprocess.run(["cp", "-as", f"{ours}/.", str(there / image.release)], check=True)
    for index in (there / image.release).glob("modules.*"):
        if index.name not in ("modules.order", "modules.builtin", "modules.builtin.modinfo"):
            index.unlink()
    subprocess.run(["depmod", "-b", str(merged), image.release], check=True)
    for index in (there / image.release).glob("modules.*"):
        if not index.is_symlink():
            shutil.copy(index, ours / index.name)
    cache.remove(merged)


def install_lab(work, stage):
    """The lab's own hand, the test cases, and silence for what no test of storage needs."""
    agent = work / "bx-lab"
    source = settings.GUEST / "agent.c"
    subprocess.run(["gcc", "-std=gnu11", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Werror", "-static",
                    "-o", str(agent), str(source)], check=True)
    library = stage / "usr/lib/bx-lab"
    shutil.copytree(settings.TREE / "tests/vm/cases", library / "cases")
    for extra in [*settings.GUEST.glob("*.sh"), *settings.GUEST.glob("*.py")]:
        shutil.copy(extra, library)
    shutil.copy(agent, library)
    for program in ("bx-varlink-certification", "bx-anything", "bx-crowd"):
        shutil.copy(settings.BUILD / "release/bin" / program, library)
    units = stage / "etc/systemd/system"
    wants = units / "multi-user.target.wants"
    wants.mkdir(parents=True)
    shutil.copy(settings.GUEST / "bx-lab.service", units)
    (wants / "bx-lab.service").symlink_to("../bx-lab.service")
    for unit in settings.MASKED_UNITS:
        (units / unit).symlink_to("/dev/null")
    modprobe = stage / "etc/modprobe.d"
    modprobe.mkdir(parents=True)
    (modprobe / "bx-lab.conf").write_text("".join(f"blacklist {m}\n" for m in settings.UNWANTED_MODULES))


def pack(stage, archive):
    """Directories get an old date: a younger /usr would make systemd rebuild its caches at every boot."""
    def plain(member):
        member.uid = member.gid = 0
        member.uname = member.gname = "root"
        member.mode &= ~0o022
        if member.isdir():
            # busybox applies it to directories that are there already.
            member.mtime = 0
            member.mode = 0o755
        return member

    part = archive.with_suffix(".part")
    with tarfile.open(part, "w", format=tarfile.GNU_FORMAT) as tar:
        for top in sorted(stage.iterdir()):
            tar.add(top, arcname=top.name, filter=plain)
    part.rename(archive)


def build(image):
    """The archive of the current tree for this image."""
    work = settings.BUILD / "vm" / image.target
    archive = work / "product.tar"
    stamp = work / "product.fingerprint"
    with cache.lock(settings.BUILD / "vm/.lock"):
        work.mkdir(parents=True, exist_ok=True)
        now = fingerprint(image)
        if archive.exists() and stamp.exists() and stamp.read_text() == now:
            return archive
        stage = work / "stage"
        cache.remove(stage)
        stage.mkdir()
        install_user_space(stage)
        if install_modules(image, work, stage):
            depmod(image, work, stage)
        install_lab(work, stage)
        pack(stage, archive)
        cache.remove(stage)
        # Taken before the build: what changed during it is built the next time.
        stamp.write_text(now)
    return archive


def pack_copies(paths):
    """An archive, in memory, of the files of --copy, for /root of the guest."""
    fd = os.memfd_create("bx-lab-copies")
    with os.fdopen(os.dup(fd), "wb") as f, tarfile.open(fileobj=f, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for path in map(pathlib.Path, paths):
            tar.add(path.resolve(), arcname=f"root/{path.name}")
    reading = os.open(f"/proc/self/fd/{fd}", os.O_RDONLY)
    os.close(fd)
    return reading
