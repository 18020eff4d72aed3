"""What is said of a caller's part that does not give each row its own number: where, which result, which numbers."""

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as onp
import pytest

import nfscratch as nf
from nfscratch.distributions import Distribution
from nfscratch.flows import boundary

ROWS = onp.arange(8.0).reshape(4, 2) / 8.0


@dataclass(frozen=True)
class Base(Distribution):
    """exp(-x^2 / 2) of two numbers, whose log_prob is passed through `spoil`, and counts its calls."""

    spoil: object = staticmethod(lambda log_p: log_p)
    shape = (2,)

    def init(self, rng, z=None, context=None):
        return {"a": onp.zeros(1)}

    def log_prob(self, params, z, context=None):
        return self.spoil(-0.5 * (z**2).sum(axis=1))

    def log_prob_vjp(self, params, z, context=None):
        return self.log_prob(params, z), lambda g: ({"a": onp.zeros(1)}, -g[:, None] * z)


def flow_of(spoil):
    return nf.Flow(Base(spoil), nf.Diagonal(2))


def said(flow, x=ROWS):
    params = flow.init(0)
    with pytest.raises(ValueError) as error:
        flow.log_prob(params, x)
    return str(error.value)


def test_a_sum_over_all_rows_is_told_by_its_numbers_for_row_0():
    message = said(flow_of(lambda log_p: onp.full(len(log_p), log_p.sum())), onp.ones((4, 2)))
    assert "log_prob must not depend on the other rows; row 0 alone gives -1., and among 3 rows -3." in message


def test_a_missing_axis_and_an_axis_too_many_are_told_by_their_shapes():
    for spoil, got in ((lambda log_p: log_p.sum(), "()"), (lambda log_p: log_p[:, None], r"(3, 1)")):
        message = said(flow_of(spoil))
        assert f"log_prob must have shape (N,), one number for each row; got {got} for 3 rows" in message


def test_shapes_that_fail_among_all_rows_alone_name_the_part_and_the_count_of_rows():
    flow = nf.Flow(nf.StandardNormal(2), nf.Diagonal(2))
    params = flow.init(0)
    right, wrong = onp.zeros(4), onp.zeros(1)
    for log_p, log_det, begins in (
        (wrong, right, "the base (StandardNormal): log_prob must have shape (N,)"),
        (right, wrong, "the bijection (Diagonal): log_det of inverse must have shape (N,)"),
    ):
        with pytest.raises(ValueError) as error:
            boundary.checked_sum(flow, log_p, log_det, params, ROWS, None)
        assert str(error.value) == f"{begins}, one number for each row; got (1,) for 4 rows"
    assert (boundary.checked_sum(flow, right + 1.0, right + 2.0, params, ROWS, None) == 3.0).all()


def test_a_flow_is_looked_at_once_by_its_first_three_rows():
    seen = []
    flow = flow_of(lambda log_p: seen.append(len(log_p)) or log_p)
    params = flow.init(0)
    boundary.check_once(flow, params, ROWS, None)
    assert max(seen) == 3
    seen.clear()
    boundary.check_once(flow, params, ROWS, None)
    assert seen == []


def test_the_shape_that_a_result_must_have_is_said_with_its_event():
    with pytest.raises(ValueError) as error:
        boundary._check_shape("a part", "inverse", "z", onp.zeros((4, 3)), (4, 2, 5))
    assert str(error.value) == "a part: z of inverse must have shape (N, 2, 5); got (4, 3) for 4 rows"
    boundary._check_shape("a part", "inverse", "z", onp.zeros((4, 2, 5)), (4, 2, 5))


def test_rows_may_differ_by_a_millionth_of_the_largest_finite_number_and_not_by_more():
    values = onp.array([[1.0, onp.inf], [100.0, onp.nan]])
    alike = lambda row, i: boundary._check_alone("a part", "inverse", "z", values, row, i)  # noqa: E731
    alike(onp.array([[1.0 + 0.9e-4, onp.inf]]), 0)
    alike(onp.array([[100.0 - 1.9e-4, onp.nan]]), 1)
    for row, i in (
        (onp.array([[1.0 + 1.1e-4, onp.inf]]), 0),
        (onp.array([[100.0 - 2.1e-4, onp.nan]]), 1),
        (onp.array([[1.0, 5.0]]), 0),
        (onp.array([[1.0, onp.inf, 0.0]]), 0),
    ):
        with pytest.raises(ValueError, match="z of inverse must not depend on the other rows; row"):
            alike(row, i)
    small = onp.array([0.5])  # of numbers below 1 it is a millionth of 1
    boundary._check_alone("a part", "inverse", "z", small, small + 1.2e-6, 0)
    with pytest.raises(ValueError, match=r"row 0 alone gives 0\.6, and among 1 rows 0\.5$"):
        boundary._check_alone("a part", "inverse", "z", small, small + 0.1, 0)


def test_numbers_are_shown_with_four_digits_and_at_most_six_of_them_in_one_line():
    shown = boundary._shown
    assert shown(onp.array([1.23456789])) == "1.2346"
    assert shown(onp.arange(6.0)[None]) == "[0. 1. 2. 3. 4. 5.]"
    assert shown(onp.arange(7.0)) == "[0. 1. ... 5. 6.]"
    assert shown(onp.arange(4.0).reshape(2, 2)) == "[[0. 1.] [2. 3.]]"


def test_a_method_with_too_few_results_is_told_which_they_are():
    layer = SimpleNamespace(inverse=lambda params, x: x)
    part = boundary._Part("layer 1", layer, ("inverse",), {"z": (2,), "log_det": ()})
    with pytest.raises(ValueError, match=r"^layer 1: inverse must return z and log_det; got 1 value$"):
        part.check({}, ROWS)


def test_parameters_are_moved_by_a_hundredth_of_them_and_by_a_hundredth_where_they_are_small():
    params = {"small": onp.zeros(2000), "large": onp.full(2000, -50.0), "fixed": onp.ones(3)}
    moved = boundary._moved(params)
    assert (moved["fixed"] == 1.0).all()
    assert 0.009 < moved["small"].std() < 0.011
    assert 0.45 < (moved["large"] + 50.0).std() < 0.55
    assert (moved["small"] == boundary._moved(params)["small"]).all()


def test_rows_are_looked_at_in_float64_with_the_batch_last_in_memory():
    wide = boundary._wide(ROWS.astype(onp.float32))
    assert wide.dtype == onp.float64
    assert wide.flags.f_contiguous
    assert boundary._wide(None) is None
