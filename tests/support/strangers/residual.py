"""Strangers' residual blocks x = z + g(z) with a contraction g, and cubics with Newton's or bisection's inverse."""

import numpy as np

from .case import cases


def residual(dim, wrong="", seed=601, lip=0.6, blocks=1, at=0, order=None):
    """g(z) = W2 tanh(W1 z + b), scaled to the Lipschitz constant; the log-det from the whole Jacobian."""
    r = np.random.default_rng(seed)
    B = []
    for i in range(blocks):
        W1, W2 = r.normal(size=(8, dim)), r.normal(size=(dim, 8))
        W2 *= lip / (np.linalg.norm(W1, 2) * np.linalg.norm(W2, 2))
        if wrong == "no_contraction" and i == at:
            W1, W2 = 1.5 * np.eye(8, dim), 1.5 * np.eye(dim, 8)
        B.append((W1, r.normal(size=8), W2))
    perm = np.arange(dim) if order is None else np.random.default_rng(order).permutation(dim)

    def g(i, z):
        W1, b, W2 = B[i]
        return np.tanh(z @ W1.T + b) @ W2.T

    def jac(i, z):
        W1, b, W2 = B[i]
        slope = 1 - np.tanh(z @ W1.T + b) ** 2
        return np.einsum("ih,nh,hj->nij", W2, slope, W1)

    def log_det(i, z):
        J = jac(i, z)
        bad = wrong if i == at else ""
        if bad in ("series_sign", "series_cut", "trace"):
            total, power = np.zeros(len(z)), np.broadcast_to(np.eye(dim), J.shape)
            for k in range(1, {"series_cut": 3, "trace": 2}.get(bad, 120)):
                power = np.einsum("nij,njk->nik", power, J)
                sign = 1 if bad == "series_sign" else (-1) ** (k + 1)
                total = total + sign * np.trace(power, axis1=1, axis2=2) / k
            return total
        if bad == "no_one":
            return np.linalg.slogdet(J)[1]
        full = np.eye(dim) + J
        return np.abs(np.linalg.det(full)) if bad == "no_log" else np.linalg.slogdet(full)[1]

    def forward(z):
        ld = np.zeros(len(z))
        for i in range(blocks):
            term = log_det(i, z)
            ld = term if wrong == "overwritten" else ld + term
            z = (z + g(i, z))[:, perm]
        return z, ld

    def inverse(x):
        ld = np.zeros(len(x))
        for i in range(blocks) if wrong == "in_order" else reversed(range(blocks)):
            y = x[:, perm if wrong == "perm" and i == at else np.argsort(perm)]
            z = y
            for _ in range({"few": 2, "one": 1}.get(wrong if i == at else "", 150)):
                z = y - g(i, z)
            if wrong == "plus_g" and i == at:
                z = y + g(i, y)
            term = log_det(i, y if wrong == "at_x" and i == at else z)
            ld = (-term if i == blocks - 1 else ld) if wrong == "overwritten" else ld - term
            x = z
        return x, ld

    return forward, inverse


def cubic(dim, wrong="", seed=602, a=0.4):
    """x = e^s (z + a z^3) + t, each column alone; Newton's method or bisection brings z back."""
    r = np.random.default_rng(seed)
    s, t = r.normal(0, 0.4, dim), r.normal(0, 0.8, dim)

    def slope(z):
        value = 1 + 3 * a * z**2
        if wrong == "derivative":
            value = 1 + a * z**2
        terms = np.log(value) + (0 if wrong == "no_s" else s)
        return terms.sum(1)

    def forward(z):
        return np.exp(s) * (z + a * z**3) + t, slope(z)

    def inverse(x):
        v = x * np.exp(-s) - t if wrong == "order" else (x - t) * np.exp(-s)
        if wrong in ("newton_3", "newton"):
            z = np.cbrt(v / a)
            for _ in range(1):
                z = z - (z + a * z**3 - v) / (1 + 3 * a * z**2)
        else:
            edge = 1.5 if wrong == "bracket" else np.abs(v)
            lo, hi = -edge + 0 * v, edge + 0 * v
            for _ in range(8 if wrong == "few" else 80):
                mid = (lo + hi) / 2
                below = mid + a * mid**3 < v
                lo, hi = np.where(below, mid, lo), np.where(below, hi, mid)
            z = (lo + hi) / 2
        return z, -slope(z)

    return forward, inverse


CASES = cases(
    "residual",
    "search for the inverse",
    "residual",
    residual,
    {
        "series_sign": "SERIES_SIGN",
        "series_cut": "SERIES_CUT",
        "trace": "TRACE_ALONE",
        "no_one": "LOG_DET_FORMULA",
        "no_log": "NO_LOGARITHM",
        "few": "TOO_FEW_STEPS",
        "one": "TOO_FEW_STEPS",
        "plus_g": "NO_UNDOING APPLIES_FORWARD",
        "at_x": "AT_X",
        "no_contraction": "NO_CONTRACTION",
    },
    right=({}, {"dims": (2, 5), "seed": 610, "lip": 0.8}),
    also={"series_cut": {"lip": 0.9, "dims": (2, 5)}, "trace": {"lip": 0.9}, "few": {"lip": 0.9}},
)
CASES += cases(
    "residual_chain",
    "search for the inverse",
    "residual",
    residual,
    {
        "overwritten": "LAST_LAYER",
        "perm": "PERMUTATION",
        "in_order": "LAYERS_IN_ORDER",
        "few": "TOO_FEW_STEPS",
        "series_sign": "SERIES_SIGN",
        "at_x": "AT_X",
    },
    permuted=True,
    chain=True,
    blocks=3,
    at=1,
    order=4,
    lip=0.85,
    seed=621,
    also={"few": {"lip": 0.9}},
)
CASES += cases(
    "cubic",
    "search for the inverse",
    "cubic",
    cubic,
    {
        "derivative": "LOG_DET_FORMULA",
        "no_s": "OFF_BY_CONSTANT LAYER_LEFT_OUT",
        "order": "WRONG_ORDER",
        "newton_3": "TOO_FEW_STEPS",
        "bracket": "END_OF_BRACKET CUT_OFF",
        "few": "TOO_FEW_STEPS",
    },
    also={"newton_3": {"dims": (1,)}},
    right=({}, {"dims": (1, 2), "a": 1.5}),
)
