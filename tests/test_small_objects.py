"""Lines of __init__ and __post_init__ that made attributes of a user's objects."""

import ast
from types import SimpleNamespace

import numpy as onp
import pytest
from edited_code import module_of

from nfscratch.check.repair import made_objects
from nfscratch.check.repair.edit import source
from nfscratch.check.repair.live_code import Reached


def line(text):
    return ast.parse(text).body[0]


OBJECTS = """
    from dataclasses import dataclass, field

    import numpy as np


    @dataclass
    class Layer:
        order: list

        def __post_init__(self):
            self.back = np.argsort(self.order)
            self.net = object()

        def forward(self, z):
            return z[:, self.back], np.zeros(len(z))


    layers = [Layer([1, 0]) for k in range({count})]
"""


@pytest.mark.parametrize(("count", "found"), [(12, ["self.back = np.argsort(self.order)"]), (13, [])])
def test_the_objects_of_a_class_that_are_looked_at(count, found, tmp_path):
    module = module_of(OBJECTS.format(count=count), tmp_path, "objects")
    reached = Reached(lambda: [layer.forward(onp.ones((1, 2))) for layer in module.layers])
    lines = list(made_objects.made_attributes(reached, reached.lines))
    assert [source(each.tree) for each in lines] == found and all(len(each.owners) == count for each in lines)
    assert all(onp.array_equal(each.held(owner, "back"), [1, 0]) for each in lines for owner in each.owners)


def test_what_else_knows_a_class_is_no_object_of_it(tmp_path):
    """A class made of it, a function that belongs to it: they have attributes, too."""
    module = module_of(OBJECTS.format(count=2) + "\n\n    class Wider(Layer):\n        pass\n", tmp_path, "wider")
    reached = Reached(lambda: [layer.forward(onp.ones((1, 2))) for layer in module.layers])
    (made,) = made_objects.made_attributes(reached, reached.lines)
    assert sorted(map(id, made.owners)) == sorted(map(id, module.layers))


def test_what_an_object_has_kept_of_its_arguments():
    maker = line(
        "def __init__(self, a, b, c):\n    self.a = a\n    self.kept = b\n    d = c\n    self.e = f\n    self.c = 2 * c"
    )
    each = SimpleNamespace(a=1, kept=2, c=6, e=4)
    assert made_objects._arguments(maker, each) == {"a": 1, "b": 2}
    assert made_objects._arguments(maker, SimpleNamespace(a=1)) == {"a": 1}
    assert made_objects._attributes(line("self.a, b = 1, 2"), "self") == ["a"]
    assert made_objects._attributes(line("me.a = 1"), "self") == []


def test_the_makers_of_a_class():
    body = ast.parse("""
class Layer:
    def __init__(self): pass
    def forward(self): pass
    def __post_init__(self): pass
class Other:
    def __init__(self): pass
def __init__(self): pass
class Layer:
    def __init__(): pass
""").body
    assert made_objects._makers(body, type("Layer", (), {})) == [body[0].body[0], body[0].body[2]]
    assert made_objects._makers(body, type("None", (), {})) == [] and made_objects._body("no such file") == []


class Layer:
    def forward(self, z):
        return z

    def inverse(self, x):
        return x

    @staticmethod
    def apart():
        return 1


class Guarded(Layer):
    def __setattr__(self, name, value):
        object.__setattr__(self, name, value)


def classes(*met, name=__name__):
    """The classes of what was met: (function, its first variable)."""
    codes = {k: f.__code__ for k, (f, _) in enumerate(met)}
    held = {k: {"self": me} for k, (_, me) in enumerate(met)}
    own = {"__name__": name}
    found = made_objects._classes(SimpleNamespace(codes=codes, locals=held, globals=dict.fromkeys(codes, own)))
    assert all(file == __file__ and variables is own for _, file, variables in found)
    return [cls for cls, *_ in found]


def test_the_classes_whose_methods_were_met():
    assert classes((Layer.forward, Layer()), (Layer.inverse, Layer())) == [Layer]
    assert classes((Layer.forward, Guarded())) == [] and classes((Layer.forward, Layer()), name="other") == []
    assert classes((Layer.apart, Layer())) == [] and classes((lambda z: z, Layer())) == []
    assert classes((Layer.forward, Guarded()), (Layer.inverse, Layer())) == [Layer]


class NoCopy(Layer):
    def __copy__(self):
        raise RuntimeError


def test_objects_that_cannot_be_copied_are_left_alone():
    maker = line("def __init__(me, a):\n    me.a = 2 * a")
    for kind, found in ((Layer, True), (NoCopy, False)):
        each = kind()
        each.a = 6
        made = made_objects._made_attribute(maker, 0, [], __file__, [each], [[{"a": 3}]])
        assert (made is not None) is found
    made = made_objects._made_attribute(maker, 0, [], __file__, [Layer()], [[{"a": 3}]])
    assert not made.is_repeatable and made.held(Layer(), "a") is None and made.me == "me" and made.later == {"a"}


def test_what_comes_later_is_not_there_yet():
    maker = line("""
def __init__(self):
    self.n = 2
    self.m = getattr(self, 'last', 0) + self.n
    self.half = self.m / 2
    self.last = 5
""")
    each = Layer()
    vars(each).update(n=2, m=2, half=1.0, last=5)
    made = made_objects._made_attribute(maker, 1, maker.body[2:3], __file__, [each], [[{}]])
    assert made.later == {"m", "half", "last"} and made.is_repeatable
    assert made.all_made() == [(each, {"m": 2, "half": 1.0})] and vars(each) == {"n": 2, "m": 2, "half": 1.0, "last": 5}
