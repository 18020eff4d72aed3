"""Draws of the audit that no one gives a generator for: those of seed 0, so that two audits of one map say the same."""

from types import SimpleNamespace

import numpy as onp

from nfscratch.check import draws, grain


def test_the_steps_of_a_grain_are_those_of_seed_0_each_a_ten_millionth_of_its_number():
    asked, at = [], onp.array([[0.5, -4.0], [3.0, 0.0]])
    trial = SimpleNamespace(
        usable=onp.array([True, True]), x=at, input=lambda direction: at, claimed=lambda direction: onp.zeros(2),
        numeric_of=lambda direction: (onp.stack([onp.eye(2)] * 2), None, onp.zeros((2, 2)), None),
        apply=lambda direction, a: asked.append(a - at) or (a, onp.zeros(2)),
    )  # fmt: skip
    assert max(grain.grain(trial, "forward")) < 1e-15
    rng = onp.random.default_rng(0)
    for step in asked:
        assert onp.allclose(step, [[1e-7, 4e-7], [3e-7, 1e-7]] * rng.choice([-1.0, 1.0], size=(2, 2)), atol=1e-15)
    assert len(asked) == 4


def test_the_first_points_of_functions_are_those_of_seed_0_within_their_domain():
    for dim, shape in ((2, (6, 2)), ((1, 2, 2), (6, 1, 2, 2)), (onp.int64(3), (6, 3))):
        normal = onp.random.default_rng(0).normal(size=shape)
        assert (draws._some_points(dim, {}) == normal).all() and (
            draws._some_points(dim, {"domain": None}) == normal
        ).all()
        assert onp.allclose(draws._some_points(dim, {"domain": (2.0, None)}), 2.0 + onp.exp(normal))
