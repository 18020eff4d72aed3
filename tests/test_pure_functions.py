"""Which of the user's own functions the search may call again: those that do nothing but compute."""

import ast
import linecache

import pytest
from edited_code import module_of

from nfscratch.check.repair.pure import pure_functions

HEAD = """
    from functools import partial

    import numpy as np

    TABLE = {}
    rng = np.random.default_rng(0)

    class Thing:
        def act(self):
            return 1.0

    thing = Thing()
    handed, each, every = partial(Thing.act, thing), np.vectorize(Thing), np.frompyfunc(thing.act, 1, 1)

    def half(a):
        return a / 2

    def subject(a, f=None):
        b = np.zeros(len(a))
"""


@pytest.mark.parametrize("line", [
    "b[0] = half(a)[0]", "b = np.linalg.inv(a).sum(axis=0)", "b = [half(v) for v in a]", "b = a.copy()",
    "b = sorted(a, key=lambda v: v ** 2)", "b = max(map(float, a))", "b += half(a)", "c = []; c.append(a.sum())",
    "b = a.reshape(-1); b = b + 1",
])  # fmt: skip
def test_what_computes_is_pure(line, tmp_path):
    assert "subject" in found(line, tmp_path)


@pytest.mark.parametrize("line", [
    "a[0] = 1", "TABLE['a'] = b", "TABLE.update(a=1)", "rng.normal()", "np.random.normal()", "thing.act()", "Thing()",
    "thing.state = 1", "global TABLE", "open('x')", "f(a)", "print(a)", "b = touches(a)", "yield a", "import os",
    "np.save('x', a)", "a.tofile('x')",
    # Another name for what existed before, which is written into
    "v = thing.w; v *= 2", "v = TABLE; v[0] = b", "for v in TABLE.values(): v += 1", "v = np.asarray(a); v[0] = 1",
    "a += 1", "a.append(b)", "a.sort()", "np.copyto(a, b)", "np.multiply(a, 2, out=a)",
    # Methods of arguments that are no arrays
    "a.truncate(0)", "a.sendall(b'hi')", "a.update(b)", "a[0].write(b)",
    # Functions of a library that call the user's own
    "b = handed(a)", "b = each(a)", "b = every(a)",
])  # fmt: skip
def test_what_may_do_more_is_not(line, tmp_path):
    assert "subject" not in found(line, tmp_path)


def found(line, tmp_path):
    text = HEAD + f"        {line}\n        return b\n\n    def touches(a):\n        TABLE['a'] = a\n        return a\n"
    module = module_of(text, tmp_path, "pure")
    body = ast.parse("".join(linecache.getlines(module.__file__))).body
    return pure_functions(body, module.__file__, vars(module))
