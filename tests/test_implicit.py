"""Numeric inverses: the search reaches its residual or says that it did not; the gradient is the implicit one."""

import autograd
import autograd.numpy as np
import numpy as onp
import pytest
from cases.layers_by_search import Bent, Cubic
from comparing import close
from quotients import numeric

from nfscratch.ops.roots import InversionError, monotone_root

X = onp.array([0.0, 1e-12, -0.3, 1.0, -7.0, 1e3, -1e6])
MAPS = {
    "identity": (lambda z: (z, onp.ones_like(z)), 1e15),
    "cube, flat at 0": (lambda z: (z**3, 3 * z**2), 1e9),
    "fifth power, flatter": (lambda z: (z**5, 5 * z**4), 1e9),
    "steep": (lambda z: (1e8 * z, onp.full_like(z, 1e8)), 1e15),
    "shallow": (lambda z: (1e-6 * z, onp.full_like(z, 1e-6)), 1e6),
    "sinh, which overflows": (lambda z: (onp.sinh(z), onp.cosh(z)), 1e12),
    "a kink": (lambda z: (onp.where(z > 0, 100 * z, 0.01 * z), onp.where(z > 0, 100, 0.01).astype(z.dtype)), 1e9),
    "nearly a step": (lambda z: (z + 1e4 * onp.tanh(1e4 * z), 1 + 1e8 * (1 - onp.tanh(1e4 * z) ** 2)), 1e9),
    "a wrong derivative": (lambda z: (z + z**3, onp.full_like(z, 1e-30)), 1e9),
}  # fmt: skip


@pytest.mark.parametrize("name", MAPS)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_root_is_found_to_the_last_digits(name, dtype):
    f, largest = MAPS[name]
    x = onp.append(X, largest).astype(dtype)
    z = monotone_root(f, x)
    eps = onp.finfo(dtype).eps
    value, slope = (a.astype("float64") for a in f(z))
    allowed = 8 * eps * onp.maximum(1, abs(x)) + 2 * abs(slope) * onp.spacing(abs(z))
    assert z.dtype == x.dtype
    if name != "a wrong derivative":
        assert (abs(value - x) <= allowed).all()
    else:
        assert (abs(value - x) <= 1e2 * eps * onp.maximum(1, abs(x))).all()


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda z: (onp.tanh(z), 1 - onp.tanh(z) ** 2), 2.0),
        (lambda z: (onp.exp(z), onp.exp(z)), -1.0),
        (lambda z: (-z, -onp.ones_like(z)), 1e30),
        (lambda z: (z * onp.nan, z), 0.0),
        (lambda z: (z, onp.ones_like(z)), onp.nan),
        (lambda z: (z, onp.ones_like(z)), onp.inf),
    ],
)
def test_a_value_that_is_not_reached_raises(f, x):
    with pytest.raises(InversionError, match="no bracket holds the root"):
        monotone_root(f, onp.array([0.0, x]))


def test_a_bracket_widens_by_4_and_after_64_moves_by_strides_until_it_holds_all_numbers():
    ends = []
    with pytest.raises(InversionError, match="no bracket holds the root"):
        monotone_root(lambda z: (ends.append(z[0]) or onp.tanh(z), onp.ones_like(z)), onp.array([2.0]))
    high = ends[1::2]
    assert len(ends) == 2 * (64 + 32 + 1)  # both ends each time, and once more for the error
    assert high[64] == pytest.approx(1 + 2 * (4.0**64 - 1) / 3)  # 1 + the widths 2, 8, 32, ...
    assert high[65] - high[64] == pytest.approx(2 * 4.0**64)
    assert high[66] - high[65] == pytest.approx(2 * 4.0**64 * 2.0**32)
    assert high[-1] == onp.finfo("float64").max


def jump(z):
    return z + onp.where(z > 0.3, 1.0, 0.0).astype(z.dtype), onp.ones_like(z)


def test_a_search_that_does_not_get_there_says_by_how_much():
    close(monotone_root(jump, onp.array([0.1, 2.0])), [0.1, 1.0], 1e-14)
    for x in (0.31, 0.8, 1.29):  # inside the jump, from 0.3 to 1.3
        residual = f"{min(x - 0.3, 1.3 - x) / max(1, x):.1e}|{max(x - 0.3, 1.3 - x) / max(1, x):.1e}"
        with pytest.raises(InversionError, match=rf"jumps over x.*residual of ({residual}) at x = {x}, entry 1; 1 of"):
            monotone_root(jump, onp.array([0.1, x, 2.0]))
    with pytest.raises(
        InversionError, match=r"stopped at a relative residual of \d\.\de[+-]\d\d at x = 1e\+09, entry 1"
    ):
        monotone_root(MAPS["fifth power, flatter"][0], onp.array([0.0, 1e9]), max_iterations=3)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("height", [1e-3, 1.0, 1e6])
def test_an_end_of_the_bracket_is_never_an_answer(height, dtype):
    """A bracket that has shrunk to a point says nothing: at a jump the point is an end, and the residual remains."""

    def f(z):
        return z + onp.where(z > 0.3, height, 0.0).astype(dtype), onp.ones_like(z)

    with pytest.raises(InversionError, match="jumps over x"):
        monotone_root(f, onp.array([0.3 + 0.4 * height], dtype=dtype))
    rounded = lambda z: (onp.round(z, 1), onp.ones_like(z))  # noqa: E731
    with pytest.raises(InversionError, match="jumps over x"):
        monotone_root(rounded, onp.array([0.55], dtype=dtype))
    on_a_flat_part = monotone_root(rounded, onp.array([0.5], dtype=dtype))
    close(rounded(on_a_flat_part)[0], onp.array([0.5]), 1e-7 if dtype == "float32" else 1e-15)


def test_a_kink_is_no_jump():
    """The flat side's slope does not explain the residual; the steep side's does."""

    def f(z):
        return onp.where(z > 1, 1e6 * (z - 1), 1e-3 * (z - 1)), onp.where(z > 1, 1e6, 1e-3)

    x = onp.array([1e-12, 1e-11, 1e-10, 3e-10, -1e-10])
    z = monotone_root(f, x)
    assert (abs(f(z)[0] - x) <= 4 * 1e6 * onp.spacing(1.0)).all()  # (a bracket of 4 eps, where it is steep)


def test_the_entry_that_fails_is_named_also_among_those_that_are_left():
    def f(z, theta):
        return z + theta[0] * onp.where(z > 0.3, 1.0, 0.0), onp.ones_like(z)

    theta, x = onp.zeros((1, 9)), onp.linspace(0.0, 1.6, 9)
    theta[0, 5] = 5.0
    with pytest.raises(InversionError, match=r"jumps over x.* at x = 1, entry 5; 1 of the entries fail") as caught:
        monotone_root(f, x, theta=theta)
    assert caught.value.entry == 5


def objective(bijection, params, x, weight):
    z, log_det = bijection.inverse(params, x)
    return np.sum(weight * z) + np.sum(np.cos(log_det))


@pytest.mark.parametrize("layer", [Cubic(3), Bent(3)], ids=["diagonal", "dense"])
def test_first_and_second_derivatives_of_an_inverse_agree_with_finite_differences(layer):
    rng = onp.random.default_rng(0)
    ((key, a),) = layer.init(rng).items()
    a, x, weight = a + 0.5 * rng.normal(size=3), rng.normal(size=(4, 3)), rng.normal(size=(4, 3))

    def of_params(a):
        return objective(layer, {key: a}, x, weight)

    def of_x(x):
        return objective(layer, {key: a}, x, weight)

    step = rng.normal(size=3)
    for function, at in ((of_params, a), (of_x, x)):
        gradient = autograd.grad(function)
        close(gradient(at), numeric(function, at), 1e-8)
        along = lambda p, gradient=gradient: np.sum(gradient(p) * step)  # noqa: E731
        close(autograd.grad(along)(at), numeric(along, at), 1e-8)


def test_the_gradient_is_not_that_of_the_search():
    """d z / d a for x = z + e^a z^3 in closed form: -e^a z^3 / (1 + 3 e^a z^2). Traced bisections give 0."""
    x = onp.array([[2.0]])
    z, _ = Cubic(1).inverse({"a": onp.zeros(1)}, x)
    slope = autograd.grad(lambda a: np.sum(Cubic(1).inverse({"a": a}, x)[0]))(onp.zeros(1))
    close(z, [[1.0]], 1e-14)
    close(slope, [-0.25], 1e-14)
