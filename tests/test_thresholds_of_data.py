"""Rules about rows and columns, at the thresholds that their docstrings state: from there on, and not one row before.

The tests of a rule look at data that are far on one side. A rule that has moved gives the same answer there.
"""

import warnings
from math import inf, nan
from types import SimpleNamespace

import numpy as onp
import pytest

import nfscratch as nf
from nfscratch.training import (
    advice,
    curved,
    dependent,
    descent,
    discrete,
    held_out,
    remedies,
    repeated,
    row_weights,
    unreachable,
)


def normal(*shape, seed=0):
    return onp.random.default_rng(seed).normal(size=shape)


def rows(x, **options):
    return held_out.Rows(x, None, None, onp.arange(len(x)), **options)


def spiked(n, count):
    """n continuous rows, of which `count` have one value."""
    x = normal(n, 1)
    x[:count] = 0.25
    return x


def told(call):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    return [str(warning.message) for warning in caught]


@pytest.mark.parametrize(
    ("x", "noticed"),
    [
        (onp.arange(19.0)[:, None] // 5, False),  # 20 rows at least
        (onp.arange(20.0)[:, None] // 5, True),
        (onp.arange(40.0)[:, None] // 2, True),  # half as many levels as rows
        (onp.r_[onp.arange(40.0) // 2, 30.0, 31.0][:, None], False),
        (onp.repeat(onp.arange(277.0), 4)[:, None], True),  # a step above 1/80 of the standard deviation
        (onp.repeat(onp.arange(279.0), 4)[:, None], False),
        (spiked(400, 9), False),  # one value in 10 rows,
        (spiked(400, 10), True),
        (spiked(1000, 19), False),  # and in 2 % of them
        (spiked(1000, 20), True),
        (onp.repeat(normal(200), 5)[:, None], True),  # each level in 5 rows on average
        (onp.r_[onp.repeat(normal(200), 5), normal(1, seed=1)][:, None], False),
    ],
)
def test_a_column_is_recorded_from_its_threshold_on(x, noticed):
    assert bool(discrete.recorded_columns(x)) == noticed


def test_three_columns_are_named_and_a_fourth_is_counted():
    x = onp.random.default_rng(0).integers(0, 5, size=(100, 4)).astype(float)
    for count, end in ((3, "column 2 (jitter 1)."), (4, "column 2 (jitter 1) and 1 more.")):
        with pytest.warns(nf.DiscreteDataWarning) as caught:
            discrete.warn_of_columns(x[:, :count])
        assert end in str(caught[0].message)


def test_a_large_table_is_judged_by_a_sample_of_its_rows():
    for shape, kept in (((20_001, 1), 20_000), ((600, 4000), 524), ((501, 5000), 500), ((500, 5000), 500)):
        assert discrete._sample(onp.broadcast_to(0.0, shape)).shape == (kept, shape[1])


@pytest.mark.parametrize(("n", "said"), [(200, True), (201, False)])  # one in a hundred
def test_copies_are_told_from_one_in_a_hundred_on(n, said):
    x = normal(n, 2)
    x[-2:] = x[:2]
    caught = told(lambda: repeated.groups_of(rows(x)))
    assert bool(caught) == said
    if said:
        assert f"2 of {n} rows are copies of others (row {n - 2} is row 0)" in caught[0]


@pytest.mark.parametrize(("levels", "by_chance"), [(20, True), (21, False)])
def test_equal_rows_of_twenty_levels_come_by_chance(levels, by_chance):
    values = normal(levels)
    x = onp.stack([values[onp.arange(42) % levels]] * 2, axis=1)
    assert (told(lambda: repeated.groups_of(rows(x))) == []) == by_chance


def test_of_eight_rows_on_a_line_it_is_said():
    x = normal(8, 1)
    both = onp.concatenate([x, 2.0 * x + 1.0], axis=1)
    assert told(lambda: dependent.warn_of_dependent_columns(both[:7], None)) == []
    assert (
        "column 1 is a linear function of column 0" in told(lambda: dependent.warn_of_dependent_columns(both, None))[0]
    )


@pytest.mark.parametrize(("left", "found"), [(0.5e-5, True), (2e-5, False)])
def test_a_column_of_which_a_hundred_thousandth_is_left_is_given(left, found):
    a, b = normal(500), normal(500, seed=1)
    assert bool(dependent.dependent_columns(onp.stack([a, a + left * b], axis=1))) == found
    assert (
        bool(dependent.dependent_columns(onp.stack([a, b, a + b + 1.4 * left * normal(500, seed=2)], axis=1))) == found
    )


def test_a_smooth_curve_takes_twelve_values_and_an_order_twenty():
    t = onp.linspace(-1.0, 1.1, 30)  # its square falls and rises
    smooth = {n: curved.curved_columns(onp.stack([t, t * t], axis=1)[30 - n :: 2]) for n in (22, 24)}
    assert smooth == {22: {}, 24: {1: "a smooth function of column 0"}}
    steps = onp.cumsum(onp.random.default_rng(3).exponential(size=30))
    ordered = {n: curved.curved_columns(onp.stack([t[:n], steps[:n]], axis=1)) for n in (19, 20)}
    assert ordered == {19: {}, 20: {1: "a monotone function of column 0"}}


def test_a_row_is_far_out_from_thirty_standard_deviations_on():
    x = onp.r_[onp.linspace(-1.0, 1.0, 201), 1000.0][:, None]
    low, middle, high = onp.percentile(x, [25, 50, 75])
    unit = (high - low) / 1.349
    for distance, said in ((29.9, False), (30.1, True)):
        x[-1] = middle + distance * unit
        found = remedies.of_data(rows(x))
        assert bool(found) == said
    assert "30.1 standard deviations from the middle of column 0 in row 201" in found


@pytest.mark.parametrize("count", [5, 6])
def test_five_entries_out_of_reach_are_shown_and_more_are_counted(count):
    flow, x = nf.flows.maf(1, support=(0, 1)), onp.linspace(0.1, 0.9, 20)[:, None]
    x[:count] = 2.0
    with pytest.raises(ValueError) as caught:
        unreachable.refuse(flow, rows(x), None)
    assert str(caught.value).count("2 in row") == 5
    assert ("(6 entries)" in str(caught.value)) == (count == 6)


@pytest.mark.parametrize("count", [1, 5, 6])
def test_five_rows_of_no_density_are_named(count):
    x = normal(20, 2)
    x[:count] = 1e300
    flow = nf.Flow(nf.StandardNormal(2), nf.Reverse(2))
    loss = descent.HeldOutLoss(nf.objectives.MaximumLikelihood(), flow, rows(x))
    named = ", ".join(map(str, range(min(count, 5)))) + (", ..." if count > 5 else "")
    verb = "row 0 of x has" if count == 1 else f"rows {named} of x have"
    far = "; x has 1e+300 in row 0, column 1" if count == 1 else ""  # a quarter of the rows is no few
    assert loss.why_not_finite(flow.init(0)) == f": {verb} density 0{far}"
    x[:] = 0.0
    assert loss.why_not_finite(flow.init(0)) == ""


def test_the_rows_that_carry_a_rise_are_few():
    """At most five rows, and at most a tenth of all, that carry four fifths of it."""
    flow = SimpleNamespace(log_prob=lambda params, x, context: -params * x[:, 0])
    for n, heavy, named in ((100, 5, True), (100, 7, False), (40, 4, True), (39, 4, False), (5, 1, True)):
        x = onp.full((n, 1), 1e-3)
        x[:heavy] = 1000.0
        result = SimpleNamespace(last_params=1.0, params=0.0)
        words = advice._rows_that_rise(flow, result, rows(x))
        assert bool(words) == named, (n, heavy)
        if named and heavy == 1:
            assert words == "Row 0 of x carries it"
    small = SimpleNamespace(last_params=1e-4, params=0.0)
    assert advice._rows_that_rise(flow, small, rows(x)) == ""


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ([1.0, 2.0, 3.0], [0, 1, 1, 2, 2, 2]),
        ([0.5, 0.5], None),
        ([0.1, 0.8], [0, *[1] * 8]),
        ([2.0, 1.0, 16.0], [0, 0, 1, *[2] * 16]),
    ],
)
def test_rows_are_copied_as_often_as_their_weights_say(weights, expected):
    found = row_weights.copies(onp.array(weights))
    assert (found is None and expected is None) or found.tolist() == expected


def test_at_most_eight_copies_a_row_are_made_of_weights_that_are_no_multiples():
    found = row_weights.copies(onp.array([1.0, 2**0.5, 3**0.5, 30.0]))
    assert len(found) == 32 and onp.bincount(found).tolist()[3] >= 27
    many = onp.random.default_rng(0).random(4000) + 0.1
    assert len(row_weights.copies(many)) == 20_000 and len(row_weights.copies(onp.resize(many, 30_000))) == 30_000


def test_a_share_of_rows_by_their_number():
    shares = [(0.1, 50, 10, 10), (0.1, 49, 10, 9), (0.1, 200, 10, 20), (0.1, 10, 0, 1), (0.3, 4, 0, 1), (0.2, 7, 10, 1)]
    for share, n, least, expected in shares:
        assert held_out._how_many(share, n, least) == expected
    for n in (3, 5):
        with pytest.warns(
            nf.TrainingWarning, match=f"x has {n} rows: 1 of them is held out .*, and {n - 1} are trained"
        ):
            assert held_out._how_many(0.05, n, 0) == 1
    assert held_out._how_many(0.05, 5, 10) == 1 and held_out._how_many(0.05, 6, 0) == 0
    assert [held_out._how_many(share, 4, 0) for share in (nan, inf, 1.0, -1.0)] == [0, 0, 4, -4]
