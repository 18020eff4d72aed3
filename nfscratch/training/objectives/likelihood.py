"""Maximum likelihood.

nll(flow, params, x)     -1/N sum_n log p(x_n)      nats per row: the cross-entropy of data and model, which is
                                                    at least the entropy of the distribution of the data
                         -sum_n w_n log p(x_n) / sum_n w_n      with a weight for each row
"""

from __future__ import annotations

from typing import Any

import autograd.numpy as np
import numpy as onp

from nfscratch import autodiff, validate
from nfscratch.autodiff.boxes import raw
from nfscratch.flows.context import check_flow
from nfscratch.flows.parameters import naming_params
from nfscratch.training import data_rows, row_weights


@naming_params
def nll(flow: Any, params: Any, x: Any, context: Any = None, weights: Any = None) -> Any:
    """The mean negative log-likelihood, in nats per row; `autograd.grad` of it takes the layers' pullbacks.

    weights: (N,), non-negative, finite, not all 0: the mean is weighted, and a row of weight 0 does not count at all.
    Without a derivative it takes as many rows at a time as `flows.chunks.rows_of` says, and sums in float64: memory
    does not grow with N beyond the rows themselves.
    """
    check_flow(flow)
    data_rows.refuse_no_rows(x)
    if autodiff.contains_box((params, x, context)):
        return -_mean(flow.log_prob(params, x, context), weights)
    x, context, shares = data_rows.checked(flow, params, x, context, weights)
    total, start = 0.0, 0
    for piece in data_rows.pieces(x, context):
        log_p = flow.log_prob(params, *piece)
        total += _sum(log_p, None if shares is None else shares[start : start + len(log_p)])
        start += len(log_p)
    return -total / (len(x) if shares is None else float(shares.sum(dtype=onp.float64)))


def _mean(log_p, weights):
    """The weighted mean, under a derivative."""
    if weights is None:
        return np.mean(log_p)
    weights = row_weights.checked(weights, len(log_p), raw(log_p))
    return np.sum(_counted(np, log_p, weights) * weights) / weights.sum()


def _sum(log_p, weights):
    """In float64, as a number."""
    if weights is not None:
        log_p = _counted(onp, log_p, weights) * weights
    return float(log_p.sum(dtype=onp.float64))


def _counted(np, log_p, weights):
    """A row of weight 0 adds nothing, also where its log p is -inf: 0 times infinity is NaN."""
    return np.where(weights > 0, log_p, 0.0)


@naming_params
def nll_value_and_grad(
    flow: Any, params: Any, x: Any, context: Any = None, rng: Any = None, weights: Any = None, total: Any = None
) -> tuple[Any, Any]:
    """The same number and its gradient tree, from the pullbacks directly, without a tape.

    total: what the weighted sum is divided by; default: the sum of the weights. Without weights all are 1.
    """
    check_flow(flow)
    x, context, weights = data_rows.checked_batch(flow, params, x, context, weights, total)
    rng = None if rng is None else validate.seeded(rng)
    return nll_of_batch(flow, params, x, context, rng, weights, total)


def nll_of_batch(flow, params, x, context=None, rng=None, weights=None, total=None):
    """The same of arrays that are checked already, step after step: for `fit`."""
    log_p, pullback = flow.log_prob_vjp(params, x, context, rng)
    if weights is None:
        weight = np.full_like(log_p, -1.0 / len(x))
        return -log_p.mean(), pullback(weight)[0]
    weight = weights / -(weights.sum() if total is None else total)
    return (_counted(onp, log_p, weights) * weight).sum(), pullback(weight)[0]
