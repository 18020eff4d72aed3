"""Branches that a first call has gone through: by the text of a function, and with the flag put back."""

import ast
from textwrap import dedent
from types import SimpleNamespace

import numpy as onp
import pytest

from nfscratch.check.diagnosis import set_once


def function(text):
    return ast.parse(dedent(text)).body[0]


READY = """
    def forward(z):
        if not state["ready"]:
            state["loc"] = z.mean(0)
            state["ready"] = True
        return z
"""


def branches(text, lines):
    return [(b.lineno, ast.unparse(flag), rest) for b, flag, rest in set_once._branches(function(text), lines)]


@pytest.mark.parametrize(("lines", "found"), [
    ({2, 3, 6}, [(3, "state['ready']", ["state['loc']"])]), ({2, 6}, []), ({3, 4, 6}, []), ({3, 5, 6}, []),
])  # fmt: skip
def test_a_branch_that_was_asked_for_and_not_come_to(lines, found):
    assert branches(READY, lines) == found


@pytest.mark.parametrize(("body", "flag", "sets"), [
    ("if ready is None:\n        ready = 1", "ready", ["ready"]),
    ("if self.n == 0:\n        self.a, [self.b, h] = 1, z\n        self.n += 1", "self.n", ["self.a"]),
    ("if self.n == 0:\n        self.a, self.b = 1, z\n        self.n += 1", "self.n", ["self.a", "self.b"]),
    ("if self.n == 0:\n        h = 1\n        self.n = h", "self.n", ["self.n"]),
    ("global h\n    if self.n == 0:\n        h = 1\n        self.n = h", "self.n", ["h"]),
    ("nonlocal h\n    if self.n == 0:\n        h = 1\n        self.n = h", "self.n", ["h"]),
    ("if not a or not b:\n        b = a = 1\n        c.d: int = 2", "a", ["c.d"]),
    ("if not t['on']:\n        t['on'] = 1\n        a.t.update(loc=z)", "t['on']", ["a.t"]),
])  # fmt: skip
def test_the_flag_of_a_branch_and_what_it_sets_besides(body, flag, sets):
    text = f"def f(z):\n    {body}\n"
    line = 2 + text.splitlines()[1].strip().startswith(("global", "nonlocal"))
    assert branches(text, {line}) == [(line, flag, sets)]


@pytest.mark.parametrize("test", ["z > 0", "other", "len(z)", "state"])
def test_a_branch_whose_test_reads_nothing_that_it_sets(test):
    assert branches(f"def f(z):\n    if {test}:\n        state['loc'] = z\n", {2}) == []


@pytest.mark.parametrize(("line", "targets"), [
    ("a = b = 1", ["a", "b"]), ("a, self.b = 1, 2", ["a", "self.b"]), ("[a, t[0]] = 1, 2", ["a", "t[0]"]),
    ("a += 1", ["a"]), ("a: int = 1", ["a"]), ("a, *b = c", ["a"]), ("t.update(a=1)", ["t"]), ("self.t.update(u)",
    ["self.t"]), ("t.clear()", []), ("update(t)", []), ("t", []), ("return a", []), ("del a", []), ("for a in b: pass",
    []),
])  # fmt: skip
def test_what_a_line_sets(line, targets):
    assert set_once._targets(ast.parse(line).body[0]) == targets


def test_the_function_in_another_tree_is_found_by_its_place_and_kind():
    text = "f = lambda z: z\ndef g(z):\n    return z\ndef h(z):\n    return z\n"
    one, other = ast.parse(text), ast.parse(text)
    assert set_once._same(other, one.body[2]) is other.body[2]
    assert set_once._same(other, one.body[0].value) is other.body[0].value
    assert set_once._same(other.body[1], one.body[2]) is None


# --- a run with the flag put back ---


def value_put(flag, scope, value="new", codes=()):
    return set_once._put(ast.parse(flag, mode="eval").body, value, scope, SimpleNamespace(codes=dict(enumerate(codes))))


def scope_of(**held):
    return SimpleNamespace(module=held, file=__file__, evaluated=lambda node: eval(ast.unparse(node), dict(held)))


def test_a_flag_is_put_back_wherever_it_is_held():
    thing, table = SimpleNamespace(ready=1), {"ready": 1, "k": "ready"}
    scope = scope_of(thing=thing, table=table, ready=1)
    assert value_put("thing.ready", scope) and thing.ready == "new"
    assert value_put("table[table['k']]", scope) and table == {"ready": "new", "k": "ready"}
    assert value_put("ready", scope) and scope.module["ready"] == "new"
    assert value_put("absent", scope) and "absent" not in scope.module
    assert not value_put("lost.ready", scope) and not value_put("thing.ready[0]", scope)


def test_a_flag_of_the_function_around_is_put_into_its_cell():
    ready = count = "old"

    def forward():
        return count, ready

    def other():
        return count

    scope = scope_of()
    assert value_put("ready", scope, codes=[other.__code__, forward.__code__]) and (count, ready) == ("old", "new")
    scope.file = "another.py"
    assert value_put("count", scope, codes=[forward.__code__]) and forward() == ("old", "new") and other() == "old"


def trial_of(forward, inverse, usable=(True, False, True, True)):
    z = onp.arange(4.0)[:, None]
    subject = SimpleNamespace(forward=forward, inverse=inverse)
    return SimpleNamespace(subject=subject, usable=onp.array(usable), z=z, x=z + 10)


def test_the_results_of_both_directions_after_half_of_the_batch():
    asked = []

    def way(name):
        return lambda a: asked.append((name, a.ravel().tolist())) or (a * 2, a[:, 0])

    trial = trial_of(way("f"), way("i"))
    found = set_once._results(trial)
    assert asked == [("f", [0, 2, 3]), ("i", [10, 12, 13])] and len(found) == 4
    assert [a.ravel().tolist() for a in found] == [[0, 4, 6], [0, 2, 3], [20, 24, 26], [10, 12, 13]]
    asked.clear()
    set_once._results(trial, other=True)
    assert asked == [("i", [10]), ("f", [0]), ("f", [0, 2, 3]), ("i", [10, 12, 13])]
    asked.clear()
    set_once._results(trial_of(way("f"), way("i"), usable=[True] * 4), other=True)
    assert asked[:2] == [("i", [10, 11]), ("f", [0, 1])]


@pytest.mark.parametrize(("after", "differ"), [
    ([1.0, onp.nan], False), ([1.0, 1.0], True), ([1.0 + 1e-9, onp.nan], False), ([1.1, onp.nan], True),
    ([5.0], False),
])  # fmt: skip
def test_results_of_another_shape_do_not_differ(after, differ):
    """Those of another batch."""
    one = onp.ones(3)
    assert set_once._differ([one, onp.array([1.0, onp.nan])], [one, onp.array(after)]) is differ


@pytest.mark.parametrize("mirrored", [False, True])
def test_results_are_compared_with_those_after_a_change(mirrored, monkeypatch):
    """Within 1e-5 of what came then."""
    before, after = onp.array([1e6]), onp.array([1e6 + 10.00005])
    before, after = (after, before) if mirrored else (before, after)
    assert set_once._differ([before], [after]) is mirrored
    given = [[before], [before], [after]]
    monkeypatch.setattr(set_once, "_results", lambda trial, other=False: given.pop(0))
    monkeypatch.setattr(set_once, "_put", lambda *of: True)
    monkeypatch.setattr(set_once, "Reached", lambda call: SimpleNamespace(lines={"mine.py": {8}}))
    branch = SimpleNamespace(body=[SimpleNamespace(lineno=8)])
    assert set_once._is_left_behind("trial", branch, "flag", SimpleNamespace(file="mine.py"), None) is mirrored


def test_numbers_that_overflow_are_results():
    with_log = lambda a: (onp.log(a - 1e9), a[:, 0])  # noqa: E731
    assert onp.isnan(set_once._results(trial_of(with_log, with_log))[0]).all()


class Layer:
    def __init__(self, flag):
        self.flag, self.loc, self.drawn = flag, 0.0, 0

    def forward(self, z):
        if self.comes_to():
            self.loc = float(z.mean())
        self.drawn += self.draws
        return z - self.loc + self.drawn, onp.zeros(len(z))


@pytest.mark.parametrize(("unset", "draws", "writes", "runs", "left"), [
    (False, 0, True, 1, True), (None, 0, True, 2, True), (0, 0, True, 3, True), (True, 0, True, 4, True),
    ("other", 0, True, 4, False), (False, 1, True, 0, False), (False, 0, False, 0, False),
])  # fmt: skip
def test_what_a_branch_leaves_behind_shows_with_the_flag_put_back(unset, draws, writes, runs, left, monkeypatch):
    """The flag may be any of four values; what is drawn, or cannot be written to, tells nothing."""
    layer, ran = Layer("set"), []
    layer.draws = draws
    layer.comes_to = lambda: type(layer.flag) is type(unset) and layer.flag == unset
    trial = trial_of(layer.forward, lambda x: (x, onp.zeros(len(x))))

    def reached(call):
        came = layer.comes_to()
        ran.append(came)
        layer.flag = "set"
        return SimpleNamespace(lines={"mine.py": {7, 8} if came else {7}, "other.py": {8}})

    def put(flag, value, scope, reached):
        layer.flag = value
        return writes

    monkeypatch.setattr(set_once, "Reached", reached)
    monkeypatch.setattr(set_once, "_put", put)
    branch = SimpleNamespace(body=[SimpleNamespace(lineno=8)])
    assert set_once._is_left_behind(trial, branch, "flag", SimpleNamespace(file="mine.py"), None) is left
    assert len(ran) == runs


def test_a_branch_that_changes_nothing_is_not_left_behind(monkeypatch):
    trial = trial_of(lambda z: (z, z[:, 0]), lambda x: (x, x[:, 0]))
    monkeypatch.setattr(set_once, "Reached", lambda call: SimpleNamespace(lines={"mine.py": {8}}))
    monkeypatch.setattr(set_once, "_put", lambda *of: True)
    branch = SimpleNamespace(body=[SimpleNamespace(lineno=8)])
    assert set_once._is_left_behind(trial, branch, "flag", SimpleNamespace(file="mine.py"), None) is False


@pytest.mark.parametrize(("text", "left", "words"), [
    (READY, True, "line 4 of mine.py sets state['loc'] from the first batch, as `not state['ready']` holds then"),
    (READY, False, None),
    ("def forward(z):\n    if not s.n:\n        s.n = 1\n        s.a = s.b = s.c = s.d = z\n    return z\n", True,
     "line 4 of mine.py sets s.a and s.b and s.c from the first batch, as `not s.n` holds then"),
    ("def forward(z):\n    if z.any():\n        s.a = z\n    return z\n", True, None),
])  # fmt: skip
def test_where_a_function_sets_something_once_in_words(text, left, words, monkeypatch):
    tree = ast.parse(dedent(text))
    head = next(n.lineno for n in ast.walk(tree) if isinstance(n, ast.If))
    reached = SimpleNamespace(lines={"/a/mine.py": {head}})
    monkeypatch.setattr(set_once, "Reached", lambda call: reached if call.args == ("trial", 0) else None)
    statement = SimpleNamespace(tree=tree, file="/a/mine.py")
    monkeypatch.setattr(set_once, "live_statements", lambda r: [statement] if r is reached else [])
    met = lambda *of: [tree.body[0]] if of == ("/a/mine.py", {head}) else []  # noqa: E731
    monkeypatch.setattr(set_once, "functions_met", met)
    monkeypatch.setattr(set_once, "Scope", lambda *of: of)

    def left_behind(trial, branch, flag, given, r):
        assert (trial, branch.lineno, r) == ("trial", head, reached) and isinstance(flag, ast.expr)
        assert given == (tree.body[0], statement, reached)
        return left

    monkeypatch.setattr(set_once, "_is_left_behind", left_behind)
    assert set_once._found("trial") == words
