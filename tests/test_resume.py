"""A run that is stopped anywhere and called again ends exactly as one that was never stopped."""

import os
import signal
import subprocess
import sys
import warnings
from dataclasses import replace
from functools import cache

import autograd.numpy as np
import interrupted
import numpy as onp
import pytest
from interrupted import CUT, DATA, RUNS, STEPS, abort, cut_and_resumed, fit, flow, identical, interrupt
from share import few
from strict import StrictArray

import nfscratch as nf
from nfscratch.training import resume

pytestmark = pytest.mark.filterwarnings("ignore:no step made the validation better")  # the runs are short on purpose


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.safetensors"


@pytest.fixture(autouse=True)
def uncut():
    yield
    CUT.update(steps=iter(()), how=None, next=None)


@cache
def uninterrupted(run, dtype="float64"):
    """What a run gives that is never stopped and writes no file; to be asked for where that dtype is in use."""
    return fit(run)


# --- identical, wherever it is cut ---


SOME = {"float64": 2, "float32": 1}  # of ten, in the default run


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("run", RUNS)
def test_random_cut_points(run, dtype, path):
    is_the_same_after_cuts(run, dtype, path, slice(0, SOME[dtype]))


@pytest.mark.exhaustive
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("run", RUNS)
def test_the_rest_of_ten_random_cut_points(run, dtype, path):
    is_the_same_after_cuts(run, dtype, path, slice(SOME[dtype], 10))


def is_the_same_after_cuts(run, dtype, path, these):
    """These of ten cuts."""
    nf.use(dtype=dtype)
    try:
        whole = uninterrupted(run, dtype)
        last = len(whole.history["loss"])
        rng = onp.random.default_rng([*run.encode()])
        cuts = rng.choice(last - 1, size=10, replace=False) + 1
        every = [int(rng.choice([1, 4, 9, 20])) for _ in cuts]
        for cut, how, often in list(zip(cuts, [interrupt, abort] * 5, every, strict=True))[these]:
            path.unlink(missing_ok=True)
            resumed, calls = cut_and_resumed(run, path, [cut], how, every=often)
            identical(resumed, whole)
            assert calls == 2
    finally:
        nf.use(dtype="float64")
    if run == "validation rows, patience":
        assert whole.stopped.startswith("early stopping") and last < STEPS


@pytest.mark.parametrize(
    "run", few(RUNS, ["validation share, jitter, ActNorm", "validation rows, patience", "updates"])
)
def test_many_cuts_in_one_run(run, path):
    whole = uninterrupted(run)
    cuts = [c for c in (1, 2, 7, 8, 20, 21, 35, 39) if c < len(whole.history["loss"])]
    resumed, calls = cut_and_resumed(run, path, cuts, interrupt)
    identical(resumed, whole)
    assert calls == len(cuts) + 1
    identical(fit(run, path), whole)


KILLED = """
import os, signal, sys
sys.path.insert(0, {support!r})
import interrupted
interrupted.CUT.update(how=lambda: os.kill(os.getpid(), signal.SIGKILL), next={cut})
interrupted.fit({run!r}, {path!r}, every=3)
"""


@pytest.mark.parametrize(
    ("run", "cut"),
    [
        ("validation share, jitter, ActNorm", 1),
        pytest.param("updates", 31, marks=pytest.mark.exhaustive),
        pytest.param("no validation", 38, marks=pytest.mark.exhaustive),
    ],
)
def test_a_killed_process_is_gone_on_from_in_another(run, cut, path):
    code = KILLED.format(support=os.path.dirname(interrupted.__file__), run=run, cut=cut, path=str(path))
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=600)
    assert done.returncode == -signal.SIGKILL, done.stderr
    identical(fit(run, path, every=3), uninterrupted(run))
    assert os.listdir(path.parent) == [path.name]


def test_minimize_goes_on_as_well(path):
    """The loss draws random numbers of its own, and the parameters are a bare array."""
    calls = []

    def loss(p, rng):
        calls.append(rng.random())
        if len(calls) == stop_at:
            interrupt()
        return np.sum(np.square(p - calls[-1]))

    def run(path=None):
        rng = onp.random.default_rng(3)
        result = nf.minimize(loss, onp.zeros(2), rng=rng, steps=40, checkpoint=path)
        return result, rng.random()

    stop_at = None
    whole, after = run()
    calls, stop_at = [], 17
    assert run(path)[0].stopped == "interrupted at step 17"
    resumed, resumed_after = run(path)
    identical(resumed, whole)
    assert resumed_after == after and len(calls) == 40
    finished, finished_after = run(path)
    identical(finished, whole)
    assert finished_after == after and len(calls) == 40  # not one step more


def test_checkpoints_do_not_change_a_run(path):
    for run in RUNS:
        identical(fit(run, path.with_name(run), every=3), uninterrupted(run))


def test_a_run_on_a_device_goes_on_there(path):
    run, results = "validation share, jitter, ActNorm", []
    nf.backend.use_arrays_like(StrictArray(onp.empty(0)))
    try:
        CUT.update(how=interrupt, next=13)
        for place in (path, path, None):
            result = fit(run, place)
            assert {type(leaf) for leaf in nf.trees.leaves(result.params)} == {StrictArray}
            results.append(replace(result, params=nf.to_numpy(result.params)))
    finally:
        nf.backend.use_arrays_like(onp.empty(0))
    assert results[0].stopped == "interrupted at step 13"
    identical(*results[1:])


def test_a_generator_that_has_moved_on_does_for_going_on(path):
    """In a notebook the same generator is passed again, after the interrupted call has drawn from it."""
    run, rng = "validation share, jitter, ActNorm", onp.random.default_rng(0)
    CUT.update(how=interrupt, next=33)
    assert fit(run, path, seed=rng).stopped == "interrupted at step 33"
    identical(fit(run, path, seed=rng), uninterrupted(run))
    reference = onp.random.default_rng(0)
    fit(run, seed=reference)
    assert rng.random() == reference.random()


# --- a longer run ---


LONGER = [name for name, (_, options) in RUNS.items() if "patience" not in options]
PACES = [(name, every) for name in LONGER for every in (7, 8, None)]


@pytest.mark.parametrize(("run", "evaluate_every"), few(PACES, [*((name, 7) for name in LONGER), ("updates", None)]))
def test_a_run_at_constant_rate_is_made_longer(run, evaluate_every, path):
    """Finished, and cut short, and finished again: what an uninterrupted run of the last length gives."""
    options = {"schedule": nf.constant, "evaluate_every": evaluate_every}
    shorter = fit(run, path, steps=STEPS - 3, **options)
    identical(fit(run, path, steps=STEPS - 3, **options), shorter)  # the last look is not in the file, and taken again
    CUT.update(how=interrupt, next=2 * STEPS - 5)
    assert fit(run, path, steps=3 * STEPS, **options).stopped == f"interrupted at step {2 * STEPS - 5}"
    longer = fit(run, path, steps=2 * STEPS, **options)
    rng = onp.random.default_rng(0)
    whole = fit(run, seed=rng, steps=2 * STEPS, **{**options, "evaluate_every": evaluate_every or 10})
    identical(longer, whole)
    resumed = onp.random.default_rng(0)
    identical(fit(run, path, seed=resumed, steps=2 * STEPS, **options), whole)
    assert resumed.random() == rng.random()


def test_the_default_evaluate_every_of_a_longer_run_is_that_of_its_file(path):
    run, options = "validation share, jitter, ActNorm", {"schedule": nf.constant, "evaluate_every": None}
    fit(run, path, steps=550, **options)  # evaluated every 11 steps
    longer = fit(run, path, steps=600, **options)
    identical(longer, fit(run, steps=600, **{**options, "evaluate_every": 11}))
    with pytest.raises(
        nf.CheckpointError, match="evaluate_every must be as in the run that wrote the file, 11; got 12"
    ):
        fit(run, path, steps=600, **{**options, "evaluate_every": 12})


def test_a_run_that_stopped_early_stays_so(path):
    run = "validation rows, patience"
    stopped = fit(run, path, schedule=nf.constant)
    assert stopped.stopped.startswith("early stopping") and len(stopped.history["loss"]) < STEPS
    identical(fit(run, path, schedule=nf.constant, steps=2 * STEPS), stopped)
    identical(fit(run, schedule=nf.constant, steps=2 * STEPS), stopped)


def test_patience_that_ends_with_the_last_look_does_not_end_a_longer_run(path):
    """The longer run would not have looked there."""

    def evaluate(p):  # better at every tenth step, worse between them
        step = round(float(-p[0]) / 0.01)
        return 0.0 if step % 10 else -float(step)

    def run(steps, path=None):
        options = {"rng": onp.random.default_rng(0), "steps": steps, "schedule": nf.constant, "checkpoint": path}
        options |= {"optimizer": nf.adam(0.01), "evaluate": evaluate, "evaluate_every": 10, "patience": 1}
        return nf.minimize(lambda p, rng: np.sum(p), onp.zeros(1), **options)  # Adam moves by 0.01 a step

    first = run(35, path)
    assert first.stopped.startswith("early stopping at step 35") and first.best_step == 30
    identical(run(60, path), run(60))
    assert run(60, path).best_step == 60


def test_a_schedule_that_depends_on_the_steps_does_not_allow_others(path):
    run = "no validation"
    fit(run, path)
    with pytest.raises(nf.CheckpointError, match=r"steps must be as in the run .*, 40; got 80: the rate of each step"):
        fit(run, path, steps=80)
    path.unlink()
    fit(run, path, schedule=nf.constant)
    with pytest.raises(
        nf.CheckpointError, match="steps must be at least 40, the number that the run in the file has done; got 39"
    ):
        fit(run, path, schedule=nf.constant, steps=39)
    for other in (nf.cosine, lambda done: 1.0):  # of a function, only a look could tell that it is constant
        with pytest.raises(nf.CheckpointError, match=r"(steps|schedule) must be as in the run"):
            fit(run, path, schedule=other, steps=80)


@pytest.mark.parametrize("kind", [onp.random.MT19937, onp.random.Philox, onp.random.SFC64, onp.random.PCG64DXSM])
def test_every_kind_of_generator_is_kept(kind, path):
    run = "validation share, jitter, ActNorm"
    CUT.update(how=interrupt, next=11)
    fit(run, path, seed=onp.random.Generator(kind(5)))
    identical(fit(run, path, seed=onp.random.Generator(kind(5))), fit(run, seed=onp.random.Generator(kind(5))))


def test_ctrl_c_returns_the_best_so_far_and_its_last_look_is_no_part_of_the_run(path):
    run = "validation share, jitter, ActNorm"
    CUT.update(how=interrupt, next=23)
    stopped = fit(run, path)
    assert stopped.stopped == "interrupted at step 23" and stopped.history["step"][-1] == 23
    assert 23 not in fit(run, path).history["step"]


def test_a_run_that_diverged_stays_so(path):
    run = "validation share, jitter, ActNorm"
    results = []
    for _ in range(2):
        with pytest.warns(nf.TrainingWarning, match="diverged at step") as caught:
            results.append(fit(run, path, rate=1e200))
        assert caught[0].filename == interrupted.__file__  # where fit was called
    identical(*results)


# --- another run is refused ---

CHANGES = {
    "steps": {"steps": 61},
    "batch_size": {"batch_size": 33},
    "optimizer": {"rate": 0.03},
    "schedule": {"schedule": nf.constant},
    "clip": {"clip": 2.0},
    "evaluate_every": {"evaluate_every": 8},
    "patience": {"patience": 9},
    "jitter": {"jitter": 0.2},
    "validation": {"validation": 0.2},
    "x": {"x": DATA + 1e-12},
    "params": {"params": flow().init(onp.random.default_rng(0), DATA)},
    "seed": {"seed": 1},
}


@pytest.mark.parametrize("name", CHANGES)
def test_another_run_is_refused_by_what_differs(name, path):
    run = "validation share, jitter, ActNorm"
    CUT.update(how=interrupt, next=5)
    fit(run, path)
    before = path.read_bytes()
    changes = {"seed": 0, **CHANGES[name]}
    rng = onp.random.default_rng(changes.pop("seed"))
    untouched = rng.bit_generator.state
    with pytest.raises(
        nf.CheckpointError, match=rf"run\.safetensors: {name} must be as in the run .*; got .*"
    ) as caught:
        fit(run, path, seed=rng, **changes)
    assert "\n" not in str(caught.value) and path.read_bytes() == before
    assert rng.bit_generator.state == untouched


def test_another_flow_dtype_or_context_is_refused(path):
    first = "validation share, jitter, ActNorm"
    fit(first, path)
    for run, message in (("updates", "flow must be as in the run"), ("context, embedding", "flow must be as")):
        with pytest.raises(nf.CheckpointError, match=message):
            fit(run, path, jitter=0.1, evaluate_every=7, validation=0.1)
    nf.use(dtype="float32")
    try:
        with pytest.raises(
            nf.CheckpointError, match=r"x must be as in the run that wrote the file, '<f8 .*; got '<f4 "
        ):
            fit(first, path)
    finally:
        nf.use(dtype="float64")


def test_a_flow_is_no_run_and_a_run_is_no_flow(path):
    run = "validation share, jitter, ActNorm"
    params = fit(run, path).params
    with pytest.raises(nf.CheckpointError, match="it must hold a flow; it holds a 'run'"):
        nf.load(path)
    nf.save(path, RUNS[run][0], params)
    before = path.read_bytes()
    with pytest.raises(nf.CheckpointError, match="it must hold a run; it holds a 'flow'"):
        fit(run, path)
    assert path.read_bytes() == before


def test_a_damaged_run_is_refused_and_not_written_over(path):
    run = "validation share, jitter, ActNorm"
    fit(run, path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)
    with pytest.raises(nf.CheckpointError, match=r"run\.safetensors: SHA-256 must be"):
        fit(run, path)
    assert path.read_bytes() == content


# --- arguments, and a disk that is full ---


def test_checkpoint_every_is_a_number_of_steps_between_writes(path, monkeypatch):
    written = []
    monkeypatch.setattr(resume.RunFile, "_write", lambda self, run: written.append(run.step))
    fit("no validation", path, every=15)
    assert written == [0, 15, 30, 40]
    for wrong in (0, 2.5, True):
        with pytest.raises(ValueError, match="checkpoint_every must be an integer of at least 1"):
            fit("no validation", path, every=wrong)
    with pytest.raises(ValueError, match="checkpoint_every needs a checkpoint to write"):
        fit("no validation", every=5)


def test_without_a_number_of_steps_it_is_written_every_30_seconds(path, monkeypatch):
    """By a clock that stands still, but for 31 seconds in step 17."""
    written, clock, write = [], [0.0], resume.RunFile._write
    monkeypatch.setattr(resume.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(resume.RunFile, "_write", lambda self, run: (written.append(run.step), write(self, run)))
    CUT.update(how=lambda: clock.__setitem__(0, 31.0), next=17)
    fit("no validation", path)
    assert written == [0, 17, 40]


def test_a_place_that_cannot_be_written_is_refused_before_the_first_step(tmp_path):
    with pytest.raises(FileNotFoundError, match="its folder must exist"):
        fit("no validation", tmp_path / "nosuch" / "run.safetensors")
    with pytest.raises(nf.CheckpointError, match="a checkpoint must be a file; got a folder"):
        fit("no validation", tmp_path)


def test_a_disk_that_fills_up_does_not_end_a_run(path, monkeypatch):
    from nfscratch.checkpoint import atomic

    sync, calls = os.fsync, []

    def full(handle):
        calls.append(handle)
        if 6 < len(calls) < 9:
            raise OSError(28, "No space left on device")
        sync(handle)

    monkeypatch.setattr(atomic.os, "fsync", full)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = fit("no validation", path, every=10)
    monkeypatch.undo()
    identical(result, fit("no validation"))
    assert caught and all("could not be written ([Errno 28] No space left" in str(w.message) for w in caught)
    identical(fit("no validation", path), result)
    assert os.listdir(path.parent) == [path.name]


def test_a_field_of_a_flow_that_cannot_be_described_is_refused_at_the_start(path):
    odd = nf.Flow(nf.StandardNormal(2), nf.Coupling(nf.Affine(), nf.half_mask(2), nf.MLP((4,))))
    object.__setattr__(odd.bijection, "conditioner", lambda x: x)  # the constructor would have refused it
    with pytest.raises(nf.CheckpointError, match=r"run\.safetensors: flow\.bijection\.conditioner must be"):
        nf.fit(odd, DATA, rng=onp.random.default_rng(0), checkpoint=path)


def test_the_rate_shown_counts_the_steps_done_here(path, monkeypatch, capsys):
    """A run that goes on at step 33 of 40 has not done 33 steps in its first moment."""
    from nfscratch.training import progress

    clock = iter(onp.arange(0.0, 1e5, 20.0))
    run = "no validation"
    CUT.update(how=interrupt, next=33)
    fit(run, path)
    monkeypatch.setattr(progress.time, "perf_counter", lambda: next(clock))
    fit(run, path)
    shown = [line for line in capsys.readouterr().err.splitlines() if "steps/s" in line]
    assert len(shown) == STEPS - 33
    assert all("step 3" in line or "step 40" in line for line in shown)
    assert {line.split(", ")[1] for line in shown} == {"0 steps/s"}  # one step in 20 seconds


def test_the_bar_of_a_run_that_goes_on_starts_where_it_stopped(monkeypatch):
    from nfscratch.training import progress

    monkeypatch.setattr(progress.sys.stderr, "isatty", lambda: True, raising=False)
    with progress.Progress(100, "fit") as shown:
        shown.begin(90)
        (task,) = shown._screen.bar.tasks
        assert task.completed == 90 and task.speed is None
