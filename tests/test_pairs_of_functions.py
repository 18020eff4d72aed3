"""Pairs of plain functions: a permutation or a clamp in the same function, several pairs as layers, foreign arrays."""

import numpy as onp
import pytest
from pairs.coupling import coupling, s_and_t

import nfscratch as nf
from nfscratch.check import Mistake
from nfscratch.check.diagnosis.aligned import matching


def turned(pair, back=lambda x: x[:, onp.argsort(shift(x))]):
    """The pair, followed by a cycle of the columns in the same function."""
    forward, inverse = pair

    def do(z):
        x, log_det = forward(z)
        return x[:, shift(x)], log_det

    return do, lambda x: inverse(back(x))


def shift(x):
    return onp.roll(onp.arange(x.shape[1]), 1)


def first(subject, dims=(2, 5), **options):
    report = nf.check.audit(subject, dims=dims, changes=False, show=False, **options)
    return report.failures[0] if report.failures else None


WRONG = {
    Mistake.SIGN: {"log_det": lambda s: -s.sum(axis=1)},
    Mistake.MEAN: {"log_det": lambda s: s.mean(axis=1)},
    Mistake.EXP_SUMMED: {"log_det": lambda s: onp.exp(s).sum(axis=1)},
    Mistake.NOT_NEGATED: {"inverse_log_det": lambda s: s.sum(axis=1)},
    Mistake.WRONG_ORDER: {"undo": lambda y, s, t: y * onp.exp(-s) - t},
    Mistake.MULTIPLIES: {"undo": lambda y, s, t: (y - t) * onp.exp(s)},
    Mistake.SHIFT_NOT_UNDONE: {"undo": lambda y, s, t: y * onp.exp(-s)},
    Mistake.CLAMP_IN_FORWARD: {"clamp": onp.arctan, "clamp_back": lambda s: s},
}


@pytest.mark.parametrize("mistake", WRONG)
def test_a_permutation_in_the_same_function_hides_no_name(mistake):
    assert first(turned(coupling(**WRONG[mistake])), letters="SRXJ").mistake is mistake


def test_a_right_coupling_with_a_permutation_is_not_accused():
    assert first(turned(coupling())) is None


@pytest.mark.parametrize("back", [lambda x: x, lambda x: x[:, shift(x)]], ids=["left out", "the same again"])
def test_its_permutation_that_is_not_inverted_is_named(back):
    assert first(turned(coupling(), back), dims=(5, 6)).mistake is Mistake.PERMUTATION


def test_columns_are_matched_where_there_is_one_choice_alone():
    J = onp.array([[0.3, 2.0, 0.0], [0.1, 0.0, 4.0], [1.0, 0.0, 0.0]])[None]
    assert matching(J).tolist() == [2, 0, 1]
    assert matching(onp.ones((1, 3, 3)) + onp.eye(3)) is None and matching(onp.zeros((0, 3, 3))) is None


CLAMPS = {
    "2 tanh(a)": lambda a: 2 * onp.tanh(a),
    "atan": onp.arctan,
    "cut off": lambda a: onp.clip(a, -0.3, 0.5),
    "a / (1 + |a|)": lambda a: a / (1 + onp.abs(a)),
}


LONG = {"atan", "a / (1 + |a|)"}


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.exhaustive) if n in LONG else n for n in CLAMPS])
def test_a_clamp_of_any_formula_in_one_place_alone_is_named(name):
    clamp = CLAMPS[name]
    wrong = coupling(clamp=clamp, clamp_back=lambda s: s)
    assert first(wrong, (2, 5), letters="SRXJ").mistake is Mistake.CLAMP_IN_FORWARD

    def forward(z):
        a, b = z[:, : z.shape[1] // 2], z[:, z.shape[1] // 2 :]
        return coupling(clamp=clamp)[0](z)[0], s_and_t(a, b.shape[1])[0].sum(axis=1)

    assert first((forward, coupling(clamp=clamp)[1]), (2, 5), letters="SRXJ").mistake is Mistake.UNCLAMPED


@pytest.mark.exhaustive  # two searches that find nothing
def test_what_is_no_clamp_is_not_called_one():
    assert first(coupling(clamp=lambda s: 0 * s, clamp_back=lambda s: s), (2, 5)).mistake is Mistake.NO_UNDOING
    assert first(coupling(undo=lambda y, s, t: (y - t) / (onp.exp(s) + 1e-3)), (2, 5)).mistake is Mistake.NO_UNDOING


# --- several pairs ---


@pytest.mark.exhaustive
def test_a_list_of_pairs_is_a_chain_and_the_layer_is_named():
    right, wrong = turned(coupling()), turned(coupling(**WRONG[Mistake.SIGN]))
    assert first([right, right, right], (2, 5)) is None
    assert (
        first([right, wrong, right], (2, 5)).name
        == "log_det forward of layer 2 of 3 (pair (do, ...)): the sign is flipped"
    )
    assert first([right, turned(coupling(), lambda x: x)], (5,)).name.startswith("inverse of layer 2 of 2 (pair")


@pytest.mark.parametrize("direction", ["forward", pytest.param("inverse", marks=pytest.mark.exhaustive)])
def test_a_layer_that_writes_into_what_it_is_given_is_found_behind_one_that_copies(direction):
    double = lambda z: (2 * z, onp.full(len(z), onp.log(2.0) * z.shape[1]))  # noqa: E731
    halve = lambda x: (x / 2, onp.full(len(x), -onp.log(2.0) * x.shape[1]))  # noqa: E731
    forward, inverse = ((lambda a, sign=sign: (onp.add(a, sign, a.copy()), onp.zeros(len(a)))) for sign in (1, -1))
    writes = (lambda z: (onp.add(z, 1, z), onp.zeros(len(z)))), (lambda x: (onp.add(x, -1, x), onp.zeros(len(x))))
    middle = {"forward": (writes[0], inverse), "inverse": (forward, writes[1])}[direction]
    failure = first([(double, halve), middle, (double, halve)], dims=(2,))
    assert failure.mistake is Mistake.ARGUMENT_CHANGED and f"{direction} of layer 2 of 3" in failure.message
    assert first([(double, halve), (forward, inverse), (double, halve)], dims=(2,)) is None


def test_a_list_of_pairs_that_keep_the_same_half_is_found():
    assert first([coupling(), coupling()], (2, 5)).mistake is Mistake.HALF_NEVER_MOVES
    assert first(coupling(), (2, 5)) is None  # one coupling keeps one half, and that is right


# --- arrays of other libraries ---


class Tensor:
    """What the audit sees of a tensor that requires a gradient."""

    def __init__(self, a, leaf=True):
        self.a, self.leaf = a, leaf
        self.size = lambda: a.shape

    def detach(self):
        return Tensor(self.a, False)

    def cpu(self):
        return self

    def __array__(self, dtype=None, copy=None):
        if self.leaf:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad.")
        return self.a


def test_functions_may_return_tensors():
    forward, inverse = coupling()
    both = [lambda a, f=f: tuple(map(Tensor, f(a))) for f in (forward, inverse)]
    assert first(tuple(both), (2,)) is None


@pytest.mark.parametrize("wide", [False, True], ids=["returns float32", "returns the dtype of z"])
def test_a_map_that_computes_in_float32_is_audited_in_float32(wide):
    def single(f):
        return lambda a: tuple(
            r.astype("float32").astype(a.dtype if wide else "float32") for r in f(a.astype("float32"))
        )

    pair = tuple(map(single, coupling()))
    options = {"dims": (2,), "letters": "SPIRXJ", "changes": False, "show": False}
    report = nf.check.audit(pair, **options)
    assert report.ok and "audited in float32" in str(report)
    assert nf.check.audit(pair, dtype="float32", **options).ok
    assert not nf.check.audit(pair, dtype="float64", **options).ok


def test_one_array_of_float32_among_others_of_float64_is_found():
    forward, inverse = coupling()
    assert first((lambda z: (forward(z)[0], forward(z)[1].astype("float32")), inverse), (2,)).mistake is Mistake.SHAPE


# --- right, and hard to judge ---


def wave(frequency):
    """x = z + sin(w z) / 2 w: a slope of 1/2 to 3/2, as often as w says."""

    def forward(z):
        return z + 0.5 * onp.sin(frequency * z) / frequency, onp.log1p(0.5 * onp.cos(frequency * z)).sum(axis=1)

    def inverse(x):
        low, high = x - 0.5 / frequency, x + 0.5 / frequency
        for _ in range(60):
            middle = 0.5 * (low + high)
            below = forward(middle)[0] < x
            low, high = onp.where(below, middle, low), onp.where(below, high, middle)
        return low, -forward(low)[1]

    return forward, inverse


@pytest.mark.exhaustive
def test_a_wave_shorter_than_a_step_is_not_accused():
    assert first(wave(500.0), (1, 2)) is None


def deep(depth):
    """Couplings whose slopes multiply: far beyond what rounding leaves of a round trip."""
    layers = [turned(coupling(clamp=onp.tanh, do=lambda b, s, t: 3 * b * onp.exp(s) + t, log_det=tripled,
                              undo=lambda y, s, t: (y - t) / (3 * onp.exp(s)), inverse_log_det=lambda s: -tripled(s)))
              for _ in range(depth)]  # fmt: skip
    return through([f for f, _ in layers]), through([g for _, g in layers[::-1]])


def tripled(s):
    return s.sum(axis=1) + s.shape[1] * onp.log(3.0)


def through(functions):
    def call(a):
        total = 0.0
        for f in functions:
            a, log_det = f(a)
            total = total + log_det
        return a, total

    return call


@pytest.mark.exhaustive
@pytest.mark.parametrize("depth", [10, 60])
def test_a_deep_chain_in_one_function_is_not_accused_of_rounding(depth):
    assert first(deep(depth), (2, 5)) is None
