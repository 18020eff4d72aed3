"""A convolutional coupling step, forward and backward: nfscratch against normflows (PyTorch), in turns, in one process.

The same work for both: images of 4 channels, two affine couplings of channels, one of them flipped, each with a network
of three convolutions (--kernels) with ReLU; float32; the mean of -log p of a batch and the gradient of all weights,
without the optimizer. Turns are short and alternate, so that a slow moment of the machine hits both; the ratio is that
of the medians over the turns, of processor time with one thread, else of the clock. The last column is of products of
matrices alone, of the sizes that a step's convolutions have as products: what BLAS would take if nothing else were to
be done.

    python benchmarks/speed_images.py [--threads 2] [--turns 40] [--sizes 8 14 28] [--hidden 32 64] [--kernels 3 1 3]
"""

import argparse
import os
import time
from importlib.metadata import version

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--threads", type=int, default=2, help="BLAS and torch threads")
parser.add_argument("--turns", type=int, default=40)
parser.add_argument("--sizes", type=int, nargs="+", default=[8, 14, 28], help="heights and widths")
parser.add_argument("--hidden", type=int, nargs="+", default=[32, 64], help="channels of the networks")
parser.add_argument("--kernels", type=int, nargs=3, default=[3, 1, 3])
options = parser.parse_args()
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):  # before NumPy and torch are loaded
    os.environ[variable] = str(options.threads)

import normflows  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402

import nfscratch as nf  # noqa: E402
from nfscratch.ops.events import laid_out  # noqa: E402

CHANNELS = 4
BATCHES = {8: 256, 14: 128, 28: 64}


def of_nfscratch(x, hidden):
    nf.use(dtype="float32")
    shape = x.shape[1:]
    network = nf.ConvNet((hidden, hidden), "relu", tuple(options.kernels))
    couplings = [nf.Coupling(nf.Affine(), nf.channel_mask(shape, flip=flip), network) for flip in (False, True)]
    flow = nf.Flow(nf.StandardNormal(shape), nf.Chain(couplings))
    params = flow.init(np.random.default_rng(0))
    return lambda: nf.objectives.nll_value_and_grad(flow, params, laid_out(x))


def of_normflows(x, hidden):
    layers = []
    for mode in ("channel", "channel_inv"):
        network = normflows.nets.ConvNet2d([CHANNELS // 2, hidden, hidden, CHANNELS], options.kernels)
        layers.append(normflows.flows.AffineCouplingBlock(network, split_mode=mode))
    model = normflows.NormalizingFlow(normflows.distributions.base.DiagGaussian(x.shape[1:], trainable=False), layers)
    x = torch.from_numpy(x.copy())

    def turn():
        model.zero_grad()
        model.forward_kld(x).backward()

    return turn


def of_products(x, hidden):
    """The products of the convolutions of two couplings, value and two gradients, with nothing laid out."""
    columns = len(x) * x.shape[2] * x.shape[3]
    a, b, c = (k * k for k in options.kernels)
    pairs = []
    for rows, inner in ((hidden, a * CHANNELS // 2), (hidden, b * hidden), (c * CHANNELS, hidden)):
        pairs.append([np.ones(size, np.float32) for size in ((rows, inner), (inner, columns), (rows, columns))])

    def turn():
        for W, h, g in pairs * 2:
            W @ h, W.T @ g, g @ h.T

    return turn


def measured(turns):
    """Milliseconds of a turn, for each of the competitors."""
    clock = time.process_time if options.threads == 1 else time.perf_counter  # one thread: others' work does not count
    times = {name: [] for name in turns}
    for round_ in range(options.turns + 3):
        for name, turn in turns.items():
            start = clock()
            turn()
            if round_ >= 3:  # the first ones warm up
                times[name].append((clock() - start) * 1e3)
    return times


def main():
    torch.set_num_threads(options.threads)
    print(f"{options.threads} thread(s), kernels {options.kernels}, float32")
    print(f"numpy {np.__version__}, torch {torch.__version__}, normflows {version('normflows')}")
    print("medians (fastest) in ms")
    print(
        f"  {'image':>6} {'hidden':>6} {'batch':>5} {'nfscratch':>16} {'normflows':>16} {'ratio':>6} {'products':>16}"
    )
    for size in options.sizes:
        for hidden in options.hidden:
            batch = BATCHES.get(size, 64)
            x = np.random.default_rng(0).normal(size=(batch, CHANNELS, size, size)).astype(np.float32)
            makers = {"nfscratch": of_nfscratch, "normflows": of_normflows, "products": of_products}
            times = measured({name: maker(x, hidden) for name, maker in makers.items()})
            ours, theirs, products = (f"{np.median(t):8.2f} ({min(t):.2f})" for t in times.values())
            ratio = np.median(times["nfscratch"]) / np.median(times["normflows"])
            print(f"  {size:>3}x{size:<3}{hidden:>6} {batch:>5} {ours:>16} {theirs:>16} {ratio:6.2f} {products:>16}")
    print("ratio: nfscratch / normflows; less than 1 is faster than normflows")


if __name__ == "__main__":
    main()
