"""A table with an entry near the end of its dtype: layers take numbers from it, and what stops a fit is named."""

import numpy as onp
import pytest

import nfscratch as nf
from nfscratch import lost_digits, trees
from nfscratch.bijections.normalize.remainder import predictions
from nfscratch.bijections.normalize.whiten import groups
from nfscratch.bijections.start import StartBatch
from nfscratch.training import divergence
from nfscratch.training.beginning import begun
from nfscratch.training.held_out import Rows
from nfscratch.training.remedies import farthest


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


class NoStart:
    def init(self, rng, x, context):
        raise nf.InversionError("no z")


def test_an_entry_that_stops_a_fit_is_named_by_row_and_column():
    rows = Rows(table("float64", -1.7e308), None, None, 7 + onp.arange(40))
    with pytest.raises(nf.InversionError, match=r"no z. x has -1.7e\+308 in row 7, column 1"):
        begun(NoStart(), None, rows.x, rows)
    assert farthest(onp.array([[0.0], [0.0], [0.0], [0.0], [1e300]]))[:2] == (4, 0)
    layer = nf.Flow(nf.StandardNormal(1), nf.Standardize(1))
    params = layer.init(onp.random.default_rng(0))
    params["bijection"]["fixed"] = {"mean": onp.array([0.0]), "std": onp.array([0.5])}
    x = onp.array([[0.5], [1e308]])
    rows = Rows(x, None, None, onp.array([3, 11]))
    with onp.errstate(over="ignore"):
        said = divergence.blame(layer, params, {}, x[::-1], None, rows)
    assert "x has 1e+308 in row 11, column 0" in said


def test_numbers_too_small_for_a_dtype_are_said_to_be_so():
    """3e-300 is 0 in float32, whose least number is 1.4e-45; no offset changes that, a factor does."""
    x = onp.random.default_rng(0).normal(size=(30, 2)) * [1.0, 1e-300]
    with pytest.raises(ValueError, match=r"standard deviation .*e-301, and float32 .* lie 1.4e-45 apart.*multiply the"):
        lost_digits.check("x", x, "float32")
    with pytest.raises(ValueError, match="subtract an offset from the column, or use float64"):
        lost_digits.check("x", x * [1.0, 1e300] + [0.0, 1e9], "float32")
