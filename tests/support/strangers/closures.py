"""Strangers who compose closures: layers made by functions of functions, and the chain as one function."""

import numpy as np

from .case import cases


def scale_shift(a, b, wrong=""):
    """ActNorm with fixed numbers."""

    def fwd(z):
        ld = a.sum()
        if wrong == "exp":
            ld = np.exp(a).sum()
        if wrong == "abs":
            ld = np.abs(a).sum()
        return z * np.exp(a) + b, np.full(len(z), ld)

    def bwd(x):
        if wrong == "order":
            z = x * np.exp(-a) - b
        elif wrong == "times":
            z = (x - b) * np.exp(a)
        elif wrong == "no_shift":
            z = x * np.exp(-a)
        elif wrong == "no_scale":
            z = x - b
        else:
            z = (x - b) * np.exp(-a)
        ld = -a.sum()
        if wrong == "exp":
            ld = -np.exp(a).sum()
        if wrong == "abs":
            ld = -np.abs(a).sum()
        return z, np.full(len(x), ld)

    return fwd, bwd


def shuffle(perm, wrong=""):
    """A permutation of the columns."""
    back = perm if wrong == "perm" else np.argsort(perm)
    return (lambda z: (z[:, perm], np.zeros(len(z)))), (lambda x: (x[:, back], np.zeros(len(x))))


def coupling(split, W, V, bound, wrong=""):
    """Affine coupling; s = bound * tanh(raw / bound)."""

    def squash(raw):
        return bound * np.tanh(raw / bound)

    def raw_of(h):
        return np.sin(h) @ W

    def t_of(h):
        return h @ V

    def fwd(z):
        keep, move = z[:, :split], z[:, split:]
        raw = raw_of(keep)
        s = squash(raw)
        ld = {"raw": raw.sum(1), "mean": s.mean(1), "minus": -s.sum(1), "zero": 0 * s.sum(1)}.get(wrong, s.sum(1))
        return np.hstack([keep, move * np.exp(s) + t_of(keep)]), ld

    def bwd(x):
        keep, move = x[:, :split], x[:, split:]
        raw = raw_of(keep)
        s = squash(raw)
        ld = {"raw": raw.sum(1), "mean": s.mean(1), "minus": -s.sum(1), "zero": 0 * s.sum(1)}.get(wrong, s.sum(1))
        if wrong == "plus":
            ld = -ld
        if wrong == "order":
            move = move * np.exp(-s) - t_of(keep)
        elif wrong == "times":
            move = (move - t_of(keep)) * np.exp(s)
        elif wrong == "no_shift":
            move = move * np.exp(-s)
        elif wrong == "no_scale":
            move = move - t_of(keep)
        elif wrong == "clamp":
            move = (move - t_of(keep)) * np.exp(-raw)
        else:
            move = (move - t_of(keep)) * np.exp(-s)
        return np.hstack([move, keep] if wrong == "swapped" else [keep, move]), -ld

    return fwd, bwd


def compose(pairs, wrong=""):
    """One forward and one inverse of all of them."""

    def forward(z):
        total = np.zeros(len(z))
        for number, (fwd, _) in enumerate(pairs):
            z, ld = fwd(z)
            if wrong == "overwritten":
                total = ld
            elif not (wrong == "left_out" and number == 2):
                total = total + ld
        return z, total

    def inverse(x):
        total = np.zeros(len(x))
        order = pairs if wrong == "in_order" else pairs[::-1]
        if wrong == "one_not_undone":
            order = [p for p in order if p is not pairs[len(pairs) // 2]]
        for pair in order:
            x, ld = pair[1](x)
            if wrong == "overwritten":
                total = ld if pair is pairs[-1] else total
            elif not (wrong == "left_out" and pair is pairs[2]):
                total = total + ld
        return x, total

    return forward, inverse


LINEAR_SLIPS = ("order", "times", "no_shift", "no_scale", "exp", "abs")


def chain(dim, wrong="", layers=3, seed=51, at=1, kind="coupling", bound=2.0, size=0.5, as_list=False):
    """`layers` times (scale, permutation, coupling); the mistake is in layer `at` alone."""
    r = np.random.default_rng(seed)
    split = dim - dim // 2
    pairs = []
    for i in range(layers):
        here = wrong if i == at else ""
        a, b = r.normal(0, 0.3, dim), r.normal(0, 0.5, dim)
        perm = np.roll(np.arange(dim), 1) if dim < 3 else r.permutation(dim)
        while dim >= 3 and np.array_equal(perm[perm], np.arange(dim)):
            perm = r.permutation(dim)
        W, V = r.normal(0, size, (split, dim - split)), r.normal(0, size, (split, dim - split))
        slip = here if kind == "scale" else ""
        pairs.append(scale_shift(a, b, slip))
        pairs.append(shuffle(perm, here))
        pairs.append(coupling(split, W, V, bound, here if kind == "coupling" else ""))
    return pairs if as_list else compose(pairs, wrong)


CASES = cases(
    "closure_chain3",
    "closures",
    "chain of scale, permutation, coupling",
    chain,
    {
        "raw": "UNCLAMPED",
        "mean": "MEAN",
        "minus": "SIGN_IN_BOTH SIGN",
        "zero": "LAYER_LEFT_OUT",
        "plus": "NOT_NEGATED",
        "order": "WRONG_ORDER",
        "times": "MULTIPLIES",
        "no_shift": "SHIFT_NOT_UNDONE",
        "no_scale": "SCALE_NOT_UNDONE",
        "clamp": "CLAMP_IN_FORWARD",
        "swapped": "HALVES_SWAPPED",
        "perm": "PERMUTATION",
        "overwritten": "LAST_LAYER",
        "left_out": "LAYER_LEFT_OUT",
        "in_order": "LAYERS_IN_ORDER",
        "one_not_undone": "PERMUTATION NO_UNDOING",
    },
    permuted=True,
    chain=True,
    size=0.9,
    right=(
        {},
        {"layers": 10, "seed": 60, "size": 0.3},
        {"layers": 16, "seed": 61, "size": 0.2},
        {"layers": 1, "at": 0, "dims": (2, 5)},
        {"layers": 2, "size": 3.0, "seed": 62},
    ),
    also={"left_out": {"layers": 2}, "mean": {"dims": (2, 5)}},
)
CASES += cases(
    "closure_scale",
    "closures",
    "chain of scale, permutation, coupling",
    chain,
    {
        "order": "WRONG_ORDER",
        "times": "MULTIPLIES",
        "no_shift": "SHIFT_NOT_UNDONE",
        "exp": "EXP_SUMMED",
        "abs": "ABSOLUTE_SUMMED",
    },
    permuted=True,
    chain=True,
    kind="scale",
    seed=77,
    layers=4,
    at=2,
    right=(),
)
CASES += cases(
    "closure_chain2",
    "closures",
    "chain of scale, permutation, coupling",
    chain,
    {"perm": "PERMUTATION", "overwritten": "LAST_LAYER", "in_order": "LAYERS_IN_ORDER", "swapped": "HALVES_SWAPPED"},
    permuted=True,
    chain=True,
    dims=(2, 5),
    layers=4,
    seed=71,
    right=(),
)
CASES += cases(
    "list_chain",
    "list of pairs",
    "chain of scale, permutation, coupling",
    chain,
    {
        "mean": "MEAN",
        "order": "WRONG_ORDER",
        "clamp": "CLAMP_IN_FORWARD",
        "swapped": "HALVES_SWAPPED",
        "perm": "PERMUTATION",
        "plus": "NOT_NEGATED",
    },
    permuted=True,
    chain=True,
    as_list=True,
    layers=2,
    seed=81,
    right=({}, {"layers": 8}),
)
