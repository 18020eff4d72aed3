"""Pieces of the search that are done in several places at once, or held against other numbers; made by hand."""

import ast
from types import SimpleNamespace

import numpy as onp
import pytest
from edited_code import module_of

from nfscratch.check.repair.candidates import _in_all_places
from nfscratch.check.repair.edit import places, source
from nfscratch.check.repair.expressions import thoughts
from nfscratch.check.repair.forms import parallel
from nfscratch.check.repair.late_binding import _in_order, bound_at_once
from nfscratch.check.repair.like_places import changed_alike
from nfscratch.check.repair.live_code import Reached
from nfscratch.check.repair.made_objects import made_attributes
from nfscratch.check.repair.older import older_names
from nfscratch.check.repair.planar import product_below
from nfscratch.check.repair.stated_numbers import stated_numbers
from nfscratch.check.repair.statements import changed_statements


def tree(text):
    return ast.parse(text, mode="eval").body


def all_of(text, part):
    """The places of a part in a text, in its order."""
    return [p for p in places(ast.parse(text)) if source(p.node) == part and isinstance(p.node, ast.expr)]


def first_of(text, part):
    return all_of(text, part)[0]


# --- like places ---


@pytest.mark.parametrize(("one", "part", "new", "other", "twin", "after"), [
    ("a = l.mean(axis=1)", "l.mean", "l.sum", "b = -c(y)[1].mean(axis=1)", "c(y)[1].mean", "b = -c(y)[1].sum(axis=1)"),
    ("a = l.mean(axis=1)", "l.mean", "l.sum", "b = y.mean(axis=0)", "y.mean", None),
    ("a = l.mean(axis=1)", "l.mean", "l.sum", "b = y.max(axis=1)", "y.max", None),
    ("a = log(-t)", "t", "t ** 2", "b = log(-x[:, j])", "x[:, j]", "b = log(-x[:, j] ** 2)"),
    ("a = log(-t)", "t", "t ** 2", "b = exp(-x)", "x", None), ("a = log(-t)", "t", "u", "b = log(-x)", "x", None),
    ("return (y, g(a))", "g(a)", "2 * g(a)", "return (z, h(b))", "h(b)", "return (z, 2 * h(b))"),
    ("return (y, g(a))", "g(a)", "2 * g(a)", "return (h(b), z)", "h(b)", None),
])  # fmt: skip
def test_what_is_done_to_a_like_place(one, part, new, other, twin, after):
    there = ast.parse(other)
    place, like = first_of(one, part), next(p for p in places(there) if source(p.node) == twin)
    edits = list(changed_alike(place, tree(new), like))
    assert len(edits) == (after is not None)
    for edit in edits:
        with edit.done():
            assert source(there.body[0]) == after
            compile(there, "", "exec") if not after.startswith("return") else None
    assert source(there.body[0]) == other.replace("(y, ", "(y, ")


# --- a value as it was before ---

BEFORE = """
def inverse(x):
    l, r = x[:, :2], x[:, 2:]
    new, ld = undo(l, 1)
    s = net(new)
    r = (r - g(new)) * s
    return join([new, r])
"""


def test_the_older_value_stands_wherever_the_newer_one_is_read_but_handed_on():
    everywhere = [p for p in all_of(BEFORE, "new") if isinstance(p.node.ctx, ast.Load)]
    ((older, read),) = older_names(everywhere[0], everywhere)
    assert older.id == "l" and read == everywhere[:2]
    assert not list(older_names(everywhere[1], everywhere)) and not list(older_names(everywhere[2], everywhere))
    alone = [p for p in all_of(BEFORE, "s") if isinstance(p.node.ctx, ast.Load)]
    assert not list(older_names(alone[0], alone))
    put = "def f(x):\n    a = g(b)\n    c = a + 1\n    d = a - 1\n    y[:, k] = a\n    return c, d, y"
    everywhere = [p for p in all_of(put, "a") if isinstance(p.node.ctx, ast.Load)]
    assert [(o.id, len(read)) for o, read in older_names(everywhere[0], everywhere)] == [("b", 2)]


# --- the same in all places ---


def made_everywhere(text, part, new):
    twins = all_of(text, part)
    return list(_in_all_places(twins[0].exchanged(tree(new)), twins[0], twins))


def test_a_number_that_is_an_index_elsewhere_is_not_changed_with_it():
    assert len(made_everywhere("y = 1 + a * 1", "1", "2")) == 1
    assert not made_everywhere("y = 1 + a[1]", "1", "2") and not made_everywhere("y = 1 - a[::-1]", "1", "-1")
    assert not made_everywhere("y = s + f(-s)", "s", "-s") and len(made_everywhere("y = s + f(s)", "s", "-s")) == 1


# --- kinds ---


def test_two_parts_of_one_array_exchange_their_values():
    text = "z[:, 0] = o\nz[:, 1] = e\ny[0] = o\nz[:, 2] = q\nw = e"
    body = ast.parse(text)
    first = next(p for p in places(body) if isinstance(p.node, ast.Assign))
    swapped = [
        e
        for e in changed_statements(first)
        if e.of_lines is not None and "in place of `z[:, 0] = o` and" in e.of_lines.words
    ]
    assert [e.of_lines.words.split(" in place")[0] for e in swapped] == [
        "with `z[:, 0] = e` and `z[:, 1] = o`", "with `z[:, 0] = q` and `z[:, 2] = o`",
    ]  # fmt: skip
    with swapped[0].done():
        assert ast.unparse(body).startswith("z[:, 0] = e\nz[:, 1] = o\ny[0]")
    assert ast.unparse(body) == text and swapped[0].lines == (1, 2)


@pytest.mark.parametrize(("text", "made"), [
    ("lp.mean(axis=0).sum()", True), ("a.b.sum().mean()", True), ("np.sum(lp).mean()", False),
])  # fmt: skip
def test_two_reductions_may_be_meant_as_one(text, made):
    found = {source(new) for new in thoughts(tree(text))}
    assert (text.split(".mean")[0].split(".sum")[0] + ".sum(axis=1)" in found) is made


def test_an_einsum_may_keep_its_rows():
    assert {"ni,ni->n", "ni,ni->i"} <= {new.value for new in thoughts(ast.Constant("ni,ni->"))}
    assert "ni,ij->jn" not in {new.value for new in thoughts(ast.Constant("ni,ij->n"))}


def test_a_formula_in_the_words_of_another_variable_can_be_compiled():
    lines = ["k, d = g(x)", "q, e = g(x + h * k)", "l = l + h * d", "x = x + h * (k + q) / 2", "return x, l"]
    body = ast.parse("\n    ".join(["def f(x, l, h):", *lines]))
    place = next(p for p in places(body) if source(p.node) == "l + h * d")
    (new,) = parallel(place, SimpleNamespace(function=body.body[0]))
    with place.exchanged(new).done():
        compile(body, "", "exec")
        assert "l = l + h * (d + e) / 2" in ast.unparse(body)


# --- numbers that are stated ---

NUMBERS = """
import numpy as np

A, N = 2.0, 3
B = A + 1.0
rng = np.random.default_rng(0)


class Layer:
    slope = 0.5

    def __init__(self, scale, shift):
        self.scale = scale
        self.shift = shift
        self.log = np.log(self.shift)

    def forward(self, z):
        return z * B * self.scale * self.slope + self.shift + self.log


layer = Layer(4.0, 8.0)
forward = layer.forward
"""


def test_the_numbers_of_a_file_are_exchanged_and_put_back(tmp_path):
    made = module_of(NUMBERS, tmp_path, "stated")
    run = lambda: made.forward(onp.ones(1))  # noqa: E731
    seen, before = [], run()
    for exchanged in stated_numbers(Reached(run)):
        with exchanged() as stands:
            seen.append((stands, made.A, made.B, made.layer.slope, made.layer.scale, made.layer.shift))
    whole = (2.0, 3.0, 0.5, 4.0, 8.0)
    assert seen == [
        (True, 1.875, 2.875, *whole[2:]), (True, 2.0, 2.9375, *whole[2:]),
        (True, 2.0, 3.0, 0.46875, 4.0, 8.0), (True, 2.0, 3.0, 0.5, 3.75, 8.0),
    ]  # fmt: skip
    assert (run() == before).all() and (made.A, made.B, made.Layer.slope) == whole[:3]


# --- what an object was made with ---

MADE = """
import numpy as np


def half(a):
    return a / 2


class Layer:
    def __init__(self, a):
        self.a = half(a) + 1.0

    def forward(self, z):
        return z + self.a


layers = [Layer(2.0), Layer(4.0)]


def forward(z):
    return layers[1].forward(layers[0].forward(z))
"""


def test_a_line_of_an_object_may_call_what_does_nothing_but_compute(tmp_path):
    made = module_of(MADE, tmp_path, "made_of_half")
    reached = Reached(lambda: made.forward(0.0))
    (line,) = made_attributes(reached, reached.lines)
    assert ast.unparse(line.tree) == "self.a = half(a) + 1.0"
    number = next(p for p in places(line.tree) if source(p.node) == "1.0")
    with number.exchanged(ast.Constant(3.0)).done(), line.edited():
        assert [layer.a for layer in made.layers] == [4.0, 5.0]
    assert [layer.a for layer in made.layers] == [2.0, 3.0]


# --- functions of a loop ---

LOOP = """
SHIFTS = [1.0, 2.0, 3.0]
steps, others = [], []
for k, shift in enumerate(SHIFTS):
    twice = 2 * shift
    steps.append((k, lambda z: z + shift + twice))
    others.append(lambda z, shift=shift: z + shift)


def maker():
    return [lambda z: z * a for a in SHIFTS]


rows = maker()


def forward(z):
    for _, step in steps:
        z = step(z)
    for f in others:
        z = f(z)
    return z + sum(f(1) for f in rows)
"""


def test_each_function_of_a_loop_gets_its_own_turn(tmp_path):
    made = module_of(LOOP, tmp_path, "looped")
    run = lambda: made.forward(0.0)  # noqa: E731
    assert run() == 27 + 6 + 9
    found = list(bound_at_once(Reached(run)))
    assert [(bound.names, [list(v.values()) for v in bound.values]) for bound, _, _ in found] == [
        (["shift", "twice"], [[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]]), (["a"], [[1.0], [2.0], [3.0]]),
    ]  # fmt: skip
    for (bound, _, edit), value in zip(found, (18 + 6 + 9, 27 + 6 + 6), strict=True):
        with edit.done(), bound.edited():
            assert run() == value
        assert run() == 27 + 6 + 9
    assert found[0][2].of_lines.words.startswith("with `lambda z, shift=shift, twice=twice` in place of `lambda z` (")


def test_functions_stand_in_the_order_of_a_list():
    made = [lambda: 1, lambda: 2]
    kept = [made[1], made[0]]
    assert _in_order([made[0], made[1]]) in (made, kept)
    pairs = [(onp.ones(2), f, 0) for f in kept]
    del kept, made[:]
    assert _in_order([pairs[1][1], pairs[0][1]]) == [pairs[0][1], pairs[1][1]]
    assert _in_order([len, min]) == []


# --- a product below -1 ---


def test_a_product_below_minus_one_is_said(tmp_path):
    code = "import numpy as np\nW = np.array([1.0, 0.5])\n\ndef forward(z, u):\n    w = W\n    return z + (w @ u)\n"
    made = module_of(code, tmp_path, "below")
    said = lambda u: product_below(Reached(lambda: made.forward(onp.ones(2), onp.array(u))))  # noqa: E731
    assert said([-2.0, 1.0]) == "w . u is -1.5, below -1" and said([-1.0, 0.5]) is None


def test_the_vectors_may_be_those_of_the_module(tmp_path):
    code = "import numpy as np\nw, u = np.array([1.0, 0.5]), np.array([-2.0, 1.0])\n"
    code += "\ndef forward(z):\n    return z + w @ u\n\ndef other(z):\n    return z + w @ w\n"
    made = module_of(code, tmp_path, "of_module")
    assert product_below(Reached(lambda: made.forward(onp.ones(2)))) == "w . u is -1.5, below -1"
    assert product_below(Reached(lambda: made.other(onp.ones(2)))) is None  # which names no u
