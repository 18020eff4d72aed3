"""The file of a run by itself: what it claims, when it is due, which numbers of steps it takes, and its words."""

import json
from types import SimpleNamespace

import numpy as onp
import pytest

import nfscratch as nf
from nfscratch.checkpoint import container
from nfscratch.training import resume
from nfscratch.training.optimizers import constant, cosine
from nfscratch.training.resume import RunFile

SAID = {"data": "d", "schedule": "constant", "steps": 9, "evaluate_every": 4}


def rng(seed=3):
    return onp.random.default_rng(seed)


def written(path, configuration=None, **changes):
    """A file of a run of three steps."""
    began = rng().bit_generator.state
    configuration = {"seed": resume.seed(rng()), **SAID} if configuration is None else configuration
    texts = {"configuration": configuration, "began": began, "run": {"step": 3}, "rng": began, **changes}
    text = json.dumps(texts, default=resume._array_as_list)
    container.write(path, "run", {"a": onp.zeros(2)}, {"run": text, "config": "c"})
    return path


def refused(call, *arguments):
    with pytest.raises(nf.CheckpointError) as error:
        call(*arguments)
    return str(error.value)


def test_a_file_must_be_named_by_a_text_and_written_every_step_or_more(tmp_path):
    with pytest.raises(TypeError, match=r"^checkpoint must be the name of a file; got a int$"):
        RunFile(3, None, rng(), {})
    for every in (0, -1, 1.5):
        with pytest.raises(ValueError, match=r"^checkpoint_every must be an integer of at least 1; got"):
            RunFile(tmp_path / "run", every, rng(), {})
    assert RunFile(tmp_path / "run", onp.int64(1), rng(), {}).every == 1


def test_a_file_is_due_after_so_many_steps_or_more_than_thirty_seconds(tmp_path, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(resume, "time", SimpleNamespace(monotonic=lambda: now[0]))
    by_steps, by_time = (RunFile(tmp_path / "run", every, rng(), {}) for every in (3, None))
    assert [by_steps.due(step) for step in (1, 2, 3, 4, 6)] == [False, False, True, False, True]
    for now[0], due in ((129.0, False), (130.0, False), (130.1, True)):
        assert by_time.due(5) is due


def test_a_new_run_has_its_seed_and_what_it_was_given_as_identity(tmp_path):
    file = RunFile(tmp_path / "run", None, rng(), {"data": "d"})
    file.claim({"clip": 0.5})
    file.claim_steps(9, cosine)
    assert file.configuration == {"seed": ["PCG64", 3, []], "data": "d", "clip": 0.5, "steps": 9}
    assert file.evaluate_every(constant) is None
    assert file.began == rng().bit_generator.state


def test_a_run_of_another_identity_is_refused_and_the_generator_is_as_it_was(tmp_path):
    path, given = written(tmp_path / "run"), rng()
    given.random(5)
    before = given.bit_generator.state
    message = refused(RunFile, path, None, given, {"data": "other"})
    assert message == (
        f"{path}: data must be as in the run that wrote the file, 'd'; got 'other'. "
        "To start anew, remove the file or name another"
    )
    assert given.bit_generator.state == before
    assert "seed must be as in the run that wrote the file, ['PCG64', 3, []]; got ['PCG64', 4, []]" in refused(
        RunFile, path, None, rng(4), {"data": "d"}
    )
    RunFile(path, None, given, {"data": "d"})
    assert given.bit_generator.state == rng().bit_generator.state  # where the run began


def test_a_run_can_be_made_longer_where_the_rate_is_constant_and_no_shorter_than_it_is(tmp_path):
    path = written(tmp_path / "run")
    for steps in (3, 9, 20):
        file = RunFile(path, None, rng(), {"data": "d"})
        file.claim_steps(steps, constant)
        assert file.configuration["steps"] == steps
    file = RunFile(path, None, rng(), {"data": "d"})
    file.claim_steps(9, cosine)
    assert "steps must be at least 3, the number that the run in the file has done; got 2. To" in refused(
        file.claim_steps, 2, constant
    )
    message = refused(file.claim_steps, 20, cosine)
    assert (
        "steps must be as in the run that wrote the file, 9; got 20: the rate of each step depends on their" in message
    )
    assert file.evaluate_every(constant) == 4
    assert file.evaluate_every(cosine) is None
    other = {"seed": resume.seed(rng()), **SAID, "schedule": "cosine", "evaluate_every": 0}
    file = RunFile(written(path, other), None, rng(), {"data": "d"})
    assert "steps must be as in the run that wrote the file" in refused(file.claim_steps, 20, constant)
    assert file.evaluate_every(constant) is None


def test_texts_that_are_missing_or_of_another_form_are_told(tmp_path):
    path = tmp_path / "run"
    written(path, [1])
    assert refused(RunFile, path, None, rng(), {}) == f"{path}: configuration must be an object; got [1]"
    container.write(path, "run", {"a": onp.zeros(2)}, {"run": json.dumps({"run": 1}), "config": "c"})
    missing = f"{path}: it must hold the state of a run; its configuration is missing"
    assert refused(RunFile, path, None, rng(), {}) == missing
    for run in ([1], {"step": "3"}, {}):
        file = RunFile(written(path, run=run), None, rng(), {"data": "d"})
        assert "steps must be at least" in refused(file.claim_steps, 20, constant)


def test_a_state_that_cannot_be_written_is_told_once_and_tried_again_later(tmp_path, monkeypatch):
    now, runs = [0.0], [SimpleNamespace(step=k, record=SimpleNamespace(ending=None)) for k in (4, 5)]
    monkeypatch.setattr(resume, "time", SimpleNamespace(monotonic=lambda: now[0]))
    file, written_steps = RunFile(tmp_path / "run", None, rng(), {}), []

    def full(run):
        raise OSError("the disk is full")

    monkeypatch.setattr(file, "_write", full)
    now[0] = 40.0
    with pytest.warns(RuntimeWarning, match=r"run: the checkpoint of step 4 could not be written \(the disk is full\)"):
        file.save(runs[0])
    assert not file.due(4)
    monkeypatch.setattr(file, "_write", lambda run: written_steps.append(run.step))
    file._written = resume._mark(runs[0])
    file.save(runs[0])  # it stands there already
    file.save(runs[1])
    assert written_steps == [5]


def test_the_seed_of_a_generator_is_its_kind_its_entropy_and_its_place_among_the_spawned():
    child = onp.random.SeedSequence(7).spawn(2)[1]
    assert resume.seed(onp.random.Generator(onp.random.Philox(child))) == ["Philox", 7, [1]]
    assert resume.seed(onp.random.default_rng(onp.array([1, 2]))) == ["PCG64", [1, 2], []]
    drawn = rng()
    drawn.random(3)
    assert resume.seed(drawn) == resume.seed(rng())


def test_functions_have_their_names_and_numbers_of_numpy_are_written_as_plain_ones():
    assert resume.named(constant) == "constant"
    assert resume.named(7.5) == 7.5
    assert resume._array_as_list(onp.array([1, 2], onp.uint32)) == {"dtype": "<u4", "array": [1, 2]}
    assert resume._array_as_list(onp.float64(0.5)) == 0.5
    with pytest.raises(TypeError, match=r"^set cannot be written as JSON$"):
        resume._array_as_list({1})


def test_a_state_that_a_generator_does_not_take_is_told():
    state = {**rng().bit_generator.state, "state": {}}
    assert refused(resume._rewind, rng(), state, "run").startswith(
        "run: the generator must take the state in the file;"
    )
