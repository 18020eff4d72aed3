"""A log-scale so far out that its exponential is infinite: values and draws are numbers, and no NaN comes of it."""

import autograd
import autograd.numpy as np
import numpy as onp
import pytest

import nfscratch as nf
from nfscratch import trees
from nfscratch.flows.drawn import refusing_nan
from nfscratch.models.likelihoods import NormalLikelihood
from nfscratch.ops.affine import affine_inverse_vjp, bounded, bounded_vjp

FAR = {"float64": 720.0, "float32": 100.0}


def rng(seed=0):
    return onp.random.default_rng(seed)


@pytest.mark.parametrize("dtype", FAR)
def test_at_its_own_mean_a_density_is_a_number_and_beside_it_0(dtype):
    """At the mean u = (x - m) exp(-s) is 0, though exp(-s) is infinite: log p = -s - log(2 pi) / 2."""
    s, x = onp.array([-FAR[dtype]], dtype), onp.array([[0.5], [1.0]], dtype)
    expected = [FAR[dtype] - 0.5 * onp.log(2 * onp.pi), -onp.inf]
    base, params = nf.DiagonalNormal(1), {"log_std": s, "mean": onp.array([0.5], dtype)}
    flow = nf.Flow(base, nf.Permutation((0,)))
    tree = {"base": params, "bijection": {}, "embed": {}}
    layer = nf.ActNorm(1)
    with onp.errstate(over="ignore"):
        for log_p in (base.log_prob(params, x), base.log_prob_vjp(params, x)[0], flow.log_prob(tree, x)):
            assert log_p == pytest.approx(expected, rel=1e-6)
        grads = autograd.grad(lambda p: np.sum(flow.log_prob(p, x)))(tree)["base"]
        assert grads["log_std"] == pytest.approx([-1.0]) and grads["mean"] == pytest.approx([0.0])
        decoded = NormalLikelihood().log_prob_vjp({"log_scale": s}, onp.full_like(x, 0.5), x)[0]
        assert decoded == pytest.approx(expected, rel=1e-6)
        z, log_det, back = layer.inverse_vjp({"log_scale": s, "shift": params["mean"]}, x)
        assert z[0] == 0.0 == layer.inverse({"log_scale": s, "shift": params["mean"]}, x)[0][0]
        assert onp.isfinite(back(onp.ones_like(z), onp.ones_like(log_det))[1][0])
        assert layer.forward_vjp({"log_scale": -s, "shift": params["mean"]}, 0 * x)[0] == pytest.approx(0.5)


@pytest.mark.parametrize("dtype", FAR)
def test_draws_of_a_scale_without_end_are_numbers(dtype):
    s = onp.array([FAR[dtype], 0.0], dtype)
    base, params = nf.DiagonalNormal(2), {"log_std": s, "mean": onp.array([0.5, 0.5], dtype)}
    z = base.sample(params, rng(), 5)
    again, _, back = base.sample_and_log_prob_vjp(params, rng(), 5)
    assert onp.isfinite(z).all() and onp.array_equal(z, again)
    plain = autograd.grad(lambda p: np.sum(base.sample(p, rng(), 5)))(params)
    mine = back(onp.ones_like(z), onp.zeros_like(z, shape=5))
    assert plain["log_std"] == pytest.approx(mine["log_std"], rel=1e-5) and mine["log_std"][0] == 0.0
    mixture = {"log_std": s[None], "logits": onp.zeros(1, dtype), "mean": onp.zeros((1, 2), dtype)}
    assert onp.isfinite(nf.GaussianMixture(2, 1).sample(mixture, rng(), 5)).all()
    assert onp.isfinite(NormalLikelihood().sample({"log_scale": s[:1]}, rng(), z)[:, 1]).all()


@pytest.mark.parametrize("dtype", FAR)
def test_a_bound_that_no_exponential_bears_is_none(dtype):
    """|s| <= 1000 lets exp(-s) overflow: s is held, with a derivative of 0, where that comes."""
    a = onp.array([-1e4, 1.0, 1e4], dtype)
    s, back = bounded_vjp(a, 1000.0)
    assert onp.isfinite(onp.exp(s)).all() and onp.isfinite(onp.exp(-s)).all()
    assert onp.array_equal(s, bounded(a, 1000.0)) and s.dtype == a.dtype
    assert back(onp.ones_like(a)) == pytest.approx([0.0, 1.0, 0.0], rel=1e-5) and back(a).dtype == a.dtype
    assert onp.isfinite(affine_inverse_vjp(s, a, a)[0]).all()


@pytest.mark.parametrize("dtype", FAR)
def test_a_draw_that_a_layer_makes_nan_of_is_refused_by_number_and_layer(dtype):
    """An autoregressive layer makes infinity of z = 9e307, and the next one NaN of it."""
    flow = nf.flows.iaf(2, layers=2, hidden=(4,), base=nf.DiagonalNormal(2))
    draws = rng(1)
    moved = trees.map_leaves(lambda a: a + draws.normal(size=a.shape), flow.init(rng()), fixed=lambda a: a)
    params = trees.cast(moved, dtype)
    with onp.errstate(over="ignore", invalid="ignore"):
        ordinary = flow.sample(params, rng(), 5)
        params["base"]["log_std"] = onp.full(2, FAR[dtype], dtype)
        for draw in (flow.sample, flow.sample_and_log_prob):
            with pytest.raises(ValueError, match=r"draw 2 is NaN: the base .* draws .*, and layer 4 of 5 .Remainder."):
                draw(params, rng(), 5)
        spoilt = {**params, "base": {**params["base"], "mean": onp.full(2, onp.nan, dtype)}}
        assert onp.isnan(flow.sample(spoilt, rng(), 5)).all() and onp.isfinite(ordinary).all()
    of_chunk = refusing_nan(flow, params, lambda z, h: (z,))
    of_chunk(onp.zeros((4, 2), dtype), None)
    with pytest.raises(ValueError, match="draw 5 is NaN"):
        of_chunk(onp.array([[0.0, 0.0], [0.0, onp.nan]], dtype), None)
