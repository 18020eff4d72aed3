"""Free-form flows beside RealNVP: toy densities of the plane whose truth is known, and digits; three seeds.

    nice -n 10 python benchmarks/free_form.py --out runs [--sets moons pinwheel digits ...] [--seeds 1 2 3]

A free-form flow is two networks without structure. Its log p is exact for its encoder, but nothing makes the encoder
invertible: where it folds, the density integrates to more than 1, and the mean log p on test rows flatters it. So each
row of the table of the plane has, on test rows,

    gap          mean of log p_true - log p_model, paired, and its standard error; in nats
    integral     of the density over a square of 6 standard deviations to each side, on a 500 x 500 grid, which a grid
                 of 354 x 354 points checks
    honest gap   gap + log(integral): that of the density divided by its integral
    error, x     mean of |x - g(f(x))|^2 on test rows, over the mean variance of a column
    error, g(z)  the same on the model's own draws: it is large where draws fall between the data
    off          share of draws with log p_true below that of all but one in a thousand of the test rows

and digits have nats per image over levels to which U[0, 1) was added, both models with the same noise. Settings were
chosen on the validation rows of pinwheel and 8gaussians, with one seed (--search); moons and digits had no part in it.
Each run is kept in --out as soon as it is there, and the same command goes on after it. Seconds are processor time.
"""

import argparse
import os
import time
from pathlib import Path

SETS = ("moons", "crescent", "8gaussians", "pinwheel", "digits")
MODELS = ("free-form", "RealNVP")
parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--out", type=Path, default=Path("runs"))
parser.add_argument("--sets", nargs="+", default=list(SETS), choices=SETS)
parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
parser.add_argument("--search", action="store_true", help="settings on validation rows, one seed")
options = parser.parse_args()
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy is loaded

import numpy as np  # noqa: E402

import nfscratch as nf  # noqa: E402

PLANE = {"hidden": 4 * (64,), "beta": 30.0, "steps": 4000, "rate": 5e-3, "batch": 256, "decay": 0.0}
DIGITS = {"hidden": (256, 256), "beta": 30.0, "steps": 1500, "rate": 1e-3, "batch": 128, "decay": 1.0}
WIDE = {"hidden": (128, 128), "rate": 2e-3}
SEARCHED = [
    {**PLANE, "steps": 2000, **changes}
    for changes in ({**WIDE, "beta": 10.0}, WIDE, {**WIDE, "beta": 100.0}, {**WIDE, "rate": 5e-3}, {})
]


def free_form(data, seed, setting):
    """The model and its parameters, the best on the validation rows."""
    network = nf.MLP(setting["hidden"], "silu")
    model = nf.models.FreeForm(network, network, beta=setting["beta"])
    jitter = None if not data.jitter else lambda rows, rng: rows + data.jitter * rng.random(rows.shape)
    result = nf.fit_model(
        model,
        data.train,
        rng=seed,
        augment=jitter,
        validation=data.validation,
        steps=setting["steps"],
        batch_size=setting["batch"],
        optimizer=nf.adam(setting["rate"], weight_decay=setting["decay"]),
        progress=False,
    )
    return model, result.params


def real_nvp(data, seed):
    """Chapter 04's on digits; in the plane 8 couplings of 64-64."""
    settings = {"steps": 3000, "batch_size": 256, "optimizer": nf.adam(3e-3)}
    flow = nf.flows.real_nvp(data.dim, layers=8, hidden=(64, 64), base=nf.StandardNormal(data.dim))
    if data.name == "digits":
        settings = {"steps": 1000, "optimizer": nf.adam(1e-3, weight_decay=5.0), "clip": 50.0, "jitter": data.jitter}
        flow = nf.flows.real_nvp(
            64, layers=8, hidden=(128,), activation="tanh", gain=1.0, max_log_scale=1.0, base=nf.StandardNormal(64)
        )
    result = nf.fit(flow, data.train, rng=seed, validation=data.validation, progress=False, **settings)
    return flow, result.params


def integral(model, params, data, points=500):
    """Of exp(log_prob) over a square around the training rows."""
    centre, reach = data.train.mean(axis=0), 6 * data.train.std(axis=0).max()
    line = np.linspace(-reach, reach, points)
    grid = centre + np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    return np.exp(log_prob(model, params, grid)).sum() * (line[1] - line[0]) ** 2


def log_prob(model, params, x):
    return np.asarray(model.log_prob(params, x), dtype=np.float64)


def reconstruction(model, params, x, data):
    """Mean squared error over the mean variance of a column; a RealNVP's is rounding."""
    if not isinstance(model, nf.models.FreeForm):
        return 0.0
    return model.reconstruction_error(params, x).mean() / data.dim / data.train.var(axis=0).mean()


def measures(model, params, data):
    """What the table shows, as a dict of arrays."""
    draws = model.sample(params, np.random.default_rng(0), 5000)
    found = {
        "log_p": log_prob(model, params, data.test),
        "error": reconstruction(model, params, data.test, data),
        "error of draws": reconstruction(model, params, draws, data),
    }
    if data.log_prob is not None:
        found["gap"] = data.log_prob(data.test) - found["log_p"]
        found["integrals"] = [integral(model, params, data, points) for points in (500, 354)]
        least = np.quantile(data.log_prob(data.test), 1e-3)
        found["off"] = np.mean(data.log_prob(np.asarray(draws, dtype=np.float64)) < least)
    return found


def run(kind, name, seed):
    path = options.out / f"free_form_{name}_{kind}_{seed}.npz"
    if not path.exists():
        data, start = nf.data.load(name), time.process_time()
        setting = DIGITS if name == "digits" else PLANE
        model, params = free_form(data, seed, setting) if kind == "free-form" else real_nvp(data, seed)
        seconds = time.process_time() - start
        np.savez(path, seconds=seconds, **measures(model, params, data))
    return dict(np.load(path))


def plane_table(name):
    for kind in MODELS:
        for seed in options.seeds:
            found = run(kind, name, seed)
            gap, fine = nf.evaluate.mean_and_error(found["gap"]), found["integrals"][0]
            print(
                f"  {name:12}{kind:11}{seed:3}   {gap!s:18}{fine:7.3f} {found['integrals'][1]:7.3f}"
                f"{gap.mean + np.log(fine):9.3f}{float(found['error']):10.1e}{float(found['error of draws']):9.1e}"
                f"{100 * float(found['off']):7.1f} %{float(found['seconds']):7.0f}",
                flush=True,
            )


def digits_table():
    for seed in options.seeds:
        ours, theirs = (run(kind, "digits", seed) for kind in MODELS)
        mean, other = (nf.evaluate.mean_and_error(found["log_p"]) for found in (ours, theirs))
        print(
            f"  digits, seed {seed}: free-form {mean}, RealNVP {other}, difference "
            f"{nf.evaluate.paired(ours['log_p'], theirs['log_p'])} nats; error {float(ours['error']):.1e} on rows, "
            f"{float(ours['error of draws']):.1e} on draws; seconds {float(ours['seconds']):.0f} and "
            f"{float(theirs['seconds']):.0f}",
            flush=True,
        )


def search():
    """No test row: gap, integral, honest gap and errors on the validation rows of two sets, as lines of a table."""
    print("| set | networks | beta | rate | gap | integral | honest gap | error on rows | on draws |")
    print("|---|---|---|---|---|---|---|---|---|")
    for setting in SEARCHED:
        for name in ("pinwheel", "8gaussians"):
            data = nf.data.load(name)
            model, params = free_form(data, options.seeds[0], setting)
            gap = nf.evaluate.paired(data.log_prob(data.validation), log_prob(model, params, data.validation))
            mass, draws = integral(model, params, data), model.sample(params, np.random.default_rng(0), 5000)
            errors = [reconstruction(model, params, x, data) for x in (data.validation, draws)]
            print(
                f"| {name} | {'-'.join(map(str, setting['hidden']))} | {setting['beta']:.0f} | {setting['rate']:g} | "
                f"{gap:.3f} | {mass:.3f} | {gap.mean + np.log(mass):.3f} | {errors[0]:.1e} | {errors[1]:.1e} |",
                flush=True,
            )


def main():
    nf.use(dtype="float32")
    if options.search:
        return search()
    options.out.mkdir(parents=True, exist_ok=True)
    print(
        f"  {'set':12}{'model':11}seed  {'gap, nats':18}{'integral, coarser':16}{'honest':>8}{'error, x':>10}"
        f"{'g(z)':>9}{'off':>9}{'s':>7}"
    )
    for name in options.sets:
        digits_table() if name == "digits" else plane_table(name)


if __name__ == "__main__":
    main()
