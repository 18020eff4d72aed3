"""Binary sets from the data folder: mushrooms and dna. Values are 0 and 1, and the splits are the published ones.

    mushrooms    (N, 112): 2,000 train, 500 validation, 5,624 test; the categories of a mushroom's features, one-hot
    dna          (N, 180): 1,400 train, 600 validation, 1,186 test; 60 bases around a splice site, 3 bits each

They are two of the sets of Larochelle and Murray 2011 (NADE) and Germain et al. 2015, arXiv:1502.03509 (MADE), and
hold bits, eight to a byte. A model of them gives probabilities, not densities, so there is no noise and no unit.
"""

from __future__ import annotations

import numpy as np

from nfscratch.data import folder
from nfscratch.data.dataset import PARTS, Dataset
from nfscratch.data.tables import first_rows

COLUMNS = {"mushrooms": 112, "dna": 180}
SOURCES = {
    "mushrooms": "UCI mushrooms, as split by Larochelle and Murray 2011 and Germain et al. 2015; no licence stated",
    "dna": "UCI splice junctions, as split by Larochelle and Murray 2011 and Germain et al. 2015; no licence stated",
}
STORED = dict(zip(PARTS, ("train_data", "valid_data", "test_data"), strict=True))


def load_binary(name: str, rng: np.random.Generator | None = None, n: int | None = None) -> Dataset:
    """The set `name`, 0.0 and 1.0; `n` keeps the first n training rows. Nothing is drawn from `rng`."""
    packed = folder.arrays(name)
    bits = {part: np.unpackbits(packed[key], axis=1, count=COLUMNS[name]) for part, key in STORED.items()}
    bits["train"] = bits["train"][: first_rows(name, len(bits["train"]), n)]
    arrays = {part: x.astype(float) for part, x in bits.items()}
    return Dataset(name=name, **arrays, source=SOURCES[name], units="0 or 1")
