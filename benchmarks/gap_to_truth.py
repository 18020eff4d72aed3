"""How far a fitted flow is from the true density of a toy data set."""

from __future__ import annotations

import numpy as np


def gap(flow, params, data):
    """Mean and standard error of log p_true - log p_model over the held-out points."""
    log_p = flow.log_prob(params, data.test).astype(np.float64)
    paired = data.log_prob is not None
    excess = (data.log_prob(data.test) if paired else -data.entropy) - log_p
    return {
        "nll": float(-log_p.mean()),
        "entropy": data.entropy,
        "gap": float(excess.mean()),
        "standard_error": float(excess.std(ddof=1) / len(excess) ** 0.5),
        "paired": paired,
    }
