"""What layers and bases take from rows, by numbers that a hand can check: shares, groups, cuts, components, times."""

import sys
from types import SimpleNamespace

import numpy as onp
import pytest

import nfscratch as nf
from nfscratch import blas
from nfscratch.bijections.normalize import whiten
from nfscratch.distributions import categorical
from nfscratch.ops import roulette
from nfscratch.ops.rows import nearer
from nfscratch.trees import FIXED

CROSS = onp.array([[1, 1], [-1, -1], [1, -1], [-1, 1]], float)
TWICE = onp.concatenate((CROSS, CROSS[:2]))  # correlation 1/3


def test_the_share_of_ledoit_and_wolf_in_fractions():
    # noise = sum |u|^4 / N^2 - |C|^2 / N = 4/60 - (20/9)/60 = 4/135, and |C - I|^2 = 2/9 = 30/135
    assert whiten.ledoit_wolf(onp.tile(TWICE, (10, 1))) == pytest.approx(4 / 30, rel=1e-12)
    assert whiten.ledoit_wolf(TWICE) == 1.0  # noise 8/27 is more than all that there is
    assert whiten.ledoit_wolf(CROSS) == 1.0
    assert whiten.ledoit_wolf(onp.array([[1.0, 1.0], [-1.0, -1.0]])) == 1e-10


def test_the_cost_of_held_out_rows_is_that_of_students_density_with_ten_degrees_of_freedom():
    rng = onp.random.default_rng(0)
    train, test = onp.tile(TWICE, (2, 1)), rng.normal(size=(3, 2))
    candidates = onp.array([1e-3, 0.5, 1.0])
    cost = whiten._held_out_cost(train, test, candidates)
    for a, value in zip(candidates, cost, strict=True):
        R = (1 - a) * onp.array([[1, 1 / 3], [1 / 3, 1]]) + a * onp.eye(2)
        lengths = onp.array([x @ onp.linalg.inv(R) @ x for x in test])
        assert value == pytest.approx(
            (12 * onp.log(1 + lengths / 10)).sum() + 3 * onp.log(onp.linalg.det(R)), rel=1e-12
        )
        assert onp.allclose(whiten.shrunk(train, a), R, rtol=1e-14)


def test_the_share_of_the_identity_is_small_for_columns_that_agree_and_large_for_columns_that_do_not():
    rng = onp.random.default_rng(1)
    one, other = rng.normal(size=(2, 400))
    agreeing = onp.stack((one, one + 1e-3 * other), axis=1)
    apart = onp.stack((one, other), axis=1)
    shares = []
    for u in (agreeing, apart):
        u = (u - u.mean(axis=0)) / u.std(axis=0)
        shares.append(whiten.share_of_identity(u, onp.arange(400)))
    assert shares[0] < 1e-5
    assert shares[1] > 0.25


def test_rows_that_agree_to_a_hundred_thousandth_have_one_number_in_the_order_in_which_they_come():
    u = onp.array([[3.0, 0.0], [1.0, 1.0], [3.0, 1e-9], [1.0, 1.001], [1.0, 1.0]])
    assert whiten.groups(u).tolist() == [0, 1, 0, 2, 1]


def test_correlations_need_one_row_more_than_columns_that_are_different():
    rows = onp.random.default_rng(2).normal(size=(4, 3))
    layer = nf.Whiten(3)
    for x, kind in (
        (rows[:3], "diagonal"),
        (rows, "full"),
        (onp.concatenate((rows[:3], rows[:2])), "diagonal"),
        (onp.concatenate((rows, rows)), "full"),
    ):
        mixing = layer.init(None, x)[FIXED]["mixing"]
        assert layer.taken(layer.init(None, x)).kind == kind
        if kind == "diagonal":
            assert (mixing == onp.eye(3)).all()


def test_far_points_have_no_more_say_in_robust_correlations_than_points_at_3():
    x = onp.random.default_rng(3).normal(size=(60, 2))
    at, beyond = x.copy(), x.copy()
    at[0], beyond[0] = 1e3, 1e6
    mixings = [nf.Whiten(2, "robust").init(None, rows)[FIXED]["mixing"] for rows in (at, beyond)]
    assert (mixings[0] == mixings[1]).all()
    assert abs(mixings[0][1, 0]) < 0.5


def test_a_column_up_to_the_floor_counts_as_constant():
    x = onp.tile(CROSS, (5, 1)) * [2.0, 0.5]
    for floor, std in ((0.4, [2.0, 0.5]), (0.5, [2.0, 1.0]), (0.6, [2.0, 1.0]), (2.0, [1.0, 1.0])):
        assert nf.Whiten(2, floor=floor).init(None, x)[FIXED]["std"].tolist() == std, floor


def test_whitening_says_its_share_where_there_is_one():
    assert str(whiten.Whitening("full", 0.12345)) == "full (0.12 of the identity)"
    assert str(whiten.Whitening("diagonal", 1.0)) == "diagonal"
    chain = nf.Chain([nf.Planar(2), nf.Whiten(2)])
    assert whiten.taken(chain, chain.init(onp.random.default_rng(0))).kind == "diagonal"
    assert whiten.taken(nf.Planar(2), {}) is None


def test_a_component_of_weight_two_in_a_thousand_million_is_drawn_in_float32_too():
    last = SimpleNamespace(random=lambda n: onp.full(n, 1.0 - 1e-9))
    logits = onp.array([0.0, -20.0], onp.float32)
    assert nf.GaussianMixture(1, 2)._components(logits, last, 3).tolist() == [1, 1, 1]
    first = SimpleNamespace(random=lambda n: onp.full(n, 0.5))
    assert nf.GaussianMixture(1, 2)._components(logits, first, 2).tolist() == [0, 0]


def test_a_level_is_a_whole_number_but_for_less_than_the_tolerance():
    base, tolerance = categorical.Categorical(2), categorical.TOLERANCE
    assert base._chosen(onp.array([[0.99 * tolerance], [1.0]]))[:, 0].tolist() == [[1.0, 0.0], [0.0, 1.0]]
    for x in (tolerance, 2.0, -1.0, 0.5):
        with pytest.raises(ValueError, match=r"^x must be one of 0, 1/1, 2/1 \.\.\. 1; got something else in row 1$"):
            base._chosen(onp.array([[0.0], [x]]))


def test_lost_rows_are_put_at_the_first_row_that_is_not_lost_with_its_context():
    x = onp.array([[1e30, 1.0], [2.0, 3.0], [4.0, 5.0]])
    moved, context = nearer(x, x[:, :1], onp.array([True, False, False]))
    assert moved.tolist() == [[2.0, 3.0], [2.0, 3.0], [4.0, 5.0]] and context.tolist() == [[2.0], [2.0], [4.0]]
    images = x[:, None]
    assert nearer(images, None, onp.array([True, False, True]))[0][:, 0].tolist() == [[2.0, 3.0]] * 3
    nowhere = nearer(images, x[:, :1], onp.ones(3, bool))
    assert not nowhere[0].any() and not nowhere[1].any() and nowhere[1].shape == (3, 1)


def test_a_trace_of_no_rows_is_no_numbers():
    probes = roulette.Probes(onp.ones((2, 0, 3)), onp.ones((2, 0), int), 1, 0.5)
    assert roulette.traced_estimate(lambda u: u, probes).shape == (0,)
    mean, weights = roulette.estimate(lambda rows: lambda u: u, probes)
    assert mean.shape == (0,)
    assert weights.shape == (2, 0, 3)


def test_a_time_is_one_for_all_rows_or_one_for_each():
    field, z = nf.ProbabilityFlow(), onp.ones((3, 2))
    params = field.init(onp.random.default_rng(0), 2)
    calls = {
        "score": lambda t: field.score(params, z, t),
        "apply": lambda t: field.apply(params, z, t),
        "apply_vjp": lambda t: field.apply_vjp(params, z, t)[0],
        "jvp": lambda t: field.jvp(params, z, t, onp.ones((1, 3, 2)))[1],
        "jvp_vjp": lambda t: field.jvp_vjp(params, z, t, onp.ones((1, 3, 2)))[1],
    }
    for name, call in calls.items():
        assert (call(0.25) == call(onp.full(3, 0.25))).all(), name
        for t in (onp.full(2, 0.25), onp.full((3, 1), 0.25)):
            with pytest.raises(ValueError, match=r"^t must be a number, or have shape \(N,\) with N = 3; got shape"):
                call(t)


def test_a_limit_of_threads_is_lifted_by_force_and_then_let_go(monkeypatch):
    told = []
    controller = SimpleNamespace(clear_controlling_thread=lambda force: told.append(force))
    monkeypatch.setitem(sys.modules, "threadpoolctl", SimpleNamespace(OpenBLASController=controller))
    blas._lift(SimpleNamespace(restore_original_limits=lambda: told.append("restored")))
    assert told == [True, "restored", False]
    monkeypatch.setitem(sys.modules, "threadpoolctl", SimpleNamespace())  # before version 3.8
    blas._lift(SimpleNamespace(restore_original_limits=lambda: told.append("again")))
    assert told[3:] == ["again"]


def test_large_products_keep_the_threads_that_were_asked_for(monkeypatch):
    for name in blas.VARIABLES:
        monkeypatch.delenv(name, raising=False)
    largest = {"w": onp.zeros(2**15), "b": onp.zeros(2)}
    assert blas.one_thread(largest, 2**11) is blas.ONE_THREAD
    monkeypatch.setenv("MKL_NUM_THREADS", "2")
    assert blas.one_thread(largest, 2**10) is blas.ONE_THREAD
    assert blas.one_thread(largest, 2**10 + 1) is not blas.ONE_THREAD
    assert blas.one_thread({}, 9) is blas.ONE_THREAD
