"""The mean over held-out rows is taken some rows at a time: the same number, in memory that does not grow with N."""

import tracemalloc

import autograd
import numpy as onp
import pytest

import nfscratch as nf
from nfscratch import trees
from nfscratch.flows import chunks
from nfscratch.training import objectives

ROWS = 1024
FLOW = nf.flows.real_nvp(2, layers=4, hidden=(16,))
CONDITIONAL = nf.flows.real_nvp(2, layers=2, hidden=(8,), context_dim=3, embed=nf.MLP((4,)))


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(chunks, "ROWS", ROWS)


def rng(seed=0):
    return onp.random.default_rng(seed)


def peak(n, flow=FLOW):
    x = onp.asfortranarray(rng().normal(size=(n, 2)))
    params = flow.init(rng(), x[:100])
    objectives.nll(flow, params, x[:10])
    tracemalloc.start()
    try:
        objectives.nll(flow, params, x)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_rows(monkeypatch):
    few, many = peak(4 * ROWS), peak(64 * ROWS)
    assert many < 1.2 * few
    monkeypatch.setattr(chunks, "ROWS", 10**9)
    assert peak(64 * ROWS) > 10 * few  # in one piece


@pytest.mark.parametrize("n", [1, ROWS - 1, ROWS, ROWS + 1, 3 * ROWS + 5])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_mean_is_that_of_all_rows_summed_in_float64(n, dtype):
    x = rng(1).normal(size=(n, 2)) + 100.0
    params = trees.cast(FLOW.init(rng(), rng(2).normal(size=(50, 2))), dtype)
    expected = -FLOW.log_prob(params, x).astype("float64").mean()
    assert abs(objectives.nll(FLOW, params, x) / expected - 1) < 1e-13
    by_trace = autograd.value_and_grad(lambda p: objectives.nll(FLOW, p, x))(params)[0]
    assert abs(by_trace / expected - 1) < (1e-13 if dtype == "float64" else 1e-4)


@pytest.mark.parametrize("one_row", [False, True])
def test_each_chunk_gets_its_rows_of_the_context(one_row):
    x, context = rng().normal(size=(2500, 2)), rng(1).normal(size=(1 if one_row else 2500, 3))
    params = CONDITIONAL.init(rng(), x, onp.broadcast_to(context, (2500, 3)))
    params = trees.map_leaves(lambda leaf: leaf + rng(2).normal(size=leaf.shape), params, fixed=lambda leaf: leaf)
    expected = -CONDITIONAL.log_prob(params, x, context).mean()
    if not one_row:
        assert abs(CONDITIONAL.log_prob(params, x, context[::-1]).mean() + expected) > 1e-3  # the order matters
    assert abs(objectives.nll(CONDITIONAL, params, x, context) - expected) < 1e-13
    with pytest.raises(
        ValueError, match=f"context must have one row for each of the 2500 rows, or 1 row for all; got {ROWS} rows"
    ):
        objectives.nll(CONDITIONAL, params, x, rng().normal(size=(ROWS, 3)))


def test_a_row_that_is_not_finite_is_named_by_its_number_in_the_whole():
    x = rng().normal(size=(2500, 2))
    x[2345, 1] = onp.nan
    with pytest.raises(ValueError, match=r"x must be finite; NaN or infinity in row 2345; the first is"):
        objectives.nll(FLOW, FLOW.init(rng()), x)


class Counting(nf.Flow):
    """Keeps the number of rows of every log_prob."""

    def log_prob(self, params, x, context=None, rng=None):
        SEEN.append(len(x))
        return super().log_prob(params, x, context, rng)


SEEN = []


def test_fit_evaluates_in_chunks_to_the_mean_that_nll_gives():
    flow, x = Counting(nf.StandardNormal(2), nf.ActNorm(2)), rng().normal(size=(5000, 2))
    SEEN.clear()
    result = nf.fit(flow, x, rng=rng(), validation=x[:3000], steps=4, evaluate_every=2)
    rows = chunks.rows_of(x)
    assert SEEN == [*[rows] * (3000 // rows), 3000 % rows] * 3 and rows < 1500
    assert min(result.history["validation"]) == objectives.nll(flow, result.params, x[:3000])
