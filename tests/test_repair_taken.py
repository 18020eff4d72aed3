"""What the search for a change takes for a repair, and what works by chance."""

import numpy as onp
import pytest
from edited_code import LOOPS, module_of, trial_of

import nfscratch as nf
from nfscratch.check.repair import missing
from nfscratch.check.repair.mended import Repair
from nfscratch.check.repair.search import Search

pytestmark = pytest.mark.exhaustive  # each is a whole search; its rooms have small tests of their own

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
    assert "1 - np.tanh(z) ** 2" in repair.change


@pytest.mark.parametrize(
    "before, after, by_chance",
    [
        ("a.sum(1)", "a.mean(1)", True),
        ("k1 + k2", "k2 + k2", True),
        ("k2 + k2", "k2 + k2 + k1", False),
        ("a if flip else b", "b if flip else b", True),
        ("mask * t", "(1 - mask) * (mask * t)", True),
        ("s", "(1 - s) * s", False),
        ("h @ v", "h @ (v / v)", True),
        ("s / (k + 1)", "s / (k + 0)", True),
        ("x[:, back]", "x[:, np.argsort(back)][:, back]", True),
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


MASKED = """
    import numpy as np

    mask = np.array([1.0, 0.0, 1.0])
    A, B = np.array([[0.5, -0.4, 0.3]] * 3).T, np.array([[0.2, 0.7, -0.6]] * 3)


    def both(v):
        kept = v * mask
        return (1 - mask) * np.tanh(kept @ A), (1 - mask) * (kept @ B)


    def forward(z):
        s, t = both(z)
        return z * np.exp(s) + t, s.sum(axis=1)


    def inverse(x):
        s, t = both(x)
        return (x - t) * np.exp(-s), -s.sum(axis=1)
"""


def test_a_mask_is_missing_that_another_value_has(tmp_path):
    """With it some x_i depend on fewer z_j than before: a map that is made less is a repair here."""
    wrong = MASKED.replace("(1 - mask) * (kept @ B)", "kept @ B")
    repair = Search(trial_of(module_of(wrong, tmp_path, "masked"), 3)).repair()
    assert repair is not None and repair.after.count("1 - mask") == 2 and not repair.left


def test_a_factor_is_missing_and_no_multiple_of_a_term():
    assert missing._is_multiple(onp.array([4.0, -8.0]), [1.0, -2.0])
    assert not missing._is_multiple(onp.array([4.0, -8.0]), [1.0, -3.0])
    assert not missing._is_multiple(onp.array([4.0, -8.0]), [4.0, -8.0])
