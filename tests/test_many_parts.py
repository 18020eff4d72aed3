"""A file has no more objects than can be built in about a second, and `save` writes nothing that `load` refuses."""

import json

import numpy as onp
import pytest
from test_forged_sizes import loading, part, sealed

import nfscratch as nf
from nfscratch.checkpoint import container, many_parts
from nfscratch.checkpoint.description import describe

PLANAR = nf.Flow(nf.StandardNormal(2), nf.Stack(nf.Planar(2), 5))


def stack(count):
    return nf.Flow(nf.StandardNormal(2), nf.Stack(nf.Planar(2), count))


def params_of(count):
    rows = {"b": onp.zeros((count, 1)), "u": onp.zeros((count, 2)), "w": onp.zeros((count, 2))}
    return {"base": {}, "bijection": rows, "embed": {}}


def test_objects_are_counted_with_each_layer_of_a_stack_and_of_a_network():
    assert many_parts.objects(describe(nf.MLP((4, 4)))) == 1 + 2
    assert many_parts.objects(describe(stack(5))) == 1 + 1 + 1 + 5
    twice = nf.Stack(nf.Chain([nf.Planar(2), nf.Stack(nf.ActNorm(2), 3)]), 10)
    assert many_parts.objects(describe(twice)) == 1 + 10 * (1 + 1 + 1 + 3)


def test_a_stack_of_too_many_layers_is_refused_unbuilt_although_its_tensors_are_all_there(tmp_path, monkeypatch):
    description = json.loads(json.dumps(describe(stack(5))))
    description["fields"]["bijection"]["fields"]["count"] = 20_000
    sealed(description, params_of(20_000), tmp_path / "f")
    error, built, _ = loading(tmp_path / "f", monkeypatch)
    assert "must have at most 8192 parts" in str(error) and not built


@pytest.mark.parametrize("dtype", ["u1", "i8", "f2"])
def test_a_tensor_that_is_no_parameter_is_refused_unbuilt(dtype, tmp_path, monkeypatch):
    """A number of one byte would count as one of eight."""
    params = params_of(5)
    params["bijection"]["w"] = onp.zeros(10, dtype)
    sealed(describe(PLANAR), params, tmp_path / "f")
    error, built, _ = loading(tmp_path / "f", monkeypatch)
    assert "all float32 or all float64; got float" in str(error) and not built


def test_what_load_would_refuse_is_not_saved(tmp_path, monkeypatch):
    path = tmp_path / "f"
    with monkeypatch.context() as patch, pytest.raises(nf.CheckpointError, match=r"at most 7 parts, .*; got 8"):
        patch.setattr(many_parts, "MOST", 7)
        nf.save(path, PLANAR, params_of(5))
    for metadata, why in (([[]] * 100_000, "100000 brackets"), ({1: 0, "1": 0}, "a name twice")):
        with pytest.raises(nf.CheckpointError, match=f"the metadata must .*{why}"):
            nf.save(path, PLANAR, params_of(5), metadata=metadata)
    for seed, why in ((2**14_000, "flow.base.seed must be below 2.14000, to be saved"), (10**70, "64 zeros in a row")):
        flow = nf.flows.made(2, nf.Bernoulli(), hidden=(4,), masks=2, seed=seed)
        with pytest.raises(nf.CheckpointError, match=why):
            nf.save(path, flow, flow.init(onp.random.default_rng(0)))
    assert not path.exists()


def test_a_callers_own_flow_may_be_of_any_size(tmp_path, monkeypatch):
    nf.save(tmp_path / "f", PLANAR, params_of(5))
    monkeypatch.setattr(many_parts, "MOST", 4)
    with pytest.raises(nf.CheckpointError, match="at most 4 parts"):
        nf.load(tmp_path / "f")
    assert nf.load(tmp_path / "f", flow=PLANAR)[0] is PLANAR


@pytest.mark.parametrize("read", [nf.load, nf.checkpoint.metadata])
def test_the_header_of_a_large_file_is_judged_before_it_is_hashed(read, tmp_path, monkeypatch):
    hashed = []
    monkeypatch.setattr(container, "AT_ONCE", 0)
    monkeypatch.setattr(container.Sealed, "_check_seal", lambda self, head: hashed.append(1))
    honest, junk = params_of(5), {**params_of(5), "junk": onp.zeros(10**5)}
    sealed(describe(PLANAR), junk, tmp_path / "f")
    with pytest.raises(nf.CheckpointError, match="junk"):
        read(tmp_path / "f")
    assert not hashed
    nf.save(tmp_path / "f", PLANAR, honest, metadata=[1])
    read(tmp_path / "f")
    assert hashed


def test_one_part_more_than_the_most():
    description = part("Chain", layers=[part("Exp")] * (many_parts.MOST - 1))
    many_parts.judge(description)
    description["fields"]["layers"] += [part("Exp")]
    with pytest.raises(nf.CheckpointError, match="got 8193"):
        many_parts.judge(description)
