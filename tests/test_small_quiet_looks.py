"""Looks that divide by 0, overflow or take the logarithm of 0 on their way, and say nothing of it to the user."""

from types import SimpleNamespace

import numpy as onp
import pytest

from nfscratch.check.diagnosis import (
    wrong_affine,
    wrong_clamp,
    wrong_condition,
    wrong_contraction,
    wrong_elementwise,
    wrong_line_search,
    wrong_linear,
    wrong_log_det,
    wrong_passes,
    wrong_radial,
    wrong_rows,
    wrong_search,
    wrong_terms,
)
from nfscratch.check.pairs import of_pair
from nfscratch.check.trial import Trial

ONE, NONE = onp.ones((6, 2)), onp.zeros((6, 2))
SUBJECT = SimpleNamespace(in_shape=(2,), dtype=onp.dtype("float64"), dim=2, shape=lambda direction: (2,))


def of_columns(J=None, **fields):
    """Columns of six rows whose Jacobians are 0, unless others are given."""
    J = onp.zeros((6, 2, 2)) if J is None else J
    trial = SimpleNamespace(subject=SUBJECT, derivatives=lambda *of: (J,), apply=lambda *of: (NONE, None))
    told = {"x": ONE, "z": ONE, "back": NONE, "again": ONE, "order": None, "is_linear": True, "dim": 2}
    told |= {"wrong": onp.ones(2, dtype=bool), "rows": onp.arange(6), "J": J, "trial": trial}
    return SimpleNamespace(**told | fields)


def quiet(look, *given):
    with onp.errstate(all="raise"):
        return look(*given)


def test_affine_maps_without_a_slope():
    c = of_columns()
    assert quiet(wrong_affine.affine, of_columns(back=5 * ONE)) is None
    assert len(quiet(lambda c: list(wrong_affine._raw_scales(c)), c)) == 4
    assert quiet(wrong_affine._is_clamp, c, NONE, NONE) is False


def test_clamps_beyond_their_bounds():
    l = onp.linspace(-2, 2, 12)[:, None]
    assert quiet(wrong_clamp._miss, l[:, 0], l, lambda l, p: onp.log(l), 0.0) == onp.inf
    s = SimpleNamespace(c=onp.zeros(3), t=onp.zeros(3))
    assert quiet(wrong_terms._soft, s, onp.full((3, 1), 2.0), 1.0) == (True, False)


def test_a_network_that_gives_no_scale(monkeypatch):
    monkeypatch.setattr(wrong_condition, "_forward", lambda c, half, changed: 0 * changed)
    c = of_columns(kept=onp.array([True, False]))
    assert not onp.isfinite(quiet(wrong_condition._undone, c, ONE[:, :1], ONE[:, :1])).any()


def test_series_that_overflow():
    sums = quiet(wrong_contraction._partial_sums, onp.full((1, 1, 1), 1e200), False, True)
    assert sums[0] == 1e200 and not onp.isfinite(sums[2:]).any()


def test_steps_where_a_map_is_flat(monkeypatch):
    monkeypatch.setattr(wrong_line_search, "_g", lambda c, w, s: -s)  # s + g(s) is 0 for every s
    assert not quiet(
        wrong_line_search._is_newton, of_columns(), onp.array([1.0, 0.0]), ONE[:, 0], NONE[:, 0], NONE[:, 0]
    )
    assert not quiet(wrong_search._reaches, of_columns(), ONE)
    assert not onp.isfinite(quiet(wrong_search._without_affine_part, of_columns())).any()
    assert quiet(wrong_search._of_largest_power, of_columns()) is None
    assert (quiet(wrong_passes._pass, lambda a: 0 * a, ONE, ONE) == 2).all()  # where the first step has come to


def test_pieces_that_stay_as_they_are(monkeypatch):
    monkeypatch.setattr(wrong_elementwise, "is_piecewise_linear", lambda trial: True)
    trial = SimpleNamespace(numeric_back=(onp.stack([onp.eye(2)] * 6),))
    assert not quiet(wrong_elementwise._multiplies_slopes, of_columns(onp.stack([onp.eye(2)] * 6), trial=trial))


def test_matrices_with_a_0_in_a_corner():
    s = SimpleNamespace(J=onp.array([[[0.0, 1.0], [1.0, 0.0]]]), dim=2, direction="forward")
    assert not onp.isfinite(quiet(wrong_linear._logs, s)).all()


def test_log_dets_of_no_determinant():
    s = SimpleNamespace(J=onp.zeros((6, 2, 2)), t=onp.zeros(6), failed=True)
    assert quiet(wrong_log_det.Sample.logs, s) is None
    s.J = onp.stack([onp.diag([-1.0, 1.0])] * 6)
    assert all(onp.isnan(log).all() for log in quiet(wrong_log_det._not_absolute, s))
    assert not quiet(wrong_terms.near, onp.array([onp.inf]), onp.array([onp.inf])).any()


def test_numbers_too_large_for_float32():
    single = SimpleNamespace(dtype=onp.dtype("float32"), shape=lambda direction: (2,))
    trial = SimpleNamespace(subject=single, apply=lambda direction, a, rows: (a, None))
    f = wrong_passes._function(SimpleNamespace(trial=trial, rows=onp.arange(6)), "forward")
    assert onp.isinf(quiet(f, onp.full((6, 2), 1e300))).all()


def test_a_radial_map_that_moves_nothing():
    """There is no line through infinite numbers: who asks takes that for no name."""
    with pytest.raises(onp.linalg.LinAlgError):
        quiet(wrong_radial.radial_root, of_columns(onp.stack([onp.eye(2)] * 6), is_linear=False))


def test_a_function_that_divides_by_0_remembers_all_the_same():
    def remembers(z):
        onp.ones(1) / onp.zeros(1)
        return z, onp.arange(6.0)

    trial = Trial(of_pair(remembers, remembers, 2), ONE)
    assert wrong_rows._remembers(trial, "forward")
    assert quiet(wrong_rows._remembers, trial, "forward")
