"""StrictArray: a NumPy array that behaves like CuPy's on a machine without a GPU.

It holds its data on the host, and hides that: NumPy may not convert it, it does not mix with NumPy arrays, a result
stays on the "device" down to a single number, and every way across is counted. Where CuPy is importable (it is,
without a driver), each function that is called must exist there and take the same keywords.
`tests/test_strict.py` holds it against real cupy.ndarray objects.

    x = StrictArray(host)        x.get()                  across, and back
    with transfers() as count:   count.to_host            what crossed in the block
    with capturing():            refuses what a CUDA graph cannot hold: transfers, masks, matmul, linalg
"""

import strict.methods  # noqa: F401  (it gives the array its methods)
from strict.array import StrictArray
from strict.crossing import CaptureError, capturing, transfers
from strict.rules import cupy

__all__ = ["CaptureError", "StrictArray", "capturing", "cupy", "transfers"]
