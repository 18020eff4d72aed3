"""Residual flows on four densities of the plane whose entropy is known: how far are they from the truth?

    python benchmarks/residual_table.py --results residual_table.json [--sets 8gaussians moons ...] [--layers 16 ...]

In two dimensions the exact log-determinant is affordable, and trains. For each set 50,000 training points, 10,000 held
out. The gap is the Kullback-Leibler divergence in nats, as the held-out points show it: paired where log p is known,
else the held-out NLL minus the entropy. Its standard error stands beside it. Goals: 0.10 nats on 8gaussians and moons,
0.25 on checkerboard and 2spirals.

A set's training goes on where it stopped, and its result is written as soon as it is there; run it again to go on.
Seconds are of this process's processor time, on one thread.
"""

import argparse
import json
import os
import time
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import numpy as np  # noqa: E402
from gap_to_truth import gap  # noqa: E402

import nfscratch as nf  # noqa: E402

GOALS = {"8gaussians": 0.10, "moons": 0.10, "checkerboard": 0.25, "2spirals": 0.25}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, required=True, help="JSON file, read and written")
    parser.add_argument("--sets", nargs="+", default=list(GOALS), choices=list(GOALS))
    parser.add_argument("--points", type=int, default=50_000)
    parser.add_argument("--layers", type=int, default=16)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--depth", type=int, default=2, help="hidden layers in each network")
    parser.add_argument("--activation", default="tanh")
    parser.add_argument("--coefficient", type=float, default=0.97)
    parser.add_argument("--steps", type=int, default=2_500)
    parser.add_argument("--batch", type=int, default=512)
    parser.add_argument("--rate", type=float, default=3e-3)
    return parser.parse_args()


def flow_of(options):
    hidden = (options.width,) * options.depth
    return nf.flows.residual(
        2,
        layers=options.layers,
        hidden=hidden,
        activation=options.activation,
        coefficient=options.coefficient,
        log_det="exact",
        whiten="diagonal",
    )


def fitted(flow, data, options, checkpoint):
    return nf.fit(
        flow,
        data.train,
        rng=np.random.default_rng(0),
        validation=data.validation,
        steps=options.steps,
        batch_size=options.batch,
        optimizer=nf.adam(options.rate),
        clip=5.0,
        evaluate_every=max(1, options.steps // 20),
        checkpoint=checkpoint,
        progress=False,
    )


def largest_stretch(flow, params, data):
    """The largest singular value of J_F over the layers, at 1,000 points each: it must stay below the coefficient."""
    x, largest = data.test[:1000].astype(np.float32), 0.0
    for layer, p in reversed(list(zip(flow.bijection.layers, params["bijection"], strict=True))):
        if isinstance(getattr(layer, "bijection", None), nf.Residual):
            J = layer.bijection.network.jacobian(p, x)
            largest = max(largest, float(np.linalg.norm(J, 2, axis=(1, 2)).max()))
        x, _ = layer.inverse(p, x)
    return largest


def run(options):
    """Every set that has no result with these settings yet."""
    settings = {key: value for key, value in vars(options).items() if key not in ("results", "sets")}
    results = json.loads(options.results.read_text()) if options.results.exists() else {}
    flow = flow_of(options)
    for name in options.sets:
        if results.get(name, {}).get("settings") == settings:
            continue
        data, start = nf.data.load(name, n=options.points), time.process_time()
        place = options.results.with_name(f"{options.results.stem}-{name}.run")
        params = fitted(flow, data, options, place).params
        seconds = time.process_time() - start
        nf.save(options.results.with_name(f"{options.results.stem}-{name}.flow"), flow, params)
        place.unlink(missing_ok=True)
        results[name] = {
            **{"settings": settings, "seconds": seconds, "stretch": largest_stretch(flow, params, data)},
            **gap(flow, params, data),
        }
        options.results.write_text(json.dumps(results, indent=1))
        show_row(name, results[name])
    return results


def show_row(name, row):
    mark = "" if row["gap"] <= GOALS[name] else "  above the goal"
    s = row["settings"]
    network = f"{s['layers']} x {s['depth']} x {s['width']} {s['activation']}"
    print(
        f"{name:14}{row['nll']:8.4f}{row['entropy']:9.4f}{row['gap']:9.4f} +- {row['standard_error']:.4f}"
        f"{GOALS[name]:6.2f}  {network:18}{s['steps']:6} steps{row['seconds']:6.0f} s"
        f"  |J_F| <= {row['stretch']:.3f}{mark}",
        flush=True,
    )


def main():
    options = arguments()
    nf.use(dtype="float32")
    results = run(options)
    print(f"\n{'set':14}{'NLL':>8}{'entropy':>9}{'gap':>9}    s.e.   goal  layers x hidden")
    for name in options.sets:
        show_row(name, results[name])


if __name__ == "__main__":
    main()
