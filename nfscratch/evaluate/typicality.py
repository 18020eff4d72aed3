"""Typicality: how far a row's log-density is from that of rows of the model's own law, on either side.

    score(x) = | -log p(x) - H |,    H = mean of -log p over rows that the model was made for, in nats              (1)
    score(x_1 ... x_M) = | -1/M sum_m log p(x_m) - H |                                                             (2)

Draws of p do not lie where p is largest but where -log p is near its entropy, in the typical set: a Gaussian of D
variables is densest at 0, and its draws have |x| near sqrt(D). A row that is *too* likely is therefore strange too, and
(1) sees it, where -log p alone does not. (2) is the test of Nalisnick et al. 2019, arXiv:1906.02994, for batches.

It knows log p and nothing else: outside rows whose log p is that of inside rows pass.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nfscratch import backend, validate
from nfscratch.evaluate.checked_draws import no_nan, numbers


def typicality(log_p: Any, log_p_train: Any) -> np.ndarray:
    """(1) of log_p (N,), or (2) of log_p (N, M), N batches of M rows; (N,) in nats, large where rows are strange.

    log_p_train: (K,) in nats, the log-density of rows of the training set, or better of rows that had no part in
    training: on its training rows a model is too sure, and H too small.
    """
    H = -numbers("log_p_train", log_p_train).mean()
    given = np.asarray(backend.to_numpy(validate.numeric("log_p", log_p)), dtype=np.float64)
    if given.ndim not in (1, 2) or 0 in given.shape:
        raise ValueError(f"log_p must have shape (N,), or (N, M) for N batches of M rows; got {given.shape}")
    rows = given[:, None] if given.ndim == 1 else given
    return np.abs(-_each("log_p", rows) - H)


def _each(name, rows):
    """The mean of each batch. -inf is the log-density of a row outside the support."""
    no_nan(name, rows)
    if (rows == np.inf).any():
        row = int(np.argmax((rows == np.inf).any(axis=1)))
        raise ValueError(f"{name} must be finite or -inf; got inf in row {row}")
    return rows.mean(axis=1)
