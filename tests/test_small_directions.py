"""Where a change may mend something: the lines of the direction, and of the layers, that are wrong."""

from types import SimpleNamespace

import numpy as onp
import pytest

from nfscratch.check.letters import directional
from nfscratch.check.repair import ways
from nfscratch.check.repair.screens import OfAll, OfLogDet, OfRoundTrip
from nfscratch.check.repair.ways import Ways

REACHED, FORWARD, INVERSE = ({"f.py": set(lines), "g.py": {9}} for lines in ((1, 2, 3, 4), (1, 2), (2, 3)))


@pytest.fixture
def where(monkeypatch):
    """wrong(kind, failed, ...): the lines where a change may mend something, and which layers were asked for."""

    def wrong(kind, failed=(), x=1, direction="", of_layers=None):
        asked = []
        monkeypatch.setattr(
            ways, "lines_of_wrong_layers", lambda trial, direction: (asked.append(direction), of_layers)[1]
        )
        screen = object.__new__(kind)
        screen.x, screen.direction = x, direction
        made = Ways("trial", screen, set(failed), SimpleNamespace(lines=REACHED))
        made._met = {"forward": FORWARD, "inverse": INVERSE}.get
        return made.wrong, asked

    return wrong


def test_the_lines_where_a_change_may_mend_something(where):
    assert where(OfAll, {"J forward"}) == (REACHED, []) and where(OfRoundTrip, {"J forward"}, x=None) == (REACHED, [])
    assert where(OfLogDet, direction="inverse") == (INVERSE, ["inverse"])
    assert where(OfLogDet, {"J forward"}, direction="inverse") == (INVERSE, ["inverse"])
    assert where(OfRoundTrip, {"R", "J forward"}) == (FORWARD, [""])
    assert where(OfRoundTrip, {"R", "J inverse"}) == (INVERSE, [""])
    assert where(OfRoundTrip, {"R"}) == where(OfRoundTrip, {"R", "J forward", "J inverse"}) == (REACHED, [""])


def test_the_lines_of_layers_that_are_wrong_by_themselves(where):
    layers = {"f.py": {2, 3, 7}}
    assert where(OfRoundTrip, {"R"}, of_layers=layers)[0] == {"f.py": {2, 3}, "g.py": set()}
    assert where(OfLogDet, direction="forward", of_layers=layers)[0] == {"f.py": {2}, "g.py": set()}
    assert where(OfRoundTrip, {"R"}, of_layers={})[0] == {"f.py": set(), "g.py": set()}


def test_lines_that_both_directions_go_through():
    made = object.__new__(Ways)
    made.screen = SimpleNamespace(x=1)
    made._met = {"forward": FORWARD, "inverse": {"f.py": {2, 3}}}.get
    assert made.shared == {"f.py": {2}, "g.py": set()}
    made = object.__new__(Ways)
    made.screen = SimpleNamespace(x=None)
    assert made.shared == {} and made._of_forward is None


def twice(a):
    return 2 * a


def test_the_lines_that_one_direction_goes_through():
    made, forgotten, seen = object.__new__(Ways), [], []
    made.forget, made.reached = (lambda: forgotten.append(1)), SimpleNamespace(lines=REACHED)

    def at(rows):
        return SimpleNamespace(forward=lambda a: seen.append(("forward", a.tolist())), inverse=twice)

    made.trial = SimpleNamespace(
        input={"forward": onp.arange(6.0), "inverse": onp.arange(6.0)}.get, subject=SimpleNamespace(at=at)
    )
    made.screen = SimpleNamespace(rows=[1, 3])
    line = twice.__code__.co_firstlineno + 1
    assert line in made._met("inverse")[__file__] and line not in made._met("forward")[__file__]
    assert seen == [("forward", [1.0, 3.0])] and forgotten == [1, 1]
    made.trial.input = lambda direction: onp.arange(2.0)  # x has another shape
    assert made._met("forward") is REACHED and forgotten == [1, 1]


def test_arrays_of_unequal_number_are_no_gradients_along_one_direction():
    one, two = {"a": onp.ones(1)}, {"a": onp.ones(1), "b": onp.ones(1)}
    a = onp.ones(2)
    assert len(directional.products((two, a, None), (two, a, None))) == 3
    for gradients, steps in (
        ((one, a, None), (two, a, None)),
        ((two, a, None), (one, a, None)),
        ((one, a), (one, a, None)),
    ):
        with pytest.raises(ValueError, match="shorter|longer"):
            directional.products(gradients, steps)
