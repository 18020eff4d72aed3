"""Hostile files, a share of those of `python -m benchmarks hostile`. The judge of them sees a fault where one is."""

import json
import os
import re
import signal
import tracemalloc
from collections import Counter
from dataclasses import replace
from itertools import islice

import numpy as onp
import pytest
from hostile import damaged, forged, originals, trial
from hostile.forging import Pieces
from hostile.verdict import Verdict, by_other_doors, judged, opened, unsaid, used

import nfscratch as nf
from nfscratch import typed_fields
from nfscratch.checkpoint import sizes
from nfscratch.checkpoint.description import registry

pytestmark = pytest.mark.filterwarnings("ignore:no step made", "ignore:training ended far", "ignore:training diverged")
forks = pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs fork and /proc")
ignoring_threads = pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")


@pytest.fixture(scope="module")
def flows(tmp_path_factory):
    return list(originals.flows(tmp_path_factory.mktemp("flows") / "flow", share=19))


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    return list(originals.runs(tmp_path_factory.mktemp("runs") / "run"))


def verdict_of(original, content, path):
    path.write_bytes(content)
    verdict, why, got = opened(original, path)
    if verdict is None:
        verdict, why = judged(original, content, got)
        if verdict is Verdict.ANOTHER and original.kind == "flow":
            verdict, why = used(*got)
    if verdict.good:
        other, why_there = by_other_doors(original, path)
        return (verdict, why) if other.good else (other, why_there)
    return verdict, why


def faults(originals, make, each, path):
    """What is neither refused, nor harmless, nor what its file says; and how many files ended in each way."""
    rng, found, counts = onp.random.default_rng(7), [], Counter()
    for one in originals:
        for kind, content in islice(make(one.content, rng), each):
            verdict, why = verdict_of(one, content, path)
            counts[verdict] += 1
            if not verdict.good:
                found.append(f"{verdict.value}: {one.name} ({kind}): {why}")
    return found, counts


def test_the_good_files_are_harmless(flows, runs, tmp_path):
    for original in (*flows, *runs):
        assert verdict_of(original, original.content, tmp_path / "good") == (Verdict.HARMLESS, "")
        assert verdict_of(original, Pieces(original.content).sealed(), tmp_path / "sealed") == (Verdict.HARMLESS, "")


@pytest.mark.parametrize("make", [damaged.damages, forged.forgeries])
def test_a_hundred_hostile_flows(make, flows, tmp_path):
    found, counts = faults(flows, make, 100 // len(flows), tmp_path / "flow")
    assert not found
    assert counts[Verdict.REFUSED] > 50


@pytest.mark.parametrize("make", [damaged.damages, forged.forgeries])
def test_some_hostile_runs(make, runs, tmp_path):
    found, counts = faults(runs, make, 4, tmp_path / "run")
    assert not found
    assert counts[Verdict.REFUSED] > 5


# --- what a forger found: each was loaded, or ended in another exception ---


@pytest.fixture
def flow(tmp_path):
    """A file of two couplings, in pieces."""
    flow = nf.flows.real_nvp(2, layers=1, hidden=(4,), context_dim=2)
    nf.save(tmp_path / "flow", flow, flow.init(onp.random.default_rng(0)))
    return Pieces((tmp_path / "flow").read_bytes())


def refused(pieces, path):
    path.write_bytes(pieces.sealed())
    with pytest.raises(nf.CheckpointError) as caught:
        nf.load(path)
    return str(caught.value)


@pytest.mark.parametrize("dtype", ["f2", "i8", "i4", "u1", "?"])
def test_parameters_of_another_dtype_are_refused(dtype, flow, tmp_path):
    name = max(flow.tensors)
    flow.tensors[name] = flow.tensors[name].astype(dtype)
    assert f"got {onp.dtype(dtype).name}" in refused(flow, tmp_path / "f") or "and" in refused(flow, tmp_path / "f")


def test_parameters_of_two_precisions_are_refused_by_load_and_save(flow, tmp_path):
    name = max(flow.tensors)
    flow.tensors[name] = flow.tensors[name].astype("f4")
    assert "all float32 or all float64; got float32 and float64" in refused(flow, tmp_path / "f")
    layer = nf.Flow(nf.StandardNormal(2), nf.ActNorm(2))
    params = layer.init(onp.random.default_rng(0))
    params["bijection"]["shift"] = params["bijection"]["shift"].astype("f4")
    with pytest.raises(nf.CheckpointError, match="all float32 or all float64"):
        nf.save(tmp_path / "saved", layer, params)


@pytest.mark.parametrize("odd", [True, "", "MLP", 3, {"part": "Exp", "fields": {}}, {"tuple": []}])
def test_an_embedding_that_is_none_is_refused(odd, flow, tmp_path):
    flow.description["fields"]["embed"] = odd
    assert "flow cannot be made: embed must be a Network or None; got" in refused(flow, tmp_path / "f")


@pytest.mark.parametrize(
    ("name", "value"), [("float32", 1e300), ("bool", 2), ("int8", 1000), ("uint8", -1), ("int64", 2.5)]
)
def test_a_number_that_its_numpy_type_does_not_hold_is_refused(name, value, flow, tmp_path):
    flow.description["fields"]["base"]["fields"]["dim"] = {"numpy": name, "value": value}
    assert "must be a number of a NumPy type" in refused(flow, tmp_path / "f")


ENDINGS = [  # of a run of 4 steps
    ({"how": "DIVERGED", "step": 5, "loss": "MLP", "blamed": "", "evaluations": None}, "loss must be a number as text"),
    ({"how": "DIVERGED", "step": 5, "loss": None, "blamed": "x", "evaluations": None}, "loss must be a text"),
    (
        {"how": "DIVERGED", "step": 99, "loss": "inf", "blamed": "x", "evaluations": None},
        "step must be 5, by the steps",
    ),
    ({"how": "EARLY_STOPPING", "step": 4, "loss": None, "blamed": None, "evaluations": None}, "evaluations must be a"),
    ({"how": "EARLY_STOPPING", "step": 4, "loss": None, "blamed": None, "evaluations": -1}, "evaluations must be a"),
    (
        {"how": "STOPPED", "step": None, "loss": None, "blamed": None, "evaluations": None},
        "step must be a whole number",
    ),
    ({"how": "ALL_STEPS", "step": 4, "loss": None, "blamed": None, "evaluations": None}, "how must be one of EARLY"),
    ({"how": "INTERRUPTED", "step": 4, "loss": None, "blamed": None, "evaluations": None}, "how must be one of EARLY"),
]


@pytest.mark.parametrize(("ended", "message"), ENDINGS)
def test_an_ending_that_no_run_has_when_its_file_is_written_is_refused(ended, message, runs, tmp_path):
    original = runs[0]
    pieces = Pieces(original.content)
    pieces.description["run"]["record"]["ended"] = ended
    (tmp_path / "run").write_bytes(pieces.sealed())
    verdict, why, _ = opened(original, tmp_path / "run")
    assert verdict is Verdict.REFUSED and f"run/record/ended/{message}" in why


ANY = [[], {}, None, "", [[]], [[], [1]], {"tuple": []}, {"tuple": [[], {}]}, {"float": "inf"}, True, 10**400, -1, 0.5]


def test_the_arithmetic_of_sizes_takes_anything_in_any_field():
    for name, part in registry().items():
        for field in typed_fields.stated(part):
            for value in ANY:
                description = {"part": name, "fields": {field: value}}
                try:
                    sizes.judge({"part": "Flow", "fields": {"bijection": description}}, 100.0)
                except nf.CheckpointError:
                    pass


LIMITED = {  # what costs nothing until the flow is evaluated
    "steps": lambda n: nf.ode.RK4(n),
    "max_evaluations": lambda n: nf.ode.Dopri5(max_evaluations=n),
    "points": lambda n: nf.UMNN(points=n),
    "terms": lambda n: nf.Residual(2, nf.LipschitzMLP((4,)), terms=n),
    "probes": lambda n: nf.Continuous(nf.MLP((4,), "tanh"), 2, probes=n),
}


@pytest.mark.parametrize("name", LIMITED)
def test_a_setting_without_a_size_has_a_limit(name):
    with pytest.raises(ValueError, match=f"{name} must be at most [0-9]+; got 1000000000"):
        LIMITED[name](10**9)


# --- descriptions and trees that are costly to read ---

LONG, MERSENNE = "k" * 900_000, 2**61 - 1  # Python hashes a whole number by its remainder


def deep(value, times):
    for _ in range(times):
        value = [value]
    return value


def tall(n):
    """A network of n layers of one unit."""
    return {"part": "MADE", "fields": {"hidden": {"tuple": [1] * n}}}


COSTLY = {
    "a number in a number": (
        {"numpy": "int64", "value": {"numpy": "int64", "value": 20_000}},
        "must be a number of a NumPy type",
    ),
    "a number with a point": ({"numpy": "int64", "value": 20_000.0}, "must be a number of a NumPy type"),
    "a number as text": ({"numpy": "int64", "value": "2"}, "must be a number of a NumPy type"),
    "a part in a number": ({"numpy": "int64", "value": tall(3)}, "must be a number of a NumPy type"),
    "two kinds at once": ({"tuple": [2], "numpy": "int64", "value": 2}, "must be described by one of"),
    "keys that collide": ({"dict": [[k * MERSENNE, 0] for k in range(5_000)]}, "must have keys that are texts"),
    "a long name over a deep list": ({"part": "MLP", "fields": {LONG: deep(0, 390)}}, "fields of MLP must be among"),
    "a name of two lines": ({"part": "MLP", "fields": {"a\nb": 1}}, "fields of MLP must be among"),
    "many axes": ({"tuple": [1] * 50_000}, "must be as wide as its tensors say"),
    "many layers": (tall(20_000), "must have at most 8192 parts, with each layer of a Stack; got 20010"),
    "an own part of two lines": ({"own": "x\ny\x1b[2J" * 900, "fields": {}}, "is not a part of nfscratch|is a x"),
}


def one_short_line(message):
    return message.isprintable() and len(message) < 600


@pytest.mark.parametrize("name", COSTLY)
def test_a_description_that_is_costly_to_read_is_refused_at_once(name, flow, tmp_path):
    value, message = COSTLY[name]
    if name == "many layers":
        coupling = next(part for part, key in forged.places(flow.description) if key == "conditioner")
        coupling["conditioner"] = value
    else:
        flow.description["fields"]["base"]["fields"]["dim"] = value
    said = refused(flow, tmp_path / "f")
    assert re.search(message, said) and one_short_line(said)


@pytest.mark.parametrize("tree", [{LONG: deep([], 300)}, {LONG: [[]] * 9_000}, {LONG: deep([], 900)}])
def test_a_tree_of_long_paths_that_lead_nowhere_is_refused_at_once(tree, flow, tmp_path):
    flow.texts["tree"] = json.dumps(tree)
    tracemalloc.start()
    try:
        said = refused(flow, tmp_path / "f")
        assert tracemalloc.get_traced_memory()[1] < 40 * 2**20  # a path for each level would take hundreds
    finally:
        tracemalloc.stop()
    assert re.search("must have its place in the tree|in one another", said) and one_short_line(said)


def test_the_error_of_a_run_names_its_file_once(runs, tmp_path):
    pieces = Pieces(runs[0].content)
    pieces.texts["tree"] = json.dumps({"a": []})
    (tmp_path / "run").write_bytes(pieces.sealed())
    _, why, _ = opened(runs[0], tmp_path / "run")
    assert why.count(str(tmp_path)) == 1 and "must have its place in the tree" in why


# --- the types of fields ---


def test_the_fields_of_every_part_have_types_that_can_be_compared():
    for name, part in registry().items():
        for field, hint in typed_fields.stated(part).items():
            assert not typed_fields.fits(object(), hint) or (name, field) == ("Continuous", "field")


@pytest.mark.parametrize(
    ("part", "fields", "message"),
    [
        (nf.PLU, {"dim": True}, "dim must be a whole number; got True"),
        (nf.PLU, {"dim": 2.0}, "dim must be a whole number; got 2.0"),
        (nf.MLP, {"hidden": "4"}, "hidden must be a list, each entry a whole number; got '4'"),
        (nf.Chain, {"layers": [nf.MLP((4,))]}, "layers must be a list, each entry a Bijection; got"),
        (nf.StandardNormal, {"dim": {}}, "dim must be a whole number or a list, each entry a whole number; got {}"),
        (nf.PLU, {"dim": onp.int64(2), "seed": 3}, ""),
        (nf.MLP, {"hidden": [4], "gain": 1, "activation": "relu"}, ""),
        (nf.Triangular, {"dim": 2, "lower": onp.True_}, ""),
    ],
)
def test_fields_are_compared_with_the_types_that_their_class_states(part, fields, message):
    assert typed_fields.odd(part, fields).startswith(message)
    assert bool(typed_fields.odd(part, fields)) == bool(message)


# --- the judge ---


def of_the_original(path):
    """Reads another file."""
    path.write_bytes(path.with_name("original").read_bytes())
    return nf.load(path)


def taking(path):
    onp.empty(300 * 2**20, onp.uint8)
    return nf.load(path)


def raising(path):
    raise KeyError("tree")


def refusing_in_two_lines(path):
    raise nf.CheckpointError(f"{path}: one\ntwo")


def turning(path):
    while True:
        pass


def with_a_bad_door(path):
    return nf.load(path)


READERS = {
    nf.load: Verdict.ANOTHER,
    of_the_original: Verdict.WRONG,
    taking: Verdict.FAT,
    lambda path: onp.empty(10 * 2**40, onp.uint8): Verdict.FAT,
    raising: Verdict.OTHER,
    with_a_bad_door: Verdict.OTHER,
    refusing_in_two_lines: Verdict.OTHER,
    lambda path: os.kill(os.getpid(), signal.SIGTERM): Verdict.OTHER,
}


def verdict_with(read, flows, path):
    """The verdict on a file with another tensor, read by `read`."""
    good, pieces = flows[1], Pieces(flows[1].content)
    name = min(pieces.tensors)
    pieces.tensors[name] = pieces.tensors[name] + 1.0
    path.with_name("original").write_bytes(good.content)
    doors = (raising,) if read is with_a_bad_door else good.doors
    return trial.tried(replace(good, read=read, doors=doors), pieces.sealed(), path).verdict


@forks
@ignoring_threads
def test_the_judge_sees_each_fault(flows, tmp_path):
    for read, wanted in READERS.items():
        assert verdict_with(read, flows, tmp_path / "f") is wanted


@forks
@ignoring_threads
@pytest.mark.exhaustive
def test_a_reader_that_never_ends_is_ended(flows, tmp_path, monkeypatch):
    monkeypatch.setattr(trial, "PATIENCE", 1)
    assert verdict_with(turning, flows, tmp_path / "f") is Verdict.SLOW


def test_the_judge_tells_a_flow_from_its_description(flow):
    said = flow.description
    assert unsaid(said, json.loads(json.dumps(said))) == ""
    other = json.loads(json.dumps(said))
    other["fields"]["base"]["fields"]["dim"] = 3
    assert "dim is" in unsaid(other, said)
