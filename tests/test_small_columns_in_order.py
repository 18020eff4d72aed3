"""In which order columns are tried, which running total ends before itself, and which older value was meant."""

import ast

import numpy as onp
from by_hand import expression, place_of, scope_of, texts

from nfscratch.check.repair import older, orders, running, turns
from nfscratch.check.repair.edit import places, source

ORDER = onp.array([2, 0, 1])


def of_module(**held):
    return scope_of(module={"np": onp, "n": 3}, named=["n"], **held)


BOTH = ["order", "np.argsort(order)"]


def test_other_orders_in_which_a_loop_goes_over_columns():
    scope = of_module(order=ORDER, small=[1, 0], one=[0], z=onp.ones((5, 3)), w=onp.ones(3))
    for text, found in (
        ("range(n)", BOTH), ("range(3)", BOTH), ("order", ["np.argsort(order)"]), ("reversed(order)", []),
        ("range(2)", ["small", "np.argsort(small)"]),
        ("range(1)", []), ("range(4)", []), ("z", []), ("range(1, 4)", []), ("lost", []), ("[0, 1, 2]", []), ("w", []),
        ("list(range(3))", BOTH), ("tuple(range(3))", BOTH), ("np.arange(3)", BOTH), ("one", []),
        ("dict(enumerate(range(3)))", []),
    ):  # fmt: skip
        assert texts(orders.loop_orders(place_of(f"for i in {text}: pass", text), scope)) == found, text
    assert texts(orders.loop_orders(place_of("y = f(range(n))", "range(n)"), scope)) == []
    assert texts(orders.loop_orders(place_of("for i in range(3): pass", "range(3)"), scope_of(order=ORDER))) == []


def test_the_columns_of_an_array_in_an_order():
    scope = of_module(order=ORDER, x=onp.ones((5, 3)), y=onp.ones((3, 5)), row=onp.ones(3), cube=onp.ones((2, 3, 3)))
    moved = ["x[:, order]", "x[:, np.argsort(order)]"]
    for text, found in (
        ("x", moved), ("x.copy()", moved), ("x[:2]", ["x[:2][:, order]", "x[:2][:, np.argsort(order)]"]), ("y", []),
        ("row", []),
        ("cube", []), ("x + 1", []), ("x.copy(k)", []), ("x.max()", []), ("lost", []),
    ):  # fmt: skip
        assert texts(orders.in_order(place_of(f"y = [{text}]", text), scope)) == found, text
    assert texts(orders.in_order(place_of("y = x(1)", "x"), scope)) == []


def test_a_shift_in_the_order_of_columns_that_have_moved():
    scope = of_module(
        order=ORDER, s=onp.ones(3), one=onp.ones(1), zero=[0], two=onp.ones(2), x=onp.ones((3, 3)), L=[1.0, 2.0, 3.0]
    )
    for text, found in (
        ("s", ["s[order]", "s[np.argsort(order)]"]), ("one", []), ("two", []), ("x", []), ("L", []), ("s + 1", []),
        ("lost", []),
        ("x[0]", ["x[0][order]", "x[0][np.argsort(order)]"]),
    ):  # fmt: skip
        assert texts(orders.of_moved_columns(place_of(f"y = [{text}]", text), scope)) == found, text
    assert texts(orders.of_moved_columns(place_of("y = s(1)", "s"), scope)) == []


def test_the_columns_that_an_order_has_first():
    scope = of_module(order=ORDER, L=[1, 0], t=(0, 1, 2), one=[0], row=onp.ones(3), grid=onp.eye(2), k=2)
    named = ["order", "L", "t"]
    for text, part, found in (
        ("z[:, :k]", ":k", [f"{name}[:k]" for name in named]), ("z[k:]", "k:", [f"{name}[k:]" for name in named]),
        ("z[:, :]", ":", []),
        ("z[::2]", "::2", []), ("z[:k:2]", ":k:2", []), ("z[k]", "k", []),
        ("z[1:k]", "1:k", [f"{name}[1:k]" for name in named]),
    ):  # fmt: skip
        assert texts(orders.slices_of_orders(place_of(f"y = {text}", part), scope)) == found, text
    many = of_module(**{f"o{k}": ORDER for k in range(5)})
    assert texts(orders.slices_of_orders(place_of("y = z[:2]", ":2"), many)) == [f"o{k}[:2]" for k in range(4)]


def test_the_inverse_of_an_order_that_is_an_index():
    lists = {"back": [1, 0], "number": 3}
    scope = scope_of(module={"np": onp, **lists}, order=ORDER, t=(1, 0), L=[1, 0], row=onp.ones(3), x=onp.eye(2))
    for text, part, found in (
        ("z[:, order]", "order", True), ("z[:, t]", "t", True), ("z[L]", "L", True), ("z[:, back]", "back", True),
        ("z[number]", "number", False),
        ("z[:, row]", "row", False), ("z[lost]", "lost", False), ("y(order)", "order", False), ("z[x]", "x", False),
        ("z[a.back]", "a.back", False),
    ):  # fmt: skip
        new = texts(orders.undone(place_of(f"y = {text}", part), scope))
        assert new == ([f"np.argsort({part})"] if found else []), text
    assert texts(orders.undone(place_of("y = z[order]", "order"), scope_of(order=ORDER))) == []


def test_four_orders_that_a_function_can_name_those_that_are_read_first():
    unread = {f"u{k}": ORDER for k in range(5)}
    scope = scope_of(module={"np": onp, **unread, "r": ORDER}, named=["r"], o=ORDER, small=[1, 0])
    named = texts(orders._with_inverses(scope, 3))
    assert named == [t for name in ("r", "o", "u0", "u1") for t in (name, f"np.argsort({name})")]
    assert texts(orders._with_inverses(scope, 2)) == ["small", "np.argsort(small)"] and not texts(
        orders._with_inverses(scope, 4)
    )
    made = list(orders._with_inverses(scope_of(module={"np": onp}, o=ORDER), 3))
    assert made[0] is not made[1].args[0]
    for text, said in (
        ("a.copy()", True),
        ("a.copy(1)", False),
        ("a.max()", False),
        ("copy()", False),
        ("a.copy", False),
    ):
        assert orders.is_copy(expression(text)) is said, text


# --- running totals ---


def test_a_running_total_ends_before_its_column():
    scope = of_module(y=onp.ones((4, 3)), row=onp.ones(3), cube=onp.ones((2, 3, 3)))
    total, product = "np.pad({}[:, :-1], ((0, 0), (1, 0)))", "np.pad({}[:, :-1], ((0, 0), (1, 0)), constant_values=1)"
    for text, found in (
        ("np.cumsum(y, axis=1)", total), ("np.cumprod(y, axis=1)", product), ("np.cumsum(y, 1)", total),
        ("y.cumsum(-1)", total),
        ("np.cumsum(y, axis=-1)", total), ("np.cumsum(y, axis=0)", None), ("np.cumsum(y, axis=n)", None),
        ("np.cumsum(row, axis=-1)", None),
        ("np.cumsum(cube, axis=1)", None), ("np.sum(y, axis=1)", None), ("cumsum(y, axis=1)", None), ("y", None),
        ("np.cumsum(y, axis=2)", None),
        ("np.cumsum(y, k=1)", None), ("np.cumsum(y, axis=1) + 1", None), ("2 * np.cumsum(y, axis=1)", None),
    ):  # fmt: skip
        new = texts(running.ended_before(place_of(f"y = [{text}]", text), scope))
        assert new == ([] if found is None else [found.format(text)]), text
    for text in ("np.cumsum(y, axis=1) / n", "np.cumsum(y, axis=1) * n / 2"):
        assert texts(running.ended_before(place_of(f"y = [{text}]", text), scope)) == [total.format(f"({text})")]
    none = scope_of(y=onp.ones((4, 3)))
    assert texts(running.ended_before(place_of("y = y.cumsum(1)", "y.cumsum(1)"), none)) == []


def test_a_running_total_of_sixty_characters_at_most():
    start = "y.cumsum(1) / "
    for length, found in ((60, 1), (61, 0)):
        text = start + "n" * (length - len(start))
        scope = scope_of(module={"np": onp}, y=onp.ones((4, 3)), **{"n" * (length - len(start)): 2})
        assert len(text) == length and len(texts(running.ended_before(place_of(f"y = {text}", text), scope))) == found


# --- means for sums ---


def averaged(function, part, nth=0):
    place, scope = place_of(function, part, nth), scope_of()
    scope.function = place.function
    return texts(turns.averaged(place, scope))


def of_loop(head, line, more=""):
    return f"def f(z):\n    total = 0\n    for {head}:\n        {line}\n{more}    return total"


def test_the_mean_over_the_turns_of_a_loop():
    add = "total = total + e"
    for head, over in (
        ("e in PROBES", "len(PROBES)"), ("k in range(K)", "K"), ("k in range(1, K)", "len(range(1, K))"),
        ("k, e in enumerate(P)", "len(P)"),
        ("a, b in zip(P, Q)", "len(P)"), ("e in reversed(list(P))", "len(P)"), ("e in sorted(range(K))", "K"),
        ("e in list()", "len(list())"),
        ("e in f(P)", "len(f(P))"), ("e in P.range(K)", "len(P.range(K))"),
    ):  # fmt: skip
        assert averaged(of_loop(head, add), "total", -1) == [f"total / {over}"], head
    for line, found in (
        ("total += e", 1), ("total = e + total", 0), ("total = total - e", 0), ("total -= e", 0), ("other += e", 0),
        ("total = other + e", 0),
        ("other = total + e", 0), ("a = total = total + e", 1), ("if e: total += e", 1), ("total = total", 0),
    ):  # fmt: skip
        assert len(averaged(of_loop("e in P", line), "total", -1)) == found, line


def test_the_mean_of_a_loop_that_has_ended():
    done = of_loop("e in P", "total += e")
    assert averaged(done, "total", 0) == []  # where it gets its value
    assert averaged(of_loop("e in P", "total = total + e"), "total", 2) == []  # within the loop
    with_else = of_loop("e in P", "total += e", "    else:\n        pass\n")
    assert (
        averaged(with_else, "total", -1)
        == []
        == averaged("def f(z):\n    y = total\n    for e in P: total += e\n", "total", 0)
    )
    assert averaged("def f(z):\n    for e in P: total += e; y = [e for e in P]\n    y = other", "other", -1) == []
    twice = "def f(z):\n    for e in P: total += e\n    for k in Q: total += k\n    return total"
    assert averaged(twice, "total", -1) == ["total / len(P)", "total / len(Q)"]
    assert texts(turns.averaged(place_of("y = total", "total"), scope_of())) == []
    last, scope = place_of(done, "total", -1), scope_of()
    scope.function = last.function
    new = next(turns.averaged(last, scope))
    assert {n.lineno for n in ast.walk(new.right) if hasattr(n, "lineno")} == {5}


def test_the_mean_of_a_sum_over_a_row():
    for text, found in (
        ("sum(f(e) for e in P)", "len(P)"), ("sum([f(e) for e in range(K)])", "K"),
        ("np.sum([e for e in P], axis=1)", "len(P)"),
        ("sum(f(e) for e in P if e)", None), ("sum(f(e, g) for e in P for g in Q)", None), ("max(e for e in P)", None),
        ("sum(P)", None), ("sum()", None),
        ("sum({e for e in P})", None), ("sum", None),
    ):  # fmt: skip
        said = source(expression(text))
        new = texts(turns.averaged(place_of(f"y = {text}", said), scope_of()))
        assert new == ([] if found is None else [f"{said} / {found}"]), text


# --- older values ---


def older_names(function, part, nth=0):
    tree = ast.parse(function)
    everywhere = [
        p
        for p in places(tree)
        if isinstance(p.node, ast.Name) and p.node.id == part and isinstance(p.node.ctx, ast.Load)
    ]
    found = list(older.older_names(everywhere[nth], everywhere))
    assert all(len(read) < len(everywhere) for _, read in found)
    return [(source(name), [p.line for p in read]) for name, read in found]


def test_an_older_value_where_the_newer_one_is_read():
    text = "def f(x):\n    zl, ld = inverse(l, k, 3)\n    s = net(zl)\n    t = net(zl) + 1\n    return join([zl, r])"
    assert older_names(text, "zl") == [("l", [3, 4]), ("k", [3, 4])] and older_names(text, "zl", 1) == []
    single = "def f(x):\n    z = inverse(l)\n    s = net(z)\n    t = net(z) + 1\n    return z"
    assert older_names(single, "z") == [("l", [3, 4])]
    for changed in (
        text.replace("zl, ld = inverse(l, k, 3)", "zl = l"), text.replace("t = net(zl) + 1", "t = 1"),
        text.replace("[zl, r]", "r"),
        text.replace("inverse(l, k, 3)", "inverse(zl)"), text.replace("def f(x)", "if x"),
        text.replace("zl, ld = inv", "zk, ld = inv"),
    ):  # fmt: skip
        assert older_names(changed, "zl", 1 if "inverse(zl)" in changed else 0) == [], changed
    put = "def f(x):\n    zl = inverse(l)\n    s = net(zl)\n    t = net(zl)\n    y[:, 1] = zl\n    return y"
    assert older_names(put, "zl") == [("l", [3, 4])] and older_names(put.replace("y[:, 1] =", "y ="), "zl") == []


def test_what_is_handed_on():
    for text, said in (
        ("return a", True), ("return f(a)", True), ("y = [a, b]", True), ("y = (a, b)", True), ("y[:, 1] = a", True),
        ("y = a", False),
        ("y = f(a)", False), ("y[:, 1] += a", False), ("y.b = a", False), ("y[:, 1] = f(a)", False),
    ):  # fmt: skip
        assert older._is_handed_on(place_of(text, "a")) is said, text
