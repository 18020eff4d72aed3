"""What a flow's frame does around its parts: rows far out, statistics, supports, chains that do not fit."""

from math import inf, nan

import numpy as onp
import pytest
from comparing import close

import nfscratch as nf
from nfscratch.flows import boundary, far_rows, support
from nfscratch.ops.intervals import apart, within
from nfscratch.ops.roots import InversionError

ROOT = onp.finfo("f8").max ** 0.25
X = onp.array([[1.0, 2.0], [3.0, 2.0 * ROOT], [5.0, 6.0], [0.5, 0.5]])


# --- rows far out ---


def largest(x, context=None):
    """The largest number of each row on its way, where the layers change nothing."""
    return onp.abs(x).max(axis=1)


def vjp_of(values):
    """A density that is `values` at the rows of X and their column sum elsewhere; its pullback is g for each row."""

    def log_prob_vjp(x, context):
        asked.append(x)
        log_p = onp.where((x == X[: len(x)]).all(axis=1), values[: len(x)], x.sum(axis=1))
        return log_p, lambda g: ("params", onp.repeat(g[:, None], 2, axis=1), None)

    asked = []
    return log_prob_vjp, asked


@pytest.mark.parametrize(
    ("values", "expected", "lost"),
    [
        ([1.0, -3.0, -1.0, 2.0], [1.0, -3.0, -1.0, 2.0], []),
        ([1.0, nan, -1.0, 2.0], [1.0, -inf, -1.0, 2.0], [1]),
        ([1.0, inf, -1.0, 2.0], [1.0, -inf, -1.0, 2.0], [1]),
        ([1.0, -2.0 * ROOT, -1.0, 2.0], [1.0, -2.0 * ROOT, -1.0, 2.0], [1]),
        ([1.0, -3.0, -inf, 2.0], [1.0, -3.0, -inf, 2.0], [2]),
        ([1.0, -3.0, nan, 2.0], [1.0, -3.0, nan, 2.0], []),  # not far: a fault of the flow, which is seen
        ([1.0, -3.0, -2.0 * ROOT, 2.0], [1.0, -3.0, -2.0 * ROOT, 2.0], []),
    ],
)
def test_rows_that_are_lost_have_gradient_0(values, expected, lost):
    log_prob_vjp, asked = vjp_of(onp.array(values))
    log_p, pullback = far_rows.far_rows_have_gradient_0(log_prob_vjp, {}, X, None, largest)
    assert onp.array_equal(log_p, expected, equal_nan=True) and len(asked) == 1 + bool(lost)
    g = pullback(onp.ones(4))[1][:, 0]
    assert g.tolist() == [0.0 if row in lost else 1.0 for row in range(4)]
    if lost:
        assert (asked[1][lost] == X[0]).all() and (onp.delete(asked[1], lost, 0) == onp.delete(X, lost, 0)).all()
    assert onp.array_equal(
        far_rows.far_rows_have_density_0(lambda *rows: log_prob_vjp(*rows)[0], {}, X, None, largest),
        expected,
        equal_nan=True,
    )


def test_a_search_that_fails_at_rows_far_out_is_no_error_and_elsewhere_is_one():
    def failing(x, context):
        if (onp.abs(x) > 10.0).any():
            raise InversionError("it stopped")
        return x.sum(axis=1), lambda g: ({}, g[:, None] * onp.ones(2), None)

    log_p, pullback = far_rows.far_rows_have_gradient_0(failing, {}, X, None, largest)
    assert log_p.tolist() == [3.0, -inf, 11.0, 1.0] and pullback(onp.ones(4))[1][1].tolist() == [0.0, 0.0]
    density = far_rows.far_rows_have_density_0(lambda *rows: failing(*rows)[0], {}, X, None, largest)
    assert density.tolist() == [3.0, -inf, 11.0, 1.0]
    for call in (far_rows.far_rows_have_gradient_0, far_rows.far_rows_have_density_0):
        with pytest.raises(InversionError):
            call(failing, {}, 11.0 * onp.ones((2, 2)), None, largest)
    ends = onp.array([[ROOT, 0.0], [0.0, -1.01 * ROOT]])
    assert far_rows._are_far(ends, None, largest).tolist() == [False, True]


def test_where_all_rows_are_lost_the_density_is_0_and_so_is_every_gradient():
    """No row is evaluated in their place, near 0 or elsewhere."""

    def failing(x, context):
        asked.append(len(x))
        raise InversionError("it stopped", 0, range(len(x)))

    params, asked = {"a": onp.ones(3), "fixed": onp.ones(2)}, []

    for context in (None, onp.ones((2, 1))):
        log_p, pullback = far_rows.far_rows_have_gradient_0(failing, params, X[[1, 1]], context, largest)
        g_params, g_x, g_context = pullback(onp.ones(2))
        assert (
            log_p.tolist() == [-inf, -inf] and g_params["a"].tolist() == [0.0] * 3 and g_x.tolist() == [[0.0] * 2] * 2
        )
        assert g_context is None if context is None else g_context.tolist() == [[0.0], [0.0]]
    assert far_rows.far_rows_have_density_0(failing, params, X[1:2], None, largest).tolist() == [-inf]
    assert asked == [2, 2, 1]


# --- statistics that are kept ---


class Counting(nf.StandardNormal):
    """A base that counts its looks."""

    updates = True

    def init(self, rng, z=None, context=None):
        return {"looks": onp.zeros(())}

    def update(self, params):
        return {"looks": params["looks"] + 1}


def test_only_what_keeps_statistics_is_updated():
    x = onp.random.default_rng(0).normal(size=(9, 2))
    none, one, two = {}, {"looks": onp.ones(())}, {"looks": onp.full((), 2.0)}
    for base, updates, before, after in ((nf.StandardNormal(2), False, none, none), (Counting(2), True, one, two)):
        flow = nf.Flow(base, nf.Reverse(2))
        assert flow.updates == updates
        assert flow.update({"base": before, "bijection": {}, "embed": {}}, x) == {
            "base": after, "bijection": {}, "embed": {}
        }  # fmt: skip


# --- supports ---


def test_supports_by_their_ends():
    assert support.onto_support(2, None) == [] == support.onto_support(2, (None, None))
    (layer,) = support.onto_support(2, (0, None))
    assert (tuple(layer.low), tuple(layer.high)) == ((0.0, 0.0), (inf, inf))
    (layer,) = support.onto_support(2, ([None, -1], onp.array([1.0, 2.0])))
    assert (tuple(layer.low), tuple(layer.high)) == ((-inf, -1.0), (1.0, 2.0))
    assert len(support.onto_support(2, (None, [inf, 1]))) == 1
    for given, words in (
        ((0, 1, 2), r"support must be a pair \(low, high\); got \(0, 1, 2\)"),
        ("01", "support must be a pair"),
        ((0, 0), "low below high for every variable; got 0.0 and 0.0 for variable 0"),
        (([0, inf], None), "got inf and inf for variable 1"),
        ((None, [1, -inf]), "got -inf and -inf for variable 1"),
        (([0, 0, 0], 1), "low of support must be one number, or one for each of 2 variables; got 3"),
        ((0, [1, True]), "high of support must be numbers, or None for an open end; got True"),
        ((nan, 1), "low of support must be numbers, or None for an open end; got nan"),
    ):
        with pytest.raises(ValueError, match=words):
            support.onto_support(2, given)


def test_intervals_lie_within_up_to_rounding():
    assert within((0.0, 1.0 + 0.9e-9), (0.0, 1.0)) and not within((0.0, 1.0 + 1.2e-9), (0.0, 1.0))
    assert within((-1e6 - 0.9e-3, 0.0), (-1e6, inf)) and not within((-1e6 - 1.2e-3, 0.0), (-1e6, inf))
    assert within(None, (-inf, inf)) and not within(None, (0.0, 1.0)) and not within((0.0, 1.0), None)
    assert apart((0.0, 1.0), (1.0, 2.0)) and not apart((0.0, 1.0), (0.9, 2.0)) and apart((3.0, 4.0), (1.0, 2.0))


# --- parts that do not fit ---


def test_a_base_and_a_bijection_must_fit():
    conditioned = nf.Coupling(nf.Affine(), (True, False), nf.MLP((4,)), context_dim=3)
    base = nf.ConditionedBase(nf.DiagonalNormal(2), context_dim=2)
    for make, words in (
        (lambda: nf.Flow(nf.StandardNormal(3), nf.Reverse(2)), r"agree on the shape of z; got \(3,\) and \(2,\)"),
        (lambda: nf.Flow(base, conditioned), r"must take the same context; got context_dim \[2, 3\]"),
        (lambda: nf.Flow(nf.StandardNormal(2), nf.Reverse(2), nf.MLP()), "got context_dim 0 for both"),
        (lambda: nf.Chain([]), "Chain needs at least one layer; got none"),
        (
            lambda: nf.Chain([conditioned, nf.Conditioned(nf.Planar(2), context_dim=1)]),
            r"layers of a Chain must take the same context; got context_dim \[1, 3\]",
        ),
        (
            lambda: nf.Chain([nf.Elementwise(nf.Sigmoid(2.0, 3.0), 2), nf.Inverse(nf.Elementwise(nf.Sigmoid(), 2))]),
            r"layer 1 of 2 \(Elementwise\) ends in \(2.0, 3.0\), layer 2 of 2 \(.*\) takes \(0.0, 1.0\), and no point",
        ),
    ):
        with pytest.raises(ValueError, match=words):
            make()
    with pytest.warns(UserWarning, match=r"the base draws from \(-inf, inf\), the bijection takes \(0.0, 1.0\): what"):
        nf.Flow(nf.StandardNormal(2), nf.Inverse(nf.Elementwise(nf.Sigmoid(), 2)))


def test_a_kernel_size_of_any_integer_type_is_an_int():
    layer = nf.MaskedConv((1, 4, 4), onp.int64(3))
    assert type(layer.kernel) is int and layer.kernel == 3


def test_parts_are_judged_row_by_row():
    shape = boundary._check_shape
    shape("the base", "log_prob", "log_prob", onp.ones(3), (3,))
    for value, required, got in (
        (onp.ones((3, 1)), r"\(N,\), one number for each row", r"\(3, 1\) for 3 rows"),
        (1.0, r"\(N,\)", r"\(\)"),
    ):
        with pytest.raises(ValueError, match=rf"the base: log_prob must have shape {required}.*got {got}"):
            shape("the base", "log_prob", "log_prob", value, (3,))
    with pytest.raises(ValueError, match=r"it: z of inverse must have shape \(N, 2\); got \(3, 1\) for 3 rows"):
        shape("it", "inverse", "z", onp.ones((3, 1)), (3, 2))
    value = onp.array([[1.0, 2.0], [3.0, 1e3]])
    boundary._check_alone("it", "inverse", "z", value, value[1:] + 0.9e-3, 1)  # 1e-6 of the largest
    with pytest.raises(
        ValueError, match=r"z of inverse must not depend on the other rows; row 1 alone gives .* among 2"
    ):
        boundary._check_alone("it", "inverse", "z", value, value[1:] + 2.1e-3, 1)
    boundary._check_alone("it", "inverse", "log_det", onp.array([nan, inf]), onp.array([inf]), 1)
    params = {"W": onp.array([0.0, 100.0]), "fixed": {"m": onp.ones(2)}}
    moved = boundary._moved(params)
    noise = onp.random.default_rng(0).normal(size=2)
    close(moved["W"], params["W"] + 0.01 * onp.array([1.0, 100.0]) * noise, 1e-15)
    assert moved["fixed"]["m"].tolist() == [1.0, 1.0]
