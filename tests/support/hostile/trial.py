"""A hostile file in a child process of its own, which may take a second and 256 MiB more than this process has.

    parent: fork -> child: limits, read the file, say how it went; then use what was read, and say how that went

The limits that are judged are measured; the system's own limits are wider, so that what is too much can be seen.
Time is processor time: it does not depend on what else the machine does. Linux, and other systems with fork and /proc.
"""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from hostile.originals import Original
from hostile.verdict import Verdict, by_other_doors, judged, opened, used

SECONDS, BYTES = 1.0, 256 * 2**20
WIDER = 8  # times the limit of memory: there the system says no
PATIENCE = 30  # seconds, all in all, after which the system ends the child


@dataclass(frozen=True)
class Trial:
    """seconds and growth: of reading alone. costly: why computing with what was read took too much, or ""."""

    verdict: Verdict
    why: str = ""
    seconds: float = 0.0
    growth: int = 0
    costly: str = ""


def tried(original: Original, content: bytes, path: Path) -> Trial:
    """Read `content` as the file `path`, as a user does who takes it for one like `original`."""
    path.write_bytes(content)
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(ours)
        _in_child(original, content, path, theirs)
    os.close(theirs)
    with os.fdopen(ours) as lines:
        said = [json.loads(line) for line in lines]
    _, status = os.waitpid(child, 0)
    return _trial(said, status)


def _in_child(original, content, path, wire):
    try:
        before = _peak()
        _limit(before)
        began = time.process_time()
        verdict, why, got = opened(original, path)
        seconds, growth = time.process_time() - began, _peak() - before
        if verdict is None:
            verdict, why = judged(original, content, got)
        _say(wire, verdict=verdict.name, why=why, seconds=seconds, growth=growth)
        if verdict is Verdict.ANOTHER and original.kind == "flow":
            verdict, why = used(*got)
            _say(wire, verdict=verdict.name, why=why)
        verdict, why = by_other_doors(original, path)
        if not verdict.good:
            _say(wire, verdict=verdict.name, why=why)
        _say(wire, ended=True)
    except BaseException as error:
        _say(wire, verdict="OTHER", why=f"the judge: {type(error).__name__}: {error}", ended=True)
    finally:
        os._exit(0)


def _limit(size):
    """Wider limits of the system's own, and no core files."""
    resource.setrlimit(resource.RLIMIT_AS, (size + WIDER * BYTES,) * 2)
    resource.setrlimit(resource.RLIMIT_CPU, (PATIENCE, PATIENCE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.alarm(600)  # a child that waits for something costs no processor time


def _peak():
    """The largest address space of this process so far, in bytes."""
    return 1024 * int(re.search(r"VmPeak:\s+(\d+) kB", Path("/proc/self/status").read_text())[1])


def _say(wire, **said):
    os.write(wire, (json.dumps(said) + "\n").encode())


def _trial(said, status):
    read, *later = [*said, {}] if said else [{}]
    if "verdict" not in read:
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status)
        slow = killed in (signal.SIGXCPU, signal.SIGKILL, signal.SIGALRM)
        return Trial(Verdict.SLOW if slow else Verdict.OTHER, f"the process ended with signal {killed}")
    verdict, why = Verdict[read["verdict"]], read["why"]
    seconds, growth = read.get("seconds", 0.0), read.get("growth", 0)
    if seconds > SECONDS:
        verdict, why = Verdict.SLOW, f"{seconds:.1f} s; {why}"
    elif growth > BYTES:
        verdict, why = Verdict.FAT, f"{growth / 2**20:.0f} MiB; {why}"
    for line in later:
        if verdict.good and "verdict" in line:
            verdict, why = Verdict[line["verdict"]], line["why"]
    unfinished = not any("ended" in line for line in said)
    return Trial(verdict, why, seconds, growth, "computing with it took too long" if unfinished else "")
