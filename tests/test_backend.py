"""The array switch: new arrays follow it, what comes home is NumPy, constants follow the arrays that they meet."""

import json
import os
import subprocess
import sys

import autograd
import autograd.numpy as np
import numpy as onp
import pytest
from strict import StrictArray, transfers

import nfscratch as nf
from nfscratch import backend, trees


@pytest.fixture(autouse=True)
def as_before():
    prototype, dtype = backend.prototype(), str(backend.default_dtype())
    yield
    backend.use_arrays_like(prototype, dtype)


def test_use_decides_the_dtype_of_new_parameters_and_samples():
    flow = nf.flows.real_nvp(2, layers=1, base=nf.DiagonalNormal(2))
    for dtype in ("float32", "float64"):
        nf.use("numpy", dtype)
        params = flow.init(onp.random.default_rng(0))
        assert {a.dtype for a in trees.leaves(params)} == {onp.dtype(dtype)} == {backend.default_dtype()}
        assert nf.StandardNormal(2).sample({}, onp.random.default_rng(0), 3).dtype == onp.dtype(dtype)


def test_a_backend_alone_leaves_the_dtype_and_a_dtype_alone_leaves_the_backend():
    nf.use(dtype="float32")
    nf.use("numpy")
    assert backend.default_dtype() == onp.float32
    backend.use_arrays_like(StrictArray(onp.empty(0)))
    nf.use(dtype="float64")
    assert type(backend.prototype()) is StrictArray and backend.asarray([1]).dtype == onp.float64


def test_a_seed_means_the_same_on_every_backend():
    here = nf.flows.real_nvp(3, layers=2).init(onp.random.default_rng(0))
    backend.use_arrays_like(StrictArray(onp.empty(0)))
    there = nf.flows.real_nvp(3, layers=2).init(onp.random.default_rng(0))
    pairs = zip(trees.leaves(here), trees.leaves(there), strict=True)
    assert all(type(b) is StrictArray and (a == backend.to_numpy(b)).all() for a, b in pairs)


def test_to_numpy_brings_a_tree_home_and_leaves_the_rest():
    tree = {"a": [StrictArray(onp.arange(2.0)), "text"], "b": (onp.ones(1), None, 3)}
    home = nf.to_numpy(tree)
    assert type(home["a"][0]) is onp.ndarray and home["a"][0].tolist() == [0, 1]
    assert home["a"][1] == "text" and home["b"][1:] == (None, 3) and type(home["b"]) is tuple


def test_asarray_makes_what_is_asked_for():
    like = StrictArray(onp.empty(0, "float32"))
    made = backend.asarray([1, 2], dtype="float32", like=like)
    assert type(made) is StrictArray and made.dtype == onp.float32
    assert type(backend.asarray(made)) is onp.ndarray
    same = onp.ones(3)
    assert backend.asarray(same) is same
    with transfers() as count:
        assert backend.asarray(made, dtype="float32", like=like) is made
    assert count.to_host == count.to_device == 0


def test_a_constant_follows_what_it_meets_and_crosses_once():
    constant = backend.Constant([True, False])
    assert constant.on(onp.ones(2, "float32")).dtype == onp.float32
    assert backend.Constant([1, 0], int).on(onp.ones(2)).dtype == int
    x = StrictArray(onp.ones(2))
    with transfers() as count:
        assert constant.on(x) is constant.on(x)
    assert count.to_device == 1 and type(constant.on(x)) is StrictArray
    seen = []
    autograd.grad(lambda a: seen.append(type(constant.on(a))) or np.sum(a))(onp.ones(2))
    assert seen == [onp.ndarray]


def test_a_constant_is_a_copy_that_nobody_can_write_to():
    host = onp.array([1, 2])
    constant = backend.Constant(host)
    host[0] = 9
    assert constant.host.tolist() == [1, 2]
    with pytest.raises(ValueError, match="read-only"):
        constant.host[0] = 9


STARTS = [
    ({}, "float64 ndarray"),
    ({"NFSCRATCH_DTYPE": "float32"}, "float32 ndarray"),
    ({"NFSCRATCH_BACKEND": "numpy", "NFSCRATCH_DTYPE": ""}, "float64 ndarray"),
    ({"NFSCRATCH_DTYPE": "float16"}, "ValueError: NFSCRATCH_DTYPE must be one of float64, float32; got 'float16'"),
    ({"NFSCRATCH_BACKEND": "jax"}, "ValueError: NFSCRATCH_BACKEND must be one of numpy, cupy; got 'jax'"),
]
SHOW = """
import json, os, sys
for settings in json.loads(sys.argv[1]):
    os.environ.update(settings)
    try:
        import nfscratch as nf
        print(nf.backend.default_dtype(), type(nf.backend.prototype()).__name__)
    except ValueError as error:
        print(f"ValueError: {error}")
    for name in [name for name in sys.modules if name.split(".")[0] == "nfscratch"]:
        del sys.modules[name]
    for name in settings:
        del os.environ[name]
"""


@pytest.fixture(scope="module")
def shown():
    """What the package starts with in each of these environments: imported anew in one process for all."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("NFSCRATCH_")}
    command = [sys.executable, "-c", SHOW, json.dumps([settings for settings, _ in STARTS])]
    done = subprocess.run(command, env=clean, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("k", range(len(STARTS)))
def test_the_environment_says_where_to_start(k, shown):
    assert shown[k] == STARTS[k][1], STARTS[k][0]


@pytest.fixture
def bad_environment(monkeypatch):
    """NFSCRATCH_BACKEND and NFSCRATCH_DTYPE ask for what there is not."""
    monkeypatch.setenv("NFSCRATCH_BACKEND", "jax")
    monkeypatch.setenv("NFSCRATCH_DTYPE", "float16")
    backend.use_from_environment()
    yield
    nf.use("numpy", "float64")


def test_a_bad_environment_is_an_error_where_an_array_is_made(bad_environment):
    makers = (
        lambda: backend.asarray([1.0]),
        backend.prototype,
        backend.default_dtype,
        lambda: nf.flows.real_nvp(2).init(onp.random.default_rng(0)),
    )
    for make in makers * 2:
        with pytest.raises(ValueError, match=r"^NFSCRATCH_BACKEND must be one of numpy, cupy; got 'jax'$"):
            make()


def test_use_overrules_the_environment_for_what_it_says(bad_environment):
    nf.use("numpy")
    assert list(backend.environment_problems()) == ["NFSCRATCH_DTYPE"]
    with pytest.raises(ValueError, match="NFSCRATCH_DTYPE must be one of float64, float32; got 'float16'"):
        backend.asarray([1.0])
    nf.use(dtype="float32")
    assert backend.environment_problems() == {} and backend.asarray([1.0]).dtype == onp.float32


def test_a_backend_without_a_gpu_names_the_variable_that_asked_for_it(monkeypatch):
    def missing():
        raise RuntimeError("the cupy backend needs an NVIDIA GPU; CUDA sees none")

    monkeypatch.setattr(backend, "cupy_prototype", missing)
    monkeypatch.setenv("NFSCRATCH_BACKEND", "cupy")
    backend.use_from_environment()
    with pytest.raises(RuntimeError, match=r"^NFSCRATCH_BACKEND=cupy: the cupy backend needs an NVIDIA GPU"):
        backend.asarray([1.0])
    nf.use("numpy")
    backend.asarray([1.0])
