"""The toy densities as data sets: independent draws for train, validation and test, with the true log_prob.

    train n (10,000 unless told), validation max(1000, n / 10), test 10,000

The test points are drawn first: for one seed they are the same whatever n, so a learning curve has one yardstick.
"""

from __future__ import annotations

import numpy as np

from nfscratch.data.dataset import Dataset
from nfscratch.targets.toy import DENSITIES

SEED = 20240517
TRAIN, TEST = 10_000, 10_000


def load_toy(name: str, rng: np.random.Generator | None = None, n: int | None = None) -> Dataset:
    """n training points of the toy density `name`; the same ones in every run where rng is None."""
    density = DENSITIES[name]
    rng = np.random.default_rng(SEED) if rng is None else rng
    n = TRAIN if n is None else n
    test, train, validation = (density.sample(rng, size) for size in (TEST, n, max(1000, n // 10)))
    return Dataset(
        name=name,
        train=train,
        validation=validation,
        test=test,
        units="none",
        source=f"drawn here, no licence needed. {density.about}",
        log_prob=density.log_prob if density.has_log_prob else None,
        entropy=density.entropy,
    )
