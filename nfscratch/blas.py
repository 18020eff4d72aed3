"""One BLAS thread while flows train or are audited, counted over the whole process, and as it was after the last.

The products of a training step are many and small. Two threads halve the large ones at best, on a machine that has
nothing else to do. Where other programs run, they wait for each other: a step of a MAF with layers of 512 was seen to
take 27 times as long on two threads as on one. With another number of threads the sums are also rounded in another
order, so that a choice by the clock would make the result of a seed depend on how busy the machine is.

The search for where a posterior lies makes many small products too: with two threads on a busy machine it was seen to
need seven times the processor time. An audit multiplies matrices of a few rows: it takes a fifth more with two.

The number of BLAS threads belongs to the process. Fits in several threads may overlap, and each would put back what it
found: the first to end would lift the limit of the others, and the last would leave the limit of the first. So the
first to begin sets the limit, and the last to end removes it. A process that is forked in the middle of a fit has no
fit of its own: it begins without the limit.
"""

from __future__ import annotations

import os
import threading
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from nfscratch import trees

LARGE = 2**25  # multiplications in one product
VARIABLES = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")


def one_thread(params: Any, batch_size: int) -> AbstractContextManager:
    """A context with one BLAS thread.

    A flow whose largest product has over 2^25 multiplications keeps the threads that an environment variable asks for.
    """
    largest = max((leaf.size for leaf in trees.leaves(params)), default=0)
    asked_for = any(os.environ.get(name) for name in VARIABLES)
    return nullcontext() if largest * batch_size > LARGE and asked_for else ONE_THREAD


class _SharedLimit:
    """A context that any number of threads may be inside of at the same time."""

    def __init__(self):
        self._lock, self._inside, self._limit = threading.Lock(), 0, None

    def forked(self) -> None:
        """In a new process: the fits that this one counts, and whoever holds its lock, are in the old one."""
        limit = self._limit
        self.__init__()
        if limit is not None:
            _lift(limit)

    def __enter__(self):
        with self._lock:
            if self._inside == 0:
                self._limit = _limited()
            self._inside += 1

    def __exit__(self, *_):
        with self._lock:
            self._inside -= 1
            if self._inside == 0 and self._limit is not None:
                limit, self._limit = self._limit, None
                _lift(limit)


def _limited():
    """A limit of one thread; None where nothing had to be changed, or another thread holds a limit of its own."""
    from threadpoolctl import threadpool_limits

    before = _threads()
    limit = threadpool_limits(1, user_api="blas")
    return None if _threads() == before else limit


def _lift(limit):
    _let_go(force=True)  # another thread may have set the limit
    limit.restore_original_limits()
    _let_go(force=False)


def _threads():
    from threadpoolctl import threadpool_info

    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


def _let_go(force):
    """Since version 3.8 of threadpoolctl one thread alone can set OpenBLAS, until that thread lets go of it."""
    import threadpoolctl

    controller = getattr(threadpoolctl, "OpenBLASController", None)
    if hasattr(controller, "clear_controlling_thread"):
        controller.clear_controlling_thread(force=force)


ONE_THREAD = _SharedLimit()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=ONE_THREAD.forked)
