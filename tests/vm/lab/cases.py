# SPDX-License-Identifier: GPL-2.0-or-later
"""The test cases of tests/vm/cases: which there are, how they share boots, and how they went.

A case is a shell script that says what it promises in its first comment, exits with 0 (passed), 77 (skipped, its last
line says why) or anything else (failed), and may have lines of its own in the head:

    # vm: --iommu intel        options of `vm run` for the guest that it wants
    # only: trixie forky       targets it is for
    # fresh                    it wants a boot for itself
    # long                     it is not for every day: only where it is named, or all are asked for
    # daily: bookworm          targets that see it every day; elsewhere it is a long one
    # not: asan valgrind       variants that it cannot be run with, for a reason that stands beside the line
"""

import dataclasses
import os
import re
import shlex
import sys
import time

from . import cache, images, options, product, reports, settings, variants
from .machine import Options
from .session import BootFailed, Complained, Died, Hung, Session, silence

CASES = settings.TREE / "tests/vm/cases"
SKIPPED = 77
EXCERPT = 40  # lines of a log that are shown where a case failed
MARK_BEGIN = "bx-lab: begin"


@dataclasses.dataclass
class Case:
    name: str
    options: Options
    targets: tuple
    daily: tuple
    fresh: bool
    never: tuple = ()  # variants
    silence: float = None
    timeout: float = None


@dataclasses.dataclass
class Result:
    verdict: str  # pass, fail, skip
    seconds: float
    reason: str = ""


def load(path):
    head = {"vm": "", "only": "", "daily": "", "not": "", "fresh": False, "long": False}
    for line in path.read_text().splitlines():
        if not line.startswith("#"):
            break
        match = re.match(r"# (vm|only|daily|not): (.*)|# (fresh|long)$", line)
        if match and match[3]:
            head[match[3]] = True
        elif match:
            head[match[1]] += " " + match[2]
    try:
        words = options.parse(shlex.split(head["vm"]))
    except ValueError as error:
        raise images.LabError(f"{path}: {error}") from error
    targets = tuple(head["only"].split()) or tuple(settings.TARGETS)
    daily = () if head["long"] else tuple(head["daily"].split()) or targets
    for target in (*targets, *daily):
        if target not in settings.TARGETS:
            raise images.LabError(f"{path}: unknown distribution '{target}'")
    never = tuple(head["not"].split())
    for variant in never:
        if variant not in variants.VARIANTS:
            raise images.LabError(f"{path}: unknown variant '{variant}'")
    return Case(path.stem, options.machine_options(words), targets, daily, head["fresh"], never, words.silence,
                words.timeout)


def find(names):
    cases = {path.stem: path for path in sorted(CASES.glob("*.sh"))}
    for name in names:
        if name not in cases:
            raise images.UsageError(f"no case '{name}' in tests/vm/cases; there are {', '.join(cases)}")
    return [load(cases[name]) for name in names or cases]


def choose(cases, target, everything, variant=None):
    """(the cases for a target and a variant, how many more it would have that are long)"""
    mine = [case for case in cases if target in case.targets and variant not in case.never]
    chosen = [case for case in mine if everything or target in case.daily]
    return chosen, len(mine) - len(chosen)


def groups(cases):
    """Cases that can share a boot, in the order of their names; one that wants a boot for itself is a group."""
    shared, alone = {}, []
    for case in cases:
        if case.fresh:
            alone.append([case])
        else:
            shared.setdefault(repr(case.options), []).append(case)
    return [*shared.values(), *alone]


def log_path(place, case):
    return settings.BUILD / "vm/log" / f"{place}-{case}.log"


class Log:
    """What a case and the kernel said, in the order in which it came; kept in a file for reading afterwards."""

    def __init__(self):
        self.data = b""

    def write(self, data):
        self.data += data

    def flush(self):
        pass

    def console(self, line):
        self.data += line.encode() + b"\n"

    def save(self, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(self.data)
        self.data = b""

    def last_line(self):
        """What the case said last, past the kernel's own lines."""
        said = [line for line in self.lines() if line and not line.startswith("[")]
        return (said or [""])[-1]

    def reason(self):
        """Why it failed, if it says so (lib.sh's fail does)."""
        return next((line for line in reversed(self.lines()) if line.startswith("failed: ")), None)

    def lines(self):
        return self.data.decode(errors="replace").splitlines()


def excerpt(path):
    """The end of what the case, not the boot before it, has left in its log. (The console is slower than the case.)"""
    lines = path.read_text(errors="replace").splitlines()
    begun = max((n for n, line in enumerate(lines) if MARK_BEGIN in line), default=0)
    return [line for n, line in enumerate(lines) if n >= begun or not line.startswith("[")][-EXCERPT:]


def run_case(session, target, case, log):
    """(Result, whether the boot can be used further)"""
    started = time.monotonic()

    def result(verdict, reason=""):
        return Result(verdict, time.monotonic() - started, reason)

    try:
        status = session.run(["/bin/sh", f"/usr/lib/bx-lab/cases/{case.name}.sh"], silence=case.silence,
                             timeout=case.timeout or 5 * silence(target))
        # Whoever failed had no time to tidy up, and is the last one in this guest.
        session.look_around(tidy=status in (0, SKIPPED))
    except Hung as error:
        session.look_at_hang()
        return result("fail", f"hung: {error}"), False
    except (Complained, Died) as error:
        report = session.report()
        return result("fail", "the kernel died: " + headline(report) if report else f"the guest died: {error}"), False
    report = session.report()
    if report:
        return result("fail", "the kernel reported: " + headline(report)), False
    if status == SKIPPED:
        return result("skip", log.last_line()), True
    if status:
        return result("fail", log.reason() or f"exit status {status}; it said last: {log.last_line()}"), True
    return result("pass"), True


def headline(report):
    return next((reports.text_of(line) for line in report if reports.is_start(line)), report[0])


def run_group(target, variant, image, archives, cases, tell):
    """Runs cases in as few boots as possible: a boot in which a case went wrong is not used again."""
    place = f"{target}-{variant}" if variant else target
    waiting = list(cases)
    while waiting:
        log = Log()
        with Session(image, archives, waiting[0].options, out=log, err=log, console=log.console, variant=variant) as session:
            case = waiting[0]
            cache.say(f"booting {place} for {case.name}" + (f" and {len(waiting) - 1} more" if waiting[1:] else ""))
            try:
                session.boot()
                report = session.report()
                if report:
                    raise BootFailed("the kernel reported while it booted: " + headline(report))
            except BootFailed as error:
                log.save(log_path(place, case.name))
                tell(waiting.pop(0), Result("fail", 0, str(error)))
                continue
            usable = True
            while waiting and usable:
                case = waiting.pop(0)
                result, usable = run_case(session, target, case, log)
                if usable and not waiting:
                    usable = finish(session, result)
                log.save(log_path(place, case.name))
                tell(case, result)
                usable = usable and result.verdict != "fail"


def finish(session, result):
    """Powers off; a kernel that complains of that fails the last case, which was otherwise over."""
    try:
        session.end()
    except (Hung, Complained) as error:
        session.look_at_hang()
        result.verdict, result.reason = "fail", f"in the shutdown: {error}"
    report = session.report()
    if report:
        result.verdict, result.reason = "fail", "the kernel reported in the shutdown: " + headline(report)
    return False


def record(suite, name, result):
    """One line for whoever counts (tests/check), where one is counting."""
    path = os.environ.get("BX_RESULTS")
    if path:
        with open(path, "a") as f:
            reason = result.reason.replace("\t", " ")
            f.write(f"{result.verdict}\t{suite}\t{name}\t{result.seconds:.1f}\t{reason}\n")


def check(targets, names, everything, variant=None):
    """Runs the cases on every target, the long ones if they are named or everything is asked for. With a variant those of bxd,
    which the others would not notice.

    The exit status says whether all went well.
    """
    cases = find(names)
    if variant and not names:
        cases = [case for case in cases if case.name.startswith("bxd-")]
    left_out = 0
    count = {"pass": 0, "fail": 0, "skip": 0}
    for target in targets:
        place = f"{target}-{variant}" if variant else target
        mine, too_long = choose(cases, target, everything or bool(names), variant)
        left_out += too_long
        for case in cases:
            if names and case not in mine:
                line = f"not: {' '.join(case.never)}" if variant in case.never else f"only: {' '.join(case.targets)}"
                print(f"  skip {place}/{case.name}: its head says `{line}`", flush=True)
        if not mine:
            continue
        image = images.get(target)
        archives = [os.open(product.build(image), os.O_RDONLY)]
        if variant:
            archives.append(variants.pack(variant))

        def tell(case, result):
            count[result.verdict] += 1
            line = f"  {result.verdict:4} {place}/{case.name} ({result.seconds:.1f} s)"
            print(line + (f": {result.reason}" if result.reason else ""), flush=True)
            record(f"vm-{place}", case.name, result)
            if result.verdict == "fail":
                path = log_path(place, case.name)
                print(*(f"       | {line}" for line in excerpt(path)), sep="\n", file=sys.stderr)
                print(f"       the whole log: {path.relative_to(settings.TREE)}", file=sys.stderr, flush=True)

        for group in groups(mine):
            run_group(target, variant, image, archives, group, tell)
        for archive in archives:
            os.close(archive)
    print(f"vm tests: {count['pass']} passed, {count['fail']} failed, {count['skip']} skipped"
          + (f"; {left_out} long ones left out, which --long or their names would run" if left_out else ""), flush=True)
    return 1 if count["fail"] else 0
