"""Laws: what holds for every bijection, in D = 1, 2, 5, 6, with wild parameters, in both directions."""

import numpy as onp
import pytest
from cases import CASES, DIMS, example
from strict import StrictArray, transfers

from nfscratch import backend, check, trees
from nfscratch.autodiff import register_array_type
from nfscratch.bijections.contract import Bijection, autodiff_jacobian

register_array_type(StrictArray)
every_case = pytest.mark.parametrize("dim", DIMS)
every_name = pytest.mark.parametrize("name", CASES)


def close(a, b, tolerance):
    """Equal to `tolerance`, relative to the largest entry (at least 1)."""
    a, b = (onp.asarray(backend.to_numpy(v), dtype=onp.float64) for v in (a, b))
    assert a.shape == b.shape
    if a.size:
        assert onp.abs(a - b).max() <= tolerance * max(1.0, onp.abs(b).max())


def close_trees(a, b, tolerance):
    pairs_a, pairs_b = list(trees.named_leaves(a)), list(trees.named_leaves(b))
    assert [path for path, _ in pairs_a] == [path for path, _ in pairs_b]
    for (_, p), (_, q) in zip(pairs_a, pairs_b, strict=True):
        close(p, q, tolerance)


def flat_jacobian(bijection, params, z, context):
    J = bijection.jacobian(params, z, context)
    D = onp.prod(bijection.in_shape)
    assert J.shape == (len(z), D, D)
    return J


@every_name
@every_case
def test_closed_form_jacobian_is_the_autodiff_one_and_the_numeric_one(name, dim):
    bijection, params, z, context = example(name, dim)
    J = flat_jacobian(bijection, params, z, context)
    close(J, autodiff_jacobian(bijection.forward, params, z, context), 1e-10)
    close(J, check.finite_difference_jacobian(lambda a: bijection.forward(params, a, context)[0], z), 1e-6)


@every_name
@every_case
def test_log_det_is_that_of_the_jacobian_in_both_directions(name, dim):
    bijection, params, z, context = example(name, dim)
    x, log_det = bijection.forward(params, z, context)
    close(log_det, onp.linalg.slogdet(bijection.jacobian(params, z, context))[1], 1e-10)
    _, log_det_back = bijection.inverse(params, x, context)
    close(log_det_back, onp.linalg.slogdet(autodiff_jacobian(bijection.inverse, params, x, context))[1], 1e-8)
    for finding in check.log_det_is_jacobian(bijection, params, z, context):
        finding.raise_if_failed()


@every_name
@every_case
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_round_trip_shapes_and_cancelling_log_dets(name, dim, dtype):
    bijection, params, z, context = in_dtype(example(name, dim), dtype)
    check.shapes_and_dtypes(bijection, params, z, context).raise_if_failed()
    check.round_trip(bijection, params, z, context).raise_if_failed()
    check.log_dets_cancel(bijection, params, z, context).raise_if_failed()


def in_dtype(case, dtype):
    bijection, params, z, context = case
    return bijection, trees.cast(params, dtype), z.astype(dtype), None if context is None else context.astype(dtype)


def directions(bijection, params, z, context):
    """(direction, input) for both, at the same pair of points."""
    x, _ = bijection.forward(params, z, context)
    return [("forward", z), ("inverse", x)]


def pullback_of(bijection, direction, params, at, context, rng, cls=None):
    """y, log_det and the three gradients for random cotangents; `cls`: whose method (Bijection: the default)."""
    method = getattr(cls or type(bijection), f"{direction}_vjp")
    y, log_det, pullback = method(bijection, params, at, context)
    g_y, g_log_det = (like(rng.normal(size=a.shape), a) for a in (y, log_det))
    return y, log_det, *pullback(g_y, g_log_det)


def like(host, a):
    return backend.asarray(host, dtype=a.dtype, like=a)


@every_name
@every_case
def test_pullbacks_are_those_of_autograd(name, dim):
    bijection, params, z, context = example(name, dim)
    for direction, at in directions(bijection, params, z, context):
        own = pullback_of(bijection, direction, params, at, context, onp.random.default_rng(1))
        traced = pullback_of(bijection, direction, params, at, context, onp.random.default_rng(1), Bijection)
        close(own[0], traced[0], 1e-12)
        close(own[1], traced[1], 1e-12)
        close_trees(own[2], traced[2], 1e-11 if "numeric" in name or "chain" in name else 1e-12)
        close(own[3], traced[3], 1e-11 if "numeric" in name or "chain" in name else 1e-12)
        assert (own[4] is None) == (context is None)
        if context is not None:
            close(own[4], traced[4], 1e-11 if "numeric" in name or "chain" in name else 1e-12)


@every_name
@pytest.mark.parametrize("dim", (1, 5))
def test_gradients_agree_with_finite_differences(name, dim):
    """Independent of autograd: a directional derivative along a random direction of all arguments at once."""
    bijection, params, z, context = example(name, dim, scale=0.5)
    rng = onp.random.default_rng(2)
    for direction, at in directions(bijection, params, z, context):
        y, log_det, pullback = getattr(bijection, f"{direction}_vjp")(params, at, context)
        g_y, g_log_det = rng.normal(size=y.shape), rng.normal(size=log_det.shape)
        step = trees.map_leaves(lambda leaf: rng.normal(size=leaf.shape), params, fixed=onp.zeros_like)
        steps = (step, rng.normal(size=at.shape), None if context is None else rng.normal(size=context.shape))
        exact = inner(pullback(g_y, g_log_det), steps)

        def moved(t, direction=direction, at=at, steps=steps, g_y=g_y, g_log_det=g_log_det):
            p = trees.add(params, trees.map_leaves(lambda leaf: t * leaf, steps[0]))
            c = None if context is None else context + t * steps[2]
            y, log_det = getattr(bijection, direction)(p, at + t * steps[1], c)
            return (g_y * y).sum() + (g_log_det * log_det).sum()

        def slope(h, moved=moved):
            return (8 * (moved(h) - moved(-h)) - (moved(2 * h) - moved(-2 * h))) / (12 * h)

        # A kink of ReLU inside one step size spoils that one alone.
        assert min(abs(slope(h) - exact) for h in (1e-4, 1e-5, 1e-6)) <= 1e-6 * max(1.0, abs(exact))


def inner(gradients, steps):
    """The sum of gradient times step over parameters, input and context."""
    pairs = zip(trees.leaves(gradients[0]), trees.leaves(steps[0]), strict=True)
    total = sum((g * s).sum() for g, s in pairs) + (gradients[1] * steps[1]).sum()
    return total if steps[2] is None else total + (gradients[2] * steps[2]).sum()


@every_name
@pytest.mark.parametrize("dim", (1, 2, 5))
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_device_array_gives_the_same_numbers(name, dim, dtype):
    bijection, params, z, context = in_dtype(example(name, dim), dtype)
    there = trees.map_leaves(StrictArray, params)
    there_context = None if context is None else StrictArray(context)
    for direction, at in directions(bijection, params, z, context):
        here = pullback_of(bijection, direction, params, at, context, onp.random.default_rng(1))
        there_at = StrictArray(at)
        device = pullback_of(bijection, direction, there, there_at, there_context, onp.random.default_rng(1))
        plain = getattr(bijection, direction)(there, there_at, there_context)
        for host, dev in zip((*here[:2], here[3]), (*device[:2], device[3]), strict=True):
            assert type(dev) is StrictArray
            assert dev.dtype == host.dtype == onp.dtype(dtype)
            close(dev, host, 0.0 if "numeric" not in name else 1e-6)
        close_trees(device[2], here[2], 0.0 if "numeric" not in name else 1e-6)
        assert all(leaf.dtype == onp.dtype(dtype) for leaf in trees.leaves(device[2]))
        assert type(plain[0]) is StrictArray
        assert plain[0].dtype == plain[1].dtype == onp.dtype(dtype)
    close(flat_jacobian(bijection, there, StrictArray(z), there_context), bijection.jacobian(params, z, context), 1e-6)


@pytest.mark.parametrize("name", [name for name in CASES if "numeric" not in name])  # a search looks at its residual
def test_a_step_moves_nothing_between_host_and_device(name):
    """After the first call, masks and permutations are where the arrays are."""
    bijection, params, z, context = example(name, 5)
    there = trees.map_leaves(StrictArray, params)
    arguments = (StrictArray(z), None if context is None else StrictArray(context))
    bijection.forward_vjp(there, *arguments)
    with transfers() as count:
        x, log_det, pullback = bijection.forward_vjp(there, *arguments)
        pullback(x, log_det)
    assert (count.to_device, count.to_host) == (0, 0)


@every_name
@pytest.mark.parametrize("dim", (1, 5))
def test_arguments_are_left_alone_and_any_memory_layout_will_do(name, dim):
    bijection, params, z, context = example(name, dim)
    params = trees.map_leaves(read_only, params)
    context = None if context is None else read_only(context)
    for direction, at in directions(bijection, params, z, context):
        expected = pullback_of(bijection, direction, params, at, context, onp.random.default_rng(1))
        wide = onp.repeat(at, 2, axis=0)
        for layout in (read_only(onp.ascontiguousarray(at)), read_only(onp.asfortranarray(at)), read_only(wide)[::2]):
            got = pullback_of(bijection, direction, params, layout, context, onp.random.default_rng(1))
            close(got[0], expected[0], 1e-12)
            close(got[3], expected[3], 1e-11)
            close_trees(got[2], expected[2], 1e-11)


def read_only(a):
    a = a.copy()
    a.setflags(write=False)
    return a


@every_name
@every_case
@pytest.mark.parametrize("n", (0, 1))
def test_an_empty_batch_and_a_batch_of_one(name, dim, n):
    bijection, params, z, context = example(name, dim)
    z, context = z[:n], None if context is None else context[:n]
    for direction, at in directions(bijection, params, z, context):
        y, log_det, g_params, g_at, _ = pullback_of(
            bijection, direction, params, at, context, onp.random.default_rng(1)
        )
        assert y.shape == g_at.shape[:1] + y.shape[1:]
        assert (len(y), log_det.shape, g_at.shape) == (n, (n,), at.shape)
        assert [g.shape for g in trees.leaves(g_params)] == [p.shape for p in trees.leaves(params)]
        if n == 0:
            assert all(not g.any() for g in trees.leaves(g_params))


@every_name
@every_case
def test_rows_do_not_see_each_other(name, dim):
    bijection, params, z, context = example(name, dim)
    whole, log_det = bijection.forward(params, z, context)
    for i in range(len(z)):
        row, row_log_det = bijection.forward(params, z[i : i + 1], None if context is None else context[i : i + 1])
        close(row[0], whole[i], 1e-12)
        close(row_log_det[0], log_det[i], 1e-12)
