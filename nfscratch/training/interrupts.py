"""Ctrl-C without loss: the first one ends a run after the step in hand, and the result is kept.

interrupt="return"    the result comes back, and the program goes on after the fit
interrupt="raise"     Interrupted, a KeyboardInterrupt, is raised at the end; its `result` is what would have come back

The handler of the process is put back in every case. Where it cannot be put back, Ctrl-C is left to it: in a thread
other than the main one, and where the host of Python handles the signal in C, of which Python knows only that it does.

Python's own handler raises KeyboardInterrupt; "return" and "raise" stand in for it. A host that has a handler of its
own (asyncio, a server, a window) wants to know: it is called once the run has ended, the checkpoint is written and the
handlers are as they were. What it raises goes on to the caller, with the result as its `result`. A fit inside the
callback of another fit has that one as its host: the Ctrl-C that ends it ends the outer one as well.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from nfscratch.training.record import Result

RETURN, RAISE = "return", "raise"


class Interrupted(KeyboardInterrupt):
    """Ctrl-C ended a fit with interrupt="raise". `result`: the Result with the best parameters so far."""

    def __init__(self, message: str, result: Any):
        super().__init__(message)
        self.result = result


@contextmanager
def with_result(result: Any) -> Iterator[None]:
    """What is raised inside has `result`, where it has none yet."""
    try:
        yield
    except BaseException as error:
        if getattr(error, "result", None) is None:
            error.result = result
        raise


def result_of(error: BaseException) -> Any:
    """The Result that an exception brings, as Interrupted does; None where it brings none."""
    result = getattr(error, "result", None)
    return result if isinstance(result, Result) else None


class Interruptible:
    """Turns the first Ctrl-C into a flag, `stopped`, so that a step in progress ends well; a second one aborts."""

    stopped = False
    _previous: Any = None

    def __enter__(self) -> Interruptible:
        self._previous = _replace_handler(self._first)
        return self

    def _first(self, *_: Any) -> None:
        self.stopped = True
        signal.signal(signal.SIGINT, self._previous)

    def __exit__(self, kind: type | None, *_: Any) -> None:
        if self._previous is not None:
            signal.signal(signal.SIGINT, self._previous)
        if kind is not None:
            self.tell_the_host()

    def tell_the_host(self) -> None:
        """Call the handler that the host of this process has of its own, if Ctrl-C was kept from it."""
        if self.stopped and callable(self._previous) and self._previous is not signal.default_int_handler:
            self._previous(signal.SIGINT, None)


def _replace_handler(handler):
    """The handler that `handler` now stands for; None where it was not set, because this one could not be put back."""
    if threading.current_thread() is not threading.main_thread() or signal.getsignal(signal.SIGINT) is None:
        return None
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # nohup, or a job in the background: it stays ignored
        return None
    try:
        return signal.signal(signal.SIGINT, handler)
    except ValueError:  # the main thread of a subinterpreter may not set handlers
        return None
