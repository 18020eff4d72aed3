"""Units of x and shares of what is allowed, where a number lies exactly on its bound; matrices of no variables."""

from types import SimpleNamespace

import numpy as onp

from nfscratch.check import rows, units
from nfscratch.check.finding import Finding


def placed(x, z=None, usable=None, codomain=(-onp.inf, onp.inf), shape=None):
    x = onp.array(x, dtype=float)
    shape = x.shape[1:] if shape is None else shape
    subject = SimpleNamespace(out_shape=shape, shape=lambda direction: shape, ends=lambda direction: codomain)
    z = onp.zeros((len(x), 2)) if z is None else onp.array(z)
    usable = onp.array([True] * len(x) if usable is None else usable)
    return SimpleNamespace(subject=subject, z=z, usable=usable, input=lambda direction: x)


def found(*given, **more):
    return [a.tolist() for a in units.units_of(placed(*given, **more))]


def test_a_unit_on_a_bound_is_unusual_and_a_center_on_its_bound_is_far(monkeypatch):
    """Of two rows the median is the middle, and the standard deviation half of their distance."""
    monkeypatch.setattr(units, "USUAL", (0.5, 2.0))
    for low, high, center, unit in (
        (-0.5, 0.5, 0.0, 0.5), (-0.625, 0.625, 0.0, 1.0), (-2.0, 2.0, 0.0, 2.0), (-1.875, 1.875, 0.0, 1.0),
        (7.0, 9.0, 8.0, 1.0), (-9.0, -7.0, -8.0, 1.0), (6.75, 8.75, 0.0, 1.0), (7.25, 8.75, 8.0, 1.0),
        (10.5, 13.5, 12.0, 1.0), (10.0, 13.0, 0.0, 1.0), (3.0, 3.0, 0.0, 1.0), (8.0, 8.0, 8.0, 1.0),
        (1.0, 1.25, 1.125, 0.125),
    ):  # fmt: skip
        assert found([[low], [high]]) == [[center], [unit]], (low, high)


def test_each_variable_has_units_of_its_own_and_one_with_an_end_has_none():
    x = [[100.0, 0.0, 500.0], [102.0, 100.0, 700.0]]
    assert found(x) == [[101.0, 50.0, 600.0], [1.0, 50.0, 100.0]]
    ends = (onp.array([-onp.inf, 0.0, -onp.inf]), onp.array([onp.inf, onp.inf, 900.0]))
    assert found(x, codomain=ends) == [[101.0, 0.0, 0.0], [1.0, 1.0, 1.0]]
    assert found(x, codomain=(0.0, onp.inf)) == [[0.0] * 3, [1.0] * 3]


def test_rows_within_3_are_near_or_the_smaller_half_where_all_are_far():
    x = [[100.0], [102.0], [900.0], [1000.0]]
    for z, center in (
        ([3.0, -3.0, 3.5, 9.0], 101.0), ([4.0, -5.0, 8.0, 9.0], 101.0), ([4.0, 5.0, 9.0, 8.0], 101.0),
        ([1.0, -3.0, 3.0, 9.0], 102.0),
    ):  # fmt: skip
        assert found(x, z=[[k, 0.0] for k in z])[0] == [center], z
    assert found(x, usable=[True, False, True, False])[0] == [500.0]
    assert found(x, usable=[True, False, False, False]) == [[0.0], [1.0]]


def test_what_forward_does_not_give_has_the_usual_units():
    def refuses(direction):
        raise KeyError

    trial = placed([[100.0], [102.0]])
    trial.input = refuses
    assert [a.tolist() for a in units.units_of(trial)] == [[0.0], [1.0]]
    trial.subject.ends = lambda direction: (0.0, 1.0)  # nor is it asked where no variable is free
    trial.input = None
    assert [a.tolist() for a in units.units_of(trial, "forward")] == [[0.0], [1.0]]


def test_points_of_an_image_are_put_where_its_variables_lie():
    x = onp.array([[100.0, 0.0, 500.0, -300.0], [102.0, 100.0, 700.0, -200.0]]).reshape(2, 1, 2, 2)
    at = units.in_units(placed(x), onp.ones((3, 1, 2, 2)))
    assert at.tolist() == [[[[102.0, 100.0], [700.0, -200.0]]]] * 3
    assert units.in_units(placed(x), onp.zeros((1, 2, 2))).tolist() == [[[101.0, 50.0], [600.0, -250.0]]]


def test_the_share_of_what_is_allowed():
    for error, tolerance, share in ((2.0, 4.0, 0.5), (1.0, 0.0, 1 / 1e-300), (3e-300, 2e-300, 1.5), (0.0, 0.0, 0.0)):
        assert Finding("R", "", error, tolerance).share == share


def test_of_no_variables_there_is_nothing_to_go_wrong():
    assert rows.inverse_norm(onp.zeros((3, 0, 0))).tolist() == [0.0] * 3
    assert rows.condition(onp.zeros((3, 0, 0))).tolist() == [1.0] * 3
