"""What the looks at the columns of a table compute on the way to their verdicts, on numbers that a hand can follow."""

import numpy as onp
import pytest

import nfscratch as nf
from nfscratch.training import curved, dependent, discrete
from nfscratch.training.discrete import Recorded


def normal(*shape, seed=0):
    return onp.random.default_rng(seed).normal(size=shape)


# --- levels and grids ---


def test_values_that_differ_by_rounding_are_one_level_unless_they_are_dense():
    def levels(*column):
        values, counts = discrete._levels(onp.array(column), 0.25)
        return values.tolist(), counts.tolist()

    assert levels(0.0, 0.25, 1.0, 1.0, 2.0) == ([0.0, 1.0, 2.0], [2, 2, 1])
    assert levels(1.0, 0.0, 0.2, 0.4, 1.0) == ([0.0, 0.2, 0.4, 1.0], [1, 1, 1, 2])
    assert levels(0.0, 1.0, 1.2, 1.4) == ([0.0, 1.0, 1.2, 1.4], [1, 1, 1, 1])


@pytest.mark.parametrize(
    ("gaps", "eps", "step"),
    [
        ([2.0, 3.0], 0.0, 1.0),
        ([10.0, 11.0], 0.0, 1.0),
        ([11.0, 12.0], 0.0, 0.0),  # a tenth of the smallest gap at least
        ([1.0, 2.04], 0.0, 1.0),
        ([1.0, 2.1], 0.02, 1.0),
        ([0.5, 1.05], 0.01, 0.5),
        ([1.0, 1.0], 0.0374, 1.0),
        ([1.0, 1.0624], 0.0125 / 4, 1.0),
        ([1.0, 1.0625], 0.0125 / 4, 0.0),  # off by a twentieth of the step, and four roundings
        ([1.0, 1.0], 0.0375, 0.0),  # rounding is a fifth of the step: nothing can be said
    ],
)
def test_the_step_of_a_grid_up_to_rounding(gaps, eps, step):
    assert discrete._grid_step(onp.array(gaps), eps) == step


def test_half_of_the_gaps_are_multiples_of_the_usual_one():
    for gaps, answer in (([2.0, 4.0, 6.0], True), ([2.08, 2.08, 5.0], True), ([2.12, 2.0, 5.0], False), ([0.6], False)):
        assert discrete._are_multiples(onp.array(gaps), 2.0) == answer


def test_the_step_of_the_levels_that_stand_in_the_most_rows():
    def step(counts, often=5, std=1.0):
        levels = onp.r_[onp.arange(often), 0.37 + 1.31 * onp.arange(1.0, len(counts) - often + 1)]
        order = onp.argsort(levels)
        return discrete._step_of_most(levels[order], onp.array(counts)[order], 0.0, std)

    assert step([10] * 5 + [1] * 9) == 1.0
    assert step([10] * 4 + [1] * 9, often=4) == 0.0  # five levels at least
    assert step([10] * 4 + [2] + [1] * 9) == 1.0  # each in a fifth of the rows of the most frequent one
    assert step([11] * 4 + [2] + [1] * 9) == 0.0
    assert step([2] * 5 + [1] * 10) == 1.0  # half of the rows
    assert step([2] * 5 + [1] * 11) == 0.0
    assert step([10] * 5, std=79.9) == 1.0 and step([10] * 5, std=80.0) == 0.0


def test_what_is_recorded_of_a_column_in_which_most_steps_are_empty():
    levels = onp.r_[0.0, 1.0 + 5.0 * onp.arange(13), 64.0]  # the usual gap is five steps, and half are that
    column = onp.r_[levels, onp.full(9, 6.0)]
    assert discrete._recorded(column, 0.0) == Recorded(5.0, 6.0, 10 / 24, 15, 24)
    levels = onp.r_[0.0, 1.0 + 4.0 * onp.arange(16), 64.0]
    column = onp.r_[levels, onp.full(9, 5.0)]
    assert discrete._recorded(column, 0.0) == Recorded(1.0, 5.0, 10 / 27, 18, 27)
    assert discrete._recorded(onp.zeros(30), 0.0) is discrete._recorded(onp.full(30, 4.0), 0.0) is None


def test_a_grid_is_coarse_where_its_step_is_an_eightieth_of_the_deviation():
    assert discrete._is_coarse(onp.full(5, 3.0), 0.0) and discrete._is_coarse(onp.zeros(5), 0.0)
    assert discrete._is_coarse(10.0 * onp.arange(277.0), 0.0) and not discrete._is_coarse(10.0 * onp.arange(279.0), 0.0)
    events = onp.stack([onp.arange(100) % 7, onp.arange(100) % 3, onp.ones(100), normal(100)], axis=1)
    for dtype in (float, onp.float32):
        found = discrete.on_coarse_grids(events.astype(dtype).reshape(100, 2, 2))
        assert found.tolist() == [True, True, True, False]
    assert discrete.on_coarse_grids(onp.arange(100)[:, None] % 7).tolist() == [True]


def test_columns_of_events_and_of_whole_numbers_are_looked_at():
    whole = onp.arange(80).reshape(20, 2, 2) % 5
    for x in (whole, whole.astype(float)):
        assert sorted(discrete.recorded_columns(x)) == [0, 1, 2, 3]
        assert nf.recording_steps(x).tolist() == [[1.0, 1.0], [1.0, 1.0]]
    assert nf.recording_steps([[1.0, 2.5]]).shape == (2,)  # one row
    with pytest.raises(ValueError, match=r"x must have at least one row and one column; got shape .0, 3."):
        nf.recording_steps(onp.empty((0, 3)))


def test_what_is_said_of_a_spiked_column_and_of_one_with_few_levels():
    assert str(Recorded(0.0, 1.0, 0.1, 20, 100)) == "has 20 values with no common step, each in 5 rows on average"
    assert str(Recorded(0.0, 0.25, 0.034, 21, 100)) == "is 0.25 in 3.4 % of the rows and continuous elsewhere"
    assert discrete._jitter({1: 0.5}, onp.array([0.25, 0.0])) == "jitter=[0.25, 0.5]"
    assert discrete._jitter({}, onp.zeros(60)).count("0") == 60
    assert discrete._jitter({}, onp.zeros(61)) == "jitter=nf.recording_steps(x)"


def test_the_warning_of_columns_word_by_word():
    x = normal(100, 3)
    x[:, 1], x[:20, 2] = onp.arange(100) % 5, 0.0
    with pytest.warns(nf.DiscreteDataWarning) as caught:
        discrete.warn_of_columns(x)
    assert str(caught[0].message) == (
        "x has the same values in many rows: column 1 (jitter 1), column 2 is 0 in 20 % of the rows and continuous "
        "elsewhere. Its density has no upper bound there, so a high log-likelihood says nothing about the fit; "
        "jitter=[0, 1, 0], one width for each column (0 where it is continuous), adds noise within the recording step; "
        "noise is no remedy for column 2: give such a column as context=, which needs no density, or fit to the rows "
        "with other values, or leave it out. warnings.simplefilter('ignore', nf.DiscreteDataWarning) silences this"
    )
    with pytest.warns(nf.DiscreteDataWarning, match="no remedy for column 2") as caught:
        discrete.warn_of_columns(x, [0.0, 1.0, 0.0])
    assert "column 1" not in str(caught[0].message) and "jitter=[" not in str(caught[0].message)
    for jitter in (0.0, 0.5, [0.0, 1.0, 1.0], [1.0, 1.0, 1.0]):
        discrete.warn_of_columns(x, jitter)


# --- curves ---


def test_what_counts_as_nothing_of_a_deviation():
    u = 1.0 + onp.outer([1.0, -1.0], [0.0, 1.0, 2.0**-40, 2.0**-45])
    assert curved._tolerance(u, onp.ones(4)).tolist() == [0.0, 1e-5, 2.0**-8, 0.0]
    assert curved._tolerance(4.0 * u, onp.full(4, 4.0)).tolist() == [0.0, 1e-5, 2.0**-8, 0.0]


def test_an_entry_of_a_quartic_is_four_off_the_cubic_of_its_neighbours():
    t = onp.arange(9.0)
    v = onp.stack([t**3 - t, t**4, t**4, onp.where(t == 4, 7.0, 0.0)], axis=1)
    found = curved._on_cubics(t, v, onp.array([1e-9, 3.99, 4.01, 4.6]))
    assert found.tolist() == [True, False, True, False]  # 7 times (1, 2/3, 2/3, 1/6, 1/6): the median is 14/3


def test_rows_of_one_value_have_one_value_of_what_it_gives():
    for last, answer in ((5.0, True), (4.0, False)):
        u = onp.array([[0.0, 5.0], [1.0, 6.0], [0.0, last]])
        assert curved._one_value_each(u, 0, 1, onp.array([0, 1])) == answer
    assert curved._one_value_each(onp.zeros((2, 2)), 0, 1, onp.array([0, 1]))


def test_powers_need_rows_and_values_and_name_their_parts():
    a, b = onp.exp(normal(2, 40))
    table = onp.stack([a, b, a * b, a / b**2, normal(40, seed=1)], axis=1)
    assert curved._powers(table) == {2: [0, 1], 3: [0, 1]}
    assert curved._powers(table[:14, :3]) == {2: [0, 1]} and curved._powers(table[:13, :3]) == {}  # 2 D + 8 rows
    assert curved._powers(table[:, :1]) == {}
    assert curved._powers(onp.stack([b, a, a * a, b * a], axis=1)) == {2: [1], 3: [0, 1]}
    assert curved._powers(table[:, :3] * [1e200, 1.0, 1e200]) == {2: [0, 1]}
    assert curved._powers(onp.column_stack([onp.arange(40.0) - 3.0, table[:, :3]])) == {3: [1, 2]}  # a zero elsewhere
    for values, found in ((12, {}), (13, {1: [0]})):
        few = onp.resize(a[:values], 40)
        assert curved._powers(onp.stack([few, few**3], axis=1)) == found
    zeros = onp.stack([onp.where(a > 1, a, 0.0), b], axis=1)
    assert curved._powers(onp.column_stack([zeros, zeros @ [1.0, 2.0], zeros[:, 0] ** 2])) == {2: [0, 1]}


def test_what_is_left_of_columns_after_those_before():
    u = onp.zeros((8, 4))
    u[:4, 0], u[4:, 1], u[:, 3] = (1.0, -1.0, 1.0, -1.0), (2.0, -2.0, 2.0, -2.0), 5.0
    u[:, 2] = u[:, 0] + u[:, 1]
    left = curved._left(u, onp.zeros_like(u))
    assert left[3] == onp.inf
    onp.testing.assert_allclose(left[:3], [1.0, 1.0, 0.0], atol=1e-15)
    onp.testing.assert_allclose(curved._left(u[:, [0, 1]], u[:, [0, 0]]), [1.0, 1.0])
    onp.testing.assert_allclose(curved._left(u[:, [0, 1]], u[:, [1, 0]]), [1.0, 0.0], atol=1e-15)
    onp.testing.assert_allclose(curved._of_length_1(onp.array([[1, 4], [3, 4]])), [[-(0.5**0.5), 0], [0.5**0.5, 0]])


def test_columns_are_listed_up_to_three():
    for columns, words in (([3], "column 3"), ([1, 2], "columns 1 and 2"), ([1, 2, 4], "columns 1, 2 and 4")):
        assert curved._listed(columns) == words
    assert curved._listed([0, 1, 2, 3]) == "the columns before it"
    assert dependent._listed(list(range(20))) == str(list(range(20)))
    assert dependent._listed(list(range(21))) == f"[{', '.join(map(str, range(20)))}, ...]"


def test_a_table_of_too_many_columns_is_not_looked_at(monkeypatch):
    t = normal(60)
    table = onp.stack([t, t**3, normal(60, seed=1)], axis=1)
    found = {1: "a smooth function of column 0"}
    assert curved.curved_columns(table) == found
    assert curved.curved_columns(table, without=(0,)) == curved.curved_columns(table, without=(0, 2)) == {}
    for most in (3, 2):
        monkeypatch.setattr(curved, "COLUMNS", most)
        assert curved.curved_columns(table) == (found if most == 3 else {})
    assert len(set(curved._sample(onp.empty(1001)).tolist())) == 1000


# --- planes ---


def test_with_as_few_rows_as_columns_and_one_all_are_functions_of_each_other():
    x = normal(5, 3)
    x[:, 2] = x[:, 0] - 2.0 * x[:, 1]
    assert dependent.dependent_columns(x) == {2: None} and dependent.dependent_columns(x[:4]) == {}
    x[:, 2] = 1.0 - 3.0 * x[:, 1]
    assert dependent.dependent_columns(x[:4]) == {2: 1} and dependent.dependent_columns(onp.ones((9, 2))) == {}
    assert dependent.dependent_columns(onp.stack([onp.ones(9), normal(9), normal(9)], axis=1)) == {2: 1}


def test_what_is_left_is_judged_by_the_rounding_of_the_numbers():
    signs, others = onp.resize([1.0, -1.0], 16), onp.repeat([1.0, -1.0], 8)
    for spread, off, found in ((2.0**-40, 2.0**-9, {1: 0}), (2.0**-40, 2.0**-7, {}), (2.0**-45, 0.0, {})):
        x = 1.0 + spread * onp.stack([signs, signs + off * others], axis=1)
        assert dependent.dependent_columns(x) == found
        assert dependent.dependent_columns(8.0 * x) == found
    assert dependent.dependent_columns(onp.stack([signs, signs + 2.0**-9 * others], axis=1)) == {}


def test_a_sample_of_a_table_has_no_row_twice():
    x = onp.arange(20_001.0)[:, None]
    assert len(onp.unique(discrete._sample(x))) == 20_000


def test_the_warning_of_planes_word_by_word(monkeypatch):
    a = normal(30, 2)
    x = onp.column_stack([a, a[:, 0] + a[:, 1], 2.0 * a[:, 0], a[:, 1] - 1.0, a[:, 1] * 3.0])
    with pytest.warns(nf.TrainingWarning) as caught:
        dependent.warn_of_dependent_columns(x, None)
    assert str(caught[0].message) == (
        "x: column 2 is a linear function of the columns before it, column 3 is a linear function of column 0, column "
        "4 is a linear function of column 1 and 1 more. x lies in a plane, where its density has no upper bound, so a "
        "high log-likelihood says nothing about the fit; fit to the other columns: numpy.delete(x, [2, 3, 4, 5], "
        "axis=1)"
    )
    curve = onp.column_stack([a[:, 0], a[:, 0] ** 2, 1.0 - a[:, 0]])
    with pytest.warns(nf.TrainingWarning, match="x lies on a surface of fewer dimensions.*delete.x, .1, 2., axis=1"):
        dependent.warn_of_dependent_columns(curve, None)
    with pytest.warns(nf.TrainingWarning, match="x: column 2 is a linear function of column 0. x lies in a plane"):
        dependent.warn_of_dependent_columns(curve, [0.0, 0.1, 0.0])
    monkeypatch.setattr(dependent, "COLUMNS", 2)
    for silent in (curve, curve[:, :1]):
        dependent.warn_of_dependent_columns(silent, None)
    dependent.warn_of_dependent_columns(curve[:, [0, 2]], 0.1)
    with pytest.warns(nf.TrainingWarning):
        dependent.warn_of_dependent_columns(curve[:, [0, 2]], None)


@pytest.mark.parametrize(
    ("near", "far", "found"),
    [
        (91, 9, 91),
        (90, 10, 0),  # rows elsewhere: ten are many,
        (981, 19, 981),
        (980, 20, 0),  # and of more than 500 the fiftieth part
        (6, 1, 6),
        (5, 1, 0),  # five values are no column of their own
        (6, 0, 0),  # nothing is far away
    ],
)
def test_rows_that_a_few_far_ones_make_equal(near, far, found):
    small = 1e-20 * onp.arange(near)
    for column in (onp.append(small, onp.arange(far) + 1.0), onp.append(-1.0 - onp.arange(far), small)):
        inside = discrete._hidden(column, column, *discrete._levels(column, 1e-16))
        assert len(inside) == found and set(inside) <= set(small)
