"""What is drawn or made on the way has the kind and the dtype of the arrays that it joins."""

import numpy as onp
import pytest
from strict import StrictArray

import nfscratch as nf
from nfscratch import backend, trees
from nfscratch.autodiff import register_array_type
from nfscratch.bijections import start
from nfscratch.bijections.start import StartBatch
from nfscratch.distributions import Categorical
from nfscratch.distributions.conditionals import uniform
from nfscratch.flows import boundary, dequantized
from nfscratch.nets import network, per_row
from nfscratch.ops import events, roulette, spectral
from nfscratch.training import batches, held_out, optimizers

register_array_type(StrictArray)
SINGLE = onp.float32


def strict(*shape):
    return StrictArray(onp.ones(shape, SINGLE))


def rng():
    return onp.random.default_rng(0)


def made():
    """Name, and an array that was made for a strict one of float32."""
    z = strict(6, 2)
    yield "laid_out", events.laid_out(z)
    yield "probes", roulette.draw_probes(rng(), z, 2, 0.5).v
    yield (
        "an estimate under a derivative",
        roulette.traced_estimate(lambda u: u, roulette.draw_probes(rng(), z, 2, 0.5)),
    )
    yield "stirred", spectral.stirred(strict(3))
    yield "uniform", uniform(rng(), (2, 3), z)
    yield "noise of pixels", dequantized.uniform(rng(), z)
    yield "rows of a batch", batches.take_rows(z, [1, 0])
    yield "jitter", held_out.jittered(0.5, (2,))(z, rng())
    batch = StartBatch(strict(start.SAMPLE + 1, 2), None)
    batch._sample()
    yield "a sample to start from", batch.x
    yield "levels", Categorical(2)._chosen(z)
    (leaf,) = trees.leaves(boundary._moved({"a": z}))
    yield "moved parameters", leaf
    optimizer = nf.adam(weight_decay=0.1)
    yield "what decays", optimizers.begin(optimizer, strict(4), {"W": strict(2, 2)})["decays"]
    for base in (
        nf.StandardNormal(2),
        nf.StandardLogistic(2),
        nf.StudentT(2),
        nf.GaussianMixture(2, 3),
        nf.DiagonalNormal(2),
    ):
        params = trees.map_leaves(lambda leaf: StrictArray(onp.asarray(leaf, SINGLE)), base.init(rng()))
        yield f"a draw of {type(base).__name__}", base.sample(params, rng(), 4, z)


def test_what_is_made_for_an_array_has_its_kind_and_its_dtype():
    for name, array in made():
        assert type(array) is StrictArray, name
        assert array.dtype == SINGLE, name


def test_rows_are_looked_at_in_float64_of_their_own_kind():
    wide = boundary._wide(strict(3, 2))
    assert type(wide) is StrictArray
    assert wide.dtype == onp.float64


def test_parameters_for_each_row_are_tried_in_the_kind_of_the_parameters():
    tree = {"a": strict(2)}
    assert per_row.takes_rows(lambda theta, z: (theta["a"] * z,), tree, (2,))
    assert not per_row.takes_rows(lambda theta, z: (theta["a"][0] * z,), tree, (2,))


def test_the_rows_that_try_it_out_are_those_of_one_seed():
    tree, seen, draws = {"a": strict(2)}, [], rng()
    assert per_row.takes_rows(lambda theta, z: seen.append((theta["a"], z)) or (theta["a"] * z,), tree, (2,))
    (theta, z), expected = seen[0], (draws.normal(size=(3, 2)), 0.1 * draws.normal(size=(3, 2)))
    assert (theta.dtype, z.dtype, z.shape, theta.shape) == (SINGLE, SINGLE, (3, 2), (3, 2))
    assert onp.allclose(backend.to_numpy(z), expected[0]), "z"
    assert onp.allclose(backend.to_numpy(theta), backend.to_numpy(tree["a"]) + expected[1]), "theta"


@pytest.mark.parametrize(
    ("alone", "together", "taken"),
    [
        (1000.0, 1009.0, True),  # a hundredth of the number
        (1000.0, 1015.0, False),
        (0.0, 9e-4, True),  # or a thousandth
        (0.0, 1.5e-3, False),
        (onp.nan, onp.nan, True),
        (onp.nan, 0.0, False),
    ],
)
def test_how_nearly_rows_together_are_each_alone(alone, together, taken):
    def outputs(theta, z):
        return (onp.full(len(z), together if len(z) > 1 else alone),)

    assert per_row.takes_rows(outputs, {"a": onp.ones(2)}, (2,)) is taken


def test_zeros_of_a_fresh_network_are_drawn_anew_in_its_kind_and_stored_leaves_stay():
    tree = {"W": StrictArray(onp.zeros((3, 2), SINGLE)), "fixed": {"m": strict(2)}}
    drawn = network._without_zeros(rng(), tree)
    assert type(drawn["W"]) is StrictArray
    assert drawn["fixed"]["m"] is tree["fixed"]["m"]


def test_directions_of_hutchinsons_estimate_are_signs_of_the_kind_of_the_rows():
    layer = nf.Continuous(dim=2, trace="hutchinson", probes=3)
    v, share = layer._tangents(strict(5, 2), rng())
    assert (type(v), v.dtype, v.shape, share) == (StrictArray, SINGLE, (3, 5, 2), 1 / 3)
    assert set(onp.unique(backend.to_numpy(v))) == {-1.0, 1.0}
    v, share = layer._tangents(strict(5, 2), None)
    assert (type(v), v.dtype, v.shape, share) == (StrictArray, SINGLE, (2, 5, 2), 1.0)


def test_a_sample_to_start_from_has_each_row_once_at_most_and_is_the_same_each_time():
    x = onp.arange(2.0 * (start.SAMPLE + 9)).reshape(-1, 2)
    batches_of_x = [StartBatch(x, x + 1.0) for _ in range(2)]
    for batch in batches_of_x:
        batch._sample()
        assert batch.x.shape == (start.SAMPLE, 2)
        assert len(set(batch.x[:, 0])) == start.SAMPLE
        assert (batch.context == batch.x + 1.0).all()
        assert batch.x.flags.f_contiguous
    assert (batches_of_x[0].x == batches_of_x[1].x).all()
