"""What a round asks at each place, with stand-ins for what it asks: who is made, what each is given, what comes."""

import ast
from types import SimpleNamespace

import pytest
from made_scopes import tree

from nfscratch.check.repair import candidates
from nfscratch.check.repair.edit import places, source

TEXT = "def f(a):\n    y = a + g(a)\n    z = a * b\n    return y"


@pytest.fixture
def round_of(monkeypatch):
    """made(kinds, ...): the source after each edit, and what was asked."""

    def made(
        kinds, text=TEXT, parts=("a",), given=("new",), older=lambda place, every: (), wrapped=(), around=(), **more
    ):
        module, asked = ast.parse(text), {"edits": [], "older": [], "wrapped": [], "around": []}
        statement = SimpleNamespace(file="f.py", tree=module.body[0])
        met = [(statement, p, "scope") for p in places(module) if source(p.node) in parts and hasattr(p.node, "lineno")]
        met = [each for each in met if not isinstance(each[1].node, ast.arg)]

        def note(name, answer):
            return lambda *of: (asked[name].append(of), answer)[1]

        def build(name, answer):
            return lambda places: (asked.update({name: [p for p, _ in places]}), answer)[1]

        def met_places(statements, reached, with_pool=False):
            asked["pool"] = with_pool
            return list(met)

        monkeypatch.setattr(candidates, "met_places", met_places)
        monkeypatch.setattr(candidates, "Siblings", build("siblings", SimpleNamespace(moduli="moduli")))
        monkeypatch.setattr(
            candidates, "LinesElsewhere", build("lines", SimpleNamespace(around=note("around", around)))
        )
        monkeypatch.setattr(candidates, "Lacking", build("lacking", "lacking"))
        monkeypatch.setattr(candidates, "Splits", build("splits", "splits"))
        monkeypatch.setattr(candidates, "wrapped_line", note("wrapped", [tree(new) for new in wrapped]))
        monkeypatch.setattr(candidates, "older_names", lambda *of: (asked["older"].append(of), older(*of))[1])

        def edits_of(place, *rest):
            asked["edits"].append((place, *rest))
            return [place.exchanged(tree(new)) for new in given]

        monkeypatch.setattr(candidates, "edits_of", edits_of)
        found = []
        for its, place, edit in candidates.candidates(
            [statement], SimpleNamespace(lines={"f.py": {2, 3}}), kinds, **more
        ):
            assert its is statement and place in [p for _, p, _ in met]
            if isinstance(edit, str):
                found.append(edit)
                continue
            with edit.done():
                found.append("; ".join(source(n) for n in module.body[0].body[:-1]))
        return found, SimpleNamespace(**asked, met=[p for _, p, _ in met])

    return made


def test_who_is_made_in_which_round(round_of):
    for kinds in range(6):
        _, asked = round_of(kinds)
        names = {"siblings": [1], "lines": [2], "lacking": [0, 1], "splits": [1]}
        for name, rounds in names.items():
            assert hasattr(asked, name) is (kinds in rounds) and getattr(asked, name, asked.met) == asked.met, (
                kinds,
                name,
            )
        assert asked.pool is (kinds >= 3) and bool(asked.older) is (kinds == 0), kinds
        assert bool(asked.wrapped) is (kinds == 1) and bool(asked.around) is (kinds == 2), kinds
        siblings = SimpleNamespace(moduli="moduli") if kinds == 1 else None
        rest = ("scope", kinds, siblings, "lacking" if kinds < 2 else None, "splits" if kinds == 1 else None)
        assert asked.edits == [(place, *rest) for place in asked.met], kinds
        _, none = round_of(kinds, parts=())
        assert not hasattr(none, "siblings") and not hasattr(none, "lines") and none.edits == []


ONE, TWO, LAST = "y = new + g(a); z = a * b", "y = a + g(new); z = a * b", "y = a + g(a); z = new * b"
LINE, ALL, REST = "y = new + g(new); z = a * b", "y = new + g(new); z = new * b", "y = a + g(new); z = new * b"


def test_the_same_is_exchanged_in_the_function_in_the_statement_and_from_a_place_on(round_of):
    for kinds, found in (
        (0, [ONE, ALL, LINE, TWO, LAST]), (1, [ONE, ALL, LINE, TWO, LAST]), (2, [ONE, ALL, LINE, TWO, REST, LAST]),
        (3, [ONE, LINE, TWO, LAST]), (5, [ONE, LINE, TWO, LAST]),
    ):  # fmt: skip
        assert round_of(kinds)[0] == found, kinds
    alone = TEXT.replace("z = a * b", "z = b")
    assert round_of(0, alone)[0] == ["y = new + g(a); z = b", "y = new + g(new); z = b", "y = a + g(new); z = b"]
    calls = TEXT.replace("z = a", "z = g(a)").replace("a + ", "g(a) + ")
    found = round_of(2, calls, parts=("g(a)",))[0]  # of names alone from a place on
    assert len(found) == 5 and "y = g(a) + new; z = new * b" not in found
    lines = round_of(0, parts=("z = a * b",), given=("new",))[0]
    assert len(lines) == 1


def test_an_older_value_is_exchanged_where_it_is_read(round_of):
    def older(place, every):
        return [(tree("old"), every[k : k + 2]) for k in (0, 1) if place is every[k] and k < 2]

    found, asked = round_of(0, given=(), older=older)
    assert [(place, len(every)) for place, every in asked.older] == [(place, 3) for place in asked.met]
    assert found == [LINE.replace("new", "old"), REST.replace("new", "old")]
    assert round_of(0, older=older)[0][0] == found[0]  # it comes first at its place


def test_a_line_is_wrapped_or_put_in_around_each_place(round_of):
    found, asked = round_of(1, given=(), wrapped=("a % n",))
    assert found == ["y = a % n + g(a); z = a * b", "y = a + g(a % n); z = a * b", "y = a + g(a); z = a % n * b"]
    assert asked.wrapped == [(place.node, "moduli", "scope") for place in asked.met]
    found, asked = round_of(2, given=(), around=("one", "two"))
    assert found == ["one", "two"] * 3 and asked.around == [(place, "scope") for place in asked.met]


def test_the_order_of_places_and_their_lines(round_of):
    text = TEXT.replace("z = a * b", "z = -a < b")
    parts = ("a", "-a", "-a < b")
    order = lambda **more: [source(place.node) for place, *_ in round_of(3, text, parts, **more)[1].edits]  # noqa: E731
    assert order() == ["a", "a", "-a < b", "-a", "a"] and order(slow=True) == ["-a < b", "-a", "a", "a", "a"]
    assert order(lines={"f.py": {3}}) == ["-a < b", "-a", "a"] and order(lines={"g.py": {3}}) == [] == order(lines={})
    assert order(shared={"f.py": {2}}) == ["-a < b", "-a", "a", "a", "a"] == order(shared={"f.py": {2}, "g.py": {3}})
    assert order(shared={"g.py": {2}}) == order()


# --- the looks of a round ---


def looks(text, part, kinds, monkeypatch, **helpers):
    """The new texts at a place, in their order."""
    place = next(p for p in places(ast.parse(text)) if source(p.node) == part)

    def one(name):
        return lambda *of: (seen.append((name, *of)), [tree(name)])[1]

    def raising(place, scope):
        yield tree("before")
        raise KeyError

    seen, rounds = [], [(one(f"first{k}"), raising, candidates.filled, one(f"last{k}")) for k in range(6)]
    monkeypatch.setattr(candidates, "ROUNDS", rounds)
    monkeypatch.setattr(candidates, "factors_beside", one("beside"))
    monkeypatch.setattr(candidates, "STATEMENTS", {0: lambda place: ["moved"], 1: lambda place: ["further"]})
    made = {name: SimpleNamespace(**{look: one(name)}) for name, look in helpers.items()}
    found = candidates.edits_of(place, SimpleNamespace(pool=[]), kinds, **made)
    texts = [e if isinstance(e, str) else source(e.new if place.index is None else e.new[place.index]) for e in found]
    assert all(of[0] is place for _, *of in seen)
    return texts


HELPERS = {"siblings": "of", "lacking": "beside", "splits": "put_back"}


def test_what_is_tried_at_one_place(monkeypatch):
    """Whole terms lack something in the first round, and what is no term in a later one."""
    of_round = lambda k: [f"first{k}", "before", f"last{k}"]  # noqa: E731
    for text, part, kinds, found in (
        ("y = a", "a", 0, ["siblings", "beside", "splits", "lacking", *of_round(0)]),
        ("y = a", "a", 1, ["siblings", "beside", "splits", *of_round(1)]),
        ("y = f(a)", "a", 0, ["siblings", "beside", "splits", *of_round(0)]),
        ("y = f(a)", "a", 1, ["siblings", "beside", "splits", "lacking", *of_round(1)]),
        ("y = b[a]", "a", 2, ["siblings", "beside", "splits", "lacking", *of_round(2)]),
        ("y = b[a]", "a", 3, ["siblings", "beside", "splits", "lacking"]),
        ("y = a", "y", 0, []), ("y = np.c_[a]", "np.c_", 0, []), ("for i, j in a: pass", "(i, j)", 0, []),
        ("y = a", "y = a", 0, ["moved"]), ("y = a", "y = a", 1, ["further"]), ("y = a", "y = a", 2, []),
    ):  # fmt: skip
        assert looks(text, part, kinds, monkeypatch, **HELPERS) == found, (text, part, kinds)
    assert looks("y = a", "a", 0, monkeypatch) == of_round(0) and looks("y = a", "a", 3, monkeypatch) == of_round(3)


def test_what_keeps_a_map_from_folding_is_asked_of_expressions_that_are_no_index(monkeypatch):
    module, asked = ast.parse("def f(a):\n    return b[k] * a"), []
    met = [("statement", p, "scope") for p in places(module) if hasattr(p.node, "lineno")]
    monkeypatch.setattr(candidates, "met_places", lambda statements, reached: met)
    monkeypatch.setattr(candidates, "squares", lambda place, scope: (asked.append(source(place.node)), [tree("q")])[1])
    found = [(statement, source(place.node)) for statement, place, _ in candidates.unfolded(["s"], "reached")]
    assert asked == ["b[k] * a", "b[k]", "b", "a"] and found == [("statement", text) for text in asked]
