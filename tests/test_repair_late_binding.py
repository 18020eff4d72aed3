"""Functions that a loop made, and that all find its last turn's variables."""

import numpy as onp
from edited_code import module_of, trial_of

from nfscratch.check.repair.search import Search

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


def test_of_two_loops_each_keeps_its_own_words(tmp_path):
    text = IN_BOTH.replace("back.append(", "pass\n    for N in A:\n        back.append(").replace("inv(M)", "inv(N)")
    repair, _ = searched(text, tmp_path)
    assert "lambda x, N=N" in repair.change and "its own M and N, and finds" in repair.change
