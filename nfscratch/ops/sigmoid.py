"""sigmoid(t) = 1 / (1 + e^-t), in the form that overflows nowhere."""

from __future__ import annotations

import autograd.numpy as np


def sigmoid(t):
    return 0.5 * (1.0 + np.tanh(0.5 * t))
