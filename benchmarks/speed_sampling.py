"""Sampling a MAF at the price of one pass: nfscratch against zuko and jitted flowjax, in turns, in one process.

The same work for all: 1,000 points at D = 43 through five layers of 512-512, float32. Beside it: one log_prob of 1,000
points, which is one pass of every network; the D-pass plain twin; D = 784 with one hidden layer of 1,024; and a
training step at D = 43, batch 256.

Turns alternate, so that a slow moment of the machine hits everyone. A ratio is that of the fastest turns, which is
what a busy machine distorts least; CPU time is shown beside wall time, and should tell the same.

    python benchmarks/speed_sampling.py [--threads 1] [--turns 15] [--slow-turns 3] [--without-peers]
"""

import argparse
import os
import time

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--threads", type=int, default=1, help="BLAS, torch and XLA threads")
parser.add_argument("--turns", type=int, default=15)
parser.add_argument(
    "--slow-turns", type=int, default=3, help="of what takes seconds: the peers' and the D-pass sampler"
)
parser.add_argument("--without-peers", action="store_true")
options = parser.parse_args()
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):  # before NumPy and torch are loaded
    os.environ[variable] = str(options.threads)
os.environ["XLA_FLAGS"] = f"--xla_cpu_multi_thread_eigen={'false' if options.threads == 1 else 'true'}"

import numpy as np  # noqa: E402

import nfscratch as nf  # noqa: E402

N, D, LAYERS, HIDDEN, BATCH, STEPS = 1000, 43, 5, (512, 512), 256, 10


def of_nfscratch(dim, layers, hidden):
    """log_prob, sample, and the sampler by D passes of the whole network."""
    flow, rng = (
        nf.flows.maf(dim, layers=layers, hidden=hidden, activation="relu", gain=1.0, whiten="diagonal"),
        np.random.default_rng(0),
    )
    params = nf.check.random_params(flow, rng, 0.1)
    x = np.asfortranarray(flow.sample(params, rng, N))
    assert x.dtype == np.float32 and np.isfinite(x).all()

    def by_passes():
        z = np.asfortranarray(rng.normal(size=(N, dim)).astype(np.float32))
        for layer, p in zip(flow.bijection.layers, params["bijection"], strict=True):
            z, _ = getattr(layer, "forward_in_passes", layer.forward)(p, z)

    return lambda: flow.log_prob(params, x), lambda: flow.sample(params, rng, N), by_passes


def training_of_nfscratch(x):
    flow, rng = (
        nf.flows.maf(D, layers=LAYERS, hidden=HIDDEN, activation="relu", gain=1.0, whiten="diagonal"),
        np.random.default_rng(0),
    )
    params = flow.init(rng, x)
    return lambda: nf.fit(
        flow, x, rng=rng, params=params, steps=STEPS, batch_size=BATCH, validation=None, progress=False
    )


def of_zuko(x):
    """Sampling, and STEPS training steps."""
    import torch
    import zuko

    torch.set_num_threads(options.threads)
    flow = zuko.flows.MAF(D, 0, transforms=LAYERS, hidden_features=HIDDEN)
    optimizer = torch.optim.Adam(flow.parameters(), 1e-3)
    data = torch.from_numpy(np.ascontiguousarray(x))

    def sample():
        with torch.no_grad():
            flow().sample((N,))

    def train():
        for _ in range(STEPS):
            loss = -flow().log_prob(data[torch.randint(0, len(data), (BATCH,))]).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return sample, train


def of_flowjax():
    import equinox
    import jax
    from flowjax.bijections import Affine
    from flowjax.distributions import Normal
    from flowjax.flows import masked_autoregressive_flow

    flow = masked_autoregressive_flow(
        jax.random.key(0),
        base_dist=Normal(jax.numpy.zeros(D)),
        transformer=Affine(),
        flow_layers=LAYERS,
        nn_width=HIDDEN[0],
        nn_depth=len(HIDDEN),
    )
    draw = equinox.filter_jit(lambda key: flow.sample(key, (N,)))
    return lambda: draw(jax.random.key(1)).block_until_ready()


def fastest(turns):
    """Milliseconds, wall and CPU, of the fastest of alternating turns: {name: (call, turns)} -> {name: (wall, cpu)}."""
    best = dict.fromkeys(turns, (np.inf, np.inf))
    for call, _ in turns.values():
        call()  # warm up, and compile
    for turn in range(max(n for _, n in turns.values())):
        for name, (call, n) in turns.items():
            if turn < n:
                wall, cpu = time.perf_counter(), time.process_time()
                call()
                took = time.perf_counter() - wall, time.process_time() - cpu
                best[name] = tuple(min(a, 1e3 * b) for a, b in zip(best[name], took, strict=True))
    return best


def report(title, best, unit):
    print(f"\n{title}\n  {'':44}{'wall ms':>9}{'cpu ms':>9}{'ratio':>8}{'of cpu':>8}")
    for name, (wall, cpu) in best.items():
        print(f"  {name:44}{wall:9.2f}{cpu:9.2f}{wall / best[unit][0]:8.2f}{cpu / best[unit][1]:8.2f}")


def main():
    nf.use(dtype="float32")
    x = np.random.default_rng(0).normal(size=(5000, D)).astype(np.float32)
    print(f"float32, {options.threads} thread(s), numpy {np.__version__}; fastest of {options.turns} turns")
    log_prob, sample, by_passes = of_nfscratch(D, LAYERS, HIDDEN)
    turns = {"log_prob": (log_prob, options.turns), "sample": (sample, options.turns)}
    turns["sample, by D passes (plain twin)"] = (by_passes, options.slow_turns)
    training = {"nfscratch, fit": (training_of_nfscratch(x), options.turns)}
    if not options.without_peers:
        zuko_sample, zuko_train = of_zuko(x)
        turns["sample, zuko"] = (zuko_sample, options.slow_turns)
        turns["sample, flowjax, jitted"] = (of_flowjax(), options.slow_turns)
        training["zuko"] = (zuko_train, options.turns)
    best = fastest(turns)
    report(f"{N} points, D = {D}, {LAYERS} layers of 512-512, against one log_prob", best, "log_prob")
    report("the same, against nfscratch's sample", best, "sample")
    log_prob, sample, _ = of_nfscratch(784, 1, (1024,))
    best = fastest({"log_prob": (log_prob, options.turns), "sample": (sample, options.turns)})
    report(f"{N} points, D = 784, one layer of 1024", best, "log_prob")
    report(f"{STEPS} training steps, D = {D}, batch {BATCH}", fastest(training), "nfscratch, fit")


if __name__ == "__main__":
    main()
