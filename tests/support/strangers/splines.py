"""Strangers' splines: rational-quadratic and piecewise linear, on [-B, B] with identity tails, or on (0, 1)."""

import numpy as np

from .case import cases


def knots_of(r, dim, bins, low, high, uneven):
    """Knots and slopes, one row for a column."""
    w, h = (np.exp(r.normal(0, uneven, (dim, bins))) for _ in range(2))
    w, h = w / w.sum(1, keepdims=True), h / h.sum(1, keepdims=True)
    w, h = 0.01 / bins + 0.99 * w, 0.01 / bins + 0.99 * h
    kx, ky = (np.concatenate([np.zeros((dim, 1)), np.cumsum(a, 1)], 1) for a in (w, h))
    kx, ky = (low + (high - low) * a / a[:, -1:] for a in (kx, ky))
    slopes = np.exp(r.normal(0, 0.5 * uneven, (dim, bins + 1)))
    return kx, ky, slopes


def rq_spline(dim, wrong="", seed=401, bins=6, B=3.0, unit=False, uneven=0.6, order=None):
    """Monotone rational-quadratic spline of every column by itself."""
    r = np.random.default_rng(seed)
    low, high = (0.0, 1.0) if unit else (-B, B)
    kx, ky, dd = knots_of(r, dim, bins, low, high, uneven)
    if not unit and wrong != "end_slopes":
        dd[:, 0] = dd[:, -1] = 1.0
    perm = np.arange(dim) if order is None else np.random.default_rng(order).permutation(dim)

    def pieces(c, v, knots):
        i = np.clip(np.searchsorted(knots[c], v, side="right") - 1, 0, bins - 1)
        w, h = kx[c][i + 1] - kx[c][i], ky[c][i + 1] - ky[c][i]
        d0, d1 = dd[c][i], dd[c][i + 1]
        if wrong == "slopes_swapped":
            d0, d1 = d1, d0
        return kx[c][i], ky[c][i], w, h, h / w, d0, d1

    def log_slope(t, s, d0, d1):
        den = s + (d0 + d1 - 2 * s) * t * (1 - t)
        top = d1 * t**2 + 2 * s * t * (1 - t) + d0 * (1 - t) ** 2
        power_s = 1 if wrong == "slope_once" else 2
        power_den = 1 if wrong == "den_once" else 2
        return power_s * np.log(s) + np.log(top) - power_den * np.log(den)

    def one(c, v):
        x0, y0, w, h, s, d0, d1 = pieces(c, v, kx)
        t = (v - x0) / w
        den = s + (d0 + d1 - 2 * s) * t * (1 - t)
        return y0 + h * (s * t**2 + d0 * t * (1 - t)) / den, log_slope(t, s, d0, d1)

    def other(c, v):
        x0, y0, w, h, s, d0, d1 = pieces(c, v, kx if wrong == "knots_x" else ky)
        e = v - y0
        q = d0 + d1 - 2 * s
        a, b, cc = h * (s - d0) + e * q, h * d0 - e * q, -s * e
        disc = np.sqrt(np.maximum(b**2 - 4 * a * cc, 0))
        if wrong == "other_root":
            with np.errstate(all="ignore"):
                t = np.where(np.abs(a) > 1e-9, (-b - disc) / (2 * a), 2 * cc / (-b - disc))
        elif wrong == "linear_guess":
            t = e / h
        else:
            t = 2 * cc / (-b - disc)
        return t * w + x0, log_slope(t, s, d0, d1)

    def both(v, way):
        out, ld = v.copy(), np.zeros(v.shape)
        for c in range(dim):
            inside = (v[:, c] >= low) & (v[:, c] <= high)
            if inside.any():
                out[inside, c], ld[inside, c] = way(c, v[inside, c])
        return out, ld

    def forward(z):
        x, ld = both(z[:, perm], one)
        return x, ld.mean(1) if wrong == "mean" else ld.sum(1)

    def inverse(x):
        z, ld = both(x, other)
        total = ld.mean(1) if wrong == "mean" else ld.sum(1)
        return z[:, perm if wrong == "perm" else np.argsort(perm)], total if wrong == "plus" else -total

    return forward, inverse


def linear_spline(dim, wrong="", seed=402, bins=8, unit=True, B=2.0, uneven=0.5):
    """Piecewise linear, the cumulative distribution of a histogram."""
    r = np.random.default_rng(seed)
    low, high = (0.0, 1.0) if unit else (-B, B)
    kx, ky, _ = knots_of(r, dim, bins, low, high, uneven)

    def index(knots, v):
        return np.clip(np.searchsorted(knots, v, side="right") - 1, 0, bins - 1)

    def forward(z):
        x, ld = np.array(z), np.zeros(z.shape)
        for c in range(dim):
            ok = (z[:, c] >= low) & (z[:, c] <= high)
            v = z[ok, c]
            i = index(kx[c], v)
            slope = np.diff(ky[c])[i] / np.diff(kx[c])[i]
            x[ok, c] = ky[c][i] + (v - kx[c][i]) * slope
            ld[ok, c] = np.log(np.diff(ky[c])[i]) if wrong == "heights" else np.log(slope)
            if wrong == "slope_summed":
                ld[ok, c] = slope
        return x, ld.sum(1)

    def inverse(x):
        z, ld = np.array(x), np.zeros(x.shape)
        for c in range(dim):
            ok = (x[:, c] >= low) & (x[:, c] <= high)
            v = x[ok, c]
            i = index(kx[c] if wrong == "knots_x" else ky[c], v)
            slope = np.diff(ky[c])[i] / np.diff(kx[c])[i]
            z[ok, c] = kx[c][i] + (v - ky[c][i]) * (slope if wrong == "times" else 1 / slope)
            ld[ok, c] = -np.log(np.diff(ky[c])[i]) if wrong == "heights" else -np.log(slope)
            if wrong == "slope_summed":
                ld[ok, c] = -slope
        return z, ld.sum(1)

    return forward, inverse


UNIT = {"domain": (0, 1), "codomain": (0, 1)}
CASES = cases(
    "rqs",
    "splines",
    "rational-quadratic spline",
    rq_spline,
    {
        "slope_once": "SPLINE_SLOPE",
        "den_once": "SPLINE_DENOMINATOR",
        "knots_x": "KNOTS_OF_Z",
        "other_root": "OTHER_ROOT",
        "linear_guess": "NO_UNDOING TOO_FEW_STEPS",
        "end_slopes": "END_SLOPES DERIVATIVE_JUMPS",
        "slopes_swapped": "DERIVATIVE_JUMPS",
        "mean": "MEAN",
        "plus": "NOT_NEGATED",
    },
    right=({}, {"bins": 20, "uneven": 1.5, "seed": 410}, {"B": 12.0, "seed": 411}, {"dims": (1, 2)}),
    also={"slope_once": {"dims": (1, 5)}},
)
CASES += cases(
    "rqs_unit",
    "splines",
    "rational-quadratic spline",
    rq_spline,
    {
        "slope_once": "SPLINE_SLOPE",
        "den_once": "SPLINE_DENOMINATOR",
        "knots_x": "KNOTS_OF_Z",
        "slopes_swapped": "DERIVATIVE_JUMPS",
        "other_root": "OTHER_ROOT",
    },
    unit=True,
    options=UNIT,
    seed=421,
    right=({}, {"bins": 30, "uneven": 2.0, "seed": 422, "dims": (2,)}),
)
CASES += cases(
    "rqs_perm",
    "splines",
    "rational-quadratic spline",
    rq_spline,
    {"perm": "PERMUTATION", "slope_once": "SPLINE_SLOPE", "knots_x": "KNOTS_OF_Z"},
    permuted=True,
    order=2,
    seed=431,
    bins=5,
)
CASES += cases(
    "linear_spline",
    "splines",
    "linear spline",
    linear_spline,
    {
        "heights": "OFF_BY_CONSTANT LOG_DET_FORMULA TERMS_LEFT_OUT",
        "slope_summed": "NO_LOGARITHM EXP_SUMMED",
        "knots_x": "KNOTS_OF_Z",
        "times": "MULTIPLIES",
    },
    options={**UNIT, "smooth": False},
    right=(
        {},
        {"bins": 25, "uneven": 1.5, "seed": 440},
        {"unit": False, "seed": 441, "options": {"domain": None, "codomain": None}},
    ),
)
