"""Which matrix is tried where: the inverse of one, one that is missing; a norm for its square, and back."""

import ast
from functools import partial
from types import SimpleNamespace

import numpy as onp
from by_hand import place_of, scope_of, texts
from edited_code import module_of

from nfscratch.check.repair import matrices, planar, squares
from nfscratch.check.repair.live_code import Reached

MATRIX = onp.array([[1.0, 2.0], [3.0, 4.0]])


def of_module(**held):
    return scope_of(module={"np": onp}, **held)


def inverted(text, part, scope, nth=0):
    return texts(matrices.inverted(place_of(text, part, nth), scope))


def test_the_inverse_of_a_square_matrix_and_its_transpose():
    net = SimpleNamespace(W=MATRIX)
    scope = of_module(A=MATRIX, B=onp.ones((2, 3)), T=onp.ones((2, 2, 2)), L=[MATRIX], net=net, u=onp.ones(2))
    for text, part in (("A", "A"), ("A.T", "A"), ("L[0]", "L[0]"), ("net.W", "net.W"), ("net.W.T", "net.W")):
        inverse = f"np.linalg.inv({part})"
        assert inverted(f"y = [{text}]", text, scope) == [inverse, f"{inverse}.T"], text
    for text in ("A.U", "B", "T", "u", "lost", "B.T", "A + 1", "f(A)", "3", "-A"):
        assert inverted(f"y = [{text}]", text, scope) == [], text
    assert inverted("y = A(2)", "A", scope) == [] and inverted("y = A * 2", "A", scope_of(A=MATRIX)) == []


def test_the_logarithm_of_a_determinant():
    scope = of_module(C=onp.ones((2, 3)))
    for text in ("np.linalg.det(C)", "det(C)"):
        assert inverted(f"y = {text} * 2", text, scope) == ["np.linalg.slogdet(C)[1]"]
    for text in ("det(C, C)", "dot(C)", "det()"):
        assert inverted(f"y = {text} * 2", text, scope) == []


def test_a_matrix_before_and_after_a_product_of_matrices():
    scope = of_module(A=MATRIX, x=onp.ones((5, 2)))
    one = "x @ A"
    found = inverted(f"y = {one}", one, scope)
    solved = [f"np.linalg.solve({m}, {one})" for m in ("A", "A.T")]
    before_and_after = [
        text for m in ("A", "A.T", "np.linalg.inv(A)")
        for text in (f"{m} @ ({one})" if "inv" not in m else f"np.linalg.inv(A) @ ({one})", f"{one} @ {m}")
    ]  # fmt: skip
    assert found == solved + before_and_after
    assert inverted("y = x * A", "x * A", scope) == []


def test_a_matrix_that_stood_before_columns_or_after_rows():
    scope = of_module(
        A=MATRIX, rows=onp.ones((5, 2)), columns=onp.ones((2, 5)), row=onp.ones(2), cube=onp.ones((2, 2, 2))
    )
    after, before = ["rows @ A.T", "rows @ A"], ["A.T @ columns", "A @ columns"]
    for text, part, found in (
        ("y = rows", "rows", after), ("y = f(rows)", "rows", after), ("y = columns", "columns", before),
        ("y += rows", "rows", after), ("y = rows.copy()", "rows.copy()", after), ("y = rows + 1", "rows", []),
        ("y = row", "row", []), ("y = cube", "cube", []), ("y = (rows, 1)", "rows", []), ("y = lost", "lost", []),
        ("y = g(rows.T)", "rows.T", []), ("y = f(k=rows)", "rows", []),
    ):  # fmt: skip
        assert inverted(text, part, scope) == found, text
    square = of_module(A=MATRIX, S=2 * MATRIX)
    tried = inverted("y = f(S)", "S", square)[2:]
    assert tried == [t for m in "AS" for f in (f"{m}.T", m) for t in (f"{f} @ S", f"S @ {f}")]


def test_six_matrices_of_a_function_are_tried_those_that_are_read_first():
    unread = {f"U{k}": MATRIX for k in range(7)}
    scope = scope_of(module={"np": onp, **unread, "R": MATRIX}, named=["R"], L=MATRIX, wide=onp.ones((2, 3)))
    named = [(ast.unparse(node), size) for node, size in matrices._squares(scope)]
    assert named == [(name, 2) for name in ("R", "L", "U0", "U1", "U2", "U3")]
    held = SimpleNamespace(shape=[2, 2])
    assert not matrices._is_square(held) and not matrices._is_square(3.0) and matrices._is_square(MATRIX)
    assert not matrices._is_square(onp.ones((2, 3))) and not matrices._is_square(onp.ones((2, 2, 3)))


# --- squares and roots ---


def test_what_stands_under_a_root_and_the_square_of_a_norm():
    for text, part, found in (
        ("np.sqrt(w @ w)", "np.sqrt(w @ w)", ["w @ w"]), ("sqrt(w)", "sqrt(w)", ["w"]), ("w ** 0.5", "w ** 0.5", ["w"]),
        ("w ** (1 / 2)", "w ** (1 / 2)", ["w"]), ("w ** 2", "w ** 2", []), ("w * 0.5", "w * 0.5", []),
        ("np.sqrt(w, w)", "np.sqrt(w, w)", []), ("np.exp(w)", "np.exp(w)", []),
        ("norm(w)", "norm(w)", ["norm(w) ** 2"]),
        ("np.linalg.norm(w)", "np.linalg.norm(w)", ["np.linalg.norm(w) ** 2"]), ("u / w", "w", ["w ** 2"]),
        ("u / w", "u", []), ("u * w", "w", []), ("norm", "norm", []), ("u / f(w)", "f(w)", ["f(w) ** 2"]),
        ("u / (v + w)", "w", []),
    ):  # fmt: skip
        assert texts(squares.squares(place_of(f"y = {text}", part), None)) == found, text


def test_half_of_a_logarithm_that_is_handed_on_by_nothing():
    for text, part, found in (
        ("np.log(v)", "np.log(v)", ["0.5 * np.log(v)"]), ("np.log(v).sum()", "np.log(v).sum()",
        ["0.5 * np.log(v).sum()"]),
        ("np.log(v).sum()", "np.log(v)", []), ("f(np.log(v))", "np.log(v)", []),
        ("np.log(v).mean()", "np.log(v).mean()", []),
        ("f(k=np.log(v))", "np.log(v)", ["0.5 * np.log(v)"]), ("np.exp(v)", "np.exp(v)", []), ("np.log", "np.log", []),
        ("np.log(v) + 1", "np.log(v)", ["0.5 * np.log(v)"]), ("-np.log(v)", "-np.log(v)", []),
    ):  # fmt: skip
        assert texts(squares.of_squares(place_of(f"y = {text}", part), None)) == found, (text, part)


def test_a_root_that_is_gone_or_a_square_that_is_new():
    for before, after, said in (
        ("np.sqrt(w @ w)", "w @ w", True), ("w @ w", "np.sqrt(w @ w)", False), ("w ** 0.5", "w", True),
        ("u / n", "u / n ** 2", True), ("u / n ** 2", "u / n", False), ("norm(w)", "norm(w) ** 2", True),
        ("u", "u", False),
        ("w", "w ** 2", False), ("u / f(w)", "u / f(w) ** 2", True), ("u / (v @ w)", "u / (v @ w) ** 2", True),
        ("sqrt(a) * sqrt(b)", "a * sqrt(b)", True), ("norm(w)", "w", True), ("norm(w) ** 2", "norm(w) ** 2", False),
    ):  # fmt: skip
        assert squares.squares_a_norm(before, after) is said, (before, after)


# --- what keeps a planar map from folding ---


W, U = onp.array([1.0, 1.0]), onp.array([-2.0, 0.5])


def kept(text, part, **held):
    return texts(planar.kept_above(place_of(text, part), of_module(**held)))


def test_a_vector_with_a_product_below_minus_one_gets_its_constraint():
    said = "u + (np.log1p(np.exp({w} @ u)) - 1 - {w} @ u) * {w} / ({w} @ {w})"
    assert kept("y = u", "u", w=W, u=U) == [said.format(w="w")]
    assert kept("y = u", "u", w=W, u=U, a=2 * W, b=-W, c=onp.ones(3), d=onp.ones((2, 2))) == [
        said.format(w=name) for name in ("w", "a")
    ]
    assert len(kept("y = u", "u", u=U, **{f"w{k}": W for k in range(5)})) == planar.MOST == 4
    edge = {"w": onp.array([1.0, 0.0]), "u": onp.array([-1.0, 5.0])}
    assert kept("y = u", "u", **edge) == []  # it is -1, and not below
    assert kept("y = u(1)", "u", w=W, u=U) == [] == kept("y = u + w", "u + w", w=W, u=U)
    assert kept("y = u", "u", w=W, u=U.tolist()) == [] == kept("y = u", "u", w=W, u=onp.array([U]))
    assert list(planar.kept_above(place_of("y = u", "u"), scope_of(w=W, u=U))) == []
    node = next(planar.kept_above(place_of("\n\ny = u", "u"), of_module(w=W, u=U)))
    assert {n.lineno for n in ast.walk(node) if hasattr(n, "lineno")} == {3}


def test_a_vector_is_bounded_by_any_product_below_minus_one():
    for value, held, said in (
        (U, {"w": W}, True), (U, {"w": -W}, False), (U, {}, False), (3.0, {"w": W}, False),
        (U, {"w": onp.ones(3)}, False),
        (onp.array([-2.0]), {"w": onp.array([1.0])}, False), (onp.array([[-2.0, 0.5]]), {"w": W}, False),
        (onp.array([-2, 0]), {"w": W}, False), (onp.array([-1.0, 0.0]), {"w": W}, False),
        (onp.array([-1.1, 0.0]), {"w": W}, True),
    ):  # fmt: skip
        assert planar.is_bounded_by_product(value, scope_of(**held)) is said, (value, held)
    both = onp.array([0.5, -2.0])
    assert not planar.is_bounded_by_product(both, scope_of(u=both))


def test_a_number_that_a_function_holds_up_to_the_last_digits():
    for off, name in ((0.0, "m"), (3.9e-9, "m"), (-3.9e-9, "m"), (4.1e-9, None)):
        assert planar._held(scope_of(k=3, m=onp.float64(-3.0 + off), w=W, s="m"), -3.0) == name, off
    assert planar._held(scope_of(n=3, m=3.0), 3.0) == "m" and planar._held(scope_of(n=3), 3.0) is None
    assert planar._held(scope_of(m=1e-9), 0.0) is None and planar._held(scope_of(m=0.9e-9), 0.0) == "m"


PRODUCT = """
    import numpy as np

    w, u, other = np.array([1.0, 1.0]), np.array({u}), np.array([-9.0, -9.0])


    def forward(z):
        return z + {product}
"""


def test_the_product_below_minus_one_that_functions_take(tmp_path):
    for k, (product, u, said) in enumerate((
        ("w @ u", "[-2.0, 0.5]", "w . u is -1.5, below -1"), ("np.dot(u, w)", "[-2.0, 0.5]", "u . w is -1.5, below -1"),
        ("(w * u).sum()", "[-2.0, 0.5]", "w . u is -1.5, below -1"), ("w @ u", "[-2.0, 1.0]", None),
        ("w @ u", "[-2.0, 0.5, 0.5]", None), ("w * u.mean()", "[-2.0, 0.5]", None),
    )):  # fmt: skip
        module = module_of(PRODUCT.format(product=product, u=u), tmp_path, f"product{k}")
        found = planar.product_below(Reached(partial(module.forward, 0.0)))
        assert found == said, (product, u)


OF_OBJECT = """
    import numpy as np


    class Net:
        w = 1

        def __init__(self):
            self.w, self.u = np.array([1.0, 1.0]), np.array([-2.0, 0.5])


    def forward(z, net, k, f=len):
        return z + net.u @ net.w
"""


def test_the_product_of_what_an_object_holds(tmp_path):
    module = module_of(OF_OBJECT, tmp_path, "of_object")
    found = planar.product_below(Reached(partial(module.forward, 0.0, module.Net(), 3)))
    assert found == "net.u . net.w is -1.5, below -1"
