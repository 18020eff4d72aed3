"""Stored ("fixed") leaves are constants to every derivative, and parameters per sample reach base densities too."""

import autograd
import autograd.numpy as np
import numpy as onp
import pytest

import nfscratch as nf
from nfscratch import trees


def flow_and_params():
    flow = nf.flows.real_nvp(2, layers=2, hidden=(4,), activation="tanh")
    x = onp.random.default_rng(0).normal(size=(20, 2)) * 3 + 1
    return flow, flow.init(onp.random.default_rng(0), x), x


def test_no_order_of_derivative_sees_a_stored_leaf():
    flow, params, x = flow_and_params()

    def mean_gradient(t, params=params):
        """A function of the gradient with respect to the stored mean: 0 at first order, so 0 at every order."""
        moved = {**params, "bijection": [*params["bijection"][:-1], params["bijection"][-1]]}
        grads = autograd.grad(lambda p: nf.objectives.nll(flow, p, x * t))(moved)
        return np.sum(grads["bijection"][-1]["fixed"]["mean"])

    value, slope = autograd.value_and_grad(mean_gradient)(1.1)
    assert (value, slope) == (0.0, 0.0)


def test_the_tree_with_constant_fixed_leaves_keeps_structure_and_values():
    tree = {"a": onp.ones(2), "b": [{"fixed": {"m": onp.zeros(1)}}, {"c": onp.full(3, 2.0)}], "d": {}}

    def same(p):
        q = trees.with_constant_fixed(p)
        assert set(q) == {"a", "b", "d"}
        assert type(q["b"][0]["fixed"]["m"]) is onp.ndarray
        return np.sum(q["a"]) + np.sum(q["b"][1]["c"]) + np.sum(q["b"][0]["fixed"]["m"])

    grads = autograd.grad(same)(tree)
    assert grads["a"].tolist() == [1, 1]
    assert grads["b"][0]["fixed"]["m"].tolist() == [0]


def test_a_diagonal_normal_takes_parameters_per_sample():
    rng = onp.random.default_rng(1)
    base = nf.DiagonalNormal(3)
    params = {"log_std": rng.normal(size=(5, 3)), "mean": rng.normal(size=(5, 3))}
    z, g = rng.normal(size=(5, 3)), rng.normal(size=5)
    rows = [base.log_prob({k: v[i] for k, v in params.items()}, z[i : i + 1])[0] for i in range(5)]
    assert base.log_prob(params, z) == pytest.approx(rows, abs=1e-12)
    log_p, pullback = base.log_prob_vjp(params, z)
    assert log_p == pytest.approx(rows, abs=1e-12)
    traced = autograd.grad(lambda p: np.sum(g * base.log_prob(p, z)))(params)
    for key in params:
        assert pullback(g)[0][key] == pytest.approx(traced[key], abs=1e-12)


def test_a_mask_of_the_wrong_length_is_refused_at_use():
    layer = nf.Coupling(nf.Affine(), (True, False))
    params = layer.init(onp.random.default_rng(0))
    with pytest.raises(ValueError, match=r"Coupling takes arrays of shape \(N, 2\), as its mask has; got \(\d+, 3\)"):
        layer.forward(params, onp.zeros((4, 3)))


def test_the_audit_lets_a_stored_triangle_be_the_identity_and_catches_its_cycle():
    layer, rng = nf.Whiten(3), onp.random.default_rng(0)
    onto = nf.Chain([layer, nf.Elementwise(nf.Affine(), 3), nf.Standardize(3)])
    for made in (layer, nf.Inverse(layer), onto):
        assert nf.check.audit(made, show=False, letters="T").ok
    x = rng.normal(size=(60, 3))
    params = layer.init(rng, x + x[:, :1])
    assert nf.check.audit(layer, params, show=False).ok
    params["fixed"]["mixing"][0, 2] = 0.5
    (failure,) = nf.check.audit(layer, params, show=False, letters="T").failures
    assert "x_0 depends on z_2 in a circle" in failure.message
