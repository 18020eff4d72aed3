"""Which names stand in the place of others, and what a function knows of them: variables, rows, elements, tables."""

from types import SimpleNamespace

import numpy as onp
from by_hand import place_of, scope_of, texts

from nfscratch.check.repair import names

ROW, TABLE = onp.ones(3), onp.ones((4, 3))


def other_names(text, part, scope, nth=0):
    return texts(names.other_names(place_of(text, part, nth), scope))


def test_a_variable_in_the_place_of_one_that_is_like_it():
    scope = scope_of(a=ROW, b=2 * ROW, k=2, n=5, t=TABLE, L=[1.5], f=len)
    for text, part, found in (
        ("y = a * 2", "a", ["b", "t[k]", "t[n]"]), ("y = k * 2", "k", ["n"]), ("y = k < 2", "k", ["n", "0", "1"]),
        ("y = f(k)", "k", ["n", "0", "1"]), ("y = f(a)", "a", ["b", "t[k]", "t[n]"]), ("y = f(c=k)", "k", ["n"]),
        ("y = a < 2", "a", ["b", "t[k]", "t[n]", "0", "1"]), ("y = lost * 2", "lost", []), ("y = f(1)", "f", []),
        ("a = 1", "a", []), ("y = a[k]", "a", ["b", "t", "L", "t[k]", "t[n]"]),
        ("y = a[k:]", "a", ["b", "t[k]", "t[n]"]),
        ("y = a[k, 0]", "a", ["b", "t[k]", "t[n]"]), ("y = f[a]", "a", ["b", "t[k]", "t[n]"]), ("y = t * 2", "t", []),
    ):  # fmt: skip
        assert other_names(text, part, scope) == found, text


def test_no_name_of_a_function_that_comes_back_to_itself():
    users = {}
    exec(
        compile(
            "def outer(a): return inner(a)\ndef inner(a): return outer(a)\ndef other(a): return a\n", __file__, "exec"
        ),
        users,
    )
    scope = scope_of("def outer(a): return inner(a)", module=users, named=["outer", "inner", "other"],
                     file=__file__, net=lambda a: a)  # fmt: skip
    assert other_names("y = net(1)", "net", scope) == ["other"]


def test_an_attribute_or_a_key_in_the_place_of_one_that_is_like_it():
    class Net:
        def __init__(self):
            self.w, self.v, self.n = ROW, ROW, 3

    scope = scope_of(net=Net(), t={"a": 1.0, "b": 2.0, "c": ROW, 1: 3.0}, row=[1.0, 2.0], np=onp)
    for text, part, found in (
        ("y = net.w", "net.w", ["net.v"]), ("y = net.n", "net.n", []), ("y = t['a']", "t['a']", ["t['b']", "t[1]"]),
        ("y = t['c']", "t['c']", []), ("y = t['lost']", "t['lost']", []), ("y = t[1]", "t[1]", []),
        ("y = row['a']", "row['a']", []),
        ("y = f().w", "f().w", []), ("y = t.a['a']", "t.a['a']", []), ("y = net.lost", "net.lost", []),
        ("y = t[a]", "t[a]", []),
        ("y = np.exp", "np.exp", []),
    ):  # fmt: skip
        assert other_names(text, part, scope) == found, text


def test_a_row_of_a_table_for_a_value_of_its_shape():
    scope = scope_of(module={"n": 9}, named=["n"], k=2, T=TABLE, i=1, flag=True, x=1.0)
    for value, found in (
        (ROW, ["T[k]", "T[i]"]), (onp.ones(4), []), (onp.float64(1.0), []), (3.0, []), (TABLE, []), (onp.ones(()), []),
    ):  # fmt: skip
        assert texts(names._rows_like(value, scope)) == found, value
    many = scope_of(**{f"T{k}": TABLE for k in range(5)}, **{f"k{k}": k for k in range(4)})
    found = texts(names._rows_like(ROW, many))
    assert found == [f"T{t}[k{k}]" for t in range(4) for k in range(3)]


def test_an_element_of_a_row_by_a_variable_that_counts():
    scope = scope_of(
        module={"m": 7}, named=["m"], row=ROW, L=[1.0], t=(1.0,), k=2, bins=onp.array([0, 1]), flag=True, x=1.0
    )
    for text, part, found in (
        ("y = row", "row", ["row[k]", "row[bins]"]), ("y = L", "L", ["L[k]", "L[bins]"]),
        ("y = t", "t", ["t[k]", "t[bins]"]),
        ("y = x", "x", []), ("y = k", "k", []), ("y = lost", "lost", []), ("y = row(1)", "row", []),
        ("y = row + 1", "row + 1", []),
        ("y = L[0:]", "L[0:]", ["L[0:][k]", "L[0:][bins]"]),
    ):  # fmt: skip
        assert texts(names.indexed(place_of(text, part), scope)) == found, text
    many = scope_of(row=ROW, **{f"k{k}": k for k in range(5)})
    assert texts(names.indexed(place_of("y = row", "row"), many)) == [f"row[k{k}]" for k in range(4)]
    for value, said in ((1, True), (True, False), (1.0, False), (onp.arange(2), True),
     (onp.arange(2, dtype="uint8"), True),
                        (ROW, False), (ROW > 0, False), (onp.int64(1), True), ("k", False)):  # fmt: skip
        assert names._is_whole(value) is said, value


def test_the_same_element_of_another_table():
    net = SimpleNamespace(w=onp.arange(3.0))
    scope = scope_of(
        xs=onp.arange(3.0), cdf=TABLE, net=net, small=onp.ones(1), f32=onp.ones(3, "float32"), k=1, j=2, row=[1.0, 2.0]
    )
    for text, found in (
        ("xs[k]", ["net.w[k]"]), ("cdf[j, k]", ["xs[j]", "xs[k]", "net.w[j]", "net.w[k]"]), ("cdf[j]", []),
        ("net.w[k]", ["xs[k]"]), ("net.w[0]", ["xs[0]", "small[0]"]), ("row[k]", []), ("lost[k]", []), ("f(k)[k]", []),
        ("xs", []), ("f32[k]", []),
    ):  # fmt: skip
        assert texts(names.other_tables(place_of(f"y = {text}", text), scope)) == found, text
    many = scope_of(xs=ROW, k=1, **{f"t{k}": 2 * ROW for k in range(9)})
    assert texts(names.other_tables(place_of("y = xs[k]", "xs[k]"), many)) == [f"t{k}[k]" for k in range(8)]


def weave(a, b):
    return a + b


def test_two_parts_are_woven_by_a_function_of_two_arguments():
    module = {"np": onp, "weave": weave, "one": lambda a: a, "three": lambda a, b, c: a}
    even, plain = "def f(z): return z[:, ::2]", "def f(z): return z[:, 2:]"
    of_users = ["weave(a, b)", "weave(b, a)"]
    dealt = [f"np.stack([{p}, {q}], axis=2).reshape(len({p}), -1)" for p, q in ("ab", "ba")]
    for function, text, part, found in (
        (even, "y = np.hstack([a, b])", "np.hstack([a, b])", of_users + dealt),
        (plain, "y = np.hstack((a, b))", "np.hstack((a, b))", of_users),
        (even, "y = np.hstack([a, b, c])", "np.hstack([a, b, c])", []),
        (even, "y = np.hstack(a, b)", "np.hstack(a, b)", []), (even, "y = f()", "f()", []),
        (even, "y = [a, b]", "[a, b]", []),
    ):  # fmt: skip
        scope = scope_of(function, module=module, named=["weave", "one", "three"], file=__file__)
        assert texts(names.woven(place_of(text, part), scope)) == found, text
    none = scope_of(even, module={"weave": weave}, named=["weave"], file=__file__)
    assert texts(names.woven(place_of("y = f([a, b])", "f([a, b])"), none)) == of_users
    itself = scope_of("def weave(a, b): return z[:, ::2]", module=module, named=["weave"], file=__file__)
    assert texts(names.woven(place_of("y = f([a, b])", "f([a, b])"), itself)) == dealt


def test_newer_columns_in_the_place_of_a_slice():
    scope = scope_of(
        module={"m": onp.ones((4, 2))}, named=["m"], z=onp.ones((4, 4)), u=onp.ones((4, 2)), v=onp.ones((4, 2)), w=ROW
    )
    for text, found in (
        ("z[:, :2]", ["u", "v"]), ("z[:, 1:]", []), ("z[:4]", ["z"]), ("z[k]", []), ("z[0]", []), ("w[0:]", ["w"]),
        ("lost[:2]", []),
        ("z", []),
    ):  # fmt: skip
        assert texts(names.overwritten(place_of(f"y = {text}", text), scope)) == found, text
    many = scope_of(z=onp.ones((4, 4)), **{f"u{k}": onp.ones((4, 2)) for k in range(7)})
    assert texts(names.overwritten(place_of("y = z[:, :2]", "z[:, :2]"), many)) == [f"u{k}" for k in range(6)]
    assert texts(names.overwritten(place_of("y = s[0, 0]", "s[0, 0]"), scope_of(s=TABLE, t=onp.float64(2.0)))) == []


def test_an_array_in_the_place_of_a_formula():
    """A condition only where one is asked: as an index, or as what a call is given first."""
    scope = scope_of(u=ROW, mask=ROW > 0, k=2, s=onp.float64(1.0), w=SimpleNamespace(ndim=2))
    plain, also = ["u", "w"], ["u", "mask", "w"]
    for text, part, found in (
        ("y = a + b", "a + b", plain), ("y = f(a + b)", "a + b", also), ("y = f(c, a + b)", "a + b", plain),
        ("y = f(a)", "f(a)", plain),
        ("y = z[a + b]", "a + b", also), ("y = f(k=a + b)", "a + b", plain), ("y = a[0]", "a[0]", plain),
        ("y = a.b", "a.b", plain),
        ("y = a", "a", []), ("y = -a", "-a", []), ("y = [a + b]", "a + b", plain),
    ):  # fmt: skip
        assert texts(names.local_arrays(place_of(text, part), scope)) == found, text
    many = scope_of(**{f"u{k}": ROW for k in range(21)})
    assert len(texts(names.local_arrays(place_of("y = a.b", "a.b"), many))) == 20


def test_what_an_object_holds_and_its_methods():
    class Net:
        kind = "a net"

        def __len__(self):
            return 3

        def forward(self, z):
            return z

    bare, net = Net(), Net()
    net.w = ROW
    assert names._attributes(net).keys() == {"forward", "w"} and names._attributes(bare) == {}
    assert names._attributes(onp) == names._attributes(None) == names._attributes(ROW) == {} == names._attributes(3.0)
    called = type("Called", (Net,), {"__call__": lambda self, z: z})()
    called.w, called.forward = ROW, 3.0
    assert names._attributes(called) == {"w": ROW, "forward": 3.0}
    held = {"a": 1.0, "b": 2, "c": ROW, "f": len, "n": None, "m": None}
    for name, like in (("a", ["b"]), ("c", []), ("f", []), ("lost", []), ("n", ["m"])):
        assert names._like(name, held) == like, name
