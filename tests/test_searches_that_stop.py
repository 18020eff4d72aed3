"""The names of searches that end too early or at the end of a bracket, of factors, and of affine parts of bent maps."""

import numpy as onp
import pytest

import nfscratch as nf
from nfscratch.check.diagnosis.means import NAMES, called_in
from nfscratch.check.diagnosis.wrong_halving import _is_sawtooth
from nfscratch.check.letters.joins import _Line, _overflows
from nfscratch.check.overflow import overflows
from nfscratch.check.pairs import of_pair
from nfscratch.check.trial import Trial


def named(pair, dim, **options):
    failures = nf.check.audit(pair, dims=(dim,), changes=False, show=False, **options).failures
    return failures[0].mistake.name if failures else None


def halved(f, x, low, high, times):
    for _ in range(times):
        middle = 0.5 * (low + high)
        below = f(middle) < x
        low, high = onp.where(below, middle, low), onp.where(below, high, middle)
    return 0.5 * (low + high)


def planar(reach=4.0, halvings=80, steps=0):
    """x = z + u tanh(w . z + b), with a search for s = w . z."""
    w, u, b = onp.array([0.6, -0.9, 0.4]), onp.array([0.8, -0.5, 0.3]), 0.2
    k = w @ u

    def forward(z):
        h = onp.tanh(z @ w + b)
        return z + onp.outer(h, u), onp.log(1 + k * (1 - h * h))

    def number(a):
        if not steps:
            return halved(lambda s: s + k * onp.tanh(s + b), a, a - reach * k, a + reach * k, halvings)
        s = a
        for _ in range(steps):
            t = onp.tanh(s + b)
            s = s - (s + k * t - a) / (1 + k * (1 - t * t))
        return s

    def inverse(x):
        z = x - onp.outer(onp.tanh(number(x @ w) + b), u)
        return z, -forward(z)[1]

    return forward, inverse


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({}, None),
        ({"halvings": 7}, "TOO_FEW_STEPS"),
        ({"steps": 1}, "TOO_FEW_STEPS"),
        ({"reach": 0.3}, "END_OF_BRACKET"),
    ],
)
def test_a_search_on_a_line(settings, name):
    assert named(planar(**settings), 3) == name


def bent(how):
    """x = d g(z) + t with g(z) = z + 0.8 tanh z, so that f'(0) is not d."""
    d, t = onp.array([0.6, 1.7, 1.2]), onp.array([0.5, -0.8, 0.3])
    undone = {
        "": lambda x: (x - t) / d, "WRONG_ORDER": lambda x: x / d - t, "SHIFT_NOT_UNDONE": lambda x: x / d,
        "SCALE_NOT_UNDONE": lambda x: x - t, "MULTIPLIES": lambda x: (x - t) * d,
    }[how]  # fmt: skip

    def forward(z):
        return d * (z + 0.8 * onp.tanh(z)) + t, onp.log(d * (1 + 0.8 * (1 - onp.tanh(z) ** 2))).sum(1)

    def inverse(x):
        y = undone(x)
        z = halved(lambda z: z + 0.8 * onp.tanh(z), y, y - 1, y + 1, 80)
        return z, -forward(z)[1]

    return forward, inverse


@pytest.mark.exhaustive
@pytest.mark.parametrize("how", ["", "WRONG_ORDER", "SHIFT_NOT_UNDONE", "SCALE_NOT_UNDONE", "MULTIPLIES"])
def test_the_affine_part_of_a_bent_map(how):
    assert named(bent(how), 3) == (how or None)


def matrix(left_out=None, again=None, in_order=False):
    """x = Q S V z, and an inverse that forgets a factor, does not invert one, or takes them in order."""
    rng = onp.random.default_rng(3)
    Q, V = (onp.linalg.qr(rng.normal(size=(4, 4)))[0] for _ in range(2))
    factors = [Q, onp.diag([0.4, 1.3, 2.1, 0.8]), V]
    undone = [onp.eye(4) if k == left_out else F if k == again else onp.linalg.inv(F) for k, F in enumerate(factors)]
    A = onp.linalg.multi_dot(undone if in_order else undone[::-1])
    W, log_det = onp.linalg.multi_dot(factors), onp.log([0.4, 1.3, 2.1, 0.8]).sum()
    return lambda z: (z @ W.T, onp.full(len(z), log_det)), lambda x: (x @ A.T, onp.full(len(x), -log_det))


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("settings", "name"),
    [({}, None), ({"left_out": 0}, "LAYER_NOT_UNDONE"), ({"left_out": 2}, "LAYER_NOT_UNDONE"),
     ({"again": 0}, "FACTOR_NOT_INVERTED"), ({"in_order": True}, "LAYERS_IN_ORDER")],
)  # fmt: skip
def test_factors_of_a_matrix(settings, name):
    assert named(matrix(**settings), 4) == name


def coupling(term):
    """Two of three variables are scaled."""

    def s(a):
        return onp.tanh(a * onp.array([0.9, -0.6]))

    def forward(z):
        return onp.hstack([z[:, :1], z[:, 1:] * onp.exp(s(z[:, :1]))]), term(s(z[:, :1]))

    def inverse(x):
        return onp.hstack([x[:, :1], x[:, 1:] * onp.exp(-s(x[:, :1]))]), -term(s(x[:, :1]))

    return forward, inverse


@pytest.mark.exhaustive
def test_a_mean_of_two_is_told_from_a_half():
    assert named(coupling(lambda s: s.mean(axis=1)), 3) == "MEAN"
    assert named(coupling(lambda s: 0.5 * s.sum(axis=1)), 3) in ("MULTIPLIED", "FACTOR_TWO")


def test_a_mean_shows_in_what_is_called():
    assert "_mean" in called_in(lambda: onp.ones(3).mean())
    assert not called_in(lambda: 0.5 * onp.ones(3).sum()) & NAMES


def test_an_elementwise_map_does_not_see_itself():
    def inverse(x):
        z = (x - 0.3) / 1.5
        return 1.01 * z + 0.02 * onp.tanh(z), onp.full(len(x), -3 * onp.log(1.5))

    pair = (lambda z: (1.5 * z + 0.3, onp.full(len(z), 3 * onp.log(1.5)))), inverse
    assert named(pair, 3) != "SEES_LATER"


@pytest.mark.parametrize(("grows", "honest"), [(True, True), (False, False)])
def test_a_line_that_overflows_is_told_from_one_that_breaks(grows, honest):
    """e^(50 z^2) leaves the range of float64 where it stops to be finite; a root of a negative number does not."""

    def forward(z):
        x = onp.exp(50 * z * z) - onp.exp(50 * z * z) * 0.5 if grows else onp.sqrt(4 - z * z)
        return x, onp.zeros(len(z))

    trial = Trial(of_pair(forward, forward, 1), onp.array([[0.5]]))
    line, t = _Line(trial, "forward", 0, onp.zeros(1), (0.0, 1.0)), onp.linspace(-12, 12, 601) + 1e-3
    with onp.errstate(all="ignore"):
        assert _overflows(line, t, line.values(t)) is honest


def test_a_sawtooth_has_teeth_to_one_side():
    t = onp.linspace(0, 8, 201)
    tooth = onp.ceil(t) - t - 0.5
    assert _is_sawtooth(tooth) and _is_sawtooth(-tooth)
    assert not _is_sawtooth(onp.sin(t)) and not _is_sawtooth(onp.abs(tooth)) and not _is_sawtooth(0 * t)


def test_a_tower_of_exponentials_overflows_honestly():
    """Between 1e2 and the end of the range lies less than a fifth of the way: halving finds the huge number."""

    def tower(z):
        return onp.exp(onp.exp(onp.exp(z))) * z, onp.zeros(len(z))

    trial = Trial(of_pair(tower, tower, 1), onp.array([[1.0]]))
    assert overflows(trial, onp.array([[2.5], [40.0]]), "forward").all()
    jump = Trial(of_pair(lambda z: (onp.where(z > 1, onp.nan, z), onp.zeros(len(z))), tower, 1), onp.array([[1.0]]))
    assert not overflows(jump, onp.array([[2.5]]), "forward").any()
