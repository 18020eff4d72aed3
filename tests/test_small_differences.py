"""Differences: of maps of few digits, at which rows they are asked for, and the steps of a grain."""

from types import SimpleNamespace

import numpy as onp

from nfscratch.check import finite_differences, grain
from nfscratch.check.finite_differences import numeric_jacobian
from nfscratch.check.pairs import of_pair
from nfscratch.check.trial import Trial

Z = onp.array([[0.5, -1.0], [2.0, 0.25]])


def test_a_map_of_few_digits_is_computed_with_in_float64():
    for dtype in ("float16", "int16", "uint8"):
        level = 200 if dtype == "uint8" else 30000
        f = lambda z, level=level, dtype=dtype: onp.full(z.shape, level, dtype)  # noqa: E731 - twice of it is too much
        for stacked in (True, False):
            J, error = numeric_jacobian(f, Z, eps=0.0, stacked=stacked)
            assert J.dtype == error.dtype == onp.float64 and not J.any() and not error.any(), dtype


def test_what_rounding_costs_goes_by_the_size_of_the_map_over_the_longest_step(monkeypatch):
    """Slopes 2, 2.1 and 4 over steps of 0.1, 0.01 and 0.001; the map is 3 in size, and 1 over the shorter ones."""
    of_step = {
        step: (onp.full((1, 1, 1), slope), onp.array([size]), onp.zeros((1, 1, 1)))
        for step, slope, size in ((1e-1, 2.0, 3.0), (1e-2, 2.1, 1.0), (1e-3, 4.0, 1.0))
    }
    monkeypatch.setattr(finite_differences, "_central_differences", lambda f, z, middle, step, stacked: of_step[step])
    J, error = numeric_jacobian(lambda z: z, [[1]], tuple(of_step), 1e-5)
    assert J.item() == 2.1 and abs(error.item() - (0.1 + 3e-3 + (1.9 - 16 * 3e-2))) < 1e-12


# --- the way back: all rows, unless one has left the ends of a codomain ---


def slopes_back(codomain, x):
    """numeric_back of a map that gives these x, and the rows that inverse was asked for at each call."""
    asked, x = [], onp.array(x)[:, None]

    def inverse(a):
        asked.append(len(a))
        return onp.tanh(a), a[:, 0]

    trial = Trial(of_pair(lambda z: (x, x[:, 0]), inverse, 1, codomain=codomain), onp.zeros((len(x), 1)))
    return trial.numeric_back[0][:, 0, 0], asked


def test_without_an_end_inverse_is_asked_at_infinity_too():
    """It has no slope there, and says nothing of the other rows."""
    J, asked = slopes_back(None, [onp.inf, 0.0, -onp.inf])
    assert onp.isfinite(J).tolist() == [False, True, False] and abs(J[1] - 1) < 1e-9 and asked == [3, *[12] * 4]


def test_with_an_end_it_is_asked_where_x_lies_inside():
    for codomain, x, rows in (
        ((-1.0, 1.0), [0.0, 1.0, -1.0], 1), ((-1.0, 1.0), [0.0, 0.5, -0.5], 3),
        ((-1.0, onp.inf), [0.0, onp.inf, 3.0], 2),
        ((5.0, 6.0), [0.0, 0.0, 0.0], 0),
    ):  # fmt: skip
        J, asked = slopes_back(codomain, x)
        assert asked == [rows, *[4 * rows] * 4] * (rows > 0) and onp.isfinite(J).sum() == rows


# --- the grain: two audits of one map say the same ---


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
