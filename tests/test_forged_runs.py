"""Runs whose file was forged and honestly sealed: every field of it is judged, and an error names the field."""

import json
import shutil
import tracemalloc

import numpy as onp
import pytest
from share import few

import nfscratch as nf
from nfscratch.checkpoint import container
from nfscratch.training import drawn, saved_run
from nfscratch.training.batches import Batches
from nfscratch.training.resume import _array_as_list

X = onp.random.default_rng(1).normal(size=(30, 2))
FLOW = nf.flows.real_nvp(2, layers=1, hidden=(4,), whiten="diagonal")
STEPS, DONE = 6, 4
MODEST = 40 * 2**20  # 31 MiB of it are `minimize`'s own, to raise malloc's thresholds
GENERATORS = (onp.random.PCG64, onp.random.MT19937, onp.random.Philox, onp.random.SFC64)

pytestmark = pytest.mark.filterwarnings("ignore:no step made the validation better", "ignore:training ended far")


def fit(path, kind=onp.random.PCG64, **options):
    given = {"steps": STEPS, "batch_size": 8, "evaluate_every": 2, "progress": False, "checkpoint": path, **options}
    return nf.fit(FLOW, X, **{"rng": onp.random.Generator(kind(0)), **given})


FEW = (onp.random.PCG64, onp.random.MT19937)  # a state of numbers, and one with an array


@pytest.fixture(scope="module", params=few(GENERATORS, FEW), ids=lambda kind: kind.__name__)
def half(request, tmp_path_factory):
    """A run that was stopped on its way, as its file, its tree and its texts."""
    path = tmp_path_factory.mktemp("run") / "half"
    fit(path, request.param, callback=lambda at: at.step == DONE)
    with container.opened(path, "run") as sealed:
        return request.param, path, sealed.read(), dict(sealed.fields)


def sealed(path, tree, fields, **state):
    texts = {**json.loads(fields["run"]), **state}
    container.write(path, "run", tree, {"run": json.dumps(texts), "config": fields["config"]})


def refusal(path, kind):
    """The error of a fit that finds this file; little memory is taken."""
    tracemalloc.start()
    try:
        with pytest.raises(nf.CheckpointError) as caught:
            fit(path, kind)
        assert tracemalloc.get_traced_memory()[1] < MODEST
    finally:
        tracemalloc.stop()
    message = str(caught.value)
    assert message.startswith(f"{path}: ") and "\n" not in message and len(message) < 600
    return message


def test_the_file_as_it_is_goes_on_to_the_same_end(half, tmp_path):
    kind, path, tree, fields = half
    shutil.copy(path, tmp_path / "kept")
    sealed(tmp_path / "sealed", tree, fields)
    whole, kept, again = (fit(tmp_path / name, kind) for name in ("new", "kept", "sealed"))
    assert whole.history == kept.history == again.history


def places(value, name=""):
    """(path, holder, key) of everything in a value that JSON holds; of lists, of the first entry."""
    for key, child in value.items() if isinstance(value, dict) else enumerate(value[:1]):
        yield f"{name}/{key}", value, key
        if isinstance(child, (dict, list)):
            yield from places(child, f"{name}/{key}")


ODD = (None, True, -1, 2**200, 1.5, "S100000000", [1], {}, {"dtype": "S1000000000", "array": [""]}, [[]] * 3)


def forgeries(fields):
    """Each text of the state with something else in it, and the place."""
    texts = json.loads(fields["run"])
    count = len(list(places(texts)))
    for k in range(count):
        for odd in ODD:
            new = json.loads(fields["run"])
            name, holder, key = list(places(new))[k]
            if holder[key] != odd or type(holder[key]) is not type(odd):
                holder[key] = odd
                yield name, odd, new


HARMLESS = {  # these may be so: a run that has not ended, or another number in its place, is still a run
    ("/run/record/ended", None),
    ("/run/record/ended/evaluations", None),
    ("/run/record/ended/step", None),
    ("/run/record/ended/loss", None),
    ("/run/record/ended/blamed", None),
    ("/run/record/ended/loss", "S100000000"),
    ("/run/record/ended/blamed", "S100000000"),
}


def judged(half, path, share):
    kind, _, tree, fields = half
    for i, (name, odd, texts) in enumerate(forgeries(fields)):
        if i % share or (name, odd if isinstance(odd, str) else None) in HARMLESS:
            continue
        container.write(path, "run", tree, {"run": json.dumps(texts), "config": fields["config"]})
        message = refusal(path, kind)
        places_in = [key for key in name.split("/") if key and not key.isdigit() and key not in ("dtype", "array")]
        named = any(key in message for key in places_in) or "as in the run that wrote the file" in message
        assert named, f"{name} = {odd!r}: {message}"


def test_a_share_of_the_texts_that_are_replaced_is_refused_by_its_name(half, tmp_path):
    judged(half, tmp_path / "run", 211)


@pytest.mark.exhaustive
def test_every_seventh_text_that_is_replaced_is_refused_by_its_name(half, tmp_path):
    judged(half, tmp_path / "run", 7)


@pytest.mark.parametrize("kind", GENERATORS)
def test_an_array_of_a_generator_has_its_own_dtype(kind):
    own = onp.random.Generator(kind(0)).bit_generator.state
    arrays = [key for key, value in own["state"].items() if isinstance(value, onp.ndarray)]
    for key in arrays:
        kept = {"dtype": own["state"][key].dtype.str, "array": own["state"][key].tolist()}
        saved_run.generator({key: own["state"][key]}, {key: kept}, "rng")
        for other in ("<u2", ">u4", "<i8", "S1000000000", "O"):
            with pytest.raises(nf.CheckpointError, match=f"rng/{key}/dtype must be {kept['dtype']}; got '{other}'"):
                saved_run.generator({key: own["state"][key]}, {key: kept | {"dtype": other}}, "rng")


# --- arrays ---


def changed(tree, path, leaf):
    """The tree with another leaf at a path."""
    key, *rest = path.split("/", 1)
    key = int(key) if isinstance(tree, list) else key
    new = list(tree) if isinstance(tree, list) else dict(tree)
    new[key] = changed(tree[key], rest[0], leaf) if rest else leaf(tree[key])
    return new


NAN, ODDER = lambda a: onp.full_like(a, onp.nan), lambda a: onp.concatenate([a, a])
FORGED = {
    "wider parameters": ("params/bijection/0/0/b", lambda a: onp.ones(a.size + 1), "params/bijection/0"),
    "parameters of another dtype": ("params/base", lambda a: {"mean": onp.ones(2)}, "params/base"),
    "wider moments": ("optimizer/m", ODDER, "optimizer/m must be an array of float64 of shape"),
    "moments in float32": ("optimizer/v", lambda a: a.astype("f4"), "optimizer/v must be an array of float64"),
    "no moments": ("optimizer", lambda a: {}, "optimizer must be an object with m, v"),
    "best parameters of NaN": ("record/best/0/bijection/1", None, "record/best/0/.* must be finite numbers"),
    "a parameter of infinity": (
        "params/bijection/0/0/b",
        lambda a: a + onp.inf,
        "params/bijection/0/0/b must be finite",
    ),
    "a stored mean of NaN": ("params/bijection/1/fixed/mean", NAN, "params/.*/fixed/mean must be finite"),
    "moments of NaN": ("optimizer/v", NAN, "optimizer/v must be finite numbers"),
    "squares below 0": ("optimizer/v", lambda a: a - 1.0, "optimizer/v must be at least 0"),
    "a spread of 0": ("params/bijection/1/fixed/std", onp.zeros_like, "params/bijection/1/fixed/std must be above 0"),
    "a validation of -inf": (
        "record/history/validation",
        lambda a: a - onp.inf,
        "history/validation must be free of -inf",
    ),
    "a validation below the best": (
        "record/history/validation",
        lambda a: a - [0, 9, 0],
        "must be lowest at the best step",
    ),
    "an evaluation out of turn": (
        "record/history/step",
        lambda a: a + [0, 1, 0],
        "the steps after which this run eval",
    ),
    "a first evaluation that is late": ("record/history/step", lambda a: a + [1, 0, 0], "must be 0 and then the steps"),
    "two best": ("record/best", lambda a: a * 2, "record/best must be a list of at most one tree"),
    "no best": ("record/best", lambda a: [], "run/record/best_step must be null without best parameters"),
    "a lower best value": ("record/best_value", lambda a: a - 1.0, "record/best_value must be .*, that of step 0"),
    "a best value of NaN": ("record/best_value", NAN, "record/best_value must be"),
    "longer losses": ("record/history/loss", ODDER, r"record/history/loss must be an array of float64 of shape \(4,\)"),
    "losses of NaN": ("record/history/loss", NAN, "record/history/loss must be finite"),
    "more validations than steps": ("record/history/validation", ODDER, "record/history/validation must be"),
    "steps back to front": ("record/history/step", lambda a: a[::-1].copy(), "record/history/step must be growing"),
    "steps of floats": ("record/history/step", lambda a: a.astype("f8"), "record/history/step must be an array of int"),
    "a table of steps": ("record/history/step", lambda a: a[None], "record/history/step must be"),
    "one row for all": ("order/0", onp.zeros_like, "order must be each row once"),
    "more rows": ("order/0", lambda a: onp.arange(len(a) + 1), "order/0 must be an array"),
    "no rows": ("order", lambda a: [], "order must be 1 entries"),
    "a million rows": ("order/0", lambda a: onp.arange(10**6), "order/0 must be an array"),
}


@pytest.mark.parametrize("name", FORGED)
@pytest.mark.parametrize("half", [onp.random.PCG64], indirect=True)  # the generator has no part in it
def test_an_array_that_is_not_the_runs_is_refused_by_its_name(name, half, tmp_path):
    kind, _, tree, fields = half
    place, leaf, message = FORGED[name]
    if leaf is None:
        forged = {**tree, "record": {**tree["record"], "best": nf.trees.map_leaves(NAN, tree["record"]["best"])}}
    else:
        forged = changed(tree, place, leaf)
    sealed(tmp_path / "run", forged, fields)
    with pytest.raises(nf.CheckpointError, match=message):
        fit(tmp_path / "run", kind)


NUMBERS = {
    "fewer updates than steps": (("optimizer", "t"), DONE - 1, "run/optimizer/t must be 4, as many updates as steps"),
    "more worse evaluations than there were": (("record", "since_best"), 4, "run/record/since_best must be .* to 3"),
}


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_that_contradicts_the_others_is_refused_by_its_name(name, half, tmp_path):
    kind, _, tree, fields = half
    (holder, key), value, message = NUMBERS[name]
    run = json.loads(fields["run"])["run"]
    run[holder][key] = value
    sealed(tmp_path / "run", tree, fields, run=run)
    with pytest.raises(nf.CheckpointError, match=message):
        fit(tmp_path / "run", kind)


@pytest.mark.parametrize("key", ["more", "configuration"])
def test_what_no_run_writes_is_refused(key, half, tmp_path):
    kind, _, tree, fields = half
    more = {**json.loads(fields["run"])["configuration"], "y\nz": 1} if key == "configuration" else 1
    sealed(tmp_path / "run", tree, fields, **{key: more})
    with pytest.raises(nf.CheckpointError, match=r"must be an object with began, |must have no other entries"):
        fit(tmp_path / "run", kind)


def test_a_state_that_is_null_is_no_new_run(half, tmp_path):
    kind, _, tree, fields = half
    container.write(tmp_path / "run", "run", tree, {"run": "null", "config": fields["config"]})
    with pytest.raises(nf.CheckpointError, match="the run must be an object with began, configuration, rng, run"):
        fit(tmp_path / "run", kind)


def test_patience_and_the_ending_agree():
    stopped = {"how": "EARLY_STOPPING", "evaluations": 3}
    for record, patience in (
        ({"ended": None, "since_best": 9}, None),
        ({"ended": None, "since_best": 2}, 3),
        ({"ended": stopped, "since_best": 3}, 3),
    ):
        saved_run._patience(record, patience)
    for record, patience, why in (
        ({"ended": None, "since_best": 3}, 3, "since_best must be below 3, the patience"),
        ({"ended": stopped, "since_best": 3}, None, "how must be another in a run without patience"),
        ({"ended": stopped, "since_best": 3}, 4, "evaluations must be at least 4, the patience"),
    ):
        with pytest.raises(nf.CheckpointError, match=why):
            saved_run._patience(record, patience)


def test_a_twister_that_draws_only_0_is_refused():
    own = onp.random.MT19937(0).state
    kept = {"dtype": "<u4", "array": [0] * 624}
    with pytest.raises(nf.CheckpointError, match="key/array must be other than all 0"):
        saved_run.generator(own["state"]["key"], kept, "key")
    saved_run.generator(own["state"]["key"], {**kept, "array": [0] * 623 + [1]}, "key")


def test_an_evaluation_of_minus_infinity_is_none_and_its_run_goes_on(tmp_path):
    """No number is below it, so that it cannot be ranked; in a file it is refused."""
    path, values = tmp_path / "run", iter([1.0, -onp.inf, 0.5, 0.4])
    for steps in (2, 3):
        result = nf.minimize(
            lambda p, rng: ((p["a"] ** 2).sum(), {"a": 2 * p["a"]}),
            {"a": onp.ones(1)},
            rng=0,
            steps=steps,
            schedule=nf.constant,
            has_grad=True,
            evaluate=lambda p: next(values),
            evaluate_every=1,
            progress=False,
            checkpoint=path,
        )
    assert onp.isnan(result.history["validation"][1]) and result.best_step == 3


def test_what_never_changes_in_a_generator_is_that_of_the_runs_own():
    own = onp.random.PCG64(0).state
    for inc in (4, 11, own["state"]["inc"] + 2):
        with pytest.raises(nf.CheckpointError, match=f"rng/state/inc must be {own['state']['inc']}, that of this gen"):
            saved_run.generator(own, {**own, "state": {**own["state"], "inc": inc}}, "rng")
    rng = onp.random.Generator(onp.random.Philox(0))
    own = rng.bit_generator.state["state"]
    rng.random(7)
    kept = {name: {"dtype": "<u8", "array": a.tolist()} for name, a in rng.bit_generator.state["state"].items()}
    saved_run.generator(own, kept, "rng")
    kept["key"]["array"][1] += 1
    with pytest.raises(nf.CheckpointError, match=r"rng/key/array must be .*, those of this generator"):
        saved_run.generator(own, kept, "rng")


@pytest.mark.parametrize("size", [1, 2, 3, 4, 7, 20])
def test_the_place_in_the_order_is_the_one_after_so_many_batches(size):
    batches = Batches(onp.ones((7, 1)), size, onp.random.default_rng(0))
    for taken in range(12):
        for step, ended in ((taken, None), (taken, {"how": "STOPPED"}), (taken - 1, {"how": "DIVERGED"})):
            kept = {"step": step, "record": {"ended": ended}}
            saved_run._position(batches, {**kept, "position": batches.position})
            for wrong in (batches.position + 1, batches.position - 1, float(batches.position), None):
                with pytest.raises(nf.CheckpointError, match=f"position must be {batches.position}, after {taken} bat"):
                    saved_run._position(batches, {**kept, "position": wrong})
        batches.next()


def test_arrays_of_another_shape_are_refused_before_they_are_read(half, tmp_path, monkeypatch):
    kind, _, tree, fields = half
    read = []
    monkeypatch.setattr(container.Sealed, "read", lambda self: read.append(1))
    sealed(tmp_path / "run", changed(tree, "order/0", lambda a: onp.arange(10**6)), fields)
    with pytest.raises(nf.CheckpointError, match="order/0 must be"):
        fit(tmp_path / "run", kind)
    assert not read


def test_a_file_that_changes_while_the_run_begins_is_refused(half, tmp_path, monkeypatch):
    kind, path, tree, fields = half
    shutil.copy(path, tmp_path / "run")
    start = nf.Flow.init
    monkeypatch.setattr(
        nf.Flow, "init", lambda *args: (sealed(tmp_path / "run", tree, fields, more=1), start(*args))[1]
    )
    with pytest.raises(nf.CheckpointError, match="must stay as it is while a run begins"):
        fit(tmp_path / "run", kind)


def test_an_ending_of_version_0_1_that_is_no_sentence_is_refused(half, tmp_path):
    kind, _, tree, fields = half
    run = json.loads(fields["run"])["run"]
    for stopped in ([1], 7, None, "interrupted by a cat"):
        record = {**{k: v for k, v in run["record"].items() if k != "ended"}, "stopped": stopped}
        sealed(tmp_path / "run", tree, fields, run={**run, "record": record})
        with pytest.raises(nf.CheckpointError, match=r"run/record/stopped must be one of version 0\.1"):
            fit(tmp_path / "run", kind)


def test_the_number_of_steps_of_a_run_that_can_be_made_longer_is_one(tmp_path):
    path, options = tmp_path / "run", {"schedule": nf.constant}
    fit(path, **options, callback=lambda at: at.step == DONE)
    with container.opened(path, "run") as kept:
        tree, fields = kept.read(), dict(kept.fields)
    configuration = json.loads(fields["run"])["configuration"]
    for steps in (None, "x", [], {}, True, -1, DONE - 1, 6.5):
        sealed(path, tree, fields, configuration={**configuration, "steps": steps})
        with pytest.raises(
            nf.CheckpointError, match="configuration/steps must be a whole number of at least the 4 done"
        ):
            fit(path, **options)


def test_a_file_that_is_refused_does_not_move_the_callers_generator(half, tmp_path):
    kind, _, tree, fields = half
    state = json.loads(fields["run"])
    later = onp.random.Generator(kind(0))
    later.random(9)
    began = json.loads(json.dumps(later.bit_generator.state, default=_array_as_list))
    forgeries = (
        {"run": {**state["run"], "position": 7}},
        {"rng": {**state["rng"], "bit_generator": "none"}},
        {"configuration": {**state["configuration"], "steps": 3}},
    )
    for forged in forgeries:
        sealed(tmp_path / "run", tree, fields, began=began, **forged)
        rng = onp.random.Generator(kind(0))
        with pytest.raises(nf.CheckpointError):
            fit(tmp_path / "run", kind, rng=rng)
        assert rng.random() == onp.random.Generator(kind(0)).random()


@pytest.mark.parametrize("key", ["began", "rng"])
def test_where_a_run_began_and_where_it_stands_are_states_of_one_run(key, tmp_path):
    """A state of PCG64 says how many draws it is from another one; 2^64 of them are more than a run takes."""
    fit(tmp_path / "half", callback=lambda at: at.step == DONE)
    with container.opened(tmp_path / "half", "run") as half:
        tree, fields = half.read(), dict(half.fields)
    saved = json.loads(fields["run"])[key]
    for state, said in ((saved["state"]["state"] ^ 1 << 100, "got two of different runs"), (1, "of different runs")):
        forged = {**saved, "state": {**saved["state"], "state": state}}
        sealed(tmp_path / "run", tree, fields, **{key: forged})
        rng = onp.random.default_rng(0)
        with pytest.raises(nf.CheckpointError, match=f"rng must be a state that the generator comes to .* {said}"):
            fit(tmp_path / "run", rng=rng)
        assert rng.random() == onp.random.default_rng(0).random()


@pytest.mark.parametrize("kind", [onp.random.PCG64, onp.random.PCG64DXSM])
def test_draws_between_two_states_are_counted(kind):
    own, first = kind(3), kind(3).state
    for count in (0, 1, 6, 1000):
        own.random_raw(count, output=False)
        assert drawn.comes_to(first, own.state) and drawn.comes_to(own.state, first)  # it may have been set back
        counted = (s["state"]["state"] for s in (first, own.state))
        assert drawn._draws(*counted, drawn.FACTORS[kind.__name__], first["state"]["inc"]) == {6: 7, 1000: 1007}.get(
            count, count
        )
    assert drawn.comes_to(first, kind(3).advance(2**64 - 1).state)
    assert not drawn.comes_to(first, kind(3).advance(2**64).state)
    assert not drawn.comes_to(kind(3).advance(2**64).state, first)
