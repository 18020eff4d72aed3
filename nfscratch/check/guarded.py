"""Guarded: how the audit calls a stranger's function, and how it tells what was raised.

guarded(f)      f, whose exceptions of every kind are an Exception: a sys.exit() in it ends no audit, Ctrl-C does.
                What it sets for all code with np.seterr and warnings.simplefilter is set back after it
watched()       collects what the calls within it have set for all code
name_of(f)      its __name__, or its class's
said(error)     "ValueError: must be positive"; its __str__ may raise
shown(a)        repr(a); the class alone where it has none
"""

from __future__ import annotations

import dis
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from types import TracebackType
from typing import Any

import numpy as onp

from nfscratch.check.time_limit import Passing, look_at_clock

RAISE = dis.opmap["RAISE_VARARGS"]
_WATCH: ContextVar[set[str] | None] = ContextVar("watch", default=None)


class Escaped(Exception):
    """An exception of a stranger that no `except Exception` catches: SystemExit, and the like."""

    def __init__(self, error: BaseException):
        super().__init__(message_of(error))
        self.kind = type(error)


def guarded(f: Callable) -> Callable:
    """The same function for the audit to call."""

    @wraps(f, assigned=(), updated=())
    def call(*arguments):
        look_at_clock()
        with _settings_back():
            try:
                return f(*arguments)
            except (Exception, Passing):
                raise
            except BaseException as error:
                if isinstance(error, KeyboardInterrupt) and not is_raised_in_words(error.__traceback__):
                    raise  # Ctrl-C
                raise Escaped(error) from error

    return call


# --- what is set for all code ---


@contextmanager
def watched() -> Iterator[set[str]]:
    """The names of the settings that functions change within."""
    seen: set[str] = set()
    onp.random.random_sample()  # now a seed that was set before and is set again makes a difference
    before = _WATCH.set(seen)
    try:
        yield seen
    finally:
        _WATCH.reset(before)


@contextmanager
def _settings_back():
    watch = _WATCH.get()
    drawn = None if watch is None else onp.random.get_state()
    with onp.errstate(), warnings.catch_warnings():
        before = onp.geterr()
        try:
            yield
        finally:
            if watch is not None:
                watch |= _changed(before, drawn)


def _changed(errors, drawn):
    changed = {"np.seterr"} if onp.geterr() != errors else set()
    return changed if same_state(drawn, onp.random.get_state()) else changed | {"np.random"}


def same_state(before: Any, after: Any) -> bool:
    """Whether numpy's global generator is where it was."""
    return onp.array_equal(before[1], after[1]) and before[2] == after[2]


# --- words ---


def origin_of(error: BaseException) -> BaseException:
    """What a stranger's code has raised itself."""
    return error.__cause__ if isinstance(error, Escaped) else error


def kind_of(error: BaseException) -> type:
    """The class of what a stranger's code has raised."""
    return error.kind if isinstance(error, Escaped) else type(error)


def message_of(error: BaseException) -> str:
    """str(error); where that raises itself, that it has none."""
    try:
        return f"{error}"
    except KeyboardInterrupt:
        raise
    except BaseException as second:  # of any kind
        return f"(str() of it raises {type(second).__name__})"


def name_of(f: Any) -> str:
    try:
        return str(f.__name__)
    except Exception:  # of any kind: most often it has none
        return type(f).__name__


def said(error: BaseException) -> str:
    """What was raised, and what it says."""
    return f"{kind_of(error).__name__}: {message_of(error)}".removesuffix(": ")


def shown(a: Any) -> str:
    """repr(a), or what a is where it has none."""
    try:
        return repr(a)
    except Exception:  # of any kind
        return f"an object of {type(a).__name__}, whose repr() raises"


def is_raised_in_words(place: TracebackType | None) -> bool:
    """Whether a statement `raise` made it, and not NumPy, whose own code raises for shapes that do not go together."""
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    if place is None:
        return False
    module = str(place.tb_frame.f_globals.get("__name__", ""))
    return place.tb_frame.f_code.co_code[place.tb_lasti] == RAISE and module.split(".")[0] != "numpy"
