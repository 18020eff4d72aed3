"""autograd with nfscratch's rules: right derivatives, the dtype and the array type of the arguments, no host copies."""

import subprocess
import sys

import autograd.numpy as np
import numpy as onp
import pytest
from autograd import elementwise_grad, grad, hessian, jacobian, make_hvp, make_jvp, make_vjp
from autograd.builtins import dict as adict
from autograd.extend import vspace
from autograd.test_util import check_grads
from autograd.tracer import isbox, trace_stack
from strict import StrictArray, transfers

from nfscratch import backend
from nfscratch.autodiff import (
    known,
    logsumexp,
    rebox,
    register_array_type,
    solve_triangular,
    unbox,
    value_and_vjp,
)
from nfscratch.autodiff.roads import Road, road

register_array_type(StrictArray)
inf = onp.inf

# ----- the cases: name -> (function, arguments) -----

draw = onp.random.default_rng(0)
a34, b34, c4, s33 = draw.normal(size=(3, 4)), draw.normal(size=(3, 4)), draw.normal(size=4), draw.normal(size=(3, 3))
t234, u245, col = draw.normal(size=(2, 3, 4)), draw.normal(size=(2, 4, 5)), draw.normal(size=(3, 1))
p34 = onp.exp(a34)
v5 = draw.normal(size=5)
ties = onp.array([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]])
spd = s33 @ s33.T + 3 * onp.eye(3)
mask34 = a34 > 0
order = onp.array([2, 0, 0, 1])
along = onp.array([[2, 0, 0, 1], [1, 1, 0, 2], [0, 2, 1, 1]])


def at(constant, x):
    """A host constant where x is."""
    x = unbox(x)
    return backend.asarray(constant, dtype=constant.dtype, like=unbox(x))


CASES = {
    # reductions
    "sum": (np.sum, [a34]),
    "sum axis": (lambda x: np.sum(x, axis=1), [a34]),
    "sum axis 0-d": (lambda x: np.sum(x * 1.0), [onp.array(2.0)]),
    "sum axes kept": (lambda x: np.sum(x, axis=(0, -1), keepdims=True), [t234]),
    "mean": (np.mean, [a34]),
    "mean axis": (lambda x: np.mean(x, axis=-1), [a34]),
    "mean axes": (lambda x: np.mean(x, axis=(0, 2)), [t234]),
    "prod": (lambda x: np.prod(x, axis=1), [a34]),
    "var": (lambda x: np.var(x, axis=0), [a34]),
    "var all ddof": (lambda x: np.var(x, ddof=1), [a34]),
    "var axes": (lambda x: np.var(x, axis=(0, 1)), [t234]),
    "std": (lambda x: np.std(x, axis=0, keepdims=True), [a34]),
    "std axes": (lambda x: np.std(x, axis=(0, 1), ddof=1), [t234]),
    "max": (np.max, [a34]),
    "max axis": (lambda x: np.max(x, axis=1), [a34]),
    "amax kept": (lambda x: np.amax(x, axis=-1, keepdims=True), [a34]),
    "min axes": (lambda x: np.min(x, axis=(0, 2)), [t234]),
    "amin": (lambda x: np.amin(x, axis=0), [a34]),
    # choosing
    "maximum": (np.maximum, [a34, b34]),
    "maximum broadcast": (np.maximum, [a34, col]),
    "maximum number": (lambda x: np.maximum(x, 0.1), [a34]),
    "number maximum": (lambda x: np.maximum(0.1, x), [a34]),
    "minimum": (np.minimum, [a34, c4]),
    "fmax": (np.fmax, [a34, b34]),
    "fmin": (np.fmin, [a34, b34]),
    "where": (lambda x, y: np.where(at(mask34, x), x, y), [a34, b34]),
    "where broadcast": (lambda x, y: np.where(at(mask34, x), x, y), [col, c4]),
    "where number": (lambda x: np.where(x > 0, x, 0.0), [a34]),
    "where two numbers": (lambda x: x * np.where(x > 0, x, 1.0), [a34]),
    "where small mask": (lambda x, y: np.where(at(onp.array(True), x), x, y), [col, c4]),
    "clip": (lambda x: np.clip(x, -0.5, 0.5), [a34]),
    "abs": (np.abs, [a34]),
    # powers, exponentials
    "power number": (lambda x: x**3, [a34]),
    "power zero": (lambda x: x**0, [a34]),
    "power negative": (lambda x: x**-2, [p34]),
    "power half": (lambda x: x**0.5, [p34]),
    "number power": (lambda x: 2.0**x, [a34]),
    "power": (np.power, [p34, b34]),
    "square": (np.square, [a34]),
    "sqrt": (np.sqrt, [p34]),
    "exp log tanh": (lambda x: np.log(np.exp(x) + np.square(np.tanh(x))), [a34]),
    "exp2": (np.exp2, [a34]),
    "log2": (np.log2, [p34]),
    "log10": (np.log10, [p34]),
    "log1p expm1": (lambda x: np.log1p(x) + np.expm1(x), [p34]),
    "logaddexp": (np.logaddexp, [a34, b34]),
    "softplus": (lambda x: np.logaddexp(0.0, x), [a34]),
    "softplus of a column": (lambda x, y: np.logaddexp(x, y) + np.logaddexp(y, 1.0), [a34, col]),
    "add sub mul div": (lambda x, y: (x + y) * (x - y) / (2.0 + np.square(y)) + 1 - x / 3, [a34, c4]),
    "mod": (lambda x: x % 0.7, [a34]),
    "arctan2": (np.arctan2, [a34, b34]),
    # shapes
    "reshape": (lambda x: np.reshape(x, (4, 3)), [a34]),
    "reshape method": (lambda x: x.reshape(2, 6) + x.reshape((2, -1)), [a34]),
    "ravel": (np.ravel, [a34]),
    "transpose": (lambda x: np.transpose(x, (2, 0, 1)), [t234]),
    "T swapaxes moveaxis": (lambda x: np.moveaxis(np.swapaxes(x.T, 0, 1), 0, 2), [t234]),
    "expand squeeze": (lambda x: np.squeeze(np.expand_dims(x, 1) * 2.0, axis=1), [a34]),
    "broadcast_to": (lambda x: np.broadcast_to(x, (3, 4)), [col]),
    "broadcast_to adds": (lambda x: np.broadcast_to(x, (2, 3, 4)), [c4]),
    "broadcast_to both": (lambda x: np.broadcast_to(x, (2, 3, 4)), [col]),
    "repeat": (lambda x: np.repeat(x, 2, axis=0), [a34]),
    "tile": (lambda x: np.tile(x, (2, 1)), [a34]),
    "roll flip": (lambda x: np.roll(np.flip(x, axis=-1), 1, axis=0), [a34]),
    "flip all": (lambda x: np.flip(x), [a34]),
    "pad": (lambda x: np.pad(x, ((1, 0), (0, 2)), "constant"), [a34]),
    "tril triu": (lambda x: np.tril(x, -1) + 2.0 * np.triu(x), [s33]),
    "diag": (lambda x: np.diag(x), [c4]),
    "cumsum": (lambda x: np.cumsum(x, axis=1), [a34]),
    "cumsum first": (lambda x: np.cumsum(x, axis=0), [a34]),
    "diff": (lambda x: np.diff(x, axis=0), [a34]),
    "diff twice": (lambda x: np.diff(x, n=2), [a34]),
    "diff to nothing": (lambda x: np.diff(x, axis=1), [col]),
    # indexing
    "x[1]": (lambda x: x[1], [a34]),
    "x[-1, 2]": (lambda x: x[-1, 2], [a34]),
    "x[..., ::-2]": (lambda x: x[..., ::-2], [a34]),
    "x[:, None]": (lambda x: x[:, None] * x[None], [c4]),
    "x[()]": (lambda x: x[()] * 2.0, [onp.array(2.0)]),
    "x[i]": (lambda x: x[at(order, x)], [a34]),
    "x[:, i]": (lambda x: x[:, at(order, x)], [a34]),
    "x[i, i]": (lambda x: x[at(order, x), at(order, x)], [s33]),
    "x[i, 1:]": (lambda x: x[at(order, x), 1:], [a34]),
    "x[..., i, None]": (lambda x: x[..., at(order, x), None], [t234]),
    "x[list]": (lambda x: x[[0, 2, 2]], [a34]),
    "x[mask]": (lambda x: x[at(mask34, x)], [a34]),
    "x[mask rows, 1]": (lambda x: x[at(mask34[:, 0], x), 1], [a34]),
    "take": (lambda x: np.take(x, at(order, x), axis=-2), [a34]),
    "take flat": (lambda x: np.take(x, at(along, x)), [a34]),
    "take flat one": (lambda x: np.take(x, at(along, x)[0, 0]), [a34]),
    "take one": (lambda x: np.take(x, 1, axis=1), [a34]),
    "take_along_axis": (lambda x: np.take_along_axis(x, at(along, x), axis=1), [a34]),
    "take_along_axis first": (lambda x: np.take_along_axis(x, at(along, x), 0), [a34]),
    "take_along_axis wide": (lambda x: np.take_along_axis(x, at(along, x)[:1], axis=1), [a34]),
    "take_along_axis of one row": (lambda x: np.take_along_axis(x, at(along, x), axis=1), [c4[None]]),
    "take_along_axis -1": (lambda x: np.take_along_axis(x, at(along - 3, x), axis=-1), [a34]),
    "sort": (lambda x: np.sort(x, axis=0), [a34]),
    "sort last": (lambda x: np.sort(x), [t234]),
    "sort flat": (lambda x: np.sort(x, axis=None), [a34]),
    # joining
    "concatenate": (lambda x, y: np.concatenate((x, 2.0 * y), axis=1), [a34, b34]),
    "concatenate with a constant": (lambda x: np.concatenate((x, np.zeros_like(x)), axis=0), [a34]),
    "stack": (lambda x, y: np.stack([x, y], axis=1), [a34, b34]),
    "hstack vstack": (lambda x, y: np.hstack([x, y]) + np.vstack([x, x]).reshape(3, 8), [a34, b34]),
    "append": (lambda x, y: np.append(x, y, axis=0), [a34, b34]),
    "column_stack": (lambda x: np.column_stack([x, x * x]), [c4]),
    "array of parts": (lambda x: np.array([x[0], x[1] * x[2], 2.0 * x[3]]), [c4]),
    "array of parts and numbers": (lambda x: np.array([[x[0], 1.0], [0.0, x[1]]]), [c4]),
    "array of arrays": (lambda x, y: np.array([x, y]), [a34, b34]),
    "array of one": (lambda x: np.array(x) * 2.0, [a34]),
    "split": (lambda x: np.split(x, 2, axis=1)[0] * np.split(x, [2], axis=1)[1], [a34]),
    # products
    "matmul": (lambda x, y: x @ y, [a34, b34.T]),
    "matmul batch": (np.matmul, [t234, u245]),
    "matmul broadcast": (np.matmul, [a34, u245]),
    "matmul vector": (lambda x, y: x @ y, [a34, c4]),
    "dot": (np.dot, [a34, b34.T]),
    "dot vector": (np.dot, [a34, c4]),
    "vector dot": (np.dot, [c4, b34.T]),
    "dot vectors": (np.dot, [c4, b34[0]]),
    "dot 0-d": (np.dot, [onp.array(2.0), a34]),
    "dot 3-d": (np.dot, [t234, u245]),
    "dot 3-d vector": (np.dot, [t234, c4]),
    "dot vector 3-d": (np.dot, [c4, u245]),
    "tensordot": (lambda x, y: np.tensordot(x, y, axes=([0, 2], [0, 1])), [t234, u245]),
    "inner outer": (lambda x, y: np.inner(x, y) * np.outer(x, y), [c4, b34[0]]),
    "einsum": (lambda x, y: np.einsum("ij,kj->ik", x, y), [a34, b34]),
    "einsum three": (lambda x, y, z: np.einsum("ij,jk,k->i", x, y, z), [a34, b34.T, col[:, 0]]),
    "einsum implicit": (lambda x, y: np.einsum("ij,jk", x, y), [a34, b34.T]),
    "einsum ellipsis": (lambda x, y: np.einsum("...ij,...jk->...ik", x, y), [a34, u245]),
    "einsum ones": (lambda x, y: np.einsum("aij,ajk->aik", x, y), [t234[:1], u245]),
    "einsum summed": (lambda x: np.einsum("ij->i", x), [a34]),
    "einsum all summed": (lambda x: np.einsum("ijk->", x), [t234]),
    "einsum one summed": (lambda x, y: np.einsum("ij,k->ki", x, y), [a34, v5]),
    "einsum sublists": (lambda x, y: np.einsum(x, [0, 1], y, [2, 1], [0, 2]), [a34, b34]),
    # linear algebra
    "diagonal": (lambda x: np.diagonal(x), [a34]),
    "diagonal offset": (lambda x: np.diagonal(x, 1), [a34]),
    "diagonal below": (lambda x: np.diagonal(x, -1), [a34]),
    "diagonal batch": (lambda x: np.diagonal(x, 0, -1, -2), [t234]),
    "diagonal first axes": (lambda x: np.diagonal(x, -1, 0, 1), [t234]),
    "make_diagonal": (lambda x: np.make_diagonal(x, axis1=-1, axis2=-2), [a34]),
    "trace": (lambda x: np.trace(x), [s33]),
    "trace offset": (lambda x: np.trace(x, offset=1), [a34]),
    "trace batch": (lambda x: np.trace(x, axis1=-2, axis2=-1), [t234]),
    "cholesky": (lambda x: np.linalg.cholesky(x + x.T), [spd]),
    "cholesky batch": (lambda x: np.linalg.cholesky(np.stack([x + x.T, 2.0 * x + 2.0 * x.T])), [spd]),
    "slogdet": (lambda x: np.linalg.slogdet(x)[1], [s33]),
    "det": (np.linalg.det, [s33]),
    "inv": (np.linalg.inv, [spd]),
    "solve": (np.linalg.solve, [spd, a34]),
    "solve vector": (np.linalg.solve, [spd, col[:, 0]]),
    "norm": (lambda x: np.linalg.norm(x, axis=1), [a34]),
    # ours
    "logsumexp": (logsumexp, [a34]),
    "logsumexp axis": (lambda x: logsumexp(x, axis=1), [a34]),
    "logsumexp kept": (lambda x: logsumexp(x, axis=-1, keepdims=True), [a34]),
    "logsumexp axes": (lambda x: logsumexp(x, axis=(0, 2)), [t234]),
    "solve_triangular": (lambda a, b: solve_triangular(a, b), [spd, a34]),
    "solve_triangular lower": (lambda a, b: solve_triangular(a, b, lower=True), [spd, a34]),
    "solve_triangular trans": (lambda a, b: solve_triangular(a, b, lower=True, trans=True), [spd, a34]),
    "solve_triangular upper T": (lambda a, b: solve_triangular(a, b, trans="T"), [spd, col[:, 0]]),
    "solve_triangular vector": (lambda a, b: solve_triangular(a, b, lower=True), [spd, col[:, 0]]),
    "solve_triangular batch": (
        lambda a, b: solve_triangular(a, b, lower=True),
        [onp.stack([spd, 2 * spd]), a34],
    ),
}
# where a host list or number crosses to the device, as the call asks for
CROSSES = {"x[list]", "array of parts and numbers"}
FLOAT64 = {"array of parts and numbers"}  # NumPy's own np.array([float32, 1.0]) is float64
NO_JVP = {"cholesky", "cholesky batch", "slogdet", "det", "inv", "solve", "solve vector"} | {
    "solve_triangular",
    "solve_triangular lower",
    "solve_triangular trans",
    "solve_triangular upper T",
    "solve_triangular vector",
    "solve_triangular batch",
}
KINDS = {
    "numpy float64": (onp.asarray, "float64"),
    "numpy float32": (onp.asarray, "float32"),
    "strict float64": (StrictArray, "float64"),
    "strict float32": (StrictArray, "float32"),
}


def numeric_vjp(fun, args, g, eps=1e-6):
    """J^T g by central differences, entry by entry, on raw NumPy arrays."""
    grads = []
    for k, x in enumerate(args):
        grad = onp.zeros(x.shape)
        for i in onp.ndindex(x.shape):
            step = onp.zeros(x.shape)
            step[i] = eps
            up, down = (fun(*args[:k], x + s, *args[k + 1 :]) for s in (step, -step))
            grad[i] = onp.sum(g * (up - down)) / (2 * eps)
        grads.append(grad)
    return grads


def test_a_stack_of_triangles_is_broadcast_against_stacks_of_stacks():
    a = onp.stack([spd, 2 * spd])  # (2, n, n)
    b = onp.stack([[a34, 3 * a34], [-a34, a34 + 1], [a34, a34]])  # (3, 2, n, k)
    x = solve_triangular(a, b)
    assert x.shape == b.shape
    for i, j in onp.ndindex(3, 2):
        assert onp.array_equal(x[i, j], solve_triangular(a[j], b[i, j]))


@pytest.fixture(scope="module")
def reference():
    """name -> value, cotangent and numeric gradients in float64, computed once."""
    known = {}

    def of(name):
        if name not in known:
            fun, args = CASES[name]
            args = [onp.asarray(a) for a in args]
            value = onp.asarray(fun(*args))
            g = onp.random.default_rng(1).normal(size=value.shape)
            known[name] = value, g, numeric_vjp(fun, args, g)
        return known[name]

    return of


def host(x):
    return x.get() if isinstance(x, StrictArray) else onp.asarray(x)


def read_only(x):
    if isinstance(x, onp.ndarray):
        x.setflags(write=False)
    return x


@pytest.mark.parametrize("name", CASES)
def test_rule(name, reference):
    for kind in KINDS:
        obeys_the_rule(name, kind, reference)


def obeys_the_rule(name, kind, reference):
    """Value and gradient are right; dtype and array type are the arguments'; nothing is written to or copied home."""
    (fun, args), (value, g, grads) = CASES[name], reference(name)
    make, dtype = KINDS[kind]
    args = [read_only(make(onp.array(a, dtype))) for a in args]
    g = read_only(make(onp.array(g, dtype)))
    with transfers() as count:
        got, pullback = value_and_vjp(fun, *args)
        got_grads = pullback(g)
        assert count.to_host == 0, kind
        constants = count.to_device
    if "at" not in fun.__code__.co_names and name not in CROSSES:
        assert constants == 0, kind
    tol = 1e-12 if dtype == "float64" else 2e-5
    onp.testing.assert_allclose(host(got), value, rtol=tol, atol=tol, err_msg=kind)
    assert got.dtype == (dtype if name not in FLOAT64 else "float64"), kind
    for x, ours, numeric in zip(args, got_grads, grads, strict=True):
        tol = 2e-8 if dtype == "float64" else 1e-4  # central differences: eps^2 + 1e-16 / eps
        allowed = tol * max(1, abs(numeric).max())
        onp.testing.assert_allclose(host(ours), numeric, rtol=tol, atol=allowed, err_msg=kind)
        assert (ours.dtype, ours.shape) == (dtype, x.shape), kind
        if make is StrictArray:
            assert type(ours) is StrictArray, kind


@pytest.mark.parametrize("name", CASES)
def test_higher_derivatives(name):
    """Reverse over reverse, and forward mode where autograd has it, against numeric differentials."""
    fun, args = CASES[name]
    args = [onp.array(a) for a in args]
    onp.random.seed(0)  # check_grads draws its directions there
    everything = tuple(range(len(args)))
    check_grads(fun, everything, modes=["rev"], order=2)(*args)
    if name not in NO_JVP:
        check_grads(fun, everything, modes=["fwd"], order=1)(*args)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("make", [onp.asarray, StrictArray])
def test_forward_mode_keeps_dtype_and_type(make, dtype):
    x = make(onp.array(ties, dtype))

    def fun(x):
        return np.logaddexp(np.maximum(x, 1.0), np.where(x > 2.5, x, 0.0)) + np.max(x, axis=1, keepdims=True) ** 2

    value, tangent = make_jvp(fun)(x)(x)
    assert value.dtype == tangent.dtype == dtype
    assert type(tangent) is type(x)
    eps = 1e-6
    if dtype == "float64":  # one-sided differences differ at ties: the mean over both sides is the equal share
        numeric = (fun(ties + eps * ties) - fun(ties - eps * ties)) / (2 * eps)
        onp.testing.assert_allclose(host(tangent), numeric, rtol=1e-6)


# ----- ties and infinities -----


@pytest.mark.parametrize("extreme", [np.max, np.amax])
def test_ties_share_the_gradient(extreme):
    onp.testing.assert_array_equal(grad(lambda x: np.sum(extreme(x, axis=1)))(ties), [[0, 0.5, 0.5], [1 / 3] * 3])
    onp.testing.assert_array_equal(grad(lambda x: np.sum(np.maximum(x, 2.0)))(ties), [[0, 1, 1], [0.5] * 3])
    onp.testing.assert_array_equal(grad(lambda x: np.sum(np.minimum(2.0, x)))(ties), [[1, 0, 0], [0.5] * 3])


def test_gradient_of_max_at_nan_is_nan():
    with onp.errstate(all="ignore"):
        assert onp.isnan(grad(np.max)(onp.array([1.0, onp.nan]))).all()


PAIRS = [
    (inf, 0.0),
    (0.0, inf),
    (inf, inf),
    (-inf, 0.0),
    (-inf, -inf),
    (-inf, inf),
    (800.0, 0.0),
    (3.0, 3.0),
    (1e300, 1e300),
]


@pytest.mark.parametrize(("x", "y"), PAIRS)
def test_logaddexp_weights_are_probabilities(x, y):
    """e^x / (e^x + e^y): autograd's are NaN where inf - inf is taken."""
    wx = elementwise_grad(lambda x: np.logaddexp(x, onp.array([y])))(onp.array([x]))[0]
    wy = elementwise_grad(lambda y: np.logaddexp(onp.array([x]), y))(onp.array([y]))[0]
    expected = 0.5 if x == y else 1.0 if x > y else 0.0
    assert (wx, wy) == pytest.approx((expected, 1 - expected), rel=1e-15, abs=0)
    wx = elementwise_grad(lambda a: np.logaddexp(a, y))(onp.array([x]))[0]
    assert wx == pytest.approx(expected, rel=1e-15, abs=0) or x == y == 1e300  # y a number: not looked for


def test_logaddexp_keeps_nan():
    with onp.errstate(invalid="ignore"):  # NumPy's logaddexp itself warns
        assert onp.isnan(elementwise_grad(lambda x: np.logaddexp(x, 0.0))(onp.array([onp.nan])))


def test_logsumexp_at_infinities():
    x = onp.array([[0.0, 800.0, -inf], [-inf, -inf, -inf], [inf, 0.0, inf], [-inf, inf, 0.0], [1.0, 1.0, 1.0]])
    onp.testing.assert_allclose(logsumexp(x, axis=1), [800, -inf, inf, inf, 1 + onp.log(3)])
    weights = elementwise_grad(lambda x: logsumexp(x, axis=1))(x)
    third = [1 / 3] * 3
    onp.testing.assert_allclose(weights, [[0, 1, 0], third, [0.5, 0, 0.5], [0, 1, 0], third], atol=1e-300)
    assert logsumexp(x[1:2]) == -inf
    assert logsumexp(x.astype("float32")).dtype == "float32"


def test_logsumexp_agrees_with_scipy():
    from scipy.special import logsumexp as reference

    x = 300 * onp.random.default_rng(2).normal(size=(5, 4, 3))
    for axis in (None, 0, -1, (0, 2)):
        for keepdims in (False, True):
            ours = logsumexp(x, axis, keepdims)
            onp.testing.assert_allclose(ours, reference(x, axis, keepdims=keepdims), rtol=1e-14)
            assert onp.shape(ours) == onp.shape(reference(x, axis, keepdims=keepdims))
    assert isinstance(logsumexp(x), onp.float64)


def test_solve_triangular_is_back_substitution():
    """On a wildly scaled triangle, LU with row exchanges loses digits that back substitution keeps."""
    from scipy.linalg import solve_triangular as reference

    rng = onp.random.default_rng(3)
    a = rng.normal(size=(30, 30)) * 10.0 ** rng.integers(-3, 4, size=(30, 1)) + 30 * onp.eye(30)
    b = rng.normal(size=30)
    for lower in (False, True):
        for trans in (False, True):
            expected = reference(a, b, lower=lower, trans=int(trans))
            onp.testing.assert_allclose(solve_triangular(a, b, lower=lower, trans=trans), expected, rtol=1e-9)


# ----- array types -----


def test_jacobian_hessian_and_hvp_on_a_device_array():
    x = StrictArray(c4)

    def fun(x):
        return np.sum(np.exp(x) * np.square(x[::-1]))

    h = hessian(fun)(x)
    assert type(h) is StrictArray
    onp.testing.assert_allclose(h.get(), hessian(fun)(c4), rtol=1e-12)
    onp.testing.assert_allclose(jacobian(np.cumsum)(x).get(), onp.tril(onp.ones((4, 4))))
    v = make_hvp(fun)(x)[0](x)
    onp.testing.assert_allclose(v.get(), hessian(fun)(c4) @ c4, rtol=1e-12)


def test_device_vector_space():
    x, y = StrictArray(onp.ones((2, 3), "float32")), StrictArray(onp.zeros((2, 3), "float32"))
    vs = vspace(x)
    assert vs == vspace(y) != vspace(StrictArray(onp.ones(3, "float32")))
    assert vs.size == 6
    assert vs.ndim == 2
    for made in (vs.zeros(), vs.ones(), vs.randn(), next(vs.standard_basis())):
        assert (type(made), made.shape, made.dtype) == (StrictArray, (2, 3), "float32")
    assert float(vs.inner_prod(vs.ones(), vs.ones())) == 6
    with pytest.raises(TypeError, match="real arrays"):
        vspace(StrictArray(onp.ones(2, complex)))


def test_register_array_type_is_idempotent_and_follows_backend():
    register_array_type(StrictArray)
    register_array_type(onp.ndarray)
    assert type(vspace(onp.ones(2))).__name__ == "ArrayVSpace"

    class Another(StrictArray):
        __slots__ = ()

    backend.use_arrays_like(Another(onp.empty(0)))
    try:
        assert vspace(Another(onp.ones(2))).shape == (2,)
    finally:
        backend.use_arrays_like(onp.empty(0))


def test_host_and_device_arrays_do_not_mix():
    with pytest.raises(TypeError, match="host array"):
        grad(lambda x: np.sum(x * onp.ones(4)))(StrictArray(c4))


def test_import_is_light():
    """autodiff alone imports neither cupy nor scipy nor matplotlib."""
    code = (
        "import sys, types; package = types.ModuleType('nfscratch'); package.__path__ = [sys.argv[1]]\n"
        "sys.modules['nfscratch'] = package; import nfscratch.autodiff\n"
        "print([m for m in ('cupy', 'scipy', 'matplotlib') if m in sys.modules])"
    )
    path = backend.__file__.rpartition("/")[0]
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# ----- trees -----


def test_rebox_leaves_raw_trees_and_boxes_alone():
    for tree in ({"a": [c4, (c4,)]}, [], {}, (), c4, None, 1.0):
        assert rebox(tree) is tree

    def fun(x):
        assert rebox(x) is x
        tree = {"a": [x, {"b": (x[0], 1.0)}], "c": c4}
        box = rebox(tree)
        assert isbox(box)
        assert unbox(box)["c"] is c4
        assert unbox(box)["a"][1]["b"][1] == 1.0
        assert tree["a"][0] is x  # the tree itself is as it was
        return np.sum(np.square(box["a"][0])) * box["a"][1]["b"][0]

    onp.testing.assert_allclose(grad(fun)(c4), grad(lambda x: np.sum(np.square(x)) * x[0])(c4))
    _value, tangent = make_jvp(fun)(c4)(v5[:4])  # a dict of tangents
    onp.testing.assert_allclose(tangent, grad(fun)(c4) @ v5[:4])


def test_a_derivative_that_ends_in_an_error_is_over():
    def fails(x):
        raise RuntimeError("on purpose")

    before = trace_stack.top
    for derivative in (grad(fails), make_jvp(fails)(c4), lambda x: value_and_vjp(fails, x)):
        with pytest.raises(RuntimeError, match="on purpose"):
            derivative(c4)
    assert trace_stack.top == before


def test_unbox():
    assert unbox(c4) is c4
    seen = []
    grad(lambda x: seen.append(unbox(x)) or np.sum(x))(c4)
    assert seen[0] is c4


# ----- value_and_vjp -----


def affine(params, x, context=None):
    y = np.tanh(params["w"]) @ x + params["b"][0]
    return y if context is None else y * context


def test_value_and_vjp_of_trees():
    params, x, g = {"w": s33, "b": [col[:, 0]], "unused": {"a": v5, "none": {}}}, c4[:3], v5[:3]
    value, pullback = value_and_vjp(affine, params, x, None)
    onp.testing.assert_allclose(value, affine(params, x))
    assert not isbox(value)
    g_params, g_x, g_context = pullback(g)
    assert g_context is None
    assert list(g_params) == ["w", "b", "unused"]
    assert g_params["unused"]["none"] == {}
    onp.testing.assert_array_equal(g_params["unused"]["a"], onp.zeros(5))
    onp.testing.assert_allclose(g_x, onp.tanh(s33).T @ g)
    onp.testing.assert_allclose(g_params["b"][0], g)
    onp.testing.assert_allclose(g_params["w"], onp.outer(g, x) / onp.cosh(s33) ** 2)
    onp.testing.assert_array_equal(pullback(g)[1], g_x)  # again, with the same result


def test_value_and_vjp_of_a_tuple():
    def fun(x, y):
        return (x * y, np.sum(x, axis=1))

    (z, _total), pullback = value_and_vjp(fun, a34, b34)
    onp.testing.assert_allclose(z, a34 * b34)
    g_x, g_y = pullback((onp.ones((3, 4)), 2 * onp.ones(3)))
    onp.testing.assert_allclose(g_x, b34 + 2)
    onp.testing.assert_allclose(g_y, a34)


@pytest.mark.parametrize("make", [onp.asarray, StrictArray])
def test_value_and_vjp_where_the_value_does_not_depend_on_an_argument(make):
    x, y, g = make(c4), make(a34), make(v5[:4])
    value, pullback = value_and_vjp(lambda x, y: g, x, {"y": [y]})  # warnings are errors
    assert value is g
    g_x, g_y = pullback(g)
    assert type(g_x) is type(g_y["y"][0]) is type(x)
    assert not host(g_x).any() and not host(g_y["y"][0]).any()
    (_, _constant), pullback = value_and_vjp(lambda x, y: (x, g), x, y)
    g_x, g_y = pullback((g, g))
    onp.testing.assert_array_equal(host(g_x), host(g))
    assert host(g_y).shape == (3, 4) and not host(g_y).any()
    value, pullback = value_and_vjp(lambda p, x: x, {}, x)
    assert value is x
    assert pullback(g)[0] == {}


def test_value_and_vjp_of_nothing():
    value, pullback = value_and_vjp(lambda a: c4, None)
    assert value is c4
    assert pullback(c4) == (None,)


def test_value_and_vjp_inside_a_trace():
    """The gradient that it gives can be differentiated, in its arguments and in the cotangent."""

    def inner(w, x, g):
        value, pullback = value_and_vjp(lambda p, x: (np.sin(p["w"] * x), np.exp(x)), {"w": w}, x)
        g_params, g_x = pullback((g, 2.0 * g))
        return np.sum(np.square(g_params["w"]) + g_x * value[0] * value[1])

    def plain(w, x, g):
        g_w, g_x = g * x * np.cos(w * x), g * w * np.cos(w * x) + 2.0 * g * np.exp(x)
        return np.sum(np.square(g_w) + g_x * np.sin(w * x) * np.exp(x))

    args = c4, b34[0], v5[:4]
    for i in range(3):
        onp.testing.assert_allclose(grad(inner, i)(*args), grad(plain, i)(*args), rtol=1e-12)
        onp.testing.assert_allclose(hessian(inner, i)(*args), hessian(plain, i)(*args), rtol=1e-10, atol=1e-12)


def test_value_and_vjp_unpacks_in_an_outer_trace():
    def fun(x):
        (a, b), _ = value_and_vjp(lambda y: (y * x, y + x), c4)
        return np.sum(a * b)

    onp.testing.assert_allclose(grad(fun)(c4), grad(lambda x: np.sum(c4 * x * (c4 + x)))(c4))


def test_gradients_leave_the_cotangent_alone():
    g = read_only(v5.copy())
    _, pullback = value_and_vjp(lambda x: x + x[::-1] * 2.0 + x, v5)
    onp.testing.assert_allclose(pullback(g)[0], 2 * g + 2 * g[::-1])


# ----- known, roads -----


def fast_path(*args):
    """Whether a kernel may serve: no derivative is taken, or a first one in reverse mode."""
    return road(*args) is not Road.PLAIN


calls = []


def plain_norm(params, x):
    """sum_i w_i x_i^2 and w x."""
    return np.sum(params["w"] * np.square(x)), params["w"] * x


def norm(params, x):
    """plain_norm with its derivative by hand."""
    params = rebox(params)
    if not fast_path(params, x):
        calls.append("plain")
        return plain_norm(params, x)
    calls.append("fast")
    w, x_ = unbox(params)["w"], unbox(x)

    def pullback(g):
        calls.append("pullback")
        g_sum, g_prod = g
        return {"w": g_sum * x_**2 + g_prod * x_}, 2 * g_sum * w * x_ + g_prod * w

    return known((onp.sum(w * x_ * x_), w * x_), pullback, params, x, plain=plain_norm)


def loss(fun):
    def of(params, x):
        total, prod = fun(params, x)
        return total * np.sum(np.sin(prod))

    return of


@pytest.fixture
def called():
    calls.clear()
    return calls


params4 = {"w": v5[:4]}


def test_known_without_boxes_is_the_value(called):
    _total, prod = norm(params4, c4)
    onp.testing.assert_allclose(prod, v5[:4] * c4)
    assert called == ["fast"]


@pytest.mark.parametrize("argnum", [0, 1, (0, 1)])
def test_known_gradient_calls_the_pullback_once(called, argnum):
    got, expected = grad(loss(norm), argnum)(params4, c4), grad(loss(plain_norm), argnum)(params4, c4)
    assert called == ["fast", "pullback"]
    for ours, theirs in zip(leaves(got), leaves(expected), strict=True):
        onp.testing.assert_allclose(ours, theirs, rtol=1e-13)


def leaves(tree):
    if isinstance(tree, (dict, list, tuple)):
        return [leaf for part in (tree.values() if isinstance(tree, dict) else tree) for leaf in leaves(part)]
    return [tree]


def test_known_of_parameters_that_contain_boxes(called):
    """As made by an encoder: a plain dict with boxes in it, and raw arrays beside them."""

    def fun(f):
        return lambda h: loss(f)({"w": np.tanh(h), "fixed": [v5]}, h * 2.0)

    onp.testing.assert_allclose(grad(fun(plain_norm))(c4), grad(fun(lambda p, x: norm({"w": p["w"]}, x)))(c4))
    assert called == ["fast", "pullback"]


def test_second_derivatives_take_the_plain_path(called):
    args = params4, c4
    onp.testing.assert_allclose(hessian(loss(norm), 1)(*args), hessian(loss(plain_norm), 1)(*args), rtol=1e-12)
    onp.testing.assert_allclose(
        make_hvp(loss(norm), 1)(*args)[0](c4), hessian(loss(plain_norm), 1)(*args) @ c4, rtol=1e-12
    )
    assert set(called) == {"plain"}


def test_mixed_second_derivative(called):
    def mixed(f):
        return jacobian(lambda w: grad(loss(f), 1)({"w": w}, c4))(v5[:4])

    onp.testing.assert_allclose(mixed(norm), mixed(plain_norm), rtol=1e-12)
    assert set(called) == {"plain"}


def test_jacobian_stays_fast(called):
    got = jacobian(lambda x: norm(params4, x)[1])(c4)
    onp.testing.assert_allclose(got, onp.diag(v5[:4]))
    assert called == ["fast"] + ["pullback"] * 4


def test_forward_mode_takes_the_plain_path(called):
    _value, tangent = make_jvp(loss(norm), 1)(params4, c4)(b34[0])
    onp.testing.assert_allclose(tangent, grad(loss(plain_norm), 1)(params4, c4) @ b34[0], rtol=1e-12)
    assert called == ["plain"]


def test_differentiating_the_pullback_uses_the_plain_definition(called):
    """vjp(g) of a fast node, differentiated in g: J v by two reverse passes."""
    vjp, _ = make_vjp(lambda x: norm(params4, x)[1])(c4)
    jvp, _ = make_vjp(vjp)(onp.zeros(4))
    onp.testing.assert_allclose(jvp(c4), v5[:4] * c4)
    assert called == ["fast"]


def test_known_with_none_for_a_boxed_argument_is_zero():
    def fun(x):
        return known(onp.sum(unbox(x)), lambda g: (None,), x) + np.sum(x)

    onp.testing.assert_array_equal(grad(fun)(c4), onp.ones(4))

    def ours(p):
        return known(onp.float64(1.0), lambda g: (None,), p)

    onp.testing.assert_array_equal(grad(ours)({"a": [c4]})["a"][0], onp.zeros(4))


def test_known_ignores_gradients_of_unboxed_arguments():
    def fun(x):
        return known(onp.sum(unbox(x) * c4), lambda g: (g * c4, None, "never looked at"), x, a34, None)

    onp.testing.assert_array_equal(grad(fun)(v5[:4]), c4)


def test_known_on_device_arrays():
    x = StrictArray(onp.array(c4, "float32"))

    def fun(x):
        return known(onp.sum(unbox(x) * unbox(x)), lambda g: (2 * g * unbox(x),), x)

    got = grad(lambda x: 3.0 * fun(x))(x)
    assert (type(got), got.dtype) == (StrictArray, "float32")
    onp.testing.assert_allclose(got.get(), 6 * c4, rtol=1e-6)


def test_the_road_of_every_kind_of_argument():
    seen = {}

    def look(name, *args):
        seen[name] = fast_path(*args)
        return 0.0

    look("raw", c4, {"w": c4}, None)
    grad(lambda x: np.sum(x) + look("one box", x, c4, None, {}))(c4)
    grad(lambda p: np.sum(p["w"]) + look("a tree", p) + look("its leaf", p["w"], c4))({"w": c4, "b": [c4]})
    grad(lambda t: np.sum(t[0]) + look("two boxes", t[0], t[1]))((c4, {"w": c4}))
    grad(lambda x: np.sum(x) + look("a plain dict of boxes", {"w": x}))(c4)
    grad(lambda x: np.sum(x) + look("the same, boxed", rebox({"w": x, "b": c4})))(c4)
    grad(lambda x: grad(lambda y: np.sum(x * y) + look("two traces", x, y))(c4) @ c4)(c4)
    grad(lambda x: grad(lambda y: np.sum(x * y) + look("inner trace only", y))(c4) @ c4)(c4)
    grad(lambda x: np.sum(grad(lambda y: np.sum(y * y) + look("box of a box", y))(x)))(c4)
    grad(lambda x: np.sum(grad(lambda p: np.sum(p["w"] ** 2) + look("tree of boxes, boxed", p))({"w": x})["w"]))(c4)
    make_jvp(lambda x: np.sum(x) + look("forward", x))(c4)(c4)
    fast = {"raw", "one box", "a tree", "its leaf", "two boxes", "the same, boxed", "inner trace only"}
    assert {name for name, is_fast in seen.items() if is_fast} == fast
    assert len(seen) == 12


def calls_in(function):
    """How many functions, Python's and C's, are called while `function()` runs."""
    calls = []
    sys.setprofile(lambda frame, event, arg: calls.append(event) if event in ("call", "c_call") else None)
    try:
        function()
    finally:
        sys.setprofile(None)
    return len(calls)


def test_known_costs_a_call_or_two_for_every_parameter():
    """The overhead per log_prob: rebox, fast_path, unbox and known, on 8 and on 32 parameters.

    Calls are counted, because a time depends on the machine. Speed itself is measured in benchmarks/.
    """

    def overhead(layers):
        counts = []

        def log_prob(params):
            params = rebox(params)
            assert fast_path(params, c4, None)
            return known(c4, lambda g: (unbox(params), None), params, c4, None)

        def loss(params):
            values = []
            counts.append(calls_in(lambda: values.append(log_prob(params))))
            return np.sum(values[0])

        grad(loss)([{"w": [c4, c4], "b": [c4, c4]} for _ in range(layers)])
        return counts[0]

    few, many = overhead(2), overhead(8)
    assert many - few <= 2 * 24 and few <= 100  # 24 and 68 where this was written


def test_builtins_dict_is_one_box():
    """The trees that autograd's own containers make are boxes already."""

    def fun(x):
        return loss(norm)(adict(w=x), x)

    onp.testing.assert_allclose(grad(fun)(c4), grad(lambda x: loss(plain_norm)({"w": x}, x))(c4), rtol=1e-12)


@pytest.mark.parametrize("shape", [(4,), (4, 2)])
def test_forward_mode_of_solve(shape):
    r = onp.random.default_rng(0)
    A, b, dA, db = (
        r.normal(size=(4, 4)) + 4 * onp.eye(4),
        r.normal(size=shape),
        r.normal(size=(4, 4)),
        r.normal(size=shape),
    )
    step = 1e-6
    difference = (onp.linalg.solve(A + step * dA, b + step * db) - onp.linalg.solve(A - step * dA, b - step * db)) / (
        2 * step
    )
    tangent_A = make_jvp(lambda a: np.linalg.solve(a, b))(A)(dA)[1]
    tangent_b = make_jvp(lambda c: np.linalg.solve(A, c))(b)(db)[1]
    onp.testing.assert_allclose(tangent_A + tangent_b, difference, rtol=1e-7, atol=1e-8)
