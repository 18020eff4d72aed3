"""What the checks stand on: finite differences, quadrature, random parameters, and the table that is printed."""

import numpy as onp
import pytest
from small_layers import SMALL_LAYERS

import nfscratch as nf
from nfscratch import check, trees


def test_finite_differences_are_the_jacobian_of_a_known_map():
    z = onp.random.default_rng(0).normal(size=(5, 2)) * [1.0, 1e3]
    J = check.finite_difference_jacobian(lambda a: onp.stack([onp.sin(a[:, 0]) * a[:, 1], a[:, 0], a[:, 1] ** 2], 1), z)
    zero, one = onp.zeros(5), onp.ones(5)
    exact = onp.array([[onp.cos(z[:, 0]) * z[:, 1], onp.sin(z[:, 0])], [one, zero], [zero, 2 * z[:, 1]]])
    assert onp.abs(J - exact.transpose(2, 0, 1)).max() < 1e-6


def test_a_kink_beside_a_point_does_not_spoil_its_derivative():
    z = onp.array([[1e-4], [-1e-4], [0.5]])
    J = check.finite_difference_jacobian(lambda a: onp.maximum(a, 0) * 3, z)[:, 0, 0]
    assert onp.abs(J - [3, 0, 3]).max() < 1e-8


def normal(x):
    return nf.StandardNormal(x.shape[1]).log_prob({}, x)


@pytest.mark.parametrize("dim", [1, 2])
@pytest.mark.parametrize(("shift", "ok"), [(0.0, True), (0.002, False), (-0.002, False)])
def test_the_integral_sees_two_thousandths(dim, shift, ok):
    finding = check.integrates_to_one(lambda x: normal(x) + shift, [-9.0] * dim, [9.0] * dim)
    assert finding.ok is ok and finding.error == pytest.approx(abs(onp.expm1(shift)), abs=1e-8)


def test_a_base_that_is_no_density_is_found_by_the_integral_alone():
    """The constant of the normal law is in no Jacobian and no round trip."""
    layer = SMALL_LAYERS["coupling"](2)
    params = check.random_params(layer, onp.random.default_rng(0), 0.7)
    finding = check.integrates_to_one(
        lambda x: -0.5 * (layer.inverse(params, x)[0] ** 2).sum(axis=1) + layer.inverse(params, x)[1],
        *check.image_box(lambda z: layer.forward(params, z)[0], 2),
    )
    assert not finding.ok and finding.error == pytest.approx(2 * onp.pi - 1, rel=1e-3)


def test_an_integral_on_which_grids_do_not_agree_is_inconclusive_which_is_not_ok():
    finding = check.integrates_to_one(lambda x: normal(x * 4) + onp.log(4), -9.0, 9.0, sizes=(11, 21, 41))
    assert finding.outcome is check.Outcome.INCONCLUSIVE and not finding.ok and onp.isnan(finding.error)
    assert "FAILS" in check.table([finding])
    assert check.integrates_to_one(lambda x: normal(x * 4) + onp.log(4), -9.0, 9.0).ok
    missed = check.integrates_to_one(lambda x: normal((x - 0.1234) * 3e3) + onp.log(3e3), -1.0, 1.0)
    assert not missed.ok  # between the points of two grids, which agree on 0


def test_the_integral_is_for_one_or_two_variables():
    with pytest.raises(ValueError, match="works on 1 or 2 variables; got 3"):
        check.integrates_to_one(normal, [-1.0] * 3, [1.0] * 3)


def test_random_parameters_move_every_trained_number_and_nothing_stored():
    flow, rng = nf.flows.real_nvp(3, layers=2).bijection, onp.random.default_rng(0)
    fresh, moved = flow.init(onp.random.default_rng(0)), check.random_params(flow, rng, 0.5)
    assert all((a != b).all() for a, b in zip(trees.leaves(fresh), trees.leaves(moved), strict=True))
    assert not moved[-1]["fixed"]["mean"].any()


# --- the table ---


def test_the_table_is_aligned_and_marks_every_line():
    rows = [
        check.Finding("S", "short", 0.0, 0.0),
        check.Finding("J", "a much longer description", 0.5, 1e-6, "z = [1.00]"),
        check.Finding("N", "inconclusive", float("nan"), 1e-3),
    ]
    lines = check.table(iter(rows), "Title").splitlines()
    assert lines[0] == "Title" and len(lines) == 5
    marks = [line.find("holds") if "holds" in line else line.find("FAILS") for line in lines[2:]]
    assert len(set(marks)) == 1 and marks[0] > 0
    assert [("holds" in line, "FAILS" in line) for line in lines[2:]] == [(True, False), (False, True), (False, True)]
    assert lines[3].endswith("at z = [1.00]") and "5.0e-01" in lines[3] and "1e-06" in lines[3] and "nan" in lines[4]
    assert [lines[1].index(word) + len(word) for word in ("error", "allowed")] == [
        lines[3].index(number) + len(number) for number in ("5.0e-01", "1e-06")
    ]
    assert check.table([]).splitlines() == ["      what was compared     error   allowed"]


def test_not_a_number_is_not_ok():
    finding = check.Finding("R", "something", float("nan"), 1.0)
    assert not finding.ok
    with pytest.raises(AssertionError, match="off by nan"):
        finding.raise_if_failed()
