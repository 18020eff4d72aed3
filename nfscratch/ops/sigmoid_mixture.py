"""The logit of a weighted mean of sigmoids, in log space. Deep sigmoids and mixture CDFs are made of it.

    F = sum_k w_k sigmoid(s_k),     w_k > 0,  sum_k w_k = 1
    x = log F - log(1 - F),         log(1 - F) = log sum_k w_k sigmoid(-s_k)                            (1)
    l = log F' - log F - log(1 - F),   log F' = log sum_k w_k (ds_k/dz) sigmoid(s_k) sigmoid(-s_k)      (2)

Each of the three sums is a logsumexp of log-sigmoids, log sigmoid(s) = -softplus(-s). F itself is never formed: it is 1
from s = 17 on in float32, and its logit inf; (1) is linear in s far out, and onto all reals.

p_k, q_k and r_k are the shares of the terms in the sums F, 1 - F and F'. Far out (2) is a small difference of large
numbers; with the shares of the smaller of F and 1 - F it is none:

    l = log sum_k q_k (ds_k/dz) sigmoid(s_k) - log F                                where F >= 1/2
      = log sum_k p_k (ds_k/dz) sigmoid(-s_k) - log(1 - F)                          elsewhere           (3)

Pullback, with G_F = g_x - g_l, G_1 = -(g_x + g_l), G_d = g_l, the gradients of log F, log(1 - F), log F':

    g_s = G_F p sigmoid(-s) - G_1 q sigmoid(s) + G_d r (sigmoid(-s) - sigmoid(s))
    g_log_w = G_F p + G_1 q + G_d r,        g_log_slope = G_d r                                         (4)

Batch-last; k runs along axis -3: s (K, D, N), log_w and log_slope the same or broadcast.
"""

from __future__ import annotations

import autograd.numpy as np
import numpy as onp

from nfscratch.autodiff import logsumexp, raw, take
from nfscratch.ops.layout import sum_to

UNITS = -3  # the axis of k


def log_softmax(w):
    return w - logsumexp(w, axis=UNITS, keepdims=True)


def log_softmax_vjp(w):
    _, rest, near, share = _logsumexp_vjp(w.copy())
    return near - rest, lambda g: g - share() * g.sum(axis=UNITS, keepdims=True)


def sigmoid_mixture(s, log_w, log_slope):
    """x of (1) and l of (3): (D, N)."""
    below, above = np.logaddexp(0.0, -s), np.logaddexp(0.0, s)  # -log sigmoid(s), -log sigmoid(-s)
    log_f, log_p = _sum_and_shares(log_w - below)
    log_1_f, log_q = _sum_and_shares(log_w - above)
    upper = raw(log_f) >= raw(log_1_f)  # F >= 1/2
    terms = np.where(upper, log_q - below, log_p - above) + log_slope
    log_d = logsumexp(terms, axis=UNITS) - _one(np.where(upper, log_f, log_1_f))
    return _one(log_f - log_1_f), log_d


def sigmoid_mixture_node(s, log_w, log_slope):
    """The same, with (4) for a first derivative: one node of autograd's graph, where `sigmoid_mixture` leaves many."""

    def value(s, log_w, log_slope, _):
        return sigmoid_mixture_vjp(s, log_w, log_slope)[:2]

    def kernel(s, log_w, log_slope, _):
        x, l, pullback = sigmoid_mixture_vjp(s, log_w, log_slope)
        return (x, l), lambda g: pullback(*g)

    def plain(s, log_w, log_slope, _):
        return sigmoid_mixture(s, log_w, log_slope)

    return take(value, kernel, plain, s, log_w, log_slope)


def _sum_and_shares(t):
    """log sum_k e^t_k, and log of each term's share. t may be large: its largest term is taken off before it counts."""
    top = onp.max(raw(t), axis=UNITS, keepdims=True)
    rest = logsumexp(t - top, axis=UNITS, keepdims=True)
    return top + rest, (t - top) - rest


def _one(a):
    """A sum over k without the axis of k, of length 1."""
    return a[..., 0, :, :]


def sigmoid_mixture_vjp(s, log_w, log_slope):
    """x, l, and pullback(g_x, g_l) -> g_s, g_log_w, g_log_slope: equation (4). Each input keeps its own shape."""
    below, above = _softplus_of_both_signs(s)
    top_f, rest_f, near_f, p = _logsumexp_vjp(log_w - below)
    top_1, rest_1, near_1, q = _logsumexp_vjp(log_w - above)
    log_f, log_1_f = top_f + rest_f, top_1 + rest_1
    # The terms of the two lines of (3) differ by top_f - top_1, so that the larger one is of the line that is meant:
    # choosing it takes half as long as `where` with a mask. top_f >= top_1 serves for F >= 1/2.
    terms = onp.maximum(near_1 - below, near_f - above)
    terms += log_slope
    top, rest, _, r = _logsumexp_vjp(terms)
    log_d = top + rest - onp.where(top_f >= top_1, rest_1 + log_f, rest_f + log_1_f)

    def pullback(g_x, g_l):
        g_x, g_l = g_x[..., None, :, :], g_l[..., None, :, :]
        up = onp.exp(-below)  # sigmoid(s)
        P, Q, R = (g_x - g_l) * p(), -(g_x + g_l) * q(), g_l * r()
        g_s = (P + R) - (P + Q + 2.0 * R) * up
        return sum_to(g_s, s.shape), sum_to(P + Q + R, log_w.shape), sum_to(R, log_slope.shape)

    return _one(log_f - log_1_f), _one(log_d), pullback


def _softplus_of_both_signs(s):
    """softplus(-s) and softplus(s)."""
    soft = onp.abs(s)
    onp.negative(soft, out=soft)
    onp.exp(soft, out=soft)
    soft += 1.0
    onp.log(soft, out=soft)
    above = onp.maximum(s, 0.0)
    above += soft
    soft -= onp.minimum(s, 0.0)
    return soft, above


def _logsumexp_vjp(t):
    """top and rest, which add up to log sum_k e^t_k; t - top; and shares(), of each term, for the way back alone.

    t is written over. It may be large: its largest term is taken off before any other number rounds it.
    """
    top = t.max(axis=UNITS, keepdims=True)
    t -= top
    terms = onp.exp(t)
    total = terms.sum(axis=UNITS, keepdims=True)
    return top, onp.log(total), t, lambda: terms / total
