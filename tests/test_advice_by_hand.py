"""What is advised where the end of a fit is worse than its best, word by word."""

import numpy as onp
import pytest

import nfscratch as nf
from nfscratch.training import advice
from nfscratch.training.ending import Ended, Ending
from nfscratch.training.held_out import Rows
from nfscratch.training.record import Result

RELU = 'activation="tanh" (relu grows without bound on rows far out), '
START = " (a flow that starts as the Gaussian of the data is best there if the data is one)"


LESS = "a smaller rate, fewer or narrower layers, or more rows"
KEPT = "The parameters of step 0, the start, are returned"
BEST = "The parameters of step 10 are returned"


@pytest.mark.parametrize(
    ("activation", "validation", "steps", "best", "how", "words"),
    [
        ("tanh", [1.0, 1.5], 49, 0, Ended.ALL_STEPS, f"1.5 at the end, after 49 steps. {KEPT}; try more steps"),
        (
            "tanh",
            [1.0, 1.5],
            50,
            0,
            Ended.ALL_STEPS,
            "it was 1 nats at the start and is 1.5 at the end, after 50",
        ),
        ("tanh", [1.0, 1.5], 50, 0, Ended.ALL_STEPS, f"after 50 steps. {KEPT}; try {LESS}{START}"),
        ("tanh", [1.0, 2.0], 9, 0, Ended.ALL_STEPS, f"after 9 steps. {KEPT}; try {LESS}{START}"),
        ("relu", [1.0, 1.0], 60, 0, Ended.OUT_OF_TIME, f"after 60 steps. {KEPT}; try {RELU}{LESS}{START}"),
        (
            "tanh",
            [3.0, 1.0, 11.5],
            60,
            10,
            Ended.ALL_STEPS,
            "validation rose from 1 nats at step 10 to 11.5 at the end",
        ),
        ("tanh", [3.0, 1.0, 11.5], 60, 10, Ended.ALL_STEPS, f"after 60 steps. {BEST}; try patience=10, {LESS}"),
        ("relu", [3.0, 1.0, 101.5], 60, 10, Ended.EARLY_STOPPING, f"after 60 steps. {BEST}; try {RELU}{LESS}"),
        ("tanh", [3.0, 1.0, 11.0], 60, 10, Ended.ALL_STEPS, None),
        ("tanh", [3.0, 1.0, 101.0], 60, 10, Ended.EARLY_STOPPING, None),
        ("tanh", [1.0, 1.0], 60, 0, Ended.ALL_STEPS, None),
        ("tanh", [1.0, 9.0], 60, 0, Ended.DIVERGED, None),
    ],
)
def test_what_is_advised_where_the_end_is_worse(activation, validation, steps, best, how, words):
    flow = nf.flows.maf(2, layers=1, hidden=(3,), activation=activation)
    params, x = flow.init(0), onp.zeros((40, 2))
    history = {"loss": [1.0] * steps, "step": [0, 10, 20][: len(validation)], "validation": validation}
    found = Result(params, history, Ending(how, steps, evaluations=3, loss=1.0, blamed=""), best, params)
    rows = Rows(x, None, None, onp.arange(40))
    if words is None:
        return advice.review(flow, found, rows)
    with pytest.warns(nf.TrainingWarning) as caught:
        advice.review(flow, found, rows)
    assert words in str(caught[0].message)


def test_one_held_out_row_shows_that_the_end_is_worse():
    flow = nf.flows.maf(2, layers=1, hidden=(3,))
    params, history = flow.init(0), {"loss": [1.0] * 60, "step": [0, 10, 20], "validation": [3.0, 1.0, 11.5]}
    result = Result(params, history, Ending(Ended.ALL_STEPS, 60), 10, params)
    with pytest.warns(nf.TrainingWarning, match="the validation rose from 1 nats at step 10 to 11.5"):
        advice.review(flow, result, Rows(onp.zeros((1, 2)), None, None, onp.arange(1)))


@pytest.mark.parametrize(
    ("rises", "words"),
    [
        ([8.0, 2.0], "Row 0 of x carries it"),  # four fifths
        ([7.9, 2.1], "Rows 0, 1 of x carry it"),
        ([5.0, 5.0], "Rows 0, 1 of x carry it"),  # a tenth of the rows
        ([4.0, 4.0, 4.0], ""),
        ([0.0, 2.0], "Row 1 of x carries it"),  # a tenth of a nat on average
        ([0.0, 1.99], ""),
    ],
)
def test_the_few_rows_that_carry_a_rise_are_named(rises, words, monkeypatch):
    nll = {"last": onp.array([*rises, *[0.0] * (20 - len(rises))]), "best": onp.zeros(20)}
    monkeypatch.setattr(advice, "_nll", lambda flow, params, rows: nll[params])
    result = Result("best", {}, None, 10, "last")
    assert advice._rows_that_rise(None, result, Rows(onp.zeros((20, 1)), None, None, onp.arange(20))) == words
