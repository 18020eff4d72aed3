"""Ctrl-C without loss: the first one ends a run after the step in hand, and the result is kept.

interrupt="return"    the result comes back, and the program goes on after the fit
interrupt="raise"     Interrupted, a KeyboardInterrupt, is raised at the end; its `result` is what would have come back

The handler of the process is put back in every case. Where it cannot be put back, Ctrl-C is left to it: in a thread
other than the main one, and where the host of Python handles the signal in C, of which Python knows only that it does.
"""

from __future__ import annotations

import signal
import threading
from typing import Any

RETURN, RAISE = "return", "raise"


class Interrupted(KeyboardInterrupt):
    """Ctrl-C ended a fit with interrupt="raise". `result`: the Result with the best parameters so far."""

    def __init__(self, message: str, result: Any):
        super().__init__(message)
        self.result = result


class Interruptible:
    """Turns the first Ctrl-C into a flag, `stopped`, so that a step in progress ends well; a second one aborts."""

    stopped = False

    def __enter__(self) -> Interruptible:
        self._previous = _replace_handler(self._first)
        return self

    def _first(self, *_: Any) -> None:
        self.stopped = True
        signal.signal(signal.SIGINT, self._previous)

    def __exit__(self, *_: Any) -> None:
        if self._previous is not None:
            signal.signal(signal.SIGINT, self._previous)


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
