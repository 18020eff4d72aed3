"""Steps of a run and what they depend on: rates that follow the clock, times of writing, endings as sentences."""

import signal
from types import SimpleNamespace

import numpy as onp
import pytest
from comparing import close

import nfscratch as nf
from nfscratch.training import interrupts, minimize, resume, watched_draws
from nfscratch.training.batches import Batches, take_rows
from nfscratch.training.defaults import Times
from nfscratch.training.ending import Ended, Ending
from nfscratch.training.objectives.ends import Ends, _at, _with
from nfscratch.training.run import Plan


def quadratic(params, rng, *batch):
    return (params["a"] ** 2).sum()


# --- rates and times ---


def test_the_rate_follows_the_steps_or_the_clock_whichever_is_ahead():
    def factor(step, share=None):
        cooling = None if share is None else SimpleNamespace(share=lambda: share)
        return Plan(None, None, lambda done: 1.0 - done, 8, None, cooling=cooling).rate_factor(step)

    assert [factor(step) for step in (0, 2, 8)] == [1.0, 0.75, 0.0]
    assert factor(2, 0.125) == 0.75 and factor(2, 0.5) == 0.5 and factor(2, 3.0) == 0.0


def test_a_run_is_evaluated_fifty_times_unless_it_is_told_otherwise():
    found = lambda every, steps: minimize._times(every, None, None, steps)  # noqa: E731
    assert found(None, 2000) == Times(40, 40) and found(None, 100) == Times(10, 10) and found(7, 2000) == Times(7, 7)
    assert found(Times(3, 9), 5) == Times(3, 9) and found(None, 549) == Times(10, 10)
    file = SimpleNamespace(evaluate_every=lambda schedule: 13)
    assert minimize._times(None, file, None, 2000) == Times(13, 13)
    with pytest.raises(ValueError, match="evaluate_every must be an integer of at least 1; got 0"):
        found(0, 10)


def test_what_a_run_is_not_given():
    for params, words in (
        ({"a": onp.ones(2), "b": onp.ones(2, dtype=int)}, "params must be arrays of floats; got int64 at b"),
        ({"a": [1.0]}, "params must be arrays of floats; got float at"),
        ({"a": onp.ones(2), "b": onp.ones(2, "f4")}, "params must share one dtype; got float64 at a, float32 at b"),
    ):
        with pytest.raises(TypeError, match=words):
            minimize._check_floats(params)
    for options, kind, words in (
        ({"patience": 3}, ValueError, "patience needs something to evaluate on: .*got patience=3 and neither"),
        ({"checkpoint_every": 3}, ValueError, "needs a checkpoint to write; got 3 and checkpoint=None"),
        ({"optimizer": nf.Adam}, TypeError, "optimizer must have a step method, such as nf.adam"),
        ({"interrupt": "stop"}, ValueError, "interrupt must be one of return, raise; got 'stop'"),
        ({"title": 3}, TypeError, 'title must be a str, such as "minimize"; got 3'),
    ):
        with pytest.raises(kind, match=words):
            nf.minimize(quadratic, {"a": onp.ones(1)}, rng=0, steps=1, progress=False, **options)


def test_steps_of_a_run_one_after_the_other():
    seen = []
    result = nf.minimize(
        quadratic, {"a": onp.array([3.0])}, rng=0, steps=5, evaluate=lambda p: float(abs(p["a"][0] - 2.95)),
        evaluate_every=2, optimizer=nf.adam(0.1), schedule=nf.constant, progress=False, callback=seen.append,
    )  # fmt: skip
    assert [(at.step, at.steps, at.best_step) for at in seen] == [(0, 5, 0), (2, 5, 0), (4, 5, 0), (5, 5, 0)]
    assert seen[0].loss is None and result.history["step"] == [0, 2, 4, 5]
    close(result.history["loss"], [9.0, 2.9**2, 2.8**2, 2.7**2, 2.6**2], 1e-3)
    close([at.params["a"][0] for at in seen], [3.0, 2.8, 2.6, 2.5], 1e-3)
    stopped = nf.minimize(
        quadratic, {"a": onp.array([3.0])}, rng=0, steps=5, evaluate_every=2, progress=False,
        callback=lambda at: at.step == 2,
    )  # fmt: skip
    assert stopped.ended is Ended.STOPPED and stopped.steps == 2 and stopped.best_step == 2


# --- files of runs ---


def test_a_file_is_due_after_so_many_steps_or_seconds(monkeypatch, tmp_path):
    now = [100.0]
    monkeypatch.setattr(resume.time, "monotonic", lambda: now[0])
    by_steps = resume.RunFile(tmp_path / "a", 3, onp.random.default_rng(0), {})
    assert [step for step in range(7) if by_steps.due(step)] == [0, 3, 6]
    by_time = resume.RunFile(tmp_path / "b", None, onp.random.default_rng(0), {})
    for seconds, due in ((29.9, False), (30.0, False), (30.1, True)):
        now[0] = 100.0 + seconds
        assert by_time.due(0) is due


def test_the_seed_of_a_generator_as_far_as_it_is_known():
    assert resume.seed(onp.random.default_rng(5)) == ["PCG64", 5, []]
    child = onp.random.default_rng(onp.random.SeedSequence(7).spawn(2)[1])
    assert resume.seed(child) == ["PCG64", 7, [1]]
    many = onp.random.Generator(onp.random.MT19937(onp.random.SeedSequence(onp.array([3, 4]))))
    assert resume.seed(many) == ["MT19937", [3, 4], []]
    bare = SimpleNamespace(bit_generator=SimpleNamespace())
    assert resume.seed(bare) == ["SimpleNamespace", None, []]
    assert resume.named(quadratic) == "quadratic" and resume.named(nf.adam) == "adam" and resume.named(None) is None


def test_arrays_go_through_json_and_nothing_else_does():
    written = resume._array_as_list(onp.array([1, 2], dtype="u4"))
    assert written == {"dtype": "<u4", "array": [1, 2]} and resume._array_as_list(onp.float64(1.5)) == 1.5
    back = resume._lists_as_arrays({"state": {"key": written, "pos": 3}, "dtype": "x"})
    assert back["state"]["key"].tolist() == [1, 2] and back["state"]["key"].dtype == onp.uint32
    assert back["state"]["pos"] == 3 and back["dtype"] == "x"
    with pytest.raises(TypeError, match="set cannot be written as JSON"):
        resume._array_as_list({1})


# --- endings ---


def test_endings_are_sentences():
    for ending, words in (
        (Ending(), "all steps done"),
        (
            Ending(Ended.EARLY_STOPPING, 30, evaluations=4),
            "early stopping at step 30: no better validation in 4 evaluations",
        ),
        (Ending(Ended.OUT_OF_TIME, 7), "out of time at step 7"),
        (Ending(Ended.STOPPED, 7), "stopped by the callback at step 7"),
        (Ending(Ended.INTERRUPTED, 7), "interrupted at step 7"),
        (Ending(Ended.NOT_TRAINED), "not trained: held-out rows do not show that it helps"),
        (Ending(Ended.DIVERGED, 7, loss=1.23456e9, blamed="it"), "diverged at step 7 (loss 1.23e+09): it"),
    ):
        assert str(ending) == words and Ending.from_state(ending.state()) == ending


def test_the_first_ctrl_c_is_a_flag_and_the_hosts_handler_hears_of_it_later():
    heard = []
    host = lambda *args: heard.append(args[0])  # noqa: E731
    before = signal.signal(signal.SIGINT, host)
    try:
        with interrupts.Interruptible() as interrupt:
            assert not interrupt.stopped
            signal.raise_signal(signal.SIGINT)
            assert interrupt.stopped and heard == [] and signal.getsignal(signal.SIGINT) is host
        assert heard == []
        interrupt.tell_the_host()
        assert heard == [signal.SIGINT]
        with pytest.raises(ValueError), interrupts.Interruptible():
            signal.raise_signal(signal.SIGINT)
            raise ValueError
        assert len(heard) == 2
        with interrupts.Interruptible() as quiet:
            pass
        quiet.tell_the_host()
        assert len(heard) == 2
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with interrupts.Interruptible():
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


# --- batches, draws and ends ---


def test_batches_skip_what_is_left_over():
    data = (onp.arange(7.0)[:, None], None, onp.arange(7.0))
    batches = Batches(data, 3, onp.random.default_rng(0))
    first, second, third = batches.next(), batches.next(), batches.next()
    assert first[1] is None and (first[0][:, 0] == first[2]).all() and batches.position == 3
    assert not set(first[2]) & set(second[2]) and len(third[2]) == 3
    assert Batches(data, 9, onp.random.default_rng(0)).size == 7
    for wrong, lengths in (((onp.ones(2), onp.ones(3)), [2, 3]), (onp.ones((0, 2)), [0]), ((None,), [])):
        with pytest.raises(ValueError, match=f"got {lengths} rows".replace("[", r"\[").replace("]", r"\]")):
            Batches(wrong, 2, onp.random.default_rng(0))
    images = onp.arange(24.0).reshape(2, 3, 2, 2)
    assert take_rows(images, onp.array([1])).tolist() == images[1:].tolist()


def test_draws_of_a_game_are_reviewed_from_fifty_steps_on():
    watched = watched_draws.WatchedDraws(None, onp.zeros((100, 2)), lambda at: at.step)
    watched._apart = lambda params: params
    assert watched(SimpleNamespace(step=3, params=0.5)) == 3
    watched.steps, watched.values = [0, 50], [0.0, 0.11]  # 0.05 and 5 / 100
    result = SimpleNamespace(steps=50, ended=Ended.ALL_STEPS)
    with pytest.warns(
        nf.TrainingWarning, match=r"the distance of draws and data \(MMD\^2\) rose from 0 at step 0 to 0.11"
    ):
        watched.review(result)
    watched.values = [0.0, 0.099]
    watched.review(result)
    watched.values = [0.0, 9.0]
    watched.review(SimpleNamespace(steps=49, ended=Ended.ALL_STEPS))
    alone = watched_draws.WatchedDraws(None, onp.zeros((1, 2)), None)
    assert alone._apart(None) == 0.0


def test_the_ends_of_a_flow_with_one_continuous_layer():
    middle = nf.Continuous(dim=2)
    chain = nf.Chain([nf.Reverse(2), nf.Chain([nf.Diagonal(2), middle]), nf.Diagonal(2)])
    ends = Ends.of(nf.Flow(nf.StandardNormal(2), chain))
    assert [place for place, _ in ends.before] == [(0,), (1, 0)] and ends.place == (1, 1) and ends.layer is middle
    assert [place for place, _ in ends.after] == [(2,)]
    tree = [{"a": onp.ones(1)}, [{"b": onp.ones(1)}, {"c": onp.ones(1)}], {"d": onp.ones(1)}]
    assert _at(tree, (1, 1)) is tree[1][1] and _at(tree, ()) is tree
    assert _with(tree, (1, 1), "g") == [{"a": [0.0]}, [{"b": [0.0]}, "g"], {"d": [0.0]}]
    for layers, found in (([nf.Reverse(2)], 0), ([middle, middle], 2)):
        with pytest.raises(TypeError, match=f"got {found} of them among {len(layers)} layers"):
            Ends.of(nf.Flow(nf.StandardNormal(2), nf.Chain(layers)))
