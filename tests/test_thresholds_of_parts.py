"""Rules of layers, bases and recipes at the thresholds that their docstrings state: from there on, and not before."""

import warnings

import numpy as onp
import pytest

import nfscratch as nf
from nfscratch.bijections.normalize import remainder, statistics, whiten
from nfscratch.distributions import fitted_tails
from nfscratch.flows import boundary, far_rows, parameters, parts, pixels
from nfscratch.flows.on_the_way import size_of_rows
from nfscratch.ops.moments import moments, robust_moments


def rng(seed=0):
    return onp.random.default_rng(seed)


def normal(*shape, seed=0):
    return rng(seed).normal(size=shape)


def said(call):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    return [str(warning.message) for warning in caught]


# --- statistics of columns ---


@pytest.mark.parametrize(("eps", "constant"), [(4, True), (5, False)])
def test_a_spread_of_four_roundings_is_none(eps, constant):
    x = onp.ones((50, 1))
    x[3] += eps * 2.0**-52
    found = []
    words = said(lambda: found.append(statistics.centre_and_scale(x, "Mine")))
    assert (found[0][1][0] == 1.0) == constant == any("constant" in each for each in words)


def test_five_constant_columns_are_named_and_more_are_counted():
    for count, names in ((1, "column 0 is"), (5, "columns 0, 1, 2, 3, 4 are"), (6, "2, 3, 4, ... (6 columns) are")):
        (words,) = said(lambda count=count: nf.Standardize(count).init(rng(), onp.ones((9, count))))
        assert names in words
    with pytest.raises(ValueError, match="Standardize needs at least 2 rows to start from data; got 1"):
        nf.Standardize(2).init(rng(), onp.ones((1, 2)))


@pytest.mark.parametrize(("far", "told"), [(9.9, False), (10.1, True)])
def test_a_standard_deviation_ten_times_the_robust_scale_is_made_by_a_few_rows(far, told):
    x = onp.linspace(-1.0, 1.0, 1001)[:, None]
    width = robust_moments(x, moments(x)[1])[1]
    words = said(lambda: statistics.warn_of_far_rows("Mine", "column", x, far * width))
    assert bool(words) == told


def test_moments_of_any_size_are_those_of_numpy():
    x = normal(40, 2) + [1.0, -3.0]
    for unit in (1.0, 1e200, 1e-200):
        mean, std = moments(x * unit)
        onp.testing.assert_allclose(mean / unit, x.mean(axis=0), rtol=1e-13)
        onp.testing.assert_allclose(std / unit, x.std(axis=0), rtol=1e-13)
    middle, scale = robust_moments(x, onp.ones(2))
    low, high = onp.quantile(x, (0.158655, 0.841345), axis=0)
    onp.testing.assert_allclose((middle, scale), (onp.median(x, axis=0), (high - low) / 2.0), rtol=1e-13)
    half = onp.where(onp.arange(100)[:, None] < 90, 0.0, onp.linspace(-1.0, 1.0, 100)[:, None])  # equal in the middle
    low, high = onp.quantile(half, (0.02275, 0.97725), axis=0)
    onp.testing.assert_allclose(robust_moments(half, onp.ones(1))[1], (high - low) / 4.0, rtol=1e-13)
    assert robust_moments(onp.zeros((9, 1)), onp.array([7.0]))[1] == 7.0


# --- whitening and what it leaves ---


def test_correlations_take_more_rows_than_columns_and_at_most_256_of_these():
    x = normal(40, 3) @ (onp.eye(3) + 0.5)
    for n, full in ((3, False), (4, True)):
        layer = nf.Whiten(3)
        assert (layer.taken(layer.init(rng(), x[:n])).kind == "full") == full
    repeated = onp.repeat(x[:3], 5, axis=0)  # fifteen rows, three of them different
    assert nf.Whiten(3).taken(nf.Whiten(3).init(rng(), repeated)).kind == "diagonal"
    for dim, whitens in ((1, False), (2, True), (256, True), (257, False)):
        layers = nf.flows.nice(dim, layers=1, hidden=(2,)).bijection.layers
        assert isinstance(layers[0], nf.Whiten) == whitens == any(isinstance(layer, nf.Remainder) for layer in layers)
    wide = nf.Whiten(257)
    assert wide.taken(wide.init(rng(), normal(300, 257))).kind == "diagonal"


def test_ledoit_and_wolfs_share_is_theirs():
    u = normal(30, 4) @ (onp.eye(4) + 0.3)
    u = (u - u.mean(axis=0)) / u.std(axis=0)
    C = u.T @ u / 30
    noise = sum(onp.square(onp.outer(row, row) - C).sum() for row in u) / 30**2
    onp.testing.assert_allclose(whiten.ledoit_wolf(u), noise / onp.square(C - onp.eye(4)).sum(), rtol=1e-10)
    assert whiten.ledoit_wolf(onp.array([[1.0, 1.0], [-1.0, 1.0], [1.0, -1.0], [-1.0, -1.0]])) == 1.0
    assert str(whiten.Whitening("full", 0.25)) == "full (0.25 of the identity)"
    assert str(whiten.Whitening("diagonal", 1.0)) == "diagonal"


@pytest.mark.parametrize(("left", "given"), [(0.99e-2, True), (1.01e-2, False)])
def test_a_ten_thousandth_of_the_variance_makes_a_remainder(left, given):
    a, b = normal(2, 4000)
    b -= a * (a @ b) / (a @ a)
    b *= onp.sqrt((a @ a) / (b @ b))
    x = onp.stack([a, a + left * b], axis=1)
    W, s = remainder.predictions(x, len(x))
    assert bool(W[1, 0]) == given
    if given:
        onp.testing.assert_allclose([W[1, 0], s[1]], [1.0, left * onp.sqrt(b @ b / 4000)], rtol=2e-3)
    fresh = [nf.Remainder(2).init(rng(), x[:n])["fixed"]["weights"][1, 0] for n in (4, 5)]
    assert fresh[0] == 0.0  # at most 2 D rows


# --- heavy tails ---


def test_the_leverage_of_all_columns_together_takes_enough_rows():
    for n, width in ((6, 2), (7, 1)):  # more than 2 (D + 1)
        z = normal(n, 2)
        found = fitted_tails._leverage(z, onp.full((n, 1), 1.0 / n), float(n))
        assert found.shape == (n, width)
        hat = z @ onp.linalg.inv(z.T @ z) @ z.T if width == 1 else None
        expected = (1.0 / n + onp.diag(hat))[:, None] if width == 1 else 1.0 / n + z * z / (z * z).sum(axis=0)
        onp.testing.assert_allclose(found, onp.minimum(expected, 1.0 - 1.0 / n), rtol=1e-12)


def test_a_base_looks_for_tails_from_three_rows_on_and_normal_rows_have_none():
    base = nf.FittedTails(2)
    heavy = rng(1).standard_t(1.5, size=(500, 2))
    for n, seen in ((2, False), (500, True)):
        params = base.init(rng(), heavy[:n])
        assert bool(params["fixed"]["heavy"].any()) == seen
    assert 1.0 <= base.degrees_of_freedom(params).min() < 3.0 and (base.scale(params) > 0.0).all()
    light = base.init(rng(), normal(500, 2))
    assert onp.isinf(base.degrees_of_freedom(light)).all() and (base.scale(light) == 1.0).all()
    rows, shares = fitted_tails.distinct(onp.repeat(normal(4, 2), [1, 2, 1, 4], axis=0))
    assert len(rows) == 4 and sorted(shares.ravel()) == [0.125, 0.125, 0.25, 0.5]


# --- flows ---


def test_recipes_change_their_layers_with_the_dimension():
    assert nf.flows.residual(64, layers=1).bijection.layers[2].bijection.log_det == "exact"
    assert nf.flows.residual(65, layers=1).bijection.layers[2].bijection.log_det == "roulette"
    ranks = {dim: nf.flows.sylvester(dim).bijection.layer.rank for dim in (3, 16, 17)}
    assert ranks == {3: 3, 16: 16, 17: 16}
    kinds = {dim: nf.flows.inference(dim, layers=1).bijection.layers for dim in (1, 2, 256, 257)}
    assert [type(kinds[dim][-2]).__name__ for dim in kinds] == ["Triangular"] * 3 + ["Diagonal"]
    assert isinstance(kinds[1][0], nf.bijections.Elementwise) and isinstance(kinds[2][0], nf.Coupling)
    mixed = {
        dim: [type(layer).__name__ for layer in nf.flows.coupling_layers(dim, nf.Affine(), nf.MLP(), 5)]
        for dim in (2, 3)
    }
    assert mixed[2] == ["Coupling"] * 5
    assert mixed[3] == ["Coupling", "Coupling", "Permutation", "Coupling", "Coupling", "Permutation", "Coupling"]


def test_images_that_use_less_than_a_quarter_of_the_values_are_told():
    for top, told in ((63, True), (64, False)):
        words = said(lambda top=top: pixels.warn_of_unused_values("x", onp.array([0, top]), 256))
        assert bool(words) == told and (not told or "no value above 63, of 0 to 255: " in words[0])
    assert "pass values=2;" in said(lambda: pixels.warn_of_unused_values("x", onp.array([0]), 256))[0]
    assert said(lambda: pixels.warn_of_unused_values("x", onp.zeros(0), 256)) == []


def test_pixels_that_are_none_are_refused_with_the_remedy():
    like, shape = onp.zeros(1), (1, 2, 2)
    for x, words in (
        (onp.full((3, *shape), 0.5), r"got fractions from 0 to 1: pass numpy.round\(255 \* x\)"),
        (onp.full((3, *shape), -0.5), r"from -1 to 1: pass numpy.round\(255 \* \(x \+ 1\) / 2\)"),
        (onp.full((3, *shape), 3.5), "got 3.5 in row 0: the noise between two values is added here"),
        (onp.full((3, *shape), 256), "0 to 255; got 256 in row 0"),
        (onp.full((3, *shape), -1), "0 to 255; got -1 in row 0"),
        (onp.zeros((3, 4)), r"pass x.reshape\(-1, 1, 2, 2\)"),
        (onp.zeros(shape), r"for one image pass x\[None\]"),
    ):
        with pytest.raises(ValueError, match=words):
            pixels.checked_pixels("x", x, shape, 256, like)
    for good in (0, 255):
        assert pixels.checked_pixels("x", onp.full((3, *shape), good), shape, 256, like).max() == good


def test_a_row_is_far_out_beyond_the_fourth_root_of_the_largest_number():
    sizes = lambda x, context: size_of_rows(x)  # noqa: E731
    for dtype, root in (("float64", 1.1579208923731618e77), ("float32", 4.2949671e9)):
        x = onp.array([[0.0, 0.99 * root], [1.01 * root, 0.0], [0.0, 0.0]], dtype)
        assert far_rows._are_far(x, None, sizes).tolist() == [False, True, False]
        lost = lambda z, context: onp.where((onp.abs(z) > 10.0).any(axis=1), onp.nan, 0.5).astype(z.dtype)  # noqa: E731
        found = far_rows.far_rows_have_density_0(lost, {}, x, None, sizes)
        assert onp.isnan(found[0]) and found[1] == -onp.inf and found[2] == 0.5


def test_a_flow_remembers_thirty_two_trees_and_names_what_it_finds():
    flow = nf.Flow(nf.StandardNormal(2), nf.Planar(2))
    params = flow.init(0)
    for n in range(2, 40):
        flow.log_prob(
            {**params, "bijection": nf.trees.map_leaves(lambda p, n=n: onp.repeat(p[None], n, 0), params["bijection"])},
            onp.zeros((n, 2)),
        )
    assert len(flow.known_params) == parameters.KNOWN == 32
    names = {f"parameter {k}": 0 for k in range(9)}
    assert parameters.found(names).endswith(" ...") and len(parameters.found(names)) == 80
    assert parameters.found([1, 2]) == "2 entries" and parameters.found(onp.ones((2, 3))) == "shape (2, 3)"
    assert parameters.found(3) == "a int" and parameters.found({"b": 1, "a": 2}) == "['a', 'b']"


def test_layers_are_named_by_their_places_from_the_data_on():
    inner = nf.Chain([nf.ActNorm(2), nf.Inverse(nf.Planar(2))])
    chain = nf.Chain([nf.Reverse(2), inner])
    names = [name for name, _, _ in parts.layers_from_data(chain, chain.init(rng()))]
    inner = "layer 2 of 2 in layer 2 of 2 (Inverse of Planar)", "layer 1 of 2 in layer 2 of 2 (ActNorm)"
    assert names == [*inner, "layer 1 of 2 (Permutation)"]
    flow = nf.Flow(nf.StandardNormal(2), chain)
    assert parts.base_name(flow) == "the base (StandardNormal)" and not parts.has_own_part(flow)


def test_a_value_that_depends_on_the_other_rows_by_a_millionth_is_found():
    values = onp.array([1.0, 2.0])
    for off, found in ((0.5e-6, False), (6e-6, True)):
        check = lambda off=off: boundary._check_alone("p", "log_prob", "log_prob", values, values[:1] + off, 0)  # noqa: E731
        if found:
            with pytest.raises(ValueError, match="must not depend on the other rows; row 0 alone gives"):
                check()
        else:
            check()
