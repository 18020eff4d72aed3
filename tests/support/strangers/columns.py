"""Strangers who loop over columns: affine autoregressive maps both ways, each column by itself."""

import numpy as np

from .case import cases


def maf_by_columns(dim, wrong="", seed=3, steep=1.0, flip=False):
    """z -> x column by column, each from the x before it; the inverse sees all of x at once."""
    r = np.random.default_rng(seed)
    w_s, w_m = r.normal(0, 0.5 * steep, (dim, dim)), r.normal(0, 0.6, (dim, dim))
    b_s, b_m = r.normal(0, 0.4, dim), r.normal(0, 0.5, dim)

    def of(x, i):
        raw = x[:, :i] @ w_s[i, :i] + b_s[i]
        return raw, 1.5 * np.tanh(raw / 1.5), x[:, :i] @ w_m[i, :i] + b_m[i]

    def forward(z):
        if flip:
            z = z[:, ::-1]
        out, ld = np.zeros_like(z), np.zeros(len(z))
        for i in range(dim):
            raw, s, m = of(out, i)
            out[:, i] = z[:, i] * np.exp(s) + m
            if wrong == "first_column" and i == 0:
                continue
            if wrong == "overwritten":
                ld = s
            elif wrong == "sign":
                ld -= s
            else:
                ld = ld + (raw if wrong in ("raw", "raw_forward") else s)
        return out, ld

    def inverse(x):
        out, ld = np.zeros_like(x), np.zeros(len(x))
        for i in range(dim):
            raw, s, m = of(x, i)
            if wrong == "no_shift":
                out[:, i] = x[:, i] * np.exp(-s)
            elif wrong == "order":
                out[:, i] = x[:, i] * np.exp(-s) - m
            elif wrong == "times":
                out[:, i] = (x[:, i] - m) * np.exp(s)
            elif wrong == "no_scale":
                out[:, i] = x[:, i] - m
            elif wrong == "unclamped_scale":
                out[:, i] = (x[:, i] - m) * np.exp(-raw)
            else:
                out[:, i] = (x[:, i] - m) * np.exp(-s)
            if wrong == "overwritten":
                ld = -s
            elif wrong == "not_negated":
                ld += s
            elif not (wrong == "first_column" and i == 0):
                ld = ld - (raw if wrong == "raw" else s)
        if flip and wrong != "flip_kept":
            out = out[:, ::-1]
        return out, ld

    return forward, inverse


def iaf_by_columns(dim, wrong="", seed=5, order=None):
    """z -> x at once, each column from the z before it; the inverse goes column by column."""
    r = np.random.default_rng(seed)
    w, v = r.normal(0, 0.45, (dim, dim)), r.normal(0, 0.45, (dim, dim))
    c = r.normal(0, 0.3, dim)
    perm = np.arange(dim) if order is None else np.random.default_rng(order).permutation(dim)
    back = perm if wrong == "same_perm" else np.argsort(perm)

    def mu_sigma(z):
        mu = np.stack([np.sin(z[:, :i]) @ w[i, :i] + c[i] for i in range(dim)], 1)
        log_sigma = np.stack([np.tanh(z[:, :i] @ v[i, :i] + c[i]) for i in range(dim)], 1)
        return mu, log_sigma

    def forward(z):
        mu, ls = mu_sigma(z)
        x = mu + np.exp(ls) * z
        total = ls.sum(1)
        if wrong == "mean":
            total = ls.mean(1)
        if wrong == "absolute":
            total = np.abs(ls).sum(1)
        if wrong == "batch":
            total = np.full(len(z), ls.sum())
        if wrong == "exp":
            total = np.exp(ls).sum(1)
        return x[:, perm], total

    def inverse(x):
        x = x[:, back]
        z = np.zeros_like(x)
        passes = {"one_pass": 1, "one_too_few": dim - 1}.get(wrong, dim)
        for _ in range(passes):
            mu, ls = mu_sigma(z)
            z = (x - mu) / np.exp(ls)
        if wrong == "at_x":
            mu, ls = mu_sigma(x)
        else:
            mu, ls = mu_sigma(z)
        total = {"mean": ls.mean(1), "absolute": np.abs(ls).sum(1), "exp": np.exp(ls).sum(1)}.get(wrong, ls.sum(1))
        if wrong == "batch":
            total = np.full(len(x), ls.sum())
        return z, -total

    return forward, inverse


CASES = cases(
    "maf_columns",
    "loop over columns",
    "affine autoregressive",
    maf_by_columns,
    {
        "first_column": "TERMS_LEFT_OUT",
        "overwritten": "TERMS_LEFT_OUT",
        "sign": "SIGN",
        "raw": "UNCLAMPED",
        "no_shift": "SHIFT_NOT_UNDONE",
        "order": "WRONG_ORDER",
        "times": "MULTIPLIES",
        "no_scale": "SCALE_NOT_UNDONE",
        "unclamped_scale": "CLAMP_IN_FORWARD",
        "not_negated": "NOT_NEGATED",
    },
    right=({}, {"seed": 11, "steep": 4.0}, {"seed": 12, "dims": (2, 6)}),
    also={"order": {"dims": (1,)}, "overwritten": {"dims": (2, 5)}},
)
CASES += cases(
    "maf_flip",
    "loop over columns",
    "affine autoregressive",
    maf_by_columns,
    {
        "flip_kept": "PERMUTATION",
        "raw_forward": "UNCLAMPED",
        "no_shift": "SHIFT_NOT_UNDONE",
        "times": "MULTIPLIES",
    },
    permuted=True,
    flip=True,
    seed=21,
)
CASES += cases(
    "iaf_columns",
    "loop over columns",
    "affine autoregressive",
    iaf_by_columns,
    {
        "mean": "MEAN",
        "absolute": "ABSOLUTE_SUMMED",
        "batch": "SUMMED_OVER_BATCH",
        "exp": "EXP_SUMMED",
        "one_pass": "TOO_FEW_PASSES",
        "one_too_few": "TOO_FEW_PASSES",
        "at_x": "AT_X",
    },
    also={"one_too_few": {"dims": (3,)}},
)
CASES += cases(
    "iaf_perm",
    "loop over columns",
    "affine autoregressive",
    iaf_by_columns,
    {"same_perm": "PERMUTATION", "mean": "MEAN", "one_pass": "TOO_FEW_PASSES"},
    permuted=True,
    order=8,
)
