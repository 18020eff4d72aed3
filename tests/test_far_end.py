"""Every trainer says so where a run ends far worse than it was at its best; a run that ends well says nothing."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as onp
import pytest

import nfscratch as nf
from nfscratch.training import far_end
from nfscratch.training.ending import Ended, Ending
from nfscratch.training.optimizers import Adam
from nfscratch.training.record import Result

QUIET = {"progress": False}


def rng(seed=0):
    return onp.random.default_rng(seed)


def warned(call):
    """The texts of the warnings of a call."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    assert all(warning.category is nf.TrainingWarning and warning.filename == __file__ for warning in caught)
    return [str(warning.message) for warning in caught]


def review(validation, bearable, best_step=10, how=Ended.ALL_STEPS, loss=(1.0,) * 20):
    steps = list(range(0, 10 * len(validation), 10))
    result = Result(None, {"loss": list(loss), "step": steps, "validation": validation}, Ending(how, 20), best_step)
    return warned(lambda: far_end.review(result, bearable))


# --- what counts as far worse ---


@pytest.mark.parametrize(("rise", "count"), [(9.9, 0), (10.1, 1), (onp.inf, 1), (onp.nan, 1)])
def test_a_rise_above_the_bearable_one_is_said(rise, count):
    found = review([30.0, 2.0, 2.0 + rise], 10.0)
    assert len(found) == count
    if count:
        assert "the validation rose from 2 at step 10 to" in found[0] and "after 20 steps" in found[0]
        assert "The parameters of step 10 are returned; try a smaller rate, or clip=1.0" in found[0]


@pytest.mark.parametrize(("last", "count"), [(3.9, 0), (4.1, 1)])
def test_without_a_unit_an_end_worse_than_the_start_is_said(last, count):
    assert len(review([4.0, 2.0, last], None)) == count


def test_patience_waits_for_an_end_that_is_worse():
    for last, count in ((101.9, 0), (102.1, 1)):
        assert len(review([30.0, 2.0, last], 10.0, how=Ended.EARLY_STOPPING)) == count


def test_no_step_better_than_the_start_is_said():
    (message,) = review([2.0, 2.1, 2.2], 10.0, best_step=0, loss=[1.0] * 50)
    assert "no step made the validation better: it was 2 at the start and is 2.2 at the end" in message
    assert review([2.0, 2.0], 10.0, best_step=0, loss=[1.0] * 50) == []
    assert review([2.0, 2.2], 10.0, best_step=0, loss=[1.0] * 49) == []  # too short to tell


def test_a_run_that_diverged_has_said_so_already():
    assert review([30.0, 2.0, 99.0], 10.0, how=Ended.DIVERGED) == []


def test_without_held_out_rows_the_losses_tell_and_a_single_batch_does_not_count():
    well = [30.0] * 20 + [2.0] * 80
    assert review([], 10.0, loss=well) == review([], 10.0, loss=[*well[:-2], 1e9, 2.0]) == []
    (message,) = review([], 10.0, loss=well[:70] + [13.0] * 30)
    assert "the loss rose from 2 at step" in message and "hold out rows with validation=" in message
    assert review([], 10.0, loss=[2.0, 99.0]) == []  # too short to tell


def test_what_chance_does_to_losses_of_no_unit_is_not_said():
    """From the best step on nothing can be gained, and batches scatter."""
    for seed in range(20):
        flat = 5.0 + rng(seed).normal(size=60)
        assert review([], None, loss=flat) == []
        assert len(review([], None, loss=onp.where(onp.arange(60) < 50, flat, flat + 20.0))) == 1


def test_a_short_run_that_gained_nothing_says_nothing():
    assert review([2.0, 2.1, 2.2], None, best_step=0, loss=[1.0] * 49) == []
    assert len(review([2.0, onp.inf], None, best_step=0, loss=[1.0] * 49)) == 1


def test_a_hundredth_of_a_huge_loss_is_no_explosion():
    result = Result(None, {"loss": [1.0] * 20, "step": [0, 10, 20], "validation": [1e8, 5e4, 0.0]}, Ending(), 10)
    for last, count in ((50_499.0, 0), (50_501.0, 1)):
        result.history["validation"][-1] = last
        assert len(warned(lambda: far_end.review(result, 10.0, share=0.01))) == count


# --- every trainer ---


def well(done):
    return 1.0


def badly_from(step):
    """The rate is 500 times as large from this step of 60 on. A loss that is never seen cannot diverge."""
    return lambda done: 1.0 if done < (step - 0.5) / 60 else 500.0


@dataclass(frozen=True)
class Scheduled(Adam):
    """For `fit_posterior`, which takes no schedule."""

    schedule: Callable = well

    def step(self, p, g, state, factor=1.0):
        super().step(p, g, state, self.schedule(state["t"] / 60))


X = rng(1).normal(size=(200, 2)) * [1.0, 3.0] + [0.0, 5.0]
NET = nf.MLP((8,), "silu")
VAE = {"encoder": NET, "decoder": NET, "posterior": nf.flows.posterior(1, 4, "normal")}
NOISE = nf.models.NormalLikelihood(0.5)
FREE = nf.models.FreeForm(NET, NET)
FLOW = nf.flows.maf(2, layers=1, hidden=(8,), activation="relu", gain=1.0)
POSTERIOR = nf.flows.real_nvp(2, layers=2, hidden=(8,), activation="relu", gain=1.0)
MATCHED = nf.flows.ffjord(2, hidden=(8,))


def bent(x):
    return -0.5 * x[:, 0] ** 2 - 0.5 * (x[:, 1] - 0.2 * x[:, 0] ** 2) ** 2


def told(train, *parts, rate=1e-3, **settings):
    """A run of 60 steps, by a schedule that is asked for."""
    settings |= {"rng": 0, "steps": 60, "evaluate_every": 20, **QUIET}
    if train is nf.fit_posterior:
        return lambda schedule: train(*parts, optimizer=Scheduled(rate, schedule=schedule), **settings)
    return lambda schedule: train(*parts, optimizer=nf.adam(rate), schedule=schedule, **settings)


ROWS = {"batch_size": 50}
TRAINERS = {
    "fit": told(nf.fit, FLOW, X, rate=4e-2, validation=X, **ROWS),
    "fit, nothing held out": told(nf.fit, FLOW, X, rate=4e-2, validation=None, **ROWS),
    "fit, flow matching": told(nf.fit, MATCHED, X, rate=2e-2, objective=nf.objectives.FlowMatching(), **ROWS),
    "fit_model": told(nf.fit_model, nf.models.AutoEncoder(NET, NET, 1), X, rate=3e-3, **ROWS),
    "fit_model, nothing held out": told(
        nf.fit_model, nf.models.FreeForm(NET, NET), X, rate=4e-3, validation=None, **ROWS
    ),
    "fit_vae": told(nf.fit_vae, nf.models.VAE(**VAE, likelihood=NOISE), X, rate=2e-3, **ROWS),
    "fit_vae of an InfoVAE": told(nf.fit_vae, nf.models.InfoVAE(**VAE, likelihood=NOISE), X, rate=2e-3, **ROWS),
    "fit_gan": told(nf.fit_gan, nf.models.GAN(FLOW, NET), X, **ROWS),
    "fit_posterior": told(nf.fit_posterior, bent, POSTERIOR, params=POSTERIOR.init(rng()), rate=5e-3),
}


DIVERGING = "fit_vae", "fit_vae of an InfoVAE", "fit_posterior"  # at the next step, and then that is what is said


@pytest.mark.parametrize("name", TRAINERS)
def test_an_end_far_worse_than_the_best_is_said_with_what_to_do(name):
    found = warned(lambda: TRAINERS[name](badly_from(59 if name in DIVERGING else 57)))
    assert len(found) == 1
    assert "rose from" in found[0] and "try " in found[0]


@pytest.mark.parametrize("name", TRAINERS)
def test_a_run_that_ends_well_says_nothing(name):
    assert warned(lambda: TRAINERS[name](well)) == []


def test_a_game_of_a_few_steps_says_nothing():
    """At the rate of this run the draws first leave the data."""
    gan = nf.models.GAN(FLOW, NET)
    settings = {"rng": 0, "optimizer": nf.adam(0.3), **ROWS, **QUIET}
    assert warned(lambda: nf.fit_gan(gan, X, steps=10, **settings)) == []
    assert len(warned(lambda: nf.fit_gan(gan, X, steps=60, **settings))) == 1
