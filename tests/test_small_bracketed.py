"""Inverses that stop at a bound, sums that add up, matrices that a run holds, and curves that are no quotients."""

import sys
from types import SimpleNamespace

import numpy as onp
import pytest
from comparing import close

from nfscratch.check import Mistake
from nfscratch.check.diagnosis import running_total, spline_line, triangles, wrong_affine, wrong_bracket
from nfscratch.check.diagnosis.boundaries import Spot

# --- what is cut off ---


@pytest.mark.parametrize(("beyond", "ends"), [(1.5e-6, [1e-4]), (0.9e-6, [])])
@pytest.mark.parametrize("sign", [1, -1])
def test_small_numbers_are_cut_off_by_a_millionth_of_1(beyond, ends, sign):
    right = sign * onp.append(onp.linspace(-1e-4, 1e-4, 21), 1e-4 + beyond)[:, None]
    close(wrong_bracket._cut_at(right, onp.clip(right, -1e-4, 1e-4)), ends, 1e-12)


def stands(right, came, again=None):
    z, back = (onp.array(a, dtype=float)[:, None] for a in (right, came))
    again = 1.2345 * back if again is None else onp.array(again, dtype=float)[:, None]
    found = wrong_bracket._stands_at_an_end(SimpleNamespace(z=z, back=back, again=again))
    assert wrong_bracket._stands_at_an_end(SimpleNamespace(z=-z, back=-back, again=again)) is found
    return found.name if found else None


@pytest.mark.parametrize(("right", "came", "name"), [
    ([0, 2, 3, 4], [0, 1.5, 1.5, 1.5], "END_OF_BRACKET"), ([0, 1, 3, 4], [0, 1, 1.5, 1.5], None),
    ([0, 2, 3, 4], [0, 1.5, 1.5, 1.5 - 1e-9], None), ([0, 2, 3, 4], [0, 1.5, 1.5, 1.5 - 0.9e-9], "END_OF_BRACKET"),
    ([0, 1.5 + 2.6e-6, 3, 4], [0, 1.5, 1.5, 1.5], "END_OF_BRACKET"),
    ([0, 1.5 + 2.4e-6, 3, 4], [0, 1.5, 1.5, 1.5], None),
    ([0, 2, 2 + 0.4e-6, 2 + 0.9e-6], [0, 1.5, 1.5, 1.5], None),
    ([0, 2, 2 + 0.4e-6, 2 + 1.1e-6], [0, 1.5, 1.5, 1.5], "END_OF_BRACKET"),
    ([0, 2, 3, 4], [0, 1.53, 1.53, 1.53], None), ([0, 12, 13, 14], [0, 11, 11, 11], "END_OF_BRACKET"),
    ([0, -2, -3, -4], [-5, -2.5, -2.5, -2.5], None), ([0, -2, 1, -1], [-5, -2.5, -2.5, -2.5], None),
])  # fmt: skip
def test_three_rows_that_stand_at_a_number_of_two_digits(right, came, name):
    assert stands(right, came) == name


@pytest.mark.parametrize(("again", "name"), [
    ([0, 3, 3, 3], "CUT_OFF"), ([0, -3, -3, -3], "CUT_OFF"), ([0, 3, 3, 3 + 0.9e-9], "CUT_OFF"),
    ([0, 3, 3, 3 + 1.1e-9], "END_OF_BRACKET"), ([0, 3.33, 3.33, 3.33], "END_OF_BRACKET"),
    ([9, 2.5, 2.5, 2.5], "CUT_OFF"),
])  # fmt: skip
def test_both_numbers_may_be_round(again, name):
    assert stands([0, 2, 3, 4], [0, 1.5, 1.5, 1.5], again) == name


@pytest.mark.parametrize(("of_z", "of_x", "other", "name"), [
    ([3.0], [], None, "END_OF_BRACKET"), ([], [3.0], None, "CLIPS_ARGUMENT"),
    ([3.0, 5.0], [7.11], None, "END_OF_BRACKET"),
    ([3.0, 5.11], [7.11], None, "CUT_OFF"), ([3.0], [5.0], None, "CUT_OFF"), ([3.11], [7.11, 5.0], None, "CUT_OFF"),
    ([3.11], [7.0, 5.0], None, "CLIPS_ARGUMENT"), ([], [], "clamped", "clamped"), ([], [], "stands", "stands"),
    ([], [], None, None), ([3.11], [], None, "CUT_OFF"),
])  # fmt: skip
def test_the_round_ends_were_meant(of_z, of_x, other, name, monkeypatch):
    c = SimpleNamespace(z="z", back="z'", x="x", again="x'", trial="trial")
    ends = {("z", "z'"): of_z, ("x", "x'"): of_x}
    monkeypatch.setattr(wrong_bracket, "_cut_at", lambda *of: ends[of])
    monkeypatch.setattr(
        wrong_bracket, "clamped_bracket", lambda t: "clamped" if (t, other) == ("trial", "clamped") else None
    )
    monkeypatch.setattr(
        wrong_bracket, "_stands_at_an_end", lambda given: "stands" if (given, other) == (c, "stands") else None
    )
    found = wrong_bracket.bracket(c)
    assert (found.name if isinstance(found, Mistake) else found) == name


@pytest.mark.parametrize(("number", "digits", "is_one"), [
    (3.0, 1, True), (3 + 2.9e-3, 1, True), (3 + 3.1e-3, 1, False), (3 - 2.9e-3, 1, True), (1.5, 2, True),
    (1.5, 1, False),
    (1.5 + 1.4e-4, 2, True), (1.5 + 1.6e-4, 2, False), (0.25, 2, True), (1200.0, 2, True), (1230.0, 2, False),
])  # fmt: skip
def test_round_numbers_of_one_digit_and_of_two(number, digits, is_one):
    assert wrong_bracket.is_round(number, digits) is is_one
    assert wrong_bracket.is_round(-number, digits) is False


@pytest.mark.parametrize(("back", "z", "is_one"), [
    ([10.0, 10.0 - 0.9e-9, 1.0], [5.0, 20.0, 20.0], True), ([10.0, 10.0 - 1.1e-9, 1.0], [5.0, 20.0, 20.0], False),
    ([10.0, 10.0, 1.0], [10.0, 20.0, 20.0], False), ([10.0, -10.0, 1.0], [-9.9, 20.0, 20.0], True),
    ([0.5, -0.5, 0.1], [0.4, 20.0, 20.0], True),
    ([onp.nan, onp.inf, 1.0], [0.5, 20.0, 20.0], False), ([onp.nan] * 3, [0.5] * 3, False),
])  # fmt: skip
def test_two_results_at_one_round_number_beyond_a_point(back, z, is_one):
    trial = SimpleNamespace(back=(onp.array(back)[:, None],), z=onp.array(z)[:, None])
    assert wrong_bracket.clamped_bracket(trial) is (Mistake.END_OF_BRACKET if is_one else None)


@pytest.mark.parametrize(("share", "ends"), [(0.9, False), (1.1, True)])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_clip_that_comes_late_was_not_seen(share, ends, sign):
    """By less than a thousandth of the largest z."""
    z = onp.linspace(-5, 5, 11)[:, None]
    bound = 5 - share * 5e-3
    trial = SimpleNamespace(apply=lambda way, a: (sign * onp.minimum(sign * a, bound),))
    found = wrong_bracket._end_of_z(trial, z, sign)
    assert found == pytest.approx(sign * bound, abs=1e-9) if ends else found is None


# --- affine maps ---


def test_a_column_whose_scale_is_one_number_to_six_digits_has_no_clamp():
    a = onp.stack([onp.linspace(-2, 2, 11)] * 2, axis=1)
    c = SimpleNamespace(back=onp.ones((11, 2)), z=onp.ones((11, 2)), wrong=onp.array([True, True]))
    s = onp.tanh(a)
    for off in (0.4e-6, 1e-6):  # one number, and two
        s[:, 1] = 0.5 + off * onp.arange(11) / 10
        assert wrong_affine._is_clamp(c, onp.exp(s), onp.exp(a)) is True
    s[:, 1] = 0.5 + 4e-6 * onp.arange(11) / 10
    assert wrong_affine._is_clamp(c, onp.exp(s), onp.exp(a)) is False


@pytest.mark.parametrize(("order", "wrong", "first"), [
    ([2, 0, 1], (True, True, False), 0), ([1, 0, 2], (True, True, False), 1), (None, (False, True, True), 1),
    ([2, 0, 1], (False, False, False), 0), ([0], (False, False, True), 2),
])  # fmt: skip
def test_the_first_wrong_column_in_the_order_of_dependence(order, wrong, first):
    assert wrong_affine._first_wrong(SimpleNamespace(order=order, wrong=onp.array(wrong))) == first


Z = onp.array([[1.0, 2.0], [3.0, 5.0], [-2.0, 0.5], [4.0, 1.0]])


@pytest.mark.parametrize(("off", "name"), [(0.0, "RESCALING"), (0.9e-6, "RESCALING"), (1.1e-6, None)])
def test_columns_are_rescaled_one_by_one(off, name):
    J = onp.stack([2 * onp.eye(2)] * 4)
    J[2, 0, 1] = off
    c = SimpleNamespace(J=J, dim=2, z=Z, back=Z * [1.0, 3.0] + [0.0, 1.0])
    found = wrong_affine._rescaled_columns(c)
    assert found is (Mistake[name] if name else None)
    c.back = Z + [0.5, -1.0]
    assert wrong_affine._rescaled_columns(c) is (Mistake.SHIFT_NOT_UNDONE if name else None)
    c.back = Z**2
    assert wrong_affine._rescaled_columns(c) is None


@pytest.mark.parametrize(("b", "is_one"), [
    (Z, False), (2 * Z, True), (Z + 1, True), (Z + 0.9e-6, False), (Z + 1.1e-6, True), ((1 + 0.9e-6) * Z, False),
    ((1 + 1.1e-6) * Z, True), (Z * [1, 2], False), (onp.where(Z == 5, onp.nan, 2 * Z), True),
    (onp.where(Z < 4, onp.nan, 2 * Z), False), (onp.full((4, 2), onp.inf), False),
])  # fmt: skip
def test_a_rescaling_is_one_of_all_columns(b, is_one):
    assert bool(wrong_affine._is_rescaled(Z, b)) is is_one


@pytest.mark.parametrize(("linear", "of_z", "of_x", "name"), [
    (True, True, True, "columns"), (False, True, False, "RESCALING"), (False, False, True, "RESCALING"),
    (False, False, False, None),
])  # fmt: skip
def test_a_rescaling_of_z_or_of_x(linear, of_z, of_x, name, monkeypatch):
    c = SimpleNamespace(is_linear=linear, z="z", back="z'", x="x", again="x'")
    monkeypatch.setattr(wrong_affine, "_rescaled_columns", lambda given: "columns")
    monkeypatch.setattr(wrong_affine, "_is_rescaled", lambda *of: {("z", "z'"): of_z, ("x", "x'"): of_x}[of])
    found = wrong_affine.rescaled(c)
    assert (found.name if isinstance(found, Mistake) else found) == name


# --- sums that add up ---


@pytest.mark.parametrize(("off", "off_y", "adds"), [
    (0.0, 0.0, True), (0.9e-7, 0.0, True), (1.1e-7, 0.0, False), (0.0, 1.0, False), (1.0, 0.0, False),
])  # fmt: skip
def test_sums_add_up_where_a_run_goes_on_with_another_state_and_its_sums(off, off_y, adds):
    total = {"a": onp.array([1.0, 2.0]), "b": onp.array([5.0, 7.0])}

    def replayed(at, actions):
        variables = {"v": total[at], "h": Z[:2].copy()}
        for act in actions.values():
            act(variables)
        assert list(actions) == ["here"] and (variables["h"] == (Z[2:] if at == "a" else Z[:2])).all()
        return Z[2:] + off_y, total["a"] + off

    class At(str):
        __len__ = lambda self: 2  # noqa: E731

    of = SimpleNamespace(a=At("a"), b=At("b"), replayed=replayed, there={("here", ("h",)): Z[2:]})
    of.other = SimpleNamespace(y=Z[2:], log_det=total["b"])
    assert running_total._adds_up(of, Spot("here", ("h",), 1), [("v", 1.0)]) is adds


# --- matrices ---

HIDDEN = [onp.eye(3) + onp.tri(3, 3, -1)]


def test_a_triangle_that_a_run_made_itself_is_seen_when_it_returns():
    def holds(way, at):
        lower = HIDDEN[0]
        return lower is None

    before = sys.getprofile()
    trial = SimpleNamespace(subject=SimpleNamespace(dim=3), input=lambda way: None, apply=holds)
    assert triangles.holds_triangle(trial, "forward") is True and sys.getprofile() is before
    trial.subject.dim = 2
    assert triangles.holds_triangle(trial, "forward") is False and sys.getprofile() is before


@pytest.mark.parametrize("value", [
    onp.array([[1.0, 2, 0], [3, 1, 4], [0, 5, 1]]), onp.array([[1.0, 0, 2], [0, 1, 0], [3, 0, 1]]),
])  # fmt: skip
def test_a_band_is_no_triangle(value):
    assert triangles._is_unit_triangle(value, 3) is False


# --- curves ---


def test_a_smooth_curve_far_from_0_is_made_of_no_quotients(monkeypatch):
    monkeypatch.setattr(spline_line, "span", lambda trial: (-3.0, 3.0))
    line = lambda trial, j, z: SimpleNamespace(x=(2000 + onp.sin(z))[:, None])  # noqa: E731
    monkeypatch.setattr(spline_line, "along", line)
    assert not spline_line._is_made_of_quotients("trial", 0, 0.05, 1e-10)
