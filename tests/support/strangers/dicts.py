"""Strangers who keep parameters in dictionaries and write the whole chain as one function over them."""

import numpy as np

from .case import cases


def draw(dim, layers, seed, size, negative=False):
    """The parameters of every layer."""
    r = np.random.default_rng(seed)
    k = max(1, dim // 2)
    params = {}
    for i in range(layers):
        order = np.roll(np.arange(dim), 1) if dim < 3 else r.permutation(dim)
        while dim >= 3 and (np.array_equal(order[order], np.arange(dim))):
            order = r.permutation(dim)
        params[f"layer_{i}"] = {
            "order": order,
            "ws": r.normal(0, size, (k, dim - k)),
            "wt": r.normal(0, size, (k, dim - k)),
            "bs": r.normal(0, 0.3, dim - k),
            "an_scale": np.exp(r.normal(0, 0.3, dim)) * (np.where(np.arange(dim) == i % dim, -1, 1) if negative else 1),
            "an_bias": r.normal(0, 0.5, dim),
        }
    return params


def one_function(dim, wrong="", layers=4, seed=201, at=2, size=0.6, lim=2.0, negative=False):
    """Actnorm, affine coupling with a clipped log-scale and a permutation, all in two long functions."""
    params, k = draw(dim, layers, seed, size, negative), max(1, dim // 2)

    def squeeze(raw):
        return np.clip(raw, -lim, lim)

    def forward(z):
        x, ldj = z, np.zeros(z.shape[0])
        for i in range(layers):
            p, bad = params[f"layer_{i}"], wrong if i == at else ""
            x = x * p["an_scale"] + p["an_bias"]
            if bad != "no_actnorm":
                scale = p["an_scale"]
                if bad == "no_abs" or wrong == "no_abs_anywhere":
                    with np.errstate(invalid="ignore"):
                        ldj = ldj + np.log(np.prod(scale))
                elif bad == "no_log":
                    ldj = ldj + np.prod(np.abs(scale))
                else:
                    ldj = ldj + np.log(np.abs(scale)).sum()
            raw = x[:, :k] @ p["ws"] + p["bs"]
            s = squeeze(raw)
            x = np.concatenate([x[:, :k], x[:, k:] * np.exp(s) + x[:, :k] @ p["wt"]], axis=1)
            x = x[:, p["order"]]
            term = s.mean(1) if bad == "mean" else raw.sum(1) if bad == "raw" else s.sum(1)
            ldj = term if wrong == "assigned" else ldj + term
        if wrong == "halved":
            ldj = ldj / 2
        if wrong == "per_layer":
            ldj = ldj / layers
        return x, ldj

    def inverse(x):
        z, ldj = x, np.zeros(x.shape[0])
        for i in range(layers) if wrong == "in_order" else range(layers)[::-1]:
            p, bad = params[f"layer_{i}"], wrong if i == at else ""
            if bad != "order_left_out":
                z = z[:, p["order"] if bad == "order_again" or wrong == "orders_again" else np.argsort(p["order"])]
            a, b = z[:, :k], z[:, k:]
            raw = (b[:, :k] if bad == "wrong_half" else a) @ p["ws"] + p["bs"]
            s = squeeze(raw)
            gain = np.exp(-raw) if bad == "unclipped" else np.exp(s) if bad == "times" else np.exp(-s)
            t = a @ p["wt"]
            b = b * gain - t if bad == "order" else b * gain if bad == "no_t" else (b - t) * gain
            z = np.concatenate([b, a] if bad == "joined" else [a, b], axis=1)
            if bad == "bias_later":
                z = z / p["an_scale"] - p["an_bias"]
            elif bad == "no_bias":
                z = z / p["an_scale"]
            else:
                z = (z - p["an_bias"]) / p["an_scale"]
            term = s.mean(1) if bad == "mean" else raw.sum(1) if bad == "raw" else s.sum(1)
            actnorm = np.log(np.abs(p["an_scale"])).sum() * (bad != "no_actnorm")
            if bad == "no_log":
                actnorm = np.prod(np.abs(p["an_scale"]))
            if wrong == "assigned":
                ldj = -term if i == layers - 1 else ldj
            else:
                ldj = ldj - term - actnorm
        if wrong in ("halved", "per_layer"):
            ldj = ldj / (2 if wrong == "halved" else layers)
        return z, ldj if wrong != "positive" else -ldj

    return forward, inverse


ALL = {
    "no_actnorm": "LAYER_LEFT_OUT OFF_BY_CONSTANT",
    "no_log": "NO_LOGARITHM",
    "mean": "MEAN",
    "raw": "UNCLAMPED",
    "assigned": "LAST_LAYER",
    "halved": "FACTOR_TWO MULTIPLIED",
    "per_layer": "MULTIPLIED MEAN",
    "in_order": "LAYERS_IN_ORDER",
    "order_again": "PERMUTATION",
    "orders_again": "PERMUTATION",
    "order_left_out": "PERMUTATION",
    "wrong_half": "CHANGED_HALF",
    "unclipped": "CLAMP_IN_FORWARD",
    "times": "MULTIPLIES",
    "order": "WRONG_ORDER",
    "no_t": "SHIFT_NOT_UNDONE",
    "joined": "HALVES_SWAPPED",
    "bias_later": "WRONG_ORDER",
    "no_bias": "SHIFT_NOT_UNDONE",
    "positive": "NOT_NEGATED",
}
CLIP = {"smooth": False}
CASES = cases(
    "dict_chain4",
    "dictionary of parameters",
    "chain of actnorm, coupling, permutation",
    one_function,
    ALL,
    permuted=True,
    chain=True,
    lim=0.8,
    options=CLIP,
    right=(
        {},
        {"lim": 3.0, "seed": 210},
        {"layers": 12, "seed": 211, "size": 0.2},
        {"layers": 6, "seed": 212, "negative": True},
    ),
    also={"per_layer": {"layers": 3}, "wrong_half": {"dims": (6,)}},
)
CASES += cases(
    "dict_chain8",
    "dictionary of parameters",
    "chain of actnorm, coupling, permutation",
    one_function,
    {
        key: ALL[key]
        for key in ("mean", "raw", "in_order", "order_again", "times", "order", "no_t", "no_bias", "joined", "assigned")
    },
    permuted=True,
    chain=True,
    layers=8,
    at=5,
    seed=221,
    size=0.5,
    lim=0.7,
    options=CLIP,
    right=(),
    also={"mean": {"dims": (6,)}},
)
CASES += cases(
    "dict_negative",
    "dictionary of parameters",
    "chain of actnorm, coupling, permutation",
    one_function,
    {"no_abs": "NO_ABSOLUTE_VALUE", "no_abs_anywhere": "NO_ABSOLUTE_VALUE"},
    permuted=True,
    chain=True,
    negative=True,
    layers=3,
    at=1,
    seed=231,
    options=CLIP,
    right=(),
)
