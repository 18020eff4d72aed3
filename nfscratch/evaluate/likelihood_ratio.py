"""Likelihood ratio: what a model says of a row beyond what a background model says of it.

    LLR(x) = log p(x) - log p_0(x)                                                                                (1)

An image's likelihood has much in it that every image has: smooth areas, edges, a black border. p_0 is a model of that
background alone, such as the same flow trained on rows with noise added (Ren et al. 2019, arXiv:1906.02845), and the
ratio takes it away. A compressor serves too: with log p_0 = -(length of the compressed row in bits) log 2, -LLR is the
score S of Serra et al. 2020, arXiv:1909.11480, in nats.

The whole of log p enters, once each: base and log-determinant. For a density p_0 and its draws, the mean of exp(LLR) is
1 where p is a density too, which shows a term that is missing or counted twice.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from nfscratch.evaluate.checked_draws import numbers


def likelihood_ratio(log_p: Any, log_p_background: Any) -> np.ndarray:
    """(1) of log_p (N,) and log_p_background (N,), of the same rows and in the same units; (N,) in nats.

    It is *high* for rows like those that p was trained on, so the score of `auroc` is -likelihood_ratio(...).
    """
    a, b = numbers("log_p", log_p, infinite=True), numbers("log_p_background", log_p_background)
    if len(a) != len(b):
        raise ValueError(f"log_p and log_p_background must be of the same rows; got {len(a)} and {len(b)} numbers")
    return a - b
