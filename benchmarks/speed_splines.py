"""A step of a neural spline flow: nfscratch's `fit` against zuko, nflows and normflows, in turns, in one process.

The same work for all: rational-quadratic couplings with 8 bins and linear tails at 5, networks with two hidden layers
and ReLU, batch 512, float32, Adam, a permutation between couplings. A turn is a fixed number of steps; turns
alternate, so that a slow moment of the machine hits everyone. Reported are the fastest turn and the median of each,
and their ratios to nfscratch's; where other work disturbs the machine, the ratio of the fastest says most.

    python benchmarks/speed_splines.py [--threads 1] [--turns 15] [--sizes 2 8 64]
"""

import argparse
import os
import time

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--threads", type=int, default=1, help="BLAS and torch threads")
parser.add_argument("--turns", type=int, default=15)
parser.add_argument("--sizes", type=int, nargs="+", default=[2, 8, 64], help="dimensions, of 2, 8 and 64")
options = parser.parse_args()
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):  # before NumPy and torch are loaded
    os.environ[variable] = str(options.threads)

import nflows.distributions  # noqa: E402
import nflows.flows  # noqa: E402
import nflows.nn.nets  # noqa: E402
import nflows.transforms  # noqa: E402
import normflows  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
import zuko  # noqa: E402

import nfscratch as nf  # noqa: E402

BINS, BOUND, BATCH, ROWS = 8, 5.0, 512, 20_000
SIZES = {2: (4, 64, 40), 8: (5, 128, 15), 64: (5, 128, 5)}  # dimension: layers, width, steps a turn


def of_nfscratch(x, layers, width):
    nf.use(dtype="float32")
    flow = nf.flows.rq_nsf(
        x.shape[1],
        layers=layers,
        hidden=(width, width),
        bins=BINS,
        bound=BOUND,
        activation="relu",
        gain=1.0,
        whiten="diagonal",
    )
    rng = np.random.default_rng(0)
    params = flow.init(rng, x)

    def turn(steps):
        nf.fit(flow, x, rng=rng, params=params, steps=steps, batch_size=BATCH, validation=None, progress=False)

    return turn


def of_torch(parameters, loss, x):
    x = torch.from_numpy(x)
    optimizer = torch.optim.Adam(parameters, 1e-3)

    def turn(steps):
        for _ in range(steps):
            value = loss(x[torch.randint(0, ROWS, (BATCH,))])
            optimizer.zero_grad()
            value.backward()
            optimizer.step()

    return turn


def of_zuko(x, layers, width):
    """zuko's NSF is autoregressive; with passes=2 it is a coupling."""
    flow = zuko.flows.NSF(x.shape[1], 0, bins=BINS, transforms=layers, passes=2, hidden_features=(width, width))
    return of_torch(flow.parameters(), lambda batch: -flow().log_prob(batch).mean(), x)


class Network(nflows.nn.nets.MLP):
    """nflows calls a coupling's network with a context, which its own MLP does not take."""

    def forward(self, inputs, context=None):
        return super().forward(inputs)


def of_nflows(x, layers, width):
    dim, parts = x.shape[1], []
    for k in range(layers):
        parts.append(
            nflows.transforms.PiecewiseRationalQuadraticCouplingTransform(
                mask=[(i + k) % 2 for i in range(dim)],
                transform_net_create_fn=lambda n_in, n_out: Network([n_in], [n_out], [width, width]),
                num_bins=BINS, tails="linear", tail_bound=BOUND, apply_unconditional_transform=False,
            )
        )  # fmt: skip
    flow = nflows.flows.Flow(nflows.transforms.CompositeTransform(parts), nflows.distributions.StandardNormal([dim]))
    return of_torch(flow.parameters(), lambda batch: -flow.log_prob(batch).mean(), x)


def of_normflows(x, layers, width):
    """Its conditioner is a residual network: one block is two hidden layers."""
    dim, parts = x.shape[1], []
    for k in range(layers):
        parts.append(
            normflows.flows.CoupledRationalQuadraticSpline(
                dim, 1, width, num_bins=BINS, tail_bound=BOUND, reverse_mask=k % 2 == 1
            )
        )
    model = normflows.NormalizingFlow(normflows.distributions.base.DiagGaussian(dim, trainable=False), parts)
    return of_torch(model.parameters(), model.forward_kld, x)


def measured(dim):
    layers, width, steps = SIZES[dim]
    x = np.random.default_rng(0).normal(size=(ROWS, dim)).astype(np.float32)
    makers = {"nfscratch": of_nfscratch, "zuko": of_zuko, "nflows": of_nflows, "normflows": of_normflows}
    turns = {name: make(x, layers, width) for name, make in makers.items()}
    times = {name: [] for name in turns}
    for round_ in range(options.turns + 1):
        for name, turn in turns.items():
            start = time.perf_counter()
            turn(steps)
            if round_ >= 1:  # the first warms up
                times[name].append((time.perf_counter() - start) / steps * 1e3)
    print(f"\nD {dim}, {layers} x {width}-{width}, {BINS} bins, batch {BATCH}, float32")
    print(f"  {'':12}{'fastest ms':>12}{'ratio':>8}{'median ms':>12}{'ratio':>8}")
    low, middle = min(times["nfscratch"]), np.median(times["nfscratch"])
    for name, values in times.items():
        fastest, median = min(values), np.median(values)
        print(f"  {name:12}{fastest:12.2f}{fastest / low:8.2f}{median:12.2f}{median / middle:8.2f}")


def main():
    torch.set_num_threads(options.threads)
    print(f"{options.threads} thread(s); numpy {np.__version__}, torch {torch.__version__}, zuko {zuko.__version__}")
    for dim in options.sizes:
        measured(dim)


if __name__ == "__main__":
    main()
