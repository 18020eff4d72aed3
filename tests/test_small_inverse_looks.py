"""The looks at one layer's inverse, in their order, and the clamps of a claim: what they are given, and bounds."""

from types import SimpleNamespace

import numpy as onp
import pytest
from comparing import close

from nfscratch.check import Mistake
from nfscratch.check.diagnosis import wrong_clamp, wrong_condition, wrong_inverse, wrong_log_det

# --- the order of the looks ---


def trial(usable=(1, 1, 1, 1, 1), back=(1, 1, 1, 1, 1), J=(1, 1, 1, 1, 1)):
    finite = lambda mask: onp.where(onp.array(mask, bool), 1.0, onp.nan)  # noqa: E731
    came = onp.ones((5, 2)) * onp.stack([finite(back), onp.ones(5)], axis=1)
    slopes = onp.ones((5, 2, 2))
    slopes[:, 1, 0] = finite(J)
    return SimpleNamespace(usable=onp.array(usable, bool), back=(came,), J=slopes)


def named(monkeypatch, given, wrong=True, **says):
    """The name of an inverse, and what was asked for it."""
    asked = []

    def columns(of, rows):
        asked.append(("columns", of if of == "aligned" else "as it is", rows.astype(int).tolist()))
        return SimpleNamespace(wrong=onp.array([False, wrong]))

    def first(looks, case):
        name = "all" if looks is wrong_inverse.LOOKS else " ".join(look.__name__ for look in looks)
        asked.append(name)
        return says.get(name.replace(" ", "_"))

    monkeypatch.setattr(wrong_inverse, "Columns", columns)
    monkeypatch.setattr(wrong_inverse, "first_name", first)
    monkeypatch.setattr(wrong_inverse, "aligned", lambda of: "aligned")
    monkeypatch.setattr(wrong_inverse, "clamped_bracket", lambda of: asked.append("bracket") or says.get("bracket"))
    monkeypatch.setattr(wrong_inverse, "wrong_root", lambda of: asked.append(f"root {of}") or says.get("root"))
    return wrong_inverse.name_inverse(given), asked


def test_rows_that_can_be_compared_are_usable_and_finite(monkeypatch):
    given = trial((0, 1, 1, 1, 1), (1, 0, 1, 1, 1), (1, 1, 0, 1, 1))
    found, asked = named(monkeypatch, given)
    rows = [0, 0, 0, 1, 1]
    wanted = [("columns", "as it is", rows), "_argument folds", ("columns", "aligned", rows), "all"]
    assert (found, asked) == (Mistake.NO_UNDOING, wanted)


def test_what_is_asked_of_one_row_of_right_rows_and_of_wrong_ones(monkeypatch):
    one, nothing = trial((1, 0, 0, 0, 0)), Mistake.NO_UNDOING
    assert named(monkeypatch, one) == (nothing, ["bracket", "root aligned"])
    assert named(monkeypatch, one, bracket="b") == ("b", ["bracket"])
    assert named(monkeypatch, one, root="r") == ("r", ["bracket", "root aligned"])
    right = {"given": trial(), "wrong": False}
    first = ("columns", "as it is", [1] * 5)
    assert named(monkeypatch, **right) == (nothing, [first, "bracket", "cut_closely cut_search"])
    assert named(monkeypatch, **right, bracket="b") == ("b", [first, "bracket"])
    assert named(monkeypatch, **right, cut_closely_cut_search="s")[0] == "s"
    assert named(monkeypatch, trial(), _argument_folds="a") == ("a", [first, "_argument folds"])
    assert named(monkeypatch, trial(), all="name")[0] == "name"


# --- passes, iterations, kept variables ---


@pytest.mark.parametrize(("order", "wrong", "kept", "first"), [
    ([0, 1, 2], [0, 1, 1], 0, True), ([0, 1, 2], [0, 0, 1], 1, True), ([0, 1, 2], [1, 1, 1], 0, False),
    ([0, 1, 2], [0, 1, 0], 0, False), ([0, 1, 2], [0, 1, 1], 2, False), ([2, 1, 0], [1, 1, 0], 0, True),
    (None, [0, 1, 1], 0, True), (None, [1, 1, 0], 0, False), ([0], [0], 0, False), ([0, 1], [0, 0], 0, True),
])  # fmt: skip
def test_the_first_columns_are_right_and_the_rest_is_not(order, wrong, kept, first):
    """Of one variable, or of a coupling that keeps two, nothing is said."""
    dim = len(wrong)
    c = SimpleNamespace(wrong=onp.array(wrong, bool), order=order, kept=onp.arange(dim) < kept, dim=dim)
    assert bool(wrong_inverse._right_at_first(c)) is first


@pytest.mark.parametrize(("first", "mistake", "linear", "loops", "found"), [
    (False, "TOO_FEW_STEPS", False, False, True), (False, "TOO_FEW_STEPS", True, True, True),
    (False, "TOO_FEW_STEPS", True, False, False), (False, "NO_CONTRACTION", True, False, True),
    (True, "TOO_FEW_STEPS", False, False, False),
])  # fmt: skip
def test_an_iteration_of_a_matrix_needs_a_loop(first, mistake, linear, loops, found, monkeypatch):
    monkeypatch.setattr(wrong_inverse, "_right_at_first", lambda c: first)
    monkeypatch.setattr(wrong_inverse, "cut_iteration", lambda c: Mistake[mistake])
    monkeypatch.setattr(wrong_inverse, "has_loops", lambda trial: loops)
    c = SimpleNamespace(is_linear=linear, trial="trial")
    assert wrong_inverse._iteration(c) is (Mistake[mistake] if found else None)


def kept_first(moves=0.0, wrong=(0, 1, 1), kept=(1, 0, 0), sees=1.0, size=0.0):
    """A layer that keeps its first variable, of which inverse sees `moves` for each unit."""
    J = onp.stack([onp.eye(3)] * 2)
    J[1, 2, 0] = sees
    x = onp.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    back = onp.full((2, 3), size)

    def apply(way, at, rows):
        assert way == "inverse" and at.shape == (2, 3, 1) and rows == "rows"
        close(at[:, :, 0], x + [0.7, 0, 0], 1e-12)
        return (back + moves * 0.7 * onp.array([5.0, 0, 1]),)

    trial = SimpleNamespace(subject=SimpleNamespace(out_shape=(3, 1)), apply=apply)
    masks = {"kept": onp.array(kept, bool), "wrong": onp.array(wrong, bool)}
    return SimpleNamespace(J=J, x=x, back=back, rows="rows", trial=trial, **masks)


@pytest.mark.parametrize(("numbers", "found"), [
    ({}, True), ({"wrong": (1, 1, 1)}, False), ({"kept": (0, 0, 0)}, False), ({"sees": 1.1e-7}, True),
    ({"sees": 1e-7}, False), ({"sees": -1.1e-7}, True), ({"moves": 1.0}, False), ({"moves": 0.9e-9 / 0.7}, True),
    ({"moves": 1.1e-9 / 0.7}, False), ({"moves": 1.9e-9 / 0.7, "size": 1.0}, True),
    ({"moves": -2.1e-9 / 0.7, "size": 1.0}, False),
])  # fmt: skip
def test_changed_variables_that_come_back_without_a_look_at_the_kept_ones(numbers, found):
    assert wrong_inverse._conditions(kept_first(**numbers)) is (Mistake.CHANGED_HALF if found else None)


@pytest.mark.parametrize(("bend", "start", "lacks"), [
    (1.0, 0.0, True), (0.0, 0.0, False), (1.0, 1e-3, False), (-1.0, 0.0, True), (0.8e-3, 0.0, False), (1e-3, 0.0, True),
])  # fmt: skip
def test_a_changed_variable_may_be_0_where_a_mask_is_lacking(bend, start, lacks, monkeypatch):
    """x_B is 0 in one row; inverse gives (s x_B - t) / d, and a bend."""
    t, d = onp.array([[3.0], [-1.0]]), onp.array([[2.0], [4.0]])
    c = SimpleNamespace(x=onp.array([[1.0, 0.0, 5.0], [2.0, 5.0, 0.0]]), kept=onp.array([True, False, False]))

    def forward(c, half, changed):
        assert half.tolist() == [[1], [2]] and changed.shape == (2, 2)
        return t + d * changed

    monkeypatch.setattr(wrong_condition, "_forward", forward)
    inverse = lambda c, size: (size * c.x[:, 1:] - t) / d + bend * size**2 * c.x[:, 1:] + start  # noqa: E731
    monkeypatch.setattr(wrong_condition, "_inverse", inverse)
    with onp.errstate(all="raise"):
        assert wrong_condition._lacks_its_mask(c) is lacks


# --- sums over what is changed ---


@pytest.mark.parametrize(("entry", "changed"), [(1e-7, False), (1.1e-7, True), (-1.1e-7, True)])
def test_sums_of_both_signs_over_all_variables_and_over_the_changed_ones(entry, changed):
    l = onp.array([[0.5, 0.0], [1.0, 0.0]])
    J = onp.stack([onp.diag([2.0, 1.0])] * 2)
    J[1, 1, 0] = entry
    s = SimpleNamespace(J=J, dim=2, logs=lambda: l)
    found = wrong_log_det._sums(lambda v: v + 10)(s)
    own = l[:, 0] + 10
    ways = [(l[:, 0] + 20, own), (20 - l[:, 0], 10 - l[:, 0])]
    wanted = [sign * (whole if changed or k == 0 else part) for sign in (1, -1) for whole, part in ways for k in (0, 1)]
    close(found, wanted, 1e-12)


# --- clamps ---


def miss(count=20, good=20, steep=1.0, rise=1.0, sign=1.0, bend=0.0):
    """The miss of a claim on h(l) = steep l, which is not finite in some rows."""
    l = onp.linspace(-rise, rise, count)[:, None] / steep
    h = lambda l, p: onp.where(onp.arange(count)[:, None] < good, steep * l + p, onp.inf)  # noqa: E731
    return wrong_clamp._miss(sign * steep * l[:, 0] + 5 + bend * onp.where(onp.arange(count) % 2, 1.0, -1.0), l, h, 3.0)


def test_a_third_of_the_rows_and_ten_of_them_tell_a_clamp():
    for count, least in ((20, 10), (40, 12), (60, 18)):
        assert miss(count, least) < 1e-9 and miss(count, least - 1) == onp.inf
    assert miss(steep=999.0) < 1e-6 and miss(steep=1001.0) == onp.inf
    assert miss(rise=0.51e-6) < 1e-3 and miss(rise=0.49e-6) == onp.inf
    assert miss(sign=-1.0) == onp.inf


def test_a_miss_is_relative_to_the_spread_of_the_claim():
    assert 0.9e-2 / 2.02 < miss(bend=1e-2) < 1.2e-2 / 2
    assert miss(bend=2e-2) == pytest.approx(2 * miss(bend=1e-2), rel=0.02)


@pytest.mark.parametrize(("rows", "spread", "width", "straight", "misses", "between", "fits"), [
    (10, 1.0, 2, 1.0, (1, 1, 0.9e-5), 1.0, True), (9, 1.0, 2, 1.0, (1, 1, 0.9e-5), 1.0, False),
    (10, 0.9e-3, 2, 1.0, (1, 1, 0), 0.0, False), (10, 1e-3, 2, 1.0, (1, 1, 0), 0.0, True),
    (10, 1.0, 0, 1.0, (1, 1, 0), 0.0, False), (10, 1.0, 2, 0.9e-3, (1, 1, 0), 0.0, False),
    (10, 1.0, 2, 1e-3, (1, 1, 0), 0.0, True), (10, 1.0, 2, 1.0, (1, 0.5, 1), 0.9e-5, True),
    (10, 1.0, 2, 1.0, (0.5, 1, 1), 0.9e-5, True), (10, 1.0, 2, 1.0, (1, 1, 0.5), 1e-5, False),
])  # fmt: skip
def test_the_best_of_the_bounds_is_made_better_between_its_neighbours(
    rows, spread, width, straight, misses, between, fits, monkeypatch
):
    best, asked = int(onp.argmin(misses)), []
    one = dict(zip((2.0, 3.0, 4.0), misses, strict=True))
    monkeypatch.setattr(wrong_clamp, "_miss", lambda c, l, h, p: one[p] if h == "h" else (straight, p)[0])
    monkeypatch.setattr(wrong_clamp, "_best_between", lambda miss, *ends: asked.append((miss(3.0), *ends)) or between)
    c, l = onp.linspace(0, spread, rows), onp.zeros((rows, width))
    assert bool(wrong_clamp._fits(c, l, "h", lambda l: [2.0, 3.0, 4.0])) is fits
    assert asked in ([], [(misses[1], max(2.0, best + 1.0), min(4.0, best + 3.0))])


@pytest.mark.parametrize("place", [0.3, 0.001, 0.999])
def test_the_least_miss_between_two_bounds(place):
    probed = []
    least = wrong_clamp._best_between(lambda p: probed.append(p) or abs(p - place) + 2, 0.0, 1.0)
    assert least == pytest.approx(2.0, abs=1e-9) and 0 < min(probed) and max(probed) < 1
    assert probed[:2] == pytest.approx([0.381966, 0.618034], abs=1e-6)
