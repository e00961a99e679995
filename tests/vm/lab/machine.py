# SPDX-License-Identifier: GPL-2.0-or-later
"""QEMU: its command line, its life and its death.

Nothing of a run has a name in a file system: sockets are inherited pairs, disks are snapshots of a cached image or
memory. So a run that is killed leaves nothing behind, and runs side by side cannot meet.
"""

import dataclasses
import json
import os
import shlex
import socket
import subprocess

from . import process

# Kernel command line. The console takes everything at once and in order, since it is what reports are read from.
COMMAND_LINE = """
    console=ttyS0 loglevel=7 printk.devkmsg=on panic=-1 oops=panic panic_print=0x40
    unknown_nmi_panic=1 systemd.show_status=no systemd.log_level=notice
    systemd.machine_id=0b0e0d00000000000000000000000001 systemd.unit=multi-user.target
    watchdog_thresh=30 rcupdate.rcu_cpu_stall_timeout=60 sysctl.kernel.hung_task_timeout_secs=45
    random.trust_cpu=on mitigations=off audit=0 net.ifnames=0 no_timer_check tsc=reliable
""".split()

# Stock nvme of 6.1 gives its shadow doorbells back only when the last one closes the controller, which may be after it has let the
# device go (bxd holds the namespaces meanwhile). The checker of DMA mappings is right to say so, and is told to look at our driver alone.
DEBUG_WORDS = ["dma_debug_driver=bx_nvme"]

NVME_SIZE = 256 << 20

# An IOMMU comes first on the bus, so that it stands above every other device.
IOMMU = {
    "intel": (["-device", "intel-iommu,intremap=on,caching-mode=on"], ["intel_iommu=on"]),
    "amd": (["-device", "amd-iommu,intremap=on"], ["amd_iommu=on"]),
}


@dataclasses.dataclass
class Options:
    smp: int = 4
    memory: str = "4G"
    memmap: tuple = ()
    iommu: str = ""
    qemu: tuple = ()
    append: str = ""


def command_line(image, options):
    words = list(COMMAND_LINE)
    if image.target == "debug":
        words += DEBUG_WORDS
    if options.iommu:
        words += IOMMU[options.iommu][1]
    for region in options.memmap:
        # SIZE@START to a person, SIZE$START to the kernel: `$` is the reservation.
        words.append("memmap=" + region.replace("@", "$"))
    return " ".join(words + shlex.split(options.append))


def memory_file(name, size):
    fd = os.memfd_create(name)
    os.truncate(fd, size)
    return fd


class Machine:
    """One running QEMU. `console`, `agent`, `host` and `monitor` are our ends of its channels."""

    def __init__(self, image, archives, options):
        ends = {name: socket.socketpair() for name in ("console", "agent", "host", "monitor")}
        self.console, self.agent, self.host, self.monitor = (ends[n][0] for n in ("console", "agent", "host", "monitor"))
        disk = os.open(image.disk, os.O_RDONLY)
        nvme = memory_file("bx-lab-nvme", NVME_SIZE)
        nvme_reading = os.open(f"/proc/self/fd/{nvme}", os.O_RDONLY)
        inherited = [e[1].fileno() for e in ends.values()] + [disk, nvme, nvme_reading, *archives]
        command = ["qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", str(options.smp),
                   "-m", options.memory, "-M", "q35,sata=off,i8042=off,vmport=off,smbus=off", "-nodefaults",
                   "-display", "none", "-vga", "none", "-no-reboot", "-no-user-config",
                   "-kernel", str(image.kernel_file), "-initrd", str(image.initrd), "-append", command_line(image, options)]
        if options.iommu:
            command += IOMMU[options.iommu][0]
        for name, (_, theirs) in ends.items():
            command += ["-chardev", f"socket,id={name},fd={theirs.fileno()}"]
        command += ["-serial", "chardev:console", "-mon", "chardev=monitor,mode=control",
                    "-device", "virtio-serial-pci", "-device", "virtserialport,chardev=agent,name=bx.agent",
                    "-device", "virtserialport,chardev=host,name=bx.host"]
        command += self.disk_arguments("root", [disk], 1, "snapshot=on,cache=unsafe", "virtio-blk-pci,serial=bx-root")
        for n, archive in enumerate(archives):
            command += self.disk_arguments(f"archive{n}", [archive], 2 + n, "readonly=on",
                                           f"virtio-blk-pci,serial=bx-archive{n}")
        # The disk that tests may ruin: behind a port of its own, as real ones are, and so removable. QEMU's
        # AMD IOMMU delivers nothing to a device behind a port, though.
        command += ["-device", "pcie-root-port,id=port0,chassis=1,slot=1"]
        bus = "pcie.0" if options.iommu == "amd" else "port0"
        command += self.disk_arguments("nvme0", [nvme_reading, nvme], 9, "cache=unsafe",
                                       f"nvme,id=nvme0,serial=bxlab0,bus={bus}")
        for extra in options.qemu:
            command += shlex.split(extra)
        self.errors = os.memfd_create("bx-lab-qemu-errors")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.errors, stderr=self.errors,
                                        pass_fds=inherited, preexec_fn=process.die_with_parent)
        for _, theirs in ends.values():
            theirs.close()
        for fd in (disk, nvme, nvme_reading):
            os.close(fd)
        self.monitor_file = self.monitor.makefile("rwb", buffering=0)
        self.monitor_ready = False

    @staticmethod
    def disk_arguments(name, fds, number, drive, device):
        """fds: one for each way in which QEMU opens the disk (it reads first, and asks for more later)."""
        sets = [word for fd in fds for word in ("-add-fd", f"fd={fd},set={number}")]
        return [*sets, "-drive", f"file=/dev/fdset/{number},id={name},if=none,format=raw,{drive}",
                "-device", f"{device},drive={name}"]

    def error_text(self):
        return os.pread(self.errors, 1 << 20, 0).decode(errors="replace").strip()

    def ask(self, command, arguments=None):
        """One QMP command; its answer, or an exception that says what QEMU says."""
        if not self.monitor_ready:
            self.monitor.settimeout(20)
            self.monitor_file.readline()  # the greeting
            self.monitor_ready = True
            self.ask("qmp_capabilities")
        request = {"execute": command}
        if arguments:
            request["arguments"] = arguments
        self.monitor_file.write(json.dumps(request).encode() + b"\n")
        while True:
            line = self.monitor_file.readline()
            if not line:
                raise OSError("QEMU has gone")
            answer = json.loads(line)
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise ValueError(answer["error"]["desc"])

    def stop(self):
        """Ends it, whatever it is doing, and closes everything."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for channel in (self.console, self.agent, self.host, self.monitor_file, self.monitor):
            channel.close()
        if self.errors >= 0:
            os.close(self.errors)
            self.errors = -1
