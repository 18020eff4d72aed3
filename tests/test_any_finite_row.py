"""log_prob at any finite row is a finite number or -inf: no NaN, no exception; and no such row spoils a gradient.

The long run takes its seed from NFSCRATCH_SEED, and prints it; "new" draws one. `python -m benchmarks rows` counts.
"""

import os
import secrets

import autograd
import numpy as onp
import pytest
from finite_rows import BY_SOLVER, RECIPES, D, drawn

import nfscratch as nf

ALL = 1_000_000  # rows of the long run, over all recipes and both dtypes


@pytest.fixture(autouse=True)
def float64_again():
    yield
    nf.use(dtype="float64")


def holds(name, dtype, n, seed):
    nf.use(dtype=dtype)
    at, (flow, params, x, context, rng) = f"NFSCRATCH_SEED={seed}", drawn(name, dtype, n, seed)
    log_p = flow.log_prob(params, x, context)
    bad = onp.flatnonzero(~(log_p < onp.inf))
    assert bad.size == 0, f"{at}: log_prob {log_p[bad[0]]} at {x[bad[0]].tolist()} ({bad.size} rows)"
    near, some = rng.uniform(0.1, 0.9, size=(5, D)).astype(dtype), x[: min(n, 300)]
    log_prob = lambda params, x: flow.log_prob(params, x, None if context is None else context[:1])  # noqa: E731
    spoiled(log_prob, params, near, some[~(log_p[: len(some)] > -1e4)], at)
    return n


def spoiled(log_prob, params, near, lost, at):
    """The parameters' gradient of rows beside such ones is finite, and what it is without those of no density."""
    gradient = autograd.grad(lambda params, x: log_prob(params, x).sum())
    alone = gradient(params, near)
    with onp.errstate(all="ignore"):  # a sum of such numbers may itself overflow, and so may steps on the way back
        whole = gradient(params, onp.concatenate([near, lost]))
    assert all(onp.isfinite(g).all() for g in nf.trees.leaves(whole)), at
    root = float(onp.finfo(near.dtype).max) ** 0.25
    dropped = lost[(onp.abs(lost).max(axis=1, initial=0.0) > root) & ~(log_prob(params, lost) > -root)]
    with onp.errstate(all="ignore"):
        beside = gradient(params, onp.concatenate([near, dropped]))
    eps = float(onp.finfo(near.dtype).eps)
    for a, b in zip(nf.trees.leaves(beside), nf.trees.leaves(alone), strict=True):
        onp.testing.assert_allclose(a, b, rtol=0, atol=1e4 * eps * max(1.0, float(onp.abs(b).max(initial=0.0))))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", ["maf", "made, an ensemble", "planar", "radial", "mixture base", "naf of Squared"])
def test_log_prob_at_any_finite_row_is_a_number_or_minus_infinity(name, dtype):
    holds(name, dtype, 200, seed=1)


@pytest.mark.exhaustive
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", RECIPES)
def test_log_prob_at_a_million_finite_rows(name, dtype):
    wanted = os.environ.get("NFSCRATCH_SEED", "7")
    seed = secrets.randbits(32) if wanted == "new" else int(wanted)
    print(f"NFSCRATCH_SEED={seed}")
    quick = 2 * (len(RECIPES) - len(BY_SOLVER))
    holds(name, dtype, 60 if name in BY_SOLVER else -(-ALL // quick), seed)
