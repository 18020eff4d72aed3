"""A saved run's fields, each judged by itself: what is taken, and the words with which the rest is refused."""

import copy
from types import SimpleNamespace

import numpy as onp
import pytest

import nfscratch as nf
from nfscratch.training import saved_run
from nfscratch.training.optimizers import Adam

OWN = {
    "params": {"w": onp.zeros(2)},
    "optimizer": {"m": onp.zeros(2), "v": onp.zeros(2)},
    "order": [onp.arange(3)],
    "record": {"best": [], "best_value": onp.array(onp.inf), "history": {}},
}
TEXTS = {"step": 0, "position": 0, "optimizer": {"t": 0}, "record": {"best_step": None, "since_best": 0, "ended": None}}


GROWING = "record/history/step must be growing from 0 to at most 5; got"
DUE = "record/history/step must be 0 and then the steps after which this run evaluates; got"


def run_of(optimizer=None, evaluate=len, steps=9, batches=3, patience=None):
    evaluations = SimpleNamespace(due=lambda step: step % 2 == 0)
    plan = {"evaluate": evaluate, "steps": steps, "patience": patience, "evaluations": evaluations}
    return SimpleNamespace(
        plan=SimpleNamespace(optimizer=optimizer or nf.adam(), **plan),
        batches=None if batches is None else SimpleNamespace(n=batches, size=1),
        state=lambda: (OWN, TEXTS),
    )


def history(**changes):
    found = {"loss": onp.ones(5), "step": onp.array([0, 2, 4]), "validation": onp.array([3.0, 1.0, 2.0]), **changes}
    return {name: onp.asarray(a, dtype=saved_run.HISTORY[name]) for name, a in found.items()}


def tree(best=True, value=1.0, past=None, **changes):
    """Arrays of a run of five steps, whose second evaluation was the best."""
    record = {
        "best": [{"w": onp.ones(2)}] if best else [],
        "best_value": onp.array(value),
        "history": past or history(),
    }
    return {**copy.deepcopy(OWN), "record": record, **changes}


def texts(best_step=2, since_best=1, ended=None, **changes):
    record = {"best_step": best_step, "since_best": since_best, "ended": ended}
    return {"step": 5, "position": 2, "optimizer": {"t": 5}, "record": record, **changes}


def refused(call, *arguments):
    with pytest.raises(nf.CheckpointError) as error:
        call(*arguments)
    return str(error.value)


def test_a_run_of_five_steps_is_taken():
    saved_run.shapes({**OWN, "record": {**OWN["record"]}}, tree(), 5)
    saved_run.numbers(run_of(), texts())
    saved_run.values(run_of(), tree(), texts())
    saved_run.values(run_of(), tree(best=False, value=onp.inf), texts(best_step=None))
    saved_run.values(run_of(evaluate=None), tree(value=-4.0), texts(best_step=4, since_best=0))
    saved_run.values(
        run_of(), tree(past=history(step=[], validation=[], loss=[]), best=False, value=onp.inf), texts(None, 0)
    )


def test_arrays_that_contradict_the_numbers_are_refused():
    nan = onp.array([1.0, onp.nan])
    cases = (
        (tree(past=history(step=[-1, 2, 4])), texts(), f"{GROWING} [-1, 2, 4]"),
        (tree(past=history(step=[0, 2, 6])), texts(), f"{GROWING} [0, 2, 6]"),
        (tree(past=history(step=[0, 2, 2])), texts(), f"{GROWING} [0, 2, 2]"),
        (
            tree(past=history(loss=[1.0, onp.inf])),
            texts(),
            "record/history/loss must be finite numbers; got 'NaN or inf",
        ),
        (tree(params={"w": nan}), texts(), "params/w must be finite numbers; got 'NaN or infinity"),
        (tree(optimizer={"m": nan, "v": nan}), texts(), "optimizer/m must be finite numbers; got 'NaN or infinity"),
        (tree(optimizer={"m": onp.zeros(2), "v": nan}), texts(), "optimizer/v must be finite numbers"),
        (tree(past=history(step=[0, 2, 3])), texts(), f"{DUE} [0, 2, 3]"),
        (tree(past=history(step=[2, 4], validation=[1, 2])), texts(), f"{DUE} [2, 4]"),
        (
            tree(past=history(validation=[0, 1, -onp.inf])),
            texts(),
            "record/history/validation must be free of -inf; got -inf",
        ),
        (
            tree(optimizer={"m": onp.zeros(2), "v": onp.array([1.0, -1e-9])}),
            texts(),
            "optimizer/v must be at least 0, means of squares; got 'numbers below 0'",
        ),
        (tree(), texts(since_best=4), "run/record/since_best must be a whole number from 0 to 3; got 4"),
        (tree(order=[onp.array([0, 1, 1])]), texts(), "order must be each row once; got [0, 1, 1]"),
        (tree(best=False, value=onp.inf), texts(), "run/record/best_step must be null without best parameters; got 2"),
        (tree(best=False), texts(None), "record/best_value must be infinity without best parameters; got 1.0"),
        (tree(), texts(None), "run/record/best_step must be a count, for the best parameters; got None"),
        (tree(value=2.0), texts(), "record/best_value must be 1.0, that of step 2; got 2.0"),
        (tree(value=2.0), texts(4), "record/history/validation must be lowest at the best step, 4; got 1.0"),
        (tree(), texts(3), "run/record/best_step must be a step of the history; got 3"),
    )
    for arrays, numbers, said in cases:
        message = refused(saved_run.values, run_of(), arrays, numbers)
        assert message.startswith(said), (said, message)
    without = run_of(evaluate=None)
    assert "since_best must be a whole number from 0 to 0; got 1" in refused(saved_run.values, without, tree(), texts())
    assert "best_value must be -2.0" in refused(saved_run.values, without, tree(), texts(since_best=0))


def test_best_parameters_of_nan_are_refused_and_a_stored_nan_of_the_run_itself_is_not():
    arrays = tree()
    arrays["record"]["best"] = [{"w": onp.array([onp.nan, 1.0])}]
    assert (
        refused(saved_run.values, run_of(), arrays, texts())
        == "record/best/0/w must be finite numbers; got 'NaN or infinity'"
    )
    saved_run._finite("params", {"a": onp.array([onp.nan, 1.0])}, {"a": onp.array([onp.nan, 2.0])})


def test_the_lowest_validation_is_that_of_the_finite_ones():
    steps, seen = onp.array([0, 1, 2]), onp.array([-onp.inf, 3.0, onp.nan])
    assert saved_run._lowest(steps, seen, 1) == 3.0
    lowest = "record/history/validation must be lowest at the best step,"
    assert refused(saved_run._lowest, steps, seen, 2) == f"{lowest} 2; got 3.0"
    assert refused(saved_run._lowest, steps, onp.full(3, onp.nan), 1) == f"{lowest} 1; got inf"
    assert refused(saved_run._lowest, steps, seen, 7) == "run/record/best_step must be a step of the history; got 7"


def test_counts_outside_their_range_are_refused():
    cases = (
        ({"step": 10}, "step must be a whole number from 0 to 9; got 10"),
        ({"step": -1}, "step must be a whole number from 0 to 9; got -1"),
        ({"step": 5.0}, "step must be a whole number from 0 to 9; got 5.0"),
        ({"position": 4}, "position must be 2, after 5 batches of 1; got 4"),
        ({"optimizer": {"t": 5, "s": 1}}, "run/optimizer must be an object with t; got"),
        ({"optimizer": {"t": 5.0}}, "run/optimizer/t must be a whole number; got 5.0"),
        ({"optimizer": {"t": 4}}, "run/optimizer/t must be 5, as many updates as steps; got 4"),
        ({"optimizer": {"t": 6}}, "run/optimizer/t must be a whole number from 0 to 5; got 6"),
        ({"record": {}}, "run/record must be an object with best_step, ended, since_best; got []"),
        ({"record": {**texts()["record"], "best_step": 6}}, "run/record/best_step must be a whole number from 0 to 5"),
        ({"record": {**texts()["record"], "since_best": -1}}, "run/record/since_best must be a whole number from 0"),
        ({"record": {**texts()["record"], "ended": {}}}, "run/record/ended must be an object with blamed, evaluations"),
        ({"other": 1}, "run must be an object with optimizer, position, record, step; got"),
    )
    for changes, said in cases:
        message = refused(saved_run.numbers, run_of(), {**texts(), **changes})
        assert message.startswith(said), (said, message)
    saved_run.numbers(run_of(batches=None), {**texts(), "position": 4})
    saved_run.numbers(run_of(), {**texts(), "step": 9, "position": 3, "optimizer": {"t": 9}})

    class Own(Adam):
        pass

    saved_run.numbers(run_of(Own()), {**texts(), "optimizer": {"t": 4}})


def test_an_ending_has_the_numbers_that_belong_to_it_and_no_others():
    early = {"how": "EARLY_STOPPING", "step": 5, "evaluations": 3, "loss": None, "blamed": None}
    stopped = {**early, "how": "STOPPED", "evaluations": None}
    diverged = {"how": "DIVERGED", "step": 6, "evaluations": None, "loss": "nan", "blamed": "a layer\nof two"}
    for ended in (None, early, diverged, stopped, {**diverged, "loss": "1.5"}, {**early, "evaluations": 6}):
        saved_run._ending(ended, 5)
    at = "run/record/ended/"
    for ended, said in (
        ({**early, "how": "FINISHED"}, f"{at}how must be one of EARLY_STOPPING, DIVERGED, STOPPED; got 'FINISHED'"),
        ({**early, "how": ["STOPPED"]}, f"{at}how must be one of"),
        ({**early, "step": None}, f"{at}step must be a whole number; got None"),
        ({**early, "evaluations": None}, f"{at}evaluations must be a whole number; got None"),
        ({**stopped, "evaluations": 3}, f"{at}evaluations must be null where it is STOPPED; got 3"),
        ({**diverged, "loss": None}, f"{at}loss must be a text; got None"),
        ({**diverged, "blamed": None}, f"{at}blamed must be a text; got None"),
        ({**early, "step": 6}, f"{at}step must be 5, by the steps that were done; got 6"),
        ({**diverged, "step": 5}, f"{at}step must be 6, by the steps that were done; got 5"),
        ({**early, "evaluations": 7}, f"{at}evaluations must be a whole number from 0 to 6; got 7"),
        ({**diverged, "loss": "1.50"}, f"{at}loss must be a number as text; got '1.50'"),
        ({**diverged, "loss": "much"}, f"{at}loss must be a number as text; got 'much'"),
        ({**diverged, "blamed": "a\x1b[2J"}, f"{at}blamed must be free of control characters; got"),
    ):
        message = refused(saved_run._ending, ended, 5)
        assert message.startswith(said), (said, message)


def test_a_run_whose_patience_is_at_its_end_has_stopped_and_no_other_has():
    def judged(patience, since, stopped, how="EARLY_STOPPING"):
        ended = {"how": how, "evaluations": since} if stopped else None
        return {"ended": ended, "since_best": since}, patience

    for case in ((3, 2, False), (3, 3, True), (3, 4, True), (None, 9, False), (3, 1, True, "STOPPED")):
        record = judged(*case)
        if case[3:]:
            record[0]["ended"]["evaluations"] = None
        saved_run._patience(*record)
    for case, said in (
        ((3, 3, False), "run/record/since_best must be below 3, the patience of a run that goes on; got 3"),
        ((3, 2, True), "run/record/ended/evaluations must be at least 3, the patience; got 2"),
        ((None, 2, True), "run/record/ended/how must be another in a run without patience; got 'EARLY_STOPPING'"),
    ):
        assert refused(saved_run._patience, *judged(*case)) == said
    saved_run.numbers(run_of(patience=2), texts())
    assert "since_best must be below 1" in refused(saved_run.numbers, run_of(patience=1), texts())


def test_a_tree_of_another_form_is_refused_by_its_place():
    own = {"a": [onp.zeros(2), onp.zeros((2, 3), onp.float32)]}
    saved_run._alike("params", own, {"a": (onp.ones(2), onp.ones((2, 3), onp.float32))})
    for theirs, said in (
        ({"b": []}, "params must be an object with a; got ['b']"),
        ([], "params must be an object with a; got []"),
        ({"a": [onp.zeros(2)]}, "params/a must be 2 entries"),
        ({"a": {}}, "params/a must be 2 entries; got {}"),
        ({"a": [onp.zeros(3), onp.zeros(2)]}, "params/a/0 must be an array of float64 of shape (2,); got"),
        ({"a": [onp.zeros(2), onp.zeros((2, 3))]}, "params/a/1 must be an array of float32 of shape (2, 3); got"),
        ({"a": [onp.zeros(2), 7.0]}, "params/a/1 must be an array of float32 of shape (2, 3); got (None, None)"),
    ):
        message = refused(saved_run._alike, "params", own, theirs)
        assert message.startswith(said), (said, message)
    saved_run._leaf("loss", onp.dtype("f8"), (), onp.array(1.0), 0)
    assert "loss must be" in refused(saved_run._leaf, "loss", onp.dtype("f8"), (2, 2), onp.zeros((2, 2)), 1)


def test_shapes_of_a_record_are_those_after_so_many_steps():
    for arrays, said in (
        (tree(past=history(loss=onp.ones(4))), "record/history/loss must be an array of float64 of shape (5,)"),
        (
            tree(past=history(validation=onp.ones(2))),
            "record/history/validation must be an array of float64 of shape (3,)",
        ),
        (
            tree(past={"loss": onp.ones(5)}),
            "record/history must be an object with loss, step, validation; got ['loss']",
        ),
        (tree(value=[1.0, 2.0]), "record/best_value must be an array of float64 of shape ()"),
        ({**tree(), "record": {}}, "record must be an object with best, best_value, history; got []"),
        ({**tree(), "more": 1}, "the run must be an object with optimizer, order, params, record; got"),
        (tree(order=[onp.arange(4)]), "order/0 must be an array of int64 of shape (3,)"),
    ):
        message = refused(saved_run.shapes, OWN, arrays, 5)
        assert message.startswith(said), (said, message)
    for best, said in (
        ([{"w": onp.ones(2)}] * 2, "record/best must be a list of at most one tree"),
        (3, "record/best must"),
    ):
        arrays = tree()
        arrays["record"]["best"] = best
        assert refused(saved_run.shapes, OWN, arrays, 5).startswith(said)
    arrays["record"]["best"] = [{"w": onp.ones(3)}]
    assert refused(saved_run.shapes, OWN, arrays, 5).startswith("record/best/0/w must be an array of float64")


def test_numbers_of_a_generator_beyond_what_it_can_have_are_refused():
    for key, most in (
        ("pos", 624),
        ("buffer_pos", 4),
        ("has_uint32", 1),
        ("uinteger", 2**32 - 1),
        ("state", 2**128 - 1),
    ):
        saved_run.generator(0, most, f"rng/{key}")
        said = f"rng/{key} must be a whole number from 0 to {most}; got"
        assert refused(saved_run.generator, 0, most + 1, f"rng/{key}").startswith(said)
        assert refused(saved_run.generator, 0, -1, f"rng/{key}").startswith(said)
    saved_run.generator({"inc": 7}, {"inc": 7}, "rng")
    said = "rng/inc must be 1, that of this generator: it never changes; got 7"
    assert refused(saved_run.generator, {"inc": 1}, {"inc": 7}, "rng") == said
    assert refused(saved_run.generator, "PCG64", "MT19937", "rng") == "rng must be 'PCG64'; got 'MT19937'"
    own = onp.zeros(3, onp.uint32)
    saved_run.generator(own, {"dtype": "<u4", "array": [0, 1, 2**32 - 1]}, "rng")
    for listed in ([0], [0, 0, 2**32], [0, 0, -1], [0, 0, True], "abc"):
        message = refused(saved_run.generator, own, {"dtype": "<u4", "array": listed}, "rng")
        assert message.startswith("rng/array must be 3 whole numbers of at most 4294967295; got")
    key = refused(saved_run.generator, onp.array([4, 5], "u8"), {"dtype": "<u8", "array": [4, 6]}, "rng")
    assert key == "rng/array must be [4, 5], those of this generator: they never change; got [4, 6]"
