"""Strangers who rebuild torch in NumPy: Module, Linear, Sequential, masks with register_buffer manners."""

import numpy as np

from .case import cases


class Linear:
    """y = x W^T + b."""

    def __init__(self, n_in, n_out, r, gain=1.0):
        self.weight = gain * r.normal(0, 1 / np.sqrt(max(n_in, 1)), (n_out, n_in))
        self.bias = 0.2 * r.normal(size=n_out)

    def __call__(self, x):
        return x @ self.weight.T.astype(x.dtype) + self.bias.astype(x.dtype)


class Tanh:
    """The activation."""

    def __call__(self, x):
        return np.tanh(x)


class Sequential:
    """One after another."""

    def __init__(self, *parts):
        self.parts = parts

    def __call__(self, x):
        for part in self.parts:
            x = part(x)
        return x


class MaskedCoupling:
    """RealNVP as in the tutorials: x = b*z + (1-b)*(z*exp(s) + t), s and t of b*z."""

    def __init__(self, mask, r, gain):
        d = len(mask)
        self.mask = mask
        self.s_net = Sequential(Linear(d, 16, r), Tanh(), Linear(16, d, r, gain), Tanh())
        self.t_net = Sequential(Linear(d, 16, r), Tanh(), Linear(16, d, r, gain))

    def st(self, kept, m):
        return self.s_net(kept) * (1 - m), self.t_net(kept) * (1 - m)

    def forward(self, z, wrong=""):
        m = self.mask.astype(z.dtype)
        s, t = self.st(z * m, m)
        x = m * z + (1 - m) * (z * np.exp(s) + t)
        if wrong == "unmasked_s":
            s = self.s_net(z * m)
        if wrong == "mean":
            return x, s.mean(1)
        if wrong == "exp":
            return x, np.exp(s).sum(1)
        if wrong == "minus":
            return x, -s.sum(1)
        return x, s.sum(1)

    def inverse(self, x, wrong=""):
        m = self.mask.astype(x.dtype)
        s, t = self.st(x * (1 - m) if wrong == "other_mask" else (x if wrong == "no_mask" else x * m), m)
        if wrong == "order":
            z = m * x + (1 - m) * (x * np.exp(-s) - t)
        elif wrong == "times":
            z = m * x + (1 - m) * (x - t) * np.exp(s)
        elif wrong == "no_t":
            z = m * x + (1 - m) * x * np.exp(-s)
        else:
            z = m * x + (1 - m) * (x - t) * np.exp(-s)
        if wrong == "unmasked_s":
            s = self.s_net(x * m)
        ld = {"mean": -s.mean(1), "exp": -np.exp(s).sum(1), "minus": s.sum(1), "plus": s.sum(1)}.get(wrong, -s.sum(1))
        return z, ld


class Flow:
    """The chain, with flow.forward and flow.inverse."""

    def __init__(self, layers, wrong, at):
        self.layers, self.wrong, self.at = layers, wrong, at

    def forward(self, z):
        log_det = np.zeros(z.shape[0], z.dtype)
        for i, layer in enumerate(self.layers):
            z, ld = layer.forward(z, self.wrong if i == self.at else "")
            if self.wrong == "overwritten":
                log_det = ld
            elif self.wrong == "skips" and i == self.at:
                continue
            else:
                log_det = log_det + ld
        if self.wrong == "float64":
            log_det = log_det.astype(np.float64) * np.float64(1)
        return z, log_det

    def inverse(self, x):
        log_det = np.zeros(x.shape[0], x.dtype)
        numbers = range(len(self.layers))
        for i in numbers if self.wrong == "in_order" else reversed(numbers):
            x, ld = self.layers[i].inverse(x, self.wrong if i == self.at else "")
            if self.wrong == "overwritten":
                log_det = ld
            elif self.wrong == "skips" and i == self.at:
                continue
            else:
                log_det = log_det + ld
        return x, log_det


def torch_flow(dim, wrong="", seed=151, layers=4, gain=1.0, at=1, mask="alternating", as_list=False):
    """Masked couplings; the mistake is in layer `at`."""
    r = np.random.default_rng(seed)
    blocks = []
    for i in range(layers):
        if mask == "alternating":
            m = (np.arange(dim) + i) % 2
        elif mask == "halves":
            m = (np.arange(dim) < dim / 2) if i % 2 else (np.arange(dim) >= dim / 2)
        else:
            m = np.zeros(dim)
            m[r.permutation(dim)[: max(1, dim // 2)]] = 1
        blocks.append(MaskedCoupling(m.astype(float), r, gain))
    if as_list:
        return [
            (lambda z, b=b, w=wrong * (i == at): b.forward(z, w), lambda x, b=b, w=wrong * (i == at): b.inverse(x, w))
            for i, b in enumerate(blocks)
        ]
    flow = Flow(blocks, wrong, at)
    return flow.forward, flow.inverse


F32 = {"options": {"dtype": "float32"}}
CASES = cases(
    "torch_chain",
    "torch-like modules",
    "affine coupling with masks",
    torch_flow,
    {
        "unmasked_s": "LOG_DET_FORMULA",
        "mean": "MEAN",
        "exp": "EXP_SUMMED",
        "minus": "SIGN_IN_BOTH SIGN",
        "plus": "NOT_NEGATED",
        "no_mask": "CHANGED_HALF",
        "other_mask": "CHANGED_HALF",
        "order": "WRONG_ORDER",
        "times": "MULTIPLIES",
        "no_t": "SHIFT_NOT_UNDONE",
        "overwritten": "LAST_LAYER",
        "skips": "LAYER_LEFT_OUT",
        "in_order": "LAYERS_IN_ORDER",
        "float64": "FLOAT64_LEAK",
    },
    chain=True,
    also={"float64": F32},
    right=(
        {},
        {"layers": 32, "gain": 0.3, "seed": 160},
        {"layers": 12, "seed": 161, "dims": (2, 5)},
        {"mask": "halves", "layers": 6},
        {"mask": "random", "seed": 163},
        {"seed": 164, **F32},
        {"layers": 8, "gain": 0.5, "seed": 165, **F32},
    ),
)
CASES += cases(
    "torch_random_mask",
    "torch-like modules",
    "affine coupling with masks",
    torch_flow,
    {"order": "WRONG_ORDER", "no_mask": "CHANGED_HALF", "skips": "LAYER_LEFT_OUT", "in_order": "LAYERS_IN_ORDER"},
    chain=True,
    mask="random",
    layers=12,
    gain=0.6,
    seed=171,
    right=({"dims": (6,)},),
)
CASES += cases(
    "torch_single",
    "torch-like modules",
    "affine coupling with masks",
    torch_flow,
    {
        "mean": "MEAN",
        "order": "WRONG_ORDER",
        "times": "MULTIPLIES",
        "unmasked_s": "LOG_DET_FORMULA",
        "plus": "NOT_NEGATED",
        "no_mask": "CHANGED_HALF",
    },
    layers=1,
    at=0,
    seed=181,
    dims=(2, 5),
)
CASES += cases(
    "torch_list",
    "list of pairs",
    "affine coupling with masks",
    torch_flow,
    {"exp": "EXP_SUMMED", "no_t": "SHIFT_NOT_UNDONE", "times": "MULTIPLIES", "minus": "SIGN_IN_BOTH SIGN"},
    chain=True,
    as_list=True,
    seed=191,
    layers=3,
)
