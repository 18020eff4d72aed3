"""Rows that stand in a table more than once are counted by fit, and kept together."""

import warnings

import numpy as onp
import pytest
from fitting import DATA, FLOW, fit, rng
from share import few

import nfscratch as nf
from nfscratch.bijections.normalize.whiten import groups
from nfscratch.training import held_out, repeated

OPTIONS = {"steps": 2, "batch_size": 64}


def warned(call):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    return [str(warning.message) for warning in caught if "x: " in str(warning.message)]


# --- equal rows ---


@pytest.fixture(autouse=True)
def float64_again():
    yield
    nf.use(dtype="float64")


ONCE = rng(4).normal(size=(60, 2))
TWELVE = ONCE[rng(5).permutation(720) % 60]


def split(x, share=0.1, groups=repeated.groups_of, context=None):
    rows = held_out.Rows(x, context, None, onp.arange(len(x)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return held_out.hold_out(share, rows, FLOW, None, lambda x, rng: x, rng(), groups)


def shared(train, held):
    return len(set(map(bytes, train.x)) & set(map(bytes, held.x)))


def test_equal_rows_are_kept_on_one_side():
    train, held = split(TWELVE)
    assert shared(train, held) == 0 and len(held.x) == 72 and len(train.x) == 648
    train, held = split(TWELVE, groups=lambda rows: None)
    assert shared(train, held) > 40


def test_without_equal_rows_the_split_is_the_one_it_was():
    for x in (DATA, onp.vstack([DATA[:100], DATA[:0]])):
        with_groups, without = split(x), split(x, groups=lambda rows: None)
        assert onp.array_equal(with_groups[1].numbers, without[1].numbers)
        assert onp.array_equal(with_groups[0].numbers, without[0].numbers)


def test_a_group_that_is_too_large_stays_in_training():
    once = rng(4).normal(size=(60, 6))
    train, held = split(onp.vstack([onp.zeros((300, 6)), once, once]))
    assert shared(train, held) == 0 and 35 <= len(held.x) <= 42 and (held.x != 0).all()
    train, held = split(onp.repeat(ONCE[:4], 100, axis=0))  # no group is small enough
    assert len(held.x) == 40


def test_equal_x_at_another_context_is_no_copy():
    context = rng(6).normal(size=(720, 1))
    rows = held_out.Rows(TWELVE, context, None, onp.arange(720))
    assert repeated.groups_of(rows) is None


def test_equal_rows_of_whole_numbers_come_by_chance():
    x = rng(1).integers(0, 6, size=(400, 2)).astype(float)
    assert repeated.groups_of(held_out.Rows(x, None, None, onp.arange(400))) is None


def test_equal_rows_of_popular_values_come_by_chance():
    """Prices and ages of many people: no two columns know of each other."""
    prices, ages = onp.round(onp.exp(rng(1).normal(size=3000)), 1) * 9.99, rng(2).integers(20, 60, 3000)
    x = onp.column_stack([prices, ages])
    assert len(onp.unique(x, axis=0)) < 2500
    assert repeated.groups_of(held_out.Rows(x, None, None, onp.arange(3000))) is None
    levels = onp.array([0.125, 0.417, 0.75, 1.5, 4.0, 7.0, 10.0])[rng(3).integers(0, 7, size=(300, 2))]
    assert repeated.groups_of(held_out.Rows(levels, None, None, onp.arange(300))) is None


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_hash_tells_rows_apart_and_minus_zero_is_zero(dtype):
    x = rng(1).integers(-3, 3, size=(5000, 6)).astype(dtype)
    assert len(onp.unique(repeated.row_hashes(x))) == len(onp.unique(x, axis=0))
    a = onp.array([[0.0, 1.0], [-0.0, 1.0], [1.0, 0.0]], dtype)
    keys = repeated.row_hashes(a)
    assert keys[0] == keys[1] != keys[2]


def test_fit_tells_how_many_rows_are_copies_and_names_one():
    (message,) = [text for text in warned(lambda: fit(TWELVE, **OPTIONS)) if "copies" in text]
    assert message.startswith("x: 660 of 720 rows are copies of others (row ") and "numpy.unique(x, axis=0)" in message
    row, original = (int(word) for word in message.split("(row ")[1].split("), so")[0].split(" is row "))
    assert row > original and (TWELVE[row] == TWELVE[original]).all()
    assert not warned(lambda: fit(DATA, **OPTIONS))
    assert not warned(lambda: fit(TWELVE, jitter=0.1, **OPTIONS))
    assert not [t for t in warned(lambda: fit(onp.vstack([DATA, DATA[:2]]), **OPTIONS)) if "copies" in t]


# --- the order of the checks ---


def test_a_value_that_is_not_finite_is_named_before_digits_that_are_lost():
    nf.use(dtype="float32")
    x = onp.column_stack([1.7e9 + rng().normal(size=50), rng().normal(size=50)])
    for bad in (onp.nan, onp.inf, -onp.inf):
        x[3, 1] = bad
        for call in (lambda: fit(x), lambda: FLOW.init(rng(), x)):
            with pytest.raises(ValueError, match="x must be finite; NaN or infinity in row 3"):
                call()


def test_rows_given_as_validation_are_looked_at_for_lost_digits():
    nf.use(dtype="float32")
    x = rng().normal(size=(50, 2))
    with pytest.raises(ValueError, match=r"validation: column 0 .* cannot be told apart"):
        fit(x, validation=x + [1.7e9, 0.0])


LEVELS = {"0 1": [0.0, 1.0], "0 2": [0.0, 2.0], "powers of two": 2.0 ** onp.arange(8)}


@pytest.mark.parametrize("levels", few(LEVELS, ["0 1", "powers of two"]))
def test_rows_of_few_levels_have_hashes_of_their_own(levels):
    x = onp.random.default_rng(0).choice(LEVELS[levels], size=(200_000, 40))
    assert len(onp.unique(repeated.row_hashes(x))) == len(x)


@pytest.mark.filterwarnings("ignore:no step made the validation better")
def test_copies_are_told_and_kept_together_with_jitter_too():
    rng = onp.random.default_rng(0)
    x = onp.column_stack([onp.repeat(rng.normal(size=(60, 3)), 3, axis=0), onp.repeat(rng.integers(0, 5, 60), 3)])
    with pytest.warns(nf.TrainingWarning, match="120 of 180 rows are copies"):
        nf.fit(nf.flows.linear(4), x, rng=0, steps=5, jitter=[0, 0, 0, 1.0], progress=False)


def test_different_rows_have_different_groups_however_many_there_are():
    rows = onp.random.default_rng(0).normal(size=(20_000, 3))
    assert len(onp.unique(groups(rows))) == 20_000
    copies = groups(onp.concatenate([rows, rows]))
    assert (copies[:20_000] == copies[20_000:]).all() and len(onp.unique(copies)) == 20_000
