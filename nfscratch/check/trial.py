"""Trial: one subject at one set of points, with the numbers that several checks share, each computed once.

    z -> x -> z'        forward and back, with the log-dets of both
    J, dlog_det         their derivatives by finite differences, and the error of those
    allowed(row)        what rounding may cost there

Rounding. Layer k puts an error of about eps |x_k| on its result x_k. (A layer that solves an equation says how accurate
it is; where that is more than the dtype's eps, it stands in for eps.) Seen from z it has the size
|P_k^-1| eps |x_k|, with P_k the Jacobian of the first k layers, and so

    allowed_z = K eps [ (cond(J) + depth) max(1, |z|, |x| min(1, |J^-1|)) + sum_k |P_k^-1| max(1, |x_k|) ],    K = 64
    allowed_log_det = |dlog_det/dz| allowed_z + K eps (cond(J) + depth D + |log_det|)
"""

from __future__ import annotations

from functools import cached_property, partial
from typing import Any

import numpy as onp

from nfscratch import backend, trees
from nfscratch.check.domains import bounded, inside
from nfscratch.check.finite_differences import STEPS, STEPS_FLOAT32, numeric_jacobian, sharper
from nfscratch.check.given import real_points, taken_context
from nfscratch.check.rows import apart, condition, flat, inverse_norm, largest
from nfscratch.check.subject import Subject, of_bijection
from nfscratch.check.where_defined import where_defined

K = 64.0  # roundings of a layer: a network of a few products, an exponential, a sum
COARSE = 1e-9  # a map that jumps by more has no differences over steps as short as float64 allows
SYMBOL = {"forward": "z", "inverse": "x"}  # what goes into a direction
OTHER = {"forward": "inverse", "inverse": "forward"}


class Unusable(ValueError):
    """A result that no check can work with; S says what is wrong with it."""


class Trial:
    """Row i of z goes with row i of the subject's context, which repeats where it has fewer rows.

    twin: the same trial in float64, whose Jacobians serve a float32 one.
    limit: a row for which rounding allows more than this, relative to max(1, |z|), is not judged.
    """

    def __init__(self, subject: Subject, z: Any, twin: Trial | None = None, limit: float = onp.inf):
        self.z = onp.asarray(backend.to_numpy(z)).astype(subject.dtype)
        self.subject, self.twin = subject.at(onp.arange(len(self.z))), twin
        self.limit = limit

    def __len__(self) -> int:
        return len(self.z)

    def apply(self, direction: str, a: Any, rows: Any = None) -> tuple[Any, Any]:
        """forward or inverse at `a`. log_det comes as (N,), and as NaN where it was not one number for each row.

        rows: the trial's rows that the rows of `a` are, unless they are all of them in order.
        """
        s = self.subject if rows is None else self.subject.at(rows)
        with onp.errstate(all="ignore"):
            y, log_det = getattr(s, direction)(a.copy())  # P finds a map that writes into its argument
        y, log_det = onp.asarray(y), onp.asarray(log_det)
        if y.shape != (len(a), *s.shape(OTHER[direction])):
            raise Unusable(f"{direction} gives shape {y.shape}")
        if log_det.size != len(a):
            return y, onp.full(len(a), onp.nan)
        return y, onp.asarray(log_det, dtype=onp.float64).reshape(len(a))

    @cached_property
    def there(self) -> tuple[Any, Any]:
        """x and log_det of forward at z."""
        return self.apply("forward", self.z)

    @cached_property
    def back(self) -> tuple[Any, Any]:
        """z' and log_det of inverse at x; NaN for rows that rounding has put on an end of the codomain, or beyond."""
        rows = onp.flatnonzero(self.usable)
        if len(rows) == len(self) or not bounded(self.subject.codomain):
            return self.apply("inverse", self.x)
        return self._apply_to("inverse", self.x, rows)

    @cached_property
    def again(self) -> tuple[Any, Any]:
        """x' and log_det of forward at z'; NaN where z' is not finite, for which a map of another library may raise."""
        z = self.back[0]
        rows = onp.flatnonzero(onp.isfinite(flat(z)).all(axis=1))
        return self.apply("forward", z) if len(rows) == len(z) else self._apply_to("forward", z, rows)

    def _apply_to(self, direction, a, rows):
        """forward or inverse at these rows of `a`, and NaN for the rest."""
        shape = (len(a), *self.subject.shape(OTHER[direction]))
        y, log_det = onp.full(shape, onp.nan, self.subject.dtype), onp.full(len(a), onp.nan)
        if len(rows):
            y[rows], log_det[rows] = self.apply(direction, a[rows], rows)
        return y, log_det

    x = property(lambda self: self.there[0])

    def input(self, direction: str) -> Any:
        """What goes into a direction: z, or x."""
        return self.z if direction == "forward" else self.x

    def claimed(self, direction: str) -> Any:
        """The log_det that a direction claims, at z or at x."""
        return self.there[1] if direction == "forward" else self.back[1]

    @cached_property
    def usable(self) -> Any:
        """Rows whose x is finite and strictly inside the codomain."""
        return onp.isfinite(flat(self.x)).all(axis=1) & inside(self.subject.codomain, self.x)

    def derivatives(self, direction: str, at: Any, rows: Any = None) -> tuple[Any, Any, Any, Any]:
        """J, its error, dlog_det and its error, by finite differences of a direction at `at`; rows as in `apply`."""
        coarse = self.subject.dtype == onp.float32 or self._noise > COARSE
        trial = self if rows is None else Trial(self.subject.at(rows), at)

        def f(a):
            y, log_det = trial.apply(direction, a.astype(self.subject.dtype))
            return onp.concatenate([flat(y), log_det[:, None]], axis=1)

        f = f if self.subject.given is not None else partial(where_defined, f)
        with onp.errstate(all="ignore"):
            J, error = numeric_jacobian(f, at, STEPS_FLOAT32 if coarse else STEPS, self._noise, True)
            if coarse and self.subject.dtype != onp.float32:
                J, error = sharper(at, J, error, *numeric_jacobian(f, at, STEPS, self.subject.eps, True))
        return J[:, :-1], error[:, :-1], J[:, -1], error[:, -1]

    @property
    def _noise(self) -> float:
        """What a difference may take for noise: a search jumps by its accuracy; a solver of ours errs smoothly."""
        return self.subject.precision if self.subject.bijection is None else self.subject.eps

    @cached_property
    def numeric(self) -> tuple[Any, Any, Any, Any]:
        """Of forward, at z."""
        return self.twin.numeric if self.twin is not None else self.derivatives("forward", self.z)

    @cached_property
    def numeric_back(self) -> tuple[Any, Any, Any, Any]:
        """Of inverse, at x; NaN at an end of the codomain, which an inverse may refuse."""
        if self.twin is not None:
            return self.twin.numeric_back
        rows, n, dim = onp.flatnonzero(self.usable), len(self), self.subject.dim
        if len(rows) == n or not bounded(self.subject.codomain):
            return self.derivatives("inverse", self.x)
        found = tuple(onp.full(shape, onp.nan) for shape in ((n, dim, dim), (n, dim, dim), (n, dim), (n, dim)))
        if len(rows):
            for whole, part in zip(found, self.derivatives("inverse", self.x[rows], rows), strict=True):
                whole[rows] = part
        return found

    def numeric_of(self, direction: str) -> tuple[Any, Any, Any, Any]:
        """The derivatives of a direction, at z or at x."""
        return self.numeric if direction == "forward" else self.numeric_back

    J = property(lambda self: self.numeric[0])

    @cached_property
    def condition(self) -> Any:
        """cond(J) for each row; infinite where J is not finite."""
        return condition(self.J)

    @cached_property
    def allowed(self) -> Any:
        """What rounding may cost in z, for each row."""
        s = self.subject
        x_seen_from_z = largest(self.x) * onp.minimum(1.0, inverse_norm(self.J))  # x may come in millions of z
        size = onp.maximum(1.0, onp.maximum(x_seen_from_z, largest(self.z)))
        with onp.errstate(all="ignore"):
            return K * s.precision * ((self.condition + s.depth) * size + self._through_layers)

    @property
    def recoverable(self) -> Any:
        """Rows of which forward leaves something to go back to: rounding does not move z by its own size."""
        return self.allowed < onp.maximum(1.0, largest(self.z))

    @cached_property
    def allowed_x(self) -> Any:
        """The same in x."""
        with onp.errstate(all="ignore"):
            return (onp.abs(self.J).sum(axis=2).max(axis=1) + 1.0) * self.allowed

    @cached_property
    def allowed_log_det(self) -> Any:
        s = self.subject
        slope = (onp.abs(self.numeric[2]) + self.numeric[3]).sum(axis=1)
        terms = self.condition + s.depth * s.dim + onp.abs(self.there[1])
        with onp.errstate(all="ignore"):
            return slope * self.allowed + K * s.precision * terms

    def slack_of_base(self, z: Any, q: Any) -> Any:
        """How much log q may change where rounding moves z; infinite at an end of the support of q."""
        s, change = self.subject, onp.zeros(len(z))
        for sign in (1.0, -1.0):  # away from 0, and towards it
            step = sign * self.allowed.reshape(-1, *[1] * (z.ndim - 1)) * onp.where(z < 0, -1.0, 1.0)
            moved = s.q((z + step).astype(s.dtype))
            change = onp.where(onp.isneginf(moved) != onp.isneginf(q), onp.inf, onp.maximum(change, apart(moved, q)))
        change = onp.where(onp.isnan(change), 0.0, change)
        size = onp.where(onp.isfinite(q), onp.abs(q), 0.0)
        return 2 * change + self.allowed * (1.0 + largest(z)) * s.dim + 64 * s.precision * size

    @cached_property
    def allowed_log_prob(self) -> Any:
        """What rounding may cost in log_prob: through log_det, and through z with the slope of the base."""
        with onp.errstate(all="ignore"):
            return self.allowed_log_det + self.slack_of_base(self.z, self.subject.q(self.z))

    @cached_property
    def _through_layers(self) -> Any:
        """sum_k |P_k^-1| max(1, |x_k|) over the layers of a Chain, or of the whole where no layers are seen."""
        if self.twin is not None:
            return self.twin._through_layers
        if not self.subject.layers():
            return inverse_norm(self.J) * onp.maximum(1.0, largest(self.x))
        total, product = onp.zeros(len(self)), None
        for trial in self.layers:
            product = trial.J if product is None else trial.J @ product
            total = total + inverse_norm(product) * onp.maximum(1.0, largest(trial.x))
        return total

    @cached_property
    def layers(self) -> list[Trial]:
        """Each layer of a Chain by itself, at the point where the layers before it take z."""
        trials, at = [], self.z
        for layer in self.subject.layers():
            trials.append(Trial(layer, at))
            at = trials[-1].x
        return trials


def of_bijection_at(bijection: Any, params: Any, z: Any, context: Any = None) -> Trial:
    """The trial of given parameters at given points. float32 is judged with the Jacobian of the same in float64."""
    z, context = real_points("z", z), taken_context(bijection, context)
    subject = of_bijection(bijection, params, context, getattr(z, "dtype", "float64"))
    if subject.dtype != onp.float32:
        return Trial(subject, z)
    wide = None if context is None else backend.asarray(context, dtype="float64", like=context)
    return Trial(subject, z, Trial(of_bijection(bijection, trees.cast(params, "float64"), wide), z))
