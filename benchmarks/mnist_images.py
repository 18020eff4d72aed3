"""MNIST as images of whole numbers, in bits per dimension: an interlaced flow, Glow and RealNVP, in a given time.

50,000 images train, the last 10,000 of the published training part validate, 10,000 test. `--minutes` is the time for
training, of the clock on the wall or (--clock processor) of the processor; the rate of learning falls to 0 over it.
The curve is the validation of the mean of the weights, by one draw of noise for each image. When the time is spent, the
test images are scored, once, and the score is kept beside the run:

    log P(x) >= E log p(x + u) / q(u | x)                       one draw for each image: the plain bound
    log P(x) >= E log (1/K) sum_k p(x + u_k) / q(u_k | x)       K draws (--draws): a tighter bound, of the same model

    NFSCRATCH_DATA=folder python benchmarks/mnist_images.py --minutes 180 [--model interlaced] [--runs runs]

A run is one file in --runs, named by its options. Stopped, the same command goes on where it was; with more --minutes a
run that ended goes on, too, but its test score is then made anew. --show prints and draws what is there, and trains
nothing.
"""

import argparse
import json
import os
from pathlib import Path

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--model", default="interlaced", choices=["interlaced", "glow", "real_nvp"])
parser.add_argument("--minutes", type=float, default=180.0)
parser.add_argument("--clock", default="wall", choices=["wall", "processor"])
parser.add_argument(
    "--hidden", type=int, nargs="+", help="channels: of interlaced for each level, default 64 96; else 48"
)
parser.add_argument("--blocks", type=int, default=3, help="residual blocks of interlaced and of RealNVP")
parser.add_argument("--components", type=int, default=6, help="of the mixtures of interlaced")
parser.add_argument("--levels", type=int, default=2, help="of Glow and RealNVP")
parser.add_argument("--depth", type=int, default=4, help="steps in a level of Glow")
parser.add_argument("--noise", default="learned", choices=["uniform", "learned"])
parser.add_argument("--batch", type=int, default=32)
parser.add_argument("--rate", type=float, default=1e-3)
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--threads", type=int, default=1, help="BLAS threads")
parser.add_argument("--draws", type=int, default=8, help="K, for the test images")
parser.add_argument("--every", type=float, default=3.0, help="minutes between two points of the curve")
parser.add_argument("--validation", type=int, default=1_000, help="images for a point of the curve")
parser.add_argument("--runs", type=Path, default=Path("runs"))
parser.add_argument("--show", action="store_true")
options = parser.parse_args()
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):  # before NumPy is loaded
    os.environ[variable] = str(options.threads)

import numpy as np  # noqa: E402
from interlaced import interlaced  # noqa: E402
from timed_training import Training  # noqa: E402

import nfscratch as nf  # noqa: E402
from nfscratch import trees  # noqa: E402

SHAPE, DIM = (1, 28, 28), 784
PUBLISHED = {"RealNVP": 1.06, "Glow": 1.05, "tutorial: plain": 1.078, "variational": 1.043, "multi-scale": 1.020}
ASKED = ("minutes", "clock", "threads", "draws", "every", "validation", "runs", "show", "model")  # not in a run's name


def model():
    """The flow over whole numbers that the options name."""
    o = options
    if o.model == "interlaced":
        hidden = tuple(o.hidden or (64, 96))
        return interlaced(SHAPE, hidden, o.blocks, o.components, noise=o.noise)
    (hidden,) = o.hidden or (48,)
    if o.model == "glow":
        return nf.flows.glow(SHAPE, o.levels, o.depth, hidden, noise=o.noise)
    return nf.flows.real_nvp_image(SHAPE, o.levels, hidden, o.blocks, noise=o.noise)


def run_file(kind):
    """The name tells every option that is not the default."""
    given = [(k, v) for k, v in vars(options).items() if k not in ASKED and v != parser.get_default(k)]
    parts = [f"{name}_{'-'.join(map(str, v)) if isinstance(v, list) else v}" for name, v in given]
    return options.runs / ("_".join(["mnist", options.model, *parts]) + kind)


def data():
    """(N, 1, 28, 28) of uint8: train, validation, test."""
    given = np.load(Path(os.environ["NFSCRATCH_DATA"]) / "mnist" / "mnist.npz")
    x, test = (given[part].reshape(-1, *SHAPE) for part in ("x_train", "x_test"))
    return x[:-10_000], x[-10_000:], test


def bits(flow, params, x, seed, draws=1, piece=100):
    """Bits per dimension of images, some at a time."""
    rng, starts = np.random.default_rng(seed), range(0, len(x), piece)
    log_p = [flow.log_prob(params, x[i : i + piece].astype(np.float32), rng=rng, draws=draws) for i in starts]
    return nf.evaluate.bits_per_dim(np.concatenate(log_p), DIM)


def training_of(flow, train):
    """A run, from its file where there is one. The loss is in bits per dimension."""
    rng = np.random.default_rng(options.seed)
    params = flow.init(rng, train[rng.integers(0, len(train), 256)].astype(np.float32))

    def loss(params, rows, rng):
        x = flow.checked_x("x", rows, trees.array_like(params))
        nats, grads = nf.objectives.nll_value_and_grad(flow, params, x, None, rng)
        return nats / (DIM * np.log(2)), grads

    settings = {"batch": options.batch, "rate": options.rate, "seed": options.seed, "clock": options.clock}
    return Training(loss, train, params, options.minutes, run_file(".npz"), **settings)


def scored(flow, training, test):
    """The test score of the mean of the weights: made once for a run, and kept."""
    kept = run_file(".json")
    if kept.exists() and (score := json.loads(kept.read_text()))["spent"] == training.spent:
        return score
    one, several = (bits(flow, training.average, test, 2, draws) for draws in (1, options.draws))
    score = {"spent": training.spent, "parameters": trees.count(training.params), "draws": options.draws}
    score.update(one=[one.total, one.error], several=[several.total, several.error])
    kept.write_text(json.dumps(score, indent=1))
    return score


def figure(flow, training, path):
    """64 draws, and the curve with the published figures beside it."""
    page, (left, right) = nf.plot.subplots(1, 2, height=3.2)
    x = flow.sample(training.average, np.random.default_rng(3), 64)
    nf.plot.image_rows(left, x.reshape(64, 28, 28), (28, 28), 8, 0.0, 255.0)
    minutes, validation = ([point[key] for point in training.curve] for key in (options.clock, "validation"))
    right.plot(minutes, validation, ".-")
    for name, value in PUBLISHED.items():
        right.axhline(value, color="0.7", linewidth=0.7, zorder=0)
        right.annotate(f"{name} {value}", (0, value), (2, 1), textcoords="offset points", fontsize=6, color="0.4")
    right.set(xlabel="minutes of one core", ylabel="bits per dimension, validation", ylim=(1.0, 1.2), xlim=(0, None))
    page.savefig(path)


def main():
    options.runs.mkdir(parents=True, exist_ok=True)
    nf.use(dtype="float32")
    flow, (train, validation, test) = model(), data()
    training = training_of(flow, train)
    print(f"{options.model}, {trees.count(training.params):,} parameters, {len(train):,} images, {run_file('.npz')}")
    if not options.show:
        training.run(lambda params: bits(flow, params, validation[: options.validation], 1).total, options.every)
    for point in training.curve:
        print("  {wall:7.1f} min, processor {processor:7.1f}, step {steps:6}: {validation:.4f}".format(**point))
    if training.done >= 1:
        score = scored(flow, training, test)
        for name, draws in (("one", 1), ("several", score["draws"])):
            print(f"test, {draws} draw(s) of the noise: {score[name][0]:.4f} ± {score[name][1]:.4f} bits per dimension")
    figure(flow, training, run_file(".png"))


if __name__ == "__main__":
    main()
