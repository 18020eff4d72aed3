"""A variational autoencoder on 8x8 digits: what a flow posterior gains over a diagonal normal one.

scikit-learn's 1,797 digits, levels 0 to 16 as probabilities of a pixel: 1,197 train, with fresh binary pixels at every
step, 250 validate, which choose the best step, and 350 test, which are binarised once. The setting is the one of
SEARCHED with the largest gain of IAF on the validation rows. The table has, in nats per image on the test rows, with
three seeds of training each,

    ELBO, log p    by 10 draws, and by 1,000 importance-weighted draws for each row
    gain           log p minus that of "normal" with the same seed, averaged over the seeds; its standard error is that
                   of the mean over the rows, which are the same for both
    by seed        the three gains by themselves, averaged over the rows

    python benchmarks/vae_digits.py [--kinds normal iaf] [--seeds 1 2 3] [--out runs]

What is finished is kept in --out, and the same command goes on after it. --search runs the settings of SEARCHED with
one seed on the validation rows, and no test row.
"""

import argparse
import os
import time
from pathlib import Path

KINDS = ("normal", "planar", "sylvester", "iaf", "spline")
parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--kinds", nargs="+", default=list(KINDS), choices=KINDS)
parser.add_argument("--seeds", nargs="+", type=int, default=[1, 2, 3])
parser.add_argument("--out", type=Path, default=Path("runs"))
parser.add_argument("--search", action="store_true")
options = parser.parse_args()
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy is loaded

import numpy as np  # noqa: E402
from sklearn.datasets import load_digits  # noqa: E402

import nfscratch as nf  # noqa: E402

TRAIN, VALIDATION = 1197, 250
SETTING = {"latent": 8, "width": 128, "layers": 4, "steps": 2000, "rate": 2e-3}
SEARCHED = [
    SETTING,
    {**SETTING, "width": 64},
    {**SETTING, "width": 256},
    {**SETTING, "width": 512},
    {**SETTING, "latent": 4},
    {**SETTING, "latent": 16},
]


def data():
    """Train and validation rows as probabilities, and binary test rows."""
    x = (load_digits().data / 16).astype("float32")[np.random.default_rng(0).permutation(1797)]
    test = nf.models.binarised(x[TRAIN + VALIDATION :], np.random.default_rng(5))
    return x[:TRAIN], x[TRAIN : TRAIN + VALIDATION], test


def trained(kind, setting, seed, train, validation):
    """The model, its result, and the seconds of processor time."""
    start, width, steps = time.process_time(), setting["width"], setting["steps"]
    posterior = nf.flows.posterior(setting["latent"], width, kind, layers=setting["layers"])
    vae = nf.models.VAE(nf.MLP((width,)), nf.MLP((width,)), posterior)
    result = nf.fit_vae(
        vae,
        train,
        rng=seed,
        validation=validation,
        augment=nf.models.binarised,
        anneal=steps // 5,
        steps=steps,
        batch_size=100,
        optimizer=nf.adam(setting["rate"]),
        evaluate_every=steps // 40,
        progress=False,
    )
    return vae, result, time.process_time() - start


def search(train, validation):
    """log p of the validation rows, binarised once, for each setting."""
    rows = nf.models.binarised(validation, np.random.default_rng(6))
    for setting in SEARCHED:
        print(", ".join(f"{key} {value:g}" for key, value in setting.items()), flush=True)
        for kind in options.kinds:
            vae, result, seconds = trained(kind, setting, options.seeds[0], train, validation)
            log_p = vae.log_prob(result.params, rows, np.random.default_rng(7))
            print(f"    {kind:10}{log_p.mean():9.3f}  best step {result.best_step}, {seconds:.0f} s", flush=True)


def measured(kind, seed, parts):
    """ELBO and log p of each test row, and the seconds of training."""
    path = options.out / f"vae_digits_{kind}_{seed}.npz"
    if not path.exists():
        train, validation, test = parts
        vae, result, seconds = trained(kind, SETTING, seed, train, validation)
        elbo = vae.elbo(result.params, test, np.random.default_rng(8), draws=10)
        log_p = vae.log_prob(result.params, test, np.random.default_rng(9), draws=1000)
        np.savez(path, elbo=elbo, log_p=log_p, seconds=seconds)
    return np.load(path)


def main():
    nf.use(dtype="float32")
    parts = data()
    if options.search:
        return search(*parts[:2])
    options.out.mkdir(parents=True, exist_ok=True)
    print(f"8x8 digits, {len(parts[2])} test rows, seeds {options.seeds}; nats per image; seconds of processor time")
    print(f"  {'posterior':12}{'ELBO':>9}{'log p':>9}   {'gain in log p':18}{'by seed':24}{'seconds':>8}")
    normal = [measured("normal", seed, parts)["log_p"] for seed in options.seeds]
    for kind in options.kinds:
        runs = [measured(kind, seed, parts) for seed in options.seeds]
        elbo, log_p = (np.mean([run[name] for run in runs]) for name in ("elbo", "log_p"))
        gains = np.array([run["log_p"] - base for run, base in zip(runs, normal, strict=True)])
        each = gains.mean(axis=0)  # of each row, over the seeds
        gain = f"{each.mean():.3f} ± {each.std() / len(each) ** 0.5:.3f}" if kind != "normal" else ""
        by_seed = "  ".join(f"{g:.2f}" for g in gains.mean(axis=1)) if kind != "normal" else ""
        seconds = np.mean([run["seconds"] for run in runs])
        print(f"  {kind:12}{elbo:9.2f}{log_p:9.2f}   {gain:18}{by_seed:24}{seconds:8.0f}", flush=True)


if __name__ == "__main__":
    main()
