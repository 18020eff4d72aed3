"""The argument `support` of the recipes, and the layer behind it, which maps all reals onto a box."""

import numpy as onp
import pytest

import nfscratch as nf

INF = onp.inf
RECIPES = ("real_nvp", "nice", "gin", "maf", "iaf", "rq_nsf", "naf", "linear", "planar", "radial", "sylvester")
SUPPORTS = {
    "a box": ((-1.0, 3.0), (-1.0, 3.0)),
    "a half-line": ((0.0, None), (0.0, INF)),
    "a half-line below": ((-INF, 2), (-INF, 2.0)),
    "each its own": (([0, None], [None, 2]), None),
    "arrays": ((onp.array([0.0, 1.0]), onp.array([1.0, 7.0])), None),
}


def rng(seed=0):
    return onp.random.default_rng(seed)


def ends(support):
    """low and high as arrays (2,)."""
    open_ends = (-INF, INF)
    each = [[end] * 2 if end is None or onp.ndim(end) == 0 else end for end in support]
    return [onp.array([o if e is None else e for e in end], float) for o, end in zip(open_ends, each, strict=True)]


def inside(support, n=40, seed=0):
    low, high = ends(support)
    unit = rng(seed).uniform(0.1, 0.9, size=(n, 2))
    low, high = onp.where(onp.isinf(low), onp.minimum(high, 5.0) - 4.0, low), onp.where(onp.isinf(high), low + 4, high)
    low, high = onp.where(onp.isinf(low), high - 4.0, low), onp.where(onp.isinf(high), low + 4, high)
    return low + (high - low) * unit


def wild(params, dtype, scale=1.0):
    draws = rng(7)
    moved = nf.trees.map_leaves(lambda a: a + scale * draws.normal(size=a.shape), params, fixed=lambda a: a)
    return nf.trees.cast(moved, dtype)


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("of", SUPPORTS)
def test_draws_lie_inside_and_the_density_outside_and_on_the_ends_is_0(name, dtype, of):
    support, codomain = SUPPORTS[of]
    flow = getattr(nf.flows, name)(2, support=support, **({} if name == "linear" else {"layers": 2}))
    x = inside(support)
    params = wild(flow.init(rng(), x), dtype, scale=0.3)
    low, high = (end.astype(dtype) for end in ends(support))
    draws = flow.sample(params, rng(1), 500)
    assert draws.dtype == dtype and ((draws > low) & (draws < high)).all()
    assert onp.isfinite(flow.log_prob(params, x)).all()
    finite = [(j, end, step) for end, step in ((low, -1.0), (high, 1.0)) for j in range(2) if onp.isfinite(end[j])]
    outside = onp.repeat(x[:1], 2 * len(finite), axis=0)
    for i, (j, end, step) in enumerate(finite):
        outside[2 * i : 2 * i + 2, j] = end[j], end[j] + step
    assert (flow.log_prob(params, outside) == -INF).all()
    if codomain is not None:
        assert flow.bijection.codomain == codomain


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_draws_lie_inside_even_where_everything_is_rounded_to_an_end(dtype):
    flow = nf.Flow(nf.StandardNormal(4), nf.Chain([nf.Diagonal(4), nf.Bounds([0, 1e6, -INF, 0], [1, INF, -1e6, 1])]))
    params = nf.trees.cast(flow.init(rng()), dtype)
    params["bijection"][0]["log_diagonal"] += 9.0
    x, log_q = flow.sample_and_log_prob(params, rng(1), 2000)
    low, high = (onp.array(end, dtype) for end in ([0, 1e6, -INF, 0], [1, INF, -1e6, 1]))
    assert ((x > low) & (x < high)).all() and onp.isfinite(x).all()
    assert not onp.isnan(log_q).any()
    assert onp.isfinite(flow.log_prob(params, x)).all()


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("h", [nf.Sigmoid(), nf.Sigmoid(-3.0, 1e6), nf.Tanh(), nf.Exp(), nf.Softplus()])
def test_a_fixed_map_ends_strictly_inside_its_range(h, dtype):
    z = onp.array([[-900.0, -80.0, -17.0, 0.0, 17.0, 80.0, 300.0 if dtype == "float64" else 85.0]], dtype)
    x, _ = h.forward(None, z)
    low, high = (onp.dtype(dtype).type(end) for end in h.codomain)
    assert x.dtype == dtype and ((x > low) & (x < high)).all()
    assert onp.isfinite(h.inverse(None, x)[1]).all()


def test_the_density_in_a_box_integrates_to_1():
    flow = nf.flows.rq_nsf(1, support=(2.0, 5.0), layers=2)
    x = rng().beta(2.0, 1.0, size=(200, 1)) * 3 + 2
    params = wild(flow.init(rng(), x), "float64", scale=0.2)
    edges = onp.linspace(2, 5, 20_001)
    middle = 0.5 * (edges[1:] + edges[:-1])[:, None]
    total = onp.exp(flow.log_prob(params, middle)).sum() * (edges[1] - edges[0])
    assert abs(total - 1.0) < 1e-4


@pytest.mark.parametrize("a", [1e-18, 1e18])
@pytest.mark.parametrize("support", [(0.0, None), (0.0, 1.0)])
def test_a_change_of_units_shifts_the_density_and_does_nothing_else(a, support):
    x = rng().beta(2.0, 5.0, size=(300, 1))
    scaled = (0.0, None if support[1] is None else a * support[1])
    one, other = (nf.flows.real_nvp(1, support=s, layers=2) for s in (support, scaled))
    log_p = one.log_prob(one.init(rng(1), x), x)
    onp.testing.assert_allclose(other.log_prob(other.init(rng(1), a * x), a * x), log_p - onp.log(a), atol=1e-9)


def test_standardize_sees_the_unbounded_coordinates():
    x = onp.exp(rng().normal(size=(5000, 1)) * 2.0 + 1.0)
    flow = nf.flows.linear(1, support=(0, None))
    stored = flow.init(rng(), x)["bijection"][1]["fixed"]
    onp.testing.assert_allclose([stored["mean"][0], stored["std"][0]], [onp.log(x).mean(), onp.log(x).std()], rtol=1e-9)
    truth = -0.5 * ((onp.log(x) - 1.0) / 2.0) ** 2 - onp.log(x) - onp.log(2.0) - 0.5 * onp.log(2 * onp.pi)
    assert abs(flow.log_prob(flow.init(rng(), x), x).mean() - truth.mean()) < 1e-2


def test_no_support_and_an_open_one_add_no_layer():
    for support in (None, (None, None), (-INF, INF), ([None, None], INF)):
        assert len(nf.flows.linear(2, support=support).bijection.layers) == 2


def test_gradients_are_0_at_rows_outside():
    flow = nf.flows.real_nvp(2, support=([0, None], [1, 3]), layers=2)
    params = wild(flow.init(rng(), inside(([0, None], [1, 3]))), "float64", 0.3)
    x = onp.array([[0.5, 1.0], [0.0, 1.0], [2.0, 4.0]])
    log_p, pullback = flow.log_prob_vjp(params, x)
    _, g_x, _ = pullback(onp.array([1.0, 0.0, 0.0]))
    assert onp.isfinite(log_p[0]) and (log_p[1:] == -INF).all()
    assert onp.isfinite(g_x).all() and (g_x[1:] == 0).all() and (g_x[0] != 0).all()


BAD = [
    (3, r"support must be a pair \(low, high\); got 3"),
    (([0, [1, 2]], None), r"low of support must be numbers, or None for an open end; got \[1, 2\]"),
    ((onp.array([0, "a"], dtype=object), None), "low of support must be numbers, or None for an open end; got 'a'"),
    ((0, 1, 2), r"support must be a pair \(low, high\); got \(0, 1, 2\)"),
    ((1, 1), "support must have low below high for every variable; got 1.0 and 1.0 for variable 0"),
    (([0, 3], 2), "low below high for every variable; got 3.0 and 2.0 for variable 1"),
    ((INF, None), "low below high for every variable; got inf and inf"),
    (([0, 0, 0], 1), "low of support must be one number, or one for each of 2 variables; got 3"),
    ((0, "1"), "high of support must be numbers, or None for an open end; got '1'"),
    ((onp.nan, 1), "low of support must be numbers, or None for an open end; got nan"),
    ((False, True), "low of support must be numbers, or None for an open end; got False"),
]


@pytest.mark.parametrize(("support", "message"), BAD)
def test_a_bad_support_is_named(support, message):
    with pytest.raises(ValueError, match=message):
        nf.flows.real_nvp(2, support=support)


def test_ends_that_float32_cannot_tell_apart_are_refused_when_they_are_used():
    layer = nf.Bounds([1e9], [1e9 + 1])
    assert onp.isfinite(layer.forward({}, onp.zeros((1, 1)))[0]).all()
    with pytest.raises(ValueError, match="low and high must have numbers of float32 between them; use float64"):
        layer.forward({}, onp.zeros((1, 1), onp.float32))


def test_a_flow_onto_a_box_is_saved_and_loaded(tmp_path):
    flow = nf.flows.maf(2, support=([0, None], [None, 2]), layers=2)
    x = inside(([0, None], [None, 2]))
    params = flow.init(rng(), x)
    nf.save(tmp_path / "a.flow", flow, params)
    again, loaded = nf.load(tmp_path / "a.flow")
    onp.testing.assert_array_equal(again.log_prob(loaded, x), flow.log_prob(params, x))


def test_intervals_are_carried_on_from_a_box():
    same, mixed = nf.Bounds([0, 0], [1, 1]), nf.Bounds([0, 0], [1, 2])
    assert same.codomain == (0.0, 1.0) and mixed.codomain is None
    logit = nf.Elementwise(nf.Inverse(nf.Sigmoid()), 2)
    assert nf.Chain([same, logit]).codomain == (-INF, INF)
    with pytest.raises(ValueError, match="no point is in both"):
        nf.Chain([same, nf.Elementwise(nf.Inverse(nf.Sigmoid(3.0, 4.0)), 2)])
