"""What the trainers hand on to `minimize`: each argument of the caller, under its own name, and what they add."""

import sys
from types import SimpleNamespace

import numpy as onp
import pytest

import nfscratch as nf
from nfscratch import trees
from nfscratch.training.fit_model import without_count
from nfscratch.training.run import Evaluation

ROWS = onp.random.default_rng(0).normal(size=(40, 2))
GAN = nf.models.GAN(nf.MLP((3,)), nf.MLP((3,)), 2)
VAE = nf.models.VAE(nf.MLP((3,)), nf.MLP((3,)), nf.flows.posterior(2, 3), likelihood="normal")
FLOW = nf.flows.maf(2, layers=1, hidden=(4,), base=nf.StandardNormal(2))
SAID = {
    **{"steps": 14, "batch_size": 9, "patience": 3, "interrupt": "raise", "progress": False},
    **{"schedule": nf.constant, "callback": lambda at: at.step, "evaluate_every": 4},
}
CHECKED = {  # a function that a trainer checks itself, and what its message says that it takes
    nf.fit_gan: {"measure": "params", "callback": "Evaluation"},
    nf.fit_model: {"augment": "rng", "callback": "Evaluation", "at_step": "the number of steps done"},
}


class Handed(Exception):
    """Raised in place of a run, with what `minimize` was given."""


def handed(monkeypatch, trainer, *data, **options):
    def minimize(*args, **given):
        raise Handed(args, given)

    monkeypatch.setattr(sys.modules[trainer.__module__], "minimize", minimize)
    with pytest.raises(Handed) as seen:
        trainer(*data, rng=3, **options)
    args, given = seen.value.args
    return {**dict(zip(("loss", "params"), args, strict=False)), **given}


def test_all_trainers_hand_on_what_the_caller_says_and_how_often_to_write(monkeypatch, tmp_path):
    for trainer, model, adds in (
        (nf.fit_gan, GAN, {}),
        (nf.fit_model, VAE, {"clip": 0.5}),
        (nf.fit, FLOW, {"clip": 0.5}),
    ):
        options = {**SAID, **adds, "seconds": 50.0, "optimizer": nf.adam(0.02, b1=0.3, b2=0.7)}
        given = handed(monkeypatch, trainer, model, ROWS, checkpoint=tmp_path / "run", checkpoint_every=6, **options)
        turns = 2 if trainer is nf.fit_gan else 1
        for name in ("batch_size", "patience", "interrupt", "progress", "schedule", *adds):
            assert given[name] == options[name], (trainer.__name__, name)
        assert given["steps"] == turns * 14
        assert given["checkpoint"].path == tmp_path / "run"
        assert given["checkpoint"].every == turns * 6
        assert given["checkpoint_every"] == 6
        assert given["has_grad"] is True
        assert given["optimizer"].rate == 0.02
        assert (given["optimizer"].b1, given["optimizer"].b2) == (0.3, 0.7)
        assert given["seconds"].seconds == 50.0
        if trainer is not nf.fit:
            assert given["evaluate_every"] == turns * 4
            assert onp.shape(given["data"])[1:] == (2,)


def test_a_trainer_says_its_name_in_the_progress(monkeypatch):
    names = {"fit_gan, turns": (nf.fit_gan, GAN), "fit_vae": (nf.fit_model, VAE), "fit": (nf.fit, FLOW)}
    for title, (trainer, model) in names.items():
        assert handed(monkeypatch, trainer, model, ROWS, **SAID)["title"] == title


def test_players_have_the_adam_of_gans_and_their_own_share_of_the_parameters(monkeypatch):
    given = handed(monkeypatch, nf.fit_gan, GAN, ROWS)
    optimizer = given["optimizer"]
    assert (optimizer.rate, optimizer.b1, optimizer.b2) == (1e-3, 0.5, 0.99)
    assert optimizer.critic == trees.count(GAN.init(onp.random.default_rng(0), ROWS)["critic"])
    assert given["steps"] == 4000
    assert given["evaluate_every"] == 2 * 40
    for name in ("evaluate", "patience", "checkpoint", "checkpoint_every", "progress"):
        assert given[name] is None, name


def test_a_measure_sees_parameters_without_the_count_of_turns(monkeypatch):
    seen = []
    given = handed(monkeypatch, nf.fit_gan, GAN, ROWS, measure=lambda p: seen.append(p) or 2.5)
    assert given["evaluate"](given["params"]) == 2.5
    assert set(map(str, seen[0])) == set(map(str, without_count(given["params"])))


def test_a_gans_callback_counts_steps_of_both_players(monkeypatch):
    told = []
    given = handed(monkeypatch, nf.fit_gan, GAN, ROWS, measure=lambda p: 1.0, callback=told.append)
    at = {"step": 7, "steps": 30, "best_step": 4, "params": given["params"]}
    names = dict.fromkeys(Evaluation.__dataclass_fields__)
    given["callback"](Evaluation(**{**names, **at}))
    assert (told[0].step, told[0].steps, told[0].best_step) == (4, 15, 2)
    assert set(map(str, told[0].params)) == set(map(str, without_count(given["params"])))
    assert set(map(str, told[0].params)) != set(map(str, given["params"]))


def test_the_message_of_divergence_names_the_player_whose_turn_it_is(monkeypatch):
    given = handed(monkeypatch, nf.fit_gan, GAN, ROWS)
    assert given["blame"](given["params"], None, None).startswith("the loss of the critic")
    one_on = given["update"](given["params"], None)
    assert given["blame"](one_on, None, None).startswith("the loss of the generator")


def test_what_a_trainer_calls_must_be_a_function_and_is_named():
    for trainer, functions in CHECKED.items():
        model = GAN if trainer is nf.fit_gan else VAE
        for name, takes in functions.items():
            with pytest.raises(TypeError, match=rf"{name}.*{takes}"):
                trainer(model, ROWS, rng=0, **{name: 3.5})


def test_what_minimize_calls_must_be_a_function_and_is_named():
    for name in ("evaluate", "update", "blame", "augment", "finish", "callback", "schedule"):
        with pytest.raises(TypeError, match=rf"^{name} "):
            nf.minimize(lambda p, rng: p.sum(), onp.ones(2), rng=0, steps=1, progress=False, **{name: 3.5})
    with pytest.raises(TypeError, match=r"^loss "):
        nf.minimize(3.5, onp.ones(2), rng=0, steps=1, progress=False)


def test_parameters_that_are_no_floats_are_named_by_kind_and_place():
    for params, said in (
        ({"a": {"w": onp.arange(3)}}, r"arrays of floats; got int64 at \S*a\S*w"),
        (onp.arange(3), r"arrays of floats; got int64$"),
        ({"a": onp.ones(2), "b": onp.ones(2, onp.float32)}, r"one dtype; got float64 at \S*a\S*, float32 at \S*b"),
    ):
        with pytest.raises(TypeError, match=said):
            nf.minimize(lambda p, rng: 0.0, params, rng=0, steps=1, progress=False)


def test_the_block_that_is_freed_at_the_start_is_below_the_32_mib_up_to_which_glibc_learns(monkeypatch):
    module, sizes = sys.modules["nfscratch.training.minimize"], []
    empty = lambda *args, **options: sizes.append(onp.empty(*args, **options).nbytes)  # noqa: E731
    monkeypatch.setattr(module, "onp", SimpleNamespace(uint8=onp.uint8, empty=empty))
    module.raise_malloc_thresholds()
    assert 16 * 2**20 < sizes[0] < 32 * 2**20
