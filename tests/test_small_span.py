"""Where a line through a trial begins and ends: at the ends of the variable that moves, or of a box."""

from types import SimpleNamespace

import numpy as onp

from nfscratch.check.diagnosis import spline_line

INF = onp.inf


def test_a_line_goes_from_end_to_end_of_its_own_variable(monkeypatch):
    """Where a side is open it is 6 wide, and where both are, from -3 to 3. Ends may be numbers, or one for each."""
    monkeypatch.setattr(spline_line, "variable", lambda trial: 1)
    each = lambda *of: onp.array(of, dtype=float)  # noqa: E731
    for ends, span in (
        ((0.0, 1.0), (0, 1)), ((-INF, INF), (-3, 3)), ((2.0, INF), (2, 8)), ((-INF, 2.0), (-4, 2)),
        ((each(0, 5), each(1, 7)), (5, 7)), ((each(0, -INF), each(1, INF)), (-3, 3)), ((0.0, each(1, INF)), (0, 6)),
        ((0.0, each(1, 7)), (0, 7)), ((each(0, 5), INF), (5, 11)), ((each(0, -INF), 9.0), (3, 9)),
    ):  # fmt: skip
        assert spline_line.span(SimpleNamespace(subject=SimpleNamespace(domain=ends))) == span, ends


# --- pieces of a line ---

T = onp.linspace(-1, 1, 13)
BEND = 2e-4 / (
    1 - 91 / 234
)  # b, by which T + b T^2 is off its straight line by 1e-4 of its rise: T^2 is 91 / 234 on average


def made_of_quotients(values, monkeypatch):
    """Whether 61 stretches are, which are all alike."""
    line = SimpleNamespace(x=onp.tile(values, 61)[:, None])
    monkeypatch.setattr(spline_line, "span", lambda trial: (0.0, 1.0))
    monkeypatch.setattr(spline_line, "along", lambda trial, j, z: line)
    return bool(spline_line._is_made_of_quotients("trial", 0, 0.05, 1e-10))


def test_a_stretch_is_curved_from_1e_4_of_its_rise_on(monkeypatch):
    """A straight one is of no quotients."""
    for share, curved in ((0.95, False), (1.05, True), (-0.95, False), (-1.05, True), (1.9, True)):
        assert made_of_quotients(T + share * BEND * T**2, monkeypatch) is curved, share
    for off, curved in ((1e-4, False), (1.0001e-4, True), (-1e-4, False), (-1.0001e-4, True)):
        at_middle = onp.where(T == 0, off, T / 2)
        monkeypatch.setattr(onp, "polyval", lambda p, t, at_middle=at_middle: at_middle)
        assert made_of_quotients(T / 2, monkeypatch) is curved, off


def test_a_stretch_is_a_quotient_up_to_what_may_be_missed(monkeypatch):
    for missed, fits in ((1e-10, False), (0.999e-10, True)):
        monkeypatch.setattr(onp.linalg, "svd", lambda a, missed=missed: (None, [1.0, missed], None))
        assert made_of_quotients(onp.exp(T), monkeypatch) is fits, missed


def is_linear(rise, monkeypatch):
    line = SimpleNamespace(x=onp.concatenate([[0.0], onp.cumsum(rise)])[:, None])
    monkeypatch.setattr(spline_line, "variable", lambda trial: 0)
    monkeypatch.setattr(spline_line, "inner", lambda trial, n: n)
    monkeypatch.setattr(spline_line, "along", lambda trial, j, n: line)
    return spline_line.is_piecewise_linear("trial")


def test_a_piece_is_straight_up_to_a_billionth(monkeypatch):
    """Of 1 and x, which is next to 0 here."""
    slopes, teeth = onp.repeat([1e-6, 2e-6, 3e-6], 200), (-1.0) ** onp.arange(600)
    for size, straight in ((0.95e-9, True), (1.05e-9, False), (1.9e-9, False)):
        assert is_linear(slopes + 0.5 * size * teeth, monkeypatch) is straight, size


def test_a_bend_of_just_a_billionth_at_0_is_one(monkeypatch):
    """The one of 599 that makes them too many: 510 straight ones are more than 85 %, 509 are not."""
    for size, straight in ((1e-9, False), (1e-9 - 1e-24, True)):
        rise = onp.repeat([0.0, 1.0, 2.0], 200)
        rise[100] = size
        rise[210:296] += onp.arange(1, 87) ** 2  # 87 bends, beside one to slope 1 and one to slope 2
        assert is_linear(rise, monkeypatch) is straight, size


def test_more_than_85_percent_are_straight(monkeypatch):
    """Of 20: with three bends it is just 85 %, with two it is more."""
    for slopes, many in (((1, 2, 3, 4), False), ((1, 2, 3), True), ((1, 2), False)):
        rise = onp.concatenate([onp.full(5, float(slope)) for slope in slopes] + [onp.full(21, float(slopes[-1]))])[:21]
        assert is_linear(rise, monkeypatch) is many, slopes
