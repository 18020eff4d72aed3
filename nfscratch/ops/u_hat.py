"""u_hat: the smallest change of u, along w, after which w.u_hat > -1.

    a = w.u,  q = |w|^2                               the formulas need no more of w and u
    u_hat = u + k w,   k = (m(a) - a) / q             then w.u_hat = m(a)                                     (1)
    m(a)  = -1 + margin + softplus(a)                 above -1 + margin, whatever a is                        (2)

Rezende and Mohamed 2015, arXiv:1505.05770, appendix A.1. It is |w|^2 in (1): w.(k w) = k |w|^2. The margin is ours: in
floats softplus(a) is lost beside -1 from a = -17 (float32) or -37 (float64) on, and log(1 + w.u_hat) would be log 0.

As w -> 0, (1) divides m(0) - 0 = -0.306 by zero, though u needs no change there: w.u is small. So below
q = LEAST = 0.01 the softplus becomes sharper, with a temperature tau = q / LEAST:

    y = (a + (1 - tau)(1 - margin)) / tau
    k = (softplus(-y) - (1 - margin)) / max(q, LEAST)                                                         (3)
    s = 1 + w.u_hat = margin + tau softplus(y)        what the log-det takes: it is never 0, and nothing cancels in it

At tau = 1 (3) is (1), since softplus(a) - a = softplus(-a). As tau -> 0, w.u_hat -> max(a, -1 + margin): a short w
leaves u alone where a > -1 + margin, and w = 0 does exactly. u moves by |k| |w|. That is below 10 for a >= 0 and any w
(below 5.1 at a = 0), and about |a| / |w| where a is far below -1, which is the least possible. Below q = eps^2, where
s rounds to 1 + w.u, tau stays what it is there: its reciprocal's derivatives are then finite in float32.
"""

from __future__ import annotations

import autograd.numpy as np
import numpy as onp
from autograd.tracer import getval

MARGIN = 1e-3  # 1 + w.u_hat is larger than this
LEAST = 1e-2  # |w|^2 below which (3) is not (1)


def u_hat(a, q):
    """k and s of (3), elementwise."""
    tau = np.minimum(np.maximum(q, _tiny(q)), LEAST) * (1.0 / LEAST)
    y = (a + (1.0 - tau) * (1.0 - MARGIN)) / tau
    k = (np.logaddexp(0.0, -y) - (1.0 - MARGIN)) / np.maximum(q, LEAST)
    return k, MARGIN + tau * np.logaddexp(0.0, y)


def u_hat_vjp(a, q):
    """k, s, and pullback(g_k, g_s) -> g_a, g_q."""
    Q = onp.maximum(q, LEAST)
    tau = onp.minimum(onp.maximum(q, _tiny(q)), LEAST) * (1.0 / LEAST)
    y = (a + (1.0 - tau) * (1.0 - MARGIN)) / tau
    above, below = onp.logaddexp(0.0, y), onp.logaddexp(0.0, -y)
    k = (below - (1.0 - MARGIN)) / Q

    def pullback(g_k, g_s):
        up, down, g_k = onp.exp(-below), onp.exp(-above), g_k / Q  # sigmoid(y), sigmoid(-y)
        g_a = g_s * up - g_k * down / tau
        of_tau = g_s * (below + y * down - (1.0 - MARGIN) * up) + g_k * down * (1.0 - MARGIN + y) / tau
        return g_a, onp.where(q < LEAST, of_tau * (1.0 / LEAST), -g_k * k)

    return k, MARGIN + tau * above, pullback


def corrected(u_hat, w, s):
    """u_hat once more moved along w until w.u_hat = s - 1: u + k w has lost digits where u and k w nearly cancel.

    In exact numbers it changes nothing, so its derivative is 0 and is not taken.
    """
    u, w, s = (getval(a) for a in (u_hat, w, s))
    q = (w * w).sum(axis=1, keepdims=True)
    return u_hat + (s - 1.0 - (w * u).sum(axis=1, keepdims=True)) / onp.maximum(q, LEAST) * w


def _tiny(q):
    return float(onp.finfo(q.dtype).eps) ** 2
