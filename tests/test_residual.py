"""Residual layers: their bounds, their log-dets and estimates, their inverse, and how they are trained and saved."""

import tracemalloc

import autograd.numpy as np
import numpy as onp
import pytest
from comparing import close, close_trees

import nfscratch as nf
from nfscratch import autodiff, check, trees
from nfscratch.bijections.contract import Bijection
from nfscratch.nets.network import Network
from nfscratch.ops.trace_series import log_det_series
from nfscratch.training.objectives import nll_value_and_grad


def layer(dim=3, coefficient=0.9, hidden=(8, 7), activation="lipswish", **options):
    """A residual layer, wild parameters, and points."""
    made = nf.Residual(dim, nf.LipschitzMLP(hidden, coefficient, activation), **options)
    rng = onp.random.default_rng(0)
    return made, check.random_params(made, rng), rng.normal(size=(40, dim)), rng


# --- what it can do, and what it cannot ---


@pytest.mark.parametrize("coefficient", [0.3, 0.9])
def test_no_distance_shrinks_below_one_minus_L_or_grows_beyond_one_plus_L(coefficient):
    residual, params, z, _ = layer(coefficient=coefficient)
    singular = onp.linalg.svd(residual.jacobian(params, z), compute_uv=False)
    assert 1 - coefficient <= singular.min() < 1 < singular.max() <= 1 + coefficient
    _, log_det = residual.forward(params, z)
    assert (3 * onp.log1p(-coefficient) <= log_det).all() and (log_det <= 3 * onp.log1p(coefficient)).all()


def test_a_planar_layer_is_the_residual_layer_of_one_unit():
    """And there the log-det needs no series: the matrix determinant lemma has it in closed form."""
    w, u, b = onp.array([0.6, -0.3, 0.5]), onp.array([0.4, 0.2, -0.5]), onp.array([0.3])
    planar = nf.Planar(3)
    u_hat = planar.pieces({"w": w, "u": u, "b": b})[0][0, :, 0]
    unit = [{"W": w[None], "b": b}, {"W": u_hat[:, None], "b": onp.zeros(3)}]
    residual, z = nf.Residual(3, nf.MLP((1,), "tanh")), onp.random.default_rng(0).normal(size=(9, 3))
    for direction in ("forward", "inverse"):
        for mine, theirs in zip(
            getattr(residual, direction)(unit, z), getattr(planar, direction)({"w": w, "u": u, "b": b}, z), strict=True
        ):
            close(mine, theirs, 1e-13)


# --- the series and its bias ---


def left_out(L, D, n):
    """D sum_{k>n} L^k / k."""
    return -D * (onp.log1p(-L) + sum(L**k / k for k in range(1, n + 1)))


@pytest.mark.parametrize("terms", [1, 2, 5, 10])
def test_the_bias_of_the_truncated_series_is_below_its_bound(terms):
    L = 0.7
    residual, params, z, _ = layer(coefficient=L, terms=terms, log_det="series")
    exact = nf.Residual(3, residual.network).forward(params, z)[1]
    error = onp.abs(residual.forward(params, z)[1] - exact)
    assert 0 < error.max() <= left_out(L, 3, terms)


def test_the_bound_is_reached_where_every_eigenvalue_is_minus_L():
    J = -0.6 * onp.eye(4)[None]
    exact = 4 * onp.log(0.4)
    for n in (1, 3, 8):
        assert log_det_series(J, n)[0] - exact == pytest.approx(left_out(0.6, 4, n), rel=1e-12)


# --- roulette ---

DRAWS = 20_000


def estimates(rows=DRAWS, **options):
    """The estimates of one point's log-det and of its gradient in z, and the exact ones."""
    residual, params, z, rng = layer(3, 0.97, (8,), "elu", **options)
    _, exact_log_det = nf.Residual(3, residual.network).forward(params, z)
    z = z[onp.argmax(onp.abs(exact_log_det))][None]
    many = onp.repeat(z, rows, axis=0)
    _, log_det, pullback = residual.forward_vjp(params, many, None, rng)
    g_z = pullback(onp.zeros_like(many), onp.ones(rows))[1]
    _, exact, back = nf.Residual(3, residual.network).forward_vjp(params, z)
    return log_det, exact[0], g_z, back(onp.zeros((1, 3)), onp.ones(1))[1][0]


def away(draws, truth):
    """How many standard errors the mean is away from the truth."""
    return onp.abs(draws.mean(axis=0) - truth) / (draws.std(axis=0, ddof=1) / len(draws) ** 0.5)


@pytest.mark.parametrize("probes", [1, 3])
def test_roulette_is_right_in_the_mean_and_so_is_its_gradient(probes):
    log_det, exact, g_z, exact_g = estimates(log_det="roulette", terms=2, probes=probes)
    assert away(log_det, exact) < 3
    assert (away(g_z, exact_g) < 3).all()


@pytest.mark.parametrize("terms", [1, 2])
def test_a_series_of_few_terms_fails_the_same_test(terms):
    log_det, exact, g_z, exact_g = estimates(log_det="series", terms=terms)
    assert away(log_det, exact) > 4
    assert away(g_z, exact_g).max() > 6


def test_more_probes_divide_the_variance_and_do_not_move_the_mean():
    one, four = (estimates(log_det="roulette", terms=2, probes=P)[0].var() for P in (1, 4))
    assert one / four == pytest.approx(4.0, rel=0.2)


@pytest.mark.parametrize("log_det", ["series", pytest.param("roulette", marks=pytest.mark.exhaustive)])
def test_the_gradient_of_parameters_by_neumann_is_in_the_mean_that_of_the_estimate(log_det):
    """80 batches of 20 rows: the Neumann form, and the derivative of the estimate itself."""
    means = {}
    for gradient in ("neumann", "series"):
        residual, params, z, _ = layer(3, 0.9, (4,), "elu", log_det=log_det, terms=2, gradient=gradient)
        rng, grads = onp.random.default_rng(1), []
        for _ in range(80):
            _, _, pullback = residual.forward_vjp(params, z[:20], None, rng)
            g = pullback(onp.zeros((20, 3)), onp.ones(20))[0]
            grads.append(onp.concatenate([leaf.ravel() for leaf in trees.leaves(g)]))
        grads = onp.array(grads)
        means[gradient] = grads.mean(axis=0), grads.std(axis=0, ddof=1) / 80**0.5
    (a, e), (b, f) = means["neumann"], means["series"]
    distance = onp.abs(a - b) / onp.maximum((e**2 + f**2) ** 0.5, 1e-12)
    assert onp.abs(a).max() > 0.05 and distance.max() < 4.5  # the largest of 47 normal numbers


def test_the_derivative_of_the_estimate_is_that_of_finite_differences_with_the_same_draws():
    residual, params, z, _ = layer(log_det="roulette", gradient="series", terms=2)
    _, _, pullback = residual.forward_vjp(params, z, None, onp.random.default_rng(3))
    v = onp.random.default_rng(4).normal(size=z.shape)

    def moved(t):
        return residual.forward(params, z + t * v, None, onp.random.default_rng(3))[1].sum()

    exact = (pullback(onp.zeros_like(z), onp.ones(len(z)))[1] * v).sum()
    assert (moved(1e-5) - moved(-1e-5)) / 2e-5 == pytest.approx(exact, rel=1e-7)


def test_values_of_many_rows_are_those_of_few_at_a_time(monkeypatch):
    """D directions pass every layer for each row: they are not made for all rows at once."""
    residual, params, z, rng = layer(context_dim=2)
    context, seen = rng.normal(size=(40, 2)), []
    expected, kernel = residual.forward_vjp(params, z, context)[:2], residual._whole_vjp
    widest = max(max(p["W"].shape) for p in params)
    monkeypatch.setattr("nfscratch.bijections.residual.AT_ONCE", 7 * residual.shape[0] * widest)
    monkeypatch.setattr(nf.Residual, "_whole_vjp", lambda self, p, z, c: (seen.append(len(z)), kernel(p, z, c))[1])
    for a, b in zip(residual.forward_value(params, z, context), expected, strict=True):
        close(a, b, 1e-13)
    assert seen == [7, 7, 7, 7, 7, 5]


def peak(**options):
    residual, params, _, rng = layer(dim=20, hidden=(64, 64), log_det="series", **options)
    z = rng.normal(size=(50, 20))
    tracemalloc.start()
    _, _, pullback = residual.forward_vjp(params, z, None, rng)
    pullback(z, onp.ones(50))
    memory = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return memory


def test_the_memory_of_the_neumann_gradient_does_not_grow_with_the_terms():
    assert peak(terms=24) < 1.1 * peak(terms=4)
    assert peak(terms=24, gradient="series") > 4 * peak(terms=4, gradient="series")


@pytest.mark.parametrize("log_det", ["exact", "series", "roulette"])
def test_every_road_makes_the_same_draws(log_det):
    residual, params, z, _ = layer(log_det=log_det, terms=2)
    flow = nf.Flow(nf.StandardNormal(3), nf.Inverse(residual))
    tree = {"base": {}, "bijection": params, "embed": {}}
    raw = flow.log_prob(tree, z, rng=onp.random.default_rng(5))
    node, _ = autodiff.value_and_vjp(lambda p: flow.log_prob(p, z, rng=onp.random.default_rng(5)), tree)
    plain = residual.forward(params, z, None, onp.random.default_rng(5))
    close(raw, node, 1e-13)
    close(raw, flow.base.log_prob({}, plain[0]) + plain[1], 1e-12)
    without = flow.log_prob(tree, z)
    assert (onp.abs(without - raw).max() < 1e-12) == (log_det == "exact")


def test_without_an_rng_roulette_is_exact_and_a_series_is_its_n_terms():
    residual, params, z, _ = layer()
    exact = residual.forward(params, z)[1]
    close(nf.Residual(3, residual.network, "roulette").forward(params, z)[1], exact, 1e-14)
    J = residual.network.jacobian(params, z)
    close(nf.Residual(3, residual.network, "series", terms=5).forward(params, z)[1], log_det_series(J, 5), 1e-14)


# --- the inverse ---


@pytest.mark.parametrize("solver", ["anderson", "fixed point"])
def test_the_inverse_states_what_it_reached(solver):
    residual, params, z, _ = layer(coefficient=0.97, solver=solver)
    x, log_det = residual.forward(params, z)
    back, log_det_back = residual.inverse(params, x)
    close(residual.forward(params, back)[0], x, 1e-14)
    close(back, z, 1e-12)
    close(log_det_back, -log_det, 1e-11)


def test_beyond_64_variables_the_transposed_system_is_solved_without_the_whole_jacobian(monkeypatch):
    residual, params, _, rng = layer(dim=70, hidden=(16,))
    z, g = rng.normal(size=(3, 70)), rng.normal(size=(3, 70))
    expected = onp.linalg.solve(residual.jacobian(params, z).transpose(0, 2, 1), g[:, :, None])[:, :, 0]
    monkeypatch.setattr(nf.Residual, "jacobian", None)
    close(residual.transposed_solve(params, z, g), expected, 1e-12)


def test_stale_vectors_are_refused_with_the_bound_and_the_remedy_and_an_update_cures_them():
    residual, params, z, rng = layer()
    moved = trees.map_leaves(lambda p: p + rng.normal(size=p.shape), params, fixed=lambda p: p)
    x = residual.forward(moved, z)[0]
    with pytest.raises(nf.InversionError, match=r"spectral norms is \d\.\d+, .*params = bijection.update\(params, x\)"):
        residual.inverse(moved, x)
    updated = residual.update(moved, x)
    close(residual.inverse(updated, residual.forward(updated, z)[0])[0], z, 1e-11)


class Steep(Network):
    """A caller's own network, which is no contraction."""

    def init(self, rng, n_in, n_out, context_dim=0):
        return {"a": onp.array([3.0])}

    def apply(self, params, x, context=None):
        return params["a"] * np.sin(5.0 * x) + 9.0 * np.cos(11.0 * x)


def test_a_network_that_is_no_contraction_raises_with_the_residual():
    residual = nf.Residual(2, Steep())
    z = onp.random.default_rng(0).normal(size=(5, 2))
    with pytest.raises(
        nf.InversionError, match=r"Residual with Steep: .* stopped after 2000 steps, at a relative residual"
    ):
        residual.inverse(residual.init(onp.random.default_rng(0)), z)


def test_any_network_will_do_and_its_jacobian_is_traced():
    residual, z = nf.Residual(2, Steep()), onp.random.default_rng(0).normal(size=(5, 2))
    params = {"a": onp.array([0.05])}
    x, log_det, pullback = residual.forward_vjp(params, z)
    plain = Bijection.forward_vjp(residual, params, z)
    close(x, plain[0], 1e-14)
    close(log_det, plain[1], 1e-13)
    close_trees(pullback(x, log_det)[0], plain[2](x, log_det)[0], 1e-12)
    rng, many = onp.random.default_rng(0), onp.repeat(z[:1], 2000, axis=0)
    _, estimated, _ = nf.Residual(2, Steep(), "roulette").forward_vjp(params, many, None, rng)
    assert away(estimated, log_det[0]) < 3


# --- training ---


def test_a_step_of_training_does_not_trace(monkeypatch):
    def traced(*args):
        raise AssertionError("a training step traces")

    flows = [nf.flows.residual(3, layers=2, hidden=(8, 8), log_det=kind) for kind in ("exact", "series", "roulette")]
    x, rng = onp.random.default_rng(0).normal(size=(20, 3)), onp.random.default_rng(1)
    started = [(flow, flow.init(rng, x)) for flow in flows]
    monkeypatch.setattr(autodiff, "value_and_vjp", traced)
    monkeypatch.setattr("nfscratch.bijections.contract.autodiff.value_and_vjp", traced)
    for flow, params in started:
        value, grads = nll_value_and_grad(flow, params, x, None, rng, None, len(x))
        assert onp.isfinite(value) and any(leaf.any() for leaf in trees.leaves(grads))
        flow.update(params, x)


@pytest.fixture(scope="module")
def fitted():
    data = nf.data.load("moons", n=2000)
    flow = nf.flows.residual(2, layers=4, hidden=(16, 16))
    options = {"steps": 80, "batch_size": 128, "optimizer": nf.adam(1e-2), "progress": False}
    return flow, data, nf.fit(flow, data.train, rng=0, validation=data.validation, **options)


def test_after_a_fit_the_constant_holds_and_samples_are_found(fitted):
    flow, data, result = fitted
    assert result.history["validation"][-1] < result.history["validation"][0] - 0.08
    x = data.test[:1000]
    for k, part in reversed(list(enumerate(flow.bijection.layers))):
        p = result.params["bijection"][k]
        if isinstance(getattr(part, "bijection", None), nf.Residual):
            network = part.bijection.network
            assert onp.linalg.norm(network.jacobian(p, x), 2, axis=(1, 2)).max() < network.coefficient
            assert network.lipschitz_bound(p) < network.coefficient
        x, _ = part.inverse(p, x)
    samples, log_p = flow.sample_and_log_prob(result.params, onp.random.default_rng(0), 200)
    close(log_p, flow.log_prob(result.params, samples), 1e-9)


def test_stored_vectors_are_saved_and_an_older_power_iteration_goes_on(fitted, tmp_path):
    flow, data, result = fitted
    nf.save(tmp_path / "moons.flow", flow, result.params)
    loaded, params = nf.load(tmp_path / "moons.flow")
    assert (loaded.log_prob(params, data.test[:50]) == flow.log_prob(result.params, data.test[:50])).all()
    mine, theirs = (p["bijection"][2][0]["fixed"]["u"] for p in (result.params, params))
    assert (mine == theirs).all()


def test_a_conditional_residual_flow_gives_each_row_its_own_density():
    flow = nf.flows.residual(2, layers=2, hidden=(8,), context_dim=3)
    rng = onp.random.default_rng(0)
    x, c = rng.normal(size=(30, 2)), rng.normal(size=(30, 3))
    params = check.random_params(flow, rng, context=c, x=x)
    samples, log_p = flow.sample_and_log_prob(params, rng, 30, c)
    close(flow.log_prob(params, samples, c), log_p, 1e-9)
    assert onp.abs(flow.log_prob(params, samples, c[::-1]) - log_p).max() > 1e-3


def test_a_chain_carries_a_batch_to_the_layers_that_look_at_it_and_no_further():
    residual = nf.Inverse(nf.Residual(2, nf.LipschitzMLP((4,))))
    assert residual.updates and not residual.update_sees_data
    norm = nf.BatchNorm(2, momentum=0.5)
    chain = nf.Chain([residual, norm, residual])
    rng = onp.random.default_rng(0)
    x = rng.normal(size=(50, 2)) + 3.0
    params = check.random_params(chain, rng, x=x)
    seen = chain.update(params, x)[1]["fixed"]["mean"]
    expected = norm.update(params[1], residual.inverse(params[2], x)[0])["fixed"]["mean"]
    close(seen, expected, 1e-14)


# --- bad input ---


@pytest.mark.parametrize("method", ("forward", "forward_vjp", "forward_value"))
def test_a_seed_in_place_of_a_generator_is_refused(method):
    layer = nf.Residual(3, nf.LipschitzMLP((4,)), "roulette")
    params = layer.init(onp.random.default_rng(0))
    with pytest.raises(TypeError, match=r"rng must be a numpy\.random\.Generator, .*; got 3"):
        getattr(layer, method)(params, onp.zeros((2, 3)), None, 3)


@pytest.mark.parametrize("method", (pytest.param("forward", marks=pytest.mark.exhaustive), "forward_value"))
def test_whole_jacobians_of_images_are_built_for_a_few_rows_at_a_time(method):
    layer = nf.Residual((1, 16, 16), nf.LipschitzConv((8, 8)), "roulette")
    rng = onp.random.default_rng(0)
    params, z = layer.init(rng), rng.normal(size=(8, 1, 16, 16))
    tracemalloc.start()
    x, log_det = getattr(layer, method)(params, z)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 500e6
    whole = layer.forward_vjp(params, z)
    close(x, whole[0], 1e-12)
    close(log_det, whole[1], 1e-10)


@pytest.mark.parametrize(("options", "message"), [
    ({"log_det": "hutchinson"}, "log_det must be one of exact, series, roulette; got 'hutchinson'"),
    ({"gradient": "adjoint"}, "gradient must be one of neumann, series; got 'adjoint'"),
    ({"solver": "newton"}, "solver must be one of anderson, fixed point; got 'newton'"),
    ({"terms": 0}, "terms must be an integer of at least 1; got 0"),
    ({"probes": 1.5}, r"probes must be an integer of at least 1; got 1\.5"),
    ({"stop": 1.0}, r"stop must be below 1, or roulette never takes a further term; got 1\.0"),
    ({"stop": 0.0}, r"stop must be positive and finite; got 0\.0"),
    ({"context_dim": -1}, "context_dim must be an integer of at least 0; got -1"),
])  # fmt: skip
def test_a_bad_argument_is_named(options, message):
    with pytest.raises(ValueError, match=message):
        nf.Residual(2, **options)


def test_a_network_that_is_none_is_refused():
    with pytest.raises(TypeError, match=r"network must be a Network, such as nf.LipschitzMLP\(\(64, 64\)\); got 3"):
        nf.Residual(2, 3)


class Wider(Steep):
    def apply(self, params, x, context=None):
        return params["a"] * np.concatenate((x, x), axis=1)


def test_a_network_that_changes_the_shape_is_named():
    residual, z = nf.Residual(2, Wider()), onp.zeros((5, 2))
    params = residual.init(onp.random.default_rng(0))
    for call in (residual.forward, residual.inverse):
        with pytest.raises(
            ValueError, match=r"network of Residual must keep the shape of z, \(5, 2\); Wider gives \(5, 4\)"
        ):
            call(params, z)


def test_nan_from_the_network_is_named():
    residual, params, z, _ = layer()
    spoiled = trees.map_leaves(lambda p: p * onp.nan, params, fixed=lambda p: p)
    with pytest.raises(nf.InversionError, match="the weights of its network must be finite; there is NaN among them"):
        residual.inverse(spoiled, z)
    with pytest.raises(nf.InversionError, match="Residual with Steep: the search for z met NaN or infinity"):
        nf.Residual(3, Steep()).inverse({"a": onp.array([onp.nan])}, z)
