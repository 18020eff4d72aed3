"""DeepDenseSigmoid: a monotone network with several layers of sigmoids (NAF's DDSF).

    h = z                                                         one number, and then in each layer
    s_j = a_j sum_i u_ji h_i + b_j,     a_j > 0,  u_j = softmax over the inputs i
    h_o <- logit( sum_j w_oj sigmoid(s_j) ),      w_o = softmax over the units j                       (1)

Each h_o is an increasing function of z onto the reals: a DeepSigmoid of means of such functions. The last layer has one
output, x. The derivatives go along in log space, e_i = log dh_i/dz, and (2) of ops/sigmoid_mixture.py follows:

    log ds_j/dz = log a_j + log sum_i u_ji exp(e_i)                                                    (2)

Huang, Krueger, Lacoste, Courville 2018, arXiv:1804.00779, section 3.2. Shapes as in the authors' code: a layer of m
units has (m, inputs) numbers u and (outputs, m) numbers w; here it has m outputs, too, or 1 at the end.

At theta = 0 fixed offsets keep units and outputs apart (see DeepSigmoid): in the first layer unit j stands at a place
of its own; further on, output o prefers unit o, and unit j input j. Then x is z to within 0.1 on [-3, 3] (widths 4, 4).
Deviation: log a_j is bounded (ops/affine.py); the paper takes a softplus.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import autograd.numpy as np
import numpy as onp

from nfscratch import validate
from nfscratch.autodiff import logsumexp
from nfscratch.backend import Constant
from nfscratch.excerpt import excerpt
from nfscratch.ops.affine import bounded
from nfscratch.ops.sigmoid_mixture import UNITS, log_softmax, sigmoid_mixture_node
from nfscratch.transformers.in_columns import in_columns
from nfscratch.transformers.mixture_cdf import matching_log_slope, offsets
from nfscratch.transformers.root_search import NumericTransformer


@dataclass(frozen=True, eq=False)
class DeepDenseSigmoid(NumericTransformer):
    """DDSF with layers of the given widths, and P as these need: 52 for (4, 4)."""

    widths: Sequence[int] = (4, 4)
    max_log_scale: float = 3.0

    def __post_init__(self):
        if not validate.is_in_order(self.widths):
            raise ValueError(
                f"widths must be a sequence of widths, each a positive integer; got {excerpt(self.widths)}"
            )
        object.__setattr__(self, "widths", tuple(self.widths))
        if not self.widths:
            raise ValueError("widths must name at least one layer; got none")
        for width in self.widths:
            validate.size("each of widths", width)
        validate.divisor("max_log_scale", self.max_log_scale)

    @cached_property
    def _sizes(self):
        """(inputs, units, outputs) of each layer."""
        return tuple(zip((1, *self.widths[:-1]), self.widths, (*self.widths[:-1], 1), strict=True))

    n_params = property(lambda self: sum(2 * m + (m * i if i > 1 else 0) + m * o for i, m, o in self._sizes))
    identity_at_zero = property(lambda self: set(self.widths) == {1})

    @cached_property
    def _offsets(self):
        """The fixed numbers that are added to (b, u, w) of each layer."""
        first = -onp.exp(self._log_slope) * offsets(self.widths[0])
        each = []
        for k, (i, m, o) in enumerate(self._sizes):
            b = first if k == 0 else onp.zeros((m, 1, 1))
            each.append(tuple(map(Constant, (b, _preference(m, i), _preference(o, m)))))
        return each

    @cached_property
    def _log_slope(self):
        return matching_log_slope(offsets(self.widths[0]))

    def _layers(self, theta):
        """log a, b (m, D, N), u (m, inputs, D, N) or None, w (outputs, m, D, N) of each layer."""
        start = 0
        for k, ((i, m, o), (b_0, u_0, w_0)) in enumerate(zip(self._sizes, self._offsets, strict=True)):
            ends = [start, start + m, start + 2 * m, start + 2 * m + (m * i if i > 1 else 0)]
            start = ends[-1] + m * o
            log_a, b, u, w = (theta[p:q] for p, q in zip(ends, [*ends[1:], start], strict=True))
            u = np.reshape(u, (m, i, *theta.shape[1:])) + u_0.on(theta) if i > 1 else None
            w = np.reshape(w, (o, m, *theta.shape[1:])) + w_0.on(theta)
            log_a = bounded(log_a, self.max_log_scale)
            yield (self._log_slope + log_a if k == 0 else log_a), b + b_0.on(theta), u, w

    @in_columns
    def forward(self, theta, z):
        h, log_d = z, np.zeros_like(z)
        for log_a, b, u, w in self._layers(theta):
            if u is not None:
                log_u = log_softmax(u)
                h = np.sum(np.exp(log_u) * h, axis=UNITS)
                log_d = logsumexp(log_u + log_d, axis=UNITS)
            log_d = log_a + log_d  # (2)
            h, log_d = sigmoid_mixture_node(np.exp(log_a) * h + b, log_softmax(w), log_d)  # (1)
        return h[0], log_d[0]

    def rounded(self, theta):
        """Each logit is a difference of numbers near 1, and the a of the layers after it enlarge their rounding."""
        _, *after = (log_a for log_a, *_ in self._layers(theta[:, None]))
        return onp.exp(sum((onp.maximum(log_a.max(axis=0), 0.0) for log_a in after), 0.0 * theta[:1]))[0]


def _preference(outputs, inputs):
    """Log weights (outputs, inputs, 1, 1) that prefer the input at the same place of the row; 0 for one output."""
    places = offsets(outputs).reshape(-1, 1) - offsets(inputs).reshape(1, -1)
    return (-(places**2) if outputs > 1 and inputs > 1 else 0.0 * places)[:, :, None, None]
