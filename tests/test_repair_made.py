"""What a module made when it was imported, and masks, matrices and rows of which the search for a change knows."""

import numpy as onp
import pytest
from edited_code import module_of, trial_of

import nfscratch as nf
from nfscratch.check.repair.live_code import Reached
from nfscratch.check.repair.made import made_statements
from nfscratch.check.repair.search import Search

pytestmark = pytest.mark.exhaustive  # each is a whole search; its rooms have small tests of their own

RANK_ONE = """
    import numpy as np

    u, v = np.array([0.9, -0.4, 1.3, 0.2]), np.array([1.1, 0.5, 0.7, -0.6])
    inner = v @ u
    det = 1 + inner
    size = np.log(np.abs(det))
    options = dict(dim=len(u))


    def forward(z):
        return z + np.outer(z @ v, u), np.full(len(z), size)


    def inverse(x):
        return x - np.outer(x @ v, u) / (1 + inner), np.full(len(x), -size)
"""
TAILS = """
    import numpy as np

    B = 0.8
    bend = np.array([0.6, -0.4, 0.8])


    def forward(z):
        inside = np.abs(z) < B
        x = np.where(inside, z + bend * B / np.pi * np.sin(np.pi * z / B), z)
        slope = 1 + bend * np.cos(np.pi * z / B)
        return x, np.where(inside, np.log(slope), 0).sum(1)


    def inverse(x):
        low, high = -B * np.ones_like(x), B * np.ones_like(x)
        for _ in range(60):
            middle = (low + high) / 2
            less = middle + bend * B / np.pi * np.sin(np.pi * middle / B) < x
            low, high = np.where(less, middle, low), np.where(less, high, middle)
        z = np.where(np.abs(x) < B, low, x)
        slope = 1 + bend * np.cos(np.pi * z / B)
        return z, -np.where(np.abs(x) < B, np.log(slope), 0).sum(1)
"""
FACTORS = """
    import numpy as np

    P = np.eye(3)[[2, 0, 1]]
    L = np.array([[1.0, 0, 0], [0.5, 1, 0], [-0.3, 0.8, 1]])
    U = np.array([[1.2, 0.4, -0.6], [0, 0.7, 0.5], [0, 0, -1.6]])
    W = P @ L @ U


    def forward(z):
        return np.einsum("oc,nc->no", W, z), np.full(len(z), np.log(np.abs(np.diag(U))).sum())


    def inverse(x):
        columns = x.T
        columns = P.T @ columns
        z = np.linalg.solve(U, np.linalg.solve(L, columns)).T
        return z, np.full(len(x), -np.log(np.abs(np.diag(U))).sum())
"""


def repair_of(text, right, wrong, tmp_path, dim=3):
    assert text.count(right) >= 1
    module = module_of(text.replace(right, wrong, 1), tmp_path, "made")
    before = {k: v for k, v in vars(module).items() if isinstance(v, (float, onp.ndarray))}
    repair = Search(trial_of(module, dim)).repair()
    assert all(vars(module)[k] is v for k, v in before.items())
    return repair


@pytest.mark.parametrize(
    "right, wrong",
    [("np.log(np.abs(det))", "np.log(np.abs(inner))"), ("det = 1 + inner", "det = inner"), ("np.abs(det)", "det ** 2")],
)
def test_a_line_of_the_module_is_tried_otherwise_and_what_hangs_on_it_is_made_anew(right, wrong, tmp_path):
    repair = repair_of(RANK_ONE, right, wrong, tmp_path, dim=4)
    assert repair is not None and {"J forward", "J inverse"} <= set(repair.laws) and not repair.left
    assert repair.lines[0] in (6, 7)  # det, size


def made_lines(text, tmp_path, name):
    module = module_of(text, tmp_path, name)
    reached = Reached(lambda: module.inverse(module.forward(onp.ones((2, 4)))[0]))
    return {line.tree.targets[0].id for line in made_statements(reached, reached.lines)}


def test_what_cannot_be_made_again_is_left_alone(tmp_path):
    of_numbers = "u, v = np.array([0.9, -0.4, 1.3, 0.2]), np.array([1.1, 0.5, 0.7, -0.6])"
    drawn = "u = 0.3 * np.ones(4)\n    v = np.random.default_rng(0).normal(size=4)"
    text = RANK_ONE.replace(of_numbers, drawn)
    assert made_lines(text, tmp_path, "drawn") == {"u", "inner", "det", "size"}
    kept = text.replace("    options", "    class Keeps:\n        def __init__(self, a):\n            self.a = a\n\n\n"
                        "    kept = Keeps(det)\n    options")  # fmt: skip
    assert made_lines(kept, tmp_path, "kept") == {"size"}


def test_a_mask_is_missing_in_the_tails(tmp_path):
    repair = repair_of(TAILS, "np.where(inside, np.log(slope), 0).sum(1)", "np.log(slope).sum(1)", tmp_path)
    assert "np.where(inside, np.log(slope), 0" in repair.change and repair.laws == ("X", "J forward")
    assert not any("- np.sum" in other.change for other in repair.others)


@pytest.mark.exhaustive
def test_a_mask_is_missing_whose_condition_has_no_name(tmp_path):
    right = "-np.where(np.abs(x) < B, np.log(slope), 0).sum(1)"
    assert "np.abs(x) < B" in repair_of(TAILS, right, "-np.log(slope).sum(1)", tmp_path).after


def test_a_matrix_is_missing_in_the_inverse(tmp_path):
    """No other change takes back in forward what was said there: P.T @ (P @ L @ U)."""
    repair = repair_of(FACTORS, "columns = P.T @ columns", "columns = columns", tmp_path)
    assert "P" in repair.after and repair.changed == {"inverse"}
    assert not any(other.undoes for other in repair.others)


def test_the_name_of_the_module_s_line_is_in_the_report(tmp_path):
    module = module_of(RANK_ONE.replace("np.abs(det)", "np.abs(inner)"), tmp_path, "rank_one")
    report = nf.check.audit((module.forward, module.inverse), dims=(4,), show=False, letters="SPIRXJ")
    assert "one change mends it" in str(report) and "np.log" in report.failures[0].message


OBJECTS = """
    import numpy as np


    class Block:
        def __init__(self, order, log_scale):
            self.order = np.array(order)
            self.back = np.argsort(self.order)
            L = np.diag(np.exp(log_scale)) + np.tril(np.ones((3, 3)), -1)
            self.L, self.log_scale = L, log_scale
            self.inverse_L = np.linalg.inv(self.L)
            self.size = self.log_scale.sum()

        def forward(self, z):
            return (z @ self.L.T)[:, self.order], np.full(len(z), self.size)

        def inverse(self, x):
            return x[:, self.back] @ self.inverse_L.T, np.full(len(x), -self.log_scale.sum())


    blocks = [Block([1, 2, 0], np.array([0.3, -0.2, 0.5])), Block([2, 0, 1], np.array([0.1, 0.4, -0.3]))]


    def forward(z):
        total = np.zeros(len(z))
        for block in blocks:
            z, log_det = block.forward(z)
            total = total + log_det
        return z, total


    def inverse(x):
        total = np.zeros(len(x))
        for block in reversed(blocks):
            x, log_det = block.inverse(x)
            total = total + log_det
        return x, total
"""


@pytest.mark.parametrize(
    "right, wrong, said",
    [
        ("self.back = np.argsort(self.order)", "self.back = self.order", "argsort(self.order)"),
        pytest.param(
            *("self.size = self.log_scale.sum()", "self.size = self.log_scale.mean()", "self.log_scale.sum()"),
            marks=pytest.mark.exhaustive,
        ),
    ],
)
def test_a_line_that_made_an_attribute_is_tried_otherwise_for_all_objects(right, wrong, said, tmp_path):
    repair = repair_of(OBJECTS, right, wrong, tmp_path)
    assert said in repair.after or any(said in other.after for other in repair.others)


def test_a_determinant_for_its_logarithm(tmp_path):
    text = RANK_ONE.replace("size = np.log(np.abs(det))", "size = np.linalg.slogdet(np.eye(4) + np.outer(u, v))[1]")
    repair = repair_of(text, "np.linalg.slogdet(np.eye(4) + np.outer(u, v))[1]",
                       "np.linalg.det(np.eye(4) + np.outer(u, v))", tmp_path, dim=4)  # fmt: skip
    assert "slogdet" in repair.after


EXPONENTIAL = """
    import numpy as np

    def expm(M, terms=18):
        total, term = np.eye(len(M)), np.eye(len(M))
        for k in range(1, terms):
            term = term @ M / k
            total = total + term
        return total

    A = np.array([[0.3, -0.8, 0.1], [0.5, -0.2, 0.4], [0.0, 0.3, 0.6]])
    E, back = expm(A), expm(-A)

    def forward(z):
        return z @ E.T, np.full(len(z), np.trace(A))

    def inverse(x):
        return x @ back.T, np.full(len(x), -np.trace(A))
"""


@pytest.mark.parametrize("right, wrong", [
    ("return total", "return term"), pytest.param("/ k", "/ (k + 1)", marks=pytest.mark.exhaustive),
])  # fmt: skip
def test_a_function_that_ran_at_import_is_tried_otherwise(right, wrong, tmp_path):
    repair = repair_of(EXPONENTIAL, right, wrong, tmp_path)
    assert repair is not None and any(right in each.change for each in (repair, *repair.others))


def test_a_function_that_may_do_more_is_not_called_again(tmp_path):
    counted = EXPONENTIAL.replace("    def expm", "    CALLS = []\n\n    def expm").replace(
        "total, term =", "CALLS.append(1)\n        total, term ="
    )
    module = module_of(counted.replace("return total", "return term"), tmp_path, "counted")
    Search(trial_of(module, 3)).repair()
    assert len(module.CALLS) == 2
