"""Digits of 8 x 8 pixels: a residual flow beside the RealNVP of chapter 04, three seeds.

    python benchmarks/residual_digits.py --results residual_digits.json [--layers 6 --steps 1500 ...]

Nats per image over pixel levels to which U[0, 1) was added, fresh in training, once for validation and test; both flows
see the same noise. The residual flow trains with Russian roulette and is judged by the exact log-determinant. With 64
variables an exact one costs fifteen times as much in training. One fit's result is written as soon as it is there; run
it again to go on. Seconds are processor time on one thread.
"""

import argparse
import json
import os
import time
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import numpy as np  # noqa: E402

import nfscratch as nf  # noqa: E402

SEEDS = (0, 1, 2)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, required=True, help="JSON file, read and written")
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--steps", type=int, default=1_500)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--decay", type=float, default=1.0)
    return parser.parse_args()


def residual(options):
    flow = nf.flows.residual(
        64, layers=options.layers, hidden=(options.width,), log_det="roulette", coefficient=0.97, whiten="full"
    )
    return flow, {"steps": options.steps, "optimizer": nf.adam(options.rate, weight_decay=options.decay), "clip": 50.0}


def real_nvp(options, whiten="diagonal"):
    """As in chapter 04; `whiten`: "full" as the residual flow has it."""
    flow = nf.flows.real_nvp(
        64,
        layers=8,
        hidden=(128,),
        activation="tanh",
        gain=1.0,
        whiten=whiten,
        max_log_scale=1.0,
        base=nf.StandardNormal(64),
    )
    return flow, {"steps": 1000, "optimizer": nf.adam(1e-3, weight_decay=5.0), "clip": 50.0}


def whitened_real_nvp(options):
    return real_nvp(options, "full")


KINDS = {"residual": residual, "RealNVP": real_nvp, "whitened RealNVP": whitened_real_nvp}


def fitted(flow, data, seed, fit_options):
    start = time.process_time()
    result = nf.fit(
        flow,
        data.train,
        rng=np.random.default_rng(seed),
        validation=data.validation,
        jitter=data.jitter,
        progress=False,
        **fit_options,
    )
    log_p = flow.log_prob(result.params, data.test).astype(np.float64)
    return {
        "nats": log_p.tolist(),
        "validation": -result.history["validation"][result.history["step"].index(result.best_step)],
        "best step": result.best_step,
        "seconds": time.process_time() - start,
    }


def table(results):
    for kind in KINDS:
        means = [np.mean(results[f"{kind} {seed}"]["nats"]) for seed in SEEDS]
        seconds = [results[f"{kind} {seed}"]["seconds"] for seed in SEEDS]
        print(
            f"{kind:10} test nats per image {', '.join(f'{m:.2f}' for m in means)}; mean {np.mean(means):.2f}", end=""
        )
        print(f"; {np.mean(seconds):.0f} s each")
    for kind in list(KINDS)[1:]:
        for seed in SEEDS:
            d = np.array(results[f"residual {seed}"]["nats"]) - results[f"{kind} {seed}"]["nats"]
            print(
                f"seed {seed}: residual minus {kind}, image by image {d.mean():+.2f} +- {d.std() / len(d) ** 0.5:.2f}"
            )
            assert d.mean() > 0


def main():
    options = arguments()
    nf.use(dtype="float32")
    settings = {key: value for key, value in vars(options).items() if key != "results"}
    results = json.loads(options.results.read_text()) if options.results.exists() else {}
    data = nf.data.load("digits")
    for seed in SEEDS:
        for kind, make in KINDS.items():
            name = f"{kind} {seed}"
            if results.get(name, {}).get("settings") == settings:
                continue
            flow, fit_options = make(options)
            results[name] = {"settings": settings, **fitted(flow, data, seed, fit_options)}
            options.results.write_text(json.dumps(results))
            print(name, f"{np.mean(results[name]['nats']):.2f}", flush=True)
    table(results)


if __name__ == "__main__":
    main()
