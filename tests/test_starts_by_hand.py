"""What layers and bases take from rows before the first step, on rows that a hand can follow."""

from math import log

import numpy as onp
import pytest
from comparing import close

import nfscratch as nf
from nfscratch.bijections import traits
from nfscratch.bijections.normalize import remainder, statistics, whiten
from nfscratch.distributions import fitted_tails

CORNERS = onp.array([[1.0, 1.0], [-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0]])
LINE = onp.array([[-1.0, -1.01], [0.0, 0.02], [1.0, 1.0]])
LEANING = onp.concatenate([CORNERS[:2], CORNERS])  # a correlation of 1/3


def normal(*shape, seed=0):
    return onp.random.default_rng(seed).normal(size=shape)


# --- Whiten ---


def test_the_share_of_ledoit_and_wolf():
    assert whiten.ledoit_wolf(CORNERS) == 1.0 and whiten.ledoit_wolf(CORNERS[:2]) == 1e-10
    close(whiten.ledoit_wolf(LEANING), 1.0, 1e-15)  # noise of 8/27 in 2/9
    close(whiten.ledoit_wolf(onp.tile(LEANING, (4, 1))), 1.0 / 3.0, 1e-14)  # 2/27 in 2/9
    close(whiten.shrunk(LEANING, 0.25), [[1.0, 0.25], [0.25, 1.0]], 1e-15)


def test_the_cost_of_a_row_that_was_left_out():
    a = onp.array([0.5, 1.0])
    cost = whiten._held_out_cost(CORNERS, onp.array([[3.0, 4.0]]), a)
    close(cost, [12.0 * log(3.5)] * 2, 1e-14)
    leaning = whiten._held_out_cost(LEANING, onp.array([[1.0, 1.0], [1.0, 1.0]]), a)  # e is 5/6 and 7/6, and 1 and 1
    close(leaning, [24.0 * log(1 + 12 / 70) + 2.0 * log(35 / 36), 24.0 * log(1.2)], 1e-14)


def test_rows_that_agree_are_one_group():
    u = onp.array([[0.0, 1.0], [0.0, 1.0 + 1e-9], [1.0, 0.0], [0.0, 1.0], [2.0, 0.5]])
    assert whiten.groups(u).tolist() == [0, 0, 1, 0, 2] and whiten.groups(u[::-1]).tolist() == [0, 1, 2, 1, 1]


@pytest.mark.parametrize(
    ("x", "kind"),
    [
        (LINE, "full"),  # three different rows for two columns
        (LINE[:2], "diagonal"),
        (LINE[[0, 0, 1, 1]], "diagonal"),
        (LINE[[0, 0, 1, 2]], "full"),
    ],
)
def test_correlations_take_more_different_rows_than_columns(x, kind):
    layer = nf.Whiten(2)
    assert layer.taken(layer.init(None, x)).kind == kind


def test_no_correlations_of_constant_columns_nor_of_very_many(monkeypatch):
    x = normal(50, 3) @ onp.array([[1.0, 0.0, 0.9], [0.0, 1e-3, 0.0], [0.0, 0.0, 0.4]])
    fixed = nf.Whiten(3, floor=2e-3).init(None, x)["fixed"]
    assert fixed["std"][1] == 1.0 and (fixed["mixing"][1] == [0.0, 1.0, 0.0]).all() and fixed["mixing"][2, 0] != 0.0
    assert nf.Whiten(3).init(None, x)["fixed"]["std"][1] < 2e-3
    for largest, kind in ((3, "full"), (2, "diagonal")):
        monkeypatch.setattr(whiten, "LARGEST", largest)
        assert nf.Whiten(3).taken(nf.Whiten(3).init(None, x)).kind == kind
    assert str(whiten.Whitening("diagonal", 1.0)) == "diagonal"
    assert str(whiten.Whitening("full", 0.012345)) == "full (0.012 of the identity)"


@pytest.mark.parametrize("kind", ["moments", "robust"])
def test_the_floor_is_in_units_of_the_data(kind):
    """Above 1, too: divided by it, no column has a standard deviation beyond 1."""
    x = onp.random.default_rng(0).normal(size=(200, 2)) @ [[100.0, 90.0], [0.0, 30.0]]
    plain, floored = (nf.Whiten(2, kind, floor).init(None, x)["fixed"] for floor in (0.0, 30.0))
    assert 0.8 < plain["mixing"][1, 0] == floored["mixing"][1, 0]
    assert (nf.Whiten(2, kind, 300.0).init(None, x)["fixed"]["mixing"] == onp.eye(2)).all()


def test_what_was_taken_is_found_in_a_chain_of_chains():
    layer = nf.Whiten(2)
    params = layer.init(None, normal(9, 2))
    chain = nf.Chain([nf.Reverse(2), nf.Chain([layer, nf.Reverse(2)])])
    assert whiten.taken(chain, [{}, [params, {}]]) == layer.taken(params)
    assert whiten.taken(nf.Reverse(2), {}) is None and whiten.taken(nf.Chain([nf.Reverse(2)]), [{}]) is None


def test_one_column_of_a_plane_is_named_and_a_column_alone_is_not():
    a = normal(40, 2)
    with pytest.warns(whiten.ScaleWarning, match="column 3 is a linear function of other columns"):
        whiten._warn_of_dependence(onp.corrcoef(onp.column_stack([a, a @ [3.0, 1.0]]).T), onp.array([0, 1, 3]))
    whiten._warn_of_dependence(onp.zeros((1, 1)), onp.array([0]))
    whiten._warn_of_dependence(onp.array([[1.0, 1.0 - 1e-9], [1.0 - 1e-9, 1.0]]), onp.array([0, 1]))


# --- FittedTails ---


def test_rows_count_once_with_their_shares():
    z, p = fitted_tails.distinct(onp.array([[1.0, 2.0], [0.0, 0.0], [1.0, 2.0], [1.0, 2.0]]))
    assert z.tolist() == [[1.0, 2.0], [0.0, 0.0]] and p.tolist() == [[0.75], [0.25]]


def test_the_leverage_of_rows_by_all_columns_or_by_each():
    z, p = normal(12, 2) @ onp.array([[1.0, 0.9], [0.0, 0.4]]), onp.full((12, 1), 1 / 12)
    squares = onp.diagonal(z @ onp.linalg.inv(z.T @ z / 12) @ z.T)[:, None]
    close(fitted_tails._leverage(z, p, 6.01), onp.minimum((1.0 + squares) / 12, 1 - 1 / 6.01), 1e-13)
    apart = z * z / onp.square(z).mean(axis=0)
    close(fitted_tails._leverage(z, p, 6.0), onp.minimum((1.0 + apart) / 12, 5 / 6), 1e-13)
    assert fitted_tails._leverage(z * [1.0, 0.0], p, 6.0)[:, 1].tolist() == [1 / 12] * 12
    assert fitted_tails._leverage(onp.array([[9.0], [0.0]]), onp.full((2, 1), 0.5), 2.0)[0, 0] == 0.5


def test_a_direction_is_heavy_where_t_is_likelier_by_a_parameter_and_the_number_of_directions(monkeypatch):
    z, K = normal(200, 3), len(fitted_tails.GRID)
    for gain, heavy in ((0.99, False), (1.01, True)):
        threshold = gain * (1.0 + log(3)) / 200
        gains = onp.full((K, 3), -1.0)
        gains[4, 0] = gains[2, 1] = gains[19, 2] = threshold
        scales = onp.arange(3.0 * K).reshape(K, 3)
        monkeypatch.setattr(fitted_tails, "fitted_scales", lambda u, p, g=gains, s=scales: (g, s))
        nu, s = fitted_tails.heavy_tails(z)
        if not heavy:
            assert not nu.any() and not s.any()
            continue
        assert (nu == fitted_tails.GRID[[4, 2, 19]]).all()
        close(s / [12.0, 7.0, 59.0], onp.sqrt(onp.square(z).mean(axis=0)), 0.05)
    assert fitted_tails.heavy_tails(onp.array([[onp.inf], [1.0], [2.0]]))[0].tolist() == [0.0]
    base = nf.FittedTails(1)
    for n, calls in ((2, 0), (3, 1)):
        seen = []
        monkeypatch.setattr(fitted_tails, "heavy_tails", lambda z, seen=seen: seen.append(z) or (onp.zeros(1),) * 2)
        base.init(None, normal(n, 1))
        assert len(seen) == calls
    base.init(None, normal(4001, 1))
    assert len(seen[-1]) == 2001 and base.init(None)["fixed"]["heavy"].tolist() == [0.0]


# --- Remainder ---


def test_what_others_leave_of_a_column_is_that_of_least_squares():
    a = normal(9, 2)
    u = onp.column_stack([a[:, 0], 3.0 + 2.0 * a[:, 0] + 1e-3 * a[:, 1]])
    W, s = remainder.predictions(u, 9)
    left = u[:, 1] - onp.polyval(onp.polyfit(u[:, 0], u[:, 1], 1), u[:, 0])
    close(W, [[0.0, 0.0], [onp.polyfit(u[:, 0], u[:, 1], 1)[0], 0.0]], 1e-12)
    close(s, [1.0, onp.sqrt(left @ left / 7)], 1e-10)
    close(remainder.predictions(onp.tile(u, (2, 1)), 9)[1], s, 1e-10)  # of 9 different rows, N - 1 - K
    for n, stays in ((4, True), (5, False)):
        assert (nf.Remainder(2).init(None, u[:n])["fixed"]["std"][1] == 1.0) == stays
    both = onp.column_stack([u, onp.resize([3.0, -1.0, 0.5, 2.0], 9)])
    assert remainder.predictions(both, 9)[1][2] == 1.0


def test_parts_of_a_column_by_orthonormal_rows():
    Q = onp.array([[0.6, 0.8, 0.0], [-0.8, 0.6, 0.0]])
    parts, left = remainder._split(Q, onp.array([1.0, 2.0, 5.0]))
    close(parts, [2.2, 0.4], 1e-15)
    close(left, [0.0, 0.0, 5.0], 1e-15)


@pytest.mark.parametrize(("floor", "taken"), [(0.4, 0.5), (0.5, 1.0)])
def test_a_standard_deviation_of_the_floor_counts_as_none(floor, taken):
    signs = onp.resize([-0.5, 0.5], 20)
    x = onp.column_stack([signs, 9.0 * signs + normal(20, 1)[:, 0]])
    fixed = nf.Whiten(2, floor=floor).init(None, x)["fixed"]
    assert fixed["std"][0] == taken and fixed["std"][1] > 2.0
    assert (fixed["mixing"][1, 0] == 0.0) == (taken == 1.0)


def test_parts_are_taken_twice_so_that_rows_need_not_be_orthonormal_to_the_last_digit():
    parts, left = remainder._split(onp.array([[1.25, 0.0]]), onp.array([16.0, 3.0]))
    close(parts, [20.0 - 11.25], 1e-15)  # 20 of them first, which leaves 16 - 25 = -9, and 1.25 times that
    close(left, [-9.0 + 11.25 * 1.25, 3.0], 1e-15)


def test_columns_are_predicted_up_to_so_many(monkeypatch):
    u = onp.column_stack([normal(9, 1)[:, 0]] * 2)
    for largest, looked_at in ((2, True), (1, False)):
        monkeypatch.setattr(remainder, "LARGEST", largest)
        assert (nf.Remainder(2).init(None, u)["fixed"]["std"][1] < 1.0) == looked_at


# --- what is known of a product ---


def test_the_zeros_of_products():
    triangle, block = nf.Triangular(2), nf.Coupling(nf.Affine(), (True, False))
    known = lambda *layers: traits._product_structure(layers, {each.jacobian_structure for each in layers})  # noqa: E731
    assert known(triangle, triangle) == "triangular" and known(block, block) == block.jacobian_structure
    assert known(triangle, nf.Triangular(2)) == "dense" and known(triangle) == "triangular"
    assert known(nf.Diagonal(2), nf.Diagonal(2)) == "diagonal" and known(nf.Reverse(2), nf.Reverse(2)) == "permutation"
    assert known(nf.Diagonal(2), nf.Reverse(2)) == "dense"
    for words, structures in (
        ("diagonal", {"identity", "diagonal"}),
        ("identity", {"identity"}),
        ("diagonal", {"diagonal"}),
    ):
        assert traits._structure_beside(structures) == traits._product_structure([1, 2], structures) == words
    assert traits._structure_beside({"diagonal", "permutation"}) == traits._structure_beside({"triangular"}) == "dense"
    assert traits.dearest(["one pass", "iterative", "sequential"]) == "iterative"
    assert traits.shared([(0.0, 1.0), (0.0, 1.0)]) == (0.0, 1.0) and traits.shared([(0.0, 1.0), (0.0, 2.0)]) is None


# --- what is said of columns ---


def test_warnings_of_columns_word_by_word():
    x = onp.linspace(-1.0, 1.0, 101)[:, None] * [1.0, 1.0, 2.0]
    x[40, 1], x[7, 2] = 1e6, -3e6
    std = x.std(axis=0)
    for numbers, row in ((None, 7), (onp.arange(100, 201), 107)):
        with pytest.warns(whiten.ScaleWarning) as caught:
            statistics.warn_of_far_rows("Mine", "column", x, std, " of x", numbers)
        assert str(caught[0].message) == (
            f"Mine: a few rows decide the scale of column 2 (2 columns are like this): row {row} of x has -3e+06, "
            "while 68 % of the rows lie within 1.37 of 0. If it is a mistake or a code for a missing value, leave the "
            'row out; if it is data, use standardize="robust", and base=nf.StudentT(dim) for heavy tails'
        )
    with pytest.warns(whiten.ScaleWarning, match=r"the scale of column 1: row 40 of those given has 1e\+06, while"):
        statistics.warn_of_far_rows("Mine", "column", x[:, :2], std[:2])
    with pytest.warns(whiten.ScaleWarning) as caught:
        statistics._warn_of_constant("Mine", "channel", onp.arange(6))
    assert str(caught[0].message) == (
        "Mine: channels 0, 1, 2, 3, 4, ... (6 channels) are constant; scale 1 is used. Leave them out of a density"
    )
    with pytest.warns(whiten.ScaleWarning, match="Mine: column 3 is constant; scale 1 is used. Leave it out"):
        statistics._warn_of_constant("Mine", "column", onp.array([3]))
