"""The root of an increasing function, elementwise. Every inverse without a formula is such a search.

Find z with f(z) = x:

    bracket   f(low) <= x <= f(high), by expansion
    Newton    z - (f(z) - x) / f'(z), inside the bracket, and as long as each step is at most half the one before
    bisection (low + high) / 2, where it is not; then Newton has another try
    stop      |f(z) - x| <= tolerance max(1, |x|), or high - low <= 4 eps |z|: no number is nearer to the root
    explained a bracket that narrow counts only with |f(z) - x| <= 64 eps (max(1, |x|) + f' max(1, |z|)):
              rounding of z and inside f leaves that much; a jump that leaves more has no root. An f that enlarges what
              is rounded on its way, such as e^a logit F(z) + t near t, says by how much: `size` for max(1, |x|)
    error     in z, about residual / f'(z)
"""

from __future__ import annotations

import numpy as onp

from nfscratch import backend
from nfscratch.ops.rows import counted_from

ROUNDING = 64  # eps; the package's maps leave at most 8 (300 wild draws of each, both dtypes)
NEAR, STRIDE = 64, 2.0**32  # moves of a bracket's end that are four times as far as the one before; the next ones


class InversionError(ValueError):
    """A numeric inverse did not reach its residual.

    entry: where in x (flattened) it is worst. rows: those of x that are known to have failed, or None.
    """

    def __init__(self, message, entry=0, rows=None):
        super().__init__(message)
        self.entry, self.rows = entry, rows

    def from_row(self, start):
        """The error of a batch in which these rows begin at `start`; its words and `entry` are of these rows."""
        return InversionError(f"of the rows from {start} on, {self}", self.entry, counted_from(self.rows, start))


def monotone_root(f, x, *, theta=None, bracket=None, tolerance=None, max_iterations=200, size=None):
    """z with f(z)[0] = x, elementwise, for an increasing f that reaches every x; f gives (value, derivative).

    Newton alone may creep along a flat stretch or leave it; bisection alone takes 50 steps. Together they do neither.
    Raises InversionError where the residual is not reached: an end of the bracket is never an answer, nor is a jump.

    theta: parameters (P, M) for x (M,). Then f(z, theta) is called, and with the entries that are not yet done alone.
    bracket: (low, high) to start with; it widens where it does not hold the root. Default: x -+ 1.
    tolerance: of the relative residual. Default: 8 eps of x's dtype.
    size(theta): how large the numbers are whose rounding f(z, theta) has, each as it counts in f. Default: |x|.
    """
    tolerance = 8 * onp.finfo(x.dtype).eps if tolerance is None else tolerance
    function = f if theta is not None else lambda z, theta: f(z)
    low, high = (x - 1.0, x + 1.0) if bracket is None else bracket
    with onp.errstate(over="ignore", invalid="ignore"):  # far out in a bracket f may overflow: that is still outside
        low, high = _bracket(lambda z: function(z, theta)[0], x, low, high)
        return _search(function, x, theta, low, high, tolerance, max_iterations, size)


def _bracket(value, x, low, high):
    """Ends with value(low) <= x <= value(high): an end on the wrong side moves out, each time four times as far.

    An end that is still on the wrong side after NEAR moves takes strides of STRIDE, which reach every float64.
    """
    numbers = onp.finfo(x.dtype)
    eps, most = numbers.eps, numbers.max
    width = (high - low) + 8 * eps * onp.maximum(1.0, onp.maximum(onp.abs(low), onp.abs(high)))
    outside = ~onp.isfinite(x)
    if not bool(outside.any()):
        for move in range(NEAR + numbers.maxexp // 32):
            above, below = ~(value(low) <= x), ~(value(high) >= x)
            outside = above | below
            if not bool(outside.any()):
                return low, high
            low = onp.where(above, onp.maximum(low - width, -most), low)
            high = onp.where(below, onp.minimum(high + width, most), high)
            width = onp.where(outside, (4.0 if move < NEAR else STRIDE) * width, width)
    ends = value(low), value(high)
    residual = onp.where(ends[0] > x, ends[0] - x, x - ends[1])  # NaN or infinite where x, or f, is not finite
    raise _error(
        "no bracket holds the root: the map does not reach x, or one is not finite; it came to", residual, x, outside
    )


def _search(f, x, theta, low, high, tolerance, max_iterations, size):
    eps, tiny = onp.finfo(x.dtype).eps, onp.finfo(x.dtype).tiny
    answer, where = onp.empty_like(x), None
    z, last = 0.5 * (low + high), onp.full_like(x, onp.inf)  # last: the step that Newton has to halve
    for _ in range(max_iterations):
        value, slope = f(z, theta)
        narrow = high - low <= 4 * eps * onp.maximum(onp.abs(low), onp.abs(high))
        residual = onp.abs(value - x)
        reached = residual <= tolerance * onp.maximum(1.0, onp.abs(x))
        jumps = narrow & ~reached & ~_by_rounding(residual, slope, z, x, 1.0)
        if bool(jumps.any()):
            _refuse_jumps(f, z, x, theta, low, high, residual, slope, jumps, where, size)
        done = reached | narrow
        left = onp.flatnonzero(~done)
        if len(left) == 0:
            return _put(answer, where, z)
        low, high = onp.where(value <= x, z, low), onp.where(value >= x, z, high)
        step = (x - value) / onp.maximum(slope, tiny)
        # A little beyond the root: then the other end of the bracket comes near, too, and rounding cannot stall it.
        newton, middle = z + step + 2 * eps * onp.sign(step) * onp.abs(z), 0.5 * (low + high)
        length = onp.abs(newton - z)
        fast = (newton >= low) & (newton <= high) & (length <= 0.5 * last)
        z, last = onp.where(done, z, onp.where(fast, newton, middle)), onp.where(fast, length, onp.inf)
        if theta is not None and 2 * len(left) <= len(z):  # go on with the rest alone
            answer = _put(answer, where, z)
            where = left if where is None else where[left]
            z, x, low, high, last, theta = z[left], x[left], low[left], high[left], last[left], theta[:, left]
    residual = onp.abs(f(z, theta)[0] - x)
    missed = ~(residual <= tolerance * onp.maximum(1.0, onp.abs(x)))
    raise _error("the search for z stopped at", residual, x, missed, where)


def _by_rounding(residual, slope, z, x, size):
    eps = onp.finfo(x.dtype).eps
    return residual <= ROUNDING * eps * (
        onp.maximum(onp.maximum(1.0, size), onp.abs(x)) + slope * onp.maximum(1.0, onp.abs(z))
    )


def _refuse_jumps(f, z, x, theta, low, high, residual, slope, jumps, where, size):
    """The last chance: at a kink the other side is the steep one, and f may enlarge what is rounded on its way."""
    steepest = onp.maximum(slope, onp.maximum(f(low, theta)[1], f(high, theta)[1]))
    jumps = jumps & ~_by_rounding(residual, steepest, z, x, 1.0 if size is None else size(theta))
    if bool(jumps.any()):
        raise _error("the map jumps over x: the search for z stopped at", residual, x, jumps, where)


def _error(what, residual, x, bad, where=None):
    """InversionError that says how many of x (..., N), which is the worst, and by how much it was missed."""
    n = x.shape[-1]
    residual, x, bad = (backend.to_numpy(a).reshape(-1) for a in (residual, x, bad))
    failing, relative = onp.flatnonzero(bad), residual / onp.maximum(1.0, onp.abs(x))
    worst = int(failing[onp.argmax(relative[failing])])  # (NaN, if there is one)
    entry = worst if where is None else int(where[worst])
    return InversionError(
        f"{what} a relative residual of {relative[worst]:.1e} at x = {x[worst]:.9g}, entry {entry}; "
        f"{bad.sum()} of the entries fail",
        entry,
        onp.unique(failing % n if where is None else backend.to_numpy(where)[failing]).tolist(),
    )


def _put(answer, where, z):
    if where is None:
        return z
    answer[where] = z
    return answer
