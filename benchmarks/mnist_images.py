import argparse
import os
import time
from pathlib import Path

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--model", default="interlaced", choices=["interlaced", "glow", "real_nvp"])
parser.add_argument("--minutes", type=float, default=180.0)
parser.add_argument("--hidden", type=int, nargs="+", default=None)
parser.add_argument("--blocks", type=int, default=3)
parser.add_argument("--levels", type=int, default=2)
parser.add_argument("--depth", type=int, default=4)
parser.add_argument("--components", type=int, default=4)
parser.add_argument("--steps", nargs="+", default=["ad>bc", "abc>d"])
parser.add_argument("--noise", default="learned")
parser.add_argument("--noise-bound", type=float, default=2.5)
parser.add_argument("--bound", type=float, default=4.0)
parser.add_argument("--batch", type=int, default=64)
parser.add_argument("--rate", type=float, default=1e-3)
parser.add_argument("--draws", type=int, default=16)
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--every", type=float, default=2.0)
parser.add_argument("--validation", type=int, default=1000)
parser.add_argument("--clock", default="wall", choices=["wall", "processor"])
parser.add_argument("--name", default=None)
parser.add_argument("--runs", type=Path, default=Path("runs"))
parser.add_argument("--test", action="store_true")
options = parser.parse_args()
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):  # before NumPy is loaded
    os.environ[variable] = str(options.threads)

import numpy as np  # noqa: E402
from interlaced import interlaced  # noqa: E402
from timed_training import Training  # noqa: E402

import nfscratch as nf  # noqa: E402
from nfscratch import trees  # noqa: E402

nf.use(dtype="float32")
SHAPE = (1, 28, 28)


def model():
    o = options
    if o.model == "interlaced":
        return interlaced(SHAPE, tuple(o.hidden or (64, 96)), o.blocks, o.components, steps=tuple(o.steps),
            noise_bound=o.noise_bound, bound=o.bound)
    (hidden,) = o.hidden or (32,)
    if o.model == "glow":
        return nf.flows.glow(SHAPE, o.levels, o.depth, hidden, noise=o.noise)
    return nf.flows.real_nvp_image(SHAPE, o.levels, hidden, o.blocks, noise=o.noise)


def data():
    given = np.load(Path(os.environ["NFSCRATCH_DATA"]) / "mnist" / "mnist.npz")
    x, test = (given[k].reshape(-1, *SHAPE) for k in ("x_train", "x_test"))
    return x[:-10_000], x[-10_000:], test


def bits(flow, params, x, rng, draws=1, piece=100):
    log_p = [flow.log_prob(params, x[i : i + piece].astype(np.float32), rng=rng, draws=draws) for i in range(0, len(x), piece)]
    return nf.evaluate.bits_per_dim(np.concatenate(log_p), 784)


def main():
    options.runs.mkdir(parents=True, exist_ok=True)
    flow, (train, validation, test) = model(), data()
    rng = np.random.default_rng(options.seed)
    params = flow.init(rng, train[rng.integers(0, len(train), 256)].astype(np.float32))
    print(options, trees.count(params), flush=True)
    D = 784 * np.log(2)

    def loss(params, rows, rng):
        value, grads = nf.objectives.nll_value_and_grad(flow, params, flow.checked_x('x', rows, training.flat), None, rng)
        return value / D, grads

    training = Training(loss, train, params, options.minutes, options.runs / f"{options.name or options.model}.npz",
        options.batch, options.rate, clock=options.clock)
    training.run(lambda p: bits(flow, p, validation[: options.validation], np.random.default_rng(1)).total, options.every)


if __name__ == "__main__":
    main()
