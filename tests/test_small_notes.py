"""The notes of a report: what an accuracy hides, which directions lose their width without rows, and who is asked."""

from types import SimpleNamespace

import numpy as onp
import pytest

from nfscratch.check import notes

EPS = 2.0**-52


def trial_of(off, allowed, z=None, usable=None, accuracy=1e-5):
    """Rows whose way back is off by so much in the second variable."""
    z = onp.array([[0.5, 0.0]] * len(off) if z is None else z)
    back = z + onp.array([[0.0, d] for d in off])
    usable = onp.array([True] * len(off) if usable is None else usable)
    subject = SimpleNamespace(accuracy=accuracy, eps=EPS, bijection=None)
    return SimpleNamespace(subject=subject, usable=usable, z=z, back=(back, None), allowed=onp.array(allowed))


HIDES = "accuracy=1e-05 hides errors up to {} in z near 0; the largest there is {}"
BREAKS = "near 0 the round trip is off by {}: by more than accuracy=1e-05 says"


def test_an_accuracy_hides_errors_that_a_plot_shows():
    for off, allowed, words in (
        ([2e-6, 1e-6], [0.01, 0.2], HIDES.format("0.2", "2e-06")), ([0.0], [1e-3], HIDES.format("0.001", "0")),
        ([0.0], [0.9e-3], None), ([1e-6], [0.0], None),
    ):  # fmt: skip
        assert notes._of_accuracy(trial_of(off, allowed)) == ([words] if words else []), (off, allowed)
    with_more = trial_of([2e-6], [0.01], accuracy=0.25)
    assert notes._of_accuracy(with_more) == [
        "accuracy=0.25 hides errors up to 0.01 in z near 0; the largest there is 2e-06"
    ]


def test_a_round_trip_that_is_off_by_more_than_an_accuracy_says_is_told():
    for off, z, words in (
        ([2e-5], None, "2e-05"), ([-3e-5, 1e-6], None, "3e-05"), ([0.9e-5], None, None),
        ([2.5e-5], [[0.0, 2.5]], None), ([2.6e-5], [[-2.5, 0.0]], "1e-05"), ([2e-5], [[0.1, 0.1]], "2e-05"),
    ):  # fmt: skip
        found = notes._of_accuracy(trial_of(off, [0.0] * len(off), z))
        assert found == ([BREAKS.format(words)] if words else []), (off, z)
    exact = trial_of([0.25], [0.0], [[0.5, 0.0]], accuracy=0.25)
    assert notes._of_accuracy(exact) == []  # as much as it says


def test_rows_near_0_that_can_be_used_and_have_a_bound_are_looked_at():
    z = [[0.0, 1.0], [3.0, 0.0], [-3.01, 0.0], [0.0, 1.0], [0.0, 1.0]]
    usable = [True, True, True, False, True]
    allowed = [0.01, 0.02, 0.5, 0.5, onp.inf]
    found = notes._of_accuracy(trial_of([1e-6, 3e-6, 7.0, 7.0, 7.0], allowed, z, usable))
    assert found == [HIDES.format("0.02", "1e-06")]
    for each in range(2, 5):
        alone = trial_of([7.0], [allowed[each]], [z[each]], [usable[each]])
        assert notes._of_accuracy(alone) == []


def test_an_accuracy_of_rounding_itself_hides_nothing():
    for accuracy, told in ((0.0, 0), (EPS, 0), (1.5 * EPS, 1)):
        assert len(notes._of_accuracy(trial_of([1.0], [1.0], accuracy=accuracy))) == told
    assert notes._of_accuracy(trial_of([1.0], [1.0], usable=[False])) == []


def directions(**how):
    """A trial whose directions answer a batch of no rows in these ways; the others are right."""
    asked = []

    def direction(name):
        def call(a):
            asked.append((name, a.shape))
            a += 1  # it may write into what it is given
            return how[name](a) if name in how else (a, a.sum(axis=1))

        return call

    subject = SimpleNamespace(bijection=None, forward=direction("forward"), inverse=direction("inverse"))
    given = {"forward": onp.ones((3, 2)), "inverse": onp.zeros((3, 4))}
    return SimpleNamespace(subject=subject, input=given.__getitem__, asked=asked)


def fails(a):
    raise ValueError("something of its own")


def test_a_batch_of_no_rows_may_lose_its_width_and_a_note_says_in_which_directions():
    words = "a batch of no rows fails in {}: a reshape with -1, a list, np.vectorize or a max needs a row"
    reshape, listed = (lambda a: a.reshape(len(a), -1)), (lambda a: (onp.array([]), onp.array([])))
    for how, told in (
        ({}, None), ({"forward": reshape}, "forward"), ({"inverse": listed}, "inverse"),
        ({"forward": listed, "inverse": reshape}, "forward and inverse"), ({"forward": fails, "inverse": fails}, None),
        ({"forward": lambda a: (onp.zeros((0, 2)), onp.array([]))}, None),
    ):  # fmt: skip
        trial = directions(**how)
        assert notes._of_no_rows(trial) == ([words.format(told)] if told else []), how
        assert trial.asked == [("forward", (0, 2)), ("inverse", (0, 4))]


def test_a_look_is_made_of_plain_functions_for_its_letter_and_one_that_raises_says_nothing(monkeypatch):
    says = lambda words: lambda trial: [words]  # noqa: E731
    looks = (("S", says("1")), ("R", says("2")), ("E", fails), ("E", says("4")))
    monkeypatch.setattr(notes, "LOOKS", looks)
    plain, layer = (SimpleNamespace(subject=SimpleNamespace(bijection=b)) for b in (None, "a layer"))
    said = lambda trial, letters: [words[-1] for words in notes.notes_of(trial, letters, [], "")]  # noqa: E731
    assert [said(plain, letters) for letters in ("SRE", "E", "JS", "X")] == [["1", "2", "4"], ["4"], ["1"], []]
    assert said(layer, "SRE") == []
    left_out = notes.notes_of(plain, "SRE", ["J at D = 2", "E at D = 5", "J at D = 2"], "10 s are used up")
    assert left_out == ["left out, all or in part: J at D = 2, E at D = 5; 10 s are used up"]


@pytest.mark.parametrize("wide", [True, False])
def test_a_density_in_float64_is_told(wide, monkeypatch):
    monkeypatch.setattr(notes, "density_is_wide", lambda trial: wide)
    told = ["log_prob gives float64 where the map computes in float32"]
    assert notes._of_density("trial") == (told if wide else [])


def test_what_is_noted_for_which_letter():
    names = [(letter, look.__name__) for letter, look in notes.LOOKS]
    assert names == [("S", "_of_density"), ("R", "_of_accuracy"), ("E", "_of_no_rows"), ("E", "words_of_far_out")]
