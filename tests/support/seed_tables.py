"""What `fit` sees in tables, as numbers: recorded and dependent columns, equal rows, far rows, tails, correlations; and
the numbers that its warnings name. For seed_numbers.py.
"""

from __future__ import annotations

import re
import warnings

import numpy as onp


def rng(seed=0):
    return onp.random.default_rng(seed)


def tables():
    """{name: rows}, each with something to see."""
    u, v = rng(1).normal(size=(2, 400))
    whole = rng(2).integers(0, 40, size=400).astype(float)
    t = onp.linspace(0.1, 3.0, 400)[rng(3).permutation(400)]
    some = rng(4).random(400)
    return {
        "normal": [u, v],
        "whole numbers": [u, whole, 0.25 * whole + 7.0],
        "rounded": [u.round(1), onp.where(some < 0.8, whole, u.round(2))],
        "heaps": [onp.maximum(u, 0.0), onp.clip(v, -0.5, 0.5), onp.where(some < 0.03, 2.5, u)],
        "repeated values": [onp.repeat(u[:80], 5), onp.repeat(v[:50], 8)],
        "copies": [onp.resize(u[:390], 400), onp.resize(v[:390], 400)],
        "copies of levels": [onp.resize(whole[:200], 400), onp.resize(u[:200], 400)],
        "a plane": [u, v, 2.0 * u - v + 3.0, 1e6 * v],
        "nearly a plane": [u, v, u + v + 5e-6 * some, v + 5e-5 * some],
        "curves": [t, t**2, onp.exp(-t), onp.sin(2.0 * t), onp.log(t) + 1e-9 * u],
        "powers": [1.0 + some, 2.0 + t, (1.0 + some) * (2.0 + t) ** -2, (1.0 + some) ** 0.5],
        "steps": [t, onp.cumsum(some)[onp.argsort(onp.argsort(t))]],
        "tails": [rng(5).standard_t(1.5, size=400), rng(6).standard_t(4.0, size=400), u],
        "far rows": [onp.where(onp.arange(400) == 7, 500.0, u), onp.where(onp.arange(400) % 90 == 3, -80.0, v)],
        "few rows": [u[:12], v[:12], (u + v)[:12]],
        "a constant": [u, onp.full(400, 3.0), onp.where(onp.arange(400) == 9, 3.0, 3.0 + 1e-15)],
        "unequal scales": [1e-12 * u, 1e8 * v + 1e9, whole * 1e-18],
    }


def seen_in(columns):
    """All that is computed of a table, one number after the other."""
    from nfscratch.bijections.normalize import remainder, statistics, whiten
    from nfscratch.distributions import fitted_tails
    from nfscratch.training import curved, dependent, discrete, remedies, repeated
    from nfscratch.training.held_out import Rows

    x = onp.stack(columns, axis=1)
    found = [value for column, of in sorted(dependent.dependent_columns(x).items()) for value in (column, of or -1)]
    for column, words in curved.curved_columns(x).items():
        found += [column, len(words), *map(int, re.findall(r"\d+", words))]
    for column, what in discrete.recorded_columns(x).items():
        found += [column, what.step, what.value, what.share, what.levels, what.rows]
    found += [*discrete.recording_steps(x), *discrete.on_coarse_grids(x), *remedies.farthest(x)]
    groups = repeated.groups_of(Rows(x, None, None, onp.arange(len(x))))
    found += [-1.0] if groups is None else [groups.max(), groups @ onp.cos(onp.arange(len(groups)))]
    found += [float((repeated.row_hashes(x, x[:, :1]) >> onp.uint64(40)).sum())]
    for kind in ("moments", "robust"):
        mean, std = statistics.centre_and_scale(x, "Mine", kind)
        found += [*mean, *std, len(whiten.groups((x - mean) / std))]
        found.append(float(whiten.Whiten(x.shape[1], kind).init(rng(), x)["fixed"]["share"]))
    u = (x - mean) / std
    W, s = remainder.predictions(u, len(u))
    return [float(v) for v in [*found, W.sum(), *s, *onp.ravel(fitted_tails.heavy_tails(u))]]


def numbers_in(call):
    """The numbers that the warnings of a call name."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    return [float(n) for w in caught for n in re.findall(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?", str(w.message))]


def warned():
    """{name: a call that warns}."""
    import nfscratch as nf

    flow, x = nf.flows.real_nvp(2, layers=2, hidden=(4,), activation="relu"), rng(1).normal(size=(60, 2))
    once = {"rng": 0, "steps": 20, "progress": False, "batch_size": 16}
    fit = lambda x=x, flow=flow, **options: nf.fit(flow, x, **{**once, **options})  # noqa: E731
    levels = onp.concatenate([rng(2).integers(0, 5, size=(60, 4)), onp.maximum(x, 0.0)], axis=1)
    few = x[:30]
    return {
        "worse than the start": lambda: fit(optimizer=nf.adam(0.3), validation=x[:20] * 3.0 + 4.0),
        "an explosion": lambda: fit(optimizer=nf.adam(1.0), steps=60, clip=1.0),
        "a divergence": lambda: fit(onp.concatenate([x, [[1e4, 0.0]]]), optimizer=nf.adam(100.0)),
        "levels": lambda: fit(levels, nf.flows.linear(6), steps=1),
        "copies": lambda: fit(onp.concatenate([x, x[:5]]), steps=1),
        "a plane": lambda: fit(onp.stack([x[:, 0], 2.0 * x[:, 0] + 1.0], axis=1), steps=1),
        "four rows": lambda: fit(x[:4], steps=1),
        "folds": lambda: fit(few, steps=None, batch_size=8),
        "too few for folds": lambda: fit(few[:6], steps=None),
        "no gain": lambda: nf.fit(flow, x, rng=0, progress=False, seconds=1e-9),
        "density 0": lambda: fit(validation=onp.where(onp.arange(9)[:, None] < 7, 1e300, x[:9])),
        "no held-out rows": lambda: fit(optimizer=nf.adam(3.0), steps=60, validation=None, batch_size=8, clip=1.0),
    }
