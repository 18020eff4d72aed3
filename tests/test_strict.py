"""The strict array: it does what CuPy does, refuses what CuPy refuses, and counts what crosses.

The contract is checked on real cupy.ndarray objects. Without a GPU they lie over host memory: whatever reaches the
device then stops at the missing driver or cuBLAS, which is how far a call that CuPy accepts can come.
"""

import copy
import pickle
import warnings

import numpy as np
import pytest
import strict
from scipy import special
from strict import CaptureError, StrictArray, capturing, transfers

host34 = np.random.default_rng(0).uniform(0.5, 1.5, size=(3, 4)).astype("float32")
host4 = np.ones(4, "float32")
index = np.array([0, 2])
mask = np.array([True, False, True])

# ----- the contract: what is accepted, and what is refused -----

# Each takes x (3, 4) float32, i (2,) int, m (3,) bool, device arrays all of them.
ACCEPTED = {
    "ufunc": lambda x, i, m: np.exp(x),
    "two": lambda x, i, m: np.logaddexp(x, x),
    "number": lambda x, i, m: x * 2.0 + 1,
    "number first": lambda x, i, m: 2.0 / x,
    "numpy scalar": lambda x, i, m: x + np.float32(1),
    "numpy 0-d": lambda x, i, m: x + np.zeros((), "float32"),
    "compare": lambda x, i, m: x > 0,
    "out": lambda x, i, m: np.add(x, x, out=x),
    "where=": lambda x, i, m: np.add(x, x, out=x, where=x > 1),
    "dtype=": lambda x, i, m: np.add(x, x, dtype="float32"),
    "in place": lambda x, i, m: x.__iadd__(x),
    "scipy erf": lambda x, i, m: special.erf(x),
    "scipy expit": lambda x, i, m: special.expit(x),
    "scipy gammaln": lambda x, i, m: special.gammaln(x),
    "add.at": lambda x, i, m: np.add.at(x, i, x[:2]),
    "add.at host index": lambda x, i, m: np.add.at(x, index, x[:2]),
    "maximum.at": lambda x, i, m: np.maximum.at(x, i, x[:2]),
    "add.reduce": lambda x, i, m: np.add.reduce(x),
    "add.accumulate": lambda x, i, m: np.add.accumulate(x),
    "exp.outer": lambda x, i, m: np.subtract.outer(x, x),
    "sum": lambda x, i, m: np.sum(x, axis=(0, 1), keepdims=True, dtype="float32"),
    "mean method": lambda x, i, m: x.mean(axis=0),
    "where": lambda x, i, m: np.where(x > 0, x, 0.0),
    "where numbers": lambda x, i, m: np.where(x > 0, 1.0, 0.0),
    "nonzero": lambda x, i, m: np.where(m),
    "clip": lambda x, i, m: np.clip(x, 0.0, 1.0),
    "concatenate": lambda x, i, m: np.concatenate((x, x), 1),
    "stack": lambda x, i, m: np.stack([x, x]),
    "split": lambda x, i, m: np.split(x, np.array([1, 2]), axis=1),
    "transpose by array": lambda x, i, m: np.transpose(x, np.array([1, 0])),
    "reshape": lambda x, i, m: np.reshape(x, (4, 3), order="C"),
    "reshape method": lambda x, i, m: x.reshape(2, -1),
    "broadcast_to": lambda x, i, m: np.broadcast_to(x, (2, 3, 4)),
    "expand_dims": lambda x, i, m: np.expand_dims(x, (0, 2)),
    "moveaxis": lambda x, i, m: np.moveaxis(x, (0, 1), (1, 0)),
    "pad": lambda x, i, m: np.pad(x, ((1, 1), (0, 0)), "constant"),
    "diagonal": lambda x, i, m: np.diagonal(x, 0, -1, -2),
    "take": lambda x, i, m: np.take(x, i, axis=0),
    "take_along_axis": lambda x, i, m: np.take_along_axis(x, i[:, None], axis=0),
    "sort": lambda x, i, m: np.sort(x, axis=-1),
    "argsort": lambda x, i, m: np.argsort(x, axis=0),
    "searchsorted": lambda x, i, m: np.searchsorted(x[0], x[1]),
    "einsum": lambda x, i, m: np.einsum("ij,kj->ik", x, x),
    "matmul": lambda x, i, m: x @ x.T,
    "dot": lambda x, i, m: np.dot(x, x.T),
    "tensordot": lambda x, i, m: np.tensordot(x, x, [[0], [0]]),
    "solve": lambda x, i, m: np.linalg.solve(x[:, :3], x),
    "slogdet": lambda x, i, m: np.linalg.slogdet(x[:, :3]),
    "norm": lambda x, i, m: np.linalg.norm(x, axis=1),
    "zeros_like": lambda x, i, m: np.zeros_like(x, shape=(2,), order="C"),
    "zeros like=": lambda x, i, m: np.zeros(3, like=x),
    "arange like=": lambda x, i, m: np.arange(0, 6, 2, like=x),
    "asarray like=": lambda x, i, m: np.asarray(host4, dtype="float64", like=x),
    "array of arrays": lambda x, i, m: np.array([x, x], like=x),
    "array of itself": lambda x, i, m: np.array(x, like=x),
    "astype": lambda x, i, m: x.astype("float64", copy=False),
    "np.astype": lambda x, i, m: np.astype(x, np.dtype("float32"), copy=False),
    "shape": lambda x, i, m: (np.shape(x), np.ndim(x), np.size(x), len(x), x.strides, x.nbytes),
    "result_type": lambda x, i, m: (np.result_type(x), np.iscomplexobj(x), x.flags.c_contiguous),
    "x[0, 1:]": lambda x, i, m: x[0, 1:],
    "x[..., None]": lambda x, i, m: x[..., None, ::2],
    "x[np.int64]": lambda x, i, m: x[np.int64(1)],
    "x[i]": lambda x, i, m: x[:, i],
    "x[m]": lambda x, i, m: x[m],
    "x[host i]": lambda x, i, m: x[index],
    "x[list]": lambda x, i, m: x[[0, 1]],
    "x[0] = number": lambda x, i, m: x.__setitem__(0, 1.0),
    "x[0] = 0-d host": lambda x, i, m: x.__setitem__(0, np.zeros(())),
    "x[0] = x[1]": lambda x, i, m: x.__setitem__(0, x[1]),
    "x[i] = x[i]": lambda x, i, m: x.__setitem__(i, x[i]),
    "get": lambda x, i, m: x.get(),
    "float": lambda x, i, m: float(x[0, 0]),
    "item": lambda x, i, m: x[0, 0].item(),
    "bool": lambda x, i, m: bool(x[0, 0]),
    "iter": lambda x, i, m: [len(row) for row in x],
    "device": lambda x, i, m: x.device,
}
REFUSED = {
    "np.array": lambda x, i, m: np.array(x),
    "np.asarray": lambda x, i, m: np.asarray(x),
    "ascontiguousarray": lambda x, i, m: np.ascontiguousarray(x),
    "list operand": lambda x, i, m: x.__array_ufunc__(np.add, "__call__", x, [1.0]),
    "None operand": lambda x, i, m: x.__array_ufunc__(np.add, "__call__", x, None),
    "spacing": lambda x, i, m: x.__array_ufunc__(np.spacing, "__call__", x),
    "vecdot": lambda x, i, m: x.__array_ufunc__(np.vecdot, "__call__", x, x),
    "order=": lambda x, i, m: np.add(x, x, order="C"),
    "two outs": lambda x, i, m: np.modf(x, out=(x, x)),
    "add.at tuple": lambda x, i, m: x.__array_ufunc__(np.add, "at", x, (slice(None), i), x),
    "add.at list": lambda x, i, m: x.__array_ufunc__(np.add, "at", x, [0, 1], x[:2]),
    "multiply.at": lambda x, i, m: np.multiply.at(x, i, x[:2]),
    "logaddexp.reduce": lambda x, i, m: np.logaddexp.reduce(x),
    "reshape order=None": lambda x, i, m: np.reshape(x, (4, 3), order=None),
    "argsort by position": lambda x, i, m: np.argsort(x, -1, "quicksort", None),
    "sum where=": lambda x, i, m: np.sum(x, where=m[:, None]),
    "max initial=": lambda x, i, m: np.max(x, initial=0.0),
    "sum method where=": lambda x, i, m: x.sum(where=m[:, None]),
    "insert": lambda x, i, m: np.insert(x, 0, 1.0),
    "eye like=": lambda x, i, m: np.eye(3, like=x),
    "matmul with host": lambda x, i, m: np.matmul(x, np.zeros((4, 2), "float32")),
    "copyto host": lambda x, i, m: np.copyto(x, host34),
    "repeat by host array": lambda x, i, m: np.repeat(x, np.array([1, 2, 1]), axis=0),
    "array of both": lambda x, i, m: np.array([x, host34], like=x),
    "array with number": lambda x, i, m: np.array([x[0, 0], 1.0], like=x),
    "x[...] = host": lambda x, i, m: x.__setitem__(..., host34),
    "x[0] = list": lambda x, i, m: x.__setitem__(0, [1, 2, 3, 4]),
    "x[float array]": lambda x, i, m: x[x],
    "too many": lambda x, i, m: x[0, 0, 0],
    "hash": lambda x, i, m: hash(x),
    "len of 0-d": lambda x, i, m: len(x[0, 0]),
    "iter of 0-d": lambda x, i, m: iter(x[0, 0]),
    "setflags": lambda x, i, m: x.setflags(write=False),
    "writeable": lambda x, i, m: x.flags.writeable,
    "ambiguous": lambda x, i, m: bool(x > 0) if isinstance(x, StrictArray) else bool(x),
    "random": lambda x, i, m: np.random.default_rng(0).permutation(i),
}
# CuPy finds these out only when a kernel is launched
REFUSED_ON_THE_DEVICE = {
    "host array": lambda x, i, m: x + host34,
    "host array first": lambda x, i, m: host34 * x,
    "host row": lambda x, i, m: x * host4,
    "host out": lambda x, i, m: np.add(x, x, out=np.zeros((3, 4), "float32")),
    "in place host": lambda x, i, m: x.__iadd__(host34),
    "where with host": lambda x, i, m: np.where(host34 > 0, x, x),
    "concatenate with host": lambda x, i, m: np.concatenate((x, host34)),
}


def outcome(fun, arrays):
    """ "ok", "refused", or "device" where only the missing device stopped it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return "refused" if fun(*arrays) is NotImplemented else "ok"
    except (TypeError, ValueError, IndexError, AttributeError, NotImplementedError):
        return "refused"
    except (RuntimeError, ImportError) as error:
        if strict.cupy is not None and ("cuda" in str(error).lower() or "cublas" in str(error).lower()):
            return "device"
        raise


def strict_arrays():
    return [StrictArray(a) for a in (host34, index, mask)]


@pytest.fixture(scope="module")
def cupy_arrays():
    """Real cupy.ndarray objects: on the device where there is one, else over host memory."""
    if (cupy := strict.cupy) is None:
        pytest.skip("CuPy is not importable")
    try:
        cupy.cuda.runtime.getDeviceCount()
        return [cupy.asarray(a) for a in (host34, index, mask)]
    except cupy.cuda.runtime.CUDARuntimeError:
        pass

    def over(host):
        host = host.copy()
        memory = cupy.cuda.UnownedMemory(host.ctypes.data, host.nbytes, host, 0)
        return cupy.ndarray(host.shape, host.dtype, cupy.cuda.MemoryPointer(memory, 0))

    return [over(a) for a in (host34, index, mask)]


@pytest.mark.parametrize("name", ACCEPTED)
def test_strict_accepts(name):
    assert outcome(ACCEPTED[name], strict_arrays()) == "ok"


# what only CuPy's own namespace and signatures tell
KNOWN_TO_CUPY = {"spacing", "vecdot", "sum where=", "max initial=", "insert", "eye like="}


@pytest.mark.parametrize("name", REFUSED | REFUSED_ON_THE_DEVICE)
def test_strict_refuses(name):
    if strict.cupy is None and name in KNOWN_TO_CUPY:
        pytest.skip("CuPy is not importable")
    assert outcome((REFUSED | REFUSED_ON_THE_DEVICE)[name], strict_arrays()) == "refused"


@pytest.mark.parametrize("name", ACCEPTED)
def test_cupy_accepts(name, cupy_arrays):
    assert outcome(ACCEPTED[name], cupy_arrays) in ("ok", "device")


@pytest.mark.parametrize("name", REFUSED)
def test_cupy_refuses(name, cupy_arrays):
    assert outcome(REFUSED[name], cupy_arrays) == "refused"


@pytest.mark.parametrize("name", REFUSED_ON_THE_DEVICE)
def test_cupy_refuses_on_the_device(name, cupy_arrays):
    assert outcome(REFUSED_ON_THE_DEVICE[name], cupy_arrays) in ("refused", "device")


def test_everything_that_strict_has_cupy_has(cupy_arrays):
    public = {name for name in dir(StrictArray) if not name.startswith("_")}
    assert public <= set(dir(type(cupy_arrays[0])))
    assert StrictArray.__array_priority__ == type(cupy_arrays[0]).__array_priority__


def test_metadata_agree(cupy_arrays):
    """Shapes, strides and dtypes of views, which need no device."""
    for name in ("x[0, 1:]", "x[..., None]", "reshape", "broadcast_to", "moveaxis", "transpose by array", "diagonal"):
        ours, theirs = (ACCEPTED[name](*arrays) for arrays in (strict_arrays(), cupy_arrays))
        assert (ours.shape, ours.strides, ours.dtype) == (theirs.shape, theirs.strides, theirs.dtype), name
    for name in ("shape", "result_type"):
        assert ACCEPTED[name](*strict_arrays()) == ACCEPTED[name](*cupy_arrays)


# ----- values -----


MADE_ANEW = {"zeros like=", "arange like=", "asarray like=", "eye like=", "array of arrays", "array of itself"} | {
    "device",
    "get",
    "item",
}


@pytest.mark.parametrize("name", [name for name in ACCEPTED if name not in MADE_ANEW])
def test_values_are_numpys_and_stay_on_the_device(name):
    ours = ACCEPTED[name](*strict_arrays())
    numpys = ACCEPTED[name](*(a.copy() for a in (host34, index, mask)))
    for a, b in zip(ours if isinstance(ours, (tuple, list)) else [ours], as_list(numpys), strict=True):
        if isinstance(b, (np.ndarray, np.generic)):
            assert type(a) is StrictArray
            assert (a.shape, a.dtype) == (b.shape, b.dtype)
            np.testing.assert_array_equal(a.get(), b)
        else:
            assert a == b


def as_list(x):
    return x if isinstance(x, (tuple, list)) else [x]


def test_named_tuples_are_plain():
    sign_and_log_det = np.linalg.slogdet(StrictArray(np.eye(2)))
    assert type(sign_and_log_det) is tuple


def test_in_place_and_views():
    x = StrictArray(host34)
    row, before = x[1], x
    original = host34.copy()
    row[...] = 7.0
    x += 1.0
    x *= x
    assert x is before
    np.testing.assert_array_equal(x.get()[1], [64.0] * 4)
    assert np.sqrt(x, out=x) is x
    np.testing.assert_array_equal(row.get(), [8.0] * 4)
    np.testing.assert_array_equal(host34, original)  # the host's own data is not the device's
    x.fill(2.0)
    assert x.sum().get() == 24.0
    x.shape = (12,)
    assert len(x) == 12


def test_copies():
    x = StrictArray(host34)
    for other in (x.copy(), copy.deepcopy(x), pickle.loads(pickle.dumps(x)), x.astype("float32")):
        other[...] = 0.0
        np.testing.assert_array_equal(x.get(), host34)
    assert x.astype("float32", copy=False) is x
    assert "strict" in repr(x)
    assert f"{x[0, 1]:.3f}" == f"{host34[0, 1]:.3f}"


# ----- transfers -----


def test_transfers_are_counted():
    x = StrictArray(host34)
    with transfers() as count:
        np.exp(x) + x[0] - np.zeros_like(x) * np.arange(4, like=x)
        assert (count.to_host, count.to_device) == (0, 0)
        x.get()
        float(x[0, 0]), int(x[0, 0]), x[0, 0].item(), bool(x[0, 0]), x[0].tolist()
        assert (count.to_host, count.to_device) == (6, 0)
        np.asarray(host4, like=x), StrictArray(host4), x[[0, 1]], x[index]
        assert (count.to_host, count.to_device) == (6, 4)
        np.asarray(x, like=x), np.array([x, x], like=x)
        assert (count.to_host, count.to_device) == (6, 4)
    with transfers() as later:
        assert (later.to_host, later.to_device) == (0, 0)


# ----- capturing -----

NOT_CAPTURED = (
    ["get", "float", "item", "bool", "asarray like="]  # transfers
    + ["x[m]", "x[list]", "x[host i]", "nonzero"]
    + ["matmul", "dot", "einsum", "tensordot", "solve", "slogdet", "norm"]
)
CAPTURED = ["ufunc", "out", "sum", "where", "x[i]", "concatenate", "add.at", "zeros like=", "sort", "x[0] = number"]


@pytest.mark.parametrize("name", NOT_CAPTURED)
def test_capturing_refuses(name):
    arrays = strict_arrays()
    with capturing(), pytest.raises(CaptureError, match="not while capturing"):
        ACCEPTED[name](*arrays)
    ACCEPTED[name](*arrays)  # and allows it again afterwards


@pytest.mark.parametrize("name", CAPTURED)
def test_capturing_allows(name):
    arrays = strict_arrays()
    with capturing():
        ACCEPTED[name](*arrays)


def test_capturing_ends_with_an_error():
    with pytest.raises(ZeroDivisionError), capturing():
        1 / 0  # noqa: B018
    StrictArray(host4).get()
    with capturing():
        with capturing():
            pass
        with pytest.raises(CaptureError):
            StrictArray(host4)
