"""The logit of a weighted mean of sigmoids, in log space. Deep sigmoids and mixture CDFs are made of it.

    F = sum_k w_k sigmoid(s_k),     w_k > 0,  sum_k w_k = 1
    x = log F - log(1 - F),         log(1 - F) = log sum_k w_k sigmoid(-s_k)                            (1)
    l = log F' - log F - log(1 - F),   log F' = log sum_k w_k (ds_k/dz) sigmoid(s_k) sigmoid(-s_k)      (2)

Each of the three sums is a logsumexp of log-sigmoids, log sigmoid(s) = -softplus(-s). F itself is never formed: it is 1
from s = 17 on in float32, and its logit inf; (1) is linear in s far out, and onto all reals.

Pullback. With the shares p_k, q_k, r_k of the terms in the three sums (each sums to 1 over k), and
G_F = g_x - g_l, G_1 = -(g_x + g_l), G_d = g_l, the gradients of log F, log(1 - F), log F':

    g_s = G_F p sigmoid(-s) - G_1 q sigmoid(s) + G_d r (sigmoid(-s) - sigmoid(s))
    g_log_w = G_F p + G_1 q + G_d r,        g_log_slope = G_d r                                         (3)

Batch-last; k runs along axis -3: s (K, D, N), log_w and log_slope the same or broadcast.
"""

from __future__ import annotations

import autograd.numpy as np
import numpy as onp

from nfscratch.autodiff import logsumexp
from nfscratch.ops.layout import sum_to

UNITS = -3  # the axis of k


def log_softmax(w):
    return w - logsumexp(w, axis=UNITS, keepdims=True)


def log_softmax_vjp(w):
    log_w, share = _logsumexp_vjp(w)
    return w - log_w[None], lambda g: g - share() * g.sum(axis=UNITS, keepdims=True)


def sigmoid_mixture(s, log_w, log_slope):
    """x and l of (1) and (2): (D, N)."""
    below, above = np.logaddexp(0.0, -s), np.logaddexp(0.0, s)  # -log sigmoid(s), -log sigmoid(-s)
    log_f = logsumexp(log_w - below, axis=UNITS)
    log_1_f = logsumexp(log_w - above, axis=UNITS)
    log_df = logsumexp(log_w + log_slope - below - above, axis=UNITS)
    return log_f - log_1_f, log_df - log_f - log_1_f


def sigmoid_mixture_vjp(s, log_w, log_slope):
    """x, l, and pullback(g_x, g_l) -> g_s, g_log_w, g_log_slope: equation (3). Each input keeps its own shape."""
    t = onp.exp(-onp.abs(s))
    soft = onp.log(1.0 + t)
    below, above = soft - onp.minimum(s, 0.0), soft + onp.maximum(s, 0.0)
    log_f, p = _logsumexp_vjp(log_w - below)
    log_1_f, q = _logsumexp_vjp(log_w - above)
    log_df, r = _logsumexp_vjp((log_w + log_slope) - (below + above))

    def pullback(g_x, g_l):
        up = onp.exp(-below)  # sigmoid(s)
        P, Q, R = (g_x - g_l) * p(), -(g_x + g_l) * q(), g_l * r()
        g_s = (P + R) - (P + Q + 2.0 * R) * up
        return sum_to(g_s, s.shape), sum_to(P + Q + R, log_w.shape), sum_to(R, log_slope.shape)

    return log_f - log_1_f, log_df - log_f - log_1_f, pullback


def _logsumexp_vjp(t):
    """log sum_k e^t_k, and shares() -> each term's share of the sum: the way back needs it, and the value does not."""
    top = t.max(axis=UNITS)
    terms = onp.exp(t - top)
    total = terms.sum(axis=UNITS)
    return top + onp.log(total), lambda: terms / total
