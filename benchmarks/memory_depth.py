"""What a step of training keeps in memory, by depth: the activations of all layers, or each layer's input alone.

A Glow of one level on images of 28 x 28, squeezed to 14 x 14: K steps of ActNorm, 1 x 1 convolution and coupling; a
batch of 32, float32. For each K a process of its own measures, with fit's memory="store" and memory="recompute",

    peak      the most that the arrays of one step's loss and gradient hold at a time, by tracemalloc
    seconds   processor time of a step, the two kinds in turns, the medians

and compares the two gradients: they must be equal to the last bit. Below stands the same for the recipes as they are,
and for the flow of interlaced.py.

    python benchmarks/memory_depth.py [--depths 4 8 16 32 64] [--hidden 32] [--figure memory_depth.png]
"""

import argparse
import json
import os
import subprocess
import sys
import time
import tracemalloc

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from interlaced import interlaced

import nfscratch as nf
from nfscratch import trees
from nfscratch.plot.style import BLUE, RED
from nfscratch.training.memory import RECOMPUTE, STORE, for_steps
from nfscratch.training.objectives import MaximumLikelihood

SHAPE, BATCH = (1, 28, 28), 32
RECIPES = {
    "glow": lambda depth, hidden: nf.flows.glow(SHAPE),
    "real_nvp_image": lambda depth, hidden: nf.flows.real_nvp_image(SHAPE),
    "interlaced": lambda depth, hidden: interlaced(SHAPE),
    "steps": lambda depth, hidden: nf.flows.glow(SHAPE, levels=1, depth=depth, hidden=hidden),
}


def one_process(*asked):
    """`child` in a process of its own."""
    command = [sys.executable, __file__, "--child", json.dumps(asked)]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def child(name, depth, hidden, steps):
    """{kind of memory: peak, seconds}. The kinds are timed in turns."""
    nf.use(dtype="float32")
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, size=(BATCH, *SHAPE)).astype(np.float32)
    flow = RECIPES[name](depth, hidden)
    params = trees.map_leaves(lambda p: p + 1e-3 * rng.normal(size=p.shape).astype(p.dtype), flow.init(rng, x))
    kinds = {memory: step_of(for_steps(flow, memory, MaximumLikelihood()), params, x) for memory in (STORE, RECOMPUTE)}
    peaks, gradients = zip(*(peak_and_gradient(step) for step in kinds.values()), strict=True)
    if any((a != b).any() for a, b in zip(*gradients, strict=True)):
        raise RuntimeError(f"the two gradients of {name} with depth {depth} must be equal, and they are not")
    seconds = seconds_in_turns(kinds, steps)
    return {memory: {"peak": peak, "seconds": seconds[memory]} for memory, peak in zip(kinds, peaks, strict=True)}


def step_of(flow, params, x):
    x = flow.checked_x("x", x, x)
    return lambda: nf.objectives.nll_value_and_grad(flow, params, x, None, np.random.default_rng(1))


def peak_and_gradient(step):
    """The most bytes that a step's arrays hold at a time, and its gradient's leaves. The first step fills caches."""
    step()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    grads = step()[1]
    peak = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    return peak, trees.leaves(grads)


def seconds_in_turns(kinds, steps):
    """Medians of processor time."""
    times = {memory: [] for memory in kinds}
    for _ in range(steps):
        for memory, step in kinds.items():
            start = time.process_time()
            step()
            times[memory].append(time.process_time() - start)
    return {memory: float(np.median(values)) for memory, values in times.items()}


def row(label, pair):
    peaks = [pair[memory]["peak"] / 2**20 for memory in (STORE, RECOMPUTE)]
    ratio = pair[RECOMPUTE]["seconds"] / pair[STORE]["seconds"]
    per_image = "".join(f"{1024 * peak / BATCH:12.0f}" for peak in peaks)
    print(f"  {label:>16}{peaks[0]:12.1f}{peaks[1]:12.1f}{per_image}{ratio:12.2f}", flush=True)


def figure(path, depths, pairs):
    """Peak memory by depth, and the price in time, beside each other."""
    page, (left, right) = nf.plot.subplots(1, 2, height=2.6)
    for memory, colour in ((STORE, RED), (RECOMPUTE, BLUE)):
        peaks = [pair[memory]["peak"] / 2**20 for pair in pairs]
        left.plot(depths, peaks, "o-", color=colour, markersize=4)
        left.annotate(f'memory="{memory}"', (depths[-1], peaks[-1]), (-6, 5), textcoords="offset points", ha="right")
    left.set(xlabel="steps of flow", ylabel=f"peak, MiB, {BATCH} images 28 x 28", xlim=(0, None), ylim=(0, None))
    ratios = [pair[RECOMPUTE]["seconds"] / pair[STORE]["seconds"] for pair in pairs]
    right.plot(depths, ratios, "o-", color=BLUE, markersize=4)
    right.set(xlabel="steps of flow", ylabel="time, recompute / store", xlim=(0, None), ylim=(0, 2))
    right.axhline(1, color="0.7", linewidth=0.8)
    page.savefig(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--depths", type=int, nargs="+", default=[4, 8, 16, 32, 64])
    parser.add_argument("--hidden", type=int, default=32)
    parser.add_argument("--steps", type=int, default=9, help="timed steps of each kind")
    parser.add_argument("--figure", default="memory_depth.png")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(child(*json.loads(options.child))))
        return
    print(f"peak of a step of {BATCH} images 28 x 28, float32")
    print(f"  {'':>16}{'store MiB':>12}{'recompute':>12}{'KiB/image':>12}{'recompute':>12}{'time ratio':>12}")
    pairs = []
    for depth in options.depths:
        pairs.append(one_process("steps", depth, options.hidden, options.steps))
        row(f"{depth} steps", pairs[-1])
    for name in ("glow", "real_nvp_image", "interlaced"):
        row(name, one_process(name, 0, 0, options.steps))
    figure(options.figure, options.depths, pairs)


if __name__ == "__main__":
    main()
