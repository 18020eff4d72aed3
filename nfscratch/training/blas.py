"""One BLAS thread while small flows train, counted over all fits of the process, and as it was after the last of them.

The number of BLAS threads belongs to the process. Fits in several threads may overlap, and each would put back what it
found: the first to end would lift the limit of the others, and the last would leave the limit of the first. So the
first to begin sets the limit, and the last to end removes it.
"""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from nfscratch import trees

LARGE = 2**25  # multiplications in one product


def one_thread_if_small(params: Any, batch_size: int) -> AbstractContextManager:
    """Up to 2^25 multiplications in a product, two BLAS threads gain little, and wait for each other.

    On a busy machine the wait is long: a 64 x 64 by 64 x 256 product was seen to take from 38
    microseconds on one thread to 15 milliseconds on two.
    """
    largest = max((leaf.size for leaf in trees.leaves(params)), default=0)
    return nullcontext() if largest * batch_size > LARGE else ONE_THREAD


class _SharedLimit:
    """A context that any number of threads may be inside of at the same time."""

    def __init__(self):
        self._lock, self._inside, self._limit = threading.Lock(), 0, None

    def __enter__(self):
        with self._lock:
            if self._inside == 0:
                self._limit = _limited()
            self._inside += 1

    def __exit__(self, *_):
        with self._lock:
            self._inside -= 1
            if self._inside == 0 and self._limit is not None:
                _let_go(force=True)  # another thread may have set the limit
                self._limit.restore_original_limits()
                _let_go(force=False)


def _limited():
    """A limit of one thread; None where nothing had to be changed, or another thread holds a limit of its own."""
    from threadpoolctl import threadpool_limits

    before = _threads()
    limit = threadpool_limits(1, user_api="blas")
    return None if _threads() == before else limit


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
