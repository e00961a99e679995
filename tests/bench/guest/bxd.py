# SPDX-License-Identifier: GPL-2.0-or-later
"""The guest's part of tests/bench/bxd-vm."""

import os
import socket
import subprocess
import sys
import time

ROUNDS = 9
DISK = "bxlab0"
BUS = "org.byteexpress.bx1"
PCI = "/sys/bus/pci"
TRACING = "/sys/kernel/tracing"
SYNCS = ("fsync", "fdatasync", "sync", "syncfs", "sync_file_range")


def read(path):
    with open(path, encoding="ascii", errors="replace") as f:
        return f.read().strip()


def write(path, text):
    with open(path, "w", encoding="ascii") as f:
        f.write(text)


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def median(numbers):
    return sorted(numbers)[len(numbers) // 2]


def address_of(serial):
    for controller in os.listdir("/sys/class/nvme"):
        if read(f"/sys/class/nvme/{controller}/serial") == serial:
            return os.path.basename(os.path.realpath(f"/sys/class/nvme/{controller}/device"))
    sys.exit(f"there is no disk {serial}")


ADDRESS = address_of(DISK)
FUNCTION = f"{PCI}/devices/{ADDRESS}"


# ---------------------------------------------------------------- one way to rebind, and another


def at(driver):
    """Whether the function is where it was sent, and, if that is nvme, its controller is live."""
    try:
        if os.path.basename(os.readlink(f"{FUNCTION}/driver")) != driver:
            return False
        if driver != "nvme":
            return True
        return any(read(f"{FUNCTION}/nvme/{name}/state") == "live" for name in os.listdir(f"{FUNCTION}/nvme"))
    except OSError:
        return False


def wait(driver, deadline=60):
    end = time.monotonic() + deadline
    while not at(driver):
        if time.monotonic() > end:
            sys.exit(f"{ADDRESS} is not at {driver}")
        time.sleep(0.0005)


def by_hand(driver):
    """What the others have to do at least, without a program to be started for it."""
    old = os.path.basename(os.readlink(f"{FUNCTION}/driver"))
    write(f"{PCI}/drivers/{old}/unbind", ADDRESS)
    write(f"{FUNCTION}/driver_override", driver + "\n")
    write(f"{PCI}/drivers/{driver}/bind", ADDRESS)


def by_driverctl(driver):
    return subprocess.Popen(["driverctl", "--nosave", "set-override", ADDRESS, driver], stdout=subprocess.DEVNULL)


def by_bxctl(driver):
    return subprocess.Popen(["bxctl", "bind", DISK, driver], stdout=subprocess.DEVNULL)


class Varlink:
    """bxd asked by a program that is there already: what is left is the daemon's own."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(f"/run/bxd/{BUS}")

    def __call__(self, driver):
        call = f'{{"method":"{BUS}.Bind","parameters":{{"id":"{DISK}","driver":"{driver}"}}}}\0'
        self.socket.sendall(call.encode())
        answer = b""
        while not answer.endswith(b"\0"):
            answer += self.socket.recv(65536)
        if b'"error"' in answer:
            sys.exit(answer.decode())


def jobs_ended():
    """What comes before the next: bxd holds the device until the worker has written its result."""
    end = time.monotonic() + 60
    show = ["busctl", "--json=short", "get-property", BUS, f"/org/byteexpress/bx1/device/{DISK}", f"{BUS}.Device", "Job"]
    while subprocess.run(show, check=True, stdout=subprocess.PIPE).stdout.find(b'"/"') < 0:
        if time.monotonic() > end:
            sys.exit("a job does not end")


def rebind(way, driver):
    """Milliseconds until the device is there, and until the program has ended."""
    began = time.monotonic()
    program = way(driver)
    wait(driver)
    there = time.monotonic()
    if program and program.wait() != 0:
        sys.exit(f"{program.args} ended with {program.returncode}")
    ended = time.monotonic()
    return (there - began) * 1000, (ended - began) * 1000


def compare_rebinds():
    ways = {"by hand": by_hand, "bxd, by varlink": Varlink(), "bxd, by bxctl": by_bxctl, "driverctl": by_driverctl}
    times = {(name, driver): [] for name in ways for driver in ("pci-stub", "nvme")}
    for number in range(ROUNDS + 1):
        for name, way in ways.items():
            for driver in ("pci-stub", "nvme"):
                taken = rebind(way, driver)
                jobs_ended()
                run("udevadm", "settle")
                # The first of each finds nothing in any cache.
                if number:
                    times[name, driver].append(taken)
    print(f"  {'a rebind, medians of ' + str(ROUNDS):28} {'to pci-stub':>14} {'ratio':>7} {'nvme, until live':>18} {'ratio':>7} "
          f"{'the program':>14}")
    limits = {driver: median([there for there, _ in times["by hand", driver]]) for driver in ("pci-stub", "nvme")}
    for name in ways:
        stub, nvme = (median([there for there, _ in times[name, driver]]) for driver in ("pci-stub", "nvme"))
        ended = median([ended for _, ended in times[name, "nvme"]])
        print(f"  {name:28} {stub:11.1f} ms {stub / limits['pci-stub']:7.2f} {nvme:15.1f} ms {nvme / limits['nvme']:7.2f} "
              f"{ended:11.1f} ms")


# ---------------------------------------------------------------- what is made durable for it


def syncs_of(way, driver):
    """Who has made something durable meanwhile, and how often, by the kernel's own record."""
    events = [f"{TRACING}/events/syscalls/sys_enter_{name}/enable" for name in SYNCS]
    for event in events:
        write(event, "1")
    write(f"{TRACING}/trace", "")
    rebind(way, driver)
    jobs_ended()
    for event in events:
        write(event, "0")
    counts = {}
    for line in read(f"{TRACING}/trace").splitlines():
        if not line.startswith("#"):
            program = line.strip().split(" [")[0].rstrip().rpartition("-")[0]
            counts[program] = counts.get(program, 0) + 1
    return counts


def count_syncs():
    if not os.path.exists(f"{TRACING}/trace"):
        run("mount", "-t", "tracefs", "tracefs", TRACING)
    for name, way in ("bxd", by_bxctl), ("driverctl", by_driverctl):
        for driver in ("pci-stub", "nvme"):
            counts = syncs_of(way, driver)
            print(f"  fsyncs for {name} to {driver}: {sum(counts.values())}",
                  *(f"({program} {count})" for program, count in counts.items()))


# ---------------------------------------------------------------- the daemons side by side


class Bus:
    """D-Bus as far as a question needs it: the smallest client there can be, so that it is the daemons that take the time."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect("/run/dbus/system_bus_socket")
        self.socket.sendall(b"\0AUTH EXTERNAL " + str(os.getuid()).encode().hex().encode() + b"\r\n")
        if not self.socket.recv(512).startswith(b"OK"):
            sys.exit("the bus does not know us")
        self.socket.sendall(b"BEGIN\r\n")
        self.serial = 0
        self.call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "Hello")

    @staticmethod
    def text(s):
        return len(s).to_bytes(4, "little") + s.encode() + b"\0"

    def header(self, code, kind, value):
        if kind == "g":
            encoded = bytes([len(value)]) + value.encode() + b"\0"
        else:
            encoded = self.text(value)
        return bytes([code, 1]) + kind.encode() + b"\0" + encoded

    def call(self, name, path, interface, member, *arguments):
        """The bytes of the answer."""
        self.serial += 1
        body = b""
        for argument in arguments:
            body += b"\0" * (-len(body) % 4) + self.text(argument)
        fields = b""
        parts = [(1, "o", path), (2, "s", interface), (3, "s", member), (6, "s", name)]
        if arguments:
            parts.append((8, "g", "s" * len(arguments)))
        for part in parts:
            fields += b"\0" * (-len(fields) % 8) + self.header(*part)
        message = b"l\1\0\1" + len(body).to_bytes(4, "little") + self.serial.to_bytes(4, "little")
        message += len(fields).to_bytes(4, "little") + fields
        self.socket.sendall(message + b"\0" * (-len(message) % 8) + body)
        while True:
            head = self.take(16)
            length = int.from_bytes(head[12:16], "little")
            rest = self.take(length + -length % 8 + int.from_bytes(head[4:8], "little"))
            # 2 is an answer and 3 an error; all else is the bus's own.
            if head[1] == 3:
                sys.exit(f"{name} {member}: {rest!r}")
            if head[1] == 2:
                return len(head) + len(rest)

    def take(self, n):
        data = b""
        while len(data) < n:
            more = self.socket.recv(n - len(data))
            if not more:
                sys.exit("the bus has closed the connection")
            data += more
        return data


UDISKS = "/org/freedesktop/UDisks2"
DAEMONS = {
    "bxd": (BUS, "/org/byteexpress/bx1", (f"/org/byteexpress/bx1/device/{DISK}", f"{BUS}.Device", "Model"), "bxd"),
    "udisks2": ("org.freedesktop.UDisks2", UDISKS, (f"{UDISKS}/Manager", "org.freedesktop.UDisks2.Manager", "Version"),
                "udisks2"),
    "bolt": ("org.freedesktop.bolt", None, ("/org/freedesktop/bolt", "org.freedesktop.bolt1.Manager", "Version"), "bolt"),
}


def time_call(bus, *call):
    times = []
    for _ in range(200):
        began = time.monotonic()
        size = bus.call(*call)
        times.append(time.monotonic() - began)
    return f"{median(times) * 1e6:.0f} us", size


def memory_of(unit):
    pid = subprocess.run(["systemctl", "show", "-P", "MainPID", unit], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    sums = {"Rss": 0, "Private_Dirty": 0}
    for line in read(f"/proc/{pid}/smaps_rollup").splitlines():
        name, _, value = line.partition(":")
        if name in sums:
            sums[name] += int(value.split()[0])
    return sums


def time_start(unit):
    times = []
    for _ in range(5):
        run("systemctl", "stop", unit)
        began = time.monotonic()
        run("systemctl", "start", unit)
        times.append((time.monotonic() - began) * 1000)
    return median(times)


def compare_daemons():
    bus = Bus()
    print(f"  {'':10} {'start':>10} {'property':>12} {'all objects':>14} {'bytes':>8} {'resident':>10} {'private':>10}")
    for name, (service, manager, (path, interface, prop), unit) in DAEMONS.items():
        start = time_start(unit)
        one, _ = time_call(bus, service, path, "org.freedesktop.DBus.Properties", "Get", interface, prop)
        everything, size = "-", "-"
        if manager:
            everything, size = time_call(bus, service, manager, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")
        memory = memory_of(unit)
        print(f"  {name:10} {start:7.0f} ms {one:>12} {everything:>14} {size:>8} {memory['Rss']:6} KiB {memory['Private_Dirty']:6} KiB")


def main():
    print(f"  {os.uname().release}, {os.cpu_count()} processors")
    run("systemctl", "start", "bxd")
    # Whoever comes first does not pay for what all of them need.
    run("modprobe", "pci-stub")
    compare_rebinds()
    count_syncs()
    compare_daemons()


main()
