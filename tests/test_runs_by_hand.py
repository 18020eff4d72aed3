"""What runs remember, what is at fault where they diverge, and what is said of their ends: small cases by hand."""

from functools import partial
from math import inf, nan

import numpy as onp
import pytest

import nfscratch as nf
from nfscratch.training import divergence, far_end
from nfscratch.training.ending import Ended, Ending
from nfscratch.training.record import Record, Result

X = onp.array([[2.0, -1.0], [0.5, 3.0]])


# --- what is handed back ---


@pytest.mark.parametrize(
    ("how", "losses", "evaluate", "words"),
    [
        (Ended.DIVERGED, [1.0], lambda p: nan, "no finite evaluation was seen, so there are no parameters to return"),
        (Ended.DIVERGED, [], lambda p: nan, "no finite loss was seen"),
        (Ended.DIVERGED, [1.0], None, "no finite loss was seen"),
        (Ended.INTERRUPTED, [], lambda p: nan, "no finite loss was seen"),
    ],
)
def test_a_run_that_saw_no_finite_number_has_no_parameters(how, losses, evaluate, words):
    record = Record(evaluate, None)
    record.history["loss"], record.ending = losses, Ending(how, 2, loss=1e9, blamed="the loss")
    with pytest.raises(FloatingPointError, match=words):
        record.result({})


def test_the_last_parameters_are_returned_where_no_evaluation_was_finite():
    record = Record(lambda p: nan, None)
    record.history["loss"], record.ending = [1.0, 2.0], Ending(Ended.ALL_STEPS, 2)
    with pytest.warns(nf.TrainingWarning, match="no step is the best. The last parameters are returned"):
        found = record.result({"a": 1})
    assert (found.params, found.best_step, found.last_params, found.steps) == ({"a": 1}, 2, {"a": 1}, 2)


def test_the_parameters_of_the_best_step_of_a_run_that_diverged():
    record = Record(lambda p: 3.0, None)
    record.consider(10, {"a": onp.ones(1)})
    record.ending = Ending(Ended.DIVERGED, 12, loss=inf, blamed="the loss")
    with pytest.warns(nf.TrainingWarning, match="The parameters of step 10 are returned"):
        assert record.result(None).best_step == 10
    record.ending = Ending(Ended.ALL_STEPS, 12)
    assert record.result("last").last_params == "last"


def test_a_result_says_how_the_run_ended_and_its_best():
    history = {"loss": [1.0] * 20, "step": [0, 10, 20], "validation": [3.0, 1.23456, 2.0]}
    found = Result({}, history, Ending(Ended.ALL_STEPS, 20), 10)
    assert (found.steps, found.validation) == (20, 1.23456)
    assert repr(found) == f"Result({found.stopped}; best step 10 of 20, validation 1.2346)"
    bare = Result({}, {"loss": [1.0]}, Ending(Ended.ALL_STEPS, 1), 1, whitening="full")
    assert bare.validation is None and repr(bare) == f"Result({bare.stopped}; best step 1 of 1; whitening full)"
    record = Record(None, None)
    assert record.first_loss(5.0) == 5.0
    record.history["loss"] = [2.0, 3.0]
    assert record.first_loss(5.0) == 2.0


# --- what is at fault ---


def blamed(flow, params=None, x=X, grads=(), context=None):
    with onp.errstate(all="ignore"):
        return divergence.blame(flow, flow.init(0) if params is None else params, list(grads), x, context)


def test_the_base_is_at_fault_where_the_layers_leave_rows_about_as_large_as_they_are():
    flow = nf.Flow(nf.DiagonalNormal(2), nf.Reverse(2))
    params = flow.init(0)
    for key in params["base"]:
        params["base"][key] = params["base"][key] + nan
    for size in (1.0, 5e3, 1e9):
        assert "is NaN or infinite; try a smaller rate" in blamed(flow, params, size * X)
    grown = nf.Flow(nf.DiagonalNormal(2), nf.Diagonal(2))
    params["bijection"] = grown.init(0)["bijection"]
    params["bijection"]["log_diagonal"] = onp.full(2, -30.0)  # 2e4 times as large: the layers are at fault
    assert "inverse (x -> z), enlarges |x| most: 3.0e+00 to " in blamed(grown, params)


def test_of_several_layers_the_one_that_enlarges_most_is_named():
    layers = [nf.Diagonal(2), nf.Diagonal(2), nf.Diagonal(2)]
    flow = nf.Flow(nf.StandardNormal(2), nf.Chain(layers))
    params = flow.init(0)
    for layer, scale in zip(params["bijection"], (-1.0, -4.0, 0.5), strict=True):
        layer["log_diagonal"] = onp.full(2, scale)
    words = divergence._through_layers(flow.bijection, params["bijection"], 100.0 * X, None)[1]
    assert words.startswith("layer 2 of 3 (Diagonal), inverse (x -> z), enlarges |x| most: 1.8e+02 to 8.1e+03; ")
    small = divergence._through_layers(flow.bijection, params["bijection"], 1e-3 * X, None)[1]
    assert small.startswith("layer 1 of 3 (Diagonal), inverse (x -> z), enlarges |x| most: 8.1e-02 to 2.2e-01")  # as 1


def test_a_layer_that_is_given_what_it_does_not_reach_says_what():
    flow = nf.Flow(nf.StandardNormal(2), nf.Elementwise(nf.Sigmoid(), 2))
    for x, shown in ((onp.array([[0.5, 1.0]]), "1"), (onp.array([[0.0, 0.5]]), "0"), (onp.array([[0.5, 2.0]]), "2")):
        words = f"gives NaN or infinity at {shown}, because it reaches (0.0, 1.0) alone"
        assert divergence._fault_of_layer(flow.bijection, x, x) == words
    inside = onp.array([[0.5, 0.25]])
    assert "NaN or infinity in log_det; " in divergence._fault_of_layer(flow.bijection, inside, inside)
    assert "NaN or infinity in z; " in divergence._fault_of_layer(flow.bijection, inside, inside * inf)


def test_remedies_follow_the_density():
    assert divergence._remedy(-1e9) == divergence.SMALLER_STEPS and divergence._remedy(-inf) == divergence.WIDER_BASE
    assert divergence._remedy(inf) == divergence._remedy(nan) == "correct log_prob there"
    assert divergence._first(
        onp.array([False, True, True]), onp.array([[0.0, 1.0], [1 / 3, 2e9], [5.0, 6.0]]), "row {}".format
    ) == ("row 1, z = [3.3333e-01 2.0000e+09]")
    many = divergence._first(onp.array([True]), onp.arange(7.0)[None], "row {}".format)
    assert many == "row 0, z = [0. 1. ... 5. 6.]"


def test_the_first_gradient_that_is_not_finite_is_named():
    grads = {"base": {"a": onp.ones(2)}, "bijection": {"b": onp.array([1.0, nan]), "c": onp.array([inf])}}
    said = list(divergence._bad_gradients(grads))
    assert len(said) == 2 and " in inverse (x -> z) is NaN or infinite; " in said[0]
    assert " in inverse" not in next(divergence._bad_gradients({"base": onp.array([nan])}))
    assert divergence.blame_gradients(grads).endswith(f"is NaN or infinite; {divergence.SMALLER_STEPS}")
    assert divergence.blame_gradients({"a": onp.ones(2)}) == f"no gradient is at fault; {divergence.SMALLER_STEPS}"


# --- what is said of the end ---


def said(call):
    with pytest.warns(nf.TrainingWarning) as caught:
        call()
    return str(caught[0].message)


def result(validation, steps=60, best=10, how=Ended.ALL_STEPS, losses=None):
    step = [0, 10, 20, 30, 40, 50, 60][: len(validation)]
    history = {"loss": losses or [1.0] * steps, "step": step, "validation": validation}
    return Result({}, history, Ending(how, steps, evaluations=3), best)


def test_an_end_far_above_the_best_is_told_and_a_bearable_one_is_not():
    rose = (
        "the validation rose from 1 at step 10 to {} at the end, after 60 steps. The parameters of step 10 are returned"
    )
    for last, bearable, how, share, told in (
        (11.0, 10.0, Ended.ALL_STEPS, 0.0, False),
        (11.5, 10.0, Ended.ALL_STEPS, 0.0, True),
        (11.5, 10.0, Ended.EARLY_STOPPING, 0.0, False),  # ten times as much
        (101.5, 10.0, Ended.EARLY_STOPPING, 0.0, True),
        (nan, 10.0, Ended.ALL_STEPS, 0.0, True),
        (3.0, None, Ended.ALL_STEPS, 0.0, False),  # what the best had gained over the start, 2
        (3.5, None, Ended.ALL_STEPS, 0.0, True),
        (3.5, 0.1, Ended.ALL_STEPS, 2.5, False),  # so much of the size of the best
        (3.6, 0.1, Ended.ALL_STEPS, 2.5, True),
    ):
        run = result([3.0, 1.0, last], how=how)
        review = partial(far_end.review, run, bearable, "sleep", share)
        if told:
            assert said(review) == f"{rose.format(f'{last:.4g}')}; sleep"
        else:
            review()


def test_no_step_that_made_it_better_is_told_from_fifty_steps_on():
    for validation, steps in (([1.0, 2.0], 50), ([1.0, nan], 60)):
        assert said(partial(far_end.review, result(validation, steps, 0), 1e9)).startswith(
            f"no step made the validation better: it was 1 at the start and is {validation[1]:.4g} at the end, after "
            f"{steps} steps. The parameters of step 0, the start, are returned; try a smaller rate"
        )
    for validation, steps in (([1.0, 1.0], 50), ([1.0, 2.0], 49)):
        far_end.review(result(validation, steps, 0), 1e9)


def test_without_validation_the_medians_of_the_losses_are_looked_at():
    losses = [5.0] * 3 + [1.0] * 3 + [9.0] * 3
    words = said(lambda: far_end.review(result([], 9, losses=losses), 2.0, "sleep"))
    assert words == (
        "the loss rose from 1 at step 6 to 9 at the end, after 9 steps. The last parameters are returned; hold out "
        "rows with validation=, which keeps the best, or sleep"
    )
    for quiet in (result([], 9, losses=losses[:6] + [4.9] * 3), result([], 9, how=Ended.DIVERGED, losses=losses)):
        far_end.review(quiet, None)
    far_end.say(result([1.0]), "it", [0], [nan], 1.0, "")
    far_end.say(result([1.0]), "it", [0, 1], [nan, nan], 1.0, "")
    far_end.say(result([1.0]), "it", [0, 1], [1.0, 1.5], None, "", chance=0.5)
    far_end.say(result([1.0]), "it", [0, 1], [1.0, 1e9], None, "")  # nothing was gained
    assert "it rose from 1 at step 0" in said(
        lambda: far_end.say(result([1.0]), "it", [0, 1], [1.0, 1.6], None, "", 0.5)
    )
