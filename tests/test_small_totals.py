"""What a chain's log_det has gathered on its way, which layer's is wrong, and results that are cut off."""

from types import SimpleNamespace

import numpy as onp
import pytest
from comparing import close

from nfscratch.check import Mistake
from nfscratch.check.diagnosis import chain_log_det, wrong_bracket, wrong_directions
from nfscratch.check.diagnosis.boundaries import Boundaries
from nfscratch.check.diagnosis.gathered import Gathered, _log_abs_det
from nfscratch.check.diagnosis.running_total import running_total
from nfscratch.check.finding import Finding
from nfscratch.check.message import Case
from nfscratch.check.pairs import of_pair
from nfscratch.check.trial import Trial


def rng(seed=0):
    return onp.random.default_rng(seed)


def zero(a):
    return onp.zeros(len(a))


M = onp.array([[1.5, 0.4], [0.3, 0.9]])
LOG_M = onp.log(onp.linalg.det(M))


def cosh(z):
    return onp.log(onp.cosh(z)).sum(axis=1)


def bend(k):
    return onp.log(1.5 - 0.5 * onp.tanh(k) ** 2).sum(axis=1)


def of_claims(first=cosh, second=lambda h: LOG_M, third=bend):
    """x of three layers, with the log-dets that these functions claim."""

    def forward(z):
        h = onp.sinh(z)
        total = first(z)
        g = h @ M.T
        total = total + second(h)
        x = g + 0.5 * onp.tanh(g)
        total = total + third(g)
        return x, total

    return forward


def back(x):
    g = x
    for _ in range(40):
        g = g - (g + 0.5 * onp.tanh(g) - x) / (1.5 - 0.5 * onp.tanh(g) ** 2)
    k = bend(g)
    h = g @ onp.linalg.inv(M).T
    z = onp.arcsinh(h)
    return z, -k - LOG_M - cosh(z)


def boundaries(forward):
    a, b = 0.6 * rng().normal(size=(2, 7, 2))
    return Boundaries(forward, a, b)


def test_a_total_is_known_where_the_state_is():
    side = boundaries(of_claims())
    gathered = Gathered(side)
    z = side.a
    h = onp.sinh(z)
    true = [zero(z), cosh(z), cosh(z) + LOG_M, cosh(z) + LOG_M + bend(h @ M.T)]
    assert len(gathered.marks) == len(true)
    for mark, log_det in zip(gathered.marks, true, strict=True):
        close(mark.true, log_det, 1e-6)
    assert [m.boundary for m in gathered.known] == [0, 1, 2, 3] and max(
        onp.abs(m.error).max() for m in gathered.known
    ) < 1e-6
    sums = running_total(side, side.all[2].spots[0])
    assert sums is None or all(r in (1.0, 0.0) for _, r in sums)
    assert set(gathered.sums) == {0, 1, 2, 3} and gathered.missing() is None


@pytest.mark.parametrize(("claims", "step"), [
    ({"first": lambda z: 0.5 * cosh(z)}, (0, 1)), ({"second": lambda h: 2 * LOG_M}, (1, 2)),
    ({"third": lambda g: -bend(g)}, (2, 3)),
])  # fmt: skip
def test_the_step_whose_log_det_is_wrong(claims, step):
    gathered = Gathered(boundaries(of_claims(**claims)))
    assert gathered.suspects() == [step]


@pytest.mark.parametrize(("claims", "name"), [
    ({"second": lambda h: 0.0, "third": lambda g: 0.0}, "LAST_LAYER"),
    ({"first": lambda z: zero(z), "second": lambda h: 0.0}, "LAST_LAYER"),
    ({"first": lambda z: zero(z)}, "LAYER_LEFT_OUT"), ({"third": lambda g: 0.0}, "LAYER_LEFT_OUT"),
    ({"third": lambda g: 2 * bend(g)}, None),
])  # fmt: skip
def test_layers_that_were_not_added_up(claims, name):
    found = Gathered(boundaries(of_claims(**claims))).missing()
    assert (found.name if found else None) == name


@pytest.mark.parametrize(("claims", "name", "layer"), [
    ({"first": lambda z: -cosh(z)}, "SIGN", "layer 1 of 3"),
    ({"third": lambda g: onp.exp(bend(g))}, "NO_LOGARITHM", "layer 3 of 3"),
    ({"third": lambda g: bend(g) / 2}, "MULTIPLIED", "layer 3 of 3"), ({"second": lambda h: 0.0}, "LAYER_LEFT_OUT", ""),
])  # fmt: skip
def test_the_name_of_a_layers_log_det(claims, name, layer):
    trial = Trial(of_pair(of_claims(**claims), back, 2), 0.6 * rng().normal(size=(20, 2)))
    case = Case(2, trial, Finding("J", "", 1.0, 0.0))
    named = wrong_directions.name_log_det_of(case, [case])
    assert named.direction == "forward" and layer in named.where
    assert named.mistake.name == name


def test_a_map_of_one_layer_has_no_others():
    trial = Trial(
        of_pair(lambda z: (onp.sinh(z), cosh(z)), lambda x: (onp.arcsinh(x), -cosh(onp.arcsinh(x))), 2),
        rng().normal(size=(9, 2)),
    )
    side = SimpleNamespace(loops=list)
    assert chain_log_det._is_one_layer(trial, side) is True
    assert chain_log_det._is_one_layer(trial, SimpleNamespace(loops=lambda: [[0, 1, 2]])) is False
    mixed = Trial(of_pair(lambda z: (z @ M.T, zero(z)), lambda x: (x, zero(x)), 2), rng().normal(size=(9, 2)))
    assert chain_log_det._is_one_layer(mixed, side) is False


def test_a_log_det_that_differences_do_not_tell():
    J = onp.stack([onp.diag([2.0, 0.5])] * 3)
    spread = onp.zeros((3, 2, 2))
    spread[1, 1, 1], spread[2, 1, 1] = 0.9 * 2.5e-6, 1.1 * 2.5e-6
    assert onp.isnan(_log_abs_det(J, spread)).tolist() == [False, False, True]


# --- results that are cut off ---


def columns(forward, inverse, z):
    trial = Trial(of_pair(lambda a: (forward(a), zero(a)), lambda a: (inverse(a), zero(a)), z.shape[1]), z)
    return SimpleNamespace(trial=trial, z=trial.z, x=trial.x, back=trial.back[0], again=trial.again[0])


Z = onp.linspace(-4, 4, 40)[:, None] + 0.01


@pytest.mark.parametrize(("inverse", "name"), [
    (lambda x: onp.clip(x / 2.37, -3, 3), "END_OF_BRACKET"), (lambda x: onp.clip(x, -3, 3) / 2.37, "CLIPS_ARGUMENT"),
    (lambda x: onp.clip(x / 2.37, -2.57, 2.57), "CUT_OFF"), (lambda x: onp.clip(x / 2.37, -9, 3), "END_OF_BRACKET"),
    (lambda x: x / 2.37, None), (lambda x: x / 2.37 + 0.5, None), (lambda x: 0.9 * x / 2.37, None),
])  # fmt: skip
def test_an_inverse_that_is_cut_off(inverse, name):
    found = wrong_bracket.bracket(columns(lambda z: 2.37 * z, inverse, Z))
    assert (found.name if found else None) == name


def test_the_ends_at_which_numbers_are_cut():
    cut = lambda low, high, right=Z: wrong_bracket._cut_at(right, onp.clip(right, low, high))  # noqa: E731
    close(cut(-2, 3), [2.0, 3.0], 1e-12)
    close(cut(-9, 3), [3.0], 1e-12)
    assert cut(-9, 9) == [] and wrong_bracket._cut_at(Z, Z * onp.where(onp.abs(Z) > 3, 0.9, 1.0)) == []
    assert wrong_bracket._cut_at(Z, onp.clip(Z, -2, 3) + 0.1 * onp.sin(Z)) == []
    both = onp.concatenate([Z, Z], axis=1)
    close(wrong_bracket._cut_at(both, onp.concatenate([Z, onp.clip(Z, -9, 3)], axis=1)), [3.0], 1e-12)


@pytest.mark.parametrize(("number", "is_one"), [
    (3.0, True), (10.0, True), (0.5, True), (1000.0, True), (3.0029, True), (3.0031, False), (12.0, False),
    (0.0, False), (-3.0, False),
])  # fmt: skip
def test_a_round_number(number, is_one):
    assert wrong_bracket.is_round(number) is is_one


@pytest.mark.parametrize(("low", "high", "ends"), [
    (-9.0, 2.5, (2.5, None)), (-1.25, 9.0, (None, -1.25)), (-9.0, 9.0, (None, None)), (-1.0, 1.0, (1.0, -1.0)),
])  # fmt: skip
def test_the_ends_of_z(low, high, ends):
    trial = columns(lambda z: 2 * onp.clip(z, low, high), lambda x: x, Z).trial
    found = [wrong_bracket._end_of_z(trial, Z, sign) for sign in (1.0, -1.0)]
    for end, wanted in zip(found, ends, strict=True):
        assert (end is None) == (wanted is None) and (end is None or abs(end - wanted) < 1e-9)
    assert wrong_bracket.clips_argument(trial) is (ends != (None, None))


def test_the_sign_of_z_alone_is_no_clip():
    trial = columns(lambda z: onp.where(z > 0, 60.0, -60.0), lambda x: x, Z).trial
    assert not wrong_bracket.clips_argument(trial)


def test_ends_of_more_than_two_digits_are_no_clip():
    trial = columns(lambda z: 2 * onp.clip(z, -1.2345, 9), lambda x: x, Z).trial
    assert wrong_bracket.clips_argument(trial) is False


@pytest.mark.parametrize(("back", "z", "name"), [
    ([10.0, 10.0, 1.0], [5.0, 6.0, 1.0], True), ([10.0, 1.0, 2.0], [5.0, 6.0, 1.0], False),
    ([10.123, 10.123], [5.0, 6.0], False),
    ([10.0, 10.0], [20.0, 30.0], False), ([10.0, -10.0, onp.nan], [5.0, 6.0, 1.0], True),
])  # fmt: skip
def test_numbers_that_stand_at_the_end_of_a_bracket(back, z, name):
    trial = SimpleNamespace(back=(onp.array(back)[:, None],), z=onp.array(z)[:, None])
    assert wrong_bracket.clamped_bracket(trial) is (Mistake.END_OF_BRACKET if name else None)
