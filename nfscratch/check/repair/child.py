"""Child: a question answered in a forked process that can leave nothing behind.

The child may not write to files, and has little time, memory and no voice: what it changes in its copy of the user's
arrays, lists and counters is gone with it. A child that is stopped, or that ends in any other way, has no answer; nor
has a system without fork.
"""

from __future__ import annotations

import logging
import os
import pickle
import select
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

from nfscratch.blas import ONE_THREAD
from nfscratch.check.repair.live_code import TooLong

SECONDS = 8  # of processor time
PATIENCE = 120.0  # seconds on the clock: a net, for a child that waits; edited functions have half of it
MEMORY = 2 * 1024**3  # bytes beside those that the process has


def answered_by_child(question: Callable[[], Any]) -> Any:
    """question() as the child finds it, through pickle; None where there is no answer."""
    if not hasattr(os, "fork"):
        return None
    theirs, ours = os.pipe()
    try:
        child = os.fork()
    except OSError:  # the system has no room for another process
        os.close(theirs)
        os.close(ours)
        return None
    if child == 0:
        _answer(question, ours)
    os.close(ours)
    try:
        with os.fdopen(theirs, "rb") as pipe:
            text = _read(pipe)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return pickle.loads(text) if text else None


def _answer(question, pipe):
    """In the child: never comes back."""
    try:
        _be_quiet()
        _limit()
        _interrupt()
        with ONE_THREAD:  # the limit of the audit did not come with it
            text = pickle.dumps(question())
        while text:
            text = text[os.write(pipe, text) :]
    finally:
        os._exit(0)


def _be_quiet():
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    sys.stdout = sys.stderr = open(os.devnull, "w")
    logging.disable()


def _limit():
    import resource  # not on every system that has Python

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime) + SECONDS + 1
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    if (size := _address_space()) is not None:
        resource.setrlimit(resource.RLIMIT_AS, (size + MEMORY, size + MEMORY))


def _interrupt():
    """A run that does not end, or waits, is stopped in time for the rest of the answer."""
    first, again, parent = max(SECONDS - 0.5, 0.1), 0.1, os.getppid()

    def stop(*_):
        if sys.gettrace() is not None:  # an edited function runs
            raise TooLong

    def stop_waiting(*_):
        if os.getppid() != parent:  # it was killed, and waits for no answer
            os._exit(1)
        stop()

    signal.signal(signal.SIGALRM, stop_waiting)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE / 2, again)
    signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, first, again)


def _address_space():
    """Bytes of address space in use, where the system says it."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return None


def _read(pipe):
    """All that the child writes; nothing where it does not end in time."""
    parts, end = [], time.monotonic() + PATIENCE
    while select.select([pipe], [], [], max(0.0, end - time.monotonic()))[0]:
        part = os.read(pipe.fileno(), 1 << 16)
        if not part:
            return b"".join(parts)
        parts.append(part)
    return b""
