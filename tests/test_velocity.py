"""Velocities: their derivatives by formula, by autograd and by differences; and what they refuse."""

import autograd.numpy as np
import numpy as onp
import pytest
from comparing import close, close_trees
from strict import StrictArray

import nfscratch as nf
from nfscratch import backend, trees
from nfscratch.autodiff import register_array_type
from nfscratch.nets.velocity import time_per_row
from nfscratch.targets import gaussian_path

register_array_type(StrictArray)


class Rotating:
    """A network that is no Network: it has no more than init, apply and apply_vjp."""

    def init(self, rng, n_in, n_out, context_dim=0):
        return {"W": rng.normal(size=(n_out, n_in + context_dim))}

    def apply(self, params, x, context=None):
        return np.tanh(np.dot(np.concatenate([x, context], axis=1), params["W"].T))

    def apply_vjp(self, params, x, context=None):
        return nf.autodiff.value_and_vjp(self.apply, params, x, context)


class Bent(nf.Velocity):
    """A velocity with nothing but init and apply."""

    def init(self, rng, dim, context_dim=0):
        return {"W": rng.normal(size=(dim, dim))}

    def apply(self, params, z, t, context=None):
        return np.sin(np.dot(z, params["W"].T)) * np.exp(-time_per_row(t, z))[:, None]


FIELDS = {
    "mlp": nf.Field(nf.MLP((7, 9), "tanh"), 2),
    "no waves": nf.Field(nf.MLP((7,), "silu"), 0),
    "any object": nf.Field(Rotating(), 1),
    "side by side": nf.Field(nf.Heads([nf.MLP((5,), "tanh")] * 3)),
    "probability flow": nf.ProbabilityFlow(nf.Field(nf.MLP((7,), "silu")), 3.0),
    "probability flow of any velocity": nf.ProbabilityFlow(Bent()),
    "own class": Bent(),
}
every_field = pytest.mark.parametrize("name", FIELDS)


def example(name, context_dim=2, directions=2):
    rng, field = onp.random.default_rng(0), FIELDS[name]
    params = trees.map_leaves(lambda p: p + 0.3 * rng.normal(size=p.shape), field.init(rng, 3, context_dim))
    context = rng.normal(size=(5, context_dim)) if context_dim else None
    g = rng.normal(size=(5, 3)), rng.normal(size=(directions, 5, 3))
    return field, params, rng.normal(size=(5, 3)), rng.random(5), rng.normal(size=(directions, 5, 3)), context, g


@every_field
def test_tangents_are_differences_of_the_velocity(name):
    field, params, z, t, v, context, _ = example(name)
    h, (f, Jv) = 1e-5, field.jvp(params, z, t, v, context)
    close(f, field.apply(params, z, t, context), 1e-14)
    for along, tangent in zip(v, Jv, strict=True):
        difference = field.apply(params, z + h * along, t, context) - field.apply(params, z - h * along, t, context)
        close(tangent, difference / (2 * h), 1e-8)


@every_field
@pytest.mark.parametrize("context_dim", [0, 2])
def test_the_pullbacks_are_those_of_autograd(name, context_dim):
    field, params, z, t, v, context, (g_f, g_Jv) = example(name, context_dim)
    f, Jv, pullback = field.jvp_vjp(params, z, t, v, context)
    close(f, field.jvp(params, z, t, v, context)[0], 1e-14)
    close(Jv, field.jvp(params, z, t, v, context)[1], 1e-13)
    _, _, traced = nf.Velocity.jvp_vjp(field, params, z, t, v, context)
    _, of_f = field.apply_vjp(params, z, t, context)
    _, of_f_traced = nf.Velocity.apply_vjp(field, params, z, t, context)
    for ours, theirs in ((pullback(g_f, g_Jv), traced(g_f, g_Jv)), (of_f(g_f), of_f_traced(g_f))):
        for a, b in zip(ours, theirs, strict=True):
            assert (a is None) == (b is None)
            if a is not None:
                close_trees(a, b, 1e-12)


@every_field
def test_a_number_for_the_time_is_the_time_of_every_row(name):
    field, params, z, _, v, context, _ = example(name)
    close(field.apply(params, z, 0.3, context), field.apply(params, z, onp.full(5, 0.3), context), 0.0)
    close(field.jvp(params, z, 0.3, v, context)[1], field.jvp(params, z, onp.full(5, 0.3), v, context)[1], 0.0)


@pytest.mark.parametrize("name", ["mlp", "probability flow"])
@pytest.mark.parametrize("kind", ["float32", "device"])
def test_dtype_and_kind_of_array_stay(name, kind):
    field, params, z, t, v, context, g = example(name)

    def moved(a):
        return backend.asarray(a, dtype="float32") if kind == "float32" else StrictArray(a)

    inside = trees.map_leaves(moved, params)
    f, Jv, pullback = field.jvp_vjp(inside, *map(moved, (z, t, v, context)))
    for ours, exact in zip((f, Jv), field.jvp(params, z, t, v, context), strict=True):
        assert (type(ours), ours.dtype) == (type(moved(z)), moved(z).dtype)
        close(ours, exact, 1e-5 if kind == "float32" else 1e-14)
    leaves = [leaf for tree in pullback(*map(moved, g)) for leaf in trees.leaves(tree)]
    assert {(type(leaf), leaf.dtype) for leaf in leaves} == {(type(f), f.dtype)}


def test_a_fresh_field_stands_still():
    for field in (nf.Field(), nf.ProbabilityFlow()):
        params = field.init(onp.random.default_rng(0), 2)
        assert not field.apply(params, onp.ones((3, 2)), 0.5).any()


@pytest.mark.parametrize("t", [0.0, 0.4, 0.9])
def test_a_perfect_denoiser_gives_the_exact_velocity_and_score_of_the_diffusion(t):
    """g of the module's equation (2), from the closed form of a mixture's score."""
    path = gaussian_path.eight_gaussians(gaussian_path.diffusion(3.0))

    class Exact(nf.Velocity):
        def apply(self, params, z, t, context=None):
            a, b = path.schedule.coefficients(t)
            return -(b / a)[:, None] * (path.score(z, t) + z)

    flow, z = nf.ProbabilityFlow(Exact(), 3.0), path.sample(onp.random.default_rng(0), 50, t)
    close(flow.score({}, z, t), path.score(z, t), 1e-12)
    close(flow.apply({}, z, t), path.velocity(z, t), 1e-12)


def test_the_probability_flow_has_a_finite_end():
    """(1 - t) / b tends to 1 / sqrt(2 T), and a to 1."""

    class One(nf.Velocity):
        def apply(self, params, z, t, context=None):
            return onp.ones_like(z)

    ends = [nf.ProbabilityFlow(One(), 4.0).apply({}, onp.ones((1, 2)), t)[0, 0] for t in (1.0, 1.0 - 1e-9, 0.999)]
    close(ends, [-(8.0**0.5)] * 3, 1e-4)


def test_a_network_of_another_shape_is_refused():
    class Wider(nf.MLP):
        def init(self, rng, n_in, n_out, context_dim=0):
            return super().init(rng, n_in, n_out + 1, context_dim)

    field, z = nf.Field(Wider((3,), "tanh")), onp.ones((4, 2))
    params, message = field.init(onp.random.default_rng(0), 2), r"one velocity for each row.*\(4, 2\).*got \(4, 3\)"
    calls = (field.apply, field.apply_vjp, lambda *a: field.jvp(*a, z[None]), lambda *a: field.jvp_vjp(*a, z[None]))
    for call in calls:
        with pytest.raises(ValueError, match=message):
            call(params, z, 0.5)


@pytest.mark.parametrize("t", [onp.ones(3), onp.ones((4, 1))])
def test_a_time_of_another_length_is_refused(t):
    field = nf.Field()
    with pytest.raises(ValueError, match=r"t must be a number, or have shape \(N,\) with N = 4"):
        field.apply(field.init(onp.random.default_rng(0), 2), onp.ones((4, 2)), t)


def test_a_field_sees_the_time_and_its_waves_and_then_the_context():
    t, context = onp.array([0.0, 0.25, 1.0]), onp.arange(3.0)[:, None]
    waves = [f(onp.pi * k * t) for k in (1, 2) for f in (onp.cos, onp.sin)]
    close(
        nf.Field(frequencies=2).seen(onp.ones((3, 2)), t, context), onp.stack([t, *waves, context[:, 0]], axis=1), 1e-15
    )
