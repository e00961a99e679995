#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Asks two NVMe controllers everything that can be asked without changing them, and compares every field of the answers.

    emu-compared-with-qemu.py CONTROLLER CONTROLLER DIFFERENCES

The controllers are names as in /sys/class/nvme. DIFFERENCES has a line for each field that may differ: its name, the value of
the first controller, that of the second one (* is any), and the reason. A field that differs and is not there, or not with these
values, is told; and so is a line for which nothing differs, unless both values are any. The exit status is then 1.

The answers are taken as they come, not as nvme-cli shows them, so that the list is the same for every version of it. That reads
both alike: the same commands succeed, and its JSON has the same members.
"""

import json
import mmap
import os
import re
import struct
import subprocess
import sys
import time

sys.path.insert(0, "/usr/lib/bx-lab")
import nvme  # noqa: E402
from nvme import ALL  # noqa: E402

GET_LOG, IDENTIFY, GET_FEATURES = 2, 6, 10

TEXTS = ("sn", "mn", "fr", "subnqn", "frs1", "frs2", "frs3")
ID_CTRL = """vid:2 ssvid:2 sn:20 mn:40 fr:8 rab:1 ieee:3 cmic:1 mdts:1 cntlid:2 ver:4 rtd3r:4 rtd3e:4 oaes:4 ctratt:4 rrls:2
    rsvd102:9 cntrltype:1 fguid:16 crdt1:2 crdt2:2 crdt3:2 rsvd134:119 nvmsr:1 vwci:1 mec:1 oacs:2 acl:1 aerl:1 frmw:1 lpa:1
    elpe:1 npss:1 avscc:1 apsta:1 wctemp:2 cctemp:2 mtfa:2 hmpre:4 hmmin:4 tnvmcap:16 unvmcap:16 rpmbs:4 edstt:2 dsto:1 fwug:1
    kas:2 hctma:2 mntmt:2 mxtmt:2 sanicap:4 hmminds:4 hmmaxd:2 nsetidmax:2 endgidmax:2 anatt:1 anacap:1 anagrpmax:4 nanagrpid:4
    pels:4 domainid:2 rsvd358:10 megcap:16 rsvd384:128 sqes:1 cqes:1 maxcmd:2 nn:4 oncs:2 fuses:2 fna:1 vwc:1 awun:2 awupf:2
    icsvscc:1 nwpc:1 acwu:2 ocfs:2 sgls:4 mnan:4 maxdna:16 maxcna:4 rsvd564:204 subnqn:256 rsvd1024:768 ioccsz:4 iorcsz:4
    icdoff:2 fcatt:1 msdbd:1 ofcs:2 rsvd1806:242 psd0.mp:2 psd0.rsvd2:1 psd0.flags:1 psd0.enlat:4 psd0.exlat:4 psd0.rest:20
    psd1-31:992 vs:1024"""
ID_NS = """nsze:8 ncap:8 nuse:8 nsfeat:1 nlbaf:1 flbas:1 mc:1 dpc:1 dps:1 nmic:1 rescap:1 fpi:1 dlfeat:1 nawun:2 nawupf:2 nacwu:2
    nabsn:2 nabo:2 nabspf:2 noiob:2 nvmcap:16 npwg:2 npwa:2 npdg:2 npda:2 nows:2 mssrl:2 mcl:4 msrc:1 rsvd81:11 anagrpid:4
    rsvd96:3 nsattr:1 nvmsetid:2 endgid:2 nguid:16 eui64:8 lbaf0:4 lbaf1:4 lbaf2:4 lbaf3:4 lbaf4:4 lbaf5:4 lbaf6:4 lbaf7:4
    lbaf8-63:224 vs:3712"""
ID_NS_INDEPENDENT = "nsfeat:1 nmic:1 rescap:1 fpi:1 anagrpid:4 nsattr:1 rsvd9:1 nvmsetid:2 endgid:2 nstat:1 rsvd15:4081"
SMART = """critical_warning:1 temperature:2 avail_spare:1 spare_thresh:1 percent_used:1 endurance_grp:1 rsvd7:25
    data_units_read:16 data_units_written:16 host_read_commands:16 host_write_commands:16 controller_busy_time:16 power_cycles:16
    power_on_hours:16 unsafe_shutdowns:16 media_errors:16 num_err_log_entries:16 warning_temp_time:4 critical_comp_time:4
    sensors:16 thm:16 rsvd232:280"""
ERROR = """error_count:8 sqid:2 cmdid:2 status_field:2 parm_error_location:2 lba:8 nsid:4 vs:1 trtype:1 rsvd30:2 cs:8
    trtype_spec_info:2 rsvd42:22"""
FIRMWARE = "afi:1 rsvd1:7 frs1:8 frs2:8 frs3:8 frs4-7:32 rsvd64:448"
CAP = """mqes:16 cqr:1 ams:2 rsvd19:5 to:8 dstrd:4 nssrs:1 css:8 bps:1 cps:2 mpsmin:4 mpsmax:4 pmrs:1 cmbs:1 nsss:1 crms:2
    rsvd61:3"""
CONFIG = """vendor:2 device:2 command:2 status:2 revision:1 class:3 cache_line:1 latency:1 header:1 bist:1 bar0:4 bar1:4 bar2:4
    bar3:4 bar4:4 bar5:4 cardbus:4 subvendor:2 subdevice:2 rom:4 caps:1 rsvd53:7 irq_line:1 irq_pin:1 min_gnt:1 max_lat:1"""
CAPABILITIES = {
    0x01: ("pm", "id:1 next:1 pmc:2 pmcsr:2"),
    0x05: ("msi", "id:1 next:1 flags:2"),
    0x10: ("exp", """id:1 next:1 flags:2 devcap:4 devctl:2 devsta:2 lnkcap:4 lnkctl:2 lnksta:2 slot:8 root:8 devcap2:4 devctl2:2
        devsta2:2 lnkcap2:4 lnkctl2:2 lnksta2:2"""),
    0x11: ("msix", "id:1 next:1 flags:2 table:4 pba:4"),
}
EXTENDED = {0x01: "aer", 0x03: "serial", 0x0E: "ari", 0x10: "sriov"}


class Device(nvme.Device):
    def __init__(self, name):
        super().__init__(name)
        self.pci = os.path.realpath(f"/sys/class/nvme/{name}/device")
        self.fields = {}

    def put(self, name, value):
        self.fields[name] = value if isinstance(value, str) else show(value)

    def put_structure(self, prefix, layout, data):
        at = 0
        for word in layout.split():
            name, size = word.split(":")
            value = data[at:at + int(size)]
            self.put(f"{prefix}.{name}", text(value) if name in TEXTS else value)
            at += int(size)

    def put_answer(self, name, answer):
        """A structure if there is one, else the status alone; the data, if the caller shall look at it."""
        self.put(f"{name}.status", answer[0])
        return None if answer[0] else answer[2]


def text(value):
    return value.rstrip(b"\0 ").decode(errors="replace").replace(" ", "_") or "empty"


def show(value):
    """Short, and without blanks: numbers in hexadecimal, and long data its first bytes."""
    if isinstance(value, int):
        return f"{value:#x}"
    if not any(value):
        return "0x0"
    if len(value) <= 16:
        return f"{int.from_bytes(value, 'little'):#x}"
    return "data:" + value.rstrip(b"\0").hex()[:64]


# ---- what is asked

def identify(device):
    answer = device.command(IDENTIFY, length=4096, cdw10=1)
    device.put_structure("id-ctrl", ID_CTRL, device.put_answer("id-ctrl", answer))
    for nsid in (1, 2, ALL):
        name = f"id-ns.{'all' if nsid == ALL else nsid}"
        data = device.put_answer(name, device.command(IDENTIFY, nsid, length=4096))
        if data:
            device.put_structure(name, ID_NS, data)
    data = device.put_answer("id-ns-independent", device.command(IDENTIFY, 1, length=4096, cdw10=8))
    if data:
        device.put_structure("id-ns-independent", ID_NS_INDEPENDENT, data)
    for name, cns in (("id-ns.nvm", 5), ("id-ctrl.nvm", 6)):
        data = device.put_answer(name, device.command(IDENTIFY, 1, length=4096, cdw10=cns))
        if data:
            device.put(f"{name}.data", data)
    data = device.put_answer("ns-descs", device.command(IDENTIFY, 1, length=4096, cdw10=3))
    while data and data[1]:
        device.put(f"ns-descs.type{data[0]}", data[4:4 + data[1]])
        data = data[4 + data[1]:]
    for name, cns in (("list-ns", 2), ("list-ns.nvm", 7), ("list-ns.allocated", 0x10)):
        for after in (0, 1, 0xFFFFFFFD):
            data = device.put_answer(f"{name}.{after:x}", device.command(IDENTIFY, after, length=4096, cdw10=cns))
            if data:
                device.put(f"{name}.{after:x}", data)
    for name, cns in (("list-ctrl.ns", 0x12), ("list-ctrl", 0x13), ("list-secondary", 0x15), ("cmdset", 0x1C)):
        data = device.put_answer(name, device.command(IDENTIFY, 1, length=4096, cdw10=cns))
        if data:
            device.put(name, data)
    # What is not active, what cannot be, and what is reserved.
    for cns in (0, 2, 3, 5, 8, 0x10, 0x11, 0x12):
        for nsid in (0, 20, 300, ALL - 1, ALL):
            device.put(f"identify.{cns:02x}.{nsid:x}", device.command(IDENTIFY, nsid, length=4096, cdw10=cns)[0])
    for cns in range(256):
        device.put(f"identify.{cns:02x}", device.command(IDENTIFY, 1, length=4096, cdw10=cns)[0])
    for cns in (5, 6, 7):
        device.put(f"identify.{cns:02x}.csi", device.command(IDENTIFY, 1, length=4096, cdw10=cns, cdw11=0x30 << 24)[0])


def log_page(device, lid, length, nsid=ALL, offset=0, cdw11=0, cdw14=0):
    return device.command(GET_LOG, nsid, length=length, cdw10=lid | (length // 4 - 1) << 16, cdw11=cdw11, cdw12=offset, cdw14=cdw14)


def logs(device):
    for name, lid, length, layout in (("smart-log", 2, 512, SMART), ("error-log", 1, 64, ERROR), ("fw-log", 3, 512, FIRMWARE)):
        device.put_structure(name, layout, device.put_answer(name, log_page(device, lid, length)))
    device.put("changed-ns-list-log", log_page(device, 4, 4096)[2])
    device.put("changed-ns-list-log.again", log_page(device, 4, 4096)[2])
    device.effects = log_page(device, 5, 4096)[2]
    for i in range(512):
        effects = device.effects[4 * i:4 * i + 4]
        device.put(f"effects-log.{'acs' if i < 256 else 'iocs'}.{i & 255:02x}", effects)
    device.put("effects-log.rest", device.effects[2048:])
    for lid in range(256):
        device.put(f"log.{lid:02x}", log_page(device, lid, 512)[0])
    for lid in (1, 2, 3, 5):
        device.put(f"log.{lid:02x}.nsid1", log_page(device, lid, 512, nsid=1)[0])
        device.put(f"log.{lid:02x}.nsid300", log_page(device, lid, 512, nsid=300)[0])
        device.put(f"log.{lid:02x}.offset2", log_page(device, lid, 512, offset=2)[0])
        device.put(f"log.{lid:02x}.behind", log_page(device, lid, 512, offset=65536)[0])
    device.put("log.05.csi", log_page(device, 5, 512, cdw14=0x30 << 24)[0])


def features(device):
    for fid in range(256):
        for select, which in enumerate(("current", "default", "saved", "supported")):
            nsid = 1 if fid in (3, 5, 0x84, 0x85) else 0
            status, result, data = device.command(GET_FEATURES, nsid, length=4096, cdw10=fid | select << 8)
            value = f"!{status:x}" if status else f"{result:#x}"
            if not status and fid in (0x0E, 0x16, 0x81) and select < 3:
                # The time is that of the question.
                value = "time" if fid == 0x0E and any(data[:8]) else show(data[:8])
            device.put(f"feature.{fid:02x}.{which}", value)
    for fid, cdw11 in ((4, 0x10000), (4, 0x100000), (4, 0x200000), (9, 0), (9, 1), (9, 0xFFFF)):
        status, result, _ = device.command(GET_FEATURES, cdw10=fid, cdw11=cdw11)
        device.put(f"feature.{fid:02x}.{cdw11:x}", f"!{status:x}" if status else result)
    for select in (4, 7):
        device.put(f"feature.07.select{select}", device.command(GET_FEATURES, cdw10=7 | select << 8)[0])
    for nsid in (0, 20, 300, ALL):
        device.put(f"feature.05.nsid{nsid:x}", device.command(GET_FEATURES, nsid, cdw10=5)[0])


def opcodes(device, effects):
    """Those that neither has."""
    disk = nvme.Device(nvme.namespace(device.name, 1))
    for opcode in range(256):
        if not any(effects[opcode * 4]):
            device.put(f"opcode.admin.{opcode:02x}", device.command(opcode)[0])
        if not any(effects[(opcode + 256) * 4]):
            device.put(f"opcode.io.{opcode:02x}", disk.command(opcode, 1, ioctl=nvme.IO)[0])
    disk.close()


def config_space(device):
    with open(f"{device.pci}/config", "rb") as file:
        space = file.read()
    device.put_structure("pci", CONFIG, space)
    at = space[0x34]
    while at:
        name, layout = CAPABILITIES.get(space[at], (f"cap{space[at]:02x}", "id:1 next:1"))
        device.put_structure(f"pci.{name}", layout, space[at:])
        at = space[at + 1]
    at = 0x100
    while at and at + 4 <= len(space):
        head = struct.unpack_from("<I", space, at)[0]
        if not head:
            break
        device.put(f"pci.extended.{EXTENDED.get(head & 0xffff, f'{head & 0xffff:04x}')}", head >> 16 & 0xF)
        at = head >> 20


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


def registers(device):
    """As they are without a driver: with one, strict kernels let nobody else have them."""
    device.close()
    address = os.path.basename(device.pci)
    write(f"{device.pci}/driver/unbind", address)
    write(f"{device.pci}/enable", "1")
    with open(f"{device.pci}/resource0", "r+b") as file, mmap.mmap(file.fileno(), 4096) as bar:
        # By words, as the registers are to be read.
        words = memoryview(bar).cast("I")
        read = [words[i] for i in range(0x40)]
        pmr = [words[i] for i in range(0xE00 // 4, 0xE1C // 4)]
        words.release()
    cap = read[0] | read[1] << 32
    for word in CAP.split():
        name, bits = word.split(":")
        device.put(f"cap.{name}", cap & ((1 << int(bits)) - 1))
        cap >>= int(bits)
    for offset, name in ((0x08, "vs"), (0x0C, "intms"), (0x10, "intmc"), (0x14, "cc"), (0x18, "rsvd18"), (0x1C, "csts"), (0x20, "nssr"),
                         (0x24, "aqa"), (0x38, "cmbloc"), (0x3C, "cmbsz"), (0x40, "bpinfo"), (0x44, "bprsel"), (0x50, "cmbmsc"),
                         (0x58, "cmbsts"), (0x5C, "cmbebs"), (0x60, "cmbswtp"), (0x64, "nssd"), (0x68, "crto")):
        device.put(f"register.{name}", read[offset // 4])
    device.put("register.pmr", "0x0" if not any(pmr) else "there")
    write(f"{device.pci}/enable", "0")
    write("/sys/bus/pci/drivers_probe", address)


def shape(value):
    """What JSON has, without the values. Of lists, which may differ in length, that they are there."""
    return {key: shape(inner) for key, inner in value.items()} if isinstance(value, dict) else type(value).__name__


def nvme_cli(device):
    for words in ("id-ctrl", "id-ns --namespace-id=1", "id-ns --namespace-id=2", "ns-descs --namespace-id=1", "list-ns",
                  "list-ctrl", "smart-log", "fw-log", "error-log --log-entries=1", "changed-ns-list-log"):
        verb, *rest = words.split()
        run = subprocess.run(["nvme", verb, f"/dev/{device.name}", "--output-format=json", *rest], stdout=subprocess.PIPE)
        said = shape(json.loads(run.stdout)) if not run.returncode else run.returncode
        # Its members are called like the device, or like a namespace.
        device.put(f"nvme.{words.replace(' ', '.')}", re.sub(r"nvme\d+(n\d+)?", "nvme", json.dumps(said, sort_keys=True)).replace(" ", ""))


# ---- comparing

def load(path):
    listed = {}
    with open(path) as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                words = line.split(None, 3)
                if len(words) < 4 or words[0] in listed:
                    sys.exit(f"{path}: no reason, or listed twice: {line}")
                listed[words[0]] = words[1:3]
    return listed


def names(pattern):
    """a.{1,2}.b is a.1.b and a.2.b: for what differs for one reason; ranges of hexadecimal numbers as 0a-0c."""
    match = re.search(r"\{([^}]*)\}", pattern)
    if not match:
        return [pattern]
    found = []
    for word in match[1].split(","):
        first, _, last = word.partition("-")
        numbers = [f"{n:0{len(first)}x}" for n in range(int(first, 16), int(last, 16) + 1)] if last else [word]
        for number in numbers:
            found += names(pattern[:match.start()] + number + pattern[match.end():])
    return found


def main():
    first, second = (Device(name) for name in sys.argv[1:3])
    listed = {}
    for pattern, values in load(sys.argv[3]).items():
        listed.update((name, values) for name in names(pattern))
    for device in (first, second):
        for ask in (logs, identify, features, config_space, nvme_cli):
            began = time.monotonic()
            ask(device)
            print(f"{device.name}: {ask.__name__}, {time.monotonic() - began:.1f} s", flush=True)
    # Either's: 4 bytes each.
    either = [bytes([a | b]) for a, b in zip(first.effects, second.effects)]
    for device in (first, second):
        opcodes(device, either)
        registers(device)
    bad = 0
    for name in sorted(first.fields.keys() | second.fields.keys()):
        values = [device.fields.get(name, "-") for device in (first, second)]
        differs = values[0] != values[1]
        expected = listed.pop(name, None)
        if differs and not expected:
            print(f"NEW     {name} {values[0]} {values[1]}")
        elif not differs and expected not in (None, ["*", "*"]):
            print(f"GONE    {name} {values[0]}: does not differ any more")
        elif differs and any(e not in ("*", v) for e, v in zip(expected, values)):
            print(f"CHANGED {name} {values[0]} {values[1]}, not {expected[0]} {expected[1]}")
        else:
            continue
        bad += 1
    for name in listed:
        print(f"UNKNOWN {name}: neither has it")
        bad += 1
    print(f"{len(first.fields.keys() | second.fields.keys())} fields compared, {bad} to be looked at")
    return 1 if bad else 0


sys.exit(main())
