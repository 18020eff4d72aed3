"""Which checks a letter makes, at which trials and in which order."""

from types import SimpleNamespace

import pytest

from nfscratch.check import battery
from nfscratch.check.draws import Group

GROUP = Group(2, ["t0", "t1", "t2"], ["s0", "s1"], ["c"], ["m"])
ALL, SINGLES = ["t0", "t1", "t2"], ["s0", "s1"]


def looks(letter, letters="SJ"):
    """(trial, the check's name, what it is given) of each."""
    found = battery.checks_of(letter, GROUP, "the rng", letters)
    plain = [(trial, getattr(check, "func", check).__name__, getattr(check, "keywords", {})) for trial, check in found]
    assert all(not getattr(check, "args", ()) for _, check in found)
    return plain


def test_a_letter_looks_at_its_trials_in_the_dtypes_that_it_depends_on():
    """Bounded parameters too where shapes are looked at; float32 where its rounding makes a difference."""
    for letter, trials, name in (
        ("S", ["c", *ALL, *SINGLES], "check_shapes"), ("P", ALL, "check_purity"), ("I", ALL, "check_independence"),
        ("R", [*ALL, *SINGLES], "check_round_trip"), ("X", [*ALL, *SINGLES], "check_log_dets_cancel"),
        ("N", ["c"], "check_integral"),
    ):  # fmt: skip
        assert looks(letter) == [(trial, name, {}) for trial in trials], letter
    for letter, trials, name in (
        ("E", ["t0", "t1", "s0"], "check_edges"), ("G", ["t0", "t1", "s0"], "check_gradients"),
        ("O", ALL, "check_onto"), ("K", ["c"], "check_samples"),
    ):  # fmt: skip
        assert looks(letter) == [(trial, name, {"rng": "the rng"}) for trial in trials], letter


@pytest.mark.parametrize(("letters", "finite_only"), [("SJ", True), ("RJ", False)])
def test_j_goes_on_with_finite_rows_where_s_tells_of_the_others(letters, finite_only):
    wanted = []
    for trial in ("c", *ALL):
        wanted += [
            (trial, "check_jacobian", {"finite_only": finite_only, "direction": direction})
            for direction in ("forward", "inverse")
        ]
        wanted.append((trial, "check_closed_form", {}))
    assert looks("J", letters) == wanted


def test_d_looks_at_the_definition_in_float64_and_at_both_samplers_in_both_dtypes():
    definition = [(trial, "check_definition", {}) for trial in ("c", *ALL)]
    joint = [(trial, "check_joint", {"rng": "the rng"}) for trial in ("c", *ALL, *SINGLES)]
    assert looks("D") == definition + joint


@pytest.mark.parametrize(("bijection", "structure", "check"), [
    (None, None, "undeclared"), (None, "dense", "declared"), ("a layer", None, "declared"),
    ("a layer", "dense", "declared"),
])  # fmt: skip
def test_t_looks_at_all_trials_at_once_and_by_itself_where_nothing_is_declared(
    bijection, structure, check, monkeypatch
):
    monkeypatch.setattr(battery, "check_undeclared", lambda trials: ("undeclared", trials))
    monkeypatch.setattr(battery, "check_structure", lambda trials: ("declared", trials))
    first, second, moved = (SimpleNamespace(subject=SimpleNamespace(bijection=b, structure=s)) for b, s in (
        (bijection, structure), (object(), object()), (object(), object())
    ))  # fmt: skip
    ((trial, look),) = battery.checks_of("T", Group(2, [first, second], ["s"], ["c"], [moved]), None, "T")
    assert trial is first and look("anything") == (check, [first, second, moved])
