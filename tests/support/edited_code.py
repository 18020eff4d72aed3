"""Code of a user that the tests of check/repair/ write into files, import and repair."""

import importlib.util
from pathlib import Path
from textwrap import dedent

import numpy as onp

from nfscratch.check.draws import groups_of

COUPLING = """
    import numpy as np

    rng = np.random.default_rng(0)
    W, V = rng.normal(size=(2, 8)), rng.normal(size=(8, 4)) * 0.4
    SCALE = 1.5


    class Net:
        def __init__(self, first, last):
            self.first, self.last = first, last

        def __call__(self, h):
            out = np.tanh(h @ self.first) @ self.last
            return SCALE * np.tanh(out[:, :2]), out[:, 2:]


    def halves(a):
        return a[:, :2], a[:, 2:]


    def make(net, order):
        back = np.argsort(order)

        def forward(z):
            kept, moved = halves(z)
            s, t = net(kept)
            x = np.concatenate([kept, moved * np.exp(s) + t], axis=1)
            return x[:, order], s.sum(axis=1)

        def inverse(x):
            kept, moved = halves(x[:, back])
            s, t = net(kept)
            log_det = -s.sum(axis=1)
            moved = moved - t
            moved = moved * np.exp(-s)
            return np.concatenate([kept, moved], axis=1), log_det

        return forward, inverse


    forward, inverse = make(Net(W, V), np.array([1, 2, 0, 3]))
"""
LOOPS = """
    import numpy as np

    rng = np.random.default_rng(1)
    turns = np.linalg.qr(rng.normal(size=(3, 4, 4)))[0]
    LAYERS = [(rng.normal(size=4) * 0.3, rng.normal(size=4), turn) for turn in turns]


    def softplus(a):
        return np.log1p(np.exp(-np.abs(a))) + np.maximum(a, 0)


    def forward(z):
        log_det = np.zeros(len(z))
        for log_scale, shift, turn in LAYERS:
            z = (z * np.exp(log_scale) + shift) @ turn.T
            log_det += log_scale.sum()
            slope = 1 + 0.5 * (1 - np.tanh(z) ** 2)
            z = z + 0.5 * np.tanh(z)
            log_det += np.log(slope).sum(axis=1)
        return z, log_det


    def root(y):
        low, high = y - 0.6, y + 0.6
        for _ in range(60):
            middle = (low + high) / 2
            below = middle + 0.5 * np.tanh(middle) < y
            low, high = np.where(below, middle, low), np.where(below, high, middle)
        return (low + high) / 2


    def inverse(x):
        log_det = np.zeros(len(x))
        for log_scale, shift, turn in reversed(LAYERS):
            x = root(x)
            log_det -= np.log(1 + 0.5 * (1 - np.tanh(x) ** 2)).sum(axis=1)
            x = (x @ turn - shift) * np.exp(-log_scale)
            log_det -= log_scale.sum()
        return x, log_det
"""


def module_of(text, folder, name):
    path = folder / f"{name}.py"
    path.write_text(dedent(text))
    # the compiled code of a text as long, written in the same second, would be taken for this one's
    Path(importlib.util.cache_from_source(path)).unlink(missing_ok=True)
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def trial_of(module, dim=4, **declared):
    options = {"params": None, "context": None, "dtype": None, "draws": 1, "radii": (0.3, 1.0)}
    rng = onp.random.default_rng(0)
    return groups_of((module.forward, module.inverse), (dim,), rng, declared, options)[0][0].trials[0]
