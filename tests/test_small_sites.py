"""Where a term may be added to a log_det, with which sign it arrives there, and how near a whole number is one."""

import ast
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as onp
from by_hand import scope_of, texts
from hand_made_screens import ERRORS, MOST, Z, screen_of, watched

from nfscratch.check.repair import missing
from nfscratch.check.repair.edit import places, source
from nfscratch.check.repair.screens import OfLogDet


class Statement:
    """The lines of a function; it notes as what it is asked to run."""

    def __init__(self, text, refuses=False):
        self.tree, self.file, self.refuses, self.seen = ast.parse(text).body[0], "f.py", refuses, []

    @contextmanager
    def edited(self):
        if self.refuses:
            raise ValueError("none")
        self.seen.append(source(self.tree.body[-1]))
        yield


TEXT = "def f(z):\n    a = 2 * s\n    return z, a + np.sum(b)"


def sites(monkeypatch, lines, module=True):
    statement = Statement(TEXT)
    scope = scope_of(module={"np": onp} if module else {}, pool=["s", "f(s)", "np.exp(s)"], s=1.0)
    met = [(statement, place, scope) for place in places(statement.tree)]
    monkeypatch.setattr(missing, "met_places", lambda *of: met if of == ("statements", "reached", True) else [])
    return missing._sites("statements", "reached", lines)


def test_a_site_is_a_whole_term_at_a_line_that_may_be_wrong(monkeypatch):
    """Its operands are itself, and what calls nothing that the run did not come to."""
    found = sites(monkeypatch, {"f.py": {2, 3}})
    assert [site.texts for site in found] == [[text, "s", "np.exp(s)"] for text in ("2 * s", "z", "a + np.sum(b)")]
    assert [eval(code, {"np": onp, "s": 0.0}) for code in found[0].codes] == [0.0, 0.0, 1.0] and found[0].np == "np"
    assert (found[0].runs, found[0].shape, found[0].sums, found[0].own, found[0].sign) == (0, (), {}, 0.0, 1.0)
    assert [site.texts[0] for site in sites(monkeypatch, {"f.py": {2}})] == ["2 * s"]
    assert sites(monkeypatch, {"g.py": {2, 3}}) == sites(monkeypatch, {"f.py": {2, 3}}, module=False) == []


def sign(monkeypatch, log_det, y=Z, error=None, refuses=False):
    statement = Statement(TEXT, refuses)
    place = next(p for p in places(statement.tree) if source(p.node) == "a + np.sum(b)")
    screen = screen_of(OfLogDet, y=Z, claim=onp.array([1.0, 2.0, 3.0]))
    screen._call = lambda: (y, screen.claim + onp.array(log_det))
    with watched(monkeypatch, missing, error) as asked, onp.errstate(all="ignore"):
        found = missing._sign(SimpleNamespace(place=place, statement=statement), screen)
    assert (
        statement.seen == ([] if refuses else ["return (z, a + np.sum(b) + 0.015625)"])
        and source(place.node) == "a + np.sum(b)"
    )
    assert asked == ([] if refuses else [(MOST, "met")])
    return found, screen.spent


def test_the_sign_with_which_a_log_det_has_what_is_added(monkeypatch):
    for log_det, said in (
        ([0.1, 0.1, 0.1], 1.0),
        ([-0.1, -0.1, -0.1], -1.0),
        ([0, 0, 0], 0.0),
        ([0.3, -0.1, -0.1], 1.0),
        ([0.1, 0.1, -0.3], -1.0),
    ):
        assert sign(monkeypatch, log_det) == (said, 111), log_det
    assert sign(monkeypatch, [0.1] * 3, y=Z + 1) == (0.0, 111)
    assert sign(monkeypatch, [0.1] * 3, refuses=True) == (0.0, 100)
    for error in ERRORS:
        assert sign(monkeypatch, [0.1] * 3, error=error) == (0.0, 100)


def test_a_whole_number_of_times_up_to_a_bound_that_is_none_itself(monkeypatch):
    monkeypatch.setattr(missing, "FIT", 0.25)
    for times, said in ((2.0, True), (2.1875, True), (2.25, False), (1.75, False), (1.8125, True), (1.25, False)):
        assert missing._is_multiple(onp.array([times]), [1.0]) is said, times
    apart = [(onp.array([2.0, 2.25]), False), (onp.array([2.0, 2.125]), True)]
    assert all(missing._is_multiple(true, [1.0, 1.0]) is said for true, said in apart)


def test_the_operands_of_a_site_are_read_as_they_stand():
    found = missing._term(
        missing.Site(
            None,
            SimpleNamespace(node=ast.parse("\n\nc").body[0].value),
            "np",
            ["c", "a + b"],
            [],
            shape=(3,),
            shapes={1: (3,)},
        ),
        1,
        "itself",
        3,
    )
    assert texts([found]) == ["a + b"] and {n.lineno for n in ast.walk(found) if hasattr(n, "lineno")} == {3}
