"""Strangers' MADE networks: masked weights, used forward (IAF) or backward (MAF), alone and stacked with reversals."""

import numpy as np

from .case import cases


class MADE:
    """One hidden layer; degrees 1..D-1 for hidden units; two outputs for every column."""

    def __init__(self, dim, hidden, r, gain, wrong=""):
        deg_in = np.arange(1, dim + 1)
        deg_h = 1 + np.arange(hidden) % max(1, dim - 1)
        m1 = deg_h[:, None] >= deg_in[None, :]
        m2 = deg_in[:, None] > deg_h[None, :]
        if wrong == "sees_itself":
            m2 = deg_in[:, None] >= deg_h[None, :]
        if wrong == "no_mask":
            m2 = np.ones_like(m2)
        self.W1 = m1 * r.normal(0, 0.7, m1.shape)
        self.Ws, self.Wt = m2 * r.normal(0, gain, m2.shape), m2 * r.normal(0, 0.5, m2.shape)
        self.b, self.bs, self.bt = r.normal(0, 0.5, hidden), r.normal(0, 0.3, dim), r.normal(0, 0.5, dim)

    def __call__(self, v):
        h = np.tanh(v @ self.W1.T + self.b)
        raw = h @ self.Ws.T + self.bs
        return raw, 1.5 * np.tanh(raw / 1.5), h @ self.Wt.T + self.bt


def made_flow(dim, wrong="", seed=701, layers=1, at=0, way="iaf", reverse=False, gain=0.5, hidden=12):
    """way: "iaf", fast z -> x; "maf", fast x -> z. With reverse, the columns turn round after every layer."""
    r = np.random.default_rng(seed)
    nets = [MADE(dim, hidden, r, gain, wrong if i == at else "") for i in range(layers)]

    def total(raw, s, bad):
        if bad == "raw":
            return raw.sum(1)
        if bad == "mean":
            return s.mean(1)
        if bad == "exp":
            return np.exp(s).sum(1)
        if bad == "half":
            return s[:, : dim // 2].sum(1)
        return s.sum(1)

    def fast(net, v, bad, undo):
        """All columns at once, from v itself."""
        raw, s, t = net(v)
        if not undo:
            return v * np.exp(s) + t, total(raw, s, bad)
        if bad == "order":
            return v * np.exp(-s) - t, total(raw, s, bad)
        if bad == "times":
            return (v - t) * np.exp(s), total(raw, s, bad)
        if bad == "no_shift":
            return v * np.exp(-s), total(raw, s, bad)
        if bad == "unclamped":
            return (v - t) * np.exp(-raw), total(raw, s, bad)
        return (v - t) * np.exp(-s), total(raw, s, bad)

    def slow(net, v, bad, undo):
        """Column after column, each pass from what is known so far."""
        out = np.zeros_like(v)
        passes = {"one_pass": 1, "short": dim - 1, "two": 2}.get(bad, dim)
        for _ in range(passes):
            raw, s, t = net(out)
            if undo and bad == "order":
                out = v * np.exp(-s) - t
            elif undo and bad == "times":
                out = (v - t) * np.exp(s)
            elif undo and bad == "no_shift":
                out = v * np.exp(-s)
            elif undo and bad == "unclamped":
                out = (v - t) * np.exp(-raw)
            else:
                out = (v - t) * np.exp(-s) if undo else v * np.exp(s) + t
        raw, s, t = net(v if bad == "at_x" and undo else out)
        return out, total(raw, s, bad)

    def forward(z):
        ld = np.zeros(len(z))
        for i, net in enumerate(nets):
            bad = wrong if i == at else ""
            z, term = (fast if way == "iaf" else slow)(net, z, bad, False)
            ld = term if wrong == "overwritten" else ld + (0 if bad == "left_out" else term)
            z = z[:, ::-1] if reverse else z
        return z, ld

    def inverse(x):
        ld = np.zeros(len(x))
        for i in range(layers) if wrong == "in_order" else range(layers - 1, -1, -1):
            bad = wrong if i == at else ""
            if reverse and bad != "not_reversed":
                x = x[:, ::-1]
            x, term = (slow if way == "iaf" else fast)(nets[i], x, bad, True)
            if wrong == "overwritten":
                ld = -term if i == layers - 1 else ld
            else:
                ld = ld - (0 if bad == "left_out" else -term if bad == "plus" else term)
        return x, ld

    return forward, inverse


CASES = cases(
    "made_iaf",
    "MADE",
    "affine autoregressive",
    made_flow,
    {
        "sees_itself": "SEES_LATER",
        "no_mask": "SEES_LATER",
        "raw": "UNCLAMPED",
        "mean": "MEAN",
        "half": "TERMS_LEFT_OUT",
        "one_pass": "TOO_FEW_PASSES",
        "two": "TOO_FEW_PASSES",
        "short": "TOO_FEW_PASSES",
        "order": "WRONG_ORDER",
        "no_shift": "SHIFT_NOT_UNDONE",
        "unclamped": "CLAMP_IN_FORWARD",
        "at_x": "AT_X",
    },
    right=({}, {"dims": (2, 6)}, {"gain": 2.0, "seed": 710}),
    also={"mean": {"dims": (2, 5)}, "unclamped": {"gain": 0.9}, "raw": {"gain": 0.9}},
)
CASES += cases(
    "made_maf",
    "MADE",
    "affine autoregressive",
    made_flow,
    {
        "sees_itself": "SEES_LATER",
        "order": "WRONG_ORDER",
        "times": "MULTIPLIES",
        "no_shift": "SHIFT_NOT_UNDONE",
        "exp": "EXP_SUMMED",
        "raw": "UNCLAMPED",
        "plus": "NOT_NEGATED",
    },
    way="maf",
    seed=721,
    gain=0.8,
)
CASES += cases(
    "made_stack",
    "MADE",
    "affine autoregressive",
    made_flow,
    {
        "not_reversed": "PERMUTATION",
        "overwritten": "LAST_LAYER",
        "left_out": "LAYER_LEFT_OUT",
        "in_order": "LAYERS_IN_ORDER",
        "mean": "MEAN",
        "order": "WRONG_ORDER",
        "times": "MULTIPLIES",
        "no_shift": "SHIFT_NOT_UNDONE",
        "plus": "NOT_NEGATED",
        "unclamped": "CLAMP_IN_FORWARD",
    },
    permuted=True,
    chain=True,
    reverse=True,
    layers=4,
    at=1,
    way="maf",
    seed=731,
    gain=0.8,
    right=({}, {"layers": 8, "seed": 740, "gain": 0.4}),
)
CASES += cases(
    "iaf_stack",
    "MADE",
    "affine autoregressive",
    made_flow,
    {
        "one_pass": "TOO_FEW_PASSES",
        "in_order": "LAYERS_IN_ORDER",
        "not_reversed": "PERMUTATION",
        "raw": "UNCLAMPED",
        "at_x": "AT_X",
        "order": "WRONG_ORDER",
    },
    permuted=True,
    chain=True,
    reverse=True,
    layers=3,
    at=1,
    seed=751,
    gain=0.7,
    right=({}, {"layers": 5, "dims": (3,), "seed": 760}),
)
