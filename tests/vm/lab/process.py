# SPDX-License-Identifier: GPL-2.0-or-later
"""Children that do not outlive us, whatever we die of."""

import ctypes
import os
import signal
import subprocess
import sys

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)
_we = os.getpid()


def die_with_parent():
    """For preexec_fn: the kernel kills the child when its parent dies."""
    if _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    if os.getppid() != _we:
        os._exit(1)


def end_with_parent():
    """The gentle form, for a child that has something to unwind itself."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def contained(command):
    """The command in namespaces of its own: when it is killed its children and mounts go with it."""
    return ["unshare", "--mount", "--pid", "--fork", "--kill-child=KILL", "--propagation", "private", "--mount-proc",
            *map(str, command)]


def unwind_on_signals():
    """A polite end unwinds everything, as an exception does; an impolite one is the kernel's work (above)."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda n, _: sys.exit(128 + n))


def hand_back(directory):
    """What was built under sudo belongs to who typed it, so that a plain `make` goes on from there."""
    if os.geteuid() == 0 and "SUDO_UID" in os.environ and directory.exists():
        owner = f"{os.environ['SUDO_UID']}:{os.environ['SUDO_GID']}"
        subprocess.run(["chown", "-R", "--no-dereference", owner, str(directory)], check=False)
