"""What a descent asks of `minimize` for a flow, what it says of rows that it cannot take, and what curves it sees."""

import numpy as onp
import pytest

import nfscratch as nf
from nfscratch.flows import spoilt_rows
from nfscratch.training import curved, unreachable
from nfscratch.training.descent import Descent, HeldOutLoss
from nfscratch.training.held_out import Rows
from nfscratch.training.objectives import MaximumLikelihood

FLOW = nf.Flow(nf.StandardNormal(2), nf.Diagonal(2))
STILL = nf.Flow(nf.StandardNormal(2), nf.Chain([nf.Diagonal(2), nf.BatchNorm(2)]))
X = onp.arange(12.0).reshape(6, 2) / 12.0


def rows_of(x=X, context=None, weights=None, where="x"):
    return Rows(x, context, weights, 10 * onp.arange(len(x)), where)


def test_a_descent_asks_for_steps_on_its_rows_from_the_start_with_its_options():
    start, rng, rows = FLOW.init(0), onp.random.default_rng(0), rows_of(weights=onp.array([1.0, 3.0, 1, 1, 1, 2]))
    noisy = lambda x, rng: x + rng  # noqa: E731
    given = Descent(FLOW, MaximumLikelihood(), noisy, "store", {"clip": 0.5, "steps": 3}).arguments(
        start, rows, rows_of(X[:2]), rng, steps=7
    )
    assert given["params"] is start
    assert given["rng"] is rng
    assert (given["clip"], given["steps"], given["has_grad"], given["title"]) == (0.5, 7, True, "fit")
    assert given["update"] is None  # no layer has running statistics
    x, context, weights = given["data"]
    assert x is rows.x
    assert context is None
    assert weights.tolist() == pytest.approx([6 / 9, 18 / 9, 6 / 9, 6 / 9, 6 / 9, 12 / 9])
    batch, more = given["augment"]((X, "context"), 2.0)
    assert (batch == X + 2.0).all()
    assert more == "context"
    plain = -FLOW.log_prob(start, X)
    value, grads = given["loss"](start, rng, (X, None, None))
    assert value == pytest.approx(plain.mean())
    assert set(grads) == set(start)
    assert given["loss"](start, rng, (X, None, weights))[0] == pytest.approx((weights * plain).sum() / 6)
    assert given["evaluate"](start) == pytest.approx(plain[:2].mean())
    said = MaximumLikelihood().blame(FLOW, start, grads, X, None, rows)
    assert given["blame"](start, grads, (X, None, None)) == said


def test_without_jitter_held_out_rows_or_statistics_a_descent_asks_for_none_of_them():
    given = Descent(FLOW, MaximumLikelihood(), None, "store", {}).arguments(FLOW.init(0), rows_of(), None, None)
    assert [given[name] for name in ("evaluate", "augment", "update")] == [None] * 3
    assert Descent(STILL, MaximumLikelihood(), None, "store", {}).arguments(STILL.init(0), rows_of(), None, None)[
        "update"
    ]


def test_running_statistics_see_each_row_as_often_as_its_weight_says():
    params = STILL.init(0)
    update = Descent(STILL, MaximumLikelihood(), None, "store", {}).arguments(params, rows_of(), None, None)["update"]
    weighted = update(params, (X[:2], None, onp.array([1.0, 3.0])))
    copied = update(params, (X[[0, 1, 1, 1]], None, None))
    plain = update(params, (X[:2], None, None))
    stored = lambda tree: tree["bijection"][1]["fixed"]["mean"].tolist()  # noqa: E731
    assert stored(weighted) == pytest.approx(stored(copied))
    assert stored(weighted) != pytest.approx(stored(plain))


def test_held_out_rows_of_density_0_are_named_by_the_callers_numbers():
    flow = nf.Flow(nf.StandardNormal(2), nf.Diagonal(2))
    params, x = flow.init(0), onp.zeros((9, 2))
    x[2:] = onp.inf
    for n, said in (
        (2, ""),
        (3, ": row 20 of validation has density 0"),
        (4, ": rows 20, 30 of validation have density 0"),
        (7, ": rows 20, 30, 40, 50, 60 of validation have density 0"),
        (8, ": rows 20, 30, 40, 50, 60, ... of validation have density 0"),
    ):
        value = HeldOutLoss(Given(x), flow, rows_of(x[:n], where="validation"))
        assert value.why_not_finite(params) == said


class Given:
    """An objective whose value is the sum of the rows themselves."""

    def __init__(self, x):
        self.x = x

    def value(self, flow, params, x, context, rng, weights):
        return x.sum()


def test_rows_out_of_reach_are_listed_up_to_the_number_shown():
    shown = unreachable.SHOWN
    for n in (1, shown, shown + 1):
        x, outside = onp.full((n, 1), 1.5), onp.ones((n, 1), bool)
        message = unreachable._message(x, outside, rows_of(x), (0.0, 1.0))
        listed = ", ".join(f"1.5 in row {10 * k}, column 0" for k in range(min(n, shown)))
        more = f", ... ({n} entries)" if n > shown else ""
        assert message == (f"x must lie inside of (0.0, 1.0), which is all that the flow reaches; got {listed}{more}")
    ends = onp.zeros(2), onp.ones(2)
    image = unreachable._message(onp.ones((1, 1, 2)), onp.array([[[False, True]]]), rows_of(onp.ones((1, 1, 2))), ends)
    assert "inside of the bounds of its column, which" in image
    assert image.endswith("got 1 in row 0, entry (0, 1)")


def test_rows_whose_gradient_is_spoilt_have_gradient_0_and_the_others_keep_theirs():
    x, seen = onp.array([[1.0, 2.0], [5.0, 5.0], [3.0, 4.0]]), []

    def log_prob_vjp(x, context):
        def pullback(g):
            seen.append((x, g))
            slope = onp.where(x == 5.0, onp.nan, 2.0 * x)
            return {"a": (g[:, None] * slope).sum(axis=0)}, g[:, None] * slope, None

        return x.sum(axis=1).astype(onp.float32), pullback

    log_p, pullback = spoilt_rows.spoilt_rows_have_gradient_0(log_prob_vjp, {}, x, None)
    assert log_p.tolist() == [3.0, 10.0, 7.0]
    g_params, g_x, _ = pullback(onp.array([1.0, 1.0, 10.0], dtype=onp.float32))
    assert g_x.tolist() == [[2.0, 4.0], [0.0, 0.0], [60.0, 80.0]]
    assert g_params["a"].tolist() == [62.0, 84.0]
    assert seen[-1][0].tolist() == [[1.0, 2.0], [1.0, 2.0], [3.0, 4.0]]
    assert seen[-1][1].dtype == onp.float32


def test_a_gradient_of_the_parameters_that_is_finite_stays_where_that_of_a_row_is_none():
    """The row's own gradient is 0 then, and its context's; an infinite one is left, unless the parameters' is none."""
    x, c = onp.array([[1.0], [5.0], [3.0]]), onp.array([[7.0], [8.0], [9.0]])
    for at_5, total, asked, of_rows, of_context in (
        (onp.nan, 3.0, 1, [1.0, 0.0, 1.0], [7.0, 0.0, 9.0]), (onp.inf, 3.0, 1, [1.0, onp.inf, 1.0], [7.0, 8.0, 9.0]),
        (onp.inf, onp.nan, 3, [1.0, 0.0, 1.0], [7.0, 0.0, 9.0]), (1.0, onp.nan, 1, [1.0, 1.0, 1.0], [7.0, 8.0, 9.0]),
    ):  # fmt: skip
        seen = []

        def log_prob_vjp(x, context, at_5=at_5, total=total, seen=seen):
            def pullback(g):
                seen.append(context[:, 0].tolist())
                here = onp.where(x == 5.0, at_5, 1.0)
                return {"a": onp.array([total if (x == 5.0).any() else 2.0])}, g[:, None] * here, g[:, None] * context

            return x.sum(axis=1), pullback

        _, kept = spoilt_rows.spoilt_rows_have_gradient_0(log_prob_vjp, {}, x, c)
        g_params, g_x, g_context = kept(onp.ones(3))
        assert len(seen) == asked and g_x[:, 0].tolist() == of_rows and g_context[:, 0].tolist() == of_context, at_5
        expected = 2.0 if asked == 3 else total
        assert onp.array_equal(g_params["a"], [expected], equal_nan=True), (at_5, total)
        assert asked == 1 or seen[1:] == [[8.0], [7.0, 7.0, 9.0]]


def test_a_gradient_of_parameters_that_are_nan_is_nan():
    flow = nf.flows.maf(2)
    params = nf.trees.map_leaves(lambda a: a * onp.nan, flow.init(0))
    g_params, g_x, _ = flow.log_prob_vjp(params, onp.ones((3, 2)))[1](onp.ones(3))
    assert onp.isnan(g_x).all() and not nf.trees.is_finite(g_params)
    params = flow.init(0)
    for loss in (onp.nan, onp.inf):
        g_params, g_x, _ = flow.log_prob_vjp(params, onp.ones((1, 2)))[1](onp.full(1, loss))
        assert not onp.isfinite(g_x).any() and not nf.trees.is_finite(g_params), "nor is that of a loss"


def test_a_cubic_lies_on_the_cubic_of_its_neighbours_and_a_power_of_four_does_not():
    t = onp.linspace(-1.0, 1.0, 30) ** 3 + onp.linspace(0.0, 0.5, 30)
    v = onp.stack((t**3 - t, 2.0 * t**2, onp.sin(40.0 * t)), axis=1)
    assert curved._on_cubics(t, v, onp.full(3, 1e-9)).tolist() == [True, True, False]
    assert curved._on_cubics(t, t[:, None] ** 4, onp.array([1e-9])).tolist() == [False]


def test_columns_are_named_one_by_one_up_to_three():
    assert curved._listed([4]) == "column 4"
    assert curved._listed([4, 6]) == "columns 4 and 6"
    assert curved._listed([1, 4, 6]) == "columns 1, 4 and 6"
    assert curved._listed([1, 4, 6, 7]) == "the columns before it"


def test_rows_of_one_value_of_a_column_have_one_value_of_its_function():
    u = onp.array([[1.0, 5.0, 5.0], [2.0, 6.0, 6.0], [1.0, 5.0, 7.0]])
    first = onp.array([0, 1])
    assert curved._one_value_each(u, 0, 1, first)
    assert not curved._one_value_each(u, 0, 2, first)
    assert curved._one_value_each(u, 0, 2, onp.array([0, 1, 2]))


def test_products_are_seen_through_logarithms_and_zeros_do_not_count():
    rng = onp.random.default_rng(0)
    a, b, c = onp.exp(rng.normal(size=(3, 60)))
    assert curved._powers(onp.stack((a, b, a * b, c), axis=1)) == {2: [0, 1]}
    assert curved._powers(onp.stack((a, b, a / b**2, c), axis=1)) == {2: [0, 1]}
    zeros = onp.stack((a, b, a * b), axis=1)
    zeros[0] = 0.0  # a column with a zero has no logarithm
    assert curved._powers(zeros) == {}
    few = 2 * 3 + curved.FREE
    three = onp.stack((a, b, a * b), axis=1)
    assert curved._powers(three[:few]) == {2: [0, 1]}
    assert curved._powers(three[: few - 1]) == {}
    assert curved._powers(three[:, :1]) == {}


def test_what_counts_as_nothing_is_a_hundred_thousandth_or_rounding_and_0_where_all_is_rounding():
    u = onp.array([[0.0, 1.0, 7.0], [1.0, 1.0 + 1e-6, 7.0]])
    at = curved._tolerance(u, onp.abs(u).max(axis=0))
    assert at.tolist() == [1e-5, 1e-5, 0.0]
    single = curved._tolerance(u.astype(onp.float32), onp.abs(u).max(axis=0).astype(onp.float32))
    assert single[0] == pytest.approx(1e-5)
    assert single[1] == 0.0
    coarse = onp.array([[1.0], [1.001]], onp.float32)
    assert curved._tolerance(coarse, onp.array([1.0], onp.float32))[0] == pytest.approx(16 * 2**-23 / 5e-4, rel=1e-3)
