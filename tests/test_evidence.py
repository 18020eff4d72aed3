"""elbo and iwae: their numbers against a known evidence, and their two gradients against autograd and each other."""

import autograd
import autograd.numpy as np
import numpy as onp
import pytest
from comparing import close, close_trees

import nfscratch as nf
from nfscratch.targets.energies import U1, Walled
from nfscratch.training import objectives

LOG_2PI = onp.log(2 * onp.pi)


def rng(seed=0):
    return onp.random.default_rng(seed)


class LinearGaussian:
    """x ~ N(0, I), y ~ N(A x, s^2 I): posterior and evidence in closed form."""

    def __init__(self, dim=3, n=8, s=0.7):
        self.A, self.s = rng(1).normal(size=(n, dim)), s
        self.y = self.A @ rng(2).normal(size=dim) + s * rng(3).normal(size=n)
        precision = onp.eye(dim) + self.A.T @ self.A / s**2
        self.covariance = onp.linalg.inv(precision)
        self.mean = self.covariance @ self.A.T @ self.y / s**2
        C = self.A @ self.A.T + s**2 * onp.eye(n)
        self.log_evidence = -0.5 * (self.y @ onp.linalg.solve(C, self.y) + onp.linalg.slogdet(C)[1] + n * LOG_2PI)

    def log_joint(self, x):
        e = (self.y - np.dot(x, self.A.T)) / self.s
        prior = -0.5 * np.sum(x**2, axis=1) - 0.5 * x.shape[1] * LOG_2PI
        return prior - 0.5 * np.sum(e**2, axis=1) - len(self.y) * (np.log(self.s) + 0.5 * LOG_2PI)

    def flow(self):
        """The posterior itself, as a flow."""
        flow = nf.Flow(nf.StandardNormal(3), nf.Triangular(3))
        params, L = flow.init(rng()), onp.linalg.cholesky(self.covariance)
        params["bijection"]["shift"][:] = self.mean
        params["bijection"]["log_diagonal"][:] = 10.0 * onp.arctanh(onp.log(onp.diag(L)) / 10.0)
        params["bijection"]["triangle"][:] = L[onp.tril_indices(3, -1)]
        return flow, params


MODEL = LinearGaussian()


def test_at_the_posterior_every_bound_is_the_evidence_with_a_single_draw():
    flow, params = MODEL.flow()
    close(objectives.elbo(flow, MODEL.log_joint, params, rng(4), 1), MODEL.log_evidence, 1e-12)
    close(objectives.iwae(flow, MODEL.log_joint, params, rng(4), 1, 5), MODEL.log_evidence, 1e-12)


def test_at_the_posterior_the_gradient_through_the_draws_is_zero_and_the_total_one_is_noise():
    flow, params = MODEL.flow()
    for f, sizes in ((objectives.elbo_value_and_grad, (20,)), (objectives.iwae_value_and_grad, (4, 5))):
        sizes_of = {}
        for gradient in ("path", "total"):
            _, grads = f(flow, MODEL.log_joint, params, rng(4), *sizes, gradient=gradient)
            sizes_of[gradient] = max(onp.abs(g).max() for g in nf.trees.leaves(grads))
        assert sizes_of["path"] < 1e-10 < 0.05 < sizes_of["total"]


@pytest.mark.parametrize("inverse_temperature", [0.25, 1.0])
def test_the_gradient_through_the_draws_is_zero_where_q_is_the_target_to_the_power_of_one_over_T(inverse_temperature):
    """The target N(1, 2^2) to the power 1 / T is N(1, 4 T), up to a constant."""
    flow = nf.Flow(nf.StandardNormal(2), nf.ActNorm(2))
    wide = onp.full(2, onp.log(2.0 / inverse_temperature**0.5))
    params = {"base": {}, "bijection": {"log_scale": wide, "shift": onp.ones(2)}, "embed": {}}
    for f in (objectives.elbo_value_and_grad, objectives.reverse_kl_value_and_grad):
        _, grads = f(flow, log_normal, params, rng(4), 20, inverse_temperature=inverse_temperature, gradient="path")
        assert max(onp.abs(g).max() for g in nf.trees.leaves(grads)) < 1e-12


def test_what_is_no_function_and_no_weight_is_refused_by_its_name():
    flow = nf.flows.planar(2, layers=1)
    params = flow.init(rng())
    for f, name in (
        (objectives.elbo, "log_joint"),
        (objectives.iwae, "log_joint"),
        (objectives.reverse_kl, "log_target"),
        (objectives.elbo_value_and_grad, "log_joint"),
        (objectives.iwae_value_and_grad, "log_joint"),
        (objectives.reverse_kl_value_and_grad, "log_target"),
    ):
        for bad in (None, 3):
            with pytest.raises(TypeError, match=rf"{name} must be a function of the draws x \(n, ...\); got {bad}"):
                f(flow, bad, params, rng(), 4)
        for bad in ("a", onp.nan, -1.0, True) if "iwae" not in f.__name__ else ():
            with pytest.raises(ValueError, match="inverse_temperature must be a finite number of at least 0; got"):
                f(flow, log_normal, params, rng(), 4, inverse_temperature=bad)
    with pytest.raises(TypeError, match="log_joint_vjp must be a function"):
        objectives.elbo_value_and_grad(flow, None, params, rng(), 4, log_joint_vjp=3)


def test_reverse_kl_is_minus_the_elbo_with_its_gradient():
    flow = nf.flows.real_nvp(2, layers=2)
    params = {**flow.init(rng()), "bijection": nf.check.random_params(flow.bijection, rng(1), 0.3)}
    for inverse_temperature, gradient in ((1.0, "total"), (0.3, "path")):
        options = {"inverse_temperature": inverse_temperature, "gradient": gradient}
        up = objectives.elbo_value_and_grad(flow, U1.log_prob, params, rng(2), 9, **options)
        down = objectives.reverse_kl_value_and_grad(flow, U1.log_prob, params, rng(2), 9, **options)
        assert up[0] == -down[0]
        close_trees(up[1], nf.trees.map_leaves(onp.negative, down[1]), 0.0)
        value = objectives.elbo(flow, U1.log_prob, params, rng(2), 9, inverse_temperature=inverse_temperature)
        close(
            value,
            -objectives.reverse_kl(flow, U1.log_prob, params, rng(2), 9, inverse_temperature=inverse_temperature),
            0.0,
        )
        close(up[0], value, 1e-13)


def test_a_seed_stands_for_its_generator_with_a_gradient_too():
    flow = nf.flows.real_nvp(2, layers=2, hidden=(4,))
    params = flow.init(0)
    for f, sizes in (
        (objectives.elbo, (9,)),
        (objectives.elbo_value_and_grad, (9,)),
        (objectives.reverse_kl, (9,)),
        (objectives.reverse_kl_value_and_grad, (9,)),
        (objectives.iwae, (3, 3)),
        (objectives.iwae_value_and_grad, (3, 3)),
    ):
        seeded, drawn = (f(flow, U1.log_prob, params, given, *sizes) for given in (2, rng(2)))
        assert (seeded[0] if isinstance(seeded, tuple) else seeded) == (drawn[0] if isinstance(drawn, tuple) else drawn)


def test_the_inverse_temperature_weighs_the_target_alone():
    flow = nf.flows.planar(2, layers=3)
    params = {**flow.init(rng()), "bijection": nf.check.random_params(flow.bijection, rng(1), 0.3)}
    x, log_q = flow.sample_and_log_prob(params, rng(2), 40)
    for inverse_temperature in (0.0, 0.01, 1.0):
        value = objectives.elbo(flow, U1.log_prob, params, rng(2), 40, inverse_temperature=inverse_temperature)
        close(value, (inverse_temperature * U1.log_prob(x) - log_q).mean(), 1e-13)


def test_iwae_is_the_mean_of_log_mean_weights_and_with_one_draw_the_elbo():
    flow = nf.flows.planar(2, layers=3)
    params = {**flow.init(rng()), "bijection": nf.check.random_params(flow.bijection, rng(1), 0.3)}
    x, log_q = flow.sample_and_log_prob(params, rng(2), 42)
    w = onp.exp(U1.log_prob(x) - log_q).reshape(6, 7)
    close(objectives.iwae(flow, U1.log_prob, params, rng(2), 6, 7), onp.log(w.mean(axis=1)).mean(), 1e-12)
    one = objectives.iwae(flow, U1.log_prob, params, rng(2), 42, 1)
    close(one, objectives.elbo(flow, U1.log_prob, params, rng(2), 42), 1e-13)


def test_more_draws_bring_iwae_nearer_to_the_evidence():
    flow = nf.Flow(nf.StandardNormal(3), nf.Diagonal(3))
    params = flow.init(rng())  # the prior
    values = [objectives.iwae(flow, MODEL.log_joint, params, rng(2), 40_000 // K, K) for K in (1, 4, 16, 400)]
    assert (onp.diff(values) > 0.05).all() and values[-1] < MODEL.log_evidence + 0.02


def test_iwae_of_huge_weights_does_not_overflow():
    flow = nf.Flow(nf.StandardNormal(2), nf.Planar(2))
    far = lambda x: U1.log_prob(x) + 5000.0  # noqa: E731
    params = flow.init(rng())
    value = objectives.iwae(flow, far, params, rng(2), 3, 5)
    close(value, 5000.0 + objectives.iwae(flow, U1.log_prob, params, rng(2), 3, 5), 1e-12)
    assert onp.isfinite(objectives.iwae_value_and_grad(flow, far, params, rng(2), 3, 5)[0])


@pytest.mark.parametrize("make", [nf.flows.planar, nf.flows.real_nvp, nf.flows.iaf])
def test_the_ways_to_the_gradient_of_iwae_agree(make):
    """autograd of the public function, the pullbacks with a traced target, and those with the target's own."""
    flow = make(2, layers=2)
    params = {**flow.init(rng()), "bijection": nf.check.random_params(flow.bijection, rng(1), 0.3)}
    target = Walled(U1)
    value, grads = autograd.value_and_grad(lambda p: objectives.iwae(flow, target.log_prob, p, rng(5), 6, 7))(params)
    for vjp in (None, target.log_prob_vjp):
        own = objectives.iwae_value_and_grad(flow, target.log_prob, params, rng(5), 6, 7, log_joint_vjp=vjp)
        close(own[0], value, 1e-12)
        close_trees(own[1], grads, 1e-11)


def means_and_errors(f, params, sizes, gradient, repeats=40):
    flow = nf.Flow(nf.StandardNormal(2), nf.ActNorm(2))
    grads = [f(flow, log_normal, params, rng(s), *sizes, gradient=gradient)[1]["bijection"] for s in range(repeats)]
    rows = onp.array([onp.concatenate([g["log_scale"], g["shift"]]) for g in grads])
    return rows.mean(axis=0), rows.std(axis=0, ddof=1) / repeats**0.5


def log_normal(x):
    """N(1, 2^2) in each of two variables."""
    return np.sum(-0.5 * ((x - 1.0) / 2.0) ** 2, axis=1)


@pytest.mark.parametrize("gradient", ["total", "path"])
def test_the_gradient_of_the_elbo_is_that_of_two_gaussians(gradient):
    """q = N(b, e^2a): the ELBO is a - (e^2a + (b - 1)^2) / 8 in each variable, up to a constant."""
    a, b = onp.array([0.3, -0.5]), onp.array([0.0, 2.0])
    params = {"base": {}, "bijection": {"log_scale": a, "shift": b}, "embed": {}}
    mean, error = means_and_errors(objectives.elbo_value_and_grad, params, (500,), gradient)
    exact = onp.concatenate([1.0 - onp.exp(2 * a) / 4.0, -(b - 1.0) / 4.0])
    assert (onp.abs(mean - exact) < 4.5 * error).all() and error.max() < 0.02


def test_the_two_gradients_of_iwae_have_one_mean():
    params = {"base": {}, "bijection": {"log_scale": onp.array([0.3, -0.5]), "shift": onp.zeros(2)}, "embed": {}}
    total, path = (means_and_errors(objectives.iwae_value_and_grad, params, (200, 4), g) for g in ("total", "path"))
    error = onp.hypot(total[1], path[1])
    assert (onp.abs(total[0] - path[0]) < 4.5 * error).all() and error.max() < 0.02
    elbo, _ = means_and_errors(objectives.elbo_value_and_grad, params, (200,), "path")
    assert (onp.abs(elbo - path[0]) > 10 * error).any()  # it is not the ELBO's


def test_each_row_of_a_context_has_a_bound_of_its_own():
    flow = nf.flows.planar(2, layers=2, context_dim=1)
    context = onp.array([[-2.0], [0.0], [3.0]])
    params = flow.init(rng(), onp.zeros((3, 2)), context)
    params["bijection"]["network"][-1]["W"] += rng(1).normal(size=params["bijection"]["network"][-1]["W"].shape)
    seen = []

    def log_joint(x):
        seen.append(x)
        return U1.log_prob(x)

    value = objectives.iwae(flow, log_joint, params, rng(3), 3, 4, context)
    x, log_q = flow.sample_and_log_prob(params, rng(3), 12, onp.repeat(context, 4, axis=0))
    close(seen[0], x, 0.0)
    close(value, onp.log(onp.exp(U1.log_prob(x) - log_q).reshape(3, 4).mean(axis=1)).mean(), 1e-12)
    own, grads = objectives.iwae_value_and_grad(flow, U1.log_prob, params, rng(3), 3, 4, context)
    close(own, value, 1e-12)
    assert max(onp.abs(g).max() for g in nf.trees.leaves(grads)) > 0
    one_for_all = objectives.iwae(flow, log_joint, params, rng(3), 3, 4, context[:1])
    assert len(seen[-1]) == 12 and one_for_all != value


def test_bad_arguments_are_named():
    flow = nf.Flow(nf.StandardNormal(2), nf.Planar(2))
    params = flow.init(rng())
    for f in (objectives.elbo, objectives.elbo_value_and_grad):
        with pytest.raises(ValueError, match=r"log_joint must return one number .* shape \(5,\); got shape \(5, 1\)"):
            f(flow, lambda x: x[:, :1], params, rng(), 5)
    with pytest.raises(ValueError, match=r"log_joint must return .* shape \(10,\); got shape \(\)"):
        objectives.iwae(flow, lambda x: np.sum(x), params, rng(), 5, 2)
    with pytest.raises(ValueError, match="draws must be an integer of at least 1; got 0"):
        objectives.iwae(flow, U1.log_prob, params, rng(), 5, 0)
    with pytest.raises(ValueError, match="gradient must be one of total, path; got 'score'"):
        objectives.elbo_value_and_grad(flow, U1.log_prob, params, rng(), 5, gradient="score")
