"""Equal flows with equal parameters are equal files, whatever process wrote them, and safetensors can read them."""

import hashlib
import os
import subprocess
import sys

import numpy as onp
import pytest
from safetensors.numpy import load_file

import nfscratch as nf

WRITE = """
import sys
import numpy as np
import nfscratch as nf

flow = nf.flows.maf(3, layers=2, hidden=(8,), context_dim=2, embed=nf.MLP((4,)), support=([0, None, 1], 5))
draws = np.random.default_rng(0)
x, context = draws.uniform(1.5, 4.5, size=(50, 3)), draws.normal(size=(50, 6))
params = flow.init(np.random.default_rng(1), x, context)
if sys.argv[2] == "turned":  # the same tree, its keys put in from the last to the first
    params = {key: params[key] for key in reversed(list(params))}
nf.save(sys.argv[1], flow, params, metadata={"by": "a test", "steps": 3})
"""


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_two_processes_with_other_hashes_write_equal_bytes(tmp_path):
    digests = set()
    for seed, order in (("1", "as made"), ("2", "turned")):
        path = tmp_path / f"{seed}.flow"
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        subprocess.run([sys.executable, "-c", WRITE, str(path), order], check=True, env=environment, timeout=300)
        digests.add(digest(path))
    assert len(digests) == 1


def test_many_writes_of_one_process_give_equal_bytes_and_another_number_gives_others(tmp_path):
    flow = nf.flows.rq_nsf(2, layers=2, whiten="diagonal")
    params = flow.init(onp.random.default_rng(0))
    for i in range(6):
        nf.save(tmp_path / f"{i}.flow", flow, params)
    assert len({digest(tmp_path / f"{i}.flow") for i in range(6)}) == 1
    params["bijection"][0][0]["W"][0, 0] += 1e-12
    nf.save(tmp_path / "other.flow", flow, params)
    assert digest(tmp_path / "other.flow") != digest(tmp_path / "0.flow")


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_safetensors_reads_what_was_written(tmp_path, dtype):
    flow = nf.flows.sylvester(3, layers=2)
    params = nf.trees.cast(flow.init(onp.random.default_rng(0)), dtype)
    nf.save(tmp_path / "a.flow", flow, params)
    tensors = load_file(tmp_path / "a.flow")
    assert int.from_bytes((tmp_path / "a.flow").read_bytes()[:8], "little") % 8 == 0  # tensors are aligned for a map
    assert {name.rsplit("/", 1)[1] for name in tensors} == set(params["bijection"])
    for key, leaf in params["bijection"].items():
        onp.testing.assert_array_equal(tensors[f"bijection/{key}"], leaf)


def test_a_run_that_is_repeated_writes_equal_bytes(tmp_path):
    x = onp.random.default_rng(0).normal(size=(64, 2))
    for name in "ab":
        flow = nf.flows.real_nvp(2, layers=2, hidden=(4,))
        rng = onp.random.default_rng(1)
        result = nf.fit(flow, x, rng=rng, steps=3, batch_size=16, validation=None, progress=False)
        nf.save(tmp_path / name, flow, result.params)
    assert digest(tmp_path / "a") == digest(tmp_path / "b")
