"""Data by name: load("moons"), load("digits"); names() lists what there is.

    load(name, rng=None, n=None) -> Dataset with train, validation, test, labels, jitter, units, source
    reference_posterior(name) -> ReferencePosterior with data, names, draws

LOADERS is a plain dict, name -> loader(rng, n) -> Dataset; an entry added there can be loaded like the rest.
Libraries and files are opened by the loader that needs them, not by this import. mnist, freyfaces, mushrooms and dna
are read from the folder that NFSCRATCH_DATA names (folder.py).
"""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from functools import partial
from numbers import Integral

import numpy as np

from nfscratch import validate
from nfscratch.data.binary import COLUMNS, load_binary
from nfscratch.data.dataset import Dataset
from nfscratch.data.images import load_freyfaces, load_mnist
from nfscratch.data.posteriordb import ReferencePosterior, reference_posterior
from nfscratch.data.tables import SOURCES, load_table
from nfscratch.data.toys import load_toy
from nfscratch.excerpt import excerpt
from nfscratch.targets.toy import DENSITIES

Loader = Callable[[np.random.Generator | None, int | None], Dataset]

LOADERS: dict[str, Loader] = {
    **{name: partial(load_toy, name) for name in DENSITIES},
    "mnist": load_mnist,
    "freyfaces": load_freyfaces,
    **{name: partial(load_binary, name) for name in COLUMNS},
    **{name: partial(load_table, name) for name in SOURCES},
}


def names() -> list[str]:
    """The names that `load` knows."""
    return list(LOADERS)


def load(name: str, *, rng: np.random.Generator | None = None, n: int | None = None) -> Dataset:
    """The data set called `name`, split into train, validation and test.

    Without `rng` the split, the frozen noise and the toy samples are the same in every run, whatever other
    generators the program uses; with it they are drawn from it. `n` sets the number of training points: drawn, for
    a toy density; the first n after the shuffle, for a table or images, whose validation and test do not depend on it.
    mnist, freyfaces, mushrooms and dna keep the split of the papers whatever `rng` is, and raise FileNotFoundError
    where they are not to be had.
    """
    if not isinstance(name, str) or name not in LOADERS:
        raise ValueError(_unknown(name))
    if rng is not None and not isinstance(rng, np.random.Generator):
        raise TypeError(f"rng must be a numpy.random.Generator or None; got {type(rng).__name__}")
    if n is not None and (isinstance(n, bool) or not isinstance(n, Integral) or n < 1):
        raise ValueError(f"n must be a positive integer or None; got {excerpt(n)}")
    if n is not None and n > validate.LARGEST:
        raise ValueError(f"n must be at most {validate.LARGEST}; got {n}")
    return LOADERS[name](rng, None if n is None else int(n))


def _unknown(name: object) -> str:
    close = get_close_matches(str(name), LOADERS, n=1)
    hint = f" (did you mean {close[0]!r}?)" if close else ""
    return f"no data set called {excerpt(name)}; there are: {', '.join(LOADERS)}{hint}"


__all__ = ["LOADERS", "Dataset", "ReferencePosterior", "load", "names", "reference_posterior"]
