"""Where a change may mend something: the lines of the direction, and of the layers, that are wrong."""

from types import SimpleNamespace

import numpy as onp
import pytest

from nfscratch.check.letters import directional
from nfscratch.check.repair import of_layers, ways
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
        with pytest.raises(ValueError, match=r"shorter|longer"):
            directional.products(gradients, steps)


# --- layers that are wrong by themselves ---


class Layer:
    """A layer that notes what it is asked, and whether its laws fail."""

    def __init__(self, fails):
        self.fails, self.asked, self.z = fails, [], onp.ones((2, 2))
        self.subject = SimpleNamespace(forward=lambda z: (twice(z), 0), inverse=lambda x: self.asked.append(x.tolist()))

    def input(self, direction):
        return direction

    def apply(self, direction, at):
        self.asked.append((direction, at))


def chain_of(count, *wrong):
    layers = [Layer(k in wrong) for k in range(count)]
    return SimpleNamespace(layers=layers, subject=SimpleNamespace(layers=lambda: layers))


@pytest.fixture
def asked_laws(monkeypatch):
    asked = []

    def law(name):
        def look(layer, direction=""):
            asked.append((name, direction))
            if layer.fails is None:
                raise SystemExit
            return SimpleNamespace(failed=layer.fails)

        return look

    monkeypatch.setattr(of_layers, "check_jacobian", law("J"))
    monkeypatch.setattr(of_layers, "check_round_trip", law("R"))
    return asked


def test_each_layer_is_asked_for_the_law_that_fails(asked_laws):
    trial = chain_of(3, 1)
    found = of_layers.lines_of_wrong_layers(trial, "inverse")
    assert asked_laws == [("J", "inverse")] * 3 and trial.layers[1].asked == [("inverse", "inverse")]
    assert trial.layers[0].asked == trial.layers[2].asked == [] and found[__file__]
    asked_laws.clear()
    found = of_layers.lines_of_wrong_layers(trial)
    assert asked_laws == [("R", "")] * 3 and trial.layers[1].asked[1:] == [[[2.0, 2.0]] * 2]
    assert twice.__code__.co_firstlineno + 1 in found[__file__]


def test_layers_that_are_not_asked(asked_laws):
    none = of_layers.lines_of_wrong_layers
    assert none(chain_of(3)) is None and none(chain_of(1, 0)) is None and none(chain_of(17, 0)) is None
    assert none(chain_of(2, 0)) is not None and none(chain_of(16, 3)) is not None
    raising = SimpleNamespace(subject=SimpleNamespace(layers=lambda: 1 / 0))
    assert none(raising) is None
    broken = chain_of(2)
    broken.layers[0].fails = None  # its law raises
    assert none(broken, "forward") is not None and broken.layers[0].asked == [("forward", "forward")]
