"""Stored leaves of a file that a layer divides by, or solves with, are what such layers make: else they are refused."""

import numpy as onp
import pytest
from test_forged_sizes import sealed

import nfscratch as nf
from nfscratch.checkpoint import stored
from nfscratch.checkpoint.description import describe
from nfscratch.training.fit_gan import InTurn
from nfscratch.training.optimizers import Adam
from nfscratch.training.saved_run import _is_ours

LOWER, SINGULAR = onp.array([[1.0, 0.0], [0.5, 0.8]]), onp.array([[1.0, 0.0], [0.5, 0.0]])
VANISHING = onp.array([[1e-300, 0.0], [1e300, 1.0]])  # its second pivot rounds to 0
LAYERS = {
    "mixing": (nf.Whiten(2), SINGULAR),
    "mixing, all 0": (nf.Whiten(2), onp.zeros((2, 2))),
    "mixing, full": (nf.Whiten(2), onp.ones((2, 2)) + onp.eye(2)),
    "mixing, vanishing": (nf.Whiten(2), VANISHING),
    "share": (nf.Whiten(2), onp.array(1.5)),
    "std": (nf.Standardize(2), onp.array([1.0, 0.0])),
    "std, negative": (nf.Whiten(2), onp.array([1.0, -1.0])),
    "variance": (nf.BatchNorm(2), onp.array([1.0, -1.0])),
    "weights": (nf.Remainder(2), onp.eye(2)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_stored_leaf_that_cannot_be_is_neither_saved_nor_loaded(name, tmp_path):
    layer, wrong = LAYERS[name]
    flow, key = nf.Flow(nf.StandardNormal(2), layer), name.partition(",")[0]
    params = flow.init(onp.random.default_rng(0))
    nf.save(tmp_path / "honest", flow, params)
    nf.load(tmp_path / "honest")
    params["bijection"]["fixed"][key] = wrong
    sealed(describe(flow), params, tmp_path / "forged")
    for call in (lambda: nf.load(tmp_path / "forged"), lambda: nf.save(tmp_path / "new", flow, params)):
        with pytest.raises(nf.CheckpointError, match=f"params/bijection/fixed/{key} must be .*; it is not"):
            call()
    assert not (tmp_path / "new").exists()


def test_directions_that_a_lipschitz_network_divides_by_have_length_1_in_each_layer(tmp_path):
    residual = nf.Residual(2, nf.LipschitzMLP((3,)))
    image = nf.Residual((1, 4, 4), nf.LipschitzConv((2,), kernels=3))
    for layer, base in ((residual, 2), (nf.Stack(residual, 4), 2), (image, (1, 4, 4))):
        flow = nf.Flow(nf.StandardNormal(base), layer)
        params = flow.init(onp.random.default_rng(0))
        nf.save(tmp_path / "honest", flow, params)
        nf.load(tmp_path / "honest")
        for key, factor in (("v", 0.0), ("u", 0.0), ("v", 1e-170), ("u", 1e170)):
            fixed = params["bijection"][0]["fixed"]
            honest = fixed[key]
            forged = honest.copy()
            forged[: 1 if isinstance(layer, nf.Stack) else None] *= factor  # of a stack, the first layer alone
            fixed[key] = forged
            sealed(describe(flow), params, tmp_path / "forged")
            for call in (
                lambda: nf.load(tmp_path / "forged"),
                lambda f=flow, p=params: nf.save(tmp_path / "new", f, p),
            ):
                with pytest.raises(nf.CheckpointError, match=f"params/bijection/0/fixed/{key} must be of length 1"):
                    call()
            fixed[key] = honest
    stored.judge("params", {"fixed": {"u": onp.zeros(2), "v": onp.zeros(2)}})  # a caller's own
    stored.judge("params", [{"W": onp.ones((2, 0)), "b": onp.ones(2), "fixed": {"u": LOWER[0], "v": onp.ones(0)}}])


def test_matrices_that_have_an_inverse_pass_and_what_a_new_run_breaks_may_be_broken():
    for key, good in (("mixing", LOWER), ("mixing", LOWER[None]), ("weights", [[0, 0], [9.0, 0]]), ("std", [1e-300])):
        stored.judge("params", {"fixed": {key: onp.array(good)}})
    broken = {"fixed": {"mixing": SINGULAR, "std": onp.array(-1.0)}}
    stored.judge("params", broken, broken)
    stored.judge("params", {"mixing": SINGULAR, "fixed": {"mean": SINGULAR}})  # trained, or under another name
    with pytest.raises(nf.CheckpointError, match="params/fixed/mixing"):
        stored.judge("params", broken, {"fixed": {"mixing": LOWER, "std": onp.array(1.0)}})


def test_a_run_whose_stored_matrix_is_singular_is_refused(tmp_path):
    from test_forged_runs import changed, container
    from test_forged_runs import sealed as resealed

    x = onp.random.default_rng(0).normal(size=(30, 2))

    def fit():
        flow, path = nf.Flow(nf.StandardNormal(2), nf.Chain([nf.Whiten(2), nf.ActNorm(2)])), tmp_path / "run"
        return nf.fit(flow, x, rng=0, steps=4, progress=False, checkpoint=path, callback=lambda at: at.step == 2)

    fit()
    with container.opened(tmp_path / "run", "run") as kept:
        tree, fields = kept.read(), dict(kept.fields)
    for place in ("params/bijection/0/fixed/mixing", "record/best/0/bijection/0/fixed/mixing"):
        resealed(tmp_path / "run", changed(tree, place, onp.zeros_like), fields)
        with pytest.raises(nf.CheckpointError, match=f"{place} must be a lower triangular matrix"):
            fit()


def test_the_moments_of_each_player_of_a_gan_are_judged():
    """Their optimizer is an Adam of the package's own; a caller's may keep anything."""

    class Own(Adam):
        pass

    assert _is_ours(nf.adam()) and _is_ours(InTurn()) and not _is_ours(Own())
