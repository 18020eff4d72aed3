"""What holds for every bijection, in D = 1, 2, 5, 6, with wild parameters, in both directions.

`LAWS[name].check(case)` looks at a case in every dimension and dtype of the law; an error says in which it was found.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as onp
from cases.case import DIMS
from comparing import close, close_trees
from evaluation import evaluation, read_only
from pullbacks import pullback_of
from strict import StrictArray, transfers

from nfscratch import trees
from nfscratch.autodiff import register_array_type
from nfscratch.bijections.contract import Bijection, autodiff_jacobian
from nfscratch.check.letters.cancellation import check_log_dets_cancel
from nfscratch.check.letters.jacobian import check_jacobian
from nfscratch.check.letters.round_trip import check_round_trip
from nfscratch.check.letters.shapes import check_shapes

register_array_type(StrictArray)
LAWS: dict[str, "Law"] = {}
SHARE = (1, 5)  # the dimensions in which the default run looks at a case whose map is searched for, or solved for


@dataclass(frozen=True)
class Law:
    """holds: a function of an Evaluation that raises where the law does not hold.

    share: the dtype for each of SHARE, where a share of the law has not all of them.
    """

    holds: Callable
    dims: tuple = DIMS
    dtypes: tuple = ("float64",)
    share: tuple = ()

    def check(self, case, dims=None, share=False):
        """share: only in D = 1 and 5, and in one dtype for each where the law says so."""
        for dim in dims or (d for d in self.dims if d in SHARE or not share):
            for dtype in (self.share[SHARE.index(dim)],) if share and self.share else self.dtypes:
                try:
                    self.holds(evaluation(case, dim, dtype))
                except Exception as error:
                    error.add_note(f"{case.name!r} in D = {dim}, {dtype}")
                    raise


def law(dims=DIMS, dtypes=("float64",), share=()):
    """Enter a function into LAWS under its own name."""

    def enter(holds):
        LAWS[holds.__name__.replace("_", " ")] = Law(holds, dims, dtypes, share)
        return holds

    return enter


def some(a, rows):
    return None if a is None else a[rows]


# --- values ---


@law()
def closed_form_jacobian_is_the_autodiff_one_and_the_numeric_one(at):
    D = onp.prod(at.bijection.in_shape)
    assert at.jacobian.shape == (len(at.z), D, D)
    close(at.jacobian, autodiff_jacobian(at.bijection.forward, *at.arguments), 1e-10)
    close(at.jacobian, at.trial.J, 1e-6)


@law()
def log_det_is_that_of_the_jacobian_in_both_directions(at):
    accuracy = 10 * at.bijection.accuracy  # of a solver, which knows no more than the size of it; 0 for a formula
    close(at.log_det, onp.linalg.slogdet(at.jacobian)[1], max(1e-10, accuracy))
    back = autodiff_jacobian(at.bijection.inverse, at.params, at.x, at.context)
    close(at.trial.claimed("inverse"), onp.linalg.slogdet(back)[1], max(1e-8, accuracy))
    for direction in ("forward", "inverse"):
        check_jacobian(at.trial, direction).raise_if_failed()


@law(dtypes=("float64", "float32"))
def round_trip_shapes_and_cancelling_log_dets(at):
    for look in (check_shapes, check_round_trip, check_log_dets_cancel):
        look(at.trial).raise_if_failed()


@law()
def rows_do_not_see_each_other(at):
    for i in range(len(at.z)):
        row, log_det = at.bijection.forward(at.params, at.z[i : i + 1], some(at.context, slice(i, i + 1)))
        close(row[0], at.x[i], 1e-12)
        close(log_det[0], at.log_det[i], 1e-12)


@law()
def an_empty_batch_and_a_batch_of_one(at):
    for n in (0, 1):
        context = some(at.context, slice(n))
        for direction, points in (("forward", at.z[:n]), ("inverse", at.x[:n])):
            y, log_det, g_params, g_points, _ = pullback_of(at.bijection, direction, at.params, points, context)
            assert (len(y), log_det.shape, g_points.shape) == (n, (n,), points.shape)
            assert [g.shape for g in trees.leaves(g_params)] == [p.shape for p in trees.leaves(at.params)]
            if n == 0:
                assert all(not g.any() for g in trees.leaves(g_params))


# --- gradients ---


@law()
def pullbacks_are_those_of_autograd(at):
    for direction, points in at.directions:
        own = at.pullback(direction)
        traced = pullback_of(at.bijection, direction, at.params, points, at.context, Bijection)
        close(own[0], traced[0], 1e-12)
        close(own[1], traced[1], 1e-12)
        close_trees(own[2], traced[2], at.case.tolerance)
        close(own[3], traced[3], at.case.tolerance)
        assert (own[4] is None) == (at.context is None)
        if at.context is not None:
            close(own[4], traced[4], at.case.tolerance)


@law(dims=(1, 5))
def gradients_agree_with_finite_differences(at):
    """Independent of autograd: a directional derivative along a random direction of all arguments at once."""
    bijection, params, z, context = at.case.example(at.dim, scale=0.5)
    rng = onp.random.default_rng(2)
    x, _ = bijection.forward(params, z, context)
    for direction, points in (("forward", z), ("inverse", x)):
        y, log_det, pullback = getattr(bijection, f"{direction}_vjp")(params, points, context)
        g_y, g_log_det = rng.normal(size=y.shape), rng.normal(size=log_det.shape)
        step = trees.map_leaves(lambda leaf: rng.normal(size=leaf.shape), params, fixed=onp.zeros_like)
        steps = (step, rng.normal(size=points.shape), None if context is None else rng.normal(size=context.shape))
        exact = inner(pullback(g_y, g_log_det), steps)

        def moved(t, direction=direction, points=points, steps=steps, g_y=g_y, g_log_det=g_log_det):
            p = trees.add(params, trees.map_leaves(lambda leaf: t * leaf, steps[0]))
            c = None if context is None else context + t * steps[2]
            y, log_det = getattr(bijection, direction)(p, points + t * steps[1], c)
            return (g_y * y).sum() + (g_log_det * log_det).sum()

        # A kink of ReLU inside one step size spoils that one alone.
        off = (abs(slope(moved, h) - exact) for h in (1e-4, 1e-5, 1e-6))
        assert any(error <= 1e-6 * max(1.0, abs(exact)) for error in off)


def slope(f, h):
    """f'(0), by finite differences of fourth order."""
    return (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h)


def inner(gradients, steps):
    """The sum of gradient times step over parameters, input and context."""
    pairs = zip(trees.leaves(gradients[0]), trees.leaves(steps[0]), strict=True)
    total = sum((g * s).sum() for g, s in pairs) + (gradients[1] * steps[1]).sum()
    return total if steps[2] is None else total + (gradients[2] * steps[2]).sum()


# --- memory and devices ---


@law(dims=(1, 5))
def any_memory_layout_will_do(at):
    """Arguments are left alone, too: those of an Evaluation are read-only."""
    for direction, points in at.directions:
        expected, wide = at.pullback(direction), read_only(onp.repeat(points, 2, axis=0))
        for layout in (read_only(onp.ascontiguousarray(points)), read_only(onp.asfortranarray(points)), wide[::2]):
            got = pullback_of(at.bijection, direction, at.params, layout, at.context)
            close(got[0], expected[0], 1e-12)
            close(got[3], expected[3], 1e-11)
            close_trees(got[2], expected[2], 1e-11)


@law(dims=(1, 5), dtypes=("float64", "float32"), share=("float64", "float32"))
def a_device_array_gives_the_same_numbers(at):
    params, z, context = on_device(at)
    tolerance, dtype = 1e-6 if at.case.searched else 0.0, onp.dtype(at.dtype)
    for direction, points in at.directions:
        here, points = at.pullback(direction), StrictArray(points)
        device = pullback_of(at.bijection, direction, params, points, context)
        plain = getattr(at.bijection, direction)(params, points, context)
        for host, dev in zip((*here[:2], here[3]), (*device[:2], device[3]), strict=True):
            assert type(dev) is StrictArray
            assert dev.dtype == host.dtype == dtype
            close(dev, host, tolerance)
        close_trees(device[2], here[2], tolerance)
        assert all(leaf.dtype == dtype for leaf in trees.leaves(device[2]))
        assert type(plain[0]) is StrictArray
        assert plain[0].dtype == plain[1].dtype == dtype
    close(at.bijection.jacobian(params, z, context), at.jacobian, 1e-6)


@law(dims=(5,))
def a_step_moves_nothing_between_host_and_device(at):
    """After the first call and its way back, masks and permutations are where the arrays are. A search looks at its
    residual."""
    if at.case.searched:
        return
    arguments = on_device(at)
    x, log_det, pullback = at.bijection.forward_vjp(*arguments)
    pullback(x, log_det)
    with transfers() as count:
        x, log_det, pullback = at.bijection.forward_vjp(*arguments)
        pullback(x, log_det)
    assert (count.to_device, count.to_host) == (0, 0)


def on_device(at):
    context = None if at.context is None else StrictArray(at.context)
    return trees.map_leaves(StrictArray, at.params), StrictArray(at.z), context
