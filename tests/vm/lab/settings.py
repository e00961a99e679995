# SPDX-License-Identifier: GPL-2.0-or-later
"""What a guest of each distribution is made of. Every entry is an input of the cache's hashes."""

import os
import pathlib

TREE = pathlib.Path(__file__).resolve().parents[3]
BUILD = TREE / "build"
GUEST = TREE / "tests/vm/guest"
CACHE = pathlib.Path(os.environ.get("BX_CACHE", "/var/cache/bx-lab"))

# A suite is a Debian release: where its root file system comes from. Those with a security
# archive take kernel updates from it, since that is what people run.
SUITES = {
    # Its kernel's source is the debug kernel, and has the true private headers to compare with.
    "bookworm": {"security": True, "source": "linux-source-6.1"},
    "trixie": {"security": True},
    "forky": {"security": False},
}

# A target is what `--distro` names: a kernel on the root of a suite.
TARGETS = {
    "bookworm": "bookworm",
    "trixie": "trixie",
    "forky": "forky",
    "debug": "bookworm",
}

PACKAGES = {
    "system": "systemd systemd-sysv dbus udev kmod procps iproute2 e2fsprogs psmisc strace busybox-static",
    "kernel": "linux-image-amd64",
    "libraries of the product": "libsystemd0 libudev1 libkmod2 libjson-c5",
    "peers of the product": "polkitd varlink-go dbus-broker",
    "tools of the tests": "nvme-cli fio pciutils dmsetup fdisk util-linux python3-minimal xfsprogs btrfs-progs",
    "to build modules": "linux-headers-amd64 gcc make libc6-dev libbpf-dev libelf-dev pkgconf xz-utils zstd",
}

SUITE_PACKAGES = {
    # lint and the debug kernel are built here, too, and memcheck watches the daemon
    "bookworm": "sparse flex bison bc libssl-dev perl dwarves valgrind libc6-dbg",
}

# Started by nobody who tests storage, and slow under emulation.
MASKED_UNITS = """
    getty@.service serial-getty@.service console-getty.service getty.target
    e2scrub_reap.service e2scrub_all.timer apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer
    fstrim.timer systemd-tmpfiles-clean.timer systemd-logind.service systemd-binfmt.service
    systemd-update-utmp.service systemd-update-utmp-runlevel.service systemd-random-seed.service
    systemd-pcrphase.service systemd-pcrphase-sysinit.service systemd-timesyncd.service
    modprobe@drm.service modprobe@fuse.service modprobe@efi_pstore.service modprobe@loop.service modprobe@dm_mod.service
    dev-mqueue.mount
""".split()

# Drivers that udev would load for a CPU or a board, of no use to any test.
UNWANTED_MODULES = """
    kvm_amd kvm_intel kvm powernow_k8 acpi_cpufreq aesni_intel ghash_clmulni_intel crct10dif_pclmul crc32_pclmul
    sha512_ssse3 sha256_ssse3 sha1_ssse3 polyval_clmulni iTCO_wdt lpc_ich pcspkr evdev button intel_agp
    rapl amd_energy edac_mce_amd qemu_fw_cfg
""".split()

# The disk drivers that stand between a kernel and its root.
BOOT_MODULES = ["virtio_pci", "virtio_blk", "ext4", "virtio_console"]


def packages(suite):
    text = " ".join(PACKAGES.values()) + " " + SUITE_PACKAGES.get(suite, "")
    return sorted(text.split())
