"""Mistakes in measures of densities and draws: wrong functions, beside those of nf.evaluate."""

import numpy as np
from sklearn.neighbors import KNeighborsClassifier

from nfscratch.evaluate import mmd


def bits_with_natural_logarithms(log_prob, dim):
    """Nats per dimension, called bits: too small by the factor log 2."""
    return -np.mean(log_prob) / dim


def c2st_on_training_rows(a, b):
    """The accuracy on the rows that the classifier was trained on: it knows them by heart."""
    points, labels = np.concatenate([a, b]), np.repeat([0, 1], [len(a), len(b)])
    return KNeighborsClassifier(1).fit(points, labels).score(points, labels)


def ratio_with_the_base_twice(flow, params, background, background_params, x):
    """log p_Z(z) stands in log_prob already, and is added once more, on both sides."""

    def log_prob(flow, params):
        z, _ = flow.bijection.inverse(params["bijection"], x)
        return flow.log_prob(params, x) + flow.base.log_prob(params["base"], z)

    return log_prob(flow, params) - log_prob(background, background_params)


def biased_mmd(a, b, **options):
    """Rows with themselves are counted, and the result is read as if they were not."""
    return mmd(a, b, unbiased=False, **options)
