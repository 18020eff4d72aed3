"""Runs that are stopped at chosen steps, and called again until they are done."""

import signal
from dataclasses import dataclass

import numpy as onp

import nfscratch as nf

DATA = onp.random.default_rng(0).normal(size=(300, 2)) @ [[1.0, 0.8], [0.0, 0.6]] * [2.0, 0.5] + [3.0, -1.0]
CONTEXT = onp.random.default_rng(1).normal(size=(300, 3))
STEPS = 40
CUT = {"steps": iter(()), "how": None, "next": None}


@dataclass(frozen=True)
class Cutting(nf.Adam):
    """An optimizer that stops the run at the steps that CUT says, in the way that it says."""

    def step(self, p, g, state, factor=1.0):
        super().step(p, g, state, factor)
        if state["t"] == CUT["next"]:
            CUT["next"] = next(CUT["steps"], None)
            CUT["how"]()


def interrupt():
    signal.raise_signal(signal.SIGINT)


def abort():
    raise KeyboardInterrupt


@dataclass(frozen=True, eq=False)
class Average(nf.ActNorm):
    """An ActNorm with a running mean of what it saw, stored under "fixed"."""

    updates = True

    def init(self, rng, x=None, context=None):
        fixed = {"count": onp.zeros((), dtype=int), "mean": nf.backend.asarray(onp.zeros(self.dim))}
        return {**super().init(rng, x), "fixed": fixed}

    def inverse_vjp(self, params, x, context=None, rng=None):
        return nf.Bijection.inverse_vjp(self, params, x, context, rng)

    def inverse(self, params, x, context=None, rng=None):
        return super().inverse({**params, "shift": params["shift"] + 0.01 * params["fixed"]["mean"]}, x)

    def update(self, params, x, context=None):
        count, mean = params["fixed"]["count"], params["fixed"]["mean"]
        return {**params, "fixed": {"count": count + 1, "mean": 0.9 * mean + 0.1 * x.mean(axis=0)}}


def flow(*, middle=nf.ActNorm, **options):
    layers = nf.flows.coupling_layers(2, nf.Affine(), nf.MLP((8,)), 2, options.get("context_dim", 0))
    return nf.Flow(nf.GaussianMixture(2, 2), nf.Chain([*layers, middle(2), nf.Standardize(2)]), options.get("embed"))


RUNS = {
    "validation share, jitter, ActNorm": (flow(), {"jitter": 0.1, "evaluate_every": 7}),
    "no validation": (flow(), {"validation": None, "jitter": [0.1, 0.0], "clip": 1.0}),
    "validation rows, patience": (flow(), {"validation": DATA[:50], "patience": 3, "evaluate_every": 4, "rate": 0.15}),
    "updates": (flow(middle=Average), {"validation": 0.3, "evaluate_every": 5}),
    "context, embedding": (flow(context_dim=2, embed=nf.MLP((4,))), {"context": CONTEXT, "jitter": 0.2}),
    "whole batches, weight decay": (flow(), {"batch_size": 1000, "x": DATA[:60], "weight_decay": 0.1}),
}


def fit(run, path=None, every=None, seed=0, **changes):
    flow, options = RUNS[run]
    options = {"steps": STEPS, "batch_size": 32, "rate": 0.02, "weight_decay": 0.0, **options, **changes}
    options["optimizer"] = Cutting(options.pop("rate"), weight_decay=options.pop("weight_decay"))
    generator = seed if isinstance(seed, onp.random.Generator) else onp.random.default_rng(seed)
    return nf.fit(flow, options.pop("x", DATA), rng=generator, checkpoint=path, checkpoint_every=every, **options)


def same(a, b):
    if isinstance(a, dict):
        return sorted(a) == sorted(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def identical(a, b):
    assert a.history == b.history and (a.best_step, a.stopped) == (b.best_step, b.stopped)
    assert same(a.params, b.params)


def cut_and_resumed(run, path, steps, how, **options):
    """The result of calling fit until it is done, while it is stopped at `steps`."""
    CUT.update(steps=iter(steps), how=how)
    CUT["next"] = next(CUT["steps"], None)
    for calls in range(1, 20):
        try:
            result = fit(run, path, **options)
        except KeyboardInterrupt:
            continue
        if result.ended is not nf.Ended.INTERRUPTED:
            return result, calls
    raise AssertionError("20 calls, and not done")
