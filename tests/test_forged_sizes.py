"""Forged descriptions, honestly sealed, of flows that are larger than their file: refused by arithmetic, unbuilt.

Every whole number in the description of every registered part is made large, one after the other. No clock and no limit
of the system: what is built, and the memory that Python and NumPy take, are counted.
"""

import hashlib
import json
import tracemalloc

import pytest
from every_part import described, flow_of, rng

import nfscratch as nf
from nfscratch.checkpoint import sizes, tree, whole_flow
from nfscratch.checkpoint.description import config_hash, describe, registry

MODEST = 256 * 2**20  # bytes
LARGE = (30, 1_000, 30_000, 10**6, 10**9, 10**15)
SETTINGS = {  # whole numbers that are no size: nothing is made of them when a part is
    *("seed", "points", "probes", "terms", "steps", "max_evaluations", "values", "step", "factor", "context_channels"),
    "order",  # of variables: compared with those that there are
}


@pytest.fixture(scope="module")
def honest():
    return list(described())


def parts_of(description):
    """Every part in a description, itself among them."""
    if isinstance(description, dict) and "part" in description:
        yield description
    for child in description.values() if isinstance(description, dict) else description:
        if isinstance(child, (dict, list)):
            yield from parts_of(child)


def numbers_in(tree_of):
    return sum(leaf.size for leaf in tree.split(tree_of)[1].values())


def test_every_registered_part_has_its_size_in_one_table():
    tables = (sizes.PER_VARIABLE, sizes.NETWORKS, sizes.OWN, sizes.OF_ITS_PARTS)
    named = [name for table in tables for name in table]
    assert sorted(named) == sorted(registry())


def test_every_registered_part_is_tried(honest):
    seen = {part["part"] for _, description, _ in honest for part in parts_of(description)}
    assert set(registry()) - seen == {"Linear", "NumericInverse", "NumericTransformer"}  # contracts, with no map


def test_a_size_bounds_the_parameters_and_no_honest_flow_is_near_the_limit(honest):
    for name, description, params in honest:
        size, n = sizes.size(description), numbers_in(params)
        assert size >= n, name
        assert size < sizes.TIMES * n + sizes.FREE / 64, name


def test_large_honest_flows_are_not_refused():
    for flow in (
        nf.flows.maf(784, layers=2, hidden=(1024,)),
        nf.flows.rq_nsf(64, layers=2, hidden=(256, 256), bins=16),
        nf.flows.planar(2, layers=2000),
        nf.flows.sylvester(60, layers=4),
        nf.flows.glow((3, 16, 16)),
    ):
        sizes.judge(describe(flow), numbers_in(flow.init(rng())))


# --- forged ---


def whole_numbers(description):
    """(part, field, where) for each whole number in a description: `where` is a container and a key of it."""
    for part in parts_of(description):
        for field, value in part["fields"].items():
            items = value.get("tuple", value) if isinstance(value, dict) else value
            if type(value) is int:
                yield part["part"], field, (part["fields"], field)
            elif isinstance(items, list):
                yield from ((part["part"], field, (items, i)) for i, item in enumerate(items) if type(item) is int)


def sealed(description, params, path):
    """The file that a forger makes: another flow's parameters, this description, and the right SHA-256."""
    whole_flow.container.write(
        path, "flow", params, {"flow": json.dumps(description), "config": config_hash(description), "own": "[]"}
    )
    content = path.read_bytes()
    end = 8 + int.from_bytes(content[:8], "little")
    seal = json.loads(content[8:end])["__metadata__"]["sha256"].encode()
    assert hashlib.sha256(content.replace(seal, b"0" * 64)).hexdigest().encode() == seal


def forgeries(honest, values, once):
    """Descriptions with one number made large, each with the name of its field, and honest parameters."""
    seen = set()
    for _, description, params in honest:
        for k, (part, field, _) in enumerate(whole_numbers(description)):
            if once and (part, field) in seen:
                continue
            seen.add((part, field))
            for value in values:
                forged = json.loads(json.dumps(description))
                *_, (holder, key) = list(whole_numbers(forged))[k]
                holder[key] = value
                yield part, field, value, forged, params


def loading(path, monkeypatch):
    """How the load of a file ends: the error or None, whether it began to build, and the bytes that it took."""
    built, build = [], whole_flow.build
    monkeypatch.setattr(whole_flow, "build", lambda description: built.append(1) or build(description))
    tracemalloc.start()
    try:
        nf.load(path)
        error = None
    except nf.CheckpointError as refusal:
        error = refusal
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        monkeypatch.setattr(whole_flow, "build", build)
    return error, bool(built), peak


def judged(forged, path, monkeypatch):
    for part, field, value, description, params in forged:
        sealed(description, params, path)
        error, built, peak = loading(path, monkeypatch)
        at = f"{part}.{field} = {value}: {error}"
        assert peak < MODEST, f"{at}; {peak / 2**20:.0f} MiB"
        assert field in SETTINGS or value < 10**9 or (error is not None and not built), at


def test_a_billion_in_any_field_is_refused_by_arithmetic(honest):
    for part, field, _, description, params in forgeries(honest, (10**9,), once=True):
        if field not in SETTINGS:
            with pytest.raises(nf.CheckpointError, match=r"no more parameters than|as wide as its|at most 8192 parts"):
                sizes.judge(description, numbers_in(params))
                pytest.fail(f"{part}.{field}")


def part(name, **fields):
    return {"part": name, "fields": fields}


NORMAL = part("StandardNormal", dim=2)
ISSUED = {
    "a stack of 300,000": part("Stack", layer=part("ActNorm", dim=2), count=300_000),
    "stacks of stacks": part("Stack", layer=part("Stack", layer=part("Exp"), count=10**4), count=10**4),
    "a wide MADE": part(
        "Autoregressive",
        transformer=part("Affine"),
        dim=2,
        conditioner=part("MADE", hidden={"tuple": [40_000, 40_000]}),
    ),
    "a wide PLU": part("PLU", dim=30_000),
    "an infinity of them": part("Stack", layer=part("PLU", dim=int("9" * 300)), count=int("9" * 300)),
    "defaults alone": part("Stack", layer=part("Conditioned", layer=part("PLU", dim=300)), count=300),
}


@pytest.mark.parametrize("name", [*ISSUED, "a density of two million components"])
def test_a_forged_file_is_refused_before_anything_is_built(name, tmp_path, monkeypatch):
    flow = part("Flow", base=NORMAL, bijection=ISSUED.get(name, part("ActNorm", dim=2)), embed=None)
    if name not in ISSUED:
        mixture = part("MixtureOfGaussians", components=2_000_000)
        flow["fields"]["base"] = part("AutoregressiveDensity", dim=2, conditional=mixture)
    honest = flow_of(nf.ActNorm(2)).init(rng())
    sealed(flow, honest, tmp_path / "forged")
    error, built, peak = loading(tmp_path / "forged", monkeypatch)
    assert error is not None and not built and peak < 2**22  # the file is read a MiB at a time


def test_nested_parts_are_counted_once(monkeypatch):
    """A stack in a stack in a stack: the arithmetic takes as long as the description, not twice as long a level."""
    description, calls = part("ActNorm", dim=2), []
    for _ in range(40):
        description = part("Stack", layer=description, count=1)
    count = sizes._size
    monkeypatch.setattr(sizes, "_size", lambda description: calls.append(1) or count(description))
    sizes.judge(description, 4)
    assert len(calls) == 41


@pytest.mark.exhaustive
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_large_number_in_any_field_takes_little_memory_and_a_billion_builds_nothing(
    dtype, honest, tmp_path, monkeypatch
):
    nf.use(dtype=dtype)
    try:
        judged(forgeries(honest, LARGE, once=True), tmp_path / "forged", monkeypatch)
    finally:
        nf.use(dtype="float64")
