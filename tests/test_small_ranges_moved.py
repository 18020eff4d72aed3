"""Limits that several functions say, moved in each of them; and the one change of a range that is sought."""

import ast
from contextlib import contextmanager, nullcontext
from types import SimpleNamespace

import numpy as onp
from by_hand import scope_of

from nfscratch.check.repair import of_range, range_edits
from nfscratch.check.repair.edit import places, source
from nfscratch.check.repair.live_code import TooLong

TEXT = """
def f(z):
    k = np.clip(np.searchsorted(xs, z), 0, len(xs) - 3)
    return (z + off) % TWO
def g(x):
    k = np.clip(np.searchsorted(xs, x), 0, len(xs) - {})
    y = x - off
    x -= off
    return g(y)
"""


class Statement:
    """A function whose edited form is asked for."""

    def __init__(self, tree, seen):
        self.tree, self.file, self.seen = tree, f"/a/{tree.name}.py", seen

    @contextmanager
    def edited(self):
        self.seen.append(source(self.tree))
        yield


def statements_of(monkeypatch, less=3):
    """The two functions, as the places that a run met."""
    held = {"xs": onp.arange(6.0), "off": 1.0, "TWO": 6.0}
    made, seen, met = [], [], []
    for tree in ast.parse(TEXT.format(less)).body:
        statement, own = Statement(tree, seen), tree.args.args[0].arg
        scope = scope_of(module={"np": onp}, k=1, **held, **{own: onp.array([0.5, 2.5])})
        scope.function = tree
        made.append(statement)
        met += [(statement, place, scope) for place in places(tree) if place.function is not None]

    def met_places(statements, reached, with_pool):
        assert statements is made and reached == "reached" and with_pool is False
        return met

    monkeypatch.setattr(range_edits, "met_places", met_places)
    return made, seen


def changed(tried):
    """The lines of the function after each of the edits."""
    found = []
    for statement, _, edit in tried:
        with edit.done():
            found.append([line.strip() for line in ast.unparse(statement.tree).split("\n")])
    return found


def test_limits_are_moved_and_values_wrapped_round_in_all_places(monkeypatch):
    made, _ = statements_of(monkeypatch)
    old = [[line.strip() for line in ast.unparse(s.tree).split("\n")] for s in made]
    clip = "k = np.clip(np.searchsorted(xs, {}), 0, {})".format
    limits, indices = ([clip(name, limit) for name in "zx"] for limit in ("len(xs) - 2", "(len(xs) - 3) % TWO"))
    all_of_both = [limits[0], indices[0], limits[1], indices[1], "y = (x - off) % TWO", "x = (x - off) % TWO"]
    for given, lines in (({}, all_of_both), ({"moduli_too": True}, all_of_both), ({"moduli_too": False}, limits)):
        found = changed(range_edits.limits_and_moduli(made, "reached", **given))
        new = [[a for a, b in zip(row, old[row[0] == old[1][0]], strict=True) if a != b] for row in found]
        assert new == [[line] for line in lines]


def test_a_limit_that_two_functions_say_is_moved_in_both(monkeypatch):
    made, seen = statements_of(monkeypatch)
    (both,) = range_edits.limits_of_both(made, "reached")
    assert (both.before, both.after, both.lines) == ("len(xs) - 3", ["len(xs) - 2"], [3, 6])
    assert both.change == "with the limit `len(xs) - 2` in place of `len(xs) - 3`"
    before = [source(s.tree) for s in made]
    with both.edited():
        assert len(seen) == 2 and all("len(xs) - 2" in text and "len(xs) - 3" not in text for text in seen)
    assert [source(s.tree) for s in made] == before
    both.after = ["a", "b"]
    assert both.change == "with the limits `a` and `b` in place of `len(xs) - 3`"
    made, _ = statements_of(monkeypatch, less=4)
    assert range_edits.limits_of_both(made, "reached") == []  # each function says another one


def test_several_limits_of_one_statement_are_one_edit(monkeypatch):
    made, seen = statements_of(monkeypatch)
    (both,) = range_edits.limits_of_both(made, "reached")
    again = range_edits.LimitsOfBoth(both.before, both.candidates[:1] * 2)
    with again.edited():
        assert len(seen) == 1
    assert again.lines == [3] and again.after == ["len(xs) - 2"]


# --- the one change of a range ---


def tried_changes(monkeypatch, one=(), both=(), holds=False, world=False):
    """What _found makes of changes that hold, by their numbers; and which of them were asked."""
    asked = []
    monkeypatch.setattr(of_range, "both_directions", lambda *of: asked.append(of))

    def reached(run):
        run()
        return SimpleNamespace(touches_the_world=world)

    monkeypatch.setattr(of_range, "Reached", reached)
    monkeypatch.setattr(of_range, "live_statements", lambda found: ["of", found])
    monkeypatch.setattr(of_range, "_all_holds", lambda trial: holds)

    def frozen(found, run):
        assert isinstance(found, SimpleNamespace) and run.args == ("trial", 0)
        return nullcontext()

    def limits_and_moduli(statements, found):
        assert statements == ["of", found]
        yield from ((k, "place", "edit") for k in range(30))

    def limits_of_both(statements, found):
        assert statements == ["of", found]
        return [f"both {k}" for k in range(30)]

    def if_it_holds(trial, k, place, edit):
        assert (trial, place, edit) == ("trial", "place", "edit") and set(onp.geterr().values()) == {"ignore"}
        asked.append(k)
        return f"change {k}" if k in one else None

    def if_they_hold(trial, words):
        asked.append(words)
        return [words] if words in both else []

    for name, stub in (("frozen", frozen), ("limits_and_moduli", limits_and_moduli), ("limits_of_both", limits_of_both),
                       ("_if_it_holds", if_it_holds), ("_words_if_they_hold", if_they_hold)):  # fmt: skip
        monkeypatch.setattr(of_range, name, stub)
    with onp.errstate(all="warn"):
        return of_range._found("trial"), asked


def test_the_change_of_a_range_is_said_where_it_is_the_only_one(monkeypatch):
    of_one, of_both = list(range(24)), [f"both {k}" for k in range(24)]
    first = [("trial", 0)]
    for given, said, asked in (
        ({"one": (3,)}, "change 3", of_one), ({"one": (3, 4)}, None, of_one), ({"one": (23,)}, "change 23", of_one),
        ({"one": (24,)}, None, of_one + of_both),
        ({"both": ("both 23",)}, "both 23", of_one + of_both), ({"both": ("both 24",)}, None, of_one + of_both),
        ({"both": ("both 1", "both 2")}, None, of_one + of_both),
        ({"one": (0,), "both": ("both 0",)}, "change 0", of_one),
        ({"one": (0,), "holds": True}, None, []), ({"one": (0,), "world": True}, None, []),
    ):  # fmt: skip
        assert tried_changes(monkeypatch, **given) == (said, first + asked), given


def test_a_range_is_sought_in_a_process_of_its_own(monkeypatch):
    monkeypatch.setattr(of_range, "answered_by_child", lambda ask: (ask.func, ask.args))
    for may in (True, False):
        monkeypatch.setattr(
            of_range, "may_be_changed", lambda trial, row, may=may: may and (trial, row) == ("trial", 0)
        )
        assert of_range.change_of_range("trial") == ((of_range._found, ("trial",)) if may else None)


def test_the_words_for_a_change_after_which_everything_holds(monkeypatch):
    done, most = [], []
    place = SimpleNamespace(before="a - 3", line=7, after=lambda edit: f"a - 2 {done}")
    edit = SimpleNamespace(done=lambda: done.append("done") or nullcontext())
    statement = SimpleNamespace(edited=lambda: done.append("edited") or nullcontext(), file="/x/y.py")
    within = of_range.within
    monkeypatch.setattr(of_range, "within", lambda call, number: most.append(number) or within(call, number))

    def said(holds):
        done.clear()
        monkeypatch.setattr(of_range, "_all_holds", lambda trial: holds(trial))
        return of_range._if_it_holds("trial", statement, place, edit)

    assert said(lambda trial: trial == "trial") == "line 7 of y.py, with `a - 2 ['done', 'edited']` in place of `a - 3`"
    assert said(lambda trial: False) is said(lambda trial: 1 / 0) is None and most == [of_range.MOST] * 3
    monkeypatch.setattr(of_range, "within", lambda call, number: (_ for _ in ()).throw(TooLong()))
    assert said(lambda trial: True) is None


def test_the_words_for_limits_that_hold_in_all_their_places(monkeypatch):
    file = lambda name: SimpleNamespace(file=f"/x/{name}.py")  # noqa: E731
    both = SimpleNamespace(
        edited=nullcontext,
        lines=[3, 6],
        change="with a",
        candidates=[(file("b"), 0, 0), (file("a"), 0, 0), (file("b"), 0, 0)],
    )
    most, within = [], of_range.within
    monkeypatch.setattr(of_range, "within", lambda call, number: most.append(number) or within(call, number))
    for holds, said in (
        (lambda trial: trial == "trial", ["lines 3 and 6 of a.py and b.py, with a"]),
        (lambda trial: False, []),
        (lambda trial: 1 / 0, []),
    ):
        monkeypatch.setattr(of_range, "_all_holds", lambda trial, holds=holds: holds(trial))
        assert of_range._words_if_they_hold("trial", both) == said
    assert most == [of_range.MOST] * 3


def test_everything_holds_where_the_laws_the_range_and_the_edges_do(monkeypatch):
    old = SimpleNamespace(subject=SimpleNamespace(fresh=lambda: "fresh"), z="z", twin="twin", limit="limit")
    monkeypatch.setattr(of_range, "Trial", lambda *of: of)
    for failed in (None, "laws", "onto", "edges"):
        rngs, asked = [], []

        def look(name, failed=failed, asked=asked, rngs=rngs):
            def check(trial, *rng):
                assert trial == ("fresh", "z", "twin", "limit")
                asked.append(name)
                rngs.extend(rng)
                return name == failed if name == "laws" else SimpleNamespace(failed=name == failed)

            return check

        for name, where in (("laws", "failed_laws"), ("onto", "check_onto"), ("edges", "check_edges")):
            monkeypatch.setattr(of_range, where, look(name))
        assert of_range._all_holds(old) is (failed is None)
        assert rngs == [] or rngs[0].random() == onp.random.default_rng(0).random()
        assert asked == ["laws", "onto", "edges"][: ["laws", "onto", "edges", None].index(failed) + 1]
