"""What crosses between host and device is counted, and refused while a CUDA graph is captured."""

from contextlib import contextmanager

import numpy as np

_crossed = {"to_host": 0, "to_device": 0}
_capturing = False


class CaptureError(RuntimeError):
    """Something that a stream refuses while it is being captured into a CUDA graph."""


class Transfers:
    """How often data crossed since this was made."""

    def __init__(self):
        self._start = dict(_crossed)

    to_host = property(lambda self: _crossed["to_host"] - self._start["to_host"])
    to_device = property(lambda self: _crossed["to_device"] - self._start["to_device"])


@contextmanager
def transfers():
    yield Transfers()


@contextmanager
def capturing():
    """Inside, what a CUDA graph cannot hold raises CaptureError."""
    global _capturing
    before, _capturing = _capturing, True
    try:
        yield
    finally:
        _capturing = before


def refuse_capture(what):
    if _capturing:
        raise CaptureError(f"{what}: not while capturing")


def cross(direction, host):
    refuse_capture(f"a copy {direction.replace('_', ' ')}")
    _crossed[direction] += 1
    return np.array(host)
