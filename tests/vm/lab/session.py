# SPDX-License-Identifier: GPL-2.0-or-later
"""One boot of a guest: commands in it, its output live, deadlines, and the kernel's word on how it went."""

import contextlib
import json
import os
import select
import selectors
import struct
import sys
import time

from . import agent, reports
from .machine import Machine

# Exit statuses of our own, from the range that timeout(1) and env(1) use for themselves.
HUNG = 124
KERNEL_REPORT = 125
LAB_FAILED = 126

BOOTS = 3
ESCAPE = b"\x1d"  # Ctrl-], for a terminal in front of a guest that hangs
GRACE = 60  # seconds that a command may go on after the kernel has complained
BACKLOG = 256 * 1024  # bytes of input on their way to the guest
MARK_USER_SPACE = "bx-lab: user space"
MARK_END = "bx-lab: end"


def silence(target):
    """Seconds without a word that a guest may take; the debug kernel boots and checks for long without one."""
    return 300 if target == "debug" else 120


class BootFailed(Exception):
    what = "the boot failed"


class Hung(Exception):
    what = "hung"


class Complained(Exception):
    """The kernel reported something, and the command went on for long after that."""

    what = "ended"


class Died(Exception):
    """The machine stopped without having been asked to."""

    what = "the guest died"


class Session:
    """boot(), then run() as often as liked, then end(). Used as a context manager it never leaves a QEMU behind."""

    def __init__(self, image, archives, options, out=None, err=None, console=None, variant=None):
        self.image = image
        self.variant = variant
        self.archives = archives
        self.options = options
        self.silence = silence(image.target)
        self.out = out or sys.stdout.buffer
        self.err = err or sys.stderr.buffer
        self.console_sink = console
        self.machine = None
        self.lines = []
        self.reported = 0  # lines of the console that earlier verdicts have covered
        self.boot_seconds = 0.0

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.stop()

    # ------------------------------------------------------------ life

    def boot(self):
        """Up to BOOTS tries, since a kernel may die or stand still under emulation before user space; after that only for one known cause."""
        for attempt in range(1, BOOTS + 1):
            started = time.monotonic()
            self.start()
            try:
                self.wait(lambda: self.up)
                self.boot_seconds = time.monotonic() - started
                return
            except Complained as error:
                raise BootFailed(f"the guest did not come up: {error}") from error
            except (Died, Hung) as error:
                if isinstance(error, Hung):
                    self.look_at_hang()
                if not self.lines:
                    raise BootFailed(f"QEMU did not start: {error}") from error
                if self.reached_user_space() and not self.was_broken_by_qemu():
                    raise BootFailed(f"the guest did not come up: {error}") from error
                self.tell(f"boot {attempt} of {BOOTS} died: {error}")
                if attempt == BOOTS:
                    raise BootFailed(f"{BOOTS} boots died before user space") from error

    def start(self):
        self.stop()
        self.up = False
        self.status = None
        self.lines = []
        self.reported = 0
        self.partial = b""
        self.host_partial = b""
        self.reader = agent.Reader()
        self.outgoing = b""
        self.input = None
        self.complained = None
        self.machine = Machine(self.image, self.archives, self.options)
        self.last_sign = time.monotonic()
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.machine.console, selectors.EVENT_READ, self.on_console)
        self.machine.agent.setblocking(False)
        self.selector.register(self.machine.agent, selectors.EVENT_READ, self.on_agent)
        self.selector.register(self.machine.host, selectors.EVENT_READ, self.on_host)

    def stop(self):
        if self.machine:
            self.selector.close()
            self.machine.stop()
            self.machine = None

    def end(self):
        """Powers the guest off by its own kernel, whose devices and drivers are shut down so."""
        self.send(agent.exec_frame(["sh", "-c", "sync; systemctl poweroff --force --force >/dev/null 2>&1"]))
        try:
            while True:
                self.wait(lambda: False, deadline=60)
        except Died:
            pass
        self.stop()

    # ------------------------------------------------------------ the conversation

    def run(self, argv, stdin=None, terminal=None, silence=None, timeout=None):
        """Runs one command; its exit status. stdin: a file descriptor, or None for nothing to read.

        silence and timeout are those of the command alone: booting takes its own time.
        """
        self.status = None
        lines_before = len(self.lines)
        self.send(agent.exec_frame(argv, terminal))
        self.input = stdin
        self.escapes = terminal is not None
        if stdin is None:
            self.send(agent.frame(agent.INPUT))
        try:
            self.wait(lambda: self.status is not None, timeout, silence)
        finally:
            self.input = None
        # The console is slower than the agent: what the command made the kernel say comes before its end mark.
        self.wait(lambda: any(MARK_END in line for line in self.lines[lines_before:]), 30)
        return self.status

    def resize(self, terminal):
        self.send(agent.frame(agent.SIZE, struct.pack("<HH", *terminal)))

    def send(self, data):
        """Never blocks: what the guest does not take now goes out while wait() serves the channels."""
        self.outgoing += data
        try:
            sent = self.machine.agent.send(self.outgoing)
        except BlockingIOError:
            sent = 0
        except OSError:
            # It has gone; wait() says so, with what it said last.
            sent = len(self.outgoing)
        self.outgoing = self.outgoing[sent:]

    def feed(self):
        """Carries the command's input over, a piece at a time."""
        if self.outgoing:
            self.send(b"")
        if self.input is None or len(self.outgoing) > BACKLOG:
            return
        # Regular files are always ready, so this is select and not the epoll of the channels.
        if select.select([self.input], [], [], 0)[0]:
            data = os.read(self.input, agent.INPUT_MAX)
            if self.escapes and ESCAPE in data:
                raise Hung("ended by Ctrl-]")
            self.send(agent.frame(agent.INPUT, data))
            if not data:
                self.input = None

    def wait(self, done, deadline=None, silence=None):
        """Serves all channels until done(); silence, a deadline or the end of QEMU are exceptions."""
        started = time.monotonic()
        silence = silence or self.silence
        while not done():
            self.feed()
            busy = self.outgoing or self.input is not None
            events = self.selector.select(0.02 if busy else 0.5)
            for key, _ in events:
                key.data()
            if self.machine.process.poll() is not None:
                self.drain()
                if done():
                    return
                last = next((line for line in reversed(self.lines) if line.strip()), "nothing")
                raise Died(self.machine.error_text() or
                           f"QEMU ended with {self.machine.process.returncode}, and the guest's last words were: {last}")
            now = time.monotonic()
            if deadline is not None and now - started > deadline:
                raise Hung(f"not finished after {deadline:.0f} s")
            if self.complained and now - self.complained > GRACE:
                raise Complained(f"the kernel reported something {GRACE} s ago")
            # Judged only when nothing was waiting: it may be we who slept.
            if not events and now - max(self.last_sign, started) > silence:
                raise Hung(f"no sign of life for {silence:.0f} s")

    def drain(self):
        while any(key.data() for key, _ in self.selector.select(0) if key.fileobj in self.channels()):
            pass

    def channels(self):
        return (self.machine.console, self.machine.agent)

    def receive(self, channel):
        try:
            data = channel.recv(1 << 16)
        except ConnectionError:
            data = b""
        if data:
            self.last_sign = time.monotonic()
        else:
            self.selector.unregister(channel)
        return data

    def on_console(self):
        data = self.receive(self.machine.console)
        *lines, self.partial = (self.partial + data).split(b"\n")
        if not data and self.partial:
            lines, self.partial = [self.partial], b""
        for line in lines:
            text = line.decode(errors="replace").rstrip("\r")
            self.lines.append(text)
            if not self.complained and reports.is_start(text):
                self.complained = time.monotonic()
            if self.console_sink:
                self.console_sink(text)
        return bool(data)

    def on_agent(self):
        data = self.receive(self.machine.agent)
        for kind, payload in self.reader.feed(data):
            if kind == agent.UP:
                self.up = True
            elif kind == agent.STATUS:
                self.status = payload[0]
            elif kind in (agent.STDOUT, agent.STDERR):
                sink = self.out if kind == agent.STDOUT else self.err
                sink.write(payload)
                sink.flush()
        return bool(data)

    def on_host(self):
        """A test in the guest asks something of its machine: {"qmp": COMMAND, "arguments": {…}}."""
        *requests, self.host_partial = (self.host_partial + self.receive(self.machine.host)).split(b"\n")
        for request in requests:
            try:
                parsed = json.loads(request)
                answer = "ok " + json.dumps(self.machine.ask(parsed["qmp"], parsed.get("arguments")))
            except (OSError, ValueError, KeyError, TypeError) as error:
                answer = f"error {error}".replace("\n", " ")
            with contextlib.suppress(OSError):
                self.machine.host.sendall(answer.encode() + b"\n")

    # ------------------------------------------------------------ the verdict

    def reached_user_space(self):
        return any(MARK_USER_SPACE in line for line in self.lines)

    def was_broken_by_qemu(self):
        """QEMU 7.2 may run a breakpoint that the kernel put into its own text for a moment, to change it, and has taken back."""
        return any("Oops: int3" in line or "int3: 0000" in line for line in self.lines)

    def report(self):
        """What the kernel complained of since the last call, or None."""
        fresh = self.lines[self.reported:]
        self.reported = len(self.lines)
        self.complained = None
        return reports.find(fresh)

    def look_around(self, tidy=False):
        """What the kernel does not say by itself: leaks, tasks that are stuck, what the variant has found; with tidy, devices that
        were left behind. It lands on the console, and so in report()."""
        if self.run(["/bin/sh", "/usr/lib/bx-lab/look-around.sh", self.variant or "", *["tidy"][:tidy]], timeout=600):
            self.lines.append("[    0.000000] BUG: the lab's look-around.sh failed")

    def look_at_hang(self):
        """A non-maskable interrupt makes every CPU of a hung guest say where it is."""
        try:
            self.machine.ask("inject-nmi")
            self.last_sign = time.monotonic()
            self.complained = None
            self.wait(lambda: False, 20)
        except (Hung, Complained, Died, OSError, ValueError):
            pass

    def tell(self, text):
        print(f"lab: {text}", file=sys.stderr, flush=True)
