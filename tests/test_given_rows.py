"""What `fit` makes of few rows, and of rows that the caller gives as `validation`: the same checks as for x."""

import warnings
from itertools import product

import numpy as onp
import pytest
from fitting import fit as fit_flow
from fitting import rng
from other_libraries import Category, Column, Table
from share import few

import nfscratch as nf

X = rng(1).normal(size=(60, 2)) * [3.0, 0.1] + 5.0
CONTEXT = rng(2).normal(size=(60, 3))
CONDITIONAL = nf.flows.maf(2, layers=1, hidden=(4,), context_dim=3)


def conditional(validation, **options):
    return nf.fit(CONDITIONAL, X, context=CONTEXT, rng=0, validation=validation, steps=5, progress=False, **options)


# --- few rows, and no other argument ---


SIZES = list(product([1, 2, 3, 4, 5, 6, 8, 10], [1, 2]))  # the longest of them train for half a second


def default(n, dim=2, **options):
    return nf.fit(nf.flows.maf(dim, layers=1, hidden=(4,)), X[:n, :dim], rng=0, progress=False, **options)


@pytest.mark.filterwarnings("ignore:no step made the validation better")
@pytest.mark.filterwarnings("ignore:the validation rose")
@pytest.mark.parametrize(("n", "dim"), few(SIZES, [size for size in SIZES if size[0] < 7 or size == (8, 1)]))
def test_a_default_fit_of_few_rows_works_or_says_how_many_it_needs(n, dim):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        if n < 3:
            with pytest.raises(ValueError, match=f"^x must have at least 3 rows: 2 to train on, and 1 .*; got {n}$"):
                default(n, dim)
            return
        result = default(n, dim)
    assert onp.isfinite(result.validation)
    messages = [str(warning.message) for warning in caught]
    assert (f"x has {n} rows: so few cannot show that training helps" in "".join(messages)) == (n < 7)
    assert not any("validation=" in message for message in messages)


def test_two_rows_do_where_none_is_held_out_and_one_does_not():
    assert default(2, validation=None, steps=3).steps == 3
    with pytest.raises(ValueError, match=r"^x must have at least 2 rows to fit to; got 1$"):
        default(1, validation=None)


def test_rows_are_counted_without_those_of_weight_0():
    for validation, least in ((0.1, 3), (None, 2)):
        with pytest.raises(ValueError, match=f"^x must have at least {least} rows of a weight above 0"):
            default(20, weights=[1.0] + [0.0] * 19, validation=validation)


def test_a_share_that_is_less_than_a_row_of_many_is_refused_by_its_name():
    with pytest.raises(ValueError, match=r"^validation must leave rows on both sides; got 0\.01 of 20 rows"):
        default(20, validation=0.01)


# --- rows given as validation ---


def with_entry(rows, at, value):
    rows = rows.copy()
    rows[at] = value
    return rows


REFUSED = {
    "nan": ((with_entry(X, (4, 1), onp.nan), CONTEXT), ValueError, "^validation must be finite; .* row 4; .*column 1"),
    "shape": ((X[:, :1], CONTEXT), ValueError, r"^validation must have shape \(N, 2\); got \(60, 1\)"),
    "no row": ((X[:0], CONTEXT[:0]), ValueError, "^validation must have at least 1 row; got 0"),
    "no context": (X, ValueError, r"^context of validation must have shape \(N, 3\); got None"),
    "context's rows": (
        (X, CONTEXT[:9]),
        ValueError,
        "^context of validation must have one row for each of the 60 rows, or 1 row for all",
    ),
    "context's nan": ((X, with_entry(CONTEXT, (7, 2), onp.nan)), ValueError, "^context of validation must be finite"),
    "context's width": ((X, CONTEXT[:, :2]), ValueError, r"^context of validation must have shape \(N, 3\); got"),
    "weights' rows": ((X, CONTEXT, onp.ones(9)), ValueError, "^weights of validation must have one number for each"),
    "weights' sign": ((X, CONTEXT, with_entry(onp.ones(60), 3, -1.0)), ValueError, "^weights of validation must be at"),
    "words": (
        (Table({"a": X[:, 0], "b": Column("b", X[:, 0], Category())}), CONTEXT),
        TypeError,
        r"^validation must have columns of numbers; got column 'b' \(category\)",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_rows_that_do_not_fit_are_refused_as_those_of_x_are(name):
    validation, error, message = REFUSED[name]
    with pytest.raises(error, match=message):
        conditional(validation)


@pytest.mark.parametrize("place", ["validation", "context of validation"])
def test_digits_that_float32_cannot_hold_are_refused(place):
    x, context = X + 0.0, CONTEXT + 0.0
    (x if place == "validation" else context)[:, 1] = 1.7e9 + rng(3).normal(size=60) * 10.0
    nf.use(dtype="float32")
    try:
        with pytest.raises(ValueError, match=f"^{place}: column 1 .*cannot be told apart"):
            conditional((x, context))
    finally:
        nf.use(dtype="float64")


@pytest.mark.filterwarnings("ignore:no step made the validation better")
@pytest.mark.parametrize("place", ["validation", "context of validation"])
def test_a_row_far_out_is_named(place):
    x, context = X + 0.0, CONTEXT + 0.0
    (x if place == "validation" else context)[17, 1] = -9999.0
    with pytest.warns(UserWarning, match=f"^{place}: a few rows decide the scale of column 1: row 17 has -9999"):
        conditional((x, context))


@pytest.mark.filterwarnings("ignore:no step made the validation better")
def test_rows_that_are_in_order_are_taken_without_a_word():
    assert conditional((X[:20], CONTEXT[:20])).validation is not None
    assert conditional((X[:1], CONTEXT[:1])).validation is not None


# --- what was taken of the correlations ---


CORRELATED = rng(4).normal(size=(200, 3)) @ [[1.0, 0.9, 0.5], [0.0, 0.4, 0.1], [0.0, 0.0, 0.2]]


@pytest.mark.filterwarnings("ignore:no step made the validation better")
@pytest.mark.parametrize(("rows", "kind"), [(CORRELATED, "full"), (CORRELATED[:3], "diagonal")])
def test_a_result_says_which_whitening_was_taken(rows, kind):
    result = nf.fit(nf.flows.maf(3, layers=1, hidden=(4,)), rows, rng=0, steps=3, validation=None, progress=False)
    assert result.whitening.kind == kind
    assert f"; whitening {result.whitening})" in repr(result) and "\n" not in repr(result)
    assert result.whitening.share == float(result.params["bijection"][0]["fixed"]["share"])


def test_the_share_is_that_of_the_matrix():
    """R = (1 - a) C + a I, of the standardised rows."""
    result = nf.fit(nf.flows.maf(3), CORRELATED, rng=0, steps=1, validation=None, progress=False)
    L = result.params["bijection"][0]["fixed"]["mixing"]
    a, C = result.whitening.share, onp.corrcoef(CORRELATED.T)
    onp.testing.assert_allclose(L @ L.T, (1 - a) * C + a * onp.eye(3), atol=1e-9)
    assert 0.0 < a < 0.5


def test_without_a_whitening_layer_there_is_nothing_to_say():
    assert fit_flow(steps=3).whitening is None and "whitening" not in repr(fit_flow(steps=3))


def test_under_bounds_the_whitening_is_found_too():
    bounded = nf.flows.maf(3, layers=1, hidden=(4,), support=(0.0, 1.0))
    rows = 1.0 / (1.0 + onp.exp(-CORRELATED))
    assert nf.fit(bounded, rows, rng=0, steps=1, validation=None, progress=False).whitening.kind == "full"


def test_a_stack_that_whitens_is_fitted_all_the_same():
    """Its parameters have another form, so that nothing is said of them."""
    stack = nf.Flow(nf.StandardNormal(3), nf.Stack(nf.Chain([nf.Whiten(3), nf.ActNorm(3)]), 2))
    assert nf.fit(stack, CORRELATED, rng=0, steps=1, validation=None, progress=False).whitening is None
