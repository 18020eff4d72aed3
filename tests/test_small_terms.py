"""Terms that a log_det lacks: which of them stand in the place of what is there, and which values a statement has."""

import ast
from types import SimpleNamespace

import numpy as onp
import pytest

from nfscratch.check.repair import missing
from nfscratch.check.repair.edit import source


def site(node, *texts, sign=1.0, own=0.0):
    place = SimpleNamespace(node=ast.parse(node, mode="eval").body)
    found = missing.Site(None, place, "np", [node, *texts], [])
    found.shape, found.shapes, found.sign, found.own = (3,), dict.fromkeys(range(1, 9), (3,)), sign, own
    return found


def made(found, *parts):
    new = missing._with_terms(found, [(k, "itself", factor) for k, factor in parts], 3)
    return new if new is None else source(ast.fix_missing_locations(new))


def test_a_term_in_the_place_of_one_that_it_takes_back():
    assert (
        made(site("-c", "c", "b"), (1, 1.0), (2, 1.0)) == "b" and made(site("c", "-c", "b"), (1, 1.0), (2, 1.0)) != "b"
    )
    assert made(site("c", "c", "b"), (1, -1.0), (2, 2.0)) == "2 * b" and made(site("c", "c", "b"), (1, 1.0)) == "c + c"
    assert made(site("c", "c", "b"), (1, 2.0)) is None and made(site("c", "c", "b"), (2, 2.0)) == "c + 2 * b"
    assert made(site("c", "c", "b"), (2, 0.5), (1, -1.0)) == "c + 0.5 * b - c"  # the first alone takes its place


def test_a_log_det_that_is_minus_what_is_added_has_the_other_signs():
    assert (
        made(site("c", "a", sign=-1.0), (1, 1.0)) == "c - a"
        and made(site("c", "a", sign=-1.0), (1, -2.0)) == "c + 2 * a"
    )
    assert made(site("c", "c", "b", sign=-1.0), (1, 1.0), (2, 1.0)) == "-b"


def test_an_operand_that_is_minus_what_is_added_in_numbers():
    found = site("c", "d", "b", own=onp.array([1.0, 2.0, 3.0]))
    for off, minus in ((0.0, True), (1.9e-6, True), (2.1e-6, False)):
        found.sums = {(1, "itself"): onp.array([1.0 + off, 2.0, 3.0])}
        assert missing._is_minus(found, (1, "itself"), -1.0) is minus
        assert made(found, (1, -1.0), (2, 1.0)) == ("b" if minus else "c - d + b")
    assert not missing._is_minus(found, (1, "itself"), 1.0) and not missing._is_minus(found, (2, "itself"), -1.0)
    assert not missing._is_minus(found, (1, "log"), -1.0)


@pytest.mark.parametrize(("times", "is_one"), [
    (2.0, True), (3.0, True), (1.0, False), (-2.0, False), (2.5, False), (2.0 + 0.9e-6, True), (2.0 + 1.1e-6, False),
    (0.0, False), (onp.array([2.0, 2.0, 3.0]), False),
])  # fmt: skip
def test_a_log_det_that_is_a_whole_number_of_times_too_small(times, is_one):
    claim = onp.array([1.0, 2.0, -3.0])
    assert missing._is_multiple(times * claim, claim.tolist()) is is_one


def test_the_simplest_terms_that_fit_are_tried(monkeypatch):
    """Sorted by how complicated they are; those of a statement without a sign are not looked at."""
    one, none = (SimpleNamespace(sign=0.0, name=name, statement=name) for name in ("one", "none"))
    one.place = SimpleNamespace(exchanged=lambda new: new)
    monkeypatch.setattr(missing, "_sites", lambda *of: [one, none])
    monkeypatch.setattr(missing, "_sign", lambda site, screen: 1.0 if site is one else 0.0)
    monkeypatch.setattr(missing, "_watch", lambda sites, screen, n: seen.append((sites, n)))
    monkeypatch.setattr(missing, "_with_terms", lambda site, parts, n: None if parts == 7 else parts)
    fits = [((k % 3, k), one, k) for k in range(20)]
    monkeypatch.setattr(
        missing,
        "_fits",
        lambda site, error, close, factors: (seen.append(([round(v, 9) for v in close], factors)), fits)[1],
    )
    seen, screen = [], SimpleNamespace(true=onp.array([1.0, 2.0, 4.0]), claim=[0.0, 1.0, 2.5], near=1e-5)
    found = [parts for _, _, parts in missing.missing_terms([], None, {}, screen)]
    order = sorted(fits, key=lambda fit: fit[0])[: missing.TRIED]
    assert found == [parts for *_, parts in order if parts != 7] and seen[0] == ([one], 3)
    assert seen[1] == ([2e-6, 3e-6, 5e-6], missing.FACTORS)
    screen.claim, screen.near = [0.5, 1.0, 2.0], 1e-3
    assert list(missing.missing_terms([], None, {}, screen)) and seen[3] == ([2e-4, 3e-4, 5e-4], (1.0, -1.0))
    for claim in ([0.5, 1.0], [onp.nan, 1.0, 2.0], [[0.5, 1.0, 2.0]]):
        screen.true = onp.array([1.0, 2.0, 4.0][: len(claim)] if len(claim) > 1 else [[1.0, 2.0, 4.0]])
        screen.claim = claim
        assert list(missing.missing_terms([], None, {}, screen)) == []


def test_a_statement_is_watched_once_for_each_of_its_runs(monkeypatch):
    """A line of several lines is met again within it, and so is a return."""
    looked = []
    place = SimpleNamespace(statement=SimpleNamespace(lineno=5, end_lineno=7))
    one = SimpleNamespace(statement=SimpleNamespace(file="f.py"), place=place, runs=0, codes=[1, 2])
    one.look = lambda frame, n: looked.append((frame.f_lineno, n))
    frame, other = (SimpleNamespace(f_code=SimpleNamespace(co_filename=name), f_lineno=0) for name in ("f.py", "g.py"))

    def within(call, most, look):
        for each, line in (
            (frame, 4),
            (frame, 5),
            (frame, 6),
            (frame, 5),
            (other, 5),
            (frame, 8),
            (frame, 5),
            (frame, 5),
        ):
            each.f_lineno = line
            look(each)

    monkeypatch.setattr(missing, "within", within)
    missing._watch([one], SimpleNamespace(_call=None), 3)
    assert looked == [(5, 3), (5, 3)]
    one.runs = missing.MOST_RUNS
    missing._watch([one], SimpleNamespace(_call=None), 3)
    assert len(looked) == 2
    one.runs, one.codes = 0, [0] * missing.MOST_VALUES
    missing._watch([one], SimpleNamespace(_call=None), 3)
    assert len(looked) == 3
