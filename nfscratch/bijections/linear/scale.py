"""The bound of a log-diagonal, s = c tanh(a / c): every scale e^s of a linear layer lies within [e^-c, e^c].

The default c = 10 leaves 4.5e-5 to 22,026, and near 0 a slope of 1. A free diagonal can drift to zero, where the matrix
is singular and the log-det has no gradient (didriknielsen/survae_flows, issue 16).
"""

from __future__ import annotations

from nfscratch import validate


def check_bound(c: float) -> None:
    validate.divisor("max_log_scale", c)
