"""Which of the user's own functions the search may call again: those that do nothing but compute."""

import ast
import linecache

import pytest
from edited_code import module_of

from nfscratch.check.repair.pure import pure_functions

HEAD = """
    import numpy as np

    TABLE = {}
    rng = np.random.default_rng(0)

    class Thing:
        def act(self):
            return 1.0

    thing = Thing()

    def half(a):
        return a / 2

    def subject(a, f=None):
        b = np.zeros(len(a))
"""


@pytest.mark.parametrize("line", [
    "b[0] = half(a)[0]", "b = np.linalg.inv(a).sum(axis=0)", "b = [half(v) for v in a]", "b = a.copy()",
    "b = sorted(a, key=lambda v: v ** 2)", "b = max(map(float, a))",
])  # fmt: skip
def test_what_computes_is_pure(line, tmp_path):
    assert "subject" in found(line, tmp_path)


@pytest.mark.parametrize("line", [
    "a[0] = 1", "TABLE['a'] = b", "TABLE.update(a=1)", "rng.normal()", "np.random.normal()", "thing.act()", "Thing()",
    "thing.state = 1", "global TABLE", "open('x')", "f(a)", "print(a)", "b = touches(a)", "yield a", "import os",
    "np.save('x', a)", "a.tofile('x')",
])  # fmt: skip
def test_what_may_do_more_is_not(line, tmp_path):
    assert "subject" not in found(line, tmp_path)


def found(line, tmp_path):
    text = HEAD + f"        {line}\n        return b\n\n    def touches(a):\n        TABLE['a'] = a\n        return a\n"
    module = module_of(text, tmp_path, "pure")
    body = ast.parse("".join(linecache.getlines(module.__file__))).body
    return pure_functions(body, module.__file__, vars(module))
