"""Remainder: columns that others nearly determine."""

import numpy as onp
import pytest

import nfscratch as nf


def near_a_plane(n=400, thickness=1e-3):
    """Columns of variance near 1; the third is the mean of the first two, up to noise."""
    rng = onp.random.default_rng(0)
    a, b, e = rng.normal(size=(3, n))
    b = 0.3 * b + 0.7 * (a**2 - 1.0)
    return onp.stack([a, b, (a + b) / 2 + thickness * e, rng.normal(size=n)], axis=1)


def is_identity(params):
    return not params["fixed"]["weights"].any() and (params["fixed"]["std"] == 1.0).all()


def test_a_column_that_others_nearly_give_becomes_what_they_leave():
    u = near_a_plane()
    params = nf.Remainder(4).init(None, u)
    z, log_det = nf.Remainder(4).inverse(params, u)
    assert onp.array_equal(z[:, [0, 1, 3]], u[:, [0, 1, 3]])
    assert z[:, 2].std() == pytest.approx(1.0, rel=0.01)
    assert onp.abs(onp.corrcoef(z.T)[2, :2]).max() < 1e-6
    W, s = params["fixed"]["weights"], params["fixed"]["std"]
    assert W[2, :2] == pytest.approx([0.5, 0.5], abs=1e-3)
    assert s[2] == pytest.approx(1e-3, rel=0.1)
    assert log_det == pytest.approx(onp.full(400, -onp.log(s[2])))


def test_other_columns_stay():
    assert is_identity(nf.Remainder(4).init(None, near_a_plane(thickness=0.02)))


def test_a_column_that_is_given_exactly_is_left_with_nearly_nothing():
    u = near_a_plane(thickness=0.0)
    params = nf.Remainder(4).init(None, u)
    z, _ = nf.Remainder(4).inverse(params, u)
    assert onp.ptp(z[:, 2]) < 1e-9
    assert params["fixed"]["std"] == pytest.approx([1.0, 1.0, 1e-5 * u[:, 2].std(), 1.0])


def test_a_column_that_nearly_given_ones_give_is_given_too():
    u = near_a_plane()
    u = onp.column_stack([u, u[:, 2] - u[:, 0]])
    z, _ = nf.Remainder(5).inverse(nf.Remainder(5).init(None, u), u)
    assert z[:, 2].std() == pytest.approx(1.0, rel=0.01)
    assert onp.abs(z[:, 4]).max() < 1e-5


@pytest.mark.filterwarnings("ignore:x. column . is a linear function")
def test_a_flow_learns_the_other_columns_as_if_a_copy_were_not_there():
    x = near_a_plane()[:, :2]
    settings = {"rng": 0, "steps": 120, "optimizer": nf.adam(3e-3), "progress": False}
    results = [
        nf.fit(nf.flows.rq_nsf(columns.shape[1], layers=2, hidden=(32,)), columns, **settings)
        for columns in (x, onp.column_stack([x, x[:, 0] - 2 * x[:, 1]]))
    ]
    gains = [result.history["validation"][0] - min(result.history["validation"]) for result in results]
    assert results[1].best_step > 0
    assert gains[1] > gains[0] - 0.1


def test_constant_columns_and_few_rows_stay():
    u = near_a_plane()
    u[:, 1] = 7.0
    assert is_identity(nf.Remainder(4).init(None, u))
    assert is_identity(nf.Remainder(4).init(None, near_a_plane(8)))


def test_the_unit_of_a_column_makes_no_difference():
    u, unit = near_a_plane(), onp.array([1e9, 1.0, 1e-9, 1.0])
    z, _ = nf.Remainder(4).inverse(nf.Remainder(4).init(None, u), u)
    scaled, _ = nf.Remainder(4).inverse(nf.Remainder(4).init(None, u * unit), u * unit)
    assert scaled[:, 2] == pytest.approx(z[:, 2], rel=1e-3, abs=1e-6)


def test_a_flow_learns_the_shape_of_data_near_a_plane():
    """Without the layer step 0 stays the best: the first steps lead out of the plane, and no later step leads back."""
    x = near_a_plane()
    result = nf.fit(
        nf.flows.rq_nsf(4, layers=2, hidden=(32,)), x, rng=0, steps=300, optimizer=nf.adam(3e-3), progress=False
    )
    assert result.best_step > 0
    assert min(result.history["validation"]) < result.history["validation"][0] - 0.2


def test_copies_of_rows_leave_no_less_of_a_column():
    u = near_a_plane(40)
    once, eight = (nf.Remainder(4).init(None, rows)["fixed"]["std"] for rows in (u, onp.repeat(u, 8, axis=0)))
    assert eight == pytest.approx(once, rel=1e-9)
    assert is_identity(nf.Remainder(4).init(None, onp.repeat(near_a_plane(8), 8, axis=0)))
