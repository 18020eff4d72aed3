"""fit(..., memory="recompute"): the same gradients from less memory."""

import tracemalloc

import numpy as onp
import pytest
from comparing import close
from small_flows import FLOWS, make

import nfscratch as nf
from nfscratch import trees
from nfscratch.bijections.recomputed import recomputing
from nfscratch.training.memory import for_steps
from nfscratch.training.objectives import MaximumLikelihood

RNG = onp.random.default_rng
LIKELIHOOD = MaximumLikelihood()


def same_step(flow, params, x, context, seed=0):
    """Loss and gradients of both, with the same draws, bit for bit."""
    steps = [
        nf.objectives.nll_value_and_grad(for_steps(flow, memory, LIKELIHOOD), params, x, context, RNG(seed))
        for memory in ("store", "recompute")
    ]
    (loss, grads), (again, grads_again) = steps
    assert loss == again
    for a, b in zip(trees.leaves(grads), trees.leaves(grads_again), strict=True):
        assert (a == b).all()


@pytest.mark.parametrize("name", FLOWS)
def test_loss_and_gradients_are_the_same_to_the_last_bit(name):
    flow, params, x, context = make(name)
    same_step(flow, params, x, context)


def test_a_model_of_images_with_a_learned_noise_and_an_estimated_log_det_draw_the_same():
    model = nf.flows.glow((1, 4, 4), 2, 1, 4, values=16, noise="learned")
    x = RNG(0).integers(0, 16, size=(6, 1, 4, 4)).astype(float)
    same_step(model, model.init(RNG(0), x), x, None)
    flow = nf.flows.residual(2, layers=2, hidden=(4,), log_det="roulette")
    x = RNG(0).normal(size=(6, 2))
    same_step(flow, flow.init(RNG(0), x), x, None)


def test_forward_is_recomputed_too():
    chain = nf.Chain([nf.Planar(2), nf.ActNorm(2)])
    z, params = RNG(0).normal(size=(5, 2)), chain.init(RNG(0))
    g, g_log_det = RNG(1).normal(size=(5, 2)), RNG(2).normal(size=5)
    for mine, theirs in zip(
        trees.leaves(chain.forward_vjp(params, z)[2](g, g_log_det)[:2]),
        trees.leaves(recomputing(chain).forward_vjp(params, z)[2](g, g_log_det)[:2]),
        strict=True,
    ):
        close(mine, theirs, 0.0)


def peak(layers, memory, n=256, dim=4, width=32):
    """Bytes of NumPy arrays at the highest point of one step."""
    flow = nf.flows.real_nvp(dim, layers=layers, hidden=(width, width), base=nf.StandardNormal(dim), whiten="diagonal")
    x = RNG(0).normal(size=(n, dim))
    params, steps = flow.init(RNG(0), x), for_steps(flow, memory, LIKELIHOOD)
    nf.objectives.nll_value_and_grad(steps, params, x)  # what is made once
    tracemalloc.start()
    try:
        nf.objectives.nll_value_and_grad(steps, params, x)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_grows_with_the_inputs_of_the_layers_and_not_with_their_networks():
    """4 more layers store 4 (D + 2 h) N numbers and their gradients, and recomputed 4 D N and their gradients."""
    gradients = 4 * (2 * 32 + 32 * 32 + 32 * 4) * 8
    stored, kept = (peak(6, memory) - peak(2, memory) - gradients for memory in ("store", "recompute"))
    assert stored > 4 * 2 * 32 * 256 * 8 * 0.8
    assert kept < 0.25 * stored


def test_fit_gives_the_same_result(tmp_path):
    x = RNG(0).normal(size=(200, 2)) * [1.0, 3.0]
    flow = nf.flows.real_nvp(2, layers=2, hidden=(8,))
    results = [nf.fit(flow, x, rng=0, steps=10, validation=None, memory=memory) for memory in ("store", "recompute")]
    assert results[0].history["loss"] == results[1].history["loss"]
    for a, b in zip(trees.leaves(results[0].params), trees.leaves(results[1].params), strict=True):
        assert (a == b).all()


def test_what_is_no_choice_and_an_objective_that_has_none_are_refused():
    flow = nf.flows.real_nvp(2, layers=2, hidden=(8,))
    with pytest.raises(ValueError, match="memory must be one of store, recompute; got 'less'"):
        nf.fit(flow, RNG(0).normal(size=(20, 2)), rng=0, steps=1, memory="less")
    continuous = nf.flows.continuous(2)
    with pytest.raises(ValueError, match='memory must be "store" for FlowMatching'):
        nf.fit(
            continuous,
            RNG(0).normal(size=(20, 2)),
            rng=0,
            steps=1,
            objective=nf.objectives.FlowMatching(),
            memory="recompute",
        )


def test_a_layer_is_what_is_recomputed():
    with pytest.raises(TypeError, match=r"layer must be a Bijection, such as nf\.Planar"):
        nf.bijections.Recomputed(3)
