"""What layers take from a table with an entry near the end of its dtype: means and scales that are numbers."""

import numpy as onp
import pytest

import nfscratch as nf
from nfscratch import trees
from nfscratch.bijections.normalize.remainder import predictions
from nfscratch.bijections.normalize.whiten import groups
from nfscratch.bijections.start import StartBatch


@pytest.fixture(autouse=True)
def float64_again():
    yield
    nf.use(dtype="float64")


def table(dtype, largest):
    x = onp.random.default_rng(0).normal(size=(40, 2)).astype(dtype)
    x[0, 1] = largest
    return x


@pytest.mark.parametrize(("dtype", "largest"), [("float64", 1e308), ("float64", -1e160), ("float32", 3e38)])
@pytest.mark.filterwarnings("ignore:.*a few rows decide the scale")
def test_a_far_entry_makes_no_parameter_that_is_no_number(dtype, largest):
    nf.use(dtype=dtype)
    x = table(dtype, largest)
    parts = [
        nf.Remainder(2),
        nf.Whiten(2),
        nf.Whiten(2, "robust"),
        nf.Standardize(2),
        nf.ActNorm(2),
        nf.BatchNorm((2,)),
    ]
    parts.append(nf.flows.rq_nsf(2, layers=1, hidden=(4,), standardize="robust"))
    with onp.errstate(over="ignore", invalid="ignore"):
        for part in parts:
            assert trees.is_finite(part.init(onp.random.default_rng(0), x)), part
        normed = parts[5]
        for rows in (x[1:], x):
            params = normed.update(normed.init(None), rows)
            assert trees.is_finite(params)
    assert normed.update(normed.init(None), x[1:])["fixed"]["variance"] != pytest.approx([1.0, 1.0])
    assert onp.isfinite(parts[6].log_prob(parts[6].init(onp.random.default_rng(0), x), x[1:])).all()


def test_units_change_neither_the_prediction_nor_the_copies():
    """W and s follow the units, columns far apart from each other too; a copy is one at 1e300 as at 1."""
    u = onp.random.default_rng(1).normal(size=(60, 2))
    u = onp.column_stack([u[:, 0], u[:, 0] + 1e-4 * u[:, 1]])
    W, s = predictions(u, 60)
    W_far, s_far = predictions(u * [1.0, 1e200], 60)
    assert W_far[1, 0] == pytest.approx(1e200 * W[1, 0], rel=1e-9) and s_far[1] == pytest.approx(1e200 * s[1], rel=1e-6)
    far = 1e300 * onp.concatenate([u, u])
    assert groups(far).max() == 59


def test_rows_that_overflow_on_the_way_are_left_behind():
    batch = StartBatch(onp.array([[1.0], [800.0], [2.0]]), onp.array([[0.0], [1.0], [2.0]]))
    layer = nf.Inverse(nf.Elementwise(nf.Exp(), 1))
    params = layer.init(None)
    batch.carry(layer, params, None)
    assert batch.x.ravel() == pytest.approx(onp.exp([1.0, 2.0])) and batch.context.ravel().tolist() == [0.0, 2.0]
    none = StartBatch(onp.array([[800.0], [900.0]]), None)
    none.carry(layer, params, None)
    assert len(none.x) == 2
