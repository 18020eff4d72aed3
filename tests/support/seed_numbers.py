"""What seeds give: the numbers of every case, distribution, network, recipe and trainer, each as a few sums.

    python tests/support/seed_numbers.py        writes tests/data/seed_numbers.json anew

Whoever repeats a run, or draws of a fresh flow, expects the numbers of before. A change of this file says which of them
a change of the code has moved: a start, a constant of a formula, the order of the draws. It is written anew where that
was meant, and CHANGELOG.md says so.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path

import numpy as onp

HERE = Path(__file__).resolve().parent
PATH = HERE.parent / "data" / "seed_numbers.json"
DIM = 5


def rng(seed=0):
    return onp.random.default_rng(seed)


def sums(tree):
    """A number for each array of a tree, which no entry leaves unmoved, nor the order of the entries."""
    from nfscratch import trees

    found = []
    for leaf in trees.leaves(tree):
        flat = onp.ravel(onp.asarray(leaf, dtype=onp.float64))
        found.append(float(onp.nan_to_num(flat) @ onp.cos(1.0 + onp.arange(flat.size))))
    return found


def moved(params):
    """Parameters near those of a start, where many layers are the identity. What is stored stays."""
    from nfscratch import trees

    draws = rng(7)
    return trees.map_leaves(lambda leaf: leaf + 0.1 * draws.normal(size=leaf.shape), params, fixed=lambda leaf: leaf)


def of_case(case):
    """The parameters that a batch starts, and what the layer makes of points."""
    bijection, params, z, context = case.example(DIM, n=4)
    with onp.errstate(all="ignore"):
        x = rng(1).normal(size=(50, *bijection.out_shape)) * 3.0 + 1.0
        cs = rng(2).normal(size=(50, bijection.context_dim)) if bijection.context_dim else None
        return sums([bijection.init(rng(), x, cs), bijection.forward_value(params, z, context)])


def of_distribution(base):
    start = base.init(rng())
    params = moved(start)
    z = base.sample(params, rng(3), 5)
    return sums([start, z, base.log_prob(params, z)])


def of_network(network, sizes):
    params = network.init(rng(), *sizes)
    start = network.init_features(rng(1), *sizes[:2]) if hasattr(network, "init_features") and len(sizes) < 3 else {}
    moved = network.init_features(rng(2), *sizes[:2]) if start else params
    x = rng(3).normal(size=(4, sizes[0]))
    return sums([params, start, network.apply(moved, x)])


def of_flow(flow):
    embeds = flow.embed is not None or flow.context_dim > 0
    width = None if not embeds else (16 if flow.embed is not None and flow.context_width(None) is None else None)
    context = None if not flow.context_dim else rng(2).normal(size=(8, width or flow.context_width(None) or 4))
    levels = getattr(getattr(flow.base, "conditional", None), "n_levels", 0) or (4 if len(flow.shape) == 3 else 0)
    whole = rng(1).integers(0, levels or 2, size=(8, *flow.shape))
    x = rng(1).normal(size=(8, *flow.shape)) if not levels else whole / (1 if levels == 4 else levels - 1)
    start = flow.init(rng(), x, context)
    params = flow.update(moved(start), x, context) if flow.updates else moved(start)
    draws = flow.sample(params, rng(3), 2, None if context is None else context[:2])
    return sums([start, flow.log_prob(params, x, context), draws])


def of_run(result):
    names = sorted(result.history)
    return [float(result.best_step or 0), *sums([result.history[name] for name in names]), *sums(result.params)]


def distributions():
    import nfscratch as nf

    made = lambda law: nf.AutoregressiveDensity(3, law, nf.MADE((6,)))  # noqa: E731
    bases = [nf.StandardNormal(3), nf.DiagonalNormal(3), nf.StudentT(3), nf.FittedTails(3), nf.StandardLogistic(3)]
    bases += [nf.GaussianMixture(3, 4), made(nf.Gaussian()), made(nf.MixtureOfGaussians(3)), made(nf.Categorical(4))]
    bases += [made(nf.Bernoulli()), nf.MaskEnsemble(made(nf.Gaussian()), 3, 1)]
    return {f"{k} {type(base).__name__}": base for k, base in enumerate(bases)}


def networks():
    import nfscratch as nf

    found = {f"MLP {act}": (nf.MLP((6, 5), act), (4, 3)) for act in ("relu", "tanh", "elu", "gelu", "silu", "lipswish")}
    return {
        **found,
        "MADE": (nf.MADE((7, 6), "tanh", 0.4), (4, 8)),
        "Heads": (nf.Heads((nf.MLP((5,)), nf.MLP((4,)))), (4, 4)),
        "ConvFeatures": (nf.ConvFeatures((1, 4, 4), (3, 2), (5,)), (16, 3)),
        "ConvDecoder": (nf.ConvDecoder((1, 4, 4), (3, 2), (5,)), (3, 16)),
        "LipschitzMLP": (nf.LipschitzMLP((6, 5)), (3, 3)),
        "ProbabilityFlow": (nf.ProbabilityFlow(), (3,)),
        "Field": (nf.Field(nf.MLP((6,), "tanh"), 2), (3,)),
    }


def runs():
    """A few steps of each trainer and objective, on few rows."""
    import nfscratch as nf

    x = rng(4).normal(size=(60, 2)) @ [[1.0, 0.8], [0.0, 0.6]] + [3.0, -1.0]
    small = nf.flows.real_nvp(2, layers=2, hidden=(4,))
    context, weights = x[:, :1] * 0.5, onp.arange(60.0) % 4
    once = {"steps": 6, "batch_size": 16, "evaluate_every": 3, "progress": False}
    fit = lambda flow=small, **options: nf.fit(flow, x, rng=0, **{**once, **options})  # noqa: E731
    continuous = nf.flows.continuous(2, field=nf.Field(nf.MLP((4,), "tanh"), 2), solver=nf.ode.RK4(2))
    denoised = nf.flows.continuous(2, field=nf.ProbabilityFlow(nf.Field(nf.MLP((4,), "tanh"), 2)))
    matched = {"objective": nf.objectives.FlowMatching("optimal"), "validation": None}
    MLP = nf.MLP((4,))
    return {
        "fit": fit,
        "fit, weights": lambda: fit(weights=weights, clip=0.5, optimizer=nf.adam(1e-2, weight_decay=0.1)),
        "fit, context": lambda: fit(nf.flows.maf(2, layers=1, hidden=(4,), context_dim=1), context=context),
        "fit, jitter": lambda: fit(jitter=0.1, validation=x[:9], schedule=nf.constant),
        "fit, epochs": lambda: fit(steps=None, epochs=2, evaluate_every=None),
        "fit, its own length": lambda: fit(steps=None, batch_size=None, evaluate_every=None, callback=at_step(20)),
        "fit, running statistics": lambda: fit(nf.flows.maf(2, layers=2, hidden=(4,), batch_norm=True)),
        "fit, residual": lambda: fit(nf.flows.residual(2, layers=1, hidden=(4,), log_det="roulette")),
        "fit, flow matching": lambda: fit(continuous, **matched),
        "fit, score matching": lambda: fit(denoised, objective=nf.objectives.ScoreMatching()),
        "fit_model": lambda: nf.fit_model(nf.models.AutoEncoder(MLP, MLP, 1), x, rng=0, **once),
        "fit_gan": lambda: nf.fit_gan(nf.models.GAN(MLP, MLP, 1), x, rng=0, **once),
        "fit_vae": lambda: nf.fit_vae(
            nf.models.VAE(MLP, MLP, nf.flows.posterior(1, 3), likelihood=nf.models.NormalLikelihood()),
            *(x,), rng=0, anneal=4, draws=2, importance=True, **once,
        ),
        "minimize": lambda: nf.minimize(lambda p, r: (p["a"] ** 2).sum() + r.normal(), {"a": x[0]}, rng=0, **once),
        "fit, rows of one's own": lambda: fit(
            nf.flows.maf(2, layers=1, hidden=(4,), context_dim=1, embed=nf.MLP((3,))),
            *(), context=context, weights=weights, validation=(x[:9], context[:9], weights[:9]), jitter=[0.0, 0.2],
        ),
        "fit, images": lambda: nf.fit(
            nf.flows.glow((1, 4, 4), 1, 1, 4, values=4, noise="learned"),
            rng(6).integers(0, 4, size=(20, 1, 4, 4)), rng=0, **once,
        ),
        "fit, stopped": lambda: fit(callback=lambda at: at.step == 3, optimizer=nf.adam(0.1), clip=0.1),
        "fit, patience": lambda: fit(optimizer=nf.adam(0.3), patience=1, evaluate_every=1),
        "fit, folds": lambda: nf.fit(small, x[:30], rng=0, progress=False, batch_size=8, patience=1),
        "fit, recomputed": lambda: fit(nf.flows.gin(2, layers=2, hidden=(4,)), memory="recompute", validation=None),
    }  # fmt: skip


def objectives():
    """{name: values and gradients} of the losses at parameters near a start."""
    import nfscratch as nf
    from nfscratch.training import objectives as of

    flow, x = nf.flows.maf(2, layers=2, hidden=(4,), context_dim=1), rng(4).normal(size=(12, 2))
    params, c, w = moved(flow.init(rng(), x, x[:, :1])), x[:, :1], onp.arange(12.0) % 4
    field = nf.flows.continuous(2, field=nf.ProbabilityFlow(nf.Field(nf.MLP((4,), "tanh"), 2)))
    p_field, log_p = moved(field.init(rng(), x)), lambda x: -0.5 * ((x - 1.0) ** 2).sum(axis=1)
    given = {"context": c[:1], "inverse_temperature": 0.5, "gradient": "path"}
    return {
        "nll": lambda: [of.nll(flow, params, x, c, w), of.nll_value_and_grad(flow, params, x, c, None, w)],
        "elbo": lambda: of.elbo_value_and_grad(flow, log_p, params, 1, 6, **given),
        "reverse KL": lambda: of.reverse_kl_value_and_grad(flow, log_p, params, 1, 6, **given),
        "iwae": lambda: of.iwae_value_and_grad(flow, log_p, params, 1, 3, 4, c[:3], gradient="path"),
        "flow matching": lambda: [
            of.flow_matching(field, p_field, x, None, rng(1), w),
            of.flow_matching_value_and_grad(field, p_field, x, None, rng(1), pairing="optimal"),
        ],
        "score matching": lambda: [
            of.score_matching(field, p_field, x, None, rng(1)),
            of.score_matching_value_and_grad(field, p_field, x, None, rng(1), w, 9.0),
        ],
    }


def at_step(last):
    return lambda at: at.step >= last


def recipes():
    """With all of their defaults."""
    import nfscratch as nf

    names = "real_nvp nice gin maf iaf rq_nsf naf linear residual ffjord continuous planar radial sylvester".split()
    plain = {name: getattr(nf.flows, name)(3) for name in names}
    kinds = {f"posterior {kind}": nf.flows.posterior(3, 2, kind) for kind in ("planar", "sylvester", "iaf", "spline")}
    linear = {f"linear {kind}": nf.flows.linear(3, kind) for kind in ("qr", "triangular", "diagonal", "householder")}
    given = {f"{name}, context": getattr(nf.flows, name)(3, context_dim=2) for name in ("maf", "planar", "real_nvp")}
    bounded = {"a box": nf.flows.maf(3, support=(None, 9.0)), "inference": nf.flows.inference(4)}
    return {**plain, **kinds, **linear, **given, **bounded}


def all_numbers():
    """{kind: {name: a function that gives its numbers}}."""
    from cases import CASES
    from every_part import FLOWS
    from seed_tables import numbers_in, seen_in, tables, warned

    flows = {name: flow for name, flow in FLOWS.items() if "categories" not in name}
    return {
        "cases": {name: lambda case=case: of_case(case) for name, case in CASES.items()},
        "distributions": {name: lambda base=base: of_distribution(base) for name, base in distributions().items()},
        "networks": {name: lambda net=net: of_network_or_velocity(*net) for name, net in networks().items()},
        "flows": {name: lambda flow=flow: of_flow(flow) for name, flow in flows.items()},
        "recipes": {name: lambda flow=flow: of_flow(flow) for name, flow in recipes().items()},
        "objectives": {name: lambda loss=loss: sums(loss()) for name, loss in objectives().items()},
        "tables": {name: lambda table=table: seen_in(table) for name, table in tables().items()},
        "warnings": {name: lambda call=call: numbers_in(call) for name, call in warned().items()},
        "runs": {name: lambda run=run: of_run(run()) for name, run in runs().items()},
    }


def of_network_or_velocity(network, sizes):
    if len(sizes) == 2:
        return of_network(network, sizes)
    params = network.init(rng(), *sizes)
    return sums([params, network.apply(params, rng(3).normal(size=(4, *sizes)), 0.3)])


def numbers_of(kind, leave_out=()):
    """{name: its numbers}."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {name: call() for name, call in all_numbers()[kind].items() if name not in leave_out}


if __name__ == "__main__":
    sys.path[:0] = [str(HERE), str(HERE.parents[1])]
    found = {kind: numbers_of(kind) for kind in all_numbers()}
    digits = {k: {name: " ".join(f"{v:.12g}" for v in vs) for name, vs in each.items()} for k, each in found.items()}
    PATH.write_text(json.dumps(digits, indent=1) + "\n")
    print({kind: len(each) for kind, each in found.items()}, PATH.stat().st_size, "bytes")
