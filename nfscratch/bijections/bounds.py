"""Bounds: from all reals onto a box, each variable with ends of its own. The last layer of a flow for bounded data.

    both ends finite   x = low + (high - low) / (1 + e^-z)   log-derivative  log(high - low) - sp(z) - sp(-z)   (1)
    low alone          x = low + e^z                                         z                                  (2)
    high alone         x = high - e^-z                                       -z                                 (3)
    neither            x = z                                                 0                                  (4)

with sp(z) = log(1 + e^z). Each is increasing. With l, the log-derivative, and its slope l' = dl/dz ("bend"), the
pullbacks are, for gradients g_l of the log-derivative that each direction returns (the inverse returns -l):

    forward   g_z = g_x e^l + g_l l'              inverse   g_x = (g_z - g_l l') e^-l                         (5)

A change of units, x -> a x + b with the ends changed too, shifts z and does nothing else. That is why (2) is e^z and
not the softplus. A point on an end or outside has density 0: the log-derivative is -inf, and z is 0. `forward` ends
strictly inside in every dtype: what rounds to an end becomes the number next to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import inf, isfinite, nextafter

import autograd.numpy as np
import numpy as onp

from nfscratch import validate
from nfscratch.backend import Constant
from nfscratch.bijections.contract import Bijection
from nfscratch.ops.identity import identity
from nfscratch.transformers.fixed import softplus


class Both:
    """(1). Each end is approached from its own side: low + (high - low) sigmoid(z) would round to `high` early."""

    @staticmethod
    def value(z, low, high):
        return high * np.exp(-softplus(-z)) + low * np.exp(-softplus(z))

    @staticmethod
    def root(x, low, high):
        return np.log(x - low) - np.log(high - x)

    @staticmethod
    def log_slope(z, low, high):
        return np.log(high - low) - softplus(z) - softplus(-z)

    @staticmethod
    def bend(z):
        return -onp.tanh(0.5 * z)


class Above:
    """(2)."""

    @staticmethod
    def value(z, low, high):
        return low + np.exp(z)

    @staticmethod
    def root(x, low, high):
        return np.log(x - low)

    @staticmethod
    def log_slope(z, low, high):
        return z

    @staticmethod
    def bend(z):
        return onp.ones_like(z)


class Below:
    """(3)."""

    @staticmethod
    def value(z, low, high):
        return high - np.exp(-z)

    @staticmethod
    def root(x, low, high):
        return -np.log(high - x)

    @staticmethod
    def log_slope(z, low, high):
        return -z

    @staticmethod
    def bend(z):
        return -onp.ones_like(z)


class Free:
    """(4)."""

    @staticmethod
    def value(z, low, high):
        return z

    @staticmethod
    def root(x, low, high):
        return x

    @staticmethod
    def log_slope(z, low, high):
        return np.zeros_like(z)

    @staticmethod
    def bend(z):
        return onp.zeros_like(z)


KINDS = {(True, True): Both, (True, False): Above, (False, True): Below, (False, False): Free}  # which ends are finite


@dataclass(frozen=True, eq=False)
class Bounds(Bijection):
    """From all reals onto low_i < x_i < high_i. low, high: a number for each variable; -inf and inf where it is open.

    No parameters. Raises ValueError for ends out of order, and, when it is used, for two ends that the dtype of the
    arrays cannot tell apart.
    """

    low: Sequence[float]
    high: Sequence[float]

    jacobian_structure = "diagonal"
    in_shape = property(lambda self: (len(self.low),))

    def __post_init__(self):
        for name in ("low", "high"):
            object.__setattr__(self, name, validate.row(name, getattr(self, name)))
        if len(self.low) != len(self.high) or not self.low:
            raise ValueError(f"low and high must have D numbers each; got {len(self.low)} and {len(self.high)}")
        for i, (low, high) in enumerate(zip(self.low, self.high, strict=True)):
            if not low < high or low == inf or high == -inf:
                raise ValueError(f"low must be below high; got {low} and {high} for variable {i}")
            if nextafter(low, high) == high:
                raise ValueError(f"low and high must have numbers between them; got {low} and {high} for variable {i}")

    @property
    def codomain(self):
        """The interval that all variables share; None where they have several: a single interval says too little."""
        shared = len(set(zip(self.low, self.high, strict=True))) == 1
        return (self.low[0], self.high[0]) if shared else None

    def forward(self, params, z, context=None, rng=None):
        x, log_d = self._by_kind(_Group.forward, z.T)
        return x.T, np.sum(log_d, axis=0)

    def inverse(self, params, x, context=None, rng=None):
        z, log_d = self._by_kind(_Group.inverse, x.T)
        return z.T, np.sum(log_d, axis=0)

    def forward_vjp(self, params, z, context=None, rng=None):
        x, log_det = self.forward(params, z)

        def pullback(g_x, g_log_det):  # (5)
            slope, bend = self._by_kind(_Group.slopes, z.T)
            return {}, (g_x.T * slope + g_log_det * bend).T, None

        return x, log_det, pullback

    def inverse_vjp(self, params, x, context=None, rng=None):
        z, log_d = self._by_kind(_Group.inverse, x.T)

        def pullback(g_z, g_log_det):
            (bend,) = self._by_kind(_Group.bend, z)
            return {}, ((g_z.T - g_log_det * bend) * onp.exp(log_d)).T, None

        return z.T, log_d.sum(axis=0), pullback

    def jacobian(self, params, z, context=None):
        (slope,) = self._by_kind(_Group.slope, z.T)
        return slope.T[:, :, None] * identity(len(self.low), z)

    @cached_property
    def _groups(self):
        """One _Group for each kind that some variable is of."""
        ends = list(zip(self.low, self.high, strict=True))
        kinds = [KINDS[isfinite(low), isfinite(high)] for low, high in ends]
        of = {kind: [i for i, each in enumerate(kinds) if each is kind] for kind in KINDS.values() if kind in kinds}
        return [_Group(kind, here, [ends[i] for i in here]) for kind, here in of.items()]

    @cached_property
    def _order(self):
        """Puts the groups' variables, side by side, back in place."""
        return Constant(onp.argsort([i for group in self._groups for i in group.here]), int)

    def _by_kind(self, method, rows):
        """The arrays that `method` gives for each group's rows, as arrays (D, N) of all variables."""
        if len(self._groups) == 1:
            return method(self._groups[0], rows)
        parts = [method(group, rows[group.rows.on(rows)]) for group in self._groups]
        return tuple(np.concatenate(arrays, axis=0)[self._order.on(rows)] for arrays in zip(*parts, strict=True))


class _Group:
    """The variables `here`, which are of one kind, with their ends; its methods take (d, N)."""

    def __init__(self, kind, here, ends):
        self.kind, self.here, self.rows = kind, here, Constant(here, int)
        self._low, self._high = (onp.array(end)[:, None] for end in zip(*ends, strict=True))
        self._constants = {}

    def ends(self, x):
        """low, high, and the first and the last number between them, in x's dtype."""
        dtype = onp.dtype(x.dtype)
        if dtype not in self._constants:
            self._constants[dtype] = [Constant(end) for end in _ends(self._low, self._high, dtype)]
        return [end.on(x) for end in self._constants[dtype]]

    def forward(self, z):
        low, high, first, last = self.ends(z)
        with onp.errstate(over="ignore"):  # e^z: the last number takes its place
            x = self.kind.value(z, low, high)
        x = np.where(x < first, first, np.where(x > last, last, x))
        return x, self.kind.log_slope(z, low, high)

    def inverse(self, x):
        low, high, first, last = self.ends(x)
        inside = (x > low) & (x < high)
        within = np.where(inside, x, first if self.kind is not Below else last)  # no branch of a where may be NaN
        z = np.where(inside, self.kind.root(within, low, high), 0.0)
        return z, np.where(inside, -self.kind.log_slope(z, low, high), -inf)

    def slope(self, z):
        low, high, first, last = self.ends(z)
        with onp.errstate(over="ignore"):
            value, slope = self.kind.value(z, low, high), np.exp(self.kind.log_slope(z, low, high))
        return (np.where((value < first) | (value > last), 0.0, slope),)

    def slopes(self, z):
        return *self.slope(z), self.kind.bend(z)

    def bend(self, z):
        return (self.kind.bend(z),)


def _ends(low, high, dtype):
    with onp.errstate(over="ignore"):  # an end beyond the dtype's largest number is infinite there
        low, high = low.astype(dtype), high.astype(dtype)
    first, last = onp.nextafter(low, dtype.type(inf)), onp.nextafter(high, dtype.type(-inf))
    if (first > last).any():
        raise ValueError(f"low and high must have numbers of {dtype.name} between them; use float64, or move the ends")
    return low, high, first, last
