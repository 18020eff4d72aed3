"""What a fit minimizes.

nll(flow, params, x)     -1/N sum_n log p(x_n)      nats per row: the cross-entropy of data and model, which is
                                                    at least the entropy of what made the data
"""

from __future__ import annotations

from typing import Any

import autograd.numpy as np


def nll(flow: Any, params: Any, x: Any, context: Any = None) -> Any:
    """The mean negative log-likelihood, in nats per row; `autograd.grad` of it takes the layers' pullbacks."""
    log_p = flow.log_prob(params, x, context)
    if len(log_p) == 0:
        raise ValueError("x must have at least 1 row to take a mean over; got 0")
    return -np.mean(log_p)


def nll_value_and_grad(flow: Any, params: Any, x: Any, context: Any = None, rng: Any = None) -> tuple[Any, Any]:
    """The same number and its gradient tree, from the pullbacks directly: no tape, no checks. For `fit`."""
    log_p, pullback = flow.log_prob_vjp(params, x, context, rng)
    weight = np.full_like(log_p, -1.0 / len(x))
    return -log_p.mean(), pullback(weight)[0]
