"""Functions that a loop made, and that all find its last turn's variables."""

import numpy as onp
import pytest
from edited_code import module_of, trial_of

from nfscratch.check.repair.bound_together import bound_together
from nfscratch.check.repair.late_binding import bound_at_once
from nfscratch.check.repair.live_code import Reached
from nfscratch.check.repair.search import Search

pytestmark = pytest.mark.exhaustive  # each is a whole search; its rooms have small tests of their own

IN_BOTH = """
    import numpy as np
    A = [np.array([[2.0, 1.0], [0.0, 1.0]]), np.array([[1.0, 0.0], [0.5, 1.0]]), np.array([[1.0, 0.3], [0.7, 1.5]])]
    steps, back = [], []
    for M in A:
        steps.append(lambda z: z @ M)
        back.append(lambda x: x @ np.linalg.inv(M))
    L = sum(np.log(abs(np.linalg.det(M))) for M in A)

    def forward(z):
        for f in steps:
            z = f(z)
        return z, np.full(len(z), L)

    def inverse(x):
        for g in back[::-1]:
            x = g(x)
        return x, np.full(len(x), -L)
"""


def searched(text, folder):
    """The repair, and the module."""
    module = module_of(text, folder, "bound_late")
    with onp.errstate(all="ignore"):
        return Search(trial_of(module, 2)).repair(), module


def test_both_directions_of_a_loop_are_bound_together(tmp_path):
    repair, module = searched(IN_BOTH, tmp_path)
    assert repair.lines == (6, 7) and repair.laws == ("J forward", "J inverse") and not repair.left
    assert repair.change == (
        "with `lambda z, M=M` in place of `lambda z`, and `lambda x, M=M` in place of `lambda x` "
        "(each is to keep its own M, and finds the last turn's when it is called)"
    )
    z = onp.ones((2, 2))
    M = module.A[-1]
    assert onp.allclose(module.forward(z)[0], z @ M @ M @ M)  # as it was


def test_all_functions_of_a_loop_have_their_own_variables_while_they_are_bound_together(tmp_path):
    module = module_of(IN_BOTH, tmp_path, "bound_late")
    z = onp.ones((2, 2))
    first, second, last = module.A
    each = list(bound_at_once(Reached(lambda: module.inverse(module.forward(z)[0]))))
    ((together, place, edit),) = bound_together(each)
    assert len(each) == len(together.bound) == 2 and edit.lines == (6, 7) and place.line == 6
    with together.edited():
        x = module.forward(z)[0]
        assert onp.allclose(x, z @ first @ second @ last) and onp.allclose(module.inverse(x)[0], z)
    assert onp.allclose(module.forward(z)[0], z @ last @ last @ last)  # as it was
    assert list(bound_together(each[:1])) == []  # one alone is a candidate already


def test_a_function_of_any_number_of_arguments_is_left(tmp_path):
    text = IN_BOTH.replace("lambda z: z @ M", "lambda *z: z[0] @ M").replace("lambda x: x", "lambda *x: x[0]")
    module = module_of(text, tmp_path, "bound_late")
    assert list(bound_at_once(Reached(lambda: module.inverse(onp.ones((2, 2)))))) == []


def test_of_two_loops_each_keeps_its_own_words(tmp_path):
    text = IN_BOTH.replace("back.append(", "pass\n    for N in A:\n        back.append(").replace("inv(M)", "inv(N)")
    repair, _ = searched(text, tmp_path)
    assert "lambda x, N=N" in repair.change and "its own M and N, and finds" in repair.change


IN_CLASS = """
    import numpy as np

    class Flow:
        def __init__(self, scales):
            self.kept = scales
            self.f, self.g = [], []
            for s in scales:
                self.f.append(FORWARD)
                self.g.append(lambda x: np.arcsinh(x) / s)

        def forward(self, z):
            ld = np.zeros(len(z))
            for f, s in zip(self.f, self.kept):
                ld += np.log(s * np.cosh(s * z)).sum(1)
                z = f(z)
            return z, ld

        def inverse(self, x):
            ld = np.zeros(len(x))
            for g, s in zip(self.g[::-1], self.kept[::-1]):
                x = g(x)
                ld -= np.log(s * np.cosh(s * x)).sum(1)
            return x, ld

    flow = Flow([0.5, 0.8, 0.3])
    forward, inverse = flow.forward, flow.inverse
"""
IN_MAKER = """
    import numpy as np

    def make(scales):
        fs, gs = [], []
        for s in scales:
            fs.append(lambda z: z * np.exp(s))
            gs.append(lambda x, s=s: x * np.exp(-s))
        total = sum(s.sum() for s in scales)

        def forward(z):
            for f in fs:
                z = f(z)
            return z, np.full(len(z), total)

        def inverse(x):
            for g in reversed(gs):
                x = g(x)
            return x, np.full(len(x), -total)

        return forward, inverse

    forward, inverse = make([np.array(s) for s in ([0.1, -0.4], [0.6, 0.1], [-0.5, 0.3])])
"""
KEPT, LATE = "lambda z, s=s: np.sinh(z * s)", "lambda z: np.sinh(z * s)"


@pytest.mark.parametrize(("text", "lines"), [
    (IN_CLASS.replace("FORWARD", KEPT).replace("in scales", "in self.kept"), (10,)),
    (IN_CLASS.replace("FORWARD", KEPT).replace("self.kept = scales\n", "self.kept = list(scales)\n"), (10,)),
    (IN_CLASS.replace("FORWARD", LATE), (9, 10)), (IN_MAKER, (7,)),
])  # fmt: skip
def test_what_each_turn_had_is_kept_by_the_object_or_by_the_other_functions(text, lines, tmp_path):
    repair, _ = searched(text, tmp_path)
    assert repair.lines == lines and "s=s" in repair.change and not repair.left
