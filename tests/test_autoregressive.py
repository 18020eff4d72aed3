"""Autoregressive flows: the formulas of the papers and of lecture notes, sampling in one pass, planted mistakes."""

from itertools import pairwise

import autograd
import autograd.numpy as np
import numpy as onp
import pytest
from cases.case import context_for, wild_params
from comparing import close, close_trees
from share import few

import nfscratch as nf
from nfscratch import trees
from nfscratch.bijections.contract import Bijection
from nfscratch.check import finite_difference_jacobian, log_det_is_jacobian
from nfscratch.flows import autoregressive_layers
from nfscratch.ops.masked import Staircase

HALF_LOG_2PI = 0.5 * onp.log(2 * onp.pi)


def rng(seed=0):
    return onp.random.default_rng(seed)


def example(bijection, n=6, scale=1.0, seed=0):
    r = rng(seed)
    params = wild_params(bijection, r, scale)
    return params, r.normal(size=(n, *bijection.in_shape)), context_for(bijection, r, n)


def refused(error, message, call, *args, **kwargs):
    with pytest.raises(error, match=message) as caught:
        call(*args, **kwargs)
    assert "\n" not in str(caught.value)


# --- the formulas ---


def mu_and_sigma(layer, params, x):
    """As the formulas write them: t and exp(c tanh(a / c)) of every variable."""
    theta = layer.conditioner.apply(params, x).reshape((len(x), layer.dim, 2))
    c = layer.transformer.max_log_scale
    return theta[..., 1], onp.exp(c * onp.tanh(theta[..., 0] / c))


def log_normal(z):
    return (-0.5 * z**2 - HALF_LOG_2PI).sum(axis=1)


def test_a_two_step_flow_is_the_one_of_the_lecture_notes():
    first, second = (nf.Autoregressive(nf.Affine(), 4, nf.MADE((12,), "tanh")) for _ in range(2))
    flow = nf.Flow(nf.StandardNormal(4), nf.Chain([first, second]))
    p1, p2 = example(first, seed=1)[0], example(second, seed=2)[0]
    x = rng(3).normal(size=(9, 4))
    mu2, sigma2 = mu_and_sigma(second, p2, x)
    eps1 = (x - mu2) / sigma2
    mu1, sigma1 = mu_and_sigma(first, p1, eps1)
    eps0 = (eps1 - mu1) / sigma1
    log_p = log_normal(eps0) - onp.log(sigma1).sum(axis=1) - onp.log(sigma2).sum(axis=1)
    close(flow.log_prob({"base": {}, "bijection": [p1, p2], "embed": {}}, x), log_p, 1e-12)


def test_iaf_as_mu_plus_sigma_eps_has_minus_the_sum_of_log_sigma():
    inner = nf.Autoregressive(nf.Inverse(nf.Affine()), 4, nf.MADE((12,), "tanh"))
    params, eps, _ = example(inner)
    theta = inner.conditioner.apply(params, eps).reshape((len(eps), 4, 2))
    sigma = onp.exp(3 * onp.tanh(theta[..., 0] / 3))
    z, log_det = nf.Inverse(inner).forward(params, eps)
    close(z, theta[..., 1] + sigma * eps, 1e-13)
    close(log_det, onp.log(sigma).sum(axis=1), 1e-13)
    log_q = nf.Flow(nf.StandardNormal(4), nf.Inverse(inner)).log_prob({"base": {}, "bijection": params, "embed": {}}, z)
    close(log_q, log_normal(eps) - onp.log(sigma).sum(axis=1), 1e-10)
    plus = log_normal(eps) + onp.log(sigma).sum(axis=1)  # the wrong sign
    J = finite_difference_jacobian(lambda a: nf.Inverse(inner).forward(params, a)[0], eps)
    truth = log_normal(eps) - onp.linalg.slogdet(J)[1]
    close(log_q, truth, 1e-6)
    assert (onp.abs(plus - truth) > 1e-2).all()


def test_iaf_as_eps_minus_mu_over_sigma_has_plus_the_sum_of_log_sigma():
    inner = nf.Autoregressive(nf.Affine(), 4, nf.MADE((12,), "tanh"))
    params, eps, _ = example(inner)
    mu, sigma = mu_and_sigma(inner, params, eps)
    flow = nf.Flow(nf.StandardNormal(4), nf.Inverse(inner))
    z, _ = flow.bijection.forward(params, eps)
    close(z, (eps - mu) / sigma, 1e-13)
    log_q = flow.log_prob({"base": {}, "bijection": params, "embed": {}}, z)
    close(log_q, log_normal(eps) + onp.log(sigma).sum(axis=1), 1e-10)


@pytest.mark.parametrize("order", ["natural", "reversed", (3, 0, 4, 1, 2)], ids=str)
def test_in_its_order_every_variable_depends_on_those_before_it(order):
    layer = nf.Autoregressive(nf.Affine(), 5, nf.MADE((16,), "tanh"), order)
    params, z, _ = example(layer)
    assert sorted(layer.order) == list(range(5))
    J = onp.abs(layer.jacobian(params, z)).max(axis=0)[list(layer.order)][:, list(layer.order)]
    assert (J[onp.triu_indices(5, 1)] == 0).all()
    assert (J[onp.tril_indices(5)] > 1e-6).all()
    first = layer.order[0]
    other = z + (onp.arange(5) != first)
    assert (layer.forward(params, other)[0][:, first] == layer.forward(params, z)[0][:, first]).all()


def test_a_random_order_is_the_same_for_the_same_seed():
    assert nf.random_order(9, seed=1) == nf.random_order(9, seed=1) != nf.random_order(9, seed=2)
    assert sorted(nf.random_order(9, seed=1)) == list(range(9))


def test_a_fresh_layer_is_the_identity():
    for h in (nf.Affine(), nf.Shift(), nf.Inverse(nf.Affine())):
        layer = nf.Autoregressive(h, 5)
        params, z = layer.init(rng()), rng().normal(size=(4, 5))
        for direction in (layer.forward, layer.inverse):
            assert (direction(params, z)[0] == z).all() and not direction(params, z)[1].any()


# --- one pass ---

LAYERS = {
    "affine": lambda dim: nf.Autoregressive(nf.Affine(1.0), dim, nf.MADE((50, 30), "tanh")),
    "shift, reversed": lambda dim: nf.Autoregressive(nf.Shift(), dim, nf.MADE((40,), "tanh"), "reversed"),
    "inverse of affine": lambda dim: nf.Autoregressive(nf.Inverse(nf.Affine(1.0)), dim, nf.MADE((40,), "tanh")),
    "ReLU, deep": lambda dim: nf.Autoregressive(nf.Affine(0.5), dim, nf.MADE((40, 60, 50))),
    "narrow": lambda dim: nf.Autoregressive(nf.Affine(0.5), dim, nf.MADE((4, 3), "tanh")),
    "one unit": lambda dim: nf.Autoregressive(nf.Affine(0.5), dim, nf.MADE((1,), "tanh")),
    "linear": lambda dim: nf.Autoregressive(nf.Affine(0.3), dim, nf.MADE(()), nf.random_order(dim, seed=1)),
    "context, random": lambda dim: nf.Autoregressive(
        nf.Affine(0.5), dim, nf.MADE((40, 40), "tanh"), nf.random_order(dim, seed=1), 3
    ),
    "context, linear": lambda dim: nf.Autoregressive(nf.Affine(0.3), dim, nf.MADE(()), None, 2),
}
SPLINE = nf.RationalQuadraticSpline(4, 5.0, minimum=0.1)
OTHERS = {
    "rational spline": SPLINE,
    "inverse of a rational spline": nf.Inverse(SPLINE),
    "squared": nf.Squared(),
    "mixture CDF": nf.LogisticMixtureCDF(3),
    "inverse of a mixture CDF": nf.Inverse(nf.LogisticMixtureCDF(3)),
    "deep sigmoid": nf.DeepSigmoid(3),
    "inverse of a deep sigmoid": nf.Inverse(nf.DeepSigmoid(3)),
}
every_layer = pytest.mark.parametrize("name", LAYERS)


@every_layer
@pytest.mark.parametrize("dim", (1, 2, 17, 33, 80))  # 8 and 32 are widths of blocks: a last one of one variable
def test_one_pass_gives_what_d_passes_give(name, dim):
    layer = LAYERS[name](dim)
    params, z, context = example(layer, scale=0.5)
    x, log_det = layer.forward(params, z, context)
    x_naive, log_det_naive = layer.forward_in_passes(params, z, context)
    close(x, x_naive, 1e-12)
    close(log_det, log_det_naive, 1e-12)
    close(layer.inverse(params, x, context)[0], z, 1e-10)
    x_vjp, log_det_vjp, _ = layer.forward_vjp(params, z, context)
    close(x_vjp, x, 1e-13)
    close(log_det_vjp, log_det, 1e-13)


@pytest.mark.parametrize("dim", (1, 9))
@pytest.mark.parametrize("name", OTHERS)
def test_one_pass_gives_what_d_passes_give_for_every_other_transformer(name, dim):
    layer = nf.Autoregressive(OTHERS[name], dim, nf.MADE((12,), "tanh"), nf.random_order(dim, seed=1))
    params = wild_params(layer, rng(), 0.3)
    low, high = onp.clip(layer.domain, -3, 3)
    z = low + (high - low) * (0.1 + 0.8 * rng(1).random((4, dim)))
    x, log_det = layer.forward(params, z)
    x_naive, log_det_naive = layer.forward_in_passes(params, z)
    close(x, x_naive, 1e-10)  # some search for x, to a few units of the last place
    close(log_det, log_det_naive, 1e-10)
    close(layer.inverse(params, x)[0], z, 1e-8)
    close(layer.forward_vjp(params, z)[0], x, 1e-10)


@every_layer
@pytest.mark.parametrize("dim", few((1, 2, 17, 33), (1, 2, 33)))
def test_the_pullback_of_one_pass_is_that_of_d_traced_passes(name, dim):
    layer = LAYERS[name](dim)
    params, z, context = example(layer, n=3, scale=0.5)
    r = rng(1)
    g_x, g_log_det = r.normal(size=z.shape), r.normal(size=len(z))
    own = layer.forward_vjp(params, z, context)[2](g_x, g_log_det)
    traced = Bijection.forward_vjp(layer, params, z, context)[2](g_x, g_log_det)
    close_trees(own[0], traced[0], 1e-11)
    close(own[1], traced[1], 1e-11)
    assert (own[2] is None) == (traced[2] is None)
    if context is not None:
        close(own[2], traced[2], 1e-11)
    for grad, stair in zip(own[0], layer.conditioner.stairs(dim, layer.transformer.n_params, layer.context_dim)):  # noqa: B905
        assert not grad["W"][~stair.mask.host].any()


def test_one_pass_stays_in_float32():
    layer = LAYERS["affine"](33)
    params, z, _ = example(layer, scale=0.5)
    x, log_det, back = layer.forward_vjp(trees.cast(params, "float32"), z.astype("float32"))
    g_params, g_z, _ = back(x, log_det)
    assert {a.dtype for a in (x, log_det, g_z, *trees.leaves(g_params))} == {onp.dtype("float32")}
    close(x, layer.forward(params, z)[0], 1e-4)


def test_a_second_derivative_goes_through_the_plain_twin():
    layer = nf.Autoregressive(nf.Affine(), 3, nf.MADE((6,), "tanh"))
    params, z, _ = example(layer)
    weight = rng(1).normal(size=z.shape)

    def f(z):
        x, log_det = layer.forward(params, z)
        return np.sum(weight * x) + np.sum(np.square(log_det))

    step, h = rng(2).normal(size=z.shape), 1e-5
    second = autograd.grad(lambda z: np.sum(step * autograd.grad(f)(z)))(z)
    numeric = (autograd.grad(f)(z + h * step) - autograd.grad(f)(z - h * step)) / (2 * h)
    close(second, numeric, 1e-7)


def test_reverse_kl_of_a_maf_uses_the_same_gradient_traced_or_not():
    flow = nf.flows.maf(3, layers=2, hidden=(8,), activation="tanh")
    params = trees.map_leaves(lambda a: a + 0.3 * rng(a.size).normal(size=a.shape), flow.init(rng()), fixed=onp.copy)

    def loss(params):
        x, log_q = flow.sample_and_log_prob(params, rng(5), 20)
        return np.mean(log_q + np.sum(np.cosh(x), axis=1))

    def plain(params):
        x, log_q = flow._sample_and_log_prob(params, rng(5), 20, None)
        return np.mean(log_q + np.sum(np.cosh(x), axis=1))

    close_trees(autograd.grad(loss)(params), autograd.grad(plain)(params), 1e-11)


# --- out of the domain ---


def test_outside_the_codomain_the_density_is_zero_and_nothing_is_nan():
    layer = nf.Autoregressive(nf.Sigmoid(), 3)
    assert layer.codomain == (0.0, 1.0)
    x = onp.array([[0.2, 0.5, 0.9], [0.2, 1.5, 0.9]])
    z, log_det = layer.inverse(layer.init(rng()), x)
    assert onp.isfinite(z).all() and onp.isfinite(log_det[0]) and log_det[1] == -onp.inf


# --- one variable ---


def test_one_variable_is_elementwise_and_its_network_sees_the_context_alone():
    layer = nf.Autoregressive(nf.Affine(), 1, nf.MADE((8,), "tanh"), context_dim=2)
    params, z, context = example(layer)
    slope = layer.jacobian(params, z, context)[:, 0, 0]
    assert onp.ptp(slope) > 1e-3
    close(slope, layer.jacobian(params, z + 1, context)[:, 0, 0], 1e-12)  # affine in z
    alone = nf.Autoregressive(nf.Affine(), 1, nf.MADE((8,), "tanh"))
    params, z, _ = example(alone)
    slope = alone.jacobian(params, z)[:, 0, 0]
    close(slope, slope[:1] + onp.zeros(len(z)), 1e-13)
    assert abs(slope[0] - 1) > 1e-3


# --- bad input ---


@pytest.mark.parametrize(
    "order",
    [(0, 0, 1), (1, 2, 3), (0, 1), [[0], [1, 2]], (0.0, 1.0, 2.0), ((0, 1, 2),), 3, (-1, 0, 1), "random", "backwards"],
    ids=str,
)
def test_an_order_that_is_no_permutation_is_refused(order):
    for make in (
        lambda: nf.Autoregressive(nf.Affine(), 3, order=order),
        lambda: nf.AutoregressiveDensity(3, nf.Gaussian(), order=order),
    ):
        refused(ValueError, r"order must .*hold each of 0 \.\.\. 2 once; got ", make)


@pytest.mark.parametrize("context", [None, onp.zeros((5, 3)), onp.zeros((4, 2)), onp.zeros(2)], ids=str)
def test_a_context_that_does_not_fit_is_refused_by_the_layer_itself(context):
    layer = nf.Autoregressive(nf.Affine(), 3, context_dim=2)
    params = layer.init(rng())
    for method in (layer.forward, layer.inverse, layer.forward_vjp, layer.inverse_vjp, layer.jacobian):
        refused(
            ValueError,
            r"context of Autoregressive must have shape \(N, 2\) with N = 5; got",
            method,
            params,
            onp.zeros((5, 3)),
            context,
        )


@pytest.mark.parametrize("context", [None, onp.zeros((5, 3))], ids=["none", "too wide"])
def test_a_context_that_does_not_fit_is_refused_by_the_flow(context):
    flow = nf.flows.maf(3, layers=2, hidden=(8,), context_dim=2)
    refused(
        ValueError,
        r"context must have shape \(N, 2\); got",
        flow.log_prob,
        flow.init(rng()),
        onp.zeros((5, 3)),
        context,
    )


def test_parts_that_cannot_be():
    refused(ValueError, "dim must be an integer of at least 1; got 0", nf.Autoregressive, nf.Affine(), 0)
    refused(
        TypeError,
        "conditioner must be a MADE, whose masks keep the order; got",
        nf.Autoregressive,
        nf.Affine(),
        3,
        nf.MLP(),
    )
    refused(ValueError, "one variable at a time; VolumePreserving ties 2", nf.Autoregressive, nf.VolumePreserving(), 3)
    for h in (nf.MADE(), nf.Inverse(nf.Standardize(3))):
        refused(TypeError, r"transformer must be a Transformer, such as nf\.Affine\(\); got", nf.Autoregressive, h, 3)
    for hidden in (64, (True,), (8, 0), (2.0,)):
        refused(ValueError, "hidden must be a sequence of widths", nf.MADE, hidden)
    for dim in (0, -1):
        refused(ValueError, f"dim must be an integer of at least 1; got {dim}", nf.random_order, dim, seed=1)
    refused(
        ValueError, "activation must be one of relu, tanh, elu, gelu, silu, lipswish; got 'sine'", nf.MADE, (8,), "sine"
    )
    refused(ValueError, "layers must be an integer of at least 1; got 0", nf.flows.maf, 3, layers=0)
    refused(ValueError, "order must be one of reversed, random; got 'natural'", nf.flows.maf, 3, order="natural")


@pytest.mark.parametrize("shape", [(4, 5), (4, 2), (3,)], ids=str)
@pytest.mark.parametrize("order", ["natural", (2, 0, 1)], ids=str)
def test_rows_of_another_width_are_refused_by_the_layer_itself(shape, order):
    layer = nf.Autoregressive(nf.Affine(), 3, order=order)
    params = layer.init(rng())
    for method in (layer.forward, layer.inverse, layer.forward_vjp, layer.inverse_vjp, layer.forward_in_passes):
        refused(ValueError, r"takes arrays of shape \(N, 3\); got", method, params, onp.zeros(shape))


@pytest.mark.parametrize("hidden", [(1,), (2, 3), (3, 1, 40)], ids=str)
@pytest.mark.parametrize("context_dim", (0, 2))
def test_hidden_layers_narrower_than_the_data_still_make_a_right_flow(hidden, context_dim):
    layer = nf.Autoregressive(nf.Affine(1.0), 9, nf.MADE(hidden, "tanh"), nf.random_order(9, seed=1), context_dim)
    for seed in range(3):
        params, z, context = example(layer, seed=seed)
        for finding in log_det_is_jacobian(layer, params, z, context):
            finding.raise_if_failed()
        J = onp.abs(layer.jacobian(params, z, context)).max(axis=0)[list(layer.order)][:, list(layer.order)]
        assert (J[onp.triu_indices(9, 1)] == 0).all() and onp.isfinite(J).all()


# --- recipes ---


def test_maf_reverses_the_order_from_layer_to_layer_or_draws_it():
    natural, reversed_ = (0, 1, 2, 3), (3, 2, 1, 0)
    layers = nf.flows.maf(4, layers=3, whiten="diagonal").bijection.layers
    assert [layer.order for layer in layers[:-1]] == [natural, reversed_, natural]
    drawn = [layer.order for layer in autoregressive_layers(9, nf.Affine(), nf.MADE(), 3, order="random", seed=4)]
    assert drawn[0] == tuple(range(9)) and len(set(drawn)) == 3
    again = autoregressive_layers(9, nf.Affine(), nf.MADE(), 3, order="random", seed=4)
    assert drawn == [layer.order for layer in again]


@pytest.mark.parametrize("make", [nf.flows.maf, nf.flows.iaf])
def test_no_layer_repeats_the_random_order_of_the_one_before(make):
    for dim in (2, 3):
        for seed in range(5):
            inner = make(dim, layers=6, order="random", seed=seed, whiten="diagonal").bijection.layers[:-1]
            orders = [getattr(layer, "bijection", layer).order for layer in inner]
            assert all(a != b for a, b in pairwise(orders))
    assert len(make(1, layers=3, order="random").bijection.layers) == 4


def test_the_random_orders_of_two_seeds_do_not_overlap():
    drawn = [
        layer.order
        for seed in range(4)
        for layer in autoregressive_layers(30, nf.Affine(), nf.MADE(), 5, order="random", seed=seed)[1:]
    ]
    assert len(set(drawn)) == len(drawn) == 16


def test_batch_norm_stands_between_every_two_layers_and_next_to_the_base():
    layers = nf.flows.maf(4, layers=2, batch_norm=True).bijection.layers
    kinds = ["Whiten", "BatchNorm", "Autoregressive", "BatchNorm", "Autoregressive", "Remainder", "Standardize"]
    assert [type(layer).__name__ for layer in layers] == kinds


def test_costs_say_which_way_is_fast():
    maf, iaf = nf.flows.maf(3).bijection, nf.flows.iaf(3).bijection
    assert (maf.forward_cost, maf.inverse_cost) == ("sequential", "one pass")
    assert (iaf.forward_cost, iaf.inverse_cost) == ("one pass", "sequential")


@pytest.mark.parametrize(
    "flow",
    [
        nf.flows.maf(2, layers=3, hidden=(32,)),
        pytest.param(
            nf.flows.maf(2, layers=3, hidden=(32,), batch_norm=True, order="random"), marks=pytest.mark.exhaustive
        ),
        nf.flows.iaf(2, layers=3, hidden=(16,)),
        pytest.param(
            nf.flows.maf(2, layers=2, hidden=(32,), transformer=nf.Inverse(nf.Affine())), marks=pytest.mark.exhaustive
        ),
        pytest.param(
            nf.flows.maf(2, layers=1, hidden=(32,), base=nf.AutoregressiveDensity(2, nf.MixtureOfGaussians(4))),
            marks=pytest.mark.exhaustive,
        ),
    ],
    ids=["MAF", "MAF with BatchNorm", "IAF", "another transformer", "MAF MoG"],
)
def test_a_fit_gains_on_a_gaussian(flow):
    crescent = nf.data.load("crescent", n=4000)
    result = nf.fit(flow, crescent.train, rng=rng(), steps=300, optimizer=nf.adam(3e-3), progress=False)
    x = crescent.test
    gaussian = 0.5 * onp.linalg.slogdet(onp.cov(crescent.train.T))[1] + 2 * HALF_LOG_2PI + 1
    loss = -flow.log_prob(result.params, x).mean()
    assert loss < gaussian - 0.05
    assert loss > crescent.entropy - 0.1


# --- the museum: each mistake, and the check that sees it ---


class Planted(nf.MADE):
    """MADE with mistaken masks; `columns(k, depth, degrees, before)` gives the reach of layer k."""

    def _stairs_of(self, params, x):
        dim, P, C = self._sizes(params, x.shape[1])
        reaches = [stair.reach.copy() for stair in self.stairs(dim, P, C)]
        widths = [p["W"].shape[1] for p in params]
        return [
            Staircase(onp.clip(reach, 0, width), width)
            for reach, width in zip(self.mistaken(reaches, dim, P), widths, strict=True)
        ]


class OutputSeesItself(Planted):
    """Output mask >=: output i sees units of degree i too."""

    def mistaken(self, reaches, dim, P):
        return [*reaches[:-1], onp.append(reaches[-1][P:], [10**6] * P)]


class DropsAParent(Planted):
    """Input mask > for >=: a unit of degree m sees x_1 ... x_{m-1}."""

    def mistaken(self, reaches, dim, P):
        return [onp.maximum(reaches[0] - 1, 0), *reaches[1:]]


class DegreesOneTooSmall(Planted):
    """Hidden degrees 0 ... D - 2 for 1 ... D - 1: nobody sees the last variable but one."""

    def mistaken(self, reaches, dim, P):
        return [onp.maximum(reaches[0] - 1, 0), *reaches[1:-1], onp.append(reaches[-1][P:], [10**6] * P)]


class LooksTooFar(Planted):
    """The last hidden unit of every degree counts as one degree more where it looks, and not where it is looked at."""

    def mistaken(self, reaches, dim, P):
        last = onp.append(reaches[0][1:] > reaches[0][:-1], True)
        return [reaches[0] + last, *reaches[1:]]


class InPasses(nf.Autoregressive):
    """Generating by whole passes, as elsewhere, so that both directions have the same mistaken network."""

    def forward(self, params, z, context=None, rng=None):
        return self.forward_in_passes(params, z, context)


class OnePassShort(nf.Autoregressive):
    """An inverse with D - 1 passes: the last variable in the order is moved with what the others were."""

    def forward(self, params, z, context=None, rng=None):
        x = onp.zeros_like(z)
        for _ in range(max(1, self.dim - 1)):
            x, log_d = self.transformer.forward(self._theta(self.conditioner.apply(params, x)), z)
        return x, log_d.sum(axis=1)


def planted(network, cls=InPasses):
    return lambda dim: cls(nf.Affine(1.0), dim, network)


def failing(subject, letters="SRXJTO", dims=(1, 5)):
    """The letters of those asked that fail."""
    report = nf.check.audit(subject, dims=dims, changes=False, show=False, dtype="float64", rng=rng(3), letters=letters)
    return {failure.letter for failure in report.failures}


def test_the_audit_finds_nothing_where_nothing_is_planted():
    assert failing(planted(nf.MADE((12,), "tanh"))) == set()
    assert failing(lambda dim: nf.Autoregressive(nf.Affine(1.0), dim, nf.MADE((12,), "tanh"))) == set()


def test_an_output_mask_that_lets_a_variable_see_itself_is_found_by_the_jacobian():
    assert "J" in failing(planted(OutputSeesItself((12,), "tanh")), "J")


def test_an_input_mask_that_drops_a_parent_is_found_by_the_dependencies_alone():
    assert failing(planted(DropsAParent((12,), "tanh"))) == {"T"}


def test_hidden_degrees_off_by_one_are_found_by_the_dependencies_alone():
    assert failing(planted(DegreesOneTooSmall((12,), "tanh"))) == {"T"}


def test_hidden_units_that_look_one_too_far_are_found_by_the_jacobian():
    assert "J" in failing(planted(LooksTooFar((12,), "tanh")), "J")


def test_one_pass_too_few_is_found_by_the_round_trip():
    assert "R" in failing(planted(nf.MADE((12,), "tanh"), OnePassShort), "R", (2,))
