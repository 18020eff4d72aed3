"""One direction of an example in one dtype: its values, the same in more digits, and what rounding may cost.

The cost is measured, not bounded by a formula: in more digits, the points, the parameters and what stands between two
layers move by a few of the dtype's last digits, and the values follow. A promise allows MARGIN times that, and
K eps max(1, |value|) beside it. A direction that searches may leave a residual: its points move by that as well, in
units of the largest of a row where all variables are searched at once.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import numpy as onp

from battery.example import Example
from battery.off_by_digits import ends_of, moved_digits, moved_within, some_steps
from battery.points import box
from battery.wider import HAS_MORE_DIGITS, WIDER, widened
from nfscratch.flows.on_the_way import layers
from nfscratch.ode import IntegrationError
from nfscratch.ode.dopri5 import LEAST
from nfscratch.ops.intervals import REALS
from nfscratch.ops.roots import InversionError

K, MARGIN = 64.0, 16.0
DIGITS, RESIDUAL = 4.0, 8.0  # eps, and eps max(1, |x|)
OTHER = {"forward": "inverse", "inverse": "forward"}
NOT_FOUND = (InversionError, IntegrationError)


@dataclass(eq=False)
class Look:
    """direction: "forward", "inverse" or "log_prob". found_by: the look of which the points are the value."""

    example: Example
    dtype: str
    direction: str
    given: Any = None  # the points; None: the example's
    found_by: Any = None

    eps = property(lambda self: max(float(onp.finfo(self.dtype).eps), self.accuracy))

    @property
    def accuracy(self):
        """What the part states, and in few digits what an adaptive solver can keep of it: its tolerance is no smaller
        than LEAST eps, and its accuracy is ten times the tolerance.
        """
        stated = float(self.example.bijection.accuracy)
        return stated and max(stated, 10 * LEAST * float(onp.finfo(self.dtype).eps))

    @cached_property
    def box(self):
        return box(self.example.part)

    @cached_property
    def params(self):
        return self.example.params_in(self.dtype)

    @cached_property
    def context(self):
        wanted = self.direction == "log_prob" or self.example.bijection.context_dim
        return self.example.context(self.dtype) if wanted else None

    @cached_property
    def points(self):
        """Where the direction is defined: on a bounded domain, where the other direction leads from all reals."""
        if self.given is not None:
            return self.given
        if self.direction == "log_prob":
            return self.example.points(self.example.flow.shape, self.dtype)
        here, there = self._side(self.direction), self._side(OTHER[self.direction])
        if here[1] != REALS == there[1]:
            points = onp.clip(self.example.points(there[0], self.dtype), -9, 9)
            with onp.errstate(all="ignore"):
                return self.apply(OTHER[self.direction], self.params, points, self.context)[0]
        return onp.clip(self.example.points(here[0], self.dtype), *here[1])

    def _side(self, direction):
        """The shape and the interval of what goes into a direction."""
        b = self.example.bijection
        return b.in_shape if direction == "forward" else b.out_shape, ends_of(b, direction)

    def apply(self, direction, params, points, context):
        if direction == "log_prob":
            log_p = self.example.flow.log_prob(params, points, context)
            return onp.zeros_like(log_p, shape=(len(points), 0)), log_p
        return getattr(self.example.bijection, direction)(params["bijection"], points, context)

    @cached_property
    def value(self):
        with onp.errstate(all="ignore"):
            return self.apply(self.direction, self.params, self.points, self.context)

    # --- in more digits ---

    @property
    def judged_in(self):
        return WIDER[self.dtype]

    @cached_property
    def has_judge(self):
        if self.judged_in == "longdouble" and not HAS_MORE_DIGITS:
            return False
        try:
            return self.exact[1].dtype == onp.dtype(self.judged_in)
        except (TypeError, *NOT_FOUND):
            return False

    def wide(self, params, points, context):
        with onp.errstate(all="ignore"):
            return self.apply(self.direction, params, points, context)

    @cached_property
    def arguments(self):
        context = None if self.context is None else self.context.astype(self.judged_in)
        return widened(self.params, self.judged_in), self.points.astype(self.judged_in), context

    @cached_property
    def exact(self):
        return self.wide(*self.arguments)

    @cached_property
    def spread(self):
        """How far the exact values move with the last digits of what they are made of; infinite where none are."""
        found = [onp.zeros(v.shape) for v in self.exact]
        try:
            for values in self._beside():
                with onp.errstate(all="ignore"):
                    changes = [onp.abs(a - b).astype("float64") for a, b in zip(values, self.exact, strict=True)]
                changes = [onp.where(onp.isnan(c), onp.inf, c) for c in changes]
                found = [onp.maximum(c, f) for c, f in zip(changes, found, strict=True)]
        except (ValueError, *NOT_FOUND):
            return [onp.full(v.shape, onp.inf) for v in self.exact]
        return found

    def _beside(self):
        """The exact values for arguments that are off by last digits, once to each side, and at points not rounded."""
        params, points, context = self.arguments
        u, rng = DIGITS * self.eps, onp.random.default_rng(0)
        step = u * onp.maximum(self.box, onp.abs(points))
        if self._searches:
            step = step + RESIDUAL * self.eps * onp.maximum(1.0, self._sizes(onp.abs(points)))
        if self.found_by is not None:
            meant = self.found_by.exact[0]
            step = step + onp.abs(meant - points) + self.found_by.left_by_a_search
            yield self.wide(params, meant, context)
        draws = [some_steps(rng, points.shape) for _ in range(3)]  # one may lie across what matters
        for signs, way in product(draws, (1.0, -1.0)):
            near = None if context is None else context * (1 + way * u)
            yield self.wide(moved_digits(params, u, rng), self._inside(points + way * signs * step), near)
        yield from (self._rounded_between_layers(u, rng) for _ in range(3 * self._has_layers))

    @cached_property
    def _layers(self):
        """(layer, method, params) in the order in which a point meets them."""
        b, params = self.example.bijection, self.arguments[0]["bijection"]
        way = ("forward", "inverse") if self.direction == "forward" else ("inverse", "forward")
        return list(layers(b, params, *way))

    @property
    def _has_layers(self):
        return len(self._layers) > 1

    def _rounded_between_layers(self, u, rng):
        """The exact values, where each layer gets what the one before it gives, moved by some last digits.

        Behind a layer that contracts, a point that moves at the start does not tell what rounding costs the next one.
        """
        params, y, context = self.arguments
        of_flow = self.direction == "log_prob"
        h, total = self.example.flow.embedded(params, context) if of_flow else context, 0.0
        with onp.errstate(all="ignore"):
            for k, (layer, way, own) in enumerate(self._layers):
                if k:
                    y = moved_within(y, u * onp.maximum(self.box, onp.abs(y)), ends_of(layer, way), rng)
                y, log_det = getattr(layer, way)(own, y, h)
                total = total + log_det * (1 + u * some_steps(rng, log_det.shape))
            if not of_flow:
                return y, total
            base = self.example.flow.base
            log_p = base.log_prob(params["base"], y, *((h,) if base.context_dim else ()))
            return onp.zeros_like(log_p, shape=(len(y), 0)), log_p + total

    @property
    def left_by_a_search(self):
        """How far its value may be off: a search in more digits can stop at the same wrong number."""
        return self.spread[0] if self._searches else 0.0

    def _sizes(self, sizes):
        """What a residual is relative to: a search of all variables at once stops by the largest of them."""
        if self.example.bijection.jacobian_structure == "diagonal":
            return sizes
        return sizes.max(axis=tuple(range(1, sizes.ndim)), keepdims=True) + 0.0 * sizes

    @property
    def _searches(self):
        b = self.example.bijection
        costs = {"forward": (b.forward_cost,), "inverse": (b.inverse_cost,), "log_prob": (b.inverse_cost,)}
        return "iterative" in costs[self.direction]

    def _inside(self, points):
        low, high = REALS if self.direction == "log_prob" else self._side(self.direction)[1]
        here = self.arguments[1]
        for there in (points, 2 * here - points):  # a step out of the domain is taken the other way
            here = onp.where((here == self.arguments[1]) & (there > low) & (there < high), there, here)
        return here

    # --- what is judged ---

    @cached_property
    def allowed(self):
        """(N, *event) and (N,): of the value and of log_det, or log_prob."""
        y, l = (onp.abs(v).astype("float64") for v in self.exact)
        terms = self.points[0].size + l
        with onp.errstate(all="ignore"):
            of_y = K * self.eps * onp.maximum(max(1.0, self.box), y) + MARGIN * self.spread[0]
            return of_y, K * self.eps * terms + MARGIN * self.spread[1]

    @cached_property
    def rows(self):
        """Rows that are not too far out, with values that the dtype can hold and that rounding does not spoil."""
        most = float(onp.finfo(self.dtype).max)
        flat = [onp.abs(a).reshape(len(self.points), -1).max(axis=1, initial=0.0) for a in (self.points, self.exact[0])]
        of_y, of_l = self.allowed
        sure = of_y.reshape(len(of_y), -1).max(axis=1, initial=0.0) <= 0.01 * onp.maximum(1.0, flat[1])
        with onp.errstate(all="ignore"):
            return (
                (flat[0] <= most**0.25) & (flat[1] <= most**0.5) & sure & (of_l <= 0.01) & onp.isfinite(self.exact[1])
            )

    @property
    def tells_ones(self):
        """Rows beside whose largest number the judge knows numbers like 1. Where variables are mixed, a spline's box or
        a bend of a sigmoid may lie at a difference of two of them: 1e30 on the way out, it is gone on the way back.
        """
        largest = onp.abs(self.points).reshape(len(self.points), -1).max(axis=1, initial=0.0)
        known = float(onp.finfo(self.judged_in).eps) * largest <= 1e-3
        return known | (self.example.bijection.jacobian_structure == "diagonal")
