"""The text and the data of one failure: what was found, what it should be, and where."""

from types import SimpleNamespace

import numpy as onp

from nfscratch.check.finding import Finding, Symptom
from nfscratch.check.message import SHOWN, Case, counter_example, message

Z = onp.array([[1.0, 2.0], [3.0, 4.0]])
PARAMS = object()


def case_of(dtype="float64", dim=2, error=0.5, tolerance=1e-6, at="", symptom=None, evidence=None):
    trial = SimpleNamespace(subject=SimpleNamespace(dtype=onp.dtype(dtype), params=PARAMS))
    return Case(dim, trial, Finding("R", "round trip", error, tolerance, at, symptom=symptom, evidence=evidence))


def lines(letter="R", others=(), change="", **given):
    found = message(letter, "the name", "a hint", case_of(**given), list(others), change).split("\n")
    assert found[0] == f"{letter}  the name" and found[-1] == "      Hint: a hint"
    return found[1:-1]


def test_a_failure_says_what_is_off_and_where():
    found, where = lines(at="z = [3, 4]")
    assert (found, where) == (
        "      found: round trip, off by 0.5; allowed 1e-06", "      at z = [3, 4]   (D = 2)",
    )  # fmt: skip
    assert lines(error=0.123456, tolerance=0.25)[0] == "      found: round trip, off by 0.12; allowed 2e-01"
    assert lines(tolerance=0.0)[0] == "      checked: round trip"


def test_where_a_failure_stands_has_its_dimension_its_dtype_and_the_others():
    for given, words in (
        ({}, "any input   (D = 2)"), ({"evidence": {"z": Z}}, "any input   (D = 2)"),
        ({"evidence": {"row": 1}}, "the points tried   (D = 2)"),
        ({"evidence": {"row": 1}, "at": "z = 1"}, "z = 1   (D = 2)"), ({"dim": (1, 2)}, "any input   (D = (1, 2))"),
        ({"dtype": "float32"}, "any input   (D = 2, float32)"),
        ({"others": ["5"]}, "any input   (D = 2; also at D = 5)"),
        ({"others": ["5", "6"], "dtype": "float32"}, "any input   (D = 2, float32; also at D = 5, 6)"),
    ):  # fmt: skip
        assert lines(**given)[1] == f"      at {words}", given


def test_what_came_stands_beside_what_should_have_come():
    for yours, expected, row, words in (
        (onp.array([0.5, -1.25]), onp.array([2.0, 3.0]), 1, "yours -1.2500   should be +3.0000   (round trip)"),
        (Z, Z + 0.123456, 0, "yours [1, 2]   should be [1.123, 2.123]   (round trip)"),
        (onp.ones((1, 6)), onp.ones((1, 7)), 0, "yours [1, 1, 1, 1, 1, 1]   should be [1, 1, 1, 1, 1, 1, ...]   "
         "(round trip)"), (onp.arange(4.0).reshape(1, 2, 2), Z[:1], 0, "yours [0, 1, 2, 3]   should be [1, 2]   "
         "(round trip)"),
    ):  # fmt: skip
        evidence = {"yours": yours, "expected": expected, "row": row, "bad": True}
        assert lines(evidence=evidence)[0] == f"      {words}"
        assert lines(evidence={"yours": yours})[0].startswith("      found")
        assert lines(evidence={"expected": yours, "row": 0})[0].startswith("      found")
    truths = {"yours": onp.array([True, False]), "expected": onp.array([False, False])}
    assert lines(evidence=truths)[0] == "      yours [1, 0]   should be [0, 0]   (round trip)"
    single = {"yours": 3.0, "expected": onp.float64(-2)}
    assert lines(evidence=single)[0] == "      yours +3.0000   should be -2.0000   (round trip)"


def test_what_stands_for_one_event_is_shown_whole_unless_every_row_was_judged():
    event = {"yours": onp.array([5.0, 6.0]), "expected": onp.array([7.0, 8.0]), "row": 1}
    assert lines(evidence=event)[0] == "      yours [5, 6]   should be [7, 8]   (round trip)"
    assert lines(evidence=event | {"bad": True})[0] == "      yours +6.0000   should be +8.0000   (round trip)"


def test_the_jacobian_of_the_row_is_shown_for_the_letters_of_log_det():
    J = onp.stack([onp.eye(2), 2 * onp.eye(2)])
    title = "      the numeric Jacobian there, dx_i/dz_j:"
    rows = ["          +2.0000    +0.0000", "          +0.0000    +2.0000"]
    for letter in "XJ":
        assert lines(letter, evidence={"J": J, "row": 1})[2:] == [title, *rows]
        claimed = lines(letter, evidence={"J": J, "J_claimed": J + onp.eye(2), "row": 1})
        assert "(yours +3.0000)" in claimed[3] and "(yours +3.0000)" in claimed[4]
        for evidence in ({}, {"row": 1}, {"J": J[0], "row": 1}, {"J": None, "row": 1}):
            assert len(lines(letter, evidence=evidence)) == 2, evidence
    for letter in "RSD":
        assert len(lines(letter, evidence={"J": J, "row": 1})) == 2


def test_what_would_mend_it_stands_before_the_hint():
    assert lines(change="write - for +")[-1] == "      write - for +" and len(lines(change="write - for +")) == 3
    J = {"J": onp.ones((1, 2, 2)), "row": 0}
    assert lines("J", evidence=J, change="write - for +")[-1] == "      write - for +"


def test_a_counter_example_has_its_row_of_what_is_shown():
    J = onp.stack([onp.eye(2), 2 * onp.eye(2)])
    evidence = {
        "z": Z, "x": Z + 1, "yours": Z[0], "expected": Z, "J": J, "J_claimed": J + 1, "integral": onp.array([1.0, 2.0]),
        "raised": onp.array(["a", "b"]), "function": onp.array(["f", "g"]), "row": 1, "rows": Z, "symbol": "z",
    }  # fmt: skip
    found = counter_example(case_of("float32", 3, 0.5, 1e-3, symptom=Symptom.LEAK, evidence=evidence))
    own = {"dim": 3, "dtype": "float32", "error": 0.5, "tolerance": 1e-3, "params": PARAMS, "symptom": Symptom.LEAK}
    assert {name: found.pop(name) for name in own} == own and set(found) == set(SHOWN)
    shown = {name: onp.asarray(value).tolist() for name, value in found.items()}
    assert shown == {
        "z": [3, 4], "x": [4, 5], "yours": [1, 2], "expected": [[1, 2], [3, 4]], "J": [[2, 0], [0, 2]],
        "J_claimed": [[3, 1], [1, 3]], "integral": [1, 2], "raised": ["a", "b"], "function": ["f", "g"],
    }  # fmt: skip
    judged = counter_example(case_of(evidence=evidence | {"bad": onp.ones(2)}))
    assert (judged["yours"], judged["expected"].tolist()) == (2.0, [3, 4]) and "bad" not in judged
    assert set(counter_example(case_of())) == set(own) and counter_example(case_of())["dtype"] == "float64"


def test_what_is_no_array_of_so_many_rows_is_told_whole():
    for value in (Z[:1], onp.float64(3.0), [[1.0], [2.0]], "words", onp.array(5.0)):
        assert counter_example(case_of(evidence={"z": value, "row": 1}))["z"] is value
    assert counter_example(case_of(evidence={"z": Z}))["z"].tolist() == [1, 2]  # the first where none is named
