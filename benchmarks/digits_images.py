"""8x8 digits as images: what convolutions, the squeeze, multi-scale and a learned noise buy; and alpha of the logit.

scikit-learn's digits in the split of nf.data.load("digits"): 1,257 images train, 270 choose the best of the
evaluations, and 270 test. Bits per dimension, a lower bound of log P of the whole numbers, with the frozen noise
that chapters 04 and 05 have too, so that all models see the same test rows. Three seeds of training.

    models      dense and image flows, beside the Gaussian mixture that the validation rows choose
    structure   eight couplings with about 45,000 parameters: on pixels, squeezed once, squeezed twice, multi-scale
    noise       Glow with uniform and with learned noise, by 16 draws of noise, and by the bound of 256
    alpha       Glow with several alpha, on validation rows: no test row takes part

    python benchmarks/digits_images.py [--parts models noise] [--seeds 0 1 2] [--out runs/digits_images.json]

A pair of models is compared row by row: the difference is averaged over the seeds, and its error is that of the mean
over the rows. What is finished is kept in --out, and the same command goes on after it. Seconds are processor time, on
one thread.
"""

import argparse
import json
import os
import time
import warnings
from math import log
from pathlib import Path

PARTS = ("alpha", "models", "structure", "noise")
parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--parts", nargs="+", default=list(PARTS), choices=PARTS)
parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
parser.add_argument("--out", type=Path, default=Path("runs/digits_images.json"))
options = parser.parse_args()
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy is loaded

import numpy as np  # noqa: E402
from sklearn.mixture import GaussianMixture  # noqa: E402

import nfscratch as nf  # noqa: E402

SHAPE, VALUES = (1, 8, 8), 17
FIT = {"steps": 600, "batch_size": 64, "clip": 50.0, "evaluate_every": 50}
RATE, DECAY = 1e-2, 1.0  # of a few, on the validation rows, with seed 0
SHARES = (0.25, 0.02, 0.1, 1.0, 0.005)  # alpha, in levels
STILL = {"activation": "tanh", "gain": 1.0, "whiten": "diagonal", "max_log_scale": 1.0}
WIDTHS = {"pixels": 62, "once": 52, "twice": 32, "multi-scale": 44}  # hidden channels: then all are of one size


def image_flow(levels):
    """A model of whole numbers with the given levels, in the order in which z meets them."""
    chain = nf.Chain([nf.MultiScale(levels), nf.PixelLevels(SHAPE, VALUES)])
    return nf.Dequantized(nf.Flow(nf.StandardNormal(64), chain), values=VALUES)


def coupling(mask, structure):
    network = nf.ConvNet((WIDTHS[structure],) * 2, "relu", (3, 1, 3))
    return nf.Coupling(nf.Affine(3.0), mask, network)


def on_pixels():
    """Eight couplings with checkerboards in turn."""
    masks = [nf.checkerboard_mask(SHAPE, flip=k % 2 == 1) for k in range(8)]
    layers = [layer for mask in masks for layer in (coupling(mask, "pixels"), nf.ActNorm(SHAPE))]
    return image_flow([nf.Chain(layers)])


def squeezed(shape, depth, structure):
    """`depth` steps of Glow and a squeeze, for images of the given shape: its layers, z first."""
    squeeze = nf.Squeeze(shape)
    inner = squeeze.in_shape
    step = coupling(nf.channel_mask(inner), structure), nf.Inverse(nf.Conv1x1(inner)), nf.ActNorm(inner)
    return [*step * depth, squeeze]


def multi_scale():
    """Four steps, then half of the channels leave, and four steps on the others."""
    deep, near = (squeezed(shape, 4, "multi-scale") for shape in ((2, 4, 4), SHAPE))
    return image_flow([nf.Chain(deep), nf.Chain(near)])


STRUCTURES = {
    "pixels, checkerboards": on_pixels,
    "squeezed once": lambda: image_flow([nf.Chain(squeezed(SHAPE, 8, "once"))]),
    "squeezed twice": lambda: image_flow([nf.Chain(squeezed((4, 4, 4), 4, "twice") + squeezed(SHAPE, 4, "twice"))]),
    "multi-scale": multi_scale,
    "multi-scale, prior": lambda: glow(hidden=WIDTHS["multi-scale"]),
}


def glow(**given):
    return nf.flows.glow(SHAPE, values=VALUES, **{"depth": 4, "hidden": 32, **given})


def real_nvp(**given):
    return nf.flows.real_nvp_image(SHAPE, values=VALUES, **{"hidden": 16, "blocks": 1, **given})


def maf():
    """As in chapter 05: a random order for each layer."""
    orders, network = [nf.random_order(64, seed=k) for k in range(8)], nf.MADE((128,), "tanh")
    layers = [nf.Autoregressive(nf.Affine(1.0), 64, network, order=order) for order in orders]
    return nf.Flow(nf.StandardNormal(64), nf.Chain([*layers, nf.Standardize(64)]))


def made():
    """As in chapter 05: mixtures of five."""
    base = nf.AutoregressiveDensity(64, nf.MixtureOfGaussians(5), nf.MADE((256,), "tanh"))
    return nf.Flow(base, nf.Standardize(64))


def dense_real_nvp():
    """As in chapter 04."""
    return nf.flows.real_nvp(64, layers=8, hidden=(128,), base=nf.StandardNormal(64), **STILL)


DENSE = {"RealNVP, dense": (dense_real_nvp, 5.0), "MAF, dense": (maf, 3.0), "MADE, mixtures": (made, 3.0)}
IMAGES = {"RealNVP": real_nvp, "Glow": glow}


def warmed(done):
    """The factor on the rate: it rises in the first twentieth of the steps, and falls along a cosine."""
    return min(1.0, 20 * done) * nf.cosine(done)


def bits(log_p):
    return -np.asarray(log_p, dtype=float) / (64 * log(2))


def fit_image(model, data, seed):
    start, optimizer = time.process_time(), nf.adam(RATE, weight_decay=DECAY)
    parts = data.images("train"), data.images("validation")
    found = nf.fit(
        model, parts[0], rng=seed, validation=parts[1], optimizer=optimizer, schedule=warmed, progress=False, **FIT
    )
    return found.params, time.process_time() - start


def of_frozen_noise(model, params, x):
    """Bits of each row of levels x (N, 64), whole numbers and noise."""
    return bits(model.flow.log_prob(model.flow_params(params), x.reshape(-1, *SHAPE)))


def row(of, data, parameters, seconds):
    """What is kept of a model; of(x): the bits of each row of levels x."""
    validation, test = of(data.validation).mean(), of(data.test).tolist()
    return {"validation": validation, "test": test, "parameters": parameters, "seconds": seconds}


def image_row(make, data, seed):
    model = make()
    params, seconds = fit_image(model, data, seed)
    return row(lambda x: of_frozen_noise(model, params, x), data, nf.trees.count(params), seconds)


def dense_row(name, data, seed):
    make, decay = DENSE[name]
    flow, start, optimizer = make(), time.process_time(), nf.adam(1e-3, weight_decay=decay)
    settings = {"steps": 1000, "clip": 50.0, "optimizer": optimizer, "progress": False}
    found = nf.fit(flow, data.train, rng=seed, validation=data.validation, jitter=data.jitter, **settings)
    seconds, of = time.process_time() - start, lambda x: bits(flow.log_prob(found.params, x))
    return row(of, data, nf.trees.count(found.params), seconds)


def mixture_row(data, seed):
    """As in chapter 04, chosen by the validation rows."""
    train, start = data.jittered(np.random.default_rng(seed), np.tile(data.train, (5, 1))), time.process_time()
    sizes = [("full", 6), ("full", 8), ("full", 10), ("diag", 40), ("diag", 60), ("diag", 80)]
    models = [
        GaussianMixture(k, covariance_type=kind, reg_covar=ridge, random_state=seed)
        for kind, k in sizes
        for ridge in (0.03, 0.1)
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # where EM is not done after 100 rounds
        best = max((model.fit(train) for model in models), key=lambda model: model.score(data.validation))
    seconds = time.process_time() - start
    return row(lambda x: bits(best.score_samples(x)), data, best._n_parameters(), seconds)


def noise_row(make, noise, data, seed, draws=16, many=256):
    model = make(noise=noise)
    params, seconds = fit_image(model, data, seed)
    x, rng = data.images("test"), np.random.default_rng(9)
    one = np.mean([bits(model.log_prob(params, x, rng=rng)) for _ in range(draws)], axis=0)
    tight = bits(model.log_prob(params, x, rng=rng, draws=many))
    return {"test": one.tolist(), "many": tight.tolist(), "seconds": seconds, "parameters": nf.trees.count(params)}


def alpha_row(share, data, seed):
    model = glow(alpha=share / VALUES)
    params, _ = fit_image(model, data, seed)
    return {"validation": of_frozen_noise(model, params, data.validation).tolist()}


def jobs(data):
    """{part: {name: a function of the seed}}."""
    return {
        "alpha": {str(share): lambda seed, c=share: alpha_row(c, data, seed) for share in SHARES},
        "models": {
            "Gaussian mixture": lambda seed: mixture_row(data, seed),
            **{name: lambda seed, name=name: dense_row(name, data, seed) for name in DENSE},
            **{name: lambda seed, make=make: image_row(make, data, seed) for name, make in IMAGES.items()},
        },
        "structure": {name: lambda seed, make=make: image_row(make, data, seed) for name, make in STRUCTURES.items()},
        "noise": {
            noise: lambda seed, noise=noise: noise_row(glow, noise, data, seed) for noise in ("uniform", "learned")
        },
    }


def gain(worse, better, key="test"):
    """Bits that `better` needs less, by rows: averaged over the seeds, its error over the rows, and each seed's."""
    each = np.array([np.subtract(a[key], b[key]) for a, b in zip(worse, better, strict=True)])
    mean = each.mean(axis=0)
    error = mean.std(ddof=1) / len(mean) ** 0.5
    return f"{mean.mean():+.4f} ± {error:.4f}   by seed " + " ".join(f"{g:+.4f}" for g in each.mean(axis=1))


def table(part, found):
    print(f"\n{part}, bits per dimension, seeds {options.seeds}")
    before = None
    for name, rows in found.items():
        key = "validation" if part == "alpha" else "test"
        means = [np.mean(r[key]) for r in rows]
        cells = f"  {name:22}{key} {np.mean(means):.4f} (" + " ".join(f"{m:.4f}" for m in means) + ")"
        if "validation" in rows[0] and part != "alpha":
            cells += f"  validation {np.mean([r['validation'] for r in rows]):.4f}"
        if "many" in rows[0]:
            cells += f"  256 draws {np.mean([r['many'] for r in rows]):.4f}"
        if "seconds" in rows[0]:
            cells += f"  {rows[0]['parameters']:,} parameters, {np.mean([r['seconds'] for r in rows]):.0f} s"
        print(cells)
        if before is not None:
            print(f"    gain over {before[0]}: {gain(before[1], rows, key)}")
        if before is not None and "many" in rows[0]:
            print(f"    the same by 256 draws: {gain(before[1], rows, 'many')}")
        before = name, rows


def main():
    nf.use(dtype="float32")
    options.out.parent.mkdir(parents=True, exist_ok=True)
    kept = json.loads(options.out.read_text()) if options.out.exists() else {}
    for part, named in jobs(nf.data.load("digits")).items():
        if part not in options.parts:
            continue
        for name, measure in named.items():
            for seed in options.seeds:
                key = f"{part}: {name}: {seed}"
                if key not in kept:
                    kept[key] = measure(seed)
                    options.out.write_text(json.dumps(kept))
        table(part, {name: [kept[f"{part}: {name}: {seed}"] for seed in options.seeds] for name in named})


if __name__ == "__main__":
    main()
