"""MultiScale: levels of which each sends a part of its channels to z, and hands the rest on. One bijection.

    x -> g_3 -> (h_2, z_2)         z_2 leaves: it is noise from here on
                  h_2 -> g_2 -> (h_1, z_1)
                                  h_1 -> g_1 -> z_0

    z = (z_0, z_1, z_2), each flattened, side by side: as many numbers as x has                                    (1)
    forward:   x_1 = g_1(z_0),   x_k = g_k(x_{k-1}, z_{k-1}),   x = x_3                                            (2)
    log_det = the sum over the levels, since what leaves is only moved to its place                                (3)

A level k takes more channels than level k - 1 gives; the first ones are handed on, and the others leave. That is half
of the channels in RealNVP and Glow. Half of the numbers then pass one level, a quarter two, and so on: the work is in
the few that are left, and a gradient reaches the first level by a short way.
The inverse takes every z: an image made from z_0 alone is not one of the model's.
Dinh et al. 2017, arXiv:1605.08803, section 3.6.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from math import prod

import autograd.numpy as np

from nfscratch import trees, validate
from nfscratch.bijections.contract import Bijection
from nfscratch.bijections.start import StartBatch
from nfscratch.bijections.traits import Derived, composed
from nfscratch.ops.events import batch_first, batch_last, check_event, flat, laid_out
from nfscratch.ops.intervals import REALS


@dataclass(frozen=True, eq=False)
class MultiScale(Derived):
    """levels: bijections of images in the order in which z meets them, as in a Chain: the last is next to the data.

    params: the list of the levels' parameters. z is (N, D), D = C H W of the data. ValueError where a level does not
    take the height and width of the one before it, and more channels.
    """

    levels: Sequence[Bijection]

    def __post_init__(self):
        object.__setattr__(self, "levels", validate.listed(self.levels))
        if not self.levels:
            raise ValueError("MultiScale needs at least one level; got none")
        for level in self.levels:
            validate.part("levels", level, Bijection, "a Chain of layers of images")
        for k, (first, second) in enumerate(pairwise(self.levels), 1):
            given, taken = first.out_shape, second.in_shape
            if len(given) != 3 or len(taken) != 3 or given[1:] != taken[1:] or given[0] >= taken[0]:
                raise ValueError(
                    f"level {k} must take the height and width of level {k - 1} and more channels, because the "
                    f"others of its z are noise that enters there; level {k - 1} gives {given}, level {k} takes {taken}"
                )

    def derive(self):
        everywhere = all(level.domain == REALS == level.codomain for level in self.levels[:-1])
        last = self.levels[-1]
        return replace(
            composed(self.levels),
            in_shape=(prod(last.out_shape),),
            jacobian_structure="dense",
            domain=REALS if everywhere and last.domain == REALS else None,
            codomain=last.codomain if everywhere else None,
        )

    @cached_property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """The shapes of z_0, z_1, ...: the parts of z, as images."""
        shapes = [self.levels[0].in_shape]
        for first, second in pairwise(self.levels):
            shapes.append((second.in_shape[0] - first.out_shape[0], *second.in_shape[1:]))
        return tuple(shapes)

    def init(self, rng, x=None, context=None):
        """Each level sees the data as the levels after it leave it, as in a Chain."""
        params, batch = [], StartBatch(x, context)
        for k in reversed(range(len(self.levels))):
            params.append(self.levels[k].init(rng, batch.x, batch.context))
            if x is not None and k > 0:
                batch.carry(self.levels[k], params[-1], rng)
                batch.x = laid_out(self._apart(batch.x, k)[0])
        return params[::-1]

    def forward(self, params, z, context=None, rng=None):
        return self._run(self.up, "forward", params, z, context, rng)

    def inverse(self, params, x, context=None, rng=None):
        return self._run(self.down, "inverse", params, x, context, rng)

    def forward_value(self, params, z, context=None, rng=None):
        return self._run(self.up, "forward_value", params, z, context, rng)

    def inverse_value(self, params, x, context=None, rng=None):
        return self._run(self.down, "inverse_value", params, x, context, rng)

    def forward_vjp(self, params, z, context=None, rng=None):
        return self._run_vjp(self.up, self.down, "forward_vjp", params, z, context, rng)

    def inverse_vjp(self, params, x, context=None, rng=None):
        return self._run_vjp(self.down, self.up, "inverse_vjp", params, x, context, rng)

    def jacobian(self, params, z, context=None):
        """J_k (J_{k-1} 0; 0 I), level by level."""
        J = x = None
        for k, (level, p) in enumerate(zip(self.levels, params, strict=True)):
            h = self._together(x, z, k)
            own = level.jacobian(p, h, context)
            J = own if J is None else np.concatenate((own[..., : J.shape[1]] @ J, own[..., J.shape[1] :]), axis=2)
            x, _ = level.forward(p, h, context)
        return J

    def update(self, params, x, context=None):
        if not self.updates:
            return params
        updated = []
        for k in reversed(range(len(self.levels))):
            updated.append(self.levels[k].update(params[k], x, context))
            if k > 0 and self.update_sees_data:
                x = self._apart(self.levels[k].inverse_value(params[k], x, context)[0], k)[0]
        return updated[::-1]

    def _run(self, carry, method, params, x, context, rng):
        """What `carry` makes of x by a method of the levels, and the sum of their log-dets."""
        total = 0.0

        def step(k, h):
            nonlocal total
            y, log_det = getattr(self.levels[k], method)(params[k], h, context, rng)
            total = total + log_det
            return y

        return carry(step, x), total

    def _run_vjp(self, carry, carry_back, method, params, x, context, rng):
        """The same with a pullback. A gradient takes the way back: `carry` is linear beside the levels."""
        pullbacks, total = {}, 0.0

        def step(k, h):
            nonlocal total
            y, log_det, pullbacks[k] = getattr(self.levels[k], method)(params[k], h, context, rng)
            total = total + log_det
            return y

        def pullback(g, g_log_det):
            grads, of_context = [None] * len(self.levels), []

            def step_back(k, g):
                grads[k], g, g_context = pullbacks[k](g, g_log_det)
                of_context.append(g_context)
                return g

            return grads, carry_back(step_back, g), trees.total(*of_context)

        return carry(step, x), total, pullback

    def up(self, step, z):
        """(2): from the parts of z to x. step(k, h): what level k makes of its input."""
        check_event("MultiScale", z, self.in_shape)
        x = None
        for k in range(len(self.levels)):
            x = step(k, self._together(x, z, k))
        return x

    def down(self, step, x):
        """From x to the parts of z, side by side, by step(k, x)."""
        parts = []
        for k in reversed(range(len(self.levels))):
            x, part = self._apart(step(k, x), k)
            parts.append(part)
        return np.concatenate(parts[::-1], axis=0).T

    def _together(self, x, z, k):
        """(x_k, z_k) as the image that level k takes."""
        start = sum(map(prod, self.shapes[:k]))
        part = np.reshape(z.T[start : start + prod(self.shapes[k])], (*self.shapes[k], len(z)))
        return batch_first(part if k == 0 else np.concatenate((batch_last(x), part), axis=0))

    def _apart(self, h, k):
        """The channels that level k hands on, as an image; and those that leave, flattened: (d, N)."""
        kept = h.shape[1] - self.shapes[k][0]
        return h[:, :kept], flat(h[:, kept:])
