"""Derivatives by differences, in the digits of the judge: log|det J| of a direction, and slopes along all arguments.

Of several steps, the two neighbours that agree best decide, and what they differ by is the doubt. Two numbers can
agree by accident, or both be 0, so that a doubt has what the digits of the differences may cost, too. A slope may be
off by a few eps |y| / h, and log|det J| by

    |d log|det J|| = |tr J^-1 dJ| <= sum_ij |J^-1|_ij |dJ|_ji,       |dJ| of an entry: a few eps |y| / h

At a kink the differences to the two sides differ by as much at every step, however short: such a point is not judged.
"""

import numpy as onp

from battery.example import levels
from battery.held_steps import held, recorded
from battery.wider import inv, slogdet
from nfscratch import autodiff, trees

STEPS = {"float64": (3e-3, 3e-4, 3e-5, 3e-7), "longdouble": (1e-3, 1e-4, 1e-5, 1e-7)}
FEW = 4.0  # eps of |y|: what a difference may be off
KINK = 0.05  # of the jump at the step before: where a map is smooth, a step 100 times shorter leaves 0.01 of it


def jacobian_log_det(look):
    """log|det J| (N,) and the doubt (N,), both float64."""
    params, points, context = look.arguments
    sizes = onp.maximum(1e-3, onp.minimum(1.0, onp.abs(points)) + 1.0).reshape(len(points), -1)
    h = onp.array(STEPS[look.judged_in], dtype=points.dtype)[:, None, None] * sizes
    tries = [_log_det_of(look, *at) for at in zip(_beside(look, params, points, context, h), h, strict=True)]
    values, kinks, rounding = (onp.stack(v) for v in zip(*tries, strict=True))  # (S, N)
    with onp.errstate(all="ignore"):
        apart = onp.abs(onp.diff(values, axis=0))
    apart = onp.where(onp.isnan(apart), onp.inf, apart)
    best = onp.argmin(apart, axis=0)
    kinked = (kinks[-1] > 1e-6) & (kinks[-1] > KINK * kinks[-2])
    of = lambda table, at: onp.take_along_axis(table, at[None], axis=0)[0].astype("float64")  # noqa: E731
    doubt = onp.where(kinked, onp.inf, of(apart, best) + of(rounding, best + 1))
    return of(values, best + 1), doubt


def _beside(look, params, points, context, h):
    """What the points go to that lie 1, -1, 2, -2 steps beside: (4, D, N, D), NaN where there is no such point.

    h: (S, N, D), for S steps. All are evaluated together, since a search or a solver takes as long for one; or step by
    step, where a point beside is none.
    """
    n, D = len(points), points[0].size
    offsets = onp.eye(D)[:, None, :] * h[:, None]  # (S, D, N, D)
    moved = points.reshape(n, D) + onp.array([1, -1, 2, -2], dtype=h.dtype)[:, None, None, None] * offsets[:, None]
    repeated = None if context is None else onp.tile(context, (4 * D * len(h), 1))
    try:
        y = look.wide(params, moved.reshape(-1, *points.shape[1:]), repeated)[0]
    except ValueError:
        if len(h) == 1:
            return onp.full((1, 4, D, n, D), onp.nan, dtype=h.dtype)
        return onp.concatenate([_beside(look, params, points, context, step[None]) for step in h])
    return y.reshape(len(h), 4, D, n, -1)


def _log_det_of(look, y, h):
    """log|det J| by differences of fourth order, the largest jump of a slope relative to the slopes, and what the
    digits of the differences may cost.
    """
    _, D, n, width = y.shape
    if width != D or onp.isnan(y).all():
        return onp.full(n, onp.nan), onp.zeros(n), onp.zeros(n)
    with onp.errstate(all="ignore"):
        J = (8 * (y[0] - y[1]) - (y[2] - y[3])) / (12 * h.T[:, :, None])  # (D_in, N, D_out)
        jump = onp.abs(y[0] + y[1] - 2 * look.exact[0].reshape(n, -1)) / h.T[:, :, None]
        size = onp.maximum(onp.abs(J).max(axis=(0, 2)), 1e-30)
        J = onp.moveaxis(J, 1, 0)
        finite = onp.isfinite(J).all(axis=(1, 2))
        safe = onp.where(finite[:, None, None], J, onp.eye(D, dtype=J.dtype))
        log_det, inverse = _judged_matrix(safe)
        off = FEW * onp.finfo(y.dtype).eps * onp.abs(y).max(axis=0) / h.T[:, :, None]  # |dJ|, as J was
        rounding = onp.einsum("nji,inj->n", onp.abs(inverse), off)
        return onp.where(finite, log_det, onp.nan), (jump.max(axis=(0, 2)) / size).astype("float64"), rounding


def _judged_matrix(J):
    """log|det J| and J^-1, by LAPACK in float64 where that can judge; in the digits of J where its condition takes
    them away.
    """
    narrow = J.astype("float64")
    if (onp.linalg.cond(narrow) < 1e6).all():
        return onp.linalg.slogdet(narrow)[1], onp.linalg.inv(narrow)
    return slogdet(J)[1], inv(J)


def slope(look):
    """The pullback along a random direction of all arguments, the same by differences, and what is allowed."""
    rng = onp.random.default_rng(2)
    draw = lambda a: rng.normal(size=a.shape)  # noqa: E731
    along = draw(look.points) if levels(look.example.flow) is None else onp.zeros(look.points.shape)
    steps = trees.map_leaves(draw, look.params, fixed=onp.zeros_like), along
    steps = (*steps, None if look.context is None else draw(look.context))
    weights = [draw(v) for v in look.value]
    with recorded() as solves:
        exact, size = _by_pullback(look, steps, weights)
    at = _line(look, steps, weights, solves)
    middle = at(0.0)
    values = [_along(at, middle, h) for h in STEPS[look.judged_in][1:]]
    slopes, jumps = onp.array([v for v, _ in values]), [jump for _, jump in values]
    apart = onp.abs(onp.diff(slopes))
    best = int(onp.argmin(onp.where(onp.isnan(apart), onp.inf, apart)))
    doubt = apart[best] + (onp.inf if jumps[-1] > KINK * jumps[-2] and jumps[-1] > 1e-7 * size else 0.0)
    doubt += FEW * float(onp.finfo(look.judged_in).eps) * _sizes(look, weights) / STEPS[look.judged_in][best + 2]
    per_digit = (look.allowed[0].max(initial=0.0) + look.allowed[1].max()) * size
    relative = 1e-6 if look.dtype == "float64" else 1e-2
    allowed = relative * max(size, abs(float(slopes[best + 1]))) + 10 * doubt + per_digit
    return exact, float(slopes[best + 1]), allowed if onp.isfinite(allowed) else onp.inf


def _sizes(look, weights):
    """Of the terms of the weighted value."""
    return sum(float(onp.abs(w * v).sum()) for w, v in zip(weights, look.exact, strict=True))


def _by_pullback(look, steps, weights):
    """<gradient, step>, and the sum of the sizes of its terms."""
    g_y, g_l = (w.astype(look.dtype) for w in weights)
    with onp.errstate(all="ignore"):
        if look.direction == "log_prob":
            _, back = autodiff.value_and_vjp(look.example.flow.log_prob, look.params, look.points, look.context)
            gradients = back(g_l)
            pairs = [*zip(trees.leaves(gradients[0]), trees.leaves(steps[0]), strict=True)]
        else:
            method = getattr(look.example.bijection, f"{look.direction}_vjp")
            *_, back = method(look.params["bijection"], look.points, look.context)
            gradients = back(g_y, g_l)
            pairs = [*zip(trees.leaves(gradients[0]), trees.leaves(steps[0]["bijection"]), strict=True)]
    pairs += [(g, s) for g, s in zip(gradients[1:], steps[1:], strict=True) if s is not None]
    terms = [g.astype("float64") * s for g, s in pairs]
    assert all(g.dtype == onp.dtype(look.dtype) for g, _ in pairs), "a gradient has another dtype"
    return float(sum(t.sum() for t in terms)), float(sum(onp.abs(t).sum() for t in terms))


def _line(look, steps, weights, solves):
    """The weighted value as a function of one number t: all arguments move by t times their step."""
    params, points, context = look.arguments
    weights = [w.astype(look.judged_in) for w in weights]

    def at(t):
        moved = trees.add(params, trees.map_leaves(lambda s: (t * s).astype(look.judged_in), steps[0]))
        near = None if context is None else context + t * steps[2]
        try:
            with held(solves):
                y, l = look.wide(moved, points + t * steps[1], near)
        except ValueError:
            return onp.nan
        with onp.errstate(all="ignore"):
            return (weights[0] * y).sum() + (weights[1] * l).sum()

    return at


def _along(at, middle, h):
    """The slope by differences of fourth order, and how much the slopes to both sides differ."""
    f = {k: at(k * h) for k in (1, -1, 2, -2)}
    return (8 * (f[1] - f[-1]) - (f[2] - f[-2])) / (12 * h), float(abs(f[1] + f[-1] - 2 * middle) / h)
