"""What each kind of change makes of a place in a user's code: all that it makes, in its order, as text.

The table is tests/data/changes_by_kind.txt: [kind] a text | the part of it that is changed, and below it what comes.
"""

import ast
from pathlib import Path
from types import SimpleNamespace

import numpy as onp
import pytest

from nfscratch.check.repair import (
    conditions,
    expressions,
    flags,
    forms,
    inserted,
    lacking,
    matrices,
    moved,
    names,
    operands,
    orders,
    siblings,
    squares,
    statements,
    terms,
    turns,
)
from nfscratch.check.repair.edit import Edit, places, source
from nfscratch.check.repair.scope import Scope


def softplus(a):
    return onp.log1p(onp.exp(a))


def both(a, b):
    return a + b


def place_in(text, part):
    """The place of a part of a statement: the first with this source, or the statement itself."""
    return next(p for p in places(ast.parse(text)) if source(p.node) == part)


def last_like(place):
    """The last place in the whole text with the same source."""
    return [p for p in places(place.above[0]) if source(p.node) == source(place.node)][-1]


LOCALS = {
    "x": onp.arange(6.0).reshape(3, 2) - 2, "h": onp.ones((3, 2)), "s": onp.array([0.5, -1.0]), "row": [1.0, 2.0],
    "k": 1, "n": 4, "scale": 0.3, "order": onp.array([1, 0]), "bins": onp.array([2, 0, 1]), "name": "a", "flag": True,
    "mask": onp.array([True, False]), "other": onp.zeros(2),
    "table": {"s": onp.ones(2), "t": onp.zeros(2), "u": 1.0},
}  # fmt: skip
MODULE = {"np": onp, "W": onp.eye(2), "softplus": softplus, "both": both}


def scope_of(pool=(), keep=(), function=None, **more):
    """The variables of a function, made by hand."""
    scope = object.__new__(Scope)
    scope.function, scope.module, scope.met = function, MODULE, set()
    scope.locals = {name: LOCALS[name] for name in keep or LOCALS} | more
    scope.named, scope.file, scope.pool = set(MODULE), __file__, [ast.parse(p, mode="eval").body for p in pool]
    return scope


WHERE = ast.parse("def f(s):\n    a = np.where(s > 1, s, 0)\n    b = np.where(mask, s, np.where(s < -1, 2, 1))").body[0]
POOL = ("np.tanh(x)", "s", "table['s']", "np.arctan(x)", "np.sin(s)", "np.sinh(x)", "x[0]", "np.exp(s)")
OWN, THERE = scope_of(keep=("x", "s", "k")), scope_of(keep=("h", "s", "order"))
FORWARD = """h = h * np.exp(s) + s
h = h[:, order]
lo = np.where(mask, h, lo)
s += np.log(-s)
return h, s.sum(axis=1)"""
ELSEWHERE = [(place, THERE) for place in places(ast.parse(FORWARD))]
OTHER = ast.parse("""
def f(v, flag, k):
    a, b = v[:, ::2] * np.exp(s), v / n
    return (v * 2 if flag else b - n) * b
""").body[0]
OF_OBJECT = scope_of(keep=("h",), function=OTHER, self=SimpleNamespace(shift=onp.ones(2), f=len))
LACKING = lacking.Lacking([(place, OF_OBJECT) for place in places(ast.parse("h = self.f(h * self.shift, 0.1) / 2"))])
TURNED = forms.turned_forms([(p, None) for p in places(ast.parse("y = v[:, ::-1] if k else v"))])
MAKERS = {
    "slips": lambda place: expressions.slips(place.node), "thoughts": lambda place: expressions.thoughts(place.node),
    "moved": lambda place: moved.moved(place.node), "other_names": lambda place: names.other_names(place, scope_of()),
    "indexed": lambda place: names.indexed(place, scope_of()), "undone": lambda place: orders.undone(place, scope_of()),
    "local_arrays": lambda place: names.local_arrays(place, scope_of()), "negated": terms.negated,
    "wrapped": lambda place: terms.wrapped(place, scope_of()),
    "counted": lambda place: terms.counted(place, scope_of()),
    "constrained": lambda place: terms.constrained(place, scope_of()),
    "rarely_wrapped": lambda place: terms.rarely_wrapped(place, scope_of()),
    "joined": lambda place: terms.joined(place, scope_of(keep=("x", "s", "k", "n", "name"))),
    "replaced": lambda place: terms.replaced(place, scope_of(POOL[:2])),
    "slopes": lambda place: terms.slopes(place, scope_of(POOL)),
    "logarithms_joined": lambda place: terms.logarithms_joined(place, scope_of(POOL[:2])),
    "chosen": lambda place: conditions.chosen(place, scope_of(keep=("s", "mask", "other"), function=WHERE)),
    "inverted": lambda place: matrices.inverted(place, scope_of()),
    "changed_statements": statements.changed_statements,
    "around": lambda place: inserted.Lines(ELSEWHERE).around(place, OWN),
    "siblings": lambda place: siblings.Siblings(ELSEWHERE).of(place, OWN),
    "filled": lambda place: terms.filled(place, scope_of(POOL)), "factors_beside": siblings.factors_beside,
    "overwritten": lambda place: names.overwritten(place, scope_of()),
    "other_tables": lambda place: names.other_tables(place, scope_of(keep=("x", "h", "s", "bins", "k"))),
    "woven": lambda place: names.woven(place, scope_of(function=OTHER)),
    "loop_orders": lambda place: orders.loop_orders(place, scope_of(keep=("s", "order", "bins", "row"))),
    "in_order": lambda place: orders.in_order(place, scope_of(keep=("x", "h", "s", "order", "bins"))),
    "of_moved_columns": lambda place: orders.of_moved_columns(place, scope_of(keep=("s", "x", "order", "bins", "row"))),
    "slices_of_orders": lambda place: orders.slices_of_orders(place, scope_of(keep=("s", "order", "bins", "row"))),
    "straight": lambda place: terms.straight(place, scope_of(keep=("k", "n", "scale"), below=-0.3)),
    "of_tanh": terms.of_tanh, "squares": lambda place: squares.squares(place, scope_of()),
    "inner_factors": lambda place: forms.inner_factors(place, scope_of(function=OTHER)),
    "under_flag": lambda place: flags.under_flag(place, scope_of(keep=("s", "k", "flag"), function=OTHER)),
    "forms_beside": lambda place: forms.forms_beside(place, siblings._beside(place), scope_of()),
    "parallel": lambda place: forms.parallel(place, scope_of(function=place.above[0])),
    "turned": lambda place: forms.turned(place, scope_of(), TURNED),
    "lacking": lambda place: LACKING.beside(place, OWN), "moved_further": statements.moved_further,
    "averaged": lambda place: turns.averaged(last_like(place), scope_of(function=place.above[0])),
}  # fmt: skip


def made(kind, text, part):
    """The texts that a kind of change makes of a part of a text: the part itself, or the whole text with it."""
    place = place_in(text.replace("; ", "\n"), part)
    found = []
    for new in MAKERS[kind](place):
        if isinstance(new, Edit):
            with new.done():
                found.append(" / ".join(source(s) for s in place.above[0].body))
        else:
            found.append(source(ast.fix_missing_locations(new)))
    return found


def entries():
    """(kind, text, part, what comes), in the order of the table."""
    found = []
    for line in (Path(__file__).parent / "data" / "changes_by_kind.txt").read_text().splitlines():
        if line.startswith("["):
            kind, _, rest = line[1:].partition("] ")
            found.append((kind, *rest.split(" | "), []))
        else:
            found[-1][3].append(line[4:])
    return found


@pytest.mark.parametrize(("kind", "text", "part", "wanted"), entries())
def test_what_is_made_of_a_part(kind, text, part, wanted):
    assert made(kind, text, part) == wanted


def test_every_kind_of_change_is_in_the_table():
    assert {kind for kind, *_ in entries()} == set(MAKERS)


# --- operands from elsewhere ---


def operands_of(text, *others, **scope):
    """What a function could use, by what it reads itself and what the other functions read."""
    trees = [ast.parse(t) for t in (text, *others)]
    met = [place for tree in trees for place in places(tree)]
    return [source(n) for n in operands.operands(met, trees[0].body[0], scope_of(**scope))]


def test_the_operands_of_a_function():
    own = operands_of("def f(x):\n    h = np.log(x[:, k]) + s\n    return h.sum(), next(a), -s", keep=("x", "s", "k"))
    assert own == ["np.log(x[:, k]) + s", "np.log(x[:, k])", "x[:, k]", "x", "k", "s", "h.sum()", "a", "-s", "W"]
    theirs = operands_of("def f(x):\n    return s", "def g(z):\n    return np.tanh(z), q * 2, np.cos(s)", keep=("s",))
    assert "np.tanh(x)" in theirs and "np.cos(s)" in theirs and "q * 2" not in theirs and "np.tanh(z)" not in theirs
    exps = operands_of("def f(x):\n    return np.exp(-s) + np.exp(x)", keep=("x", "s"))
    assert "np.exp(s)" in exps and "np.exp(-x)" in exps
    varied = operands_of("def f(x):\n    return np.diag(x)", keep=("x", "h", "s"))
    assert "np.diag(h)" in varied and "np.diag(s)" not in varied


def test_an_operand_has_at_most_40_characters():
    for length, kept in ((40, True), (41, False)):
        name = "a" * (length - 4)
        text = f"def f(x):\n    return {name} + x"
        assert (f"{name} + x" in operands_of(text)) is kept


@pytest.mark.parametrize(("text", "part", "is_one"), [
    ("y = a + b", "a + b", True), ("y = a.sum()", "a.sum()", True), ("y = a.sum()", "a.sum", False),
    ("y = a.pop()", "a.pop()", False), ("y = f(range(3))", "f(range(3))", False), ("y = f(a)", "a", True),
    ("y = f(a)", "f", False), ("y = a.b", "a", False), ("y = 1", "1", False), ("y = (a, b)", "(a, b)", False),
    ("a = 1", "a", False), ("y = -a", "-a", True), ("y = a[0]", "a[0]", True),
    ("y = np.copyto(a, b)", "np.copyto(a, b)", False),
])  # fmt: skip
def test_what_may_stand_elsewhere(text, part, is_one):
    assert operands._is_operand(place_in(text, part)) is is_one


@pytest.mark.parametrize(("text", "name"), [
    ("def f(x): pass", "x"), ("def f(self, x): pass", "x"), ("def f(a, x): pass", None), ("def f(): pass", None),
    ("def f(self, a, x): pass", None), ("def f(self): pass", "self"),
])  # fmt: skip
def test_the_one_argument_of_a_function(text, name):
    assert operands.argument_of(ast.parse(text).body[0]) == name and operands.argument_of(None) is None


# --- what a scope knows ---


@pytest.mark.parametrize(("text", "value"), [
    ("k", 1), ("W", MODULE["W"]), ("q", None), ("table['u']", 1.0), ("table['zz']", None), ("row[k]", 2.0),
    ("row[9]", None),
    ("thing.a", 5), ("thing.b", None), ("k + 1", None), ("row[0]", 1.0), ("row[x]", None),
])  # fmt: skip
def test_the_value_of_a_name(text, value):
    scope = scope_of(thing=SimpleNamespace(a=5))
    found = scope.value_of(ast.parse(text, mode="eval").body)
    assert found is value or found == value


def test_what_a_scope_can_read_and_call():
    scope = scope_of()
    assert scope.knows("k") and scope.knows("np") and scope.knows("len") and not scope.knows("q")
    assert scope.array_module == "np" and scope.like(0.0) == ["k", "n", "scale", "flag"]
    assert scope.like("a") == [] and scope.like(len) == ["softplus", "both"]
    met = lambda text: scope.calls_what_was_met(ast.parse(text, mode="eval").body)  # noqa: E731
    assert met("np.log(k) + len(row) + x.sum() + np.linalg.inv(W)") and not met("f(x)") and not met("np.nothing(x)")
    assert not met("softplus(x)") and not met("row[0](x)") and met("k + 1")
    scope.met = {id(softplus.__code__)}
    assert met("softplus(x)") and not met("both(x, x)")
    scope.__dict__.pop("values", None)
    scope.module = MODULE | {f"v{i}": i for i in range(30)}
    scope.named = {f"v{i}" for i in range(20)} | {"np"}
    assert len(scope.values) == 20 + len(scope.locals)
    scope.__dict__.pop("values")
    scope.named |= {"v20"}
    assert len(scope.values) == len(scope.locals)
