"""Strangers' planar and radial flows, whose inverse is a search: bisection or Newton's method on one number."""

import numpy as np

from .case import cases


def u_hat_of(u, w):
    """u made invertible, as in the appendix of Rezende and Mohamed."""
    wu = w @ u
    return u + (np.logaddexp(0, wu) - 1 - wu) * w / (w @ w)


def planar(dim, wrong="", seed=501, layers=1, at=0, newton=False, rotate=False, size=1.0):
    """x = z + u tanh(w.z + b), `layers` of them, with the columns rolled between them where `rotate`."""
    r = np.random.default_rng(seed)
    P = []
    for _ in range(layers):
        w, u, b = size * r.normal(0, 0.9, dim), r.normal(0, 1.0, dim), r.normal()
        if wrong in ("u_in_det", "free_u"):
            u = u - (w @ u + 2.2) * w / (w @ w)
        P.append((w, u, u if wrong == "free_u" else u_hat_of(u, w), b))

    def det(i, z):
        w, u, uh, b = P[i]
        h = np.tanh(z @ w + b)
        bad = wrong if i == at else ""
        slope = h if bad == "h" else 1 - h**2
        value = 1 + (u if bad == "u_in_det" else uh) @ w * slope
        if bad == "no_one":
            value = value - 1
        if bad == "no_log":
            return np.abs(value)
        return np.log(np.abs(value))

    def forward(z):
        ld = np.zeros(len(z))
        for i, (w, _u, uh, b) in enumerate(P):
            term = det(i, z)
            ld = term if wrong == "overwritten" else ld - term if wrong == "minus" and i == at else ld + term
            z = z + np.tanh(z @ w + b)[:, None] * uh
            if rotate:
                z = np.roll(z, 1, axis=1)
        return z, ld

    def along(a, k, b):
        """The number s with s + k tanh(s + b) = a, row by row."""
        if newton:
            s = a.copy()
            for _ in range(2 if wrong == "two_steps" else 60):
                t = np.tanh(s + b)
                s = np.clip(s - (s + k * t - a) / (1 + k * (1 - t * t)), a - abs(k), a + abs(k))
            return s
        reach = 0.3 * abs(k) if wrong == "narrow" else abs(k) + 1e-9
        lo, hi = a - reach, a + reach
        for _ in range({"few": 4}.get(wrong, 70)):
            mid = 0.5 * (lo + hi)
            high = mid + k * np.tanh(mid + b) > a
            lo, hi = np.where(high, lo, mid), np.where(high, mid, hi)
        return 0.5 * (lo + hi)

    def inverse(x):
        ld = np.zeros(len(x))
        for i in range(layers)[::-1]:
            w, _u, uh, b = P[i]
            if rotate and not (wrong == "roll_kept" and i == at):
                x = np.roll(x, -1, axis=1)
            s = along(x @ w, uh @ w, b)
            z = x - np.tanh(s + b)[:, None] * uh
            if wrong == "one_pass" and i == at:
                z = x - np.tanh(x @ w + b)[:, None] * uh
            term = det(i, x if wrong == "at_x" and i == at else z)
            if wrong == "overwritten":
                ld = -term if i == layers - 1 else ld
            else:
                ld = ld + term if (wrong == "plus" or wrong == "minus") and i == at else ld - term
            x = z
        return x, ld

    return forward, inverse


def radial(dim, wrong="", seed=502, size=1.0):
    """x = z + beta h(alpha, r) (z - z0), with the closed inverse of the radius."""
    g = np.random.default_rng(seed)
    z0, alpha = g.normal(0, 1, dim), np.exp(0.3 * g.normal())
    beta = -alpha + np.logaddexp(0, size * g.normal(1, 1))

    def log_det(r):
        h = 1 / (alpha + r)
        first, second = np.log1p(beta * h), np.log(1 + beta * h - beta * r * h**2)
        if wrong == "d_not_d_minus_1":
            return dim * first + second
        if wrong == "no_second":
            return (dim - 1) * first
        if wrong == "d_forgotten":
            return first + second
        if wrong == "h_not_squared":
            return (dim - 1) * first + np.log(np.abs(1 + beta * h - beta * r * h))
        return (dim - 1) * first + second

    def forward(z):
        v = z - z0
        r = np.sqrt((v * v).sum(1))
        return z + (beta / (alpha + r))[:, None] * v, log_det(r)

    def inverse(x):
        v = x - z0
        rx = np.sqrt((v * v).sum(1))
        b = alpha + beta - rx
        root = np.sqrt(b * b + 4 * alpha * rx)
        r = (-b - root) / 2 if wrong == "other_root" else (root - b) / 2
        shrink = (1 + beta / (alpha + r))[:, None]
        z = v / shrink + (0 if wrong == "no_centre" else z0)
        if wrong == "times":
            z = z0 + v * shrink
        if wrong == "subtract":
            z = x - (beta / (alpha + rx))[:, None] * v
        ld = log_det(rx if wrong == "radius_of_x" else r)
        return z, ld if wrong == "plus" else -ld

    return forward, inverse


CASES = cases(
    "planar",
    "search for the inverse",
    "planar",
    planar,
    {
        "h": "PLANAR_H",
        "u_in_det": "PLANAR_U",
        "no_log": "NO_LOGARITHM",
        "free_u": "FOLDS",
        "few": "TOO_FEW_STEPS",
        "narrow": "END_OF_BRACKET TOO_FEW_STEPS",
        "one_pass": "NO_UNDOING TOO_FEW_STEPS TOO_FEW_PASSES",
        "at_x": "AT_X",
        "plus": "NOT_NEGATED",
        "no_one": "LOG_DET_FORMULA",
    },
    also={"h": {"dims": (1,)}},
    right=({}, {"size": 4.0, "seed": 510}, {"dims": (1, 2)}),
)
CASES += cases(
    "planar_chain",
    "search for the inverse",
    "planar",
    planar,
    {
        "h": "PLANAR_H",
        "overwritten": "LAST_LAYER",
        "roll_kept": "PERMUTATION",
        "two_steps": "TOO_FEW_STEPS",
        "minus": "SIGN_IN_BOTH SIGN",
        "plus": "NOT_NEGATED",
        "at_x": "AT_X",
    },
    permuted=True,
    chain=True,
    layers=4,
    at=2,
    seed=524,
    rotate=True,
    newton=False,
    also={"two_steps": {"newton": True, "size": 2.0}},
    right=({}, {"layers": 12, "seed": 530}),
)
CASES += cases(
    "radial",
    "search for the inverse",
    "radial",
    radial,
    {
        "d_not_d_minus_1": "LOG_DET_FORMULA",
        "no_second": "LOG_DET_FORMULA TERMS_LEFT_OUT",
        "d_forgotten": "LOG_DET_FORMULA TERMS_LEFT_OUT",
        "h_not_squared": "LOG_DET_FORMULA",
        "other_root": "OTHER_ROOT",
        "no_centre": "SHIFT_NOT_UNDONE",
        "times": "MULTIPLIES",
        "subtract": "NO_UNDOING TOO_FEW_STEPS TOO_FEW_PASSES",
        "radius_of_x": "AT_X",
        "plus": "NOT_NEGATED",
    },
    also={"d_forgotten": {"dims": (2, 5)}},
    right=({}, {"dims": (2,), "seed": 540, "size": 3.0}),
)
