"""Bits per dimension, from the log-likelihoods of images with D pixels. A logarithm to base 2 counts bits."""

import numpy as np


def layer(rng):
    def bits_per_dim(log_prob, D):
        nats = -np.mean(log_prob) / D
        return nats / np.log(2)

    return bits_per_dim
