"""On a CUDA device: every bijection gives what it gives on the host. Skipped, and counted, without one."""

import numpy as onp
import pytest
from cases import CASES
from comparing import close, close_trees
from pullbacks import directions, in_dtype, pullback_of

import nfscratch as nf
from nfscratch import trees


def device_is_missing():
    try:
        nf.use("cupy")
    except RuntimeError as error:
        return str(error)
    finally:
        nf.use("numpy")
    return ""


MISSING = device_is_missing()
pytestmark = [pytest.mark.gpu, pytest.mark.skipif(bool(MISSING), reason=MISSING or "a device is here")]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_bijections_on_the_device(dtype):
    import cupy

    # float32 differs by the order of its sums; the wild parameters enlarge that by their conditioning.
    tolerance = 1e-9 if dtype == "float64" else 1e-2
    for case in CASES.values():
        bijection, params, z, context = in_dtype(case.example(5, scale=0.5), dtype)
        there = trees.map_leaves(cupy.asarray, params)
        there_context = None if context is None else cupy.asarray(context)
        for direction, at in directions(bijection, params, z, context):
            host = pullback_of(bijection, direction, params, at, context)
            device = pullback_of(bijection, direction, there, cupy.asarray(at), there_context)
            for a, b in zip((*device[:2], device[3]), (*host[:2], host[3]), strict=True):
                assert isinstance(a, cupy.ndarray)
                assert a.dtype == onp.dtype(dtype)
                close(a, b, tolerance)
            close_trees(device[2], host[2], tolerance)


def test_a_fit_on_the_device():
    nf.use("cupy", dtype="float32")
    try:
        data = nf.data.load("moons", n=2000)
        result = nf.fit(nf.flows.real_nvp(2), data.train, rng=onp.random.default_rng(0), steps=300, progress=False)
        assert result.history["validation"][-1] < result.history["validation"][0] - 0.2
    finally:
        nf.use("numpy", dtype="float64")
