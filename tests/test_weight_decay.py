"""Weight decay in a run: matrices shrink, all other parameters do not."""

import numpy as onp
import pytest
from comparing import close
from strict import StrictArray

import nfscratch as nf
from nfscratch import trees
from nfscratch.training.optimizers import begin

RATE, DECAY = 0.1, 0.5


def tree():
    return {"W": onp.ones((2, 3)), "b": 2.0 * onp.ones(2), "fixed": 3.0 * onp.ones((2, 2)), "scale": onp.ones(())}


@pytest.mark.parametrize("g", (0.0, 3.0))
@pytest.mark.parametrize("dtype", ("float32", "float64"))
def test_one_step_shrinks_matrices_and_nothing_else(g, dtype):
    flat, views = trees.flatten(trees.map_leaves(lambda leaf: leaf.astype(dtype), tree()))
    plain, plain_views = trees.flatten(views)
    for optimizer, p, its in ((nf.adam(RATE, weight_decay=DECAY), flat, views), (nf.adam(RATE), plain, plain_views)):
        optimizer.step(p, onp.full_like(p, g), begin(optimizer, p, its), 0.5)
    assert flat.dtype == dtype
    close(views["W"], plain_views["W"] - 0.5 * RATE * DECAY, 1e-6)
    assert (views["b"] == plain_views["b"]).all() and views["scale"] == plain_views["scale"]
    assert (views["fixed"] == 3.0).all()


def test_a_run_moves_biases_without_a_gradient_nowhere():
    """A loss that does not depend on the parameters: what moves is what decays."""
    params = nf.MLP((4,)).init(onp.random.default_rng(1), 2, 3)
    params = trees.map_leaves(lambda leaf: leaf + 1.0, params)
    last = nf.minimize(
        lambda p, rng: 1.0 + 0.0 * sum((layer["W"] ** 2).sum() for layer in p),
        params,
        rng=onp.random.default_rng(2),
        optimizer=nf.adam(RATE, weight_decay=DECAY),
        schedule=nf.constant,
        evaluate=lambda p: float(p[0]["W"][0, 0]),  # the smallest is that of the last step
        steps=3,
        progress=False,
    ).params
    for before, after in zip(params, last, strict=True):
        close(after["W"], before["W"] * (1 - RATE * DECAY) ** 3, 1e-14)
        assert (after["b"] == before["b"]).all()


def test_a_device_array_decays_on_the_device():
    flat, views = trees.flatten(trees.map_leaves(StrictArray, tree()))
    optimizer = nf.adam(RATE, weight_decay=DECAY)
    optimizer.step(flat, StrictArray(onp.zeros(flat.shape)), begin(optimizer, flat, views))
    close(views["W"].get(), onp.full((2, 3), 1 - RATE * DECAY), 1e-15)


def test_an_optimizer_of_another_kind_starts_as_it_likes():
    class Descent:
        def init(self, p):
            return {"t": 0}

        def step(self, p, g, state, factor=1.0):
            p -= 0.1 * g

    assert begin(Descent(), onp.ones(3), {"W": onp.ones((1, 3))}) == {"t": 0}
