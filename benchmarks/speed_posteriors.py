"""A step of variational inference: nfscratch's `minimize` against normflows, in turns, in one process.

The same work for both: the ELBO of a bent target in D variables from the same number of draws, its gradient by
automatic differentiation of the target and of the flow, and Adam. Flows: 16 planar layers; an IAF of 4 layers, whose
networks have as many parameters in both libraries. float32. The libraries take turns of some steps, so that a slow
moment of the machine hits everyone; the ratios are those of the medians and of the fastest steps. What `minimize` does
once for the process, it does here for both: memory that is freed stays with the process. Times are of the processor.

    python benchmarks/speed_posteriors.py [--threads 1] [--turns 20] [--steps 20] [--dim 10] [--draws 256]
"""

import argparse
import os
import time
from importlib.metadata import version

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--threads", type=int, default=1, help="BLAS and torch threads")
parser.add_argument("--turns", type=int, default=20)
parser.add_argument("--steps", type=int, default=20)
parser.add_argument("--dim", type=int, default=10)
parser.add_argument("--draws", type=int, default=256)
options = parser.parse_args()
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):  # before NumPy and torch are loaded
    os.environ[variable] = str(options.threads)

import autograd.numpy as anp  # noqa: E402
import normflows  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402

import nfscratch as nf  # noqa: E402
from nfscratch.training.defaults import Times  # noqa: E402
from nfscratch.training.minimize import raise_malloc_thresholds  # noqa: E402
from nfscratch.training.run import Plan, Run  # noqa: E402

DIM, DRAWS, PLANAR, IAF, HIDDEN = options.dim, options.draws, 16, 4, 64


def log_target(x):
    """x_0 ~ N(0, 1), x_i ~ N(x_0^2 / 2, 1), without the constant."""
    return -0.5 * x[:, 0] ** 2 - 0.5 * anp.sum((x[:, 1:] - 0.5 * x[:, :1] ** 2) ** 2, axis=1)


class Target:
    """The same for normflows."""

    def log_prob(self, x):
        return -0.5 * x[:, 0] ** 2 - 0.5 * torch.sum((x[:, 1:] - 0.5 * x[:, :1] ** 2) ** 2, dim=1)


def of_nfscratch(flow):
    """A step of `minimize`, without what it does once: a Run of a Plan that never evaluates."""
    loss = lambda p, rng: nf.objectives.reverse_kl_value_and_grad(flow, log_target, p, rng, DRAWS)  # noqa: E731
    plan = Plan(loss, nf.adam(1e-3), nf.constant, 10**9, Times(10**9, 10**9))
    return Run(plan, flow.init(np.random.default_rng(0)), np.random.default_rng(0), None).advance


def of_normflows(layers):
    base = normflows.distributions.base.DiagGaussian(DIM, trainable=False)
    model = normflows.NormalizingFlow(base, layers, Target())
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)

    def step():
        value = model.reverse_kld(DRAWS)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()

    return step


def iaf_of_normflows():
    layers = []
    for _ in range(IAF):
        layers.append(normflows.flows.MaskedAffineAutoregressive(DIM, HIDDEN, num_blocks=1))
        layers.append(normflows.flows.Permute(DIM, mode="swap"))
    return layers


def main():
    torch.set_num_threads(options.threads)
    raise_malloc_thresholds()
    nf.use(dtype="float32")
    widths = (HIDDEN, HIDDEN, HIDDEN)  # the three hidden layers of normflows' network with one residual block
    iaf = nf.flows.iaf(DIM, layers=IAF, hidden=widths, activation="relu", gain=1.0, whiten="diagonal")
    steps = {
        ("planar", "nfscratch"): of_nfscratch(nf.flows.planar(DIM, layers=PLANAR)),
        ("planar", "normflows"): of_normflows([normflows.flows.Planar((DIM,)) for _ in range(PLANAR)]),
        ("IAF", "nfscratch"): of_nfscratch(iaf),
        ("IAF", "normflows"): of_normflows(iaf_of_normflows()),
    }
    times = {name: [] for name in steps}
    for turn in range(options.turns + 1):
        for name, step in steps.items():
            for _ in range(options.steps):
                start = time.process_time()
                step()
                if turn:  # the first turn warms up
                    times[name].append((time.process_time() - start) * 1e3)
    report(times)


def report(times):
    versions = ", ".join(f"{name} {version(name)}" for name in ("numpy", "torch", "normflows"))
    print(f"A step, D {DIM}, {DRAWS} draws, float32; {options.threads} thread(s); {versions}")
    print(f"  {'':24}{'median ms':>10}{'fastest':>9}{'ratio of medians':>18}{'of fastest':>12}")
    for (flow, library), values in times.items():
        ours = times[flow, "nfscratch"]
        ratios = f"{np.median(values) / np.median(ours):18.2f}{min(values) / min(ours):12.2f}"
        print(f"  {flow + ', ' + library:24}{np.median(values):10.2f}{min(values):9.2f}{ratios}")


if __name__ == "__main__":
    main()
