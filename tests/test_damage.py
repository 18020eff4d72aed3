"""Damaged and hostile checkpoints: each is refused in one line, without memory, or holds exactly what was saved."""

import hashlib
import json
import os
import tracemalloc
from itertools import islice

import numpy as onp
import pytest
from hostile.damaged import damages
from share import few

import nfscratch as nf
from nfscratch.checkpoint import container
from nfscratch.checkpoint.description import config_hash, describe

FLOW = nf.flows.real_nvp(3, layers=3, hidden=(8,), base=nf.GaussianMixture(3, 2), whiten="diagonal")
PARAMS = FLOW.init(onp.random.default_rng(0), onp.random.default_rng(1).normal(size=(20, 3)))
LIMIT = 20 * 2**20  # bytes that a refusal may take; the file itself has 8,000


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    path = tmp_path_factory.mktemp("good") / "flow.safetensors"
    nf.save(path, FLOW, PARAMS, metadata={"a": [1, 2]})
    return path.read_bytes()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "flow.safetensors"


def same(a, b):
    if isinstance(a, dict):
        return sorted(a) == sorted(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def loads_right_or_is_refused(path, content):
    """Whether it loaded. Any other exception, or any other value, fails."""
    path.write_bytes(content)
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    try:
        _, params = nf.load(path)
    except nf.CheckpointError as error:
        message = str(error)
        assert message.startswith(f"{path}: ") and "\n" not in message and len(message) < 600, message
        return False
    finally:
        peak = tracemalloc.get_traced_memory()[1] - before
        assert peak < LIMIT, f"{peak / 2**20:.0f} MiB taken"
    assert same(params, PARAMS)
    return True


@pytest.fixture(autouse=True)
def traced():
    tracemalloc.start()
    yield
    tracemalloc.stop()


def parts(content):
    end = 8 + int.from_bytes(content[:8], "little")
    return json.loads(content[8:end]), content[end:]


def sealed(header, data):
    """A file with this header, honestly sealed: what a forger would make."""
    if isinstance(header, dict):
        header = {**header, "__metadata__": {**header["__metadata__"], "sha256": "0" * 64}}
        header = json.dumps(header).encode()
    content = len(header).to_bytes(8, "little") + header + data
    return content.replace(b"0" * 64, hashlib.sha256(content).hexdigest().encode())


# --- a thousand of them ---


@pytest.mark.parametrize("count", few([300, 1000], [300]))
def test_many_damaged_files(count, good, path):
    rng = onp.random.default_rng(0)
    loaded = undone = 0
    for _, content in islice(damages(good, rng), count):
        undone += content == good
        loaded += loads_right_or_is_refused(path, content)
    assert loaded == undone < 100  # only what is as it was, byte for byte, is loaded
    assert loads_right_or_is_refused(path, good)


def test_every_bit_of_a_small_file(path):
    """Not a sample: all of them."""
    flow = nf.Flow(nf.StandardNormal(1), nf.ActNorm(1))
    nf.save(path, flow, flow.init(onp.random.default_rng(0)))
    good = path.read_bytes()
    for at in range(len(good)):
        path.write_bytes(good[:at] + bytes([good[at] ^ (1 << at % 8)]) + good[at + 1 :])
        with pytest.raises(nf.CheckpointError):
            nf.load(path)


# --- forgeries: the seal is right ---


def test_the_forger_can_seal(good, path):
    assert loads_right_or_is_refused(path, sealed(*parts(good)))


def changed(good, **metadata):
    header, data = parts(good)
    return sealed({**header, "__metadata__": {**header["__metadata__"], **metadata}}, data)


def unsealed(good):
    header, data = parts(good)
    del header["__metadata__"]["sha256"]
    return sealed(json.dumps(header).encode(), data)


def with_tensor(good, name="bijection/0/0/W", **entry):
    header, data = parts(good)
    return sealed({**header, name: {**header.get(name, {}), **entry}}, data)


W = "bijection/0/0/W"
HOSTILE = {
    "empty": (lambda good: b"", "must have at least 8 bytes; got 0"),
    "seven bytes": (lambda good: good[:7], "must have at least 8 bytes; got 7"),
    "a header of 2^63 bytes": (lambda good: b"\xff" * 8 + good[8:], "the header must lie within the file"),
    "a text": (lambda good: b"PK\x03\x04 something else altogether", "it is no checkpoint, or it was cut short"),
    "cut in the data": (lambda good: good[:-1], "the tensors must fill the data"),
    "more data": (lambda good: good + b"\0", "the tensors must fill the data"),
    "a long header": (lambda good: sealed(b" " * (2**21 + 1), b""), "the header must have at most 2097152 bytes"),
    "no JSON": (lambda good: sealed(b"\xff\xfe{]", b""), "the header must be JSON"),
    "a list": (lambda good: sealed(b"[]", b""), "the header must be a JSON object; got a list"),
    "deep lists": (lambda good: sealed(b"[" * 90_000 + b"]" * 90_000, b""), "the header must|bounded depth"),
    "deep dicts": (
        lambda good: sealed(b'{"a":' * 90_000 + b"1" + b"}" * 90_000, b""),
        "the header must|bounded depth|dtype",
    ),
    "many lists": (lambda good: sealed(b"[" + b"[]," * 600_000 + b"[]]", b""), "at most .* 100000 brackets"),
    "a long number": (lambda good: sealed(b"1" * 10**6, b""), "the header must be JSON"),
    "NaN": (lambda good: sealed(b'{"a": NaN}', b""), "the header must have finite numbers; got 'NaN'"),
    "a number beyond all": (lambda good: sealed(b'{"a": 1e999}', b""), "the header must have finite numbers"),
    "a name twice": (lambda good: sealed(b'{"a": 1, "a": 2}', b""), "the header must name everything once"),
    "no metadata": (lambda good: sealed(b"{}", b""), "the format must be 'nfscratch'; got None"),
    "odd metadata": (lambda good: sealed(b'{"__metadata__": {"format": 1}}', b""), "the metadata must be texts"),
    "another format": (lambda good: changed(good, format="pt"), "the format must be 'nfscratch'; got 'pt'"),
    "another version": (lambda good: changed(good, version="2"), r"the format version must be 1; got '2'"),
    "another kind": (lambda good: changed(good, kind="zoo"), "it must hold a flow; it holds a 'zoo'"),
    "no seal": (lambda good: unsealed(good), "it must be sealed by one SHA-256"),
    "a shape of 8 EiB": (lambda good: with_tensor(good, shape=[2**30, 2**30]), "must fit the file of .* bytes"),
    "a shape that overflows": (lambda good: with_tensor(good, shape=[2**32, 2**32]), "must fit the file"),
    "an empty shape of 8 EiB": (lambda good: with_tensor(good, shape=[0, 2**60]), "must fit the file"),
    "a negative shape": (lambda good: with_tensor(good, shape=[-8, -1]), "a shape of whole numbers"),
    "a shape of fractions": (lambda good: with_tensor(good, shape=[8.0, 1]), "a shape of whole numbers"),
    "a shape of truths": (lambda good: with_tensor(good, shape=[8, True]), "a shape of whole numbers"),
    "no shape": (lambda good: with_tensor(good, shape=8), "a shape of whole numbers"),
    "a hundred axes": (lambda good: with_tensor(good, shape=[8] + [1] * 100), "a shape of whole numbers"),
    "another shape": (
        lambda good: with_tensor(good, shape=[2, 4]),
        r"\['W'\] must have shape \(8, 1\); got shape \(2, 4\)",
    ),
    "a shape too large": (lambda good: with_tensor(good, shape=[9, 1]), "must have 72 bytes, by its shape"),
    "an object dtype": (lambda good: with_tensor(good, dtype="O"), "must have a dtype of F64, .*; got 'O'"),
    "a dtype that is none": (lambda good: with_tensor(good, dtype=["F64"]), "must have a dtype of"),
    "a dtype of 4 bits": (lambda good: with_tensor(good, dtype="F4"), "must have a dtype of"),
    "another dtype": (lambda good: with_tensor(good, dtype="F32"), "must have 32 bytes, by its shape"),
    "offsets back to front": (lambda good: with_tensor(good, data_offsets=[64, 0]), "must have 64 bytes"),
    "negative offsets": (lambda good: with_tensor(good, data_offsets=[-64, 0]), "must have two offsets"),
    "offsets far away": (lambda good: with_tensor(good, data_offsets=[2**62, 2**62 + 64]), "must start where"),
    "offsets of infinity": (lambda good: with_tensor(good, data_offsets=[0.0, 64.0]), "must have two offsets"),
    "one offset": (lambda good: with_tensor(good, data_offsets=[0]), "must have two offsets"),
    "no entry": (
        lambda good: sealed({**parts(good)[0], W: None}, parts(good)[1]),
        "must have dtype, shape and data_off",
    ),
    "one tensor more": (
        lambda good: with_tensor(good, "extra", dtype="F64", shape=[0], data_offsets=[0, 0]),
        "'extra' has none",
    ),
    "no tree": (lambda good: changed(good, tree=""), "the tree must be JSON"),
    "an empty tree": (lambda good: changed(good, tree="{}"), "params must have the entries|has none"),
    "a tree of numbers": (
        lambda good: changed(good, tree='{"base": 3}'),
        "the tree must be of dicts, lists and tuples",
    ),
    "an odd tuple": (lambda good: changed(good, tree='{"/": 3}'), "the tree must be of dicts, lists and tuples"),
    "a deep tree": (lambda good: changed(good, tree="[" * 40_000 + "]" * 40_000), "the tree must|bounded depth"),
    "a tree that is as deep as it goes": (
        lambda good: changed(good, tree="[" * 900 + "]" * 900),
        "at most 400 brackets in one another",
    ),
    "no description": (lambda good: changed(good, flow=""), "the description must be JSON"),
    "another hash": (lambda good: changed(good, config="0"), "the configuration hash must be that of the description"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_before_memory_is_taken(name, good, path):
    make, message = HOSTILE[name]
    content = make(good)
    assert not loads_right_or_is_refused(path, content)
    with pytest.raises(nf.CheckpointError, match=message):
        nf.load(path)
    with pytest.raises(nf.CheckpointError):
        nf.load(path, flow=FLOW)


@pytest.mark.parametrize("tensors", ["missing", "swapped"])
def test_overlapping_and_missing_tensors_are_refused(tensors, good, path):
    header, data = parts(good)
    if tensors == "missing":
        last = max((name for name in header if name != "__metadata__"), key=lambda n: header[n]["data_offsets"][1])
        data = data[: header.pop(last)["data_offsets"][0]]
        message = "every leaf of the tree must have a tensor; .* has none"
    else:
        header[W]["data_offsets"] = header["bijection/1/0/W"]["data_offsets"] = [0, 64]
        message = "must start where the last one ends|must have .* bytes, by its shape"
    path.write_bytes(sealed(header, data))
    with pytest.raises(nf.CheckpointError, match=message):
        nf.load(path)


def part(name, **fields):
    return {"part": name, "fields": fields}


def described(good, description):
    return changed(good, flow=json.dumps(description), config=config_hash(description))


def flow_of(bijection, base=None, embed=None):
    mixture = part("GaussianMixture", dim=3, components=2, spread=1.0)
    return part("Flow", base=base or mixture, bijection=bijection, embed=embed)


def coupling(hidden, mask=(True, False, False)):
    network = part("MLP", hidden={"tuple": hidden}, activation="relu")
    affine = part("Affine", max_log_scale=3.0)
    return part("Coupling", transformer=affine, mask={"tuple": list(mask)}, conditioner=network, context_dim=0)


A_FLOW = "flow must be a Flow, a Dequantized flow or a model"
FORGED = {
    "a number": (5, f"{A_FLOW}; got a int"),
    "a network": (
        part("MLP", hidden=[8], activation="relu"),
        "flow must be a Flow, a Dequantized flow or a model; got a MLP",
    ),
    "a class of Python": (part("os.system", command="ls"), "flow must be a part of this version .*; got 'os.system'"),
    "a name of another kind": (part(["MLP"]), "flow must be a part of this version"),
    "a field of another name": (part("MLP", width=3), "the fields of MLP must be among hidden, .*; got 'width'"),
    "no fields": ({"part": "MLP"}, "flow must have its fields"),
    "no kind": ({"import": "os"}, "flow must be described by one of part, tuple"),
    "own parts": (flow_of({"own": "Mine", "fields": {}}), r"flow\.bijection is a Mine, .*pass it as load"),
    "a wrong width": (flow_of(part("ActNorm", dim=4)), "flow cannot be made: ValueError: .*agree on the shape"),
    "a base that is none": (
        flow_of(part("ActNorm", dim=3), base="normal"),
        "base must be a Distribution; got 'normal'",
    ),
    "an embedding that is none": (flow_of(coupling([8]), embed=part("Affine")), "flow cannot be made|params must be"),
    "a negative width": (flow_of(coupling([-8])), "hidden cannot be made|conditioner cannot be made: ValueError"),
    "wide layers": (flow_of(coupling([10**6, 10**6])), "must have no more parameters than the file has"),
    "one very wide layer": (flow_of(coupling([10**12])), "must have no more parameters than the file has"),
    "a wide layer of nothing": (
        flow_of(coupling([10**10], mask=(False, False, False))),
        "must have no more parameters than the file has",
    ),
    "many components": (
        flow_of(describe(FLOW.bijection), base=part("GaussianMixture", dim=3, components=10**11, spread=1.0)),
        "must have no more parameters than the file has",
    ),
    "wide events": (
        flow_of(part("ActNorm", dim=10**12), base=part("DiagonalNormal", dim=10**12)),
        r"flow\.base must be as wide as its tensors say; got events of 1e\+12 numbers",
    ),
    "events of text": (
        flow_of(part("ActNorm", dim="a"), base=part("StandardNormal", dim={"tuple": ["a"]})),
        r"flow\.base cannot be made: dim must be a whole number or a list, each entry a whole number; got ",
    ),
    "another flow": (flow_of(coupling([8])), r"must have the entries|must have 2 entries"),
    "a deep flow": (None, "in one another|must be JSON"),  # Python 3.14 reads any depth
    "an odd number": (
        flow_of(part("ActNorm", dim={"numpy": "object", "value": 3})),
        "must be a number of a NumPy type",
    ),
    "an odd float": (flow_of(part("ActNorm", dim={"float": "3"})), "must be inf, -inf or nan"),
    "an odd dict": (flow_of(part("ActNorm", dim={"dict": [[[], 1]]})), "must have keys that are texts"),
    "half a pair": (flow_of(part("ActNorm", dim={"dict": [[1]]})), "pairs of key and value"),
    "an odd tuple": (flow_of(part("ActNorm", dim={"tuple": 3})), "must be described by a list"),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_description_is_refused_before_memory_is_taken(name, good, path):
    description, message = FORGED[name]
    if description is None:
        description = part("ActNorm", dim=3)
        for _ in range(400):
            description = part("Inverse", bijection=description)
    content = described(good, description)
    for dtype in ("float32", "float64"):
        nf.use(dtype=dtype)
        assert not loads_right_or_is_refused(path, content)
    with pytest.raises(nf.CheckpointError, match=message):
        nf.load(path)


def mutations(value, rng):
    """The same JSON with something in it replaced by something else that is there, or by something odd."""
    odd = [None, True, -1, 0, 3, 10**9, 2.5, "", "MLP", [], {}, {"part": "ActNorm"}, {"tuple": [1]}, [[]] * 3]
    nodes = []

    def collect(node):
        items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        for key, child in items:
            nodes.append((node, key))
            collect(child)

    while True:
        new, nodes = json.loads(json.dumps(value)), []
        collect(new)
        node, key = nodes[int(rng.integers(len(nodes)))]
        other, other_key = nodes[int(rng.integers(len(nodes)))]
        swap = json.loads(json.dumps(other[other_key]))
        node[key] = swap if rng.random() < 0.4 else odd[int(rng.integers(len(odd)))]
        yield new


@pytest.mark.parametrize("count", few([60, 200], [60]))
def test_honestly_sealed_mutations_of_the_description(count, good, path):
    """They are refused; or they load, and then the flow is another one with the same parameters: what it says."""
    metadata = parts(good)[0]["__metadata__"]
    rng = onp.random.default_rng(1)
    loaded = 0
    for _, description in zip(range(count), mutations(json.loads(metadata["flow"]), rng), strict=False):
        loaded += loads_right_or_is_refused(path, described(good, description))
    assert loaded < count / 2


@pytest.mark.exhaustive
def test_three_hundred_honestly_sealed_mutations_of_header_and_tree(good, path):
    header, data = parts(good)
    rng = onp.random.default_rng(2)
    entries = {name: entry for name, entry in header.items() if name != "__metadata__"}
    for _, new in zip(range(200), mutations(entries, rng), strict=False):
        loads_right_or_is_refused(path, sealed({**new, "__metadata__": header["__metadata__"]}, data))
    for _, new in zip(range(100), mutations([json.loads(header["__metadata__"]["tree"])], rng), strict=False):
        loads_right_or_is_refused(path, changed(good, tree=json.dumps(new[0])))


# --- what is no file ---


def test_what_is_no_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name, message in {
        "nosuch": "a checkpoint must be a file that can be read; No such file",
        ".": "a checkpoint must be a file; got a folder",
        "pipe": "a checkpoint must be a file; got a pipe",
        "/dev/zero": "a checkpoint must be a file; got a device",
    }.items():
        with pytest.raises(nf.CheckpointError, match=message):
            nf.load(tmp_path / name)


def test_a_sparse_file_of_a_terabyte_is_refused_at_once(path):
    with open(path, "wb") as file:
        file.write((300).to_bytes(8, "little"))
        file.truncate(2**40)
    with pytest.raises(nf.CheckpointError, match="the header must be JSON"):
        nf.load(path)


def test_the_shapes_of_a_large_file_are_judged_before_it_is_hashed(good, path, monkeypatch):
    """A sparse file of any size costs its forger nothing; to hash it would take the reader a second a GiB."""
    hashed, check = [], container.Sealed._check_seal
    monkeypatch.setattr(container, "AT_ONCE", 1000)
    monkeypatch.setattr(container.Sealed, "_check_seal", lambda *args: hashed.append(1) or check(*args))
    header, data = parts(good)
    damaged = good[:-1] + bytes([good[-1] ^ 1])
    for content, message, count in (
        (sealed({**header, W: {**header[W], "shape": [4, 2]}}, data), "must have shape", 0),
        (described(good, flow_of(coupling([8]))), "must have", 0),
        (damaged, "SHA-256 must be", 1),
        (good, None, 2),
    ):
        path.write_bytes(content)
        if message is None:
            assert same(nf.load(path)[1], PARAMS)
        else:
            with pytest.raises(nf.CheckpointError, match=message):
                nf.load(path)
        assert len(hashed) == count
    path.write_bytes(damaged)
    with pytest.raises(nf.CheckpointError, match="SHA-256 must be"):
        nf.checkpoint.metadata(path)


# --- damaged runs ---


def test_damaged_runs_are_refused_and_left_alone(path):
    def fit(x):
        return nf.fit(FLOW, x, rng=onp.random.default_rng(0), steps=3, checkpoint=path)

    x = onp.random.default_rng(1).normal(size=(30, 3))
    result = fit(x)
    good = path.read_bytes()
    for _, content in islice(damages(good, onp.random.default_rng(3)), 60):
        path.write_bytes(content)
        if content == good:
            assert same(fit(x).params, result.params)
            continue
        with pytest.raises(nf.CheckpointError):
            fit(x)
        assert path.read_bytes() == content
