"""Which rows are held out and how many, the memory of a run, and how long a run is: numbers and words by hand."""

import math
import warnings
from types import SimpleNamespace

import numpy as onp
import pytest

import nfscratch as nf
from nfscratch.training import defaults, held_out
from nfscratch.training.ending import Ended, Ending
from nfscratch.training.held_out import Rows
from nfscratch.training.record import Record

FLOW = nf.Flow(nf.StandardNormal(1), nf.Diagonal(1))


def rows_of(n):
    return Rows(onp.arange(float(n))[:, None], None, None, onp.arange(n))


def said(error, call):
    with pytest.raises(error) as caught:
        call()
    return str(caught.value)


def test_there_are_rows_to_train_on_and_one_to_choose_by():
    for n, validation in ((3, 0.1), (2, None), (2, 0.0), (2, rows_of(4).x)):
        rows = rows_of(n)
        assert held_out.enough(rows, validation) is rows
    words = (
        "x must have at least 3 rows of a weight above 0: 2 to train on, and 1 to choose the best parameters by; got 2"
    )
    assert said(ValueError, lambda: held_out.enough(rows_of(2), 0.1, " of a weight above 0")) == words
    assert said(ValueError, lambda: held_out.enough(rows_of(1), None)) == "x must have at least 2 rows to fit to; got 1"


def test_a_share_is_rounded_and_of_few_rows_at_least_one():
    few = held_out.FEW
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for share, N, least, n in (
            *((0.1, 100, 0, 10), (0.1, 16, 0, 2), (0.1, 100, 15, 15), (0.1, 60, 15, 12), (0.5, 60, 15, 30)),
            *((0.1, 4, 1, 1), (0.0001, few + 1, 5, 0), (1.5, 4, 0, 6), (-1.0, 4, 9, -4), (math.nan, 4, 0, 0)),
        ):
            assert held_out._how_many(share, N, least) == n, (share, N, least)
    words = f"x has {few} rows: 1 of them is held out to choose the best parameters by, and {few - 1} are trained on"
    with pytest.warns(nf.TrainingWarning, match=words):
        assert held_out._how_many(0.01, few, 0) == 1


def test_a_share_leaves_a_row_to_hold_out_and_two_to_train_on():
    still = lambda x, rng: x  # noqa: E731
    for share, n in ((0.25, 1), (0.5, 2)):
        train, held = held_out._share(share, rows_of(4), still, onp.random.default_rng(0), lambda rows: None, 0)
        assert (len(train.x), len(held.x)) == (4 - n, n)
        assert sorted([*train.numbers, *held.numbers]) == [0, 1, 2, 3]
    for share in (0.75, 1.0, -0.25):
        words = f"validation must leave rows on both sides; got {share} of 4 rows (validation=None holds out none)"
        no_groups = lambda rows: None  # noqa: E731
        assert said(ValueError, lambda: held_out._share(share, rows_of(4), still, None, no_groups, 0)) == words  # noqa: B023
    noisy = lambda x, rng: x + 100.0  # noqa: E731
    train, held = held_out._share(0.5, rows_of(4), noisy, onp.random.default_rng(0), lambda rows: None, 0)
    assert (train.x < 100).all()
    assert (held.x >= 100).all()


def test_groups_are_held_out_whole_in_the_order_in_which_they_come():
    order = onp.array([4, 0, 1, 2, 3, 5])
    groups = onp.array([0, 0, 0, 1, 2, 1])  # group 2 comes first, then 0, which is too large, then 1
    new, n = held_out._with_groups_whole(order, 2, groups)
    assert (new[:n].tolist(), new[n:].tolist()) == ([4], [0, 1, 2, 3, 5])
    new, n = held_out._with_groups_whole(order, 3, groups)
    assert (new[:n].tolist(), new[n:].tolist()) == ([4, 3, 5], [0, 1, 2])
    new, n = held_out._with_groups_whole(order, 2, onp.zeros(6, int))
    assert (new.tolist(), n) == (order.tolist(), 2)


def test_rows_that_are_given_to_validate_by_are_a_table_a_pair_or_three():
    rows, params = rows_of(4), FLOW.init(0)
    x, weights = onp.ones((3, 1)), onp.array([1.0, 0.0, 2.0])
    given = held_out._given((x, None, weights), rows, FLOW, params)
    assert given.numbers.tolist() == [0, 2]
    assert given.where == "validation"
    assert held_out._given(x, rows, FLOW, params).weights is None
    for n in (0, 1, 4):
        words = f"validation must be a share, rows x, (x, context) or (x, context, weights); got a tuple of {n}"
        assert said(ValueError, lambda: held_out._given((x,) * n, rows, FLOW, params)) == words  # noqa: B023
    empty = lambda: held_out._given(x[:0], rows, FLOW, params)  # noqa: E731
    assert said(ValueError, empty) == "validation must have at least 1 row; got 0"


def test_jitter_is_one_width_or_one_for_each_column():
    x, draws = onp.zeros((4000, 2)), onp.random.default_rng(0)
    for width, most in ((0.5, (0.5, 0.5)), ([0.0, 3.0], (0.0, 3.0))):
        noise = held_out.jittered(width, (2,))(x, draws)
        assert (noise >= 0).all()
        assert (noise.max(axis=0) <= most).all()
        assert noise.max(axis=0) == pytest.approx(onp.array(most), rel=0.01)
    assert held_out.jittered(None, (2,))(x, draws) is x
    for width, begins in (
        ([1.0, 1.0, 1.0], "jitter must be one width, or one per column, shape (2,); got (3,)"),
        (-0.1, "jitter must be finite and at least 0; got -0.1"),
        (math.inf, "jitter must be finite and at least 0; got inf"),
    ):
        assert said(ValueError, lambda: held_out.jittered(width, (2,))) == begins  # noqa: B023
    assert said(TypeError, lambda: held_out.jittered([True], (2,))).startswith("jitter must be")


def test_rows_of_one_number_are_one_row_in_their_order():
    rows = Rows(onp.arange(4.0)[:, None], None, None, onp.array([7, 5, 7, 6]))
    once = rows.once()
    assert once.numbers.tolist() == [7, 5, 6]
    assert once.x[:, 0].tolist() == [0.0, 1.0, 3.0]
    assert rows_of(3).once().numbers.tolist() == [0, 1, 2]


def test_patience_counts_evaluations_without_a_better_one_after_the_start():
    values = iter((0.0, 5.0, 4.0, math.nan, 4.0, 3.0, 6.0, 6.0, 6.0))
    record = Record(lambda params: next(values), 3)
    counted = []
    for step in range(9):
        record.consider(step, {"w": onp.full(1, float(step))})
        counted.append(record.since_best)
    # step 0 counts once; 5 and 4 are better than what came after the start, NaN and 4 again are not
    assert counted == [0, 0, 0, 1, 2, 0, 1, 2, 3]
    assert (record.best_step, record.best_value) == (0, 0.0)
    assert (record.ending.how, record.ending.step, record.ending.evaluations) == (Ended.EARLY_STOPPING, 8, 3)
    assert record.history["step"] == list(range(9))


def test_without_an_evaluation_the_latest_parameters_are_the_best():
    record = Record(None, None)
    for step in (1, 2, 5):
        record.consider(step, {"w": onp.full(1, float(step))})
    assert (record.best_step, record.best_value, record.history["validation"]) == (5, -5, [])
    assert record.best["w"].tolist() == [5.0]


def test_a_record_shows_the_mean_of_its_last_fifty_losses():
    record = Record(None, None)
    assert record.text() == "no finite loss yet"
    assert record.first_loss(7.0) == 7.0
    record.history["loss"] = [1e9, *[2.0] * 49, 3.0]
    assert record.text() == "loss 2.0200"
    assert record.first_loss(7.0) == 1e9
    record.history["validation"] = [5.0, 1.25]
    assert record.text() == "loss 2.0200, validation 1.2500"


def test_a_run_without_a_finite_number_has_no_parameters_and_says_which_number_it_is():
    ending = Ending(Ended.DIVERGED, 1, loss=math.nan, blamed="the loss")
    for losses, evaluate, number in (
        ([], None, "loss"),
        ([], len, "loss"),
        ([1.0], len, "evaluation"),
        ([1.0], None, "loss"),
    ):
        record = Record(evaluate, None)
        record.history["loss"], record.ending = losses, ending
        words = said(FloatingPointError, lambda: record.result(None))  # noqa: B023
        assert words.startswith(f"no finite {number} was seen, so there are no parameters to return; "), words
    record.ending = Ending(Ended.STOPPED, 1)
    record.evaluate = SimpleNamespace(why_not_finite=lambda params: f": {params} has density 0")
    with pytest.warns(
        nf.TrainingWarning, match="so that no step is the best: row 3 has density 0. The last parameters are"
    ):
        result = record.result("row 3")
    assert (result.params, result.last_params, result.best_step) == ("row 3", "row 3", 1)


def test_the_length_of_a_run_is_what_was_said_and_else_follows_from_the_data():
    chosen = lambda **said: defaults.chosen(  # noqa: E731
        1000,
        2,
        **{**dict.fromkeys(("steps", "epochs", "batch_size", "patience", "evaluate_every")), "held_out": True, **said},
    )
    assert chosen(steps=7) == {"steps": 7, "batch_size": 256, "patience": None, "evaluate_every": None}
    assert chosen(steps=7, batch_size=5, patience=2, evaluate_every=3) == {
        **{"steps": 7, "batch_size": 5, "patience": 2, "evaluate_every": 3}
    }
    assert chosen(epochs=2, batch_size=100)["steps"] == 20
    assert chosen(epochs=2, batch_size=100)["patience"] is None
    assert chosen(epochs=0.001, batch_size=100)["steps"] == 1
    assert chosen(batch_size=5000)["batch_size"] == 1000
    assert chosen()["patience"] == defaults.PATIENCE
    assert chosen(held_out=False)["patience"] is None
    assert chosen(patience=4, held_out=False)["patience"] == 4
    assert chosen(epochs=1, evaluate_every=6)["evaluate_every"] == 6
    both = "fit takes steps or epochs, not both; got steps=3 and epochs=2"
    assert said(ValueError, lambda: chosen(steps=3, epochs=2)) == both
    for epochs in (0, -1, math.nan, math.inf):
        words = said(ValueError, lambda: chosen(epochs=epochs))  # noqa: B023
        assert words == f"epochs must be a positive number; got {epochs!r}"
    assert said(ValueError, lambda: chosen(batch_size=0)).startswith(
        "batch_size must be an integer of at least 1; got 0"
    )
