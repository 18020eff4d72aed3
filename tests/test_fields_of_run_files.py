"""The judgement of each field of a run's file, at its bounds, with the words that name it."""

import numpy as onp
import pytest

from nfscratch.checkpoint.header import CheckpointError
from nfscratch.training import saved_run

ENDED = {"how": "DIVERGED", "step": 4, "evaluations": None, "loss": "2.5", "blamed": "the loss"}


def refused(words, judge, *args):
    with pytest.raises(CheckpointError) as caught:
        judge(*args)
    assert str(caught.value) == words


def test_counts_are_whole_numbers_in_their_range():
    for good in (0, 3, 7):
        saved_run._count("step", good, 7)
    saved_run._count("step", 2**62)
    refused("step must be a whole number from 0 to 7; got 8", saved_run._count, "step", 8, 7)
    refused("step must be a whole number from 0 to 7; got -1", saved_run._count, "step", -1, 7)
    refused("step must be a whole number from 0 to 7; got True", saved_run._count, "step", True, 7)
    refused("step must be a whole number from 0 to 7; got 1.0", saved_run._count, "step", 1.0, 7)


def test_objects_have_their_keys_and_no_other():
    saved_run._keys("run", {"b": 1, "a": 2}, ("a", "b"))
    refused("run must be an object with a, b; got ['a']", saved_run._keys, "run", {"a": 1}, ("b", "a"))
    refused("run must be an object with a; got 5", saved_run._keys, "run", 5, ("a",))


def test_trees_are_alike_in_every_shape_and_dtype():
    own = {"a": [onp.ones((2, 3)), onp.ones(4, dtype="f4")], "b": {}}
    saved_run._alike("params", own, {"a": [onp.zeros((2, 3)), onp.zeros(4, dtype="f4")], "b": {}})
    for theirs, place in (
        (
            {"a": [onp.ones((3, 2)), onp.ones(4, dtype="f4")], "b": {}},
            "params/a/0 must be an array of float64 of shape (2, 3)",
        ),
        ({"a": [onp.ones((2, 3)), onp.ones(4)], "b": {}}, "params/a/1 must be an array of float32 of shape (4,)"),
        ({"a": [onp.ones((2, 3)), 1.0], "b": {}}, "params/a/1 must be an array of float32"),
        ({"a": [onp.ones((2, 3))], "b": {}}, "params/a must be 2 entries"),
        ({"a": 3, "b": {}}, "params/a must be 2 entries"),
        ({"a": [], "b": {}, "c": 1}, "params must be an object with a, b"),
        ({"a": [onp.ones((2, 3)), onp.ones(4, dtype="f4")], "b": []}, "params/b must be an object with "),
    ):
        with pytest.raises(CheckpointError) as caught:
            saved_run._alike("params", own, theirs)
        assert str(caught.value).startswith(place)


def test_a_leaf_has_its_number_of_axes():
    saved_run._leaf("loss", onp.dtype("f8"), (3,), onp.ones(3), 1)
    saved_run._leaf("loss", onp.dtype("f8"), None, onp.ones(()))
    for got in (onp.ones(4), onp.ones(3, dtype="f4"), 3.0):
        with pytest.raises(CheckpointError, match=r"loss must be an array of float64 of shape \(3,\); got"):
            saved_run._leaf("loss", onp.dtype("f8"), (3,), got, 1)
    with pytest.raises(CheckpointError):
        saved_run._leaf("loss", onp.dtype("f8"), (3, 1), onp.ones((3, 1)), 1)


def test_an_ending_has_the_numbers_that_belong_to_it():
    saved_run._ending(None, 3)
    saved_run._ending(ENDED, 3)  # the step that diverged is the one after
    saved_run._ending({**dict.fromkeys(ENDED), "how": "STOPPED", "step": 3}, 3)
    saved_run._ending({**dict.fromkeys(ENDED), "how": "EARLY_STOPPING", "step": 3, "evaluations": 4}, 3)
    for change, words in (
        ({"step": 5}, "run/record/ended/step must be 4, by the steps that were done; got 5"),
        ({"evaluations": 3}, "run/record/ended/evaluations must be null where it is DIVERGED; got 3"),
        ({"blamed": "a\x1b[2J"}, r"run/record/ended/blamed must be free of control characters; got 'a\x1b[2J'"),
        (
            {"how": "STOPPED", "step": 3, "loss": None},
            "run/record/ended/blamed must be null where it is STOPPED; got 'the loss'",
        ),
        ({"step": None}, "run/record/ended/step must be a whole number; got None"),
        ({"blamed": None}, "run/record/ended/blamed must be a text; got None"),
        ({"loss": 2.5}, "run/record/ended/loss must be a text; got 2.5"),
        ({"loss": "much"}, "run/record/ended/loss must be a number as text; got 'much'"),
        ({"loss": "2.50"}, "run/record/ended/loss must be a number as text; got '2.50'"),
        (
            {"how": "ALL_STEPS"},
            "run/record/ended/how must be one of EARLY_STOPPING, DIVERGED, STOPPED; got 'ALL_STEPS'",
        ),
        (
            {"how": ["STOPPED"]},
            "run/record/ended/how must be one of EARLY_STOPPING, DIVERGED, STOPPED; got ['STOPPED']",
        ),
    ):
        refused(words, saved_run._ending, {**ENDED, **change}, 3)
    assert saved_run._is_float("nan") and saved_run._is_float("1e-05") and not saved_run._is_float("1e-5")


def test_the_state_of_a_generator_has_the_form_of_its_own():
    own = onp.random.Generator(onp.random.MT19937(0)).bit_generator.state
    theirs = {**own, "state": {"key": {"dtype": "<u4", "array": own["state"]["key"].tolist()}, "pos": 624}}
    saved_run.generator(own, theirs, "rng")
    refused(
        "rng/state/pos must be a whole number from 0 to 624; got 625",
        *(saved_run.generator, own, {**theirs, "state": {**theirs["state"], "pos": 625}}, "rng"),
    )
    with pytest.raises(CheckpointError, match="rng/bit_generator must be 'MT19937'; got"):
        saved_run.generator(own, {**theirs, "bit_generator": "PCG64"}, "rng")
    own = onp.random.default_rng(0).bit_generator.state
    saved_run.generator(own, own, "rng")
    for place, key, most in (("state", "state", 2**128 - 1), (None, "has_uint32", 1), (None, "uinteger", 2**32 - 1)):
        for value, fits in ((most, True), (most + 1, False), (-1, False)):
            changed = {**own, key: value} if place is None else {**own, place: {**own[place], key: value}}
            if fits:
                saved_run.generator(own, changed, "rng")
            else:
                with pytest.raises(CheckpointError, match=f"{key} must be a whole number from 0 to {most}; got"):
                    saved_run.generator(own, changed, "rng")
    with pytest.raises(
        CheckpointError,
        match=f"rng/state/inc must be {own['state']['inc']}, that of this generator: it never changes; got 4",
    ):
        saved_run.generator(own, {**own, "state": {**own["state"], "inc": 4}}, "rng")


def test_arrays_in_json_are_whole_numbers_of_their_dtype():
    own = onp.arange(3, dtype="u4")
    saved_run._array(own, {"dtype": "<u4", "array": [0, 5, 2**32 - 1]}, "key")
    for listed in ([0, 5, 2**32], [0, 5], [0, 5, -1], [0, 5, True], [0, 5, 1.0], (0, 5, 1)):
        with pytest.raises(CheckpointError, match="key/array must be 3 whole numbers of at most 4294967295; got"):
            saved_run._array(own, {"dtype": "<u4", "array": listed}, "key")
    with pytest.raises(CheckpointError, match="key/dtype must be <u4; got"):
        saved_run._array(own, {"dtype": "<u8", "array": [0, 1, 2]}, "key")


def test_the_best_validation_is_that_of_its_step():
    steps, values = onp.array([0, 10, 20]), onp.array([3.0, 1.0, onp.nan])
    assert saved_run._lowest(steps, values, 10) == 1.0
    for other in (0, 20):
        words = f"record/history/validation must be lowest at the best step, {other}; got 1.0"
        refused(words, saved_run._lowest, steps, values, other)
    refused("run/record/best_step must be a step of the history; got 15", saved_run._lowest, steps, values, 15)
    assert saved_run._is_permutation(onp.array([2, 0, 1])) and not saved_run._is_permutation(onp.array([2, 0, 2]))


def test_trained_numbers_are_finite_and_stored_ones_as_those_of_a_new_run():
    own = {"a": onp.array([1.0, onp.inf])}
    saved_run._finite("params", {"a": onp.array([2.0, onp.nan])}, own)
    refused(
        "params/a must be finite numbers; got 'NaN or infinity'",
        *(saved_run._finite, "params", {"a": onp.array([onp.nan, 1.0])}, own),
    )
