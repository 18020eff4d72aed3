"""MADE, RealNVP(5) and MAF(5) on MNIST in logit space: test log-likelihood beside Papamakarios et al. 2017, table 2.

Preprocessing, as in the paper: 50,000 images train, the last 10,000 of the published training part validate, 10,000
test; x = (pixel + U[0, 1)) / 256, y = logit(lam + (1 - 2 lam) x), lam = 1e-6. The flow's last layer is the logit,
so it is trained on pixel levels with fresh noise in every batch, and its log_prob is per pixel level; the table has

    log p(y) = log p(pixel) - sum log|dy / d pixel|        nats, as the paper has it
    bits per dimension = -log p(pixel) / (784 log 2)

Networks as in the paper: one hidden layer of 1,024 ReLU units for MADE and for each layer of MAF; two, with tanh for s
and ReLU for t, for RealNVP. Orders alternate, natural and reversed. Not as in the paper: Adam at 1e-3 along a cosine
(1e-4 there), weight decay, fresh noise in every batch, log-scales bounded by 3, no batch normalisation, and MAF begun
from MADE where --warm-start is given.

    NFSCRATCH_DATA=folder python benchmarks/mnist_maf.py [--models made maf] [--epochs 20] [--threads 1]

With --warm-start MAF begins where MADE ended: MADE is its layer next to the data, and the others are the identity. It
saves the epochs in which five layers learn what one can.

A run is kept in --runs, one file for each model and setting: options that are not the default are in its name.
Interrupted, by Ctrl-C or otherwise, the same command goes on where it was; finished, it prints the table again. The
paper's figure stands beside models with the paper's number of layers.
"""

import argparse
import os
import time
from pathlib import Path

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--models", nargs="+", default=["made", "real_nvp", "maf"], choices=["made", "real_nvp", "maf"])
parser.add_argument("--epochs", type=int, default=20, help="of RealNVP and MAF")
parser.add_argument("--batch", type=int, default=250)
parser.add_argument("--rate", type=float, default=1e-3)
parser.add_argument("--weight-decay", type=float, default=0.3)
parser.add_argument("--patience", type=int, default=30, help="epochs without improvement, then stop")
parser.add_argument("--layers", type=int, default=5, help="of RealNVP and MAF")
parser.add_argument("--warm-start", action="store_true", help="MAF begins with MADE's layer, trained first")
parser.add_argument("--made-epochs", type=int, default=10, help="of MADE")
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--threads", type=int, default=1, help="BLAS threads")
parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder for the checkpoints")
options = parser.parse_args()
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):  # before NumPy is loaded
    os.environ[variable] = str(options.threads)

import numpy as np  # noqa: E402

import nfscratch as nf  # noqa: E402

LAM, DIM = 1e-6, 784
LEVELS = nf.PixelLevels(DIM, 256, LAM)
PAPER = {("made", 1): "-1380.8 ± 4.8", ("real_nvp", 5): "-1323.2 ± 6.6", ("maf", 5): "-1300.5 ± 1.7"}  # ±: two s.e.
NAMES = {"made": "MADE", "real_nvp": f"RealNVP ({options.layers})", "maf": f"MAF ({options.layers})"}


def flow_of(layers):
    """The layers, the data's own mean and scale in logit space, and the sigmoid to pixel levels."""
    to_pixels = [nf.Standardize(DIM), nf.Elementwise(nf.Sigmoid(LEVELS.low, LEVELS.high), DIM)]
    return nf.Flow(nf.StandardNormal(DIM), nf.Chain([*layers, *to_pixels]))


def autoregressive(layers):
    """`layers` MAF layers; the one next to the data has the natural order."""
    orders = [("natural", "reversed")[k % 2] for k in range(layers)][::-1]
    return flow_of([nf.Autoregressive(nf.Affine(), DIM, nf.MADE((1024,)), order=order) for order in orders])


def real_nvp(layers):
    network = nf.Heads((nf.MLP((1024, 1024), "tanh"), nf.MLP((1024, 1024), "relu")))
    return flow_of([nf.Coupling(nf.Affine(), nf.alternating_mask(DIM, k % 2 == 1), network) for k in range(layers)])


FLOWS = {
    "made": lambda: autoregressive(1),
    "real_nvp": lambda: real_nvp(options.layers),
    "maf": lambda: autoregressive(options.layers),
}


def layers_of(name):
    return 1 if name == "made" else options.layers


def run_file(name):
    """The checkpoint of a model: every option that its fit depends on, where it is not the default, is in the name."""
    warm = name == "maf" and options.warm_start
    used = ["batch", "rate", "weight_decay", "patience", "seed"]
    used += ["made_epochs"] * (name == "made" or warm) + ["epochs", "layers"] * (name != "made")
    other = [f"_{key}{getattr(options, key):g}" for key in used if getattr(options, key) != parser.get_default(key)]
    return options.runs / f"mnist_{name}{'_warm' * warm}{''.join(other)}.run"


def train(name, data):
    epoch = len(data.train) // options.batch
    warm = name == "maf" and options.warm_start
    return nf.fit(
        FLOWS[name](),
        data.train,
        params=from_made(data) if warm else None,
        rng=np.random.default_rng(options.seed),
        validation=data.validation,
        jitter=data.jitter,
        steps=(options.made_epochs if name == "made" else options.epochs) * epoch,
        batch_size=options.batch,
        optimizer=nf.adam(options.rate, weight_decay=options.weight_decay),
        schedule=ramp_and_cosine if warm else nf.cosine,
        evaluate_every=epoch,
        patience=options.patience,
        checkpoint=run_file(name),
        checkpoint_every=epoch,
    )


def ramp_and_cosine(done):
    """A twentieth of the run to reach the full rate: Adam's first steps at that rate undo what MADE has learned."""
    return min(1.0, 20 * done) * nf.cosine(done)


def from_made(data):
    """MAF's parameters with MADE's layer, and its mean and scale of the data, in place; the other layers at zero."""
    made = train("made", data).params["bijection"]
    params = FLOWS["maf"]().init(np.random.default_rng(options.seed))
    return {**params, "bijection": [*params["bijection"][: -len(made)], *made]}


def log_slope(pixels):
    """sum log|dy / d pixel| of the paper's logit, for every row."""
    return LEVELS.inverse({}, pixels)[1]


def log_prob(flow, params, x, rows=500):
    """(N,) in float64, a few rows at a time."""
    nf.use(dtype="float64")
    params = nf.trees.cast(params)
    return np.concatenate([flow.log_prob(params, x[i : i + rows]) for i in range(0, len(x), rows)])


def main():
    options.runs.mkdir(parents=True, exist_ok=True)
    data = nf.data.load("mnist")
    rows = []
    for name in options.models:
        nf.use(dtype="float32")
        start = time.perf_counter()
        result = train(name, data)
        minutes = (time.perf_counter() - start) / 60
        history = ", ".join(f"{-v - log_slope(data.validation).mean():.1f}" for v in result.history["validation"][1:])
        print(f"{NAMES[name]}: {result.stopped}; {minutes:.1f} minutes in this call; best at step {result.best_step}")
        print(f"  validation after each epoch, nats in logit space: {history.replace(', ', ' ')}", flush=True)
        per_level = log_prob(FLOWS[name](), result.params, data.test)
        rows.append((NAMES[name], per_level, PAPER.get((name, layers_of(name)), "")))
    print("\nMNIST in logit space, 10,000 test images: mean log-likelihood in nats, and its standard error")
    print(f"  {'':14}{'nfscratch':>18}{'bits/dim':>10}{'paper (± 2 s.e.)':>20}")
    for name, per_level, paper in rows:
        nats = per_level - log_slope(data.test)
        bits = -per_level.mean() / (DIM * np.log(2))
        print(f"  {name:14}{nats.mean():10.1f} ± {nats.std() / len(nats) ** 0.5:.1f}{bits:12.3f}{paper:>20}")


if __name__ == "__main__":
    main()
