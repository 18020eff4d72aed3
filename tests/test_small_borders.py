"""More bounds with numbers that lie on them: of slopes, rows, ratios and units."""

from types import SimpleNamespace

import numpy as onp
import pytest

from nfscratch.check import Mistake, time_limit, units
from nfscratch.check.diagnosis import (
    clamp,
    explain,
    wrong_affine,
    wrong_branches,
    wrong_density,
    wrong_halving,
    wrong_search,
    wrong_spline,
    wrong_terms,
)


@pytest.mark.parametrize(("entry", "beside", "half"), [
    (0.0, 0.0, True), (0.9e-6, 0.9e-7, True), (1e-6, 0.0, False), (0.0, 1e-7, False), (0.0, -1e-7, False),
])  # fmt: skip
def test_half_of_a_map_is_the_identity(entry, beside, half):
    """x = z above 0, and 0 below it."""
    J = onp.zeros((4, 2, 2))
    J[:2] = onp.eye(2)
    J[3, 1, 1], J[1, 0, 1] = entry, beside
    at = onp.array([[1.0, 2.0], [3.0, 1.0], [-1.0, -2.0], [-3.0, -1.0]])
    assert bool(wrong_branches._is_half_identity(SimpleNamespace(J=J, dim=2, at=at))) is half
    assert not wrong_branches._is_half_identity(SimpleNamespace(J=J[:2], dim=2, at=at[:2]))


@pytest.mark.parametrize(("entry", "name"), [(1e-6, "RESCALING"), (1.1e-6, None)])
def test_columns_are_rescaled_where_none_looks_at_another(entry, name):
    J = onp.stack([onp.diag([2.0, 3.0])] * 4)
    J[2, 0, 1] = entry
    z = onp.array([[1.0, 5.0], [2.0, 3.0], [4.0, 4.0], [0.0, 1.0]])
    found = wrong_affine._rescaled_columns(SimpleNamespace(J=J, dim=2, z=z, back=z * [2, 3] + 1))
    assert found is (Mistake[name] if name else None)


@pytest.mark.parametrize(("off", "looked"), [(1e-6, False), (1.1e-6, True), (0.49, True), (0.5, False)])
def test_teeth_are_looked_for_in_errors_of_some_size(off, looked, monkeypatch):
    asked = []
    monkeypatch.setattr(wrong_halving, "_error", lambda c, row, j, width: asked.append((int(row), j, width)))
    monkeypatch.setattr(wrong_halving, "_is_sawtooth", lambda e: False)
    z = onp.zeros((3, 2))
    back = z.copy()
    back[1, 0] = off
    assert wrong_halving.halved_too_seldom(SimpleNamespace(z=z, back=back, dim=2)) is None
    assert asked == [(1, j, 5.0**k) for j in (0, 1) for k in range(5)] * looked


@pytest.mark.parametrize(
    ("finite", "wrong", "told"), [(3, 2, True), (2, 2, False), (4, 2, False), (4, 3, True), (3, 1, False)]
)
def test_most_claims_are_finite_and_most_of_these_wrong(finite, wrong, told, monkeypatch):
    t = onp.zeros(4)
    c = onp.where(onp.arange(4) < finite, onp.where(onp.arange(4) < wrong, 1.0, 0.0), onp.nan)
    monkeypatch.setattr(
        explain, "Sample", lambda trial, direction: SimpleNamespace(c=c, t=t, failed=direction == "inverse")
    )
    case = SimpleNamespace(trial=SimpleNamespace(subject=SimpleNamespace(dtype=onp.float64)))
    assert explain._is_wrong_where_finite("log_det inverse", [case]) is told
    assert explain._is_wrong_where_finite("log_det forward", [case]) is False
    case.trial.subject.dtype = onp.float32
    assert explain._is_wrong_where_finite("log_det inverse", [case]) is False


@pytest.mark.parametrize(("entry", "name"), [(1e-7, "FOLDS"), (1.1e-7, "SEES_LATER")])
def test_a_variable_is_seen_by_another_above_a_ten_millionth(entry, name, monkeypatch):
    """x_0 folds in its own direction; x_1 sees z_0."""
    J = onp.stack([onp.diag([1.0, 1.0]), onp.diag([-1.0, 1.0])])
    J[1, 1, 0] = entry
    monkeypatch.setattr(wrong_search, "_is_bent", lambda c, i: i == 0)
    assert wrong_search.name_of_fold(SimpleNamespace(J=J, dim=2)) is Mistake[name]


@pytest.mark.parametrize(("small", "clamps"), [(1e-3, False), (1.1e-3, True), (-1.1e-3, True)])
def test_five_rows_off_0_tell_a_clamp(small, clamps):
    a = onp.array([small, 0.5, 1.0, 2.0, 3.0])
    assert bool(clamp.flattens(a, onp.tanh(a))) is clamps


@pytest.mark.parametrize(("slope", "branch"), [(1e-9, False), (0.9e-9, True), (-1e-9, False), (0.0, True)])
def test_a_gap_of_a_billionth_is_one(slope, branch):
    """In all rows as many variables lie below 0."""
    at = onp.array([[-1.0, 1.0]] * 4)
    s = SimpleNamespace(at=at, there=at, c=onp.full(4, slope), t=onp.zeros(4))
    assert wrong_terms._branch(s) is branch
    s.at = onp.array([[1.0, 1.0], [-1.0, 1.0], [-1.0, -1.0], [1.0, 1.0]])
    s.c = 5 * onp.array([0.0, 1.0, 2.0, 0.0])
    assert wrong_terms._branch(s) is True


def test_a_point_that_comes_back_a_millionth_off_is_wrong(monkeypatch):
    z = onp.zeros(3)
    line = SimpleNamespace(z=z[:, None], x=z[:, None], back=(onp.array([[0.999e-6], [1e-6], [-1e-6]]),))
    monkeypatch.setattr(wrong_spline, "variable", lambda trial: 0)
    monkeypatch.setattr(wrong_spline, "inner", lambda trial, n: n)
    monkeypatch.setattr(wrong_spline, "along", lambda trial, j, values: line)
    assert [float(back) for *_, back, _ in wrong_spline._wrong_points("trial")] == [1e-6]


@pytest.mark.parametrize(("off", "ratio"), [(1e-4, 0.0), (1.01e-4, None), (-1e-4, 0.0)])
def test_a_multiple_of_a_log_det_fits_to_four_digits(off, ratio):
    rows = onp.array([True, False])
    e = {"log_det": onp.zeros(2), "rows": rows, "yours": onp.array([3 * 0.0 + off, 99.0]), "q": onp.zeros(2)}
    assert wrong_density._ratio(e) == ratio


@pytest.mark.parametrize(("off", "name"), [(2e-5, "CONSTANT_MISSING"), (2.01e-5, None)])
def test_a_gap_that_is_one_number(off, name):
    e = {
        "z": onp.zeros((3, 1)),
        "yours": onp.array([0.0, off, 7.0]),
        "expected": onp.zeros(3),
        "rows": onp.arange(3) < 2,
    }
    assert wrong_density._of_the_whole([e]) is (Mistake[name] if name else None)


@pytest.mark.parametrize(("x", "center", "unit"), [
    ([7.0, 7.0, 9.0, 9.0], 8.0, 1.0), ([6.9, 6.9, 8.9, 8.9], 0.0, 1.0), ([-9.0, -9.0, -7.0, -7.0], -8.0, 1.0),
    ([14.0, 14.0, 18.0, 18.0], 16.0, 1.0), ([13.0, 13.0, 17.0, 17.0], 0.0, 1.0),
    ([-20.0, -20.0, 20.0, 20.0], 0.0, 20.0),
    ([-19.0, -19.0, 19.0, 19.0], 0.0, 1.0), ([5.0, 5.0, 5.0, 5.0], 0.0, 1.0), ([8.0, 8.0, 8.0, 8.0], 8.0, 1.0),
])  # fmt: skip
def test_a_variable_has_a_place_and_a_unit_of_its_own(x, center, unit):
    """Where it lies 8 units off 0, or is spread by 20 and more."""
    subject = SimpleNamespace(shape=lambda way: (1,), ends=lambda way: (-onp.inf, onp.inf))
    trial = SimpleNamespace(subject=subject, z=onp.zeros((4, 1)), usable=onp.ones(4, bool))
    trial.input = lambda way: onp.array(x)[:, None]
    found = units.units_of(trial)
    assert (found[0].tolist(), found[1].tolist()) == ([center], [unit])
    trial.usable[1:] = False
    assert [a.tolist() for a in units.units_of(trial)] == [[0.0], [1.0]]


@pytest.mark.parametrize(("of_few", "of_many", "calls", "cost"), [
    (0.0001, 0.01, [24], 0.0001 * 500 / 24), (0.0025, 0.2, [24, 1000], 0.1),
    (0.0025, 0.02, [24, 1000], 0.01), (0.01, 0.2, [24, 1000], 0.1),
    (1.1, 9.0, [24], 1.1 * 500 / 24), (0.0023, 0.2, [24], 0.0023 * 500 / 24),
])  # fmt: skip
def test_a_pair_is_asked_for_few_rows_and_then_for_many(of_few, of_many, calls, cost, monkeypatch):
    """x comes of forward, and goes into inverse; the cost is that of a thousand rows and one direction."""
    now, asked = [5.0], []
    monkeypatch.setattr(time_limit, "clock", lambda: now[0])

    def forward(z):
        asked.append(z[:, 0].tolist())
        now[0] += of_few if len(z) == 24 else of_many
        return z + 1, "log_det"

    def inverse(x):
        assert (x[:, 0] == onp.array(asked[-1]) + 1).all()
        return x - 1, "log_det"

    limit = time_limit.limit_for(forward, inverse, onp.array([[1.0], [2.0], [3.0]]))
    assert [len(rows) for rows in asked] == calls and asked[0][:4] == [1, 2, 3, 1]
    assert limit.begin == 5.0 and limit.cost == pytest.approx(cost)
    assert limit.seconds == pytest.approx(time_limit.SECONDS * max(1.0, cost / 0.05))


@pytest.mark.parametrize("which", ["forward", "inverse"])
def test_a_pair_that_raises_has_the_usual_time(which):
    def raises(a):
        raise ValueError("no")

    both = {"forward": lambda z: (z, 0), "inverse": lambda x: (x, 0), which: raises}
    limit = time_limit.limit_for(**both, z=onp.ones((2, 1)))
    assert (limit.seconds, limit.cost) == (time_limit.SECONDS, 0.0)
