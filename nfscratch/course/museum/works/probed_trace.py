"""The trace of a matrix from products with random vectors (Hutchinson): E[v.Av] = trace(A) if E[v v^T] = I."""

import numpy as np


def layer(rng):
    def trace(A, probes):
        products = probes @ A.T
        return np.mean((probes * products).sum(axis=1))

    return trace
