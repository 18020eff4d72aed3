"""Which functions of a user's do nothing but compute, by what stands in them, and which of a module live as written."""

import ast

import numpy as onp

from nfscratch.check.repair import pure


def alone(*lines, arguments="a, v", known=()):
    text = f"def f({arguments}):\n" + "\n".join(f"    {line}" for line in lines)
    return pure._computes_alone(ast.parse(text).body[0], {"np": onp, "table": {}, "other": alone}, dict.fromkeys(known))


def test_a_function_that_computes_alone():
    for lines, said in (
        (["return 2 * a"], True), (["w = np.zeros(3)", "w[0] = a", "return w"], True),
        (["w = [a]", "w.append(a)", "return w"], False),
        (["w = [1]", "w.append(a)", "return w"], True), (["return np.linalg.inv(a)"], True),
        (["return len(a) + max(a)"], True),
        (["v[0] = a", "return v"], False), (["v += a", "return v"], False), (["w = table", "w[0] = a"], False),
        (["a.b = 1"], False),
        (["table[0] = a"], False), (["global w", "w = a"], False), (["yield a"], False), (["import os"], False),
        (["while a: pass"], False),
        (["with a: pass"], False), (["try: pass", "except E: pass"], False), (["del a"], False),
        (["return other(a)"], False),
        (["return print(a)"], False), (["def g(b): return b", "return g(a)"], True), (["return a.sum()"], True),
        (["return a(1)"], False),
        (["return [k + 1 for k in a]"], True), (["for k in a: w = k", "return w"], True),
    ):  # fmt: skip
        assert alone(*lines) is said, lines
    assert alone("return other(a)", known=["other"]) and not alone("return f(a)") and alone("return f(a)", known=["f"])
    assert (
        not alone("w = v", "w[0] = 1")
        and not alone("w[0] = 1", arguments="*w")
        and not alone("w[0] = 1", arguments="a, *, w=1")
    )


def test_a_function_that_draws_touches_the_world_or_writes_into_an_array():
    for line in (
        "np.random.normal()",
        "np.save('a', a)",
        "np.put(a, 0, 1)",
        "np.exp(a, out=v)",
        "np.copyto(a, v)",
        "default_rng",
        "np.tofile",
        "a.put(1)",
    ):
        assert not alone(f"return {line}"), line
    assert alone("return np.exp(a, where=v)")


def live(text, name="f", file="f.py", **held):
    users = {}
    exec(compile(text, "f.py", "exec"), users)
    return pure._lives(next(f for f in ast.parse(text).body if isinstance(f, ast.FunctionDef)), file, users | held)


def test_a_function_lives_in_a_module_as_it_is_written():
    plain, wrapped = "k = 1\ndef f(a): return a", "k = 1\n@staticmethod\ndef f(a): return a"
    assert (
        live(plain)
        and not live(plain, file="g.py")
        and not live(plain, f=3)
        and not live(plain, f=None)
        and not live(wrapped)
    )
    assert not live(plain + "\ndef f(a): return a")  # a later one has its name
    decorated = "def same(g): return g\n@same\ndef f(a): return a"
    tree = ast.parse(decorated).body[1]
    users = {}
    exec(compile(decorated, "f.py", "exec"), users)
    assert not pure._lives(tree, "f.py", users)


def test_functions_that_call_one_that_is_not_pure_are_not_pure_either():
    text = (
        "def a(x): return b(x)\ndef b(x): return c(x) + 1\ndef c(x): return np.random.normal()\n"
        "def d(x): return 2 * x\ndef e(x): return d(x)\ns = 1"
    )
    users = {"np": onp}
    exec(compile(text, "f.py", "exec"), users)
    body = ast.parse(text).body
    assert pure.pure_functions(body, "f.py", users) == {"d": body[3], "e": body[4]}
    assert pure.pure_functions(body, "g.py", users) == {}
