"""What a module made when it was imported, and masks, matrices and rows of which the search for a change knows."""

import numpy as onp
import pytest
from edited_code import LOOPS, module_of, trial_of

import nfscratch as nf
from nfscratch.check.repair.live_code import Reached
from nfscratch.check.repair.made import made_statements
from nfscratch.check.repair.mended import Repair
from nfscratch.check.repair.search import Search

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
        ("self.size = self.log_scale.sum()", "self.size = self.log_scale.mean()", "self.log_scale.sum()"),
    ],
)
def test_a_line_that_made_an_attribute_is_tried_otherwise_for_all_objects(right, wrong, said, tmp_path):
    repair = repair_of(OBJECTS, right, wrong, tmp_path)
    assert said in repair.after or any(said in other.after for other in repair.others)


# --- what else a search takes for a repair, and what not ---

CHOLESKY = """
    import numpy as np

    S = np.array([[2.0, 0.6, -0.3], [0.6, 1.5, 0.4], [-0.3, 0.4, 1.2]])
    L = np.linalg.cholesky(S)


    def forward(z):
        return z @ L.T + 0.5, np.full(len(z), np.log(np.diag(L)).sum())


    def inverse(x):
        return np.linalg.solve(L, (x - 0.5).T).T, np.full(len(x), -np.log(np.diag(L)).sum())


    def log_prob(x):
        z, log_det = inverse(x)
        square = (z**2).sum(axis=1)
        return -0.5 * square - 0.5 * x.shape[1] * np.log(2 * np.pi) + log_det


    def sample(rng, n):
        noise = rng.normal(size=(n, 3))
        return noise @ L.T + 0.5
"""


def audited(text, tmp_path, name, letters):
    module = module_of(text, tmp_path, name)
    given = {"log_prob": module.log_prob, "sample": module.sample}
    return str(nf.check.audit((module.forward, module.inverse), dims=(3,), show=False, letters=letters, **given))


def test_a_density_that_is_given_too_does_not_stop_the_search(tmp_path):
    wrong = CHOLESKY.replace("return z @ L.T", "return z @ L")
    assert "z @ L.T + 0.5" in audited(wrong, tmp_path, "turned", "SPIR")


def test_a_sample_may_lack_what_only_the_map_reads(tmp_path):
    wrong = CHOLESKY.replace("noise @ L.T", "noise @ S.T")
    assert "noise @ L.T + 0.5" in audited(wrong, tmp_path, "of_variance", "SRXK")


@pytest.mark.exhaustive
def test_a_slope_that_was_left_out_whole(tmp_path):
    flat = "bend = np.ones_like(z)\n            slope = 1 + 0.5 * bend"
    wrong = LOOPS.replace("slope = 1 + 0.5 * (1 - np.tanh(z) ** 2)", flat)
    wrong = wrong.replace("np.log(1 + 0.5 * (1 - np.tanh(x) ** 2))", "np.log(1 + 0.5 * np.ones_like(x))")
    repair = Search(trial_of(module_of(wrong, tmp_path, "flat"))).repair()
    assert "bend = 1 - np.tanh(z) ** 2" in repair.change


@pytest.mark.parametrize(
    "before, after, by_chance",
    [
        ("a.sum(1)", "a.mean(1)", True),
        ("k1 + k2", "k2 + k2", True),
        ("k2 + k2", "k2 + k2 + k1", False),
        ("a if flip else b", "b if flip else b", True),
        ("P @ L", "P.T @ (P @ L)", True),
        ("L", "np.linalg.solve(P, P @ L)", True),
        ("L", "np.linalg.solve(P, L)", False),
    ],
)
def test_what_works_by_chance(before, after, by_chance):
    assert Repair("f.py", (1,), before, after, None, ("R",), frozenset({"inverse"})).is_by_chance is by_chance


def test_a_change_that_leaves_a_variable_without_a_use_ends_no_search():
    losing = Repair("f.py", (1,), "W.T", "M.T", None, ("R",), frozenset({"inverse"}), loses=("W",))
    keeping = Repair("f.py", (1,), "W.T", "(M * W).T", None, ("R",), frozenset({"inverse"}))
    assert not losing.is_whole and keeping.is_clear and min((losing, keeping), key=lambda r: r.rank) is keeping


def test_a_forward_with_fewer_turns_does_less():
    fewer = Repair("f.py", (1,), "range(k)", "range(1, k)", None, ("R",), frozenset({"x", "forward"}))
    assert fewer.is_less
