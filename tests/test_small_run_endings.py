"""How a run's end is judged and told: rises that are bearable, gains that are shown, and sentences; by hand."""

import math
import warnings

import autograd
import autograd.numpy as np
import numpy as onp
import pytest
from scipy import stats

import nfscratch as nf
from nfscratch import trees
from nfscratch.autodiff import rules_linalg
from nfscratch.training import far_end, fit_model, verdict
from nfscratch.training.ending import Ended, Ending
from nfscratch.training.held_out import Rows
from nfscratch.training.record import Result

FLOW = nf.Flow(nf.StandardNormal(1), nf.Diagonal(1))


def result_of(losses=(1.0,) * 60, validation=(), best=0, how=Ended.ALL_STEPS):
    history = {"loss": list(losses), "step": list(range(len(validation))), "validation": list(validation)}
    return Result({}, history, Ending(how, 1, 1, 1.0, "a part"), best, {})


def warned(call, *arguments, **options):
    """The one warning of a call, or None."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        call(*arguments, **options)
    assert len(seen) <= 1
    return str(seen[0].message) if seen else None


def test_every_ending_is_a_sentence_and_comes_back_from_its_state():
    for ending, sentence in (
        (Ending(), "all steps done"),
        (Ending(Ended.EARLY_STOPPING, 7, 3), "early stopping at step 7: no better validation in 3 evaluations"),
        (Ending(Ended.OUT_OF_TIME, 7), "out of time at step 7"),
        (Ending(Ended.STOPPED, 7), "stopped by the callback at step 7"),
        (Ending(Ended.INTERRUPTED, 7), "interrupted at step 7"),
        (Ending(Ended.NOT_TRAINED), "not trained: held-out rows do not show that it helps"),
        (Ending(Ended.DIVERGED, 7, loss=1234.5, blamed="the base"), "diverged at step 7 (loss 1.23e+03): the base"),
    ):
        assert str(ending) == sentence
        assert Ending.from_state(ending.state()) == ending
    assert Ending(Ended.DIVERGED, 1, loss=math.inf, blamed="b").state()["loss"] == "inf"
    assert Ending().state() == {"how": "ALL_STEPS", "step": None, "evaluations": None, "loss": None, "blamed": None}


def test_a_rise_beyond_what_is_bearable_is_told_and_one_up_to_it_is_not():
    rise = lambda last, bearable, how=Ended.ALL_STEPS, share=0.0, chance=0.0: warned(  # noqa: E731
        *(
            far_end.say,
            result_of(how=how),
            "the loss",
            (0, 10, 20),
            (5.0, 1.0, last),
            bearable,
            "Do this",
            chance,
            share,
        )
    )
    told = "the loss rose from 1 at step 10 to 4.125 at the end, after 60 steps. Do this"
    assert rise(4.125, 3.0) == told
    assert rise(4.125, 3.125) is None
    assert rise(4.125, 3.0, share=3.125) is None  # of the size of the best, 1
    assert rise(4.125, 0.3125, Ended.EARLY_STOPPING) is None  # ten times as much
    assert rise(4.125, 0.3, Ended.EARLY_STOPPING) == told
    assert rise(5.0, None) is None  # all that was gained, 4
    assert "to 5.1 at" in rise(5.1, None)
    assert rise(5.1, None, chance=4.2) is None
    assert "to inf at" in rise(math.inf, 1e300)
    assert "to nan at" in rise(math.nan, 1e300)
    assert warned(far_end.say, result_of(), "a", (0,), (9.0,), 0.1, "") is None
    assert warned(far_end.say, result_of(), "a", (0, 1), (math.inf, math.nan), 0.1, "") is None
    assert warned(far_end.say, result_of(), "a", (0, 1), (1.0, 9.0), None, "") is None  # nothing was gained
    assert (far_end.nats(3), far_end.nats(10), far_end.nats(11)) == (10.0, 10.0, 11.0)


def test_a_run_without_validation_is_judged_by_medians_of_twentieths():
    losses = [5.0] * 3 + [1.0] * 54 + [9.0] * 3
    message = warned(far_end.review, result_of(losses), 3.0)
    assert message.startswith("the loss rose from 1 at step 6 to 9 at the end, after 60 steps. The last parameters are")
    assert warned(far_end.review, result_of(losses), 8.0) is None
    assert warned(far_end.review, result_of(losses, how=Ended.DIVERGED), 3.0) is None
    assert warned(far_end.review, result_of([]), 3.0) is None
    steps, medians, chance = far_end._medians([0.0, 1.0, 2.0, 10.0, 12.0, 14.0])
    assert (steps, medians) == ([3, 6], [1.0, 12.0])
    assert chance == pytest.approx(4 * 1.5)  # interquartile ranges of 1 and of 2
    assert far_end._medians([0.0] * 5) == ([], [], 0.0)
    assert len(far_end._medians([0.0] * 600)[0]) == 20


def test_a_run_of_fifty_steps_none_of_which_was_better_than_the_start_is_told():
    message = warned(far_end.review, result_of([1.0] * 50, (2.0, 2.5), 0), 10.0)
    assert message.startswith(
        "no step made the validation better: it was 2 at the start and is 2.5 at the end, after 50 steps. The "
        "parameters of step 0, the start, are returned; "
    )
    assert warned(far_end.review, result_of([1.0] * 49, (2.0, 2.5), 0), 10.0) is None
    assert warned(far_end.review, result_of([1.0] * 50, (2.0, 2.0), 0), 10.0) is None
    message = warned(far_end.review, result_of([1.0] * 50, (2.0, 1.0, 20.0), 1), 10.0, "be careful")
    assert message == (
        "the validation rose from 1 at step 1 to 20 at the end, after 50 steps. The parameters of step 1 are returned; "
        "be careful"
    )
    assert warned(far_end.review, result_of([1.0] * 50, (2.0, 1.0, 20.0), 1), 10.0, share=19.0) is None


def test_a_gain_is_shown_by_seven_rows_and_by_students_t():
    assert verdict.quantile(6) == pytest.approx(stats.t.ppf(0.99, 6))
    assert verdict.quantile(0) == verdict.quantile(1)
    mean, error = verdict.mean_and_error(onp.array([1.0, 2.0, 6.0]))
    assert (mean, error) == (3.0, pytest.approx(math.sqrt(7.0 / 3.0)))
    assert verdict.mean_and_error(onp.array([2.0])) == (2.0, math.inf)
    weights = onp.array([1.0, 3.0])
    assert verdict.weighted(onp.array([[4.0, 4.0], [1.0, 0.0]]), weights).tolist() == [[2.0, 6.0], [0.5, 0.0]]


def test_a_gain_that_is_not_shown_is_taken_back(monkeypatch):
    for gains, taken in (
        ([1.0] * 6 + [1.1], False),
        ([1.0] * 5 + [1.1], True),
        ([1.0, -1.0] * 4, True),
        ([0.5], True),
    ):
        log_p = iter((onp.array(gains), onp.zeros(len(gains))))
        monkeypatch.setattr(verdict, "log_prob", lambda *of: next(log_p))  # noqa: B023
        result = result_of(best=4)
        rows = Rows(onp.zeros((len(gains), 1)), None, None, onp.arange(len(gains)))
        message, start = warned(verdict.takes_back, FLOW, {"the": "start"}, result, rows), {"the": "start"}
        assert (message is not None) is taken
        assert (result.params, result.best_step) == ((start, 0) if taken else ({}, 4))
    assert message == (
        "1 held-out row does not show that training helped: on average step 4 is 0.5 nats better than the start, and "
        "it takes 7 rows or more and a gain of 31.8 standard errors. The parameters of step 0 are returned; hold out "
        "more rows, or say how long to train"
    )
    assert not verdict.takes_back(FLOW, None, result_of(best=0), rows)


def test_the_count_of_steps_is_one_number_beside_the_parameters():
    params = fit_model.counted({"a": onp.ones(3, onp.float32)})
    (count,) = params[trees.FIXED].values()
    assert (count.shape, count.dtype) == ((1,), onp.float32)
    assert fit_model.steps_done(params) == 0
    assert set(fit_model.without_count(params)) == {"a"}


def test_a_share_of_a_models_rows_leaves_rows_on_both_sides():
    model, x = nf.models.AutoEncoder(nf.MLP(), nf.MLP(), 1), onp.arange(4.0)[:, None]
    for share, n in ((0.25, 1), (0.75, 3)):
        train, held = fit_model._hold_out(share, x, model, onp.random.default_rng(0))
        assert (len(train), len(held)) == (4 - n, n)
        assert sorted([*train[:, 0], *held[:, 0]]) == [0.0, 1.0, 2.0, 3.0]
    for share in (0.1, 1.0, -0.5, math.nan):
        with pytest.raises(
            ValueError, match=r"^validation must leave rows on both sides; got \S+ of 4 rows \(None holds"
        ):
            fit_model._hold_out(share, x, model, onp.random.default_rng(0))
    assert fit_model._hold_out(None, x, model, None)[1] is None
    with pytest.raises(ValueError, match=r"^validation must have at least 1 row; got 0$"):
        fit_model._hold_out(x[:0], x, model, None)


def test_a_model_is_trained_by_its_own_trainer():
    with pytest.raises(TypeError, match=r"^model must be a Model, such as nf\.models\.AutoEncoder"):
        nf.fit_model(FLOW, onp.zeros((4, 1)), rng=0)
    gan = nf.models.GAN(nf.MLP(), nf.MLP(), 2)
    with pytest.raises(TypeError, match=r"^model must be one that nf\.fit_model trains; got GAN: use nf\.fit_gan$"):
        nf.fit_model(gan, onp.zeros((4, 1)), rng=0)


def test_a_diagonal_goes_where_numpys_diagonal_is_taken_from():
    d = onp.array([1.0, 2.0, 3.0])
    assert (rules_linalg.make_diagonal(d, 0, -1, -2) == onp.diag(d)).all()
    assert rules_linalg.make_diagonal(onp.ones((2, 3)), 0, -1, -2).shape == (2, 3, 3)
    for wrong in ((1, -1, -2), (0, 0, 1), (0, -2, -1)):
        with pytest.raises(NotImplementedError):
            rules_linalg.make_diagonal(d, *wrong)
    for shape in ((3, 4), (4, 3), (2, 3, 4)):
        for offset in (-2, -1, 0, 1, 2):
            x = onp.random.default_rng(0).normal(size=shape)
            w = onp.random.default_rng(1).normal(size=onp.diagonal(x, offset).shape)
            found = autograd.grad(lambda x: np.sum(w * np.diagonal(x, offset)))(x)  # noqa: B023
            assert found.shape == shape
            assert (onp.diagonal(found, offset) == w).all()
            assert onp.count_nonzero(found) == w.size
            traced = autograd.grad(lambda x: np.sum(np.trace(x, offset)))(x)  # noqa: B023
            assert (onp.diagonal(traced, offset) == 1.0).all()
            assert traced.sum() == w.size
