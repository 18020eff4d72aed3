"""Files written by earlier versions still load: the flow, its parameters, and a run that goes on.

data/flow_0.1.safetensors and data/run_0.1.safetensors were written before the rooms were rearranged; the first keeps
the log densities that the version which wrote it computed.
"""

import json
import shutil
from dataclasses import fields
from pathlib import Path

import numpy as onp
import pytest

import nfscratch as nf
from nfscratch import checkpoint
from nfscratch.checkpoint import whole_flow
from nfscratch.checkpoint.description import describe, registry
from nfscratch.nets.network import ADDED_LATER

DATA = Path(__file__).parent / "data"


def test_a_flow_written_before_loads_to_the_same_density():
    path = DATA / "flow_0.1.safetensors"
    flow, params = nf.load(path)
    x = onp.random.default_rng(0).normal(size=(40, 3)) * [1.0, 3.0, 0.2] + [5.0, 0.0, -1.0]
    expected = checkpoint.metadata(path)["log_prob"]
    onp.testing.assert_allclose(flow.log_prob(params, x), expected, rtol=1e-12)


def test_a_run_written_before_goes_on_from_where_it_ended(tmp_path):
    path = tmp_path / "run.safetensors"
    shutil.copy(DATA / "run_0.1.safetensors", path)
    result = nf.fit(
        nf.flows.real_nvp(
            2, layers=2, hidden=(4,), activation="relu", gain=1.0, whiten="diagonal", base=nf.StandardNormal(2)
        ),  # the defaults of that version
        onp.random.default_rng(5).normal(size=(64, 2)),
        rng=onp.random.default_rng(2),
        steps=40,
        batch_size=16,
        optimizer=nf.adam(1e-2),
        schedule=nf.constant,
        evaluate_every=10,
        progress=False,
        checkpoint=path,
    )
    onp.testing.assert_allclose(
        result.history["loss"][-3:], [2.6705780090390796, 2.7153221984309504, 2.472130419651961], rtol=1e-9
    )
    assert result.best_step == 10


FIELDS = json.loads((DATA / "parts_0.1.json").read_text())


@pytest.mark.parametrize("name", FIELDS)
def test_a_part_is_described_as_it_was_unless_a_new_field_is_used(name):
    """Files and runs are told apart by the description: a new field stays out of it at its default."""
    added = [f for f in fields(registry()[name]) if f.init and f.name not in FIELDS[name]]
    assert all(f.metadata == ADDED_LATER for f in added)
    assert set(FIELDS[name]) <= {f.name for f in fields(registry()[name])}


def test_a_made_density_written_before_has_the_same_description():
    described = describe(nf.flows.made(3, nf.Gaussian(), hidden=(4,)))
    assert "context_dim" not in described["fields"]["base"]["fields"]


def test_a_file_with_whole_numbers_of_numpy_is_of_the_flow_that_makes_ints_of_them(tmp_path, monkeypatch):
    flow, path = nf.Flow(nf.StandardNormal(2), nf.PLU(2, seed=3)), tmp_path / "plu.flow"

    def as_it_was(value):
        described = describe(value)
        described["fields"]["base"]["fields"]["dim"] = {"numpy": "int64", "value": 2}
        return described

    with monkeypatch.context() as patch:
        patch.setattr(whole_flow, "describe", as_it_was)
        nf.save(path, flow, flow.init(onp.random.default_rng(0)))
    assert nf.load(path, flow=flow)[0] is flow and nf.load(path)[0].base.dim == 2
    for name, value in (("float32", 0.5), ("float64", {"float": "inf"}), ("int8", 3)):
        assert whole_flow._in_plain_numbers([{"numpy": name, "value": value}]) == [value]
    for kept in ({"numpy": "bool", "value": True}, {"numpy": "float64", "value": {"part": "MLP"}}):
        assert whole_flow._in_plain_numbers(kept) == kept
    with pytest.raises(nf.CheckpointError, match=r"it is of another: flow.bijection.seed is 3; got 4"):
        nf.load(path, flow=nf.Flow(nf.StandardNormal(2), nf.PLU(2, seed=4)))
