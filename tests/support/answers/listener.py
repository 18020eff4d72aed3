"""Listener: the answers of all functions of nfscratch/check/ while something runs, by the functions' names.

Functions without a name of their own, lambdas and comprehensions, are heard in what they are a part of.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import nfscratch.check
from answers.brief import Brief
from nfscratch.check import time_limit

ROOM = f"{Path(nfscratch.check.__file__).parent}/"
# What other libraries' flows do, what time does, and a function that remembers what it was asked in other audits.
NOT_HEARD = ("adapters/", "time_limit", "in_time", "repair/child", "diagnosis/recorded:is_users")
MOST = 120  # answers of one function


def listened(run: Callable[[], object]) -> dict[str, Brief]:
    """{"diagnosis/clamp:scales": its answers, ...}; "subject:result" is what it gives itself, where that is a tuple."""
    heard: dict[str, Brief] = defaultdict(Brief)
    names: dict[object, str | None] = {}

    before = sys.getprofile()

    def hear(frame, event, answer):
        if before is not None:
            before(frame, event, answer)
        if event != "return":
            return
        code = frame.f_code
        if code not in names:
            names[code] = name_of(code)
        name = names[code]
        if name is not None and heard[name].count < MOST:
            heard[name].add(answer)

    clock, time_limit.clock = time_limit.clock, float  # it stands at 0: a slow machine asks a pair for more rows
    sys.setprofile(hear)
    try:
        result = run()
    finally:
        sys.setprofile(before)
        time_limit.clock = clock
    if isinstance(result, tuple):
        heard["subject:result"].add(result)
    return dict(heard)


def name_of(code) -> str | None:
    """None of what is not heard."""
    if not code.co_filename.startswith(ROOM) or code.co_name.startswith("<"):
        return None
    name = f"{code.co_filename[len(ROOM) :].removesuffix('.py')}:{code.co_qualname}"
    return None if name.startswith(NOT_HEARD) else name
