#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A driver of its own for an NVMe function that has none: has Identify written to places where there is no memory, or none to
be written to.

    emu-touches-no-hole.py /sys/bus/pci/devices/ADDRESS
"""

import ctypes
import mmap
import os
import re
import struct
import sys
import time

PAGE, ENTRIES = 4096, 32
CC, CSTS, AQA, ASQ, ACQ, DOORBELLS = 0x14, 0x1C, 0x24, 0x28, 0x30, 0x1000
ENABLE = 0x460001
OK, TRANSFER_ERROR = 0, 4


class Function:
    def __init__(self, path):
        with open(f"{path}/config", "r+b", buffering=0) as config:
            config.seek(4)
            config.write(struct.pack("<H", 6))  # memory space, bus master
        with open(f"{path}/resource0", "r+b", buffering=0) as file:
            self.bar = mmap.mmap(file.fileno(), 0x4000)
        self.memory = mmap.mmap(-1, 3 * PAGE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE)
        ctypes.CDLL(None).mlock(ctypes.c_void_p(ctypes.addressof(ctypes.c_char.from_buffer(self.memory))), 3 * PAGE)
        self.memory[:] = bytes(3 * PAGE)
        self.submissions, self.completions, self.data = (self.physical(n) for n in range(3))
        self.tail = 0

    def physical(self, page):
        address = ctypes.addressof(ctypes.c_char.from_buffer(self.memory)) + page * PAGE
        with open("/proc/self/pagemap", "rb") as pagemap:
            pagemap.seek(address // PAGE * 8)
            return (struct.unpack("<Q", pagemap.read(8))[0] & (1 << 55) - 1) * PAGE

    def register(self, offset):
        return ctypes.c_uint32.from_buffer(self.bar, offset)

    def wait_for(self, what, done):
        end = time.monotonic() + 20
        while not done():
            if time.monotonic() > end:
                sys.exit(f"{what}: nothing happened for 20 s, CSTS is {self.register(CSTS).value:#x}")
            time.sleep(0.001)

    def enable(self, submissions=None, completions=None):
        self.register(CC).value = 0
        self.wait_for("disabling", lambda: not self.register(CSTS).value & 3)
        self.register(AQA).value = (ENTRIES - 1) << 16 | (ENTRIES - 1)
        for offset, address in ((ASQ, self.submissions if submissions is None else submissions),
                                (ACQ, self.completions if completions is None else completions)):
            self.register(offset).value = address & 0xFFFFFFFF
            self.register(offset + 4).value = address >> 32
        self.memory[PAGE:2 * PAGE] = bytes(PAGE)
        self.tail = 0
        self.register(CC).value = ENABLE
        self.wait_for("enabling", lambda: self.register(CSTS).value & 3)
        return self.register(CSTS).value & 3

    def identify(self, address):
        """The status of Identify Controller to there. The ring is never full, and never wraps: there are fewer commands than entries."""
        at = self.tail * 64
        self.memory[at:at + 64] = struct.pack("<BBHI16xQQI20x", 6, 0, self.tail, 0, address, 0, 1)
        self.tail += 1
        self.register(DOORBELLS).value = self.tail
        status = PAGE + (self.tail - 1) * 16 + 14
        self.wait_for(f"Identify to {address:#x}", lambda: self.memory[status] & 1)
        return struct.unpack_from("<H", self.memory, status)[0] >> 1 & 0x7FF


def ranges():
    """(first, last, name, depth) of /proc/iomem"""
    with open("/proc/iomem", encoding="ascii") as file:
        for line in file:
            depth, first, last, name = re.match(r"( *)(\w+)-(\w+) : (.*)", line).groups()
            yield int(first, 16), int(last, 16), name, len(depth)


function = Function(sys.argv[1])
with open(f"{sys.argv[1]}/resource", encoding="ascii") as resource:
    own = int(resource.readline().split()[0], 16)
top = [r for r in ranges() if r[3] == 0]
ram = [(first, last) for first, last, name, _ in top if name == "System RAM"]
bad = {"nothing": (1 << 52) - PAGE, "its own registers": own, "the frame buffer of old": 0xA0000, "the firmware": 0xFF000}
constant = {}
for first, last in ram:
    behind = last + 1 & ~(PAGE - 1)
    if not any(a <= behind <= b for a, b in ram):
        bad[f"what is behind RAM that ends at {last:#x}"] = behind
for first, last, name, depth in ranges():
    if name.startswith("0000:") and last - first >= PAGE - 1:
        bad[f"the registers of {name}"] = first
    if name in ("Kernel code", "Kernel rodata"):
        constant[f"the {name.lower()}"] = first
if len(constant) != 2:
    sys.exit(f"/proc/iomem names of the kernel only {constant}")
print(f"{len(bad)} places: {', '.join(bad)}; {', '.join(constant)}")

wrong = 0
if function.enable() != 1:
    sys.exit("it is not ready")
for what, address in [*constant.items(), *bad.items()][:ENTRIES - 2]:
    status = function.identify(address)
    if status != TRANSFER_ERROR:
        print(f"Identify to {what} ({address:#x}): {status:#x}, not {TRANSFER_ERROR:#x}")
        wrong += 1
if function.identify(function.data) != OK or function.memory[2 * PAGE + 24:2 * PAGE + 27] != b"Byt":
    print("Identify to memory failed")
    wrong += 1
for what, address in bad.items():
    if function.enable(submissions=address) != 2:
        print(f"an admin queue in {what} ({address:#x}) is not a fatal status")
        wrong += 1
for what, address in [*constant.items(), *bad.items()]:
    if function.enable(completions=address) != 2:
        print(f"admin completions in {what} ({address:#x}) are not a fatal status")
        wrong += 1
if function.enable() != 1 or function.identify(function.data) != OK:
    print("it does not come back")
    wrong += 1
function.register(CC).value = 0
function.wait_for("disabling", lambda: not function.register(CSTS).value & 3)
sys.stdout.flush()
os._exit(bool(wrong))  # the buffers of ctypes outlive everything else
