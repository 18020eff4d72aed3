"""What check_32bit.py asks of the package, in a Python of 32 bits and natively: laws, and numbers that must be equal.

`laws()` holds or raises; `numbers()` are compared. A spline finds its bins by `take`, whose indices are as wide as an
address; batches are rows by their numbers; chapter 05 divides by a time, and a browser's clock ticks coarsely.
"""

import hashlib
import importlib.util
import time

import numpy as np

import nfscratch as nf
from nfscratch import chapter
from nfscratch.training.repeated import row_hashes

CASES = (
    "elementwise linear spline", "elementwise quadratic spline", "elementwise cubic spline",
    "elementwise rational spline", "elementwise rational spline, circular", "coupling rational spline, context",
    "coupling inverse of a rational spline, irregular mask",
)  # fmt: skip
FAMILIES = ("LINEAR", "AUTOREGRESSIVE", "IMAGES", "COUPLINGS", "RESIDUAL", "CHAINS")  # the first case of each
DIMS = (1, 5)
OTHER = ("a device array gives the same numbers", "a step moves nothing between host and device")  # arrays of a GPU
TICK = 0.016  # seconds


def laws() -> int:
    """Every law but OTHER for every case; how many looks there were."""
    import cases
    from laws import LAWS

    chosen = [cases.CASES[name] for name in CASES] + [getattr(cases, family)[0] for family in FAMILIES]
    laws = [law for name, law in LAWS.items() if name not in OTHER]
    for case in chosen:
        for law in laws:
            law.check(case, [dim for dim in law.dims if dim in DIMS])
    return len(chosen) * len(laws)


def numbers() -> dict[str, float | str]:
    """Of a spline flow that was trained for some batches, of its draws, of rows as hashes and as bytes, of a clock."""
    rng = np.random.default_rng(0)
    x = nf.data.load("moons", rng=rng, n=500).train
    flow = nf.flows.rq_nsf(2, layers=2, hidden=(8,), bins=4)
    params = nf.fit(flow, x, rng=rng, steps=40, batch_size=64).params
    return {
        "nll": float(-flow.log_prob(params, x).mean()),
        "mean of draws": float(flow.sample(params, rng, 100).mean()),
        "hash of a row": str(row_hashes(x)[0]),
        "rows as bytes": _coded(rng),
        "a time is positive": float(_on_a_coarse_clock() > 0),
    }


def _coded(rng: np.random.Generator) -> str:
    """Rows under a MADE, there and back: whole numbers, so that the bytes are the same on every machine."""
    made = nf.AutoregressiveDensity(6, nf.Categorical(5), nf.MADE((8,)))
    params, rows = made.init(rng), rng.integers(0, 5, (200, 6)) / 4
    data = nf.codes.encode(made, params, rows)
    assert (nf.codes.decode(made, params, data) == rows).all()
    return hashlib.sha256(data).hexdigest()


def _on_a_coarse_clock() -> float:
    """What chapter 05 measures: milliseconds of one call."""
    module = _chapter_05()
    began = time.perf_counter()
    module.process_time = lambda: (time.perf_counter() - began) // TICK * TICK
    return module.milliseconds(np.sort, np.arange(100.0))


def _chapter_05():
    path = next(path for name, path in chapter.chapters().items() if name.startswith("ch05_"))
    spec = importlib.util.spec_from_file_location("ch05", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
