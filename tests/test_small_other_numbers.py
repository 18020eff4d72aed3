"""Whether a change also holds with other numbers than those that a file states: which count, and what is asked then."""

from contextlib import contextmanager
from types import SimpleNamespace

import numpy as onp

from nfscratch.check.repair import other_numbers
from nfscratch.check.repair.live_code import TooLong


def numbers(monkeypatch, exchanges, **screen):
    """OtherNumbers of these exchanges: (stands, undoes) of each."""
    given = {"lines": 7, "met": "met", "spent": 0, "subject": SimpleNamespace(dim=3)}
    made, state = SimpleNamespace(**(given | screen)), {}
    made._forward = lambda: ("x", "log_det")

    @contextmanager
    def exchanged(k, stands):
        state["now"] = k
        yield stands

    made._undone = lambda x: x == "x" and exchanges[state["now"]][1] and set(onp.geterr().values()) == {"ignore"}
    asked = []

    def within(call, most, met):
        asked.append((most, met))
        return call(), 11

    monkeypatch.setattr(other_numbers, "within", within)
    monkeypatch.setattr(other_numbers, "stated_numbers", lambda reached: [
        (lambda k=k, stands=stands: exchanged(k, stands)) for k,
        (stands, _) in enumerate(exchanges)] if reached == "reached" else [])  # fmt: skip
    with onp.errstate(all="warn"):
        found = other_numbers.OtherNumbers("reached", made)
    return found, state, asked


def kept(monkeypatch, exchanges):
    found, state, _ = numbers(monkeypatch, exchanges)
    places_of = []
    for each in found.exchanged:
        with each():
            places_of.append(state["now"])
    return places_of


def test_a_number_counts_with_which_the_round_trip_stays(monkeypatch):
    yes, no = (True, True), (True, False)
    assert kept(monkeypatch, [yes, no, (False, True), yes]) == [0, 3] and kept(monkeypatch, [yes] * 9) == list(range(8))
    assert kept(monkeypatch, [no] * 15 + [yes, yes]) == [15]
    _, _, asked = numbers(monkeypatch, [yes])
    assert asked == [(other_numbers.SLOWER * 7 + 1000, "met")]

    found, _, _ = numbers(monkeypatch, [yes])
    for error in (ZeroDivisionError(), SystemExit(), TooLong()):

        def raises(call, most, met, error=error):
            raise error

        monkeypatch.setattr(other_numbers, "within", raises)
        assert found._undoes() is False and found._holds() is True


def test_a_change_holds_with_all_numbers_that_count(monkeypatch):
    found, state, asked = numbers(monkeypatch, [(True, True)] * 3)
    for wrong, stands, said in ((None, True, True), (0, True, False), (2, True, False), (2, False, True)):
        monkeypatch.setattr(other_numbers.OtherNumbers, "_holds", lambda self, wrong=wrong: state["now"] != wrong)

        def exchange(k, stands=stands):
            @contextmanager
            def of_one():
                state["now"] = k
                yield stands

            return of_one

        found.exchanged = [exchange(k) for k in range(3)]
        assert found.hold() is said, (wrong, stands)
    assert asked


def test_a_log_det_is_asked_again_within_a_number_of_lines(monkeypatch):
    found, _, asked = numbers(monkeypatch, [])
    for said in (True, False):
        quiet = []
        found._agrees = lambda said=said, quiet=quiet: quiet.append(set(onp.geterr().values())) or said
        with onp.errstate(all="warn"):
            assert found._holds() is said and quiet == [{"ignore"}]
    assert asked == [(other_numbers.SLOWER * 13 * 7 + 1000, "met")] * 2 and found.screen.spent == 22


def test_a_log_det_agrees_at_all_points_but_one(monkeypatch):
    true, near = onp.array([0.5, 10.0, -20.0, 3.0, onp.nan]), 1e-5
    monkeypatch.setattr(
        other_numbers,
        "log_dets_by_differences",
        lambda of, direction, at: true if (of, direction, at) == ("of", "forward", "at") else None,
    )
    found = object.__new__(other_numbers.OtherNumbers)
    for off, said in (
        ([0, 0, 0, 0, 9], True), ([1.1e-4, 0, 0, 0, 0], True), ([1.1e-4, 1.1e-3, 0, 0, 0], False),
        ([1.1e-4, 0.9e-3, 0, 0, 0], True),
        ([0.9e-4, 1.1e-3, 0, 0, 0], True), ([0, 1.1e-3, -2.1e-3, 0, 0], False), ([0, 1.1e-3, -1.9e-3, 0, 0], True),
        ([0, 5, 5, 5, 0], False),
    ):  # fmt: skip
        found.screen = SimpleNamespace(
            _call=lambda off=off: ("y", true + off), of="of", direction="forward", at="at", near=near
        )
        assert found._agrees() == said, off
