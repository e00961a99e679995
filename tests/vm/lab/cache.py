# SPDX-License-Identifier: GPL-2.0-or-later
"""Results kept under the hash of what made them: made once, by one process, and whole or not at all."""

import contextlib
import fcntl
import hashlib
import os
import pathlib
import shutil
import sys
import time

from . import settings


def digest(*inputs):
    """One short name for any mixture of strings, bytes and paths (whose content counts)."""
    h = hashlib.sha256()
    for item in inputs:
        if isinstance(item, os.PathLike):
            item = item.read_bytes()
        elif not isinstance(item, bytes):
            item = repr(item).encode()
        h.update(len(item).to_bytes(8, "little"))
        h.update(item)
    return h.hexdigest()[:16]


@contextlib.contextmanager
def lock(path):
    """Held while the block runs; freed by the kernel when the process dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w") as f:
        fcntl.flock(f, fcntl.LOCK_EX)
        yield


def say(text):
    print(f"lab: {text}", file=sys.stderr, flush=True)


def made(name, key, make):
    """The directory `name-key` of the cache; where it is not there yet, make(directory) fills it.

    It is filled under another name and renamed when it is whole. What a killed process left
    behind is cleared by the next one that comes by, since only the holder of the lock makes it.
    """
    done = settings.CACHE / f"{name}-{key}"
    if done.is_dir():
        os.utime(done)
        return done
    with lock(settings.CACHE / f".lock-{name}-{key}"):
        if done.is_dir():
            return done
        part = settings.CACHE / f".part-{name}-{key}"
        remove(part)
        part.mkdir(parents=True)
        try:
            make(part)
        except BaseException:
            remove(part)
            raise
        part.rename(done)
    forget_old(name)
    clear_dead()
    return done


def forget_old(name):
    """What nobody has used for a week gives way, once there is something newer of the same name."""
    for other, path in entries():
        if other == name and time.time() - path.stat().st_mtime > 7 * 86400:
            forget(path)


def remove(directory):
    if directory.exists():
        shutil.rmtree(directory)


def forget(path):
    """Under another name first, so that nobody takes a half-removed entry for a whole one."""
    dying = settings.CACHE / f".dying-{os.getpid()}-{path.name}"
    path.rename(dying)
    remove(dying)


def clear_dead():
    """What killed processes left behind: parts whose lock is free, entries that were being removed."""
    for path in settings.CACHE.glob(".dying-*"):
        if not pathlib.Path(f"/proc/{path.name.split('-')[1]}").exists():
            remove(path)
    for path in settings.CACHE.glob(".part-*"):
        with contextlib.suppress(BlockingIOError), open(settings.CACHE / path.name.replace(".part-", ".lock-"), "w") as f:
            fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
            remove(path)


def forget_all():
    for name, path in entries():
        say(f"forgetting {name}")
        forget(path)
    clear_dead()


def entries():
    """Everything in the cache as (name, path), the newest first."""
    if not settings.CACHE.is_dir():
        return []
    found = [p for p in settings.CACHE.iterdir() if p.is_dir() and not p.name.startswith(".")]
    found.sort(key=lambda p: p.stat().st_mtime, reverse=True)
    return [(p.name.rpartition("-")[0], p) for p in found]
