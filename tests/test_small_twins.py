"""A change that is done in both directions at once: where the same expression stands, and in whose words."""

import ast

from by_hand import expression

from nfscratch.check.repair import twins
from nfscratch.check.repair.edit import Edit, Kind, OfLines, places, source


def met_in(text):
    """(the number of the function, place) of all that stands in the functions of a text."""
    tree = ast.parse(text)
    return tree, [(k, place) for k, function in enumerate(tree.body) for place in places(function)]


def done(text, part, new, nth=0):
    """The lines that are others after each edit that is done in several places, each edit once."""
    tree, met = met_in(text)
    place = [p for _, p in met if source(p.node) == part][nth]
    before, found = ast.unparse(tree).split("\n"), []
    for edit, statements in twins.with_twins(met, place, place.exchanged(expression(new))):
        with edit.done():
            after = ast.unparse(tree).split("\n")
        changed = [line.strip() for line, old in zip(after, before, strict=True) if line != old]
        if changed not in [lines for lines, *_ in found]:
            found.append((changed, edit.lines, statements))
    assert ast.unparse(tree).split("\n") == before
    return found


def test_a_change_is_done_wherever_the_same_stands():
    text = "def f(z):\n    a = np.exp(s)\n    return a\ndef g(x):\n    b = 1\n    b = np.exp(s)\n    return b"
    assert done(text, "np.exp(s)", "np.exp(-s)") == [(["a = np.exp(-s)", "b = np.exp(-s)"], (2, 6), [1])]
    alone = text.replace("b = np.exp(s)", "b = np.exp(t)")
    assert [lines for lines, *_ in done(alone, "np.exp(s)", "np.exp(-s)")] == []


def test_a_twin_is_written_with_the_argument_of_its_own_function():
    text = "def f(z):\n    a = np.tanh(z) * 2\n    return a\ndef g(x):\n    b = np.tanh(x) * 2\n    return b"
    assert done(text, "np.tanh(z)", "np.tanh(z) ** 2") == [
        (["a = np.tanh(z) ** 2 * 2", "b = np.tanh(x) ** 2 * 2"], (2, 5), [1])
    ]
    same = text.replace("x", "z")
    assert done(same, "np.tanh(z)", "np.cosh(z)") == [(["a = np.cosh(z) * 2", "b = np.cosh(z) * 2"], (2, 5), [1])]
    two = text.replace("g(x)", "g(x, y)")
    assert done(two, "np.tanh(z)", "np.cosh(z)") == []


def test_what_stands_as_it_is_in_the_other_function_stays_so():
    """z of the module is not the argument of g: the new expression is not renamed there."""
    text = "def f(z):\n    a = np.exp(s)\n    return a\ndef g(x):\n    b = np.exp(s)\n    return b"
    assert done(text, "np.exp(s)", "np.exp(z)") == [(["a = np.exp(z)", "b = np.exp(x)"], (2, 5), [1])]
    of_two = text.replace("g(x)", "g(x, y)")
    assert done(of_two, "np.exp(s)", "np.exp(z)")[0][0] == ["a = np.exp(z)", "b = np.exp(z)"]
    as_it_is = text.replace("np.exp(s)", "np.exp(z)")
    assert done(as_it_is, "np.exp(z)", "np.log(z)") == [(["a = np.log(z)", "b = np.log(z)"], (2, 5), [1])]


def test_places_with_the_same_around_them_come_first_and_then_all():
    text = "def f(z):\n    a = t * 2\n    return a\ndef g(x):\n    b = t * 2\n    c = t + 1\n    return b"
    assert done(text, "t", "-t") == [
        (["a = -t * 2", "b = -t * 2"], (2, 5), [1]), (["a = -t * 2", "b = -t * 2", "c = -t + 1"], (2, 5, 6), [1, 1]),
    ]  # fmt: skip


def test_of_two_like_places_of_each_function_the_one_at_the_same_turn():
    text = (
        "def f(z):\n    a = t * 2\n    b = t * 2\n    return a\ndef g(x):\n    c = t * 2\n    d = t * 2\n    return c"
    )
    every = ["a = -t * 2", "b = -t * 2", "c = -t * 2", "d = -t * 2"]
    first, last = done(text, "t", "-t")[:2], done(text, "t", "-t", 1)[:2]
    assert [sorted(lines) for lines, *_ in first] == [every, [every[0], every[2]]] and first[1][1:] == ((2, 6), [1])
    assert [sorted(lines) for lines, *_ in last] == [every, [every[1], every[3]]] and last[1][1:] == ((3, 7), [1])
    three = text.replace("    return c", "    e = t * 2\n    return c")
    assert [len(lines) for lines, *_ in done(three, "t", "-t")] == [5, 4]  # all; those of the other function


def test_what_stands_in_a_like_place_is_changed_alike():
    text = "def f(z):\n    return np.log1p(-t), 1\ndef g(x):\n    return np.log1p(-x[:, j]), 2"
    found = done(text, "t", "t ** 2")
    assert [lines for lines, *_ in found] == [["return (np.log1p(-t ** 2), 1)", "return (np.log1p(-x[:, j] ** 2), 2)"]]
    within = "def f(z):\n    a = np.log1p(-t)\n    b = np.log1p(-u)\n    return a"
    assert done(within, "t", "t ** 2") == []  # of another function alone


def test_an_edit_of_lines_or_of_several_places_has_no_twins():
    text = "def f(z):\n    a = t\n    return a\ndef g(x):\n    b = t\n    return b"
    _, met = met_in(text)
    place = next(p for _, p in met if source(p.node) == "t")
    edit = place.exchanged(expression("-t"))
    assert len(list(twins.with_twins(met, place, edit))) == 1
    for more in ({"also": (edit,)}, {"of_lines": OfLines(Kind.LEFT_OUT, (), (), "")}):
        assert list(twins.with_twins(met, place, Edit(edit.node, edit.field, edit.new, **more))) == []
    for other in (Edit(place.above[-2], "body", []), Edit(place.parent, "targets", [])):
        assert twins.new_of(place, other) is None and list(twins.with_twins(met, place, other)) == []
    line = next(p for _, p in met if isinstance(p.node, ast.Assign))
    assert twins.new_of(line, line.exchanged(ast.parse("a = 1").body[0])) is None


def test_both_of_one_list_are_exchanged_once():
    """f(t, t): the arguments are one list, in which one edit cannot leave what another has put."""
    text = "def f(z):\n    a = h(t)\n    return a\ndef g(x):\n    b = h(t, t)\n    return b"
    found = done(text, "t", "-t")
    assert [lines for lines, *_ in found] == [["a = h(-t)", "b = h(-t, t)"]]
    own = "def f(z):\n    a = h(t, t)\n    return a"
    assert done(own, "t", "-t") == []


def test_a_twin_stands_at_the_line_of_what_it_replaces():
    text = "def f(z):\n    a = t\n    return a\ndef g(x):\n    b = t\n    return b"
    _, met = met_in(text)
    place = next(p for _, p in met if source(p.node) == "t")
    new = expression("np.exp(-t)")
    ((edit, _),) = twins.with_twins(met, place, place.exchanged(new))
    (also,) = edit.also
    assert {n.lineno for n in ast.walk(also.new) if hasattr(n, "lineno")} == {5} and also.new is not edit.new
