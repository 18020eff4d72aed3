"""What recipes put together, and what a fit does with rows and time around its run: small cases by hand."""

from itertools import pairwise
from types import SimpleNamespace

import numpy as onp
import pytest
from comparing import close

import nfscratch as nf
from nfscratch.flows import layers, parts, pixels
from nfscratch.flows.posterior import KINDS, _rank
from nfscratch.nets.velocity import checked_tangents, checked_velocity, time_per_row
from nfscratch.training import advice, data_rows, earlier, held_out, verdict
from nfscratch.training.budget import Budget
from nfscratch.training.ending import Ended, Ending


def rng(seed=0):
    return onp.random.default_rng(seed)


# --- layers in turn ---


def test_couplings_take_turns_and_permutations_come_before_each_further_pair():
    found = layers.coupling_layers(5, nf.Affine(), nf.MLP((2,)), 5, 3, seed=7)
    kinds = [type(layer).__name__[0] for layer in found]
    assert "".join(kinds) == "CCPCCPC"
    couplings = [layer for layer in found if isinstance(layer, nf.Coupling)]
    assert [sum(layer.mask) for layer in couplings] == [2, 3, 2, 3, 2] and {each.context_dim for each in couplings} == {
        3
    }
    assert [found[2].order, found[5].order] == [nf.Permutation.random(5, seed=seed).order for seed in (9, 11)]
    assert len(layers.coupling_layers(2, nf.Affine(), nf.MLP((2,)), 5)) == 5  # two variables need none


def test_orders_are_reversed_or_drawn_afresh():
    assert layers._orders(3, 3, "reversed", 5) == [(0, 1, 2), (2, 1, 0), (0, 1, 2)]
    drawn = layers._orders(4, 6, "random", 1)
    assert drawn[0] == (0, 1, 2, 3) and all(a != b and sorted(b) == [0, 1, 2, 3] for a, b in pairwise(drawn))
    assert drawn != layers._orders(4, 6, "random", 2) and layers._orders(1, 3, "random", 0) == [(0,)] * 3
    found = layers.autoregressive_layers(4, nf.Affine(), nf.MADE((3,)), 6, 2, "random", 1)
    assert [layer.order for layer in found] == drawn and {layer.context_dim for layer in found} == {2}
    either = {"hidden": (3,), "activation": "elu", "gain": 0.5, "layers": 3, "context_dim": 2, "seed": 4}
    for coupling, kind in ((True, nf.MLP), (False, nf.MADE)):
        made = layers.layers_of_either_structure(coupling, 4, nf.Affine(), **either)
        networks = [layer.conditioner for layer in made if hasattr(layer, "conditioner")]
        assert len(networks) == 3 and all(type(each) is kind for each in networks)
        assert {(each.hidden, each.activation, each.gain) for each in networks} == {((3,), "elu", 0.5)}
    assert made[1].order == (3, 2, 1, 0) and layers.layers_of_either_structure(True, 4, nf.Affine(), **either)[
        2
    ].order == (nf.Permutation.random(4, seed=6).order)


def test_posteriors_by_name():
    made = {kind: nf.flows.posterior(3, 2, kind, layers=3, hidden=(5,), bins=4, bound=2.0) for kind in KINDS}
    assert all(isinstance(flow.base, nf.ConditionedBase) and flow.context_dim == 2 for flow in made.values())
    assert isinstance(nf.flows.posterior(3).base, nf.DiagonalNormal) and len(made["planar"].bijection.layer.layers) == 3
    turns = made["sylvester"].bijection.layer.layers
    assert [(each.rank, each.orthogonal, each.flip) for each in turns] == [
        *[(3, "triangular", flip) for flip in (False, True, False)]
    ]
    assert _rank(None, 20) == 16 and _rank(None, 15) == 15 and _rank(4, 20) == 4
    assert [type(layer.bijection) for layer in made["iaf"].bijection.layers] == [nf.Autoregressive] * 3
    spline = made["spline"].bijection.layers[0]
    assert (spline.transformer.bins, spline.transformer.bound, spline.conditioner.hidden) == (4, 2.0, (5,))
    assert layers.following(nf.Planar(2), nf.MLP(()), 0).dim == 2


def test_layers_are_named_from_the_data_and_counted_from_the_noise():
    chain = nf.Chain([nf.Reverse(2), nf.Chain([nf.Diagonal(2), nf.Reverse(2)])])
    found = list(parts.layers_from_data(chain, ["a", ["b", "c"]]))
    assert [(name, params) for name, _, params in found] == [
        *[("layer 2 of 2 in layer 2 of 2 (Permutation)", "c"), ("layer 1 of 2 in layer 2 of 2 (Diagonal)", "b")],
        ("layer 1 of 2 (Permutation)", "a"),
    ]
    assert [name for name, *_ in parts.layers_from_data(nf.Diagonal(2), "p")] == ["layer (Diagonal)"]

    class Own(nf.MLP):
        pass

    class Bare:
        def init(self):
            pass

    assert not parts.has_own_part(nf.flows.maf(2)) and not parts.has_own_part([1.0, "text", None, onp.ones(2)])
    for part in (Own(), Bare(), [nf.MLP(), Own()], nf.Coupling(nf.Affine(), (True, False), Own())):
        assert parts.has_own_part(part)
    flow = nf.flows.maf(2, layers=1, context_dim=1, embed=nf.MLP((2,)))
    assert parts.embed_name(flow) == "embed (MLP)" and parts.base_name(flow) == "the base (StandardNormal)"


# --- pixels ---


def test_pixels_that_are_none_are_refused_with_the_remedy():
    like, shape = onp.ones(1), (1, 2, 2)
    whole = onp.array([[0, 7, 3, 1]]).reshape(1, 1, 2, 2)
    assert pixels.checked_pixels("x", whole, shape, 8, like).dtype == float
    for x, words in (
        (whole[0], "x must have shape (N, 1, 2, 2); got (1, 2, 2); for one image pass x[None]"),
        (whole.reshape(1, 4), "x must have shape (N, 1, 2, 2); got (1, 4); pass x.reshape(-1, 1, 2, 2)"),
        (whole / 7.0, "0 to 7; got fractions from 0 to 1: pass numpy.round(7 * x)"),
        (
            whole / 3.5 - 1.0,
            "got fractions from -1 to 1: pass numpy.round(7 * (x + 1) / 2) if -1 is black and 1 is white",
        ),
        (
            whole + 0.5,
            "x must hold whole pixel values, 0 to 7; got 0.5 in row 0: the noise between two values is added here",
        ),
        (whole + 1, "x must hold whole pixel values, 0 to 7; got 8 in row 0"),
        (whole - 1.0, "x must hold whole pixel values, 0 to 7; got -1 in row 0"),
    ):
        with pytest.raises(ValueError) as caught:
            pixels.checked_pixels("x", x, shape, 8, like)
        assert words in str(caught.value)
    for top, told in ((63, True), (64, False)):
        if told:
            with pytest.warns(nf.flows.pixels.PixelWarning, match="no value above 63, of 0 to 255: .* pass values=64"):
                pixels.warn_of_unused_values("x", onp.array([top]), 256)
        else:
            pixels.warn_of_unused_values("x", onp.array([top]), 256)
    pixels.warn_of_unused_values("x", onp.empty(0), 256)


# --- velocities ---


def test_times_and_velocities_have_a_number_for_each_row():
    z = onp.ones((3, 2), dtype="f4")
    assert time_per_row(0.25, z).tolist() == [0.25] * 3 and time_per_row(0.25, z).dtype == onp.float32
    assert time_per_row(onp.array([0.0, 0.5, 1.0]), z).tolist() == [0.0, 0.5, 1.0]
    with pytest.raises(ValueError, match=r"t must be a number, or have shape \(N,\) with N = 3; got shape \(2,\)"):
        time_per_row(onp.ones(2), z)
    with pytest.raises(
        ValueError, match=r"it must return one velocity for each row, shape \(3, 2\) of z; got \(3, 1\)"
    ):
        checked_velocity(onp.ones((3, 1)), z, "it")
    with pytest.raises(ValueError, match=r"J v with the shape of v \(K, N, D\), \(4, 3, 2\); got \(3, 2\)"):
        checked_tangents(z, z, z, onp.ones((4, 3, 2)))
    flow = nf.ProbabilityFlow(duration=2.0)
    a, b = flow.signal_and_noise(0.5)
    close([a, b], [onp.exp(-0.5), onp.sqrt(1.0 - onp.exp(-1.0))], 1e-15)
    close(flow._speed(onp.array([0.5, 1.0])), [-2.0 * a / b, -2.0], 1e-6)


# --- rows, time and verdicts ---


def test_rows_by_number_and_in_pieces():
    assert data_rows.numbered(None, 3).tolist() == [0, 1, 2] and data_rows.numbered([5, 2, 9], 3).tolist() == [5, 2, 9]
    for wrong in ([1, 2], [1.0, 2.0, 3.0], [[1], [2], [3]]):
        with pytest.raises(ValueError, match="numbers must have one whole number for each of the 3 rows; got shape"):
            data_rows.numbered(wrong, 3)
    x = onp.broadcast_to(0.0, (2**14 + 5, 1))
    sizes = [(len(a), c) for a, c in data_rows.pieces(x, None)]
    assert sizes == [(2**14, None), (5, None)] and [len(c) for _, c in data_rows.pieces(x, x)] == [2**14, 5]


def test_endings_that_version_0_1_wrote():
    for sentence, ending in (
        ("", None),
        ("early stopping at step 50: no better validation in 3 evaluations", Ending(Ended.EARLY_STOPPING, 50, 3)),
        (
            "diverged at step 7 (loss 1e+09): the base\nand more",
            Ending(Ended.DIVERGED, 7, None, 1e9, "the base\nand more"),
        ),
    ):
        assert earlier.ending_of(sentence) == ending
        updated = earlier.updated({"step": 9, "record": {"stopped": sentence, "best_step": 2}})
        state = None if ending is None else ending.state()
        assert updated == {"step": 9, "record": {"best_step": 2, "ended": state}}
    with pytest.raises(ValueError, match="stopped must say how the run ended; got 'gone'"):
        earlier.ending_of("gone")
    for kept in (5, {"record": 3}, {"record": {"ended": None}}):
        assert earlier.updated(kept) is kept


def test_a_budget_is_spent_by_its_clock():
    now = [10.0]
    budget = Budget(4.0, lambda: now[0])
    for at, share, spent in ((10.0, 0.0, False), (12.0, 0.5, False), (13.9, 0.975, False), (14.0, 1.0, True)):
        now[0] = at
        assert (round(budget.share(), 9), budget.spent) == (share, spent)
    assert Budget.of(budget) is budget and Budget.of(3).seconds == 3.0 and not Budget.of(None).spent
    assert Budget.of(None).share() == 0.0


@pytest.mark.parametrize(
    ("gains", "taken", "words"),
    [
        ([1.0, 1.1, 0.9, 1.0, 1.05, 0.95, 1.0], False, ""),
        (
            [1.0, 1.1, 0.9, 1.0, 1.05, 0.95],
            True,
            "6 held-out rows do not show that training helped: on average step 40",
        ),
        (
            [5.0, -4.0, 5.0, -4.0, 5.0, -4.0, 5.0],
            True,
            "is 1.14 ± 1.8 nats better than the start, and it takes 7 rows or more",
        ),
        ([3.0], True, "1 held-out row does not show that training helped: on average step 40 is 3 nats better"),
    ],
)
def test_a_gain_that_chance_can_make_is_taken_back(gains, taken, words):
    x = onp.array(gains)[:, None]
    flow = SimpleNamespace(log_prob=lambda params, x, context: params * x[:, 0])
    result = SimpleNamespace(best_step=40, params=1.0)
    rows = held_out.Rows(x, None, None, onp.arange(len(x)))
    if not taken:
        assert not verdict.takes_back(flow, 0.0, result, rows) and result.params == 1.0
        return
    with pytest.warns(nf.TrainingWarning) as caught:
        assert verdict.takes_back(flow, 0.0, result, rows)
    assert words in str(caught[0].message) and (result.params, result.best_step) == (0.0, 0)
    assert not verdict.takes_back(flow, 0.0, result, rows)


def test_of_rows_that_rise_alike_the_first_is_named():
    flow = SimpleNamespace(log_prob=lambda params, x, context: -params * x[:, 0])
    x = onp.zeros((40, 1))
    x[[3, 30, 21, 12]] = onp.inf
    rows = held_out.Rows(x, None, None, onp.arange(40))
    result = SimpleNamespace(last_params=1.0, params=0.5)  # inf - inf is NaN, which counts as much as it can
    assert (
        advice._rows_that_rise(flow, result, rows) == "Rows 3, 12, 21, 30 of x carry it; x has inf in row 3, column 0"
    )
