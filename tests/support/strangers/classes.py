"""Strangers who write classes with methods, some of which remember too much."""

import numpy as np

from .case import cases


class RealNVPBlock:
    """Two half steps, each with its own small network; s = lim * tanh(net)."""

    def __init__(self, dim, wrong, seed, lim):
        r = np.random.default_rng(seed)
        self.d, self.wrong, self.lim = dim // 2, wrong, lim
        n, m = self.d, dim - self.d
        self.p = {
            "1s": (r.normal(0, 0.8, (n, 8)), r.normal(0, 0.8, (8, m))),
            "1t": (r.normal(0, 0.8, (n, 8)), r.normal(0, 0.8, (8, m))),
            "2s": (r.normal(0, 0.8, (m, 8)), r.normal(0, 0.8, (8, n))),
            "2t": (r.normal(0, 0.8, (m, 8)), r.normal(0, 0.8, (8, n))),
        }
        self.remembered = {}

    def net(self, which, h):
        first, second = self.p[which]
        return np.tanh(h @ first) @ second

    def scale(self, which, h):
        return self.lim * np.tanh(self.net(which, h))

    def forward(self, z):
        z1, z2 = z[:, : self.d], z[:, self.d :]
        s1 = self.scale("1s", z1)
        x2 = z2 * np.exp(s1) + self.net("1t", z1)
        s2 = self.scale("2s", x2)
        x1 = z1 * np.exp(s2) + self.net("2t", x2)
        self.remembered = {"s1": s1, "s2": s2}
        ld = s1.sum(-1) + s2.sum(-1)
        if self.wrong == "only_second":
            ld = s2.sum(-1)
        if self.wrong == "both_minus":
            ld = -ld
        if self.wrong == "keepdims":
            ld = s1.sum(-1, keepdims=True) + s2.sum(-1, keepdims=True)
        if self.wrong == "raw_second":
            ld = s1.sum(-1) + self.lim * self.net("2s", x2).sum(-1)
        return np.concatenate([x1, x2], 1), ld

    def inverse(self, x):
        x1, x2 = x[:, : self.d], x[:, self.d :]
        s2 = self.scale("2s", x2)
        if self.wrong == "remembers" and len(self.remembered.get("s2", ())) == len(x):
            s2 = self.remembered["s2"]
        if self.wrong == "clip_forward":
            s2 = self.lim * self.net("2s", x2)
        z1 = (x1 - self.net("2t", x2)) * np.exp(-s2)
        source = x1 if self.wrong == "stale_half" else z1
        s1 = self.scale("1s", source)
        t1 = self.net("1t", source)
        z2 = (x2 - t1) * np.exp(s1 if self.wrong == "times" else -s1)
        ld = -(s1.sum(-1) + s2.sum(-1))
        if self.wrong == "only_second":
            ld = -s2.sum(-1)
        if self.wrong in ("both_minus", "not_negated"):
            ld = -ld
        if self.wrong == "keepdims":
            ld = ld[:, None]
        if self.wrong == "raw_second":
            ld = -(s1.sum(-1) + self.lim * self.net("2s", x2).sum(-1))
        return np.concatenate([z2, z1] if self.wrong == "joined_swapped" else [z1, z2], 1), ld


def block(dim, wrong="", seed=101, lim=1.2):
    """forward and inverse as bound methods."""
    b = RealNVPBlock(dim, wrong, seed, lim)
    return b.forward, b.inverse


class ActNorm:
    """A scale and a shift, as Glow initialises them from data."""

    def __init__(self, dim, wrong, seed):
        r = np.random.default_rng(seed)
        self.loc, self.log_scale, self.wrong = r.normal(0, 1, dim), r.normal(0, 0.5, dim), wrong

    def _logdet(self, v):
        if self.wrong == "std_for_var":
            return np.full(len(v), 2 * self.log_scale.sum())
        if self.wrong == "times_n":
            return np.full(len(v), len(v) * self.log_scale.sum())
        if self.wrong == "scalar":
            return self.log_scale.sum()
        return np.full(len(v), self.log_scale.sum())

    def forward(self, z):
        if self.wrong == "from_batch" and len(z) > 1:
            self.loc, self.log_scale = -z.mean(0), -np.log(z.std(0) + 0.3)
        return np.exp(self.log_scale) * (z + self.loc), self._logdet(z)

    def inverse(self, x):
        if self.wrong == "order":
            return (x - self.loc) * np.exp(-self.log_scale), -self._logdet(x)
        if self.wrong == "no_loc":
            return x * np.exp(-self.log_scale), -self._logdet(x)
        if self.wrong == "same_scale":
            return x * np.exp(self.log_scale) - self.loc, -self._logdet(x)
        return x * np.exp(-self.log_scale) - self.loc, -self._logdet(x)


def actnorm(dim, wrong="", seed=102):
    """The methods of one ActNorm."""
    layer = ActNorm(dim, wrong, seed)
    return layer.forward, layer.inverse


class BatchNorm:
    """Batch normalisation as a layer of a flow, at test time: z = (x - mean) / std in the inverse."""

    def __init__(self, dim, wrong, seed, eps):
        r = np.random.default_rng(seed)
        self.mean, self.var = r.normal(0, 1, dim), np.exp(r.normal(0, 1, dim))
        self.gamma, self.beta = np.exp(r.normal(0, 0.4, dim)), r.normal(0, 1, dim)
        self.eps, self.wrong = eps, wrong

    def _ld(self, mean_var):
        half = 1.0 if self.wrong == "no_half" else 0.5
        gamma = 0 if self.wrong == "no_gamma" else np.log(self.gamma).sum()
        return gamma - half * np.log(mean_var + self.eps).sum()

    def forward(self, z):
        mean, var = self.mean, self.var
        if self.wrong == "batch" and len(z) > 1:
            mean, var = z.mean(0), z.var(0)
        x = self.gamma * (z - mean) / np.sqrt(var + self.eps) + self.beta
        return x, np.full(len(z), self._ld(var))

    def inverse(self, x):
        u = x if self.wrong == "no_beta" else x - self.beta
        u = u / self.gamma
        std = np.sqrt(self.var if self.wrong == "no_eps" else self.var + self.eps)
        if self.wrong == "var_for_std":
            std = self.var + self.eps
        return u * std + self.mean, np.full(len(x), -self._ld(self.var))


def batchnorm(dim, wrong="", seed=103, eps=1e-2):
    """The methods of one BatchNorm."""
    layer = BatchNorm(dim, wrong, seed, eps)
    return layer.forward, layer.inverse


CASES = cases(
    "class_block",
    "class with methods",
    "affine coupling",
    block,
    {
        "only_second": "LAST_LAYER LAYER_LEFT_OUT",
        "both_minus": "SIGN_IN_BOTH",
        "keepdims": "KEPT_AXIS",
        "raw_second": "UNCLAMPED",
        "remembers": "DEPENDS_ON_CALLS",
        "clip_forward": "CLAMP_IN_FORWARD",
        "stale_half": "CHANGED_HALF",
        "times": "MULTIPLIES",
        "not_negated": "NOT_NEGATED",
        "joined_swapped": "HALVES_SWAPPED",
    },
    chain=True,
    right=({}, {"dims": (2, 6)}, {"lim": 3.0, "seed": 110}),
)
CASES += cases(
    "class_actnorm",
    "class with methods",
    "actnorm",
    actnorm,
    {
        "std_for_var": "FACTOR_TWO MULTIPLIED",
        "times_n": "SUMMED_OVER_BATCH DEPENDS_ON_BATCH",
        "scalar": "SHAPE",
        "from_batch": "INITIALISED_AGAIN BATCH_STATISTICS",
        "order": "WRONG_ORDER",
        "no_loc": "SHIFT_NOT_UNDONE",
        "same_scale": "MULTIPLIES",
    },
    right=({}, {"dims": (1, 6)}),
    also={"order": {"dims": (1,)}, "std_for_var": {"dims": (1, 5)}},
)
CASES += cases(
    "class_batchnorm",
    "class with methods",
    "batchnorm",
    batchnorm,
    {
        "no_half": "FACTOR_TWO LOG_DET_FORMULA OFF_BY_CONSTANT",
        "no_gamma": "OFF_BY_CONSTANT LOG_DET_FORMULA LAYER_LEFT_OUT",
        "batch": "BATCH_STATISTICS",
        "no_beta": "SHIFT_NOT_UNDONE",
        "no_eps": "RESCALING SCALE_NOT_UNDONE",
        "var_for_std": "FACTOR_TWO RESCALING SCALE_NOT_UNDONE",
    },
    right=({}, {"eps": 1e-5, "seed": 120}),
    also={"no_eps": {"eps": 0.1}},
)
