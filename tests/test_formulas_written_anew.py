"""A class that writes a formula anew inherits no kernel of the old one, in every contract: kernels compute the old."""

import autograd.numpy as np
import numpy as onp
import pytest
from comparing import close

import nfscratch as nf

Z = onp.random.default_rng(0).normal(size=(4, 2))
G = onp.ones(4)


class Twice(nf.DiagonalNormal):
    """Another density, with the parameters of the normal one."""

    def log_prob(self, params, z, context=None):
        return 2.0 * super().log_prob(params, z)


class Moved(nf.DiagonalNormal):
    """Draws that lie elsewhere."""

    def sample(self, params, rng, n, like=None, context=None):
        return 5.0 + super().sample(params, rng, n, like)


class Steeper(nf.Affine):
    """x = 3 exp(s) z + t."""

    def forward(self, theta, z):
        x, log_d = super().forward(theta, 3.0 * z)
        return x, log_d + np.log(3.0)

    def inverse(self, theta, x):
        z, log_d = super().inverse(theta, x)
        return z / 3.0, log_d - np.log(3.0)


class Stretched(nf.Planar):
    def forward(self, params, z, context=None, rng=None):
        x, log_det = super().forward(params, z)
        return 2.0 * x, log_det + 2.0 * np.log(2.0)


class Louder(nf.MLP):
    def apply(self, params, x, context=None):
        return 2.0 * super().apply(params, x, context)

    def init(self, rng, n_in, n_out, context_dim=0):
        return [{"W": 7.0 + layer["W"], "b": layer["b"]} for layer in super().init(rng, n_in, n_out, context_dim)]


class Faster(nf.Field):
    def apply(self, params, z, t, context=None):
        return 2.0 * super().apply(params, z, t, context)


def test_a_density_written_anew():
    base, params = Twice(2), Twice(2).init(onp.random.default_rng(0))
    log_p = 2.0 * nf.DiagonalNormal(2).log_prob(params, Z)
    close(base.log_prob_vjp(params, Z)[0], log_p, 1e-13)
    close(base.log_prob_value(params, Z), log_p, 1e-13)
    close(base.log_prob_vjp(params, Z)[1](G)[1], -2.0 * Z, 1e-13)
    z, log_q, _ = base.sample_and_log_prob_vjp(params, onp.random.default_rng(1), 4)
    close(log_q, 2.0 * nf.DiagonalNormal(2).log_prob(params, z), 1e-13)


def test_draws_written_anew():
    base, params = Moved(2), Moved(2).init(onp.random.default_rng(0))
    usual = nf.DiagonalNormal(2).sample(params, onp.random.default_rng(1), 4)
    z, log_q, _ = base.sample_and_log_prob_vjp(params, onp.random.default_rng(1), 4)
    close(z, usual + 5.0, 1e-13)
    close(log_q, base.log_prob(params, z), 1e-13)
    assert not base.draws_row_by_row(params) and nf.DiagonalNormal(2).draws_row_by_row(params)
    flow = nf.Flow(base, nf.Reverse(2))
    drawn, log_p = flow.sample_and_log_prob(flow.init(0), 1, 4)
    close(log_p, flow.log_prob(flow.init(0), drawn), 1e-12)


@pytest.mark.parametrize("way", ["forward", "inverse"])
def test_a_transformer_written_anew(way):
    h, theta = Steeper(), onp.random.default_rng(2).normal(size=(2, 2))
    y, log_d = getattr(h, way)(theta, Z)
    for other in (getattr(h, f"{way}_vjp"), getattr(h, f"{way}_value")):
        close(other(theta, Z)[0], y, 1e-13)
        close(other(theta, Z)[1], log_d, 1e-13)


def test_a_layer_written_anew():
    layer = Stretched(2)
    params = layer.init(onp.random.default_rng(0))
    x, log_det = layer.forward(params, Z)
    for other in (layer.forward_vjp, layer.forward_value):
        close(other(params, Z)[0], x, 1e-13)
        close(other(params, Z)[1], log_det, 1e-13)
    close(layer.jacobian(params, Z), 2.0 * nf.Planar(2).jacobian(params, Z), 1e-12)
    assert layer.stack_vjp is None and layer.stack_value is None


def test_networks_and_velocities_written_anew():
    network, field = Louder((3,)), Faster(nf.MLP((3,), "tanh"), 1)
    params = network.init(onp.random.default_rng(0), 2, 2)
    assert all((layer["W"] > 3.0).all() for layer in params)
    out = network.apply(params, Z)
    close(network.apply_vjp(params, Z)[0], out, 1e-13)
    close(network.apply_value(params, Z), out, 1e-13)
    close(network.jacobian(params, Z), 2.0 * nf.MLP((3,)).jacobian(params, Z), 1e-12)
    assert (network.init_features(onp.random.default_rng(0), 2, 2)[0]["W"] > 3.0).all()
    params, v = field.init(onp.random.default_rng(0), 2), onp.ones((1, 4, 2))
    params = nf.trees.map_leaves(lambda leaf: leaf + 0.5, params)
    f = field.apply(params, Z, 0.3)
    usual = nf.Field(nf.MLP((3,), "tanh"), 1)
    close(field.apply_vjp(params, Z, 0.3)[0], f, 1e-13)
    close(field.jvp(params, Z, 0.3, v)[0], f, 1e-13)
    close(field.jvp(params, Z, 0.3, v)[1], 2.0 * usual.jvp(params, Z, 0.3, v)[1], 1e-12)
    close(field.jvp_vjp(params, Z, 0.3, v)[1], 2.0 * usual.jvp(params, Z, 0.3, v)[1], 1e-12)
