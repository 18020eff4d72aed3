"""Bits per dimension: what it costs to write down one number of an image, in bits, with the best code for the model.

    bits/dim = - log P(x) / (D log 2),    P a probability of whole numbers, D = C H W numbers

A uniform model of 256 levels costs log2 256 = 8 bits, so a good one is below 8. log P is a sum, and each of its terms
has its share:

    log P(x) >= log p(z) + sum log|det| - D log 256 + D log(1 - 2 alpha) - sum log s (1 - s) - log q(u | x)       (1)

Terms that published code forgot, in bits per dimension: log 256 is 8; 255 in place of 256 is log2(256 / 255) = 0.0056;
log(1 - 2 alpha) is 0.152 at alpha = 0.05. A density of x / 256 in place of x lacks the 8 bits, and it is negative.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import log
from typing import Any

import numpy as np

from nfscratch import backend, validate
from nfscratch.evaluate.estimate import mean_and_error


@dataclass(frozen=True)
class BitsPerDim:
    """total: the mean over the images; error: its standard error. terms: what each term of log P adds to the total."""

    total: float
    error: float
    terms: dict[str, float] = field(default_factory=dict)

    def __str__(self) -> str:
        width = max(map(len, [*self.terms, "bits per dimension"]))
        rows = [f"{name:{width}}  {bits:9.4f}" for name, bits in self.terms.items()]
        return "\n".join([*rows, f"{'bits per dimension':{width}}  {self.total:9.4f} ± {self.error:.4f}"])


def bits_per_dim(log_prob: Any, dim: int) -> BitsPerDim:
    """Bits per dimension of images of `dim` numbers.

    log_prob: (N,) in nats, of whole numbers; or its terms {name: (N,) or a number}, as Dequantized.log_prob_terms
        gives them: then the result is itemised, and the terms add up to the total.
    """
    dim = validate.count("dim", dim, least=1)
    given = log_prob if isinstance(log_prob, dict) else {"": log_prob}
    if not given:
        raise ValueError("log_prob must be an array, or a dict of at least one term; got an empty dict")
    terms = {name: _per_image(name, value) for name, value in given.items()}
    lengths = {name: len(value) for name, value in terms.items()}
    if len(set(lengths.values()) - {1}) > 1:
        raise ValueError(f"log_prob's terms must have one number for each image, or one for all; got {lengths}")
    total = -sum(np.broadcast_arrays(*terms.values())) / (dim * log(2))
    itemised = {name: float(-value.mean() / (dim * log(2))) for name, value in terms.items() if name}
    return BitsPerDim(*mean_and_error(total), itemised)


def _per_image(name, value):
    """(N,) in float64, where the mean of many is taken; a number is the same for all images."""
    what = f"term {name!r} of log_prob" if name else "log_prob"
    value = np.atleast_1d(np.asarray(backend.to_numpy(validate.numeric(what, value)), dtype=np.float64))
    if value.ndim != 1 or len(value) == 0:
        raise ValueError(f"{what} must have one number for each image, shape (N,); got shape {value.shape}")
    if not np.isfinite(value).all():
        raise ValueError(f"{what} must be finite; got {value[~np.isfinite(value)][0]} for image {_first_bad(value)}")
    return value


def _first_bad(value):
    return int(np.argmin(np.isfinite(value)))
