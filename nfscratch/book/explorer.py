"""The explorer: a page on which a map bends a plane, and a point, its Jacobian and the density can be watched.

assets/explorer/ holds the page's markup, style and scripts. Its maps are those of the package, written again in
JavaScript; one of them is a RealNVP trained on moons, whose weights travel as moons.json:

    python -m nfscratch.book.explorer          trains it anew, and writes that file

The moons are centred and divided by their standard deviations, so that they fill the same window as the noise.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

import nfscratch as nf

FOLDER = Path(__file__).parent / "assets" / "explorer"
WEIGHTS = FOLDER / "moons.json"
LAYERS, HIDDEN, STEPS, DIGITS = 8, (16, 16), 3000, 6
PAGE = """---
hide-toc: true
---

# Explorer

```{{raw}} html
{markup}
```
"""


def page() -> str:
    """The page as MyST."""
    return PAGE.format(markup=(FOLDER / "markup.html").read_text(encoding="utf-8"))


def flow(count: int = LAYERS) -> nf.Flow:
    """Couplings that keep z1 and z2 in turn. Nothing but couplings: a part of one is a map too."""
    couplings = [nf.Coupling(nf.Affine(), (k % 2 == 0, k % 2 == 1), nf.MLP(HIDDEN, "tanh", 0.4)) for k in range(count)]
    return nf.Flow(nf.StandardNormal(2), nf.Chain(couplings))


def moons(rng: np.random.Generator, n: int = 20_000) -> np.ndarray:
    """(n, 2): standardised moons."""
    x = nf.data.load("moons", rng=rng, n=n).train
    return (x - x.mean(axis=0)) / x.std(axis=0)


def trained(steps: int = STEPS, seed: int = 0) -> dict[str, Any]:
    """The trained flow as data: {"layers": [{"keep": 0 or 1, "net": [{"W", "b"}, ...]}, ...], "nll": nats}."""
    rng = np.random.default_rng(seed)
    x, model = moons(rng), flow()
    result = nf.fit(model, x, rng=rng, steps=steps, batch_size=256, optimizer=nf.adam(3e-3))
    layers = [
        {"keep": k % 2, "net": [{key: np.round(p[key], DIGITS).tolist() for key in ("W", "b")} for p in net]}
        for k, net in enumerate(result.params["bijection"])
    ]
    told = {"layers": layers}
    told["nll"] = round(-float(model.log_prob(params_of(told), moons(rng)).mean()), 3)
    return told


def params_of(told: dict[str, Any]) -> dict[str, Any]:
    """The parameters of `flow()` with these weights."""
    nets = [[{key: np.array(p[key]) for key in ("W", "b")} for p in layer["net"]] for layer in told["layers"]]
    return {"base": {}, "bijection": nets, "embed": {}}


if __name__ == "__main__":
    told = trained()
    WEIGHTS.write_text(json.dumps(told, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"{WEIGHTS.name}: {WEIGHTS.stat().st_size / 1000:.0f} kB, {told['nll']:.3f} nats per point on fresh moons")
