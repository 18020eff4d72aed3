"""What must hold of every part, by name: functions of an example and a dtype that raise AssertionError.

A direction of a bijection and the density of a flow are judged alike: log_prob is a direction without a value.
"""

import tempfile
from contextlib import contextmanager
from pathlib import Path

import numpy as onp

import nfscratch as nf
from battery.example import source
from battery.look import NOT_FOUND, Look
from battery.slopes import jacobian_log_det, slope
from battery.wider import elimination
from nfscratch import autodiff, trees
from nfscratch.checkpoint.description import canonical, describe
from nfscratch.checkpoint.rebuilding import build

DTYPES = ("float64", "float32")
PROMISES = {}
NEAR, ORDINARY = 1e3, 30.0  # how far out a difference quotient, and one of all arguments, is judged


def promise(holds):
    PROMISES[holds.__name__.replace("_", " ")] = holds
    return holds


def check(example, name=None, dtype=None):
    """Every promise in every dtype, or those that are named."""
    for kind in DTYPES if dtype is None else (dtype,):
        with using(kind):
            for law in PROMISES if name is None else (name,):
                _check(example, law, kind)


def _check(example, law, dtype):
    try:
        PROMISES[law](example, dtype)
    except Exception as error:
        error.add_note(f"promise {law!r} in {dtype}\n{example.code(law, dtype)}")
        error.broken = (law, dtype)
        raise


@contextmanager
def using(dtype):
    """nf.use(dtype=...), for parts without parameters, and float64 again; LAPACK's place taken for long doubles."""
    nf.use(dtype=dtype)
    try:
        with elimination():
            yield
    finally:
        nf.use(dtype="float64")


def directions(example):
    """A distribution by itself is looked at as a density alone."""
    moves = not isinstance(example.bijection, nf.Reshape) or not example.is_flow
    return (*(("forward", "inverse") if moves else ()), *(("log_prob",) if example.is_flow else ()))


def looks(example, dtype):
    """The directions that have values at the example's points. A search or a solver may give up."""
    for direction in directions(example):
        look = example.look(dtype, direction)
        try:
            look.value  # noqa: B018
        except NOT_FOUND:
            continue
        yield look


def judged(look):
    return look.has_judge and look.rows.any()


def within(look, what, got, expected, allowed):
    """Row by row; got and expected in the digits of the judge."""
    with onp.errstate(all="ignore"):
        error = onp.abs(got.astype(look.judged_in) - expected).astype("float64")
    bad = look.rows.reshape(-1, *[1] * (error.ndim - 1)) & ~(error <= allowed)
    if bad.any():
        at = tuple(int(i[0]) for i in onp.nonzero(bad))
        point = [float(v) for v in look.points[at[0]].reshape(-1)]
        raise AssertionError(
            f"{look.direction}: {what} is off by {error[at]:.3g}, "
            f"allowed {onp.broadcast_to(allowed, error.shape)[at]:.3g}: "
            f"{float(got[at])!r} where {float(expected[at])!r} is right, at {point}"
        )


# --- values ---


@promise
def dtype_and_shape_are_kept(example, dtype):
    for look in looks(example, dtype):
        y, l = look.value
        assert (y.dtype, l.dtype) == (onp.dtype(dtype),) * 2, f"{look.direction} gives {y.dtype} and {l.dtype}"
        assert l.shape == (len(look.points),), f"log_det of {look.direction} has shape {l.shape}"
        assert y.shape[0] == len(l), f"{look.direction} has shape {y.shape}"


@promise
def values_have_the_digits_of_their_dtype(example, dtype):
    for look in filter(judged, looks(example, dtype)):
        for what, got, expected, allowed in zip(("x", "log_det"), look.value, look.exact, look.allowed, strict=True):
            within(look, what, got, expected, allowed)


@promise
def round_trip_and_cancelling_log_dets(example, dtype):
    for first in filter(judged, looks(example, dtype)):
        if first.direction == "log_prob":
            continue
        other = "inverse" if first.direction == "forward" else "forward"
        back = Look(example, dtype, other, first.value[0], first)
        try:
            z, log_det = back.value
        except NOT_FOUND:
            if (onp.abs(back.points) <= NEAR).all():
                raise
            continue
        if judged(back):
            # (at the exact x, the way back ends where it began)
            within(_both(first, back), "the way back", z, first.arguments[1], back.allowed[0])
            allowed, both = first.allowed[1] + back.allowed[1], _both(first, back)
            both.rows &= first.tells_ones & back.tells_ones
            within(both, "the sum of log-dets", first.value[1] + log_det, 0 * log_det, allowed)


def _both(first, back):
    both = Look(first.example, first.dtype, back.direction, back.points)
    both.rows = first.rows & back.rows
    return both


@promise
def log_det_is_that_of_the_numeric_jacobian(example, dtype):
    for look in filter(judged, looks(example, dtype)):
        if look.direction == "log_prob":
            continue
        true, doubt = jacobian_log_det(look)
        rows = look.rows & (onp.abs(look.points).reshape(len(look.points), -1).max(axis=1) <= NEAR) & (doubt < 1e-3)
        error = onp.abs(look.value[1].astype("float64") - true)
        bad = rows & ~(error <= look.allowed[1] + 1e-7 + 10 * doubt)
        if bad.any():
            i = int(onp.argmax(bad))
            point = [float(v) for v in look.points[i].reshape(-1)]
            raise AssertionError(
                f"log_det of {look.direction} is {float(look.value[1][i])!r} where {true[i]!r} is that of the "
                f"numeric Jacobian (known to {doubt[i]:.1e}), at {point}"
            )


@promise
def rows_are_independent(example, dtype):
    for look in filter(judged, looks(example, dtype)):
        for i in onp.flatnonzero(look.rows):  # one beyond the range may be refused alone
            own = None if look.context is None else look.context[i : i + 1]
            with onp.errstate(all="ignore"):
                row = look.apply(look.direction, look.params, look.points[i : i + 1], own)
            for what, alone, all_rows, allowed in zip(("x", "log_det"), row, look.value, look.allowed, strict=True):
                one = Look(example, dtype, look.direction, look.points[i : i + 1])
                one.rows = look.rows[i : i + 1]
                within(one, f"{what} of a row alone", alone, all_rows[i : i + 1], allowed[i : i + 1])


@promise
def density_is_a_number_or_minus_infinity(example, dtype):
    points = example.points(example.flow.shape, dtype)
    log_p = example.flow.log_prob(example.params_in(dtype), points, example.context(dtype))
    assert log_p.dtype == onp.dtype(dtype), f"log_prob has {log_p.dtype}"
    assert log_p.shape == (len(points),), f"log_prob has shape {log_p.shape}"
    bad = ~(log_p < onp.inf)
    assert not bad.any(), f"log_prob is {log_p[bad][0]} at {[float(v) for v in points[bad][0].reshape(-1)]}"


# --- what is done with arguments, gradients, files ---


@promise
def arguments_are_left_alone_and_roads_agree(example, dtype):
    for look in filter(judged, looks(example, dtype)):
        params, points, context = widened_read_only(look.params), read_only(look.points), read_only(look.context)
        for name, values in by_every_road(look, params, points, context):
            for what, got, expected, allowed in zip(("x", "log_det"), values, look.value, look.allowed, strict=True):
                within(look, f"{what} of {name}", got, expected, allowed)


def by_every_road(look, params, points, context):
    """The values of the kernel and of the road for raw arrays, and of the plain definition, once more."""
    with onp.errstate(all="ignore"):
        yield "plain", look.apply(look.direction, params, points, context)
        if look.direction == "log_prob":
            flow = look.example.flow
            value, back = autodiff.value_and_vjp(flow.log_prob, params, points, context)
            back(onp.ones_like(value))
            yield "log_prob under a derivative", (look.value[0], value)
            return
        b, arguments = look.example.bijection, (params["bijection"], points, context)
        yield f"{look.direction}_value", getattr(b, f"{look.direction}_value")(*arguments)
        *values, back = getattr(b, f"{look.direction}_vjp")(*arguments)
        back(onp.ones_like(values[0]), onp.ones_like(values[1]))
        yield f"{look.direction}_vjp", values


@promise
def gradients_are_those_of_finite_differences(example, dtype):
    for look in filter(judged, looks(example, dtype)):
        if example.bijection.stochastic or (onp.abs(look.points) > ORDINARY).any() or not look.rows.all():
            continue
        exact, numeric, allowed = slope(look)
        assert allowed == onp.inf or abs(exact - numeric) <= allowed, (
            f"{look.direction}: the pullback gives {exact!r} along a direction where {numeric!r} is right "
            f"(allowed {allowed:.3g})"
        )


@promise
def saved_and_loaded_it_is_the_same(example, dtype):
    description = describe(example.flow)
    assert canonical(describe(build(description))) == canonical(description), "another part is read than was written"
    printed = eval(source(example.flow), {"nf": nf, "inf": onp.inf})
    assert canonical(describe(printed)) == canonical(description), f"another part is printed: {source(example.flow)}"
    if example.seed % 8:
        return
    params, context = example.params_in(dtype), example.context(dtype)
    points = onp.clip(example.points(example.flow.shape, dtype), -3, 3)
    with tempfile.TemporaryDirectory() as folder:
        nf.save(Path(folder, "flow"), example.flow, params)
        flow, again = nf.load(Path(folder, "flow"))
    try:
        with onp.errstate(all="ignore"):
            both = [f.log_prob(p, points, context) for f, p in ((example.flow, params), (flow, again))]
    except NOT_FOUND:
        return
    assert onp.array_equal(*both, equal_nan=True), f"log_prob is {both[1]} after loading, {both[0]} before"


def read_only(a):
    if a is None:
        return None
    a = a.copy()
    a.setflags(write=False)
    return a


def widened_read_only(tree):
    return trees.map_leaves(read_only, tree, fixed=read_only)
