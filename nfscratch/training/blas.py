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
        from threadpoolctl import threadpool_limits

        with self._lock:
            if self._inside == 0:
                self._limit = threadpool_limits(1, user_api="blas")
            self._inside += 1

    def __exit__(self, *_):
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                self._limit.restore_original_limits()


ONE_THREAD = _SharedLimit()
