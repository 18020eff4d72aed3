"""What a run of a user's code goes through, where it may be changed, and what it answers at the ends of a domain."""

import ast
import sys
from types import SimpleNamespace

import numpy as onp
import pytest
from edited_code import module_of
from tried_maps import small_trial as trial_of
from tried_maps import zero

from nfscratch.check.pairs import of_pair
from nfscratch.check.repair import directions, ends, live_code, ways
from nfscratch.check.repair.code_objects import functions_met, functions_of
from nfscratch.check.repair.live_code import Reached, TooLong, kind, within
from nfscratch.check.trial import Trial

# --- lines of a run ---


def three(a=1):
    b = a + 1
    c = a + b
    return b + c


def test_a_run_has_so_many_lines_at_most():
    assert within(three, 3) == (5, 3) and within(three, 10**6) == (5, 3)
    before, left = sys.gettrace(), []
    with pytest.raises(TooLong):
        within(three, 2, left=left)
    assert left == [-1] and sys.gettrace() is before
    assert within(three, 5, left=left)[1] == 3 and left == [2]
    seen = []
    assert within(three, 4, look=lambda frame: seen.append(frame.f_lineno))[1] == 4  # and what it returns
    first = three.__code__.co_firstlineno
    assert seen == [first + 1, first + 2, first + 3, first + 3]
    with pytest.raises(TooLong):
        within(three, 9, lambda frame: frame.f_lineno <= first + 1)
    assert issubclass(TooLong, BaseException) and not issubclass(TooLong, Exception)


def raises_below(a):
    if a > 1:
        raise ValueError("no")
    return a


def test_what_a_run_met():
    reached = Reached(lambda: three(4))
    first, code = three.__code__.co_firstlineno, three.__code__
    assert {first + 1, first + 2, first + 3} <= reached.lines[__file__] and first not in reached.lines[__file__]
    assert reached.locals[id(code)] == {"a": 4, "b": 5, "c": 9} and reached.globals[id(code)] is globals()
    assert not reached.raised and reached.codes[id(code)] is code
    met = lambda code, line: reached.is_met(SimpleNamespace(f_code=code, f_lineno=line))  # noqa: E731
    assert met(code, first + 1) and not met(code, first) and not met(raises_below.__code__, first + 90)
    assert met(compile("a", "<string>", "eval"), 1) and met(code, first + 4)  # of an expression that was put in
    assert Reached(lambda: raises_below(2)).raised and not Reached(lambda: raises_below(1)).raised
    reached.goes_through(lambda: raises_below(2))
    assert reached.raised and met(raises_below.__code__, raises_below.__code__.co_firstlineno + 3)
    assert not met(names_a_file.__code__, names_a_file.__code__.co_firstlineno + 1)


def test_what_a_line_notes():
    """Called as a run calls it: the last value of each variable, and each line once."""
    reached, code = Reached(lambda: None), three.__code__
    for line, held in ((5, {"a": 1}), (6, {"a": 2, "b": 3}), (6, {"b": 4})):
        reached._look(SimpleNamespace(f_code=code, f_lineno=line, f_locals=held, f_globals={"g": line}))
    assert reached.lines[__file__] >= {5, 6} and reached.codes[id(code)] is code
    assert reached.locals[id(code)] == {"a": 2, "b": 4} and reached.globals[id(code)] == {"g": 6}


def names_a_file(a):
    if a is None:
        open("x")
    return a


def holds_one_that_names_a_file(a):
    return lambda: a if a is not None else open("x")


def catches_all(a):
    try:
        return a
    except:  # noqa: E722
        return None


def ends_with(a):
    try:
        a = 1
    finally:
        a = 2
    return a


def catches_some(a):
    try:
        return a
    except ValueError:
        return None


@pytest.mark.parametrize(("function", "touches"), [
    (three, False), (names_a_file, True), (holds_one_that_names_a_file, True), (catches_all, True), (ends_with, True),
    (catches_some, False),
])  # fmt: skip
def test_code_that_touches_the_world_or_stops_for_nothing(function, touches):
    assert Reached(lambda: function(1)).touches_the_world is touches


def test_the_functions_of_a_file_that_lines_stand_in():
    first = three.__code__.co_firstlineno
    names = lambda *lines: [f.name for f in functions_met(__file__, lines)]  # noqa: E731
    assert names(first) == names(first + 3) == ["three"] and names(first - 1) == names(first + 4) == []
    assert names(first, ends_with.__code__.co_firstlineno + 4) == ["three", "ends_with"]
    assert functions_of(three.__code__) == [three] and functions_met("no such file", [1]) == []


@pytest.mark.parametrize(("value", "wanted"), [
    (1, ("numbers", 0)), (True, ("numbers", 0)), (0.5, ("numbers", 0)), (onp.float32(1), ("numbers", 0)),
    (onp.ones(2), ("numbers", 1)), (onp.eye(2), ("numbers", 2)), (len, "callable"), (onp.exp, "callable"),
    (None, None), ("a", None), (b"a", None), (onp, None), (int, None), ([1.0], None), ({}, None),
])  # fmt: skip
def test_what_may_stand_for_what(value, wanted):
    assert kind(value) == wanted


# --- where a change may be tried ---


MAPS = """
    import mmap

    import numpy as np

    own = {weight}


    def forward(z):
        {line}
        return z * own[0], np.zeros(len(z))


    def inverse(x):
        return x / own[0], np.zeros(len(x))
"""


@pytest.mark.parametrize(("weight", "line", "may"), [
    ("np.ones(2)", "pass", True), ("np.ones(2)", "if z is None: open('x')", False),
    ("np.frombuffer(b'12345678' * 2)", "pass", True), ("1.0 + np.frombuffer(mmap.mmap(-1, 16))", "pass", True),
    ("np.frombuffer(mmap.mmap(-1, 16))", "pass", False),
])  # fmt: skip
def test_a_map_whose_code_may_be_changed(weight, line, may, tmp_path):
    module = module_of(MAPS.format(weight=weight, line=line), tmp_path, "maps")
    trial = Trial(of_pair(module.forward, module.inverse, 2), onp.ones((3, 2)))
    assert ways.may_be_changed(trial, 4) is may


def test_a_map_without_source_is_not_changed():
    class Three(SimpleNamespace):
        __len__ = (0, 0, 0).__len__  # no line of this file

    subject = SimpleNamespace(forward=onp.modf, inverse=onp.modf)
    assert ways.may_be_changed(Three(z=onp.ones((3, 2)), subject=subject), 0) is False


def test_one_row_goes_through_both_directions_and_then_all():
    seen = []
    trial = trial_of(lambda z: (seen.append(z.copy()), z + 1)[1], lambda x: (seen.append(x.copy()), x - 1)[1])
    trial.z  # noqa: B018
    seen.clear()
    ways.both_directions(trial, 14)  # of twelve rows the third
    assert [len(a) for a in seen] == [1, 1, 12, 12]
    assert (seen[0] == trial.z[2]).all() and (seen[1] == trial.z[2] + 1).all() and (seen[3] == trial.z + 1).all()


def test_a_density_and_draws_are_asked_where_they_are_given():
    asked = []
    given = {"log_prob": lambda x: asked.append(("log_prob", len(x))), "sample": lambda rng, n: asked.append(n)}
    trial = SimpleNamespace(subject=SimpleNamespace(**given), x=onp.ones((4, 2)))
    ways.density_and_samples(trial)
    assert asked == [("log_prob", 4), 3]
    ways.density_and_samples(SimpleNamespace(subject=SimpleNamespace(log_prob=None, sample=None)))


@pytest.mark.parametrize(("failed", "turns", "direction"), [
    ({"J forward"}, 100, "forward"), ({"J inverse"}, 0, "inverse"), ({"J forward", "J inverse", "X"}, 100, "forward"),
    ({"J forward", "J inverse"}, 100, "inverse"), ({"J forward", "J inverse"}, 2, "forward"),
    ({"J inverse", "X"}, 0, "inverse"), ({"J forward", "J inverse"}, None, "forward"),
])  # fmt: skip
def test_the_direction_whose_log_det_is_looked_at(failed, turns, direction):
    """Where both are wrong and agree, it is the one that takes a fourth of the other's lines, or fewer."""

    def forward(z):
        for _ in range(turns):
            pass
        return z

    trial = Trial(of_pair(lambda z: (forward(z), zero(z)), lambda x: (x, zero(x)), 2), onp.ones((9, 2)))
    _ = turns is not None and trial.x  # which is known before
    assert directions.direction_of_log_det(trial, failed) == direction


# --- the ends of a domain ---


def test_the_ends_of_a_map_have_to_be_answered_as_before():
    table = onp.arange(7.0)
    pick = lambda a: table[onp.clip(onp.floor(a), 0, 5).astype(int) + 1]  # noqa: E731
    trial = trial_of(lambda z: (pick(z), z)[1], lambda x: x, dim=1, domain=(0.0, 6.0), codomain=(0.0, 6.0))
    kept = ends.Ends(trial.subject, lambda frame: True)
    assert {d: len(batch) for d, batch in kept.batches.items()} == {"forward": 7, "inverse": 7} and kept.are_answered()
    table = table[:6]
    assert not kept.are_answered()
    fewer = ends.Ends(trial.subject, lambda frame: True)  # what raised before may raise after it
    assert {d: len(batch) for d, batch in fewer.batches.items()} == {"forward": 5, "inverse": 7}
    assert fewer.are_answered() and ends.Ends(trial.subject, lambda frame: False).are_answered()


@pytest.mark.parametrize(("forward", "inverse", "misses"), [
    (onp.tanh, onp.arctanh, False), (lambda z: onp.tanh(z) / 2, onp.arctanh, True), (onp.tanh, lambda x: 1 / 0, True),
])  # fmt: skip
def test_a_map_that_misses_its_codomain(forward, inverse, misses):
    with onp.errstate(all="ignore"):
        trial = trial_of(forward, inverse, codomain=(-1.0, 1.0))
        assert ends.misses_codomain(trial, lambda frame: True) is misses
        assert ends.misses_codomain(trial, lambda frame: False) is True  # it goes where no run went


def test_a_function_reads_on_what_it_has_from_those_around_it():
    tree = ast.parse("@d\ndef f(a):\n    def g():\n        return a\n    return g").body[0]
    assert [(node.name, key) for node, key in live_code._definitions(tree)] == [("f", ("f", 1)), ("g", ("g", 3))]
    never = live_code._never_run(tree, ("a", "b"))
    assert ast.unparse(never).split() == "if 0: a b".split() and never.lineno == tree.body[-1].lineno
