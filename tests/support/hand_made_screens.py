"""Screens made by hand, of which no user's functions are asked, and the limits that their runs are given."""

from contextlib import contextmanager
from types import SimpleNamespace

import numpy as onp

from nfscratch.check.repair.live_code import TooLong
from nfscratch.check.repair.screen import SLOWER, Screen

Z = onp.array([[1.0, -2.0], [3.0, 0.5], [-4.0, 0.0]])


def screen_of(kind=Screen, **held):
    s = object.__new__(kind)
    s.met, s.near, s.z, s.lines, s.spent, s.slower = "met", 1e-5, Z, 7, 100, SLOWER
    s.subject = SimpleNamespace(out_shape=(2,), in_shape=(2,), dtype=onp.dtype("float64"), dim=2, given=None)
    s.x = s.results = s.now = None
    s.gap, s.keeps_forward = 0.0, False
    vars(s).update(held)
    return s


@contextmanager
def watched(monkeypatch, module, error=None):
    """The limits that runs are given, with 11 lines for each of them. No warning may come up in one."""
    asked = []

    def within(call, most, met, left=None):
        asked.append((most, met))
        assert set(onp.geterr().values()) == {"ignore"}
        if left is not None:
            left[:] = [most - 11]
        if error is not None:
            raise error
        return call(), 11

    with monkeypatch.context() as patch, onp.errstate(all="warn"):
        patch.setattr(module, "within", within)
        yield asked


ERRORS = [ZeroDivisionError(), SystemExit(), TooLong()]
MOST = SLOWER * 7 + 1000


def four(x=Z, a=0.0, z=Z, b=0.0):
    return (x, onp.full(3, a), z, onp.full(3, b))
