"""How a run ended is told in named values, in the Result and in the file; the sentence is made from them."""

import shutil
from pathlib import Path

import autograd.numpy as np
import numpy as onp
import pytest

import nfscratch as nf
from nfscratch.checkpoint import container, header
from nfscratch.training import earlier
from nfscratch.training.ending import Ended, Ending

pytestmark = pytest.mark.filterwarnings("ignore:no step made the validation better")  # the runs are short on purpose

DATA = Path(__file__).parent / "data"
ENDINGS = {
    "all steps done": Ending(Ended.ALL_STEPS, 40),
    "early stopping at step 50: no better validation in 3 evaluations": Ending(Ended.EARLY_STOPPING, 50, evaluations=3),
    "interrupted at step 7": Ending(Ended.INTERRUPTED, 7),
    "diverged at step 9 (loss nan): layer {0} (Own): it's 100 %": Ending(
        Ended.DIVERGED, 9, loss=float("nan"), blamed="layer {0} (Own): it's 100 %"
    ),
    "diverged at step 2 (loss -1.23e+10): the loss": Ending(Ended.DIVERGED, 2, loss=-1.2345e10, blamed="the loss"),
}


def rng(seed=0):
    return onp.random.default_rng(seed)


def fit(path=None, rate=0.5, **options):
    """The fit whose files in data/ version 0.1 wrote."""
    options = {"steps": 200, "batch_size": 16, "schedule": nf.constant, "evaluate_every": 5, **options}
    x = rng(5).normal(size=(64, 2))
    options_then = {"activation": "relu", "gain": 1.0, "whiten": "diagonal", "base": nf.StandardNormal(2)}
    flow = nf.flows.real_nvp(2, layers=2, hidden=(4,), **options_then)
    return nf.fit(flow, x, rng=rng(2), optimizer=nf.adam(rate), progress=False, checkpoint=path, **options)


@pytest.mark.parametrize("sentence", ENDINGS)
def test_an_ending_is_a_sentence_to_print_and_survives_its_state(sentence):
    ending = ENDINGS[sentence]
    again = Ending.from_state(header.parse(container.canonical(ending.state()), "an ending"))
    assert str(ending) == str(again) == sentence
    assert (again.how, again.step, again.evaluations, again.blamed, repr(again.loss)) == (
        *(ending.how, ending.step, ending.evaluations, ending.blamed),
        repr(ending.loss),
    )


def test_each_way_to_end_is_told_by_name():
    assert fit(steps=3).ended is nf.Ended.ALL_STEPS
    early = fit(patience=2)
    assert (early.ended, early.ending.step, early.ending.evaluations) == (nf.Ended.EARLY_STOPPING, 15, 2)
    with pytest.warns(nf.TrainingWarning, match="diverged at step 2"):
        diverged = fit(rate=1e200)
    assert (diverged.ended, diverged.ending.step, diverged.ending.loss) == (nf.Ended.DIVERGED, 2, onp.inf)
    assert "layer 1 of 3 (Coupling)" in diverged.ending.blamed and diverged.stopped == str(diverged.ending)


def test_a_loss_of_ones_own_that_diverges_is_blamed_with_a_remedy():
    def loss(p, rng):
        return np.sum(p) * (np.nan if p[0] < 0.98 else 1.0)

    message = (
        r"diverged at step \d+ \(loss nan\): the loss; try a smaller rate, or clip=1\.0\. The parameters of step \d"
    )
    with pytest.warns(nf.TrainingWarning, match=message):
        nf.minimize(loss, onp.ones(1), rng=rng(), optimizer=nf.adam(0.01), schedule=nf.constant)


@pytest.mark.parametrize(("name", "options"), [("early", {"patience": 2}), ("diverged", {"rate": 1e200})])
def test_a_run_that_ended_in_version_0_1_has_still_ended(name, options, tmp_path):
    path = tmp_path / "run.safetensors"
    shutil.copy(DATA / f"run_{name}_0.1.safetensors", path)
    if name == "early":
        result = fit(path, **options)
        assert result.stopped == "early stopping at step 10: no better validation in 2 evaluations"
        assert result.ended is nf.Ended.EARLY_STOPPING
    else:
        with pytest.warns(nf.TrainingWarning, match="diverged at step 2"):
            result = fit(path, **options)
        assert (result.ended, result.ending.step, result.ending.loss) == (nf.Ended.DIVERGED, 2, onp.inf)
        assert result.ending.blamed == "layer 0 (Coupling), inverse (x -> z), gives NaN or infinity"
    assert result.best_step == 0 and len(result.history["loss"]) == result.ending.step - (name == "diverged")


def test_the_file_of_today_holds_named_values(tmp_path):
    fit(tmp_path / "run", patience=2)
    with container.opened(tmp_path / "run", "run") as sealed:
        ended = header.parse(sealed.fields["run"], "the run")["run"]["record"]["ended"]
    assert ended == {"how": "EARLY_STOPPING", "step": 15, "evaluations": 2, "loss": None, "blamed": None}


@pytest.mark.parametrize("sentence", ["interrupted by a cat", "early stopping", 7, None])
def test_a_sentence_that_version_0_1_did_not_write_is_refused(sentence):
    with pytest.raises((ValueError, TypeError)):
        earlier.ending_of(sentence)
