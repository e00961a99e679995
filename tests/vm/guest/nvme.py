# SPDX-License-Identifier: GPL-2.0-or-later
"""Commands straight to an NVMe controller, for cases that ask for what nvme-cli would not send:

    sys.path.insert(0, "/usr/lib/bx-lab")
    import nvme
"""

import ctypes
import fcntl
import glob
import os
import re

ADMIN, IO = 0xC0484E41, 0xC0484E43  # NVME_IOCTL_ADMIN_CMD, NVME_IOCTL_IO_CMD
ALL = 0xFFFFFFFF
GUARD = b"\xaa" * 4096


def namespace(controller, nsid):
    """The name in /dev of that namespace: newer kernels number them as they find them. nvme1c2n3 is a path to nvme1n3."""
    for path in glob.glob(f"/sys/class/nvme/{controller}/nvme*/nsid"):
        with open(path, encoding="ascii") as file:
            if int(file.read()) == nsid:
                return re.sub("c[0-9]+n", "n", os.path.basename(os.path.dirname(path)))
    raise FileNotFoundError(f"{controller} has no namespace {nsid}")


class Command(ctypes.Structure):
    """struct nvme_passthru_cmd of the kernel's."""

    _fields_ = [(name, ctypes.c_uint8) for name in ("opcode", "flags")] + [("rsvd1", ctypes.c_uint16)] + \
               [(name, ctypes.c_uint32) for name in ("nsid", "cdw2", "cdw3")] + \
               [(name, ctypes.c_uint64) for name in ("metadata", "addr")] + \
               [(name, ctypes.c_uint32) for name in ("metadata_len", "data_len", "cdw10", "cdw11", "cdw12", "cdw13", "cdw14",
                                                     "cdw15", "timeout_ms", "result")]


class Device:
    """A controller by its name in /sys/class/nvme, or a namespace by that in /dev: its ioctl goes to that queue."""

    def __init__(self, name):
        self.name = name
        self.fd = os.open(f"/dev/{name}", os.O_RDWR)

    def close(self):
        os.close(self.fd)

    def command(self, opcode, nsid=0, data=b"", length=0, ioctl=ADMIN, **dwords):
        """(status, result, data): the status without Do Not Retry and More, or what went wrong as a text. What @data does not fill
        of @length bytes is zeros."""
        length = max(length, len(data))
        # Where a device writes more than was asked for, it is seen.
        buffer = ctypes.create_string_buffer(data.ljust(length, b"\0") + GUARD, length + len(GUARD))
        command = Command(opcode=opcode, nsid=nsid, timeout_ms=20000, **dwords)
        if length:
            command.addr, command.data_len = ctypes.addressof(buffer), length
        try:
            status = fcntl.ioctl(self.fd, ioctl, command)
        except OSError as error:
            return f"errno {error.errno}", 0, b""
        if buffer.raw[length:] != GUARD:
            return "wrote too much", 0, b""
        return status & 0x7FF, command.result, buffer.raw[:length]
