# SPDX-License-Identifier: GPL-2.0-or-later
"""What a kernel says on its console when something is wrong, and where that ends."""

import re

# Whatever a program left unfinished on the line before it.
TIMESTAMP = re.compile(r"^.*?\[ *\d+\.\d+\](?:\[ *[TC]\d+\])? ?")

# What begins a report, as the text after the time stamp. A program that writes such a line to the
# kernel log fails a run, too: it has the kernel's attention for a reason.
STARTS = [re.compile(p) for p in (
    r"WARNING: ",  # WARN_ON, lockdep, RCU
    r"BUG[: ]",  # KASAN, SLUB, null dereferences, sleeping in atomic context, bad page state
    r"kernel BUG at ",
    r"watchdog: BUG: ",  # soft lockup
    r"(watchdog: )?.*Watchdog detected hard LOCKUP",
    r"Oops(:| )",
    r"general protection fault",
    r"[a-z0-9 -]+: [0-9a-f]{4} \[#\d+\]",  # divide error, int3 and their like
    r"Kernel panic - ",
    r"INFO: task .* blocked for more than",
    r"INFO: task .* blocked on an? .* for more than",
    r"INFO: trying to register non-static key",
    r"(rcu: )?INFO: rcu_.*detected",
    r"UBSAN: ",
    r"ODEBUG: ",
    r"DMA-API: (?!preallocated|enable driver filter|debugging enabled|debugging disabled on kernel command line|dma_debug)",
    r"kmemleak: (Cannot|Kernel memory leak detector disabled|Memory pool empty)",  # blind from then on
    r"unreferenced object 0x",  # kmemleak; the lab itself asks for it
    r"irq \d+: nobody cared",
    r"DMAR: .*fault",  # an IOMMU caught what a device should not have done
    r"(.*: )?AMD-Vi: Event logged",
    r"(.*: )?sysfs: cannot create duplicate filename",
    r"(.*: )?kobject_add_internal failed",
    r"Call Trace:",  # whatever else finds something worth one
    r"list_(add|del) corruption",
    r"(=+ *)?\[ BUG: ",
    r"Bad page state",
    r"traps: PANIC",
)]

# A line that is the last one of its report.
ENDS = re.compile(r"---\[ end (trace|Kernel panic)")

# The kernel's last word. It stops the other CPUs then, under whatever still runs on them, and may be surprised at that.
LAST_WORD = re.compile(r"reboot: (Power down|Restarting system|System halted)")

CONTEXT = 3  # lines before: "cut here", the rule above a KASAN report
LENGTH = 120  # lines of one report at most


def text_of(line):
    return TIMESTAMP.sub("", line)


def is_start(line):
    text = text_of(line)
    return any(p.match(text) for p in STARTS)


def find(lines):
    """The first report in the lines, as a list of lines; None if there is none."""
    for n, line in enumerate(lines):
        if LAST_WORD.match(text_of(line)):
            return None
        if is_start(line):
            report = lines[max(0, n - CONTEXT):n]
            for following in lines[n:n + LENGTH]:
                report.append(following)
                if ENDS.search(following):
                    break
            return report
    return None
