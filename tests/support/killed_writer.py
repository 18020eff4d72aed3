"""A writer of a flow that is killed at each of its steps in turn: `python killed_writer.py FOLDER`.

A child saves the flow that is not yet in the file, and kills itself before the k-th line that the atomic writer runs,
for k = 1, 2, ... until it comes to its end. For each k a line is printed: "old" or "new", which of the two is in the
file whole; the number of temporaries that lie beside it; and how many are left when the same is saved once more.
"""

import os
import signal
import sys

import numpy as onp

import nfscratch as nf
from nfscratch.checkpoint import atomic


def save_and_die(path, flow, params, last):
    """Save, killed before line `last` of the atomic writer."""
    lines = iter(range(1, last))

    def trace(frame, event, _):
        if frame.f_code.co_filename != atomic.__file__:
            return None
        if event == "line" and next(lines, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)
        return trace

    sys.settrace(trace)
    nf.save(path, flow, params)
    os._exit(0)


def value(path):
    """The number that all of the flow's parameters are."""
    _, params = nf.load(path)
    (only,) = {float(v) for leaf in nf.trees.leaves(params) for v in (leaf.min(), leaf.max())}
    return only


def temporaries(folder):
    return sum(name.endswith(".tmp") for name in os.listdir(folder))


def main(folder):
    path = os.path.join(folder, "flow.safetensors")
    flow = nf.flows.real_nvp(3, layers=2, hidden=(64, 64), whiten="diagonal")
    fresh = flow.init(onp.random.default_rng(0))
    params = {k: nf.trees.map_leaves(lambda a, k=k: a * 0 + k, fresh) for k in (1.0, 2.0)}
    nf.save(path, flow, params[1.0])
    last, killed, old = 1, True, 1.0
    while killed:
        child = os.fork()
        if child == 0:
            save_and_die(path, flow, params[3 - old], last)
        killed = os.WIFSIGNALED(os.waitpid(child, 0)[1])
        found, left = "old" if value(path) == old else "new", temporaries(folder)
        nf.save(path, flow, params[3 - old])
        print(found, left, temporaries(folder))
        last, old = last + 1, 3 - old


if __name__ == "__main__":
    main(sys.argv[1])
