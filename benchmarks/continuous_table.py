"""One density, several trainings: continuous flows on densities of the plane whose entropy is known.

    python benchmarks/continuous_table.py --results continuous_table.json [--sets 8gaussians] [--trainings ffjord fm]

    ffjord   maximum likelihood through the solver (Dopri5 at --training-tolerance), the gradient through the steps
    fm       flow matching                     no equation is solved in training
    otfm     flow matching, shortest pairs in each batch
    score    score matching; its density is that of the probability-flow equation
    spline   a rational-quadratic spline coupling, beside them

The velocity is the same network in all of them. The held-out density is that of Dopri5 at --tolerance, with the exact
trace, whatever the training used. The gap is the mean of log p_true - log p_model over the held-out rows, in nats, with
its standard error; `mass` is the integral of the density on a grid, and `calls` how often the velocity was called for
the held-out density of 500 rows. Where the data are Gaussians and the training has a path of its own (fm, score), `off`
is the error of the velocity: the root of the mean of |f - u|^2 over that of |u|^2, with the exact u of
targets/gaussian_path.py, t uniform and points from p_t.

A result is written as soon as it is there; run the script again to go on.
"""

import argparse
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # networks of width 64: a second thread only disturbs
    os.environ.setdefault(variable, "1")

import numpy as np  # noqa: E402

import nfscratch as nf  # noqa: E402
from nfscratch.flows.evaluations import evaluations  # noqa: E402
from nfscratch.targets import gaussian_path  # noqa: E402

COUNTED = 500  # rows, for the count of calls
PLAIN = {"base": nf.StandardNormal(2), "whiten": "diagonal"}


@dataclass(frozen=True)
class Training:
    """flow(options, rule): the flow, with this solver; steps, rate: the defaults; fit: more of nf.fit."""

    flow: Callable[[Any, Any], Any]
    steps: int
    rate: float = 2e-3
    fit: dict = field(default_factory=dict)
    clip: float = 5.0
    path: Any = None  # the schedule of its path, where the velocity is known


def solver(tolerance):
    return nf.ode.Dopri5(tolerance, tolerance)


def velocity(options):
    return nf.Field(nf.MLP((options.width,) * options.depth, options.activation), options.frequencies)


def continuous(options, rule):
    return nf.flows.continuous(2, field=velocity(options), solver=rule, **PLAIN)


def diffusion(options, rule):
    field = nf.ProbabilityFlow(velocity(options))
    return nf.flows.continuous(2, field=field, solver=rule, **PLAIN)


def spline(options, rule):
    return nf.flows.rq_nsf(2, layers=6, bins=16, bound=4.0, **PLAIN)


def matching(**options):
    """The objective is made when it is asked for: maximum likelihood needs none."""
    return {"objective": lambda: nf.objectives.FlowMatching(**options)}


TRAININGS = {
    "ffjord": Training(continuous, 1_000, 1e-2, clip=1.0),
    "fm": Training(continuous, 10_000, 5e-3, matching(), path=gaussian_path.STRAIGHT),
    "otfm": Training(continuous, 10_000, 5e-3, matching(pairing="optimal")),
    "score": Training(
        diffusion, 10_000, 5e-3, {"objective": lambda: nf.objectives.ScoreMatching()}, path=gaussian_path.diffusion()
    ),
    "spline": Training(spline, 4_000, rate=3e-3),
}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, required=True, help="JSON file, read and written")
    parser.add_argument("--sets", nargs="+", default=["8gaussians", "moons"])
    parser.add_argument("--trainings", nargs="+", default=list(TRAININGS), choices=TRAININGS)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--points", type=int, default=100_000)
    parser.add_argument("--held-out", type=int, default=5_000)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--depth", type=int, default=3)
    parser.add_argument("--activation", default="silu")
    parser.add_argument("--frequencies", type=int, default=3)
    parser.add_argument("--training-tolerance", type=float, default=1e-3, help="of the solver in ffjord's training")
    parser.add_argument("--tolerance", type=float, default=1e-5, help="of the held-out density")
    parser.add_argument("--steps", type=int, help="of training; default: the training's own")
    parser.add_argument("--batch", type=int, default=512)
    return parser.parse_args()


def fitted(training, options, data, seed):
    """Parameters, and the steps and seconds that they took."""
    flow = training.flow(options, solver(options.training_tolerance))
    steps = options.steps or training.steps
    more = {name: make() for name, make in training.fit.items()}
    start, cpu = time.perf_counter(), time.process_time()
    result = nf.fit(
        flow,
        data.train,
        rng=seed,
        validation=None,
        steps=steps,
        batch_size=options.batch,
        optimizer=nf.adam(training.rate),
        clip=training.clip,
        evaluate_every=max(1, steps // 10),
        progress=False,
        **more,
    )
    return result.last_params, {  # the rate has come down to 0, and the least loss of one batch would be chance
        "steps": steps,
        "seconds": time.perf_counter() - start,
        "processor seconds": time.process_time() - cpu,
    }


def measured(flow, params, data, options):
    """Gap, mass and calls of the held-out density."""
    x = data.test[: options.held_out]
    log_p = flow.log_prob(params, x).astype(np.float64)
    paired = data.log_prob is not None
    excess = (data.log_prob(x) if paired else -data.entropy) - log_p
    return {
        "nll": float(-log_p.mean()),
        "entropy": data.entropy,
        "gap": float(excess.mean()),
        "standard error": float(excess.std(ddof=1) / len(x) ** 0.5),
        "mass": mass(flow, params, data.train),
        "calls": evaluations(flow, params, x[:COUNTED]),
    }


def mass(flow, params, x, n=121):
    """The integral of the density over a box that holds the data with room to spare."""
    low, high = x.min(axis=0), x.max(axis=0)
    room = 0.25 * (high - low)
    axes = [np.linspace(a, b, n) for a, b in zip(low - room, high + room, strict=True)]
    grid = np.stack(np.meshgrid(*axes), axis=-1).reshape(-1, 2)
    cell = (axes[0][1] - axes[0][0]) * (axes[1][1] - axes[1][0])
    return float(np.exp(flow.log_prob(params, grid).astype(np.float64)).sum() * cell)


def run(options):
    """Every set, training and seed that has no result with these settings yet."""
    varied = ("results", "sets", "trainings", "seeds")
    settings = {key: value for key, value in vars(options).items() if key not in varied}
    results = json.loads(options.results.read_text()) if options.results.exists() else {}
    for name in options.sets:
        data = nf.data.load(name, n=options.points)
        for kind in options.trainings:
            for seed in options.seeds:
                key = f"{name} {kind} {seed}"
                if results.get(key, {}).get("settings") != settings:
                    results[key] = {"settings": settings, **result_of(TRAININGS[kind], options, data, seed, key)}
                    options.results.write_text(json.dumps(results, indent=1))
                show_row(key, results[key])
    return results


def result_of(training, options, data, seed, key):
    params, spent = fitted(training, options, data, seed)
    flow = training.flow(options, solver(options.tolerance))
    nf.save(options.results.with_name(f"{options.results.stem}-{key.replace(' ', '-')}.flow"), flow, params)
    off = velocity_error(flow, params, training.path) if key.startswith("8gaussians") and training.path else None
    return {**spent, **measured(flow, params, data, options), "off": off}


def velocity_error(flow, params, schedule):
    """Over 40 times and 1,000 points at each of them."""
    fixed = params["bijection"][-1]["fixed"]
    scale = (fixed[key].astype(np.float64) for key in ("mean", "std"))
    path, wrong, size = gaussian_path.eight_gaussians(schedule).standardized(*scale), 0.0, 0.0
    for k in range(40):
        t = (k + 0.5) / 40
        y = path.sample(np.random.default_rng(k), 1000, t)
        f = flow.bijection.layers[0].field.apply(params["bijection"][0], nf.backend.asarray(y), t)
        u = path.velocity(y, t)
        wrong, size = wrong + ((f - u) ** 2).sum(), size + (u**2).sum()
    return float(wrong / size) ** 0.5


def show_row(key, row):
    off = "" if row["off"] is None else f"{100 * row['off']:.1f} %"
    print(
        f"{key:22}{row['steps']:7}{row['nll']:9.4f}{row['gap']:9.4f} +- {row['standard error']:.4f}"
        f"{row['mass']:9.4f}{row['calls']:6}{off:>8}{row['seconds']:8.0f}{row['processor seconds']:8.0f}",
        flush=True,
    )


def main():
    options = arguments()
    nf.use(dtype="float32")
    print("set, training, seed     steps      NLL      gap    s.e.       mass calls     off       s   cpu s")
    run(options)


if __name__ == "__main__":
    main()
