"""Our checks of measures: each is asked for a number that is known."""

from __future__ import annotations

from typing import Any

import numpy as np

# --- bits per dimension ---


def bits_fall_with_likelihood(bits_per_dim: Any, rng: Any) -> bool:
    """images that are likelier cost fewer bits"""
    log_prob = rng.normal(size=20)
    return bool(bits_per_dim(log_prob + 5, 12) < bits_per_dim(log_prob, 12))


def bits_do_not_depend_on_the_size(bits_per_dim: Any, rng: Any) -> bool:
    """two images side by side cost as many bits for each pixel as one"""
    log_prob = rng.normal(size=20)
    return bool(abs(bits_per_dim(2 * log_prob, 24) - bits_per_dim(log_prob, 12)) < 1e-9)


def bits_of_a_uniform_image(bits_per_dim: Any, rng: Any) -> bool:
    """pixels that take each of 256 values equally often cost 8 bits"""
    return bool(abs(bits_per_dim(np.full(20, -12 * np.log(256)), 12) - 8) < 1e-9)


# --- the classifier ---


def samples_far_apart(accuracy: Any, rng: Any) -> bool:
    """two samples far apart are told apart always"""
    return bool(accuracy(rng.normal(size=(100, 1)), 100 + rng.normal(size=(100, 1))) == 1)


def samples_are_told_apart_better_when_they_differ(accuracy: Any, rng: Any) -> bool:
    """a sample that is moved by 2 is told apart more than half the time"""
    return bool(accuracy(rng.normal(size=(200, 1)), 2 + rng.normal(size=(200, 1))) > 0.6)


def samples_of_one_law(accuracy: Any, rng: Any) -> bool:
    """two samples of one law are told apart half the time"""
    return bool(abs(accuracy(*rng.normal(size=(2, 400, 1))) - 0.5) < 5 * (0.25 / 400) ** 0.5)


# --- the ratio ---


def ratio_of_a_flow_and_itself(log_ratio: Any, rng: Any) -> bool:
    """a flow is as likely as itself: the logarithm is 0"""
    return bool(np.allclose(log_ratio(rng.normal(size=(9, 2)), 0.0, 1.0), 0))


def ratio_is_high_where_the_flow_lies(log_ratio: Any, rng: Any) -> bool:
    """it is positive where the first flow has its rows, and negative where the background has them"""
    x = 0.1 * rng.normal(size=(9, 2))
    return bool((log_ratio(5 + x, 5.0, 1.0) > 0).all() and (log_ratio(x, 5.0, 1.0) < 0).all())


def ratio_has_mean_one(log_ratio: Any, rng: Any) -> bool:
    """E[p(x) / p_0(x)] = 1 for x from the background"""
    ratios = np.exp(log_ratio(rng.normal(size=(20_000, 1)), 0.4, 0.9))
    return bool(abs(ratios.mean() - 1) < 5 * ratios.std() / len(ratios) ** 0.5)


# --- the kernel distance ---


def distance_is_symmetric(mmd: Any, rng: Any) -> bool:
    """a from b is as far as b from a"""
    a, b = rng.normal(size=(30, 2)), 1 + rng.normal(size=(40, 2))
    return bool(abs(mmd(a, b) - mmd(b, a)) < 1e-12)


def distance_grows(mmd: Any, rng: Any) -> bool:
    """samples that are moved apart have a larger distance"""
    a, b = rng.normal(size=(2, 100, 1))
    return bool(mmd(a, b + 3) > mmd(a, b + 1) > mmd(a, b))


def distance_of_one_law(mmd: Any, rng: Any) -> bool:
    """over 200 pairs of samples of one law its mean is 0"""
    found = np.array([mmd(*rng.normal(size=(2, 15, 1))) for _ in range(200)])
    return bool(abs(found.mean()) < 5 * found.std() / len(found) ** 0.5)
