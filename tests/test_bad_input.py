"""Bad input: each is refused with a message that names the thing, the requirement and what came, or it just works."""

import numpy as onp
import pytest
from refusals import CONDITIONAL, CONDITIONAL_PARAMS, FLOW, INF, NAN, PARAMS, X, made, refused, rng

import nfscratch as nf
from nfscratch import trees

EACH_DOOR = {
    "log_prob": lambda x: FLOW.log_prob(PARAMS, x),
    "nll": lambda x: nf.objectives.nll(FLOW, PARAMS, x),
    "init": lambda x: FLOW.init(rng(), x),
    "fit": lambda x: nf.fit(FLOW, x, rng=rng(), steps=2),
}
NUMBERS = r"; if they stand for numbers, pass numpy.asarray\(x, float\)"
every_door = pytest.mark.parametrize("door", EACH_DOOR)


# --- data ---


@every_door
@pytest.mark.parametrize("value", [NAN, INF, -INF])
def test_a_value_that_is_not_finite_is_refused_by_row_number(door, value):
    x = X.copy()
    x[7, 1] = value
    refused(ValueError, r"finite; NaN or infinity in row 7; the first is \S+, in column \d$", EACH_DOOR[door], x)
    x[[3, 11]] = value
    refused(ValueError, r"NaN or infinity in rows 3, 7, 11; the first is \S+, in column \d$", EACH_DOOR[door], x)
    x[4:] = value
    refused(ValueError, r"in rows 3, 4, 5, 6, 7, \.\.\. \(17 rows\); the first is", EACH_DOOR[door], x)
    x[:, 1] = value
    refused(
        ValueError, r"\(20 rows\); the first .* in column 1, which has no number in any row: lea", EACH_DOOR[door], x
    )


def test_what_overflows_in_the_dtype_of_the_flow_is_refused_by_row_number():
    x = X.copy()
    x[5, 0] = 1e100
    assert onp.isfinite(FLOW.log_prob(PARAMS, x)[:5]).all()
    refused(ValueError, "in row 5; the first is inf, in column 0$", FLOW.log_prob, trees.cast(PARAMS, "float32"), x)


SHAPES = [
    (onp.zeros((4, 2)), r"must have shape \(N, 3\); got \(4, 2\)$"),
    (onp.zeros((4, 3, 1)), r"must have shape \(N, 3\); got \(4, 3, 1\)$"),
    (onp.zeros(3), r"must have shape \(N, 3\); got \(3,\); for one point pass x\[None\]$"),
    (onp.zeros(4), r"must have shape \(N, 3\); got \(4,\)$"),
    (onp.zeros((3, 4)), r"must have shape \(N, 3\); got \(3, 4\); if each column is an event, pass x\.T$"),
    (1.5, r"must have shape \(N, 3\); got \(\)$"),
]


@every_door
@pytest.mark.parametrize(("x", "message"), SHAPES)
def test_a_wrong_shape_is_named(door, x, message):
    refused(ValueError, "x " + message, EACH_DOOR[door], x)


def test_one_variable_wants_a_column_and_says_how():
    flow, params = made(1)
    message = r"x must have shape \(N, 1\); got \(20,\); for one variable pass x\[:, None\]$"
    refused(ValueError, message, flow.log_prob, params, X[:, 0])
    refused(ValueError, message, nf.fit, flow, X[:, 0], rng=rng())
    assert flow.log_prob(params, X[:, :1]).shape == (20,)


@every_door
@pytest.mark.parametrize(
    ("x", "dtype"),
    [
        (X.astype(object), f"object{NUMBERS}"),
        (X.astype(complex), "complex128"),
        ([["a", "b", "c"]], f"<U1{NUMBERS}"),
        ([[1.0, None, 2.0]], f"object{NUMBERS}"),
        (X.astype("datetime64[s]"), r"datetime64\[s\]"),
    ],
)
def test_what_is_not_real_numbers_is_refused_by_dtype(door, x, dtype):
    refused(TypeError, f"x must be an array of real numbers; got dtype {dtype}$", EACH_DOOR[door], x)


@pytest.mark.parametrize("dtype", ["int64", "int8", "uint8", "bool", "float32", "float16"])
def test_integers_booleans_and_narrow_floats_are_cast(dtype):
    x = (abs(X) * 3).astype(dtype)
    log_p = FLOW.log_prob(PARAMS, x)
    assert log_p.dtype == onp.float64
    assert (log_p == FLOW.log_prob(PARAMS, x.astype("float64"))).all()
    result = nf.fit(FLOW, onp.repeat(x, 2, axis=0), rng=rng(), params=PARAMS, steps=2, jitter=0.0)
    assert onp.isfinite(result.history["loss"]).all()


def test_lists_will_do():
    assert (FLOW.log_prob(PARAMS, X.tolist()) == FLOW.log_prob(PARAMS, X)).all()


def test_an_empty_batch_gives_an_empty_answer_but_has_no_mean():
    assert FLOW.log_prob(PARAMS, X[:0]).shape == (0,)
    assert FLOW.sample(PARAMS, rng(), 0).shape == (0, 3)
    x, log_p = CONDITIONAL.sample_and_log_prob(CONDITIONAL_PARAMS, rng(), 0, [1.0, 2.0])
    assert (x.shape, log_p.shape) == ((0, 3), (0,))
    refused(ValueError, "x must have at least 1 row to take a mean over; got 0", EACH_DOOR["nll"], X[:0])


def test_one_row_has_a_density_but_no_spread():
    assert (FLOW.log_prob(PARAMS, X[:1]) == FLOW.log_prob(PARAMS, X)[:1]).all()
    refused(ValueError, "Standardize needs at least 2 rows to start from data; got 1", FLOW.init, rng(), X[:1])


@pytest.mark.parametrize("n", [0, 1])
def test_a_fit_needs_three_rows_or_two_where_none_is_held_out(n):
    refused(ValueError, f"^x must have at least 3 rows: 2 to train on, and 1 .*; got {n}$", nf.fit, FLOW, X[:n], rng=0)
    message = f"^x must have at least 2 rows to fit to; got {n}$"
    refused(ValueError, message, nf.fit, FLOW, X[:n], rng=0, validation=None)


def layouts(x):
    read_only = x.copy()
    read_only.setflags(write=False)
    wide = onp.repeat(onp.repeat(x, 2, axis=0), 2, axis=1)
    return {"read-only": read_only, "strided": wide[::2, ::2], "Fortran": onp.asfortranarray(x), "reversed": x[::-1]}


@pytest.mark.parametrize("layout", ["read-only", "strided", "Fortran", "reversed"])
def test_any_memory_layout_works_and_stays_as_it_was(layout):
    x, plain = layouts(X)[layout], X[::-1] if layout == "reversed" else X
    context = layouts(X[:, :2])[layout]
    before = (x.tobytes(), context.tobytes(), [a.tobytes() for a in trees.leaves(CONDITIONAL_PARAMS)])
    expected = CONDITIONAL.log_prob(CONDITIONAL_PARAMS, plain.copy(), plain[:, :2].copy())
    assert (CONDITIONAL.log_prob(CONDITIONAL_PARAMS, x, context) == expected).all()
    nf.fit(CONDITIONAL, x, context=context, rng=rng(), params=CONDITIONAL_PARAMS, steps=3, jitter=0.1, validation=None)
    CONDITIONAL.sample(CONDITIONAL_PARAMS, rng(), 20, context)
    assert before == (x.tobytes(), context.tobytes(), [a.tobytes() for a in trees.leaves(CONDITIONAL_PARAMS)])


# --- context ---


@pytest.mark.parametrize(
    ("context", "message"),
    [
        (None, r"context must have shape \(N, 2\); got None"),
        (onp.zeros((20, 3)), r"context must have shape \(N, 2\); got \(20, 3\)"),
        (onp.zeros(20), r"context must have shape \(N, 2\); got \(20,\)"),
        (onp.zeros((19, 2)), "context must have one row for each of the 20 rows, or 1 row for all; got 19 rows"),
        (onp.zeros((0, 2)), "context must have one row for each of the 20 rows, or 1 row for all; got 0 rows"),
        (onp.full((20, 2), NAN), r"context must be finite; NaN or infinity in rows 0, 1, 2, 3, 4, \.\.\. \(20 rows\)"),
    ],
)
def test_a_context_that_does_not_fit_is_named(context, message):
    refused(ValueError, message, CONDITIONAL.log_prob, CONDITIONAL_PARAMS, X, context)
    refused(ValueError, message, CONDITIONAL.sample, CONDITIONAL_PARAMS, rng(), 20, context)
    refused(ValueError, message, CONDITIONAL.init, rng(), X, context)
    for start in (None, CONDITIONAL_PARAMS):
        refused(ValueError, message, nf.fit, CONDITIONAL, X, rng=rng(), context=context, params=start, validation=None)


def test_a_superfluous_context_is_refused():
    message = r"context must be None, because this flow takes no context; got shape \(20, 2\)"
    refused(ValueError, message, FLOW.log_prob, PARAMS, X, X[:, :2])
    refused(ValueError, message, FLOW.sample, PARAMS, rng(), 20, X[:, :2])
    refused(ValueError, message, nf.fit, FLOW, X, rng=rng(), context=X[:, :2], params=PARAMS, validation=None)


def test_a_context_of_strings_is_refused():
    refused(TypeError, "context must be an array of real numbers", CONDITIONAL.log_prob, CONDITIONAL_PARAMS, X, ["a"])


@pytest.mark.parametrize("context", [None, onp.zeros(20)])
def test_an_embedding_network_wants_rows_of_context(context):
    """N labels might be N rows of one number, or one row of N numbers: only the caller knows."""
    flow = nf.flows.real_nvp(3, layers=1, hidden=(4,), context_dim=2, embed=nf.MLP((4,)))
    message = r"context must have shape \(N, C\)"
    refused(ValueError, message, flow.init, rng(), None, context)
    refused(ValueError, message, nf.fit, flow, X, rng=rng(), context=context)
    params = flow.init(rng(), X, onp.zeros((20, 1)))
    refused(ValueError, r"\(N, 1\); got \(20, 2\)", flow.log_prob, params, X, X[:, :2])


def test_labels_that_are_not_a_column_are_told_how():
    flow, params = made(3, 1)
    message = r"context must have shape \(N, 1\); got \(20,\); for one variable pass context\[:, None\]"
    refused(ValueError, message, flow.log_prob, params, X, X[:, 0])


def test_a_masked_array_is_refused_and_the_rows_to_pass_are_named():
    masked = onp.ma.masked_less(X, -1.0)
    refused(
        TypeError,
        r"^x must have a value everywhere; got a masked array: leave out the masked rows, in every argument$",
        FLOW.log_prob,
        PARAMS,
        masked,
    )
    assert len(FLOW.log_prob(PARAMS, onp.ma.compress_rows(masked))) < 20
    log_p = FLOW.log_prob(PARAMS, onp.ma.masked_array(X))  # nothing is masked
    onp.testing.assert_array_equal(log_p, FLOW.log_prob(PARAMS, X))
    assert type(log_p) is onp.ndarray


def test_a_constant_column_is_named_and_what_to_do_with_it():
    flow = nf.flows.rq_nsf(3)
    with pytest.warns(UserWarning, match="column 2 is constant; scale 1 is used. Leave it out of a density$"):
        flow.init(rng(), onp.c_[X[:, :2], onp.full(20, 3.0)])


def test_a_loss_with_its_gradient_judges_its_arguments_as_the_loss_does():
    """A number of another shape would broadcast: one weight for all rows gives the sum in place of the mean."""
    of = lambda **given: nf.objectives.nll_value_and_grad(FLOW, **{"params": PARAMS, "x": X, **given})  # noqa: E731
    refused(ValueError, "weights must have one number for each of the 20 rows; got 1", of, weights=onp.ones(1))
    refused(ValueError, "weights must be at least 0; got -1 in row 0", of, weights=-onp.ones(20))
    refused(
        ValueError, "x must be finite; NaN or infinity in row 7", of, x=onp.where(onp.arange(20)[:, None] == 7, NAN, X)
    )
    refused(TypeError, "x must be an array of real numbers; got dtype complex128", of, x=X + 1j)
    refused(ValueError, "x must have at least 1 row", of, x=X[:0])
    refused(ValueError, "context must be None", of, context=onp.ones((20, 1)))
    refused(ValueError, "total must be positive and finite; got 0.0", of, total=0.0)
    loss, grads = of(total=40.0)
    half, half_grads = of()
    onp.testing.assert_allclose(2 * loss, half)
    for a, b in zip(trees.leaves(grads), trees.leaves(half_grads), strict=True):
        onp.testing.assert_allclose(2 * a, b, atol=1e-15)


def test_a_loss_of_a_field_judges_its_arguments_as_well():
    flow = nf.flows.continuous(3, field=nf.Field(nf.MLP((4,), "silu")))
    params = flow.init(rng(), X)
    of = nf.objectives.flow_matching_value_and_grad
    refused(
        ValueError, "weights must have one number for each of the 20 rows", of, flow, params, X, None, 0, onp.ones(1)
    )
    refused(ValueError, "x must have at least 1 row", of, flow, params, X[:0], None, 0)
    refused(ValueError, "x must have at least 1 row", nf.objectives.flow_matching, flow, params, X[:0], None, 0)
