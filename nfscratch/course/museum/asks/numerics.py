"""Our checks of a gradient and of a root: in the easy case, and where rounding or a branch bites."""

from __future__ import annotations

from typing import Any

import numpy as np

# --- the gradient of a curve with a box ---


def gradient_inside_the_box(gradient: Any, rng: Any) -> bool:
    """inside of the box it is the derivative of the arc"""
    z = rng.uniform(-0.8, 0.8, size=9)
    return bool(np.allclose(gradient(z), -z / np.sqrt(1 - z**2)))


def gradient_just_outside(gradient: Any, rng: Any) -> bool:
    """just outside, between 0.9 and 1, it is 1"""
    return bool(np.allclose(gradient(rng.uniform(0.91, 0.99, size=9)), 1))


def gradient_far_outside(gradient: Any, rng: Any) -> bool:
    """far outside, beyond 1, it is 1"""
    return bool(np.allclose(gradient(rng.uniform(2, 9, size=9)), 1))


# --- the root ---


def root_of_easy_bins(root: Any, rng: Any) -> bool:
    """it solves the equation where the two roots lie well apart"""
    t, other = rng.uniform(0.1, 0.4, size=(1000,)), rng.uniform(0.6, 0.9, size=(1000,))
    return bool(np.allclose(root(-np.ones(1000), t + other, -t * other), t, atol=1e-4))


def root_of_touching_bins(root: Any, rng: Any) -> bool:
    """where both roots are the same, it is found: 10,000 rows in float32"""
    t = rng.uniform(0.1, 0.9, size=10_000)
    return bool(np.allclose(root(-np.ones(10_000), 2 * t, -t * t), t, atol=1e-2))


def root_of_a_straight_bin(root: Any, rng: Any) -> bool:
    """where a = 0 the equation is a straight line's"""
    t = rng.uniform(0.1, 0.9, size=100)
    return bool(np.allclose(root(np.zeros(100), np.ones(100), -t), t, atol=1e-5))
