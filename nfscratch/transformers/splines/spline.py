"""Spline: an increasing curve made of pieces, on the box [-bound, bound].

On the unit interval, v = (z + B) / 2B and y = (x + B) / 2B, with bin k = [l_k, l_k + w_k] x [b_k, b_k + h_k]:

    forward   y = b_k + r(v - l_k),       r the bin's own curve, from (0, 0) to (w_k, h_k)                        (1)
    inverse   v = l_k + r^-1(y - b_k),    log-derivative minus that of forward at the solution                    (2)
    tails     x = z outside of the box, log-derivative 0                                                          (3)

z is clipped before (1) sees it, so that no formula is evaluated outside of its bin: a branch that is computed there and
thrown away afterwards makes the gradient of the whole batch NaN (flowjax#239). The result is clipped as well, because
rounding could carry it out of the box, and the inverse would treat it as a point of the tail.

v and y are of size 1 and rounded as such: z and x are known to about eps B, near 0 too, and no better.

circular: a map of the circle onto itself, -B and B being one point, with one slope there; domain and codomain are
[-B, B]. Outside the log-derivative is -inf: no density. The point -B stays where it is; a rotation that moves it is a
layer of its own (Rezende et al. 2020, arXiv:2002.02428).

Pullbacks: forward that of (1); inverse by the implicit function theorem from the same one, never through a root.
With F(v; theta) the right side of (1), l its log-slope and g = g_v - g_l dl/dv:

    g_y = g / F',    g_theta = -(dF/dtheta)^T g_y - g_l dl/dtheta                                                 (4)
"""

from __future__ import annotations

from dataclasses import dataclass

import autograd.numpy as np
import numpy as onp

from nfscratch import autodiff, validate
from nfscratch.autodiff import raw
from nfscratch.ops.implicit import implicit_solution
from nfscratch.ops.spline_bins import bin_of, pick, pick_vjp
from nfscratch.transformers.in_columns import in_columns, in_columns_vjp
from nfscratch.transformers.transformer import Transformer


@dataclass(frozen=True, eq=False)
class Spline(Transformer):
    """A subclass gives `table` and its bin's curve: `curve`, `curve_vjp`, and `curve_inverse` on raw values.

    bins: K. bound: B. minimum: a lower bound m, as a share of the box, of widths and of what makes the heights. It
    keeps every spline increasing; which quantities stay above m itself, each class says.
    """

    bins: int = 8
    bound: float = 5.0
    circular: bool = False
    minimum: float = 1e-3

    least_bins = 1

    def __post_init__(self):
        validate.size("bins", self.bins, least=self.least_bins)
        validate.bound("bound", self.bound)
        object.__setattr__(self, "circular", validate.flag("circular", self.circular))
        validate.positive("minimum", self.minimum)
        if self.minimum >= 1:
            raise ValueError(f"minimum must be below 1: a spline of slope 1 has no room otherwise; got {self.minimum}")
        if self.bins * self.minimum > 1:
            raise ValueError(
                f"bins must be at most 1 / minimum, which is {1 / self.minimum:.6g}: each bin takes at least the share "
                f"`minimum` of the box; got {self.bins} bins with minimum {self.minimum}"
            )

    @property
    def domain(self):
        return (-self.bound, self.bound) if self.circular else (-float("inf"), float("inf"))

    codomain = domain

    def table(self, theta):
        """theta (P, D, M) -> left, bottom, and the shape of the curve, each (K, D, M), on the unit interval."""
        raise NotImplementedError(f"{type(self).__name__} has no table")

    # --- plain ---

    @in_columns
    def forward(self, theta, z):
        v, inside = self._enter(z)
        left, bottom, *shape = self._bin(theta, v, along=0)
        r, l = self.curve(v - left, *shape)
        return self._leave(bottom + r, l, z, inside)

    @in_columns
    def inverse(self, theta, x):
        y, inside = self._enter(x)
        left, bottom, *shape = self._bin(theta, y, along=1)
        u = implicit_solution(self._solve, self._value, self._transposed_solve, tuple(shape), y - bottom)
        return self._leave(left + u, -self.curve(u, *shape)[1], x, inside)

    def _solve(self, shape, r, context):
        """The root, kept in its bin: where the slope is small, rounding of r moves it far."""
        return onp.clip(self.curve_inverse(r, *shape), 0.0, shape[0])

    def _value(self, shape, u, context):
        return self.curve(u, *shape)[0]

    def _transposed_solve(self, shape, u, g, context):
        return g * np.exp(-self.curve(u, *shape)[1])

    def _bin(self, theta, v, along):
        table = self.table(theta)
        k = bin_of(raw(table[along]), raw(v))
        return [pick(q, k) for q in table]

    def _enter(self, z):
        """v = (z + B) / 2B of the clipped z, and whether z is inside."""
        clipped = onp.clip(raw(z), -self.bound, self.bound)
        inside = raw(z) == clipped
        return (np.where(inside, z, clipped) + self.bound) * (0.5 / self.bound), inside

    def _leave(self, y, l, z, inside):
        value = raw(y)
        x = 2.0 * self.bound * (y + (onp.clip(value, 0.0, 1.0) - value)) - self.bound  # the clip's derivative is 1
        return np.where(inside, x, z), np.where(inside, l, -np.inf if self.circular else 0.0)

    # --- by hand ---

    def table_vjp(self, theta, v, along):
        """The entries of `table` for the bin of v, each (D, N), and pullback(gradients) -> g_theta (P, D, M).

        The default traces `table`, which is small: its size does not grow with the batch where the rows share theta.
        """
        table, back_table = autodiff.value_and_vjp(lambda a: tuple(self.table(a)), theta)
        picked, back_pick = pick_vjp(table, bin_of(table[along], v))
        return picked, lambda gradients: back_table(back_pick(gradients))[0]

    def forward_value(self, theta, z):
        return super().forward_value(theta, z) if self._table_by_hand else self.forward(theta, z)

    def inverse_value(self, theta, x):
        return super().inverse_value(theta, x) if self._table_by_hand else self.inverse(theta, x)

    @property
    def _table_by_hand(self):
        """A traced table takes longer than the whole plain definition."""
        return type(self).table_vjp is not Spline.table_vjp

    @in_columns_vjp
    def forward_vjp(self, theta, z):
        v, inside = self._enter_vjp(z)
        (left, bottom, *shape), back_table = self.table_vjp(theta, v, along=0)
        r, l, way_back = self.curve_vjp(v - left, *shape)

        def pullback(g_x, g_l):
            _, _, back_curve = way_back()
            g_in = g_x * inside
            g_y = (2.0 * self.bound) * g_in
            g_v, *g_shape = back_curve(g_y, g_l * inside)
            return back_table([-g_v, g_y, *g_shape]), g_v * (0.5 / self.bound) + (g_x - g_in)

        return *self._leave_vjp(bottom + r, l, z, inside), pullback

    @in_columns_vjp
    def inverse_vjp(self, theta, x):
        y, inside = self._enter_vjp(x)
        (left, bottom, *shape), back_table = self.table_vjp(theta, y, along=1)
        u = self._solve(shape, y - bottom, None)
        _, l, way_back = self.curve_vjp(u, *shape)

        def pullback(g_z, g_l):
            slope, bend, back_curve = way_back()
            g_in, g_l = g_z * inside, g_l * inside
            g_v = (2.0 * self.bound) * g_in
            g_y = (g_v - g_l * bend) / slope  # (4)
            _, *g_shape = back_curve(-g_y, -g_l)
            return back_table([g_v, -g_y, *g_shape]), g_y * (0.5 / self.bound) + (g_z - g_in)

        return *self._leave_vjp(left + u, -l, x, inside), pullback

    def _enter_vjp(self, z):
        """The same; where it is inside as 1, else 0: multiplying is faster than choosing."""
        v = onp.clip(z, -self.bound, self.bound)
        inside = (z == v).astype(z.dtype)
        v += self.bound
        v *= 0.5 / self.bound
        return v, inside

    def _leave_vjp(self, y, l, z, inside):
        x = onp.clip(y, 0.0, 1.0)
        x *= 2.0 * self.bound
        x -= self.bound
        within = inside > 0  # (l of the clipped point may be infinite, where theta is huge: 0 times it is NaN)
        return onp.where(within, x, z), onp.where(within, l, -onp.inf if self.circular else 0.0)
