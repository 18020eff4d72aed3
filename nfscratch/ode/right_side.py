"""RightSide: the function f of dy/dt = f(t, y) as a solver calls it: counted, capped, and looked at.

f must return an array like y. Its calls are counted, because they are what a solve costs. A solver may use
`max_evaluations` of them; a stiff f, whose solutions fall towards each other much faster than they move, would use
millions. NaN and infinity are looked for once, at the end of a solve; `name_first_nan` then solves again to say when.
"""

from __future__ import annotations

from collections.abc import Callable
from numbers import Real
from typing import Any

import numpy as onp

from nfscratch import backend, validate
from nfscratch.array_kinds import listed_rows
from nfscratch.autodiff import raw
from nfscratch.excerpt import excerpt
from nfscratch.ops.rows import counted_from


class IntegrationError(ValueError):
    """A solver did not come to the end. t: where it stood; evaluations: how often f had been called.

    rows: the systems that are known to have failed, or None.
    """

    def __init__(self, message: str, t: float, evaluations: int, rows: list[int] | None = None):
        super().__init__(message)
        self.t, self.evaluations, self.rows = t, evaluations, rows

    def from_row(self, start: int) -> IntegrationError:
        """The error of a batch in which these rows begin at `start`."""
        return IntegrationError(str(self), self.t, self.evaluations, counted_from(self.rows, start))


class RightSide:
    """f(t, y) -> k, kept: k is dy/dt, and `kept` is anything that the caller of the solver wants back.

    for_gradient: the steps serve a gradient too, and must not pass over what the field could become.
    """

    def __init__(
        self,
        f: Callable,
        max_evaluations: int | None = None,
        remedy: str = "",
        look: bool = False,
        backwards: bool = False,
        for_gradient: bool = False,
    ):
        self.f, self.max_evaluations, self.remedy, self.look = f, max_evaluations, remedy, look
        self.for_gradient = for_gradient
        self.furthest_behind = max if backwards else min
        self.evaluations, self.end = 0, None  # end: where each system has arrived, if each has its own t

    def __call__(self, t: Any, y: Any) -> tuple[Any, Any]:
        if self.max_evaluations is not None and self.evaluations >= self.max_evaluations:
            words = f"the solver has used {self.evaluations} evaluations of the field, the most that it may"
            self.fail(words, t, self.remedy, None if self.end is None else t != self.end)
        if self.look:
            self._check_finite("the solution", t, y)
        k, kept = self.f(t, y)
        self.evaluations += 1
        if getattr(k, "shape", None) != y.shape or k.dtype != y.dtype:
            self._refuse(k, t, y)
        if self.look:
            self._check_finite("the field", t, k)
        return k, kept

    def fail(self, words: str, t: Any, remedy: str = "", failing: Any = None) -> None:
        """IntegrationError: the words, t, and the remedy, which the caller gives only where it may help.

        failing (N,): which systems are to blame, where each has its own t.
        """
        at, rows = self._time(t), None if failing is None else rows_of(failing)
        after = f"; {remedy}" if remedy else ""
        raise IntegrationError(f"{words}; the solver stands at t = {at:.6g}{after}", at, self.evaluations, rows)

    def _refuse(self, k, t, y):
        got = f"{k.dtype} {tuple(k.shape)}" if hasattr(k, "shape") else type(k).__name__
        raise ValueError(
            f"the field must return an array like the state, {y.dtype} {tuple(y.shape)}; got {got} "
            f"at t = {self._time(t):.6g}"
        )

    def _time(self, t):
        """The time of the system that is the furthest behind, of one time for all or one for each."""
        return float(self.furthest_behind(onp.ravel(backend.to_numpy(t))))

    def _check_finite(self, what, t, a):
        a = onp.asarray(backend.to_numpy(raw(a)))
        bad = ~onp.isfinite(a).all(axis=tuple(range(a.ndim - 1)))
        if bad.any():
            at = float(onp.broadcast_to(backend.to_numpy(t), bad.shape)[bad][0])
            raise IntegrationError(
                f"{what} must be finite; NaN or infinity at t = {at:.6g} in {listed_rows(onp.flatnonzero(bad))}, "
                f"after {self.evaluations} evaluations",
                at,
                self.evaluations,
                rows_of(bad),
            )


def rows_of(mask: Any) -> list[int]:
    return onp.flatnonzero(backend.to_numpy(mask)).tolist()


def check_problem(y: Any, t0: float, t1: float, **functions: Callable) -> None:
    """Refuse a state without axes or of whole numbers, times that are no finite numbers, and no functions of (t, y)."""
    shape, dtype = getattr(y, "shape", ()), getattr(y, "dtype", None)
    if len(shape) < 2 or dtype is None:
        raise ValueError(
            f"y must have shape (S, N), N systems of S numbers each; got {getattr(y, 'shape', type(y).__name__)}"
        )
    if dtype.kind != "f":
        raise TypeError(f"y must be an array of floats; got dtype {dtype}")
    for name, t in (("t0", t0), ("t1", t1)):
        if isinstance(t, bool) or not isinstance(raw(t), (Real, onp.ndarray)) or onp.ndim(raw(t)) or not is_finite(t):
            raise ValueError(f"{name} must be a finite number; got {excerpt(t)}")
    for name, f in functions.items():
        validate.function(name, f, "(t, y)", 2)


def time_like(y: Any, t: float) -> Any:
    """t as an array of no axes, like y: a field that computes np.sin(t) must not leave float32."""
    return onp.full_like(raw(y), t, shape=())


def is_finite(y: Any) -> bool:
    return bool(onp.isfinite(raw(y)).all())


def name_first_nan(march: Callable, f: Callable, y: Any, t0: float, t1: float, evaluations: int) -> None:
    """Solve once more, and look at every stage: IntegrationError with the first t at which one is not finite."""
    for _ in march(RightSide(f, look=True), y, t0, t1):
        pass
    raise IntegrationError(f"the solution must be finite; NaN or infinity at t = {t1:.6g}", t1, evaluations)
