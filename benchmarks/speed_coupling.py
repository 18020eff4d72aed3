"""A RealNVP training step: nfscratch's `fit` against zuko and normflows, in turns, in one process.

The same work for all: D = 2, 8 affine couplings, networks 64-64 with ReLU, batch 256 of 20,000 rows, float32, Adam.
A turn is a fixed number of steps; turns alternate, so that a slow moment of the machine hits everyone; the ratio is
that of the medians over the turns. `autograd.grad` of the public log_prob is timed beside them.

    python benchmarks/speed_coupling.py [--threads 1] [--turns 15] [--steps 100]
"""

import argparse
import os
import time

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--threads", type=int, default=1, help="BLAS and torch threads")
parser.add_argument("--turns", type=int, default=15)
parser.add_argument("--steps", type=int, default=100)
options = parser.parse_args()
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):  # before NumPy and torch are loaded
    os.environ[variable] = str(options.threads)

import autograd  # noqa: E402
import normflows  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
import zuko  # noqa: E402

import nfscratch as nf  # noqa: E402

LAYERS, HIDDEN, BATCH, ROWS = 8, (64, 64), 256, 20_000


def of_nfscratch(x):
    nf.use(dtype="float32")
    flow = nf.flows.real_nvp(2, layers=LAYERS, hidden=HIDDEN, activation="relu", gain=1.0, whiten="diagonal")
    rng = np.random.default_rng(0)
    params = flow.init(rng, x)

    def turn(steps):
        nf.fit(flow, x, rng=rng, params=params, steps=steps, batch_size=BATCH, validation=None, progress=False)

    return turn


def of_autograd_grad(x):
    nf.use(dtype="float32")
    flow = nf.flows.real_nvp(2, layers=LAYERS, hidden=HIDDEN, activation="relu", gain=1.0, whiten="diagonal")
    rng = np.random.default_rng(0)
    params = flow.init(rng, x)
    gradient = autograd.grad(lambda p, batch: nf.objectives.nll(flow, p, batch))

    def turn(steps):
        for _ in range(steps):
            gradient(params, x[rng.integers(0, ROWS, BATCH)])

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


def of_zuko(x):
    flow = zuko.flows.RealNVP(2, 0, transforms=LAYERS, hidden_features=HIDDEN)
    return of_torch(flow.parameters(), lambda batch: -flow().log_prob(batch).mean(), x)


def of_normflows(x):
    layers = []
    for _ in range(LAYERS):
        network = normflows.nets.MLP([1, *HIDDEN, 2], init_zeros=True)
        layers += [normflows.flows.AffineCouplingBlock(network), normflows.flows.Permute(2, mode="swap")]
    model = normflows.NormalizingFlow(normflows.distributions.base.DiagGaussian(2, trainable=False), layers)
    return of_torch(model.parameters(), model.forward_kld, x)


def main():
    torch.set_num_threads(options.threads)
    x = np.random.default_rng(0).normal(size=(ROWS, 2)).astype(np.float32)
    turns = {
        "nfscratch, fit": of_nfscratch(x),
        "nfscratch, autograd.grad (no optimizer)": of_autograd_grad(x),
        "zuko": of_zuko(x),
        "normflows": of_normflows(x),
    }
    times = {name: [] for name in turns}
    for round_ in range(options.turns + 2):
        for name, turn in turns.items():
            start = time.perf_counter()
            turn(options.steps)
            if round_ >= 2:  # the first two warm up
                times[name].append((time.perf_counter() - start) / options.steps * 1e3)
    report(times)


def report(times):
    versions = f"numpy {np.__version__}, torch {torch.__version__}, zuko {zuko.__version__}"
    print(f"RealNVP step, D 2, 8 x 64-64, batch 256, float32; {options.threads} thread(s); {versions}")
    ours = np.median(times["nfscratch, fit"])
    print(f"  {'':40}{'median ms':>10}{'fastest':>9}{'ratio of medians':>18}")
    for name, values in times.items():
        print(f"  {name:40}{np.median(values):10.2f}{min(values):9.2f}{np.median(values) / ours:18.2f}")
    print(
        f"nfscratch's fit is {min(np.median(times[n]) for n in ('zuko', 'normflows')) / ours:.2f} times as fast as the"
    )
    print("faster of zuko and normflows.")


if __name__ == "__main__":
    main()
