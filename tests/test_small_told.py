"""What a run, a sample or a direction is told by: which look is asked, in which order, and where it begins."""

from types import SimpleNamespace

import numpy as onp
import pytest

from nfscratch.check import Mistake
from nfscratch.check.diagnosis import wrong_calls, wrong_directions, wrong_point, wrong_radial_slope, wrong_samples
from nfscratch.check.diagnosis.mistakes import Named
from nfscratch.check.finding import Symptom


def case(symptom=None, error=1.0, **evidence):
    finding = SimpleNamespace(symptom=symptom, evidence=evidence, error=error)
    return SimpleNamespace(finding=finding, trial="trial", dim=2)


# --- calls ---


class Line(SimpleNamespace):
    def __str__(self):
        return "line 7"


@pytest.mark.parametrize(("symptom", "left", "once", "mistake", "where"), [
    ("ANOTHER_OUTPUT", None, None, "ANOTHER_OUTPUT", "forward"),
    ("ANOTHER_OUTPUT", None, "line 3", "INITIALISED_AGAIN", "forward, where line 3"),
    ("ANOTHER_OUTPUT", False, None, "ANOTHER_OUTPUT", "forward, where line 7"),
    ("ANOTHER_OUTPUT", False, "line 3", "INITIALISED_AGAIN", "forward, where line 3"),
    ("ANOTHER_OUTPUT", True, "line 3", "INITIALISED_AGAIN", "forward, where line 7"),
    ("PARAMETERS_CHANGED", False, "line 3", "PARAMETERS_CHANGED", "forward, where line 7"),
    ("PARAMETERS_CHANGED", True, None, "INITIALISED_AGAIN", "forward, where line 7"),
    ("GLOBAL_STATE", True, "line 3", "GLOBAL_STATE", "forward"),
])  # fmt: skip
def test_what_a_call_leaves_behind(symptom, left, once, mistake, where, monkeypatch):
    """left: whether the line that leaves something takes it from the batch; None: there is no such line."""
    lines = [] if left is None else [Line(of_batch=left), Line(of_batch=not left)]
    monkeypatch.setattr(wrong_calls, "left_behind", lambda trial: lines)
    monkeypatch.setattr(wrong_calls, "set_once", lambda trial: once)
    found = wrong_calls.name_impurity(case(Symptom[symptom], function="forward"), [])
    assert (found.mistake, found.where) == (Mistake[mistake], where)


def of_rows(n):
    return SimpleNamespace(trial=onp.zeros(n))


@pytest.mark.parametrize(("shape", "name"), [
    ((2, 2), "BROADCAST"), ((1, 1), None), ((2, 2, 2), None), ((2, 3), None), ((5, 5), "BROADCAST"),
])  # fmt: skip
def test_a_square_of_two_rows_is_broadcast(shape, name):
    assert wrong_calls._of_log_prob(of_rows(5), "log_prob", onp.zeros(shape)) is (Mistake[name] if name else None)
    assert wrong_calls._of_log_prob(of_rows(1), "log_prob", onp.zeros((1, 1))) is Mistake.BROADCAST


@pytest.mark.parametrize(("dets", "got", "told"), [
    ((1.0, -1.0, 2.0), (0, onp.nan, 0), True), ((0.0, -1.0, 2.0), (0, onp.nan, 0), True),
    ((0.0, -1.0, 2.0), (onp.nan, onp.nan, 0), False), ((1.0, 1.0, 2.0), (0, onp.nan, 0), False),
    ((-1.0, -1.0, -2.0), (onp.nan,) * 3, True),
])  # fmt: skip
def test_a_logarithm_is_nan_below_0_and_not_at_it(dets, got, told):
    class Trial(SimpleNamespace):
        def __len__(self):
            return 3

    trial = Trial(J=onp.array(dets)[:, None, None], subject=SimpleNamespace(layers=list))
    look = lambda: wrong_calls._logarithm(SimpleNamespace(trial=trial), "log_det forward", onp.array(got))  # noqa: E731
    assert look() is (Mistake.NO_ABSOLUTE_VALUE if told else None)
    trial.subject.layers = lambda: ["a layer"]
    assert look() is (Mistake.NO_ABSOLUTE_VALUE if told and max(dets) > 0 else None)


# --- samples ---


@pytest.mark.parametrize(("error", "holds"), [(1.0, True), (1.1, False), (0.9, True)])
def test_what_is_off_by_what_is_allowed_holds(error, holds, monkeypatch):
    monkeypatch.setattr(wrong_samples, "bridge_to_base", lambda trial, base, rng, shift: (error, 1.0, shift))
    monkeypatch.setattr(wrong_samples, "worst_moment", lambda draws, log_q, rng: (error, 1.0, len(draws), log_q))
    monkeypatch.setattr(wrong_samples, "distance_from", lambda a, base, rng: (error, 1.0, a))
    sizes = []
    base_sample = lambda rng, n: sizes.append(n) or onp.zeros((3, 2))  # noqa: E731
    trial = SimpleNamespace(subject=SimpleNamespace(base_sample=base_sample, log_q="q"))
    assert wrong_samples._bridged(trial, "base", "rng") is holds and wrong_samples._is_base("a", "base", "rng") is holds
    assert wrong_samples._moments_hold(trial, "rng") is holds and sizes == [100_000]


def test_the_same_numbers_are_drawn_each_time(monkeypatch):
    drawn = []
    of_base = lambda trial, base, symptom, rng: drawn.append(rng.random()) or Mistake.ATOM  # noqa: E731
    monkeypatch.setattr(wrong_samples, "_of_base", of_base)
    for _ in range(2):
        found = wrong_samples.name_samples(case(Symptom.ROWS, base="base"), [])
        assert (found.mistake, found.where) == (Mistake.ATOM, "base")
    assert drawn == [onp.random.default_rng(0).random()] * 2


# --- directions ---

FORMULA, SIGN = Mistake.LOG_DET_FORMULA, Mistake.SIGN


@pytest.mark.parametrize(("found", "mistake", "where"), [
    ({"forward": (" f", Mistake.MEAN)}, "MEAN", "log_det forward f"),
    ({"forward": (" f", SIGN)}, "SIGN", "log_det forward f"),
    ({"inverse": (" i", Mistake.MEAN)}, "MEAN", "log_det inverse i"),
    ({"inverse": (" i", SIGN)}, "NOT_NEGATED", "log_det inverse i"),
    ({"forward": (" f", SIGN), "inverse": (" i", SIGN)}, "SIGN_IN_BOTH", "log_det f"),
    ({"forward": (" f", Mistake.ONE_BRANCH), "inverse": (" i", SIGN)}, "SIGN_IN_BOTH", "log_det f"),
    ({"forward": (" f", SIGN), "inverse": (" i", Mistake.ONE_BRANCH)}, "SIGN", "log_det forward f"),
    ({"forward": (" f", Mistake.MEAN), "inverse": (" i", SIGN)}, "MEAN", "log_det forward f"),
    ({"forward": (" f", FORMULA), "inverse": (" i", SIGN)}, "NOT_NEGATED", "log_det inverse i"),
    ({"forward": (" f", FORMULA), "inverse": (" i", FORMULA)}, "LOG_DET_FORMULA", "log_det forward f"),
    ({"forward": (" f", Mistake.MEAN), "inverse": (" i", FORMULA)}, "MEAN", "log_det forward f"),
])  # fmt: skip
def test_the_direction_that_tells(found, mistake, where, monkeypatch):
    for single in (False, True):
        monkeypatch.setattr(wrong_directions, "_is_float32", lambda across, single=single: single)
        of = {False: {}, True: found} if single else {False: found, True: {}}
        monkeypatch.setattr(wrong_directions, "_of_float32", lambda across, of=of: of[True])
        monkeypatch.setattr(wrong_directions, "_wrong_directions", lambda across, of=of: of[False])
        named = wrong_directions.name_log_det_of(case(), [])
        assert (named.mistake, named.where) == (Mistake[mistake], where)
        in_both = mistake == "SIGN_IN_BOTH"
        assert named == Named(Mistake[mistake], where, *([] if in_both else [where.split()[1]]))


@pytest.mark.parametrize(("error", "name"), [(0.9e-3, "BELOW_RESOLUTION"), (1e-3, "LOG_DET_FORMULA")])
def test_an_error_that_neither_direction_shows(error, name, monkeypatch):
    monkeypatch.setattr(wrong_directions, "_is_float32", lambda across: False)
    monkeypatch.setattr(wrong_directions, "_wrong_directions", lambda across: {})
    assert wrong_directions.name_log_det_of(case(error=error), []) == Named(Mistake[name], "log_det")
    assert wrong_directions.name_log_det_of(case(Symptom.CLOSED_FORM), []) == Named(Mistake.JACOBIAN_FORMULA)


def test_of_float32_a_coarse_mistake_is_named_and_no_other(monkeypatch):
    found = {"forward": ("", Mistake.MEAN), "inverse": ("", SIGN)}
    monkeypatch.setattr(wrong_directions, "_wrong_directions", lambda across: found)
    assert wrong_directions._of_float32([]) == found
    found["inverse"] = ("", Mistake.EXP_SUMMED)
    assert wrong_directions._of_float32([]) == {}
    trial = lambda dtype: SimpleNamespace(trial=SimpleNamespace(subject=SimpleNamespace(dtype=dtype)))  # noqa: E731
    single, double = trial(onp.float32), trial(onp.float64)
    assert wrong_directions._is_float32([single, single]) and not wrong_directions._is_float32([single, double])


@pytest.mark.parametrize(("whole", "layer", "all_said"), [
    ("ALWAYS_ZERO", "OFF_BY_CONSTANT", True), ("SIGN", "MULTIPLIED", True), ("SIGN", "LAYER_LEFT_OUT", True),
    ("MEAN", "MULTIPLIED", False), ("SIGN", "MEAN", False),
])  # fmt: skip
def test_a_name_of_the_whole_may_say_more_than_one_of_a_layer(whole, layer, all_said):
    assert wrong_directions._says_all(Mistake[whole], Mistake[layer]) is all_said


def test_a_matrix_that_is_factorised_has_no_log_det_in_both_directions():
    of_one = wrong_directions._of_one_direction
    assert of_one(Mistake.DIAGONAL_OF_L, {"forward": 0}) is Mistake.ALWAYS_ZERO
    assert of_one(Mistake.DIAGONAL_OF_L, {"forward": 0, "inverse": 0}) is Mistake.DIAGONAL_OF_L
    assert of_one(SIGN, {"forward": 0}) is SIGN


# --- points and radii ---


@pytest.mark.parametrize(("few", "every", "fits"), [
    (True, True, True), (True, False, False), (False, True, False), (False, False, False),
])  # fmt: skip
def test_a_few_rows_are_looked_at_before_all_of_them(few, every, fits, monkeypatch):
    asked = []
    answer = lambda part: few if part == slice(8) else part == slice(None) and every  # noqa: E731
    monkeypatch.setattr(wrong_point, "_fits", lambda *of: asked.append(of[:4]) or answer(of[4]))
    assert wrong_point._is_log_det_at("s", "forward", "points", -1.0) is fits
    assert asked == [("s", "forward", "points", -1.0)] * (2 if few else 1)


@pytest.mark.parametrize(("allowed", "off", "fits"), [
    ((0, 0, 0, 1e-3), (0, 0, 0, 9), True), ((0, 0, 0, 0.99e-3), (0, 0, 0, 9), False),
    ((0, 0, 1e-3, 1), (0,) * 4, False), ((0,) * 4, (0.9e-4,) * 4, True),
    ((0,) * 4, (0, 0, -1.1e-4, 0), False), ((0,) * 4, (onp.nan, 0, 0, 0), True),
])  # fmt: skip
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_three_rows_whose_log_det_is_known_have_the_claim(allowed, off, fits, sign, monkeypatch):
    true = onp.array([0.0, 2.0, -3.0, 5.0])
    claim = sign * true + onp.nan_to_num(off) * (1 + onp.abs(true))
    given = lambda J, spread, claimed, trial, eps: (true + 0 * onp.array(off), onp.array(allowed, float))  # noqa: E731
    monkeypatch.setattr(wrong_point, "log_abs_det", given)
    subject = SimpleNamespace(shape=lambda direction: (2,), dtype=onp.dtype("float64"))
    trial = SimpleNamespace(subject=subject, derivatives=lambda *of: (0, 0, 0, 0))
    s = SimpleNamespace(trial=trial, c=claim, rows=onp.ones(4, bool))
    assert bool(wrong_point._fits(s, "forward", onp.zeros((4, 2)), sign, slice(None))) is fits


def test_a_kept_half_that_is_wider_takes_columns_again(monkeypatch):
    """Of four variables three are kept: the fourth comes three times."""
    J = onp.stack([onp.diag([1.0, 1.0, 1.0, 2.0])] * 2)
    s = SimpleNamespace(J=J, dim=4, direction="forward", at=onp.arange(8.0).reshape(2, 4), there=10 + onp.zeros((2, 4)))
    asked = []
    monkeypatch.setattr(wrong_point, "_is_log_det_at", lambda s, way, point, sign: asked.append(point.tolist()))
    assert not wrong_point._with_half("at")(s) and not wrong_point._with_half("there")(s)
    assert asked == [[[3, 3, 3, 3], [7, 7, 7, 7]], [[10, 10, 10, 3], [10, 10, 10, 7]]]


@pytest.mark.parametrize(("across", "counts"), [(1e-300, True), (0.0, False), (-1.0, False)])
def test_a_radial_slope_lies_above_0(across, counts, monkeypatch):
    monkeypatch.setattr(wrong_radial_slope, "near", lambda c, prediction: onp.array([True]))
    s = SimpleNamespace(J=onp.diag([across, across, 2.0])[None], dim=3, c=onp.zeros(1))
    with onp.errstate(all="ignore"):
        assert wrong_radial_slope._counts_across_alone(s) is counts
