#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Sends what is wrong, and compares the status: emu-refuses-nonsense.py CONTROLLER NAMESPACE, of 32 MiB in blocks of 512."""

import errno
import os
import re
import struct
import sys
import time

sys.path.insert(0, "/usr/lib/bx-lab")
import nvme  # noqa: E402
from nvme import ALL  # noqa: E402

BLOCKS = 65536
OK, OPCODE, FIELD, NAMESPACE, SEQUENCE, RANGE = 0, 1, 2, 0xB, 0xC, 0x80
SLOT, IMAGE, LOG, FORMAT, NO_SAVE, NOT_OF_NAMESPACE, OVERLAP, CONTROLLERS, TESTING = (
    0x106, 0x107, 0x109, 0x10A, 0x10D, 0x10F, 0x114, 0x11C, 0x11D)
READ_ERROR, COMPARE = 0x281, 0x285
KERNEL = tuple(int(n) for n in re.match(r"(\d+)\.(\d+)", os.uname().release).groups())

ctrl, disk = (nvme.Device(name) for name in sys.argv[1:3])
bad = 0


def want(status, what, answer):
    global bad
    if answer[0] != status:
        got = answer[0] if isinstance(answer[0], str) else f"{answer[0]:#x}"
        print(f"{what}: {got}, not {status:#x}")
        bad += 1
    return answer


def admin(status, what, opcode, nsid=0, **more):
    return want(status, what, ctrl.command(opcode, nsid, **more))


def io(status, what, opcode, **more):
    return want(status, what, disk.command(opcode, 1, ioctl=nvme.IO, **more))


def set_feature(status, what, fid, nsid=0, **more):
    answer = ctrl.command(9, nsid, cdw10=fid, **more)
    # Newer kernels keep some features for themselves: queues, power states, the host's memory.
    if answer[0] != f"errno {errno.EACCES}" or fid not in (7, 0xC, 0xD) or KERNEL < (6, 12):
        want(status, what, answer)


def block(status, what, opcode, lba, blocks, **more):
    return io(status, what, opcode, cdw10=lba & ALL, cdw11=lba >> 32, cdw12=blocks - 1 | more.pop("control", 0) << 16, **more)


# ---- opcodes: security, directives, MI, virtualization, lockdown; reservations, zones; vendors

known = {0, 1, 2, 4, 5, 6, 8, 9, 0xA, 0xC, 0xD, 0x10, 0x11, 0x14, 0x15, 0x18, 0x7C, 0x80, 0x84}
for opcode in set(range(256)) - known:
    admin(OPCODE, f"admin {opcode:#x}", opcode)
for opcode in set(range(256)) - {0, 1, 2, 4, 5, 8, 9, 0xC, 0x19}:
    # The kernel has no data for a command without a length, whatever its opcode says.
    io(OPCODE, f"I/O {opcode:#x}", opcode)

# ---- Identify, log pages

for cns in (4, 9, 0xB, 0x14, 0x15, 0x16, 0x18, 0x20, 0xFF):
    admin(FIELD, f"Identify {cns:#x}", 6, 1, length=4096, cdw10=cns)
for nsid in (0, 33, 300, ALL - 1):
    admin(NAMESPACE, f"Identify namespace {nsid}", 6, nsid, length=4096)
admin(FIELD, "Identify, key value", 6, 1, length=4096, cdw10=5, cdw11=1 << 24)
for lid in set(range(256)) - {0, 1, 2, 3, 4, 5, 6, 0x12, 0x13, 0x81}:
    admin(LOG, f"log page {lid:#x}", 2, ALL, length=512, cdw10=lid | 127 << 16)
for what, more in (("offset", {"cdw12": 2}), ("far offset", {"cdw12": 0x10000}), ("farther offset", {"cdw13": 1}),
                   ("index", {"cdw14": 1 << 23})):
    admin(FIELD, f"log page, {what}", 2, ALL, length=512, cdw10=2 | 127 << 16, **more)
admin(FIELD, "log page of a namespace", 2, 1, length=512, cdw10=2 | 127 << 16)
admin(NAMESPACE, "log page of namespace 33", 2, 33, length=512, cdw10=2 | 127 << 16)
# Less than there is room for: what is behind is left alone.
status, _, data = admin(OK, "log page, in part", 2, ALL, length=4096, cdw10=2 | 3 << 16)
if any(data[16:]):
    print("a log page of 16 bytes wrote more")
    bad += 1

# ---- features

for fid in (0, 3, 0xC, 0xD, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x18, 0x7F, 0x82, 0x83, 0x85, 0xC0, 0xFF):
    admin(FIELD, f"Get Features {fid:#x}", 0xA, cdw10=fid)
    set_feature(FIELD, f"Set Features {fid:#x}", fid)
for select in (4, 5, 6, 7):
    admin(FIELD, f"Get Features, select {select}", 0xA, cdw10=1 | select << 8)
admin(NO_SAVE, "save of a threshold", 9, cdw10=4 | 1 << 31, cdw11=0x150)
set_feature(SEQUENCE, "number of queues, later", 7, cdw11=0x10001)
set_feature(FIELD, "number of queues, FFFFh", 7, cdw11=0xFFFF)
admin(FIELD, "power state 1", 9, cdw10=2, cdw11=1)
admin(FIELD, "threshold of sensor 1", 9, cdw10=4, cdw11=0x10150)
admin(FIELD, "vector 999", 9, cdw10=9, cdw11=999)
admin(NOT_OF_NAMESPACE, "arbitration of a namespace", 9, 1, cdw10=1, cdw11=3)
admin(NAMESPACE, "arbitration of namespace 33", 9, 33, cdw10=1, cdw11=3)
admin(NAMESPACE, "error recovery of none", 0xA, 0, cdw10=5)
admin(FIELD, "error recovery of one that is not active", 0xA, 20, cdw10=5)
admin(FIELD, "write protection for ever", 9, 1, cdw10=0x84, cdw11=3)

# ---- what changes media, wrongly asked for

for nsid in (0, 33):
    admin(NAMESPACE, f"Format of {nsid}", 0x80, nsid)
admin(FIELD, "Format of one that is not active", 0x80, 20)
for cdw10 in (7, 0xF, 1 << 5, 1 | 4 << 5, 1 << 12):
    admin(FORMAT, f"Format {cdw10:#x}", 0x80, 1, cdw10=cdw10)
admin(FIELD, "Format, erase 3", 0x80, 1, cdw10=3 << 9)
for action in (0, 5, 6, 7):
    admin(FIELD, f"Sanitize {action}", 0x84, cdw10=action)
admin(FIELD, "Namespace Management 5", 0xD, 1, cdw10=5)
admin(FIELD, "making namespace 1", 0xD, 1, length=4096)
admin(FIELD, "making one of no blocks", 0xD, 0, length=4096)
admin(0x129, "making one of zones", 0xD, 0, length=4096, cdw11=2 << 24)
admin(NAMESPACE, "deleting namespace 33", 0xD, 33, cdw10=1)
admin(FIELD, "deleting one that is not there", 0xD, 20, cdw10=1)
admin(FIELD, "Namespace Attachment 2", 0x15, 1, length=4096, cdw10=2)
admin(CONTROLLERS, "attaching to nobody", 0x15, 1, length=4096)
admin(CONTROLLERS, "attaching to another one", 0x15, 1, data=struct.pack("<HH", 1, 9), length=4096)
admin(0x118, "attaching again", 0x15, 1, data=struct.pack("<HH", 1, 0), length=4096)

# ---- firmware, self-test, and what may be sent at any time

admin(FIELD, "download to an odd place", 0x11, length=4096, cdw10=1023, cdw11=1)
admin(FIELD, "download beyond the end", 0x11, length=4096, cdw10=1023, cdw11=0x40000000 - 1024)
admin(OK, "download", 0x11, length=4096, cdw10=1023)
admin(OVERLAP, "download again", 0x11, length=4096, cdw10=1023)
admin(IMAGE, "commit of zeros", 0x10, cdw10=2)
admin(SLOT, "commit to the slot that is read only", 0x10, cdw10=1)
admin(SLOT, "commit to slot 7", 0x10, cdw10=7)
admin(IMAGE, "activation of an empty slot", 0x10, cdw10=3 | 2 << 3)
for action in (4, 5, 6, 7):
    admin(FIELD, f"commit, action {action}", 0x10, cdw10=2 | action << 3)
for code in (0, 3, 0xE):
    admin(FIELD, f"self-test {code}", 0x14, 1, cdw10=code)
admin(NAMESPACE, "self-test of namespace 33", 0x14, 33, cdw10=1)
admin(FIELD, "self-test of one that is not active", 0x14, 20, cdw10=1)
admin(OK, "self-test", 0x14, 1, cdw10=2)
admin(TESTING, "self-test, again", 0x14, 1, cdw10=1)
admin(OK, "self-test, its end", 0x14, 1, cdw10=0xF)
admin(OK, "Keep Alive", 0x18)
if admin(OK, "Abort of what is not there", 8, cdw10=0x12340001)[1] & 1 != 1:
    print("an Abort of nothing says that it has aborted something")
    bad += 1

# ---- blocks

for opcode, name, length in ((2, "Read", 512), (1, "Write", 512), (5, "Compare", 512), (8, "Write Zeroes", 0), (0xC, "Verify", 0),
                             (4, "Write Uncorrectable", 0)):
    for lba in (BLOCKS, BLOCKS + 1, 1 << 32, (1 << 64) - 1):
        block(RANGE, f"{name} of block {lba:#x}", opcode, lba, 1, length=length)
    block(RANGE, f"{name} over the end", opcode, BLOCKS - 1, 2, length=length and 1024)
for opcode, name in ((2, "Read"), (1, "Write"), (5, "Compare")):
    block(FIELD, f"{name} of more than MDTS", opcode, 0, 2049, length=512)
block(COMPARE, "Compare of what is not there", 5, 0, 8, data=b"\x5a" * 4096)
block(FIELD, "Write with a directive", 1, 0, 1, length=512, control=0x10)
ranges = b"".join(struct.pack("<IIQ", 0, 8, lba) for lba in (1024, BLOCKS - 7))
io(RANGE, "deallocation over the end", 9, data=ranges, cdw10=1, cdw11=4)
copied = struct.pack("<8xQH6xIHH", 0, 7, 0, 0, 0)
io(RANGE, "Copy over the end", 0x19, data=copied, cdw10=BLOCKS - 1)
io(RANGE, "Copy of what is not there", 0x19, data=struct.pack("<8xQH6xIHH", BLOCKS, 7, 0, 0, 0), cdw10=1024)
io(FIELD, "Copy, format 1", 0x19, data=copied, cdw10=1024, cdw12=1 << 8)
io(0x183, "Copy of too long a range", 0x19, data=struct.pack("<8xQH6xIHH", 0, 1024, 0, 0, 0), cdw10=2048)
block(OK, "Write Uncorrectable", 4, 512, 8)
block(READ_ERROR, "Read of an uncorrectable block", 2, 512, 8, length=4096)
block(READ_ERROR, "Verify of an uncorrectable block", 0xC, 519, 1)
block(OK, "Read beside it", 2, 520, 8, length=4096)
block(OK, "Write", 1, 512, 8, length=4096)
block(OK, "Read", 2, 512, 8, length=4096)

# ---- and it has told of each of them

began = time.monotonic()
status, _, errors = admin(OK, "error log", 2, ALL, length=64, cdw10=1 | 15 << 16)
count, = struct.unpack_from("<Q", errors)
status, _, smart = admin(OK, "SMART log", 2, ALL, length=512, cdw10=2 | 127 << 16)
if struct.unpack_from("<Q", smart, 176)[0] != count or count < 500:
    print(f"{count} errors in the log, {struct.unpack_from('<Q', smart, 176)[0]} in SMART's")
    bad += 1
sys.exit(bool(bad))
