"""Traces: autograd numbers the derivatives that are being taken, and forgets to count one off that ends in an error.

After `grad(f)(x)` has raised, its `trace_stack.top` stays one too high for the rest of the process. Nothing is wrong
then, but "is a derivative being taken?" (boxes.py) is answered yes for good, and every log_prob walks through all
parameters. Importing this module gives `new_trace` its `finally`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from autograd.tracer import TraceStack


@contextmanager
def new_trace(self: TraceStack) -> Iterator[int]:
    """The number of a new derivative, inside the block."""
    self.top += 1
    try:
        yield self.top
    finally:
        self.top -= 1


TraceStack.new_trace = new_trace
