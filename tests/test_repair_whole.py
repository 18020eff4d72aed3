"""The search for the one change in maps that come with more than two functions, or say one thing in two places."""

import pytest
from edited_code import COUPLING, module_of, trial_of

import nfscratch as nf
from nfscratch.check.repair.search import Search

pytestmark = pytest.mark.exhaustive  # each is a whole search; its rooms have small tests of their own

DENSITY = """

    def log_prob(x):
        z, log_det = inverse(x)
        return log_det - 0.5 * (z**2).sum(axis=1) - 2 * np.log(2 * np.pi)


    def sample(rng, n):
        noise = rng.normal(size=(n, 4))
        return forward(noise)[0]
"""


def repaired(text, folder, name, dim=4, **declared):
    module = module_of(text, folder, name)
    given = {key: getattr(module, key) for key in ("log_prob", "sample") if hasattr(module, key)}
    return Search(trial_of(module, dim, **given, **declared)).repair()


@pytest.mark.exhaustive
def test_a_density_that_comes_with_the_map_is_not_in_the_way(tmp_path):
    wrong = COUPLING.replace("moved = moved - t", "moved = moved + t")
    found = repaired(wrong + DENSITY, tmp_path, "with_density")
    assert found.is_clear and "moved - t" in found.after and found.laws == ("R",)


def test_an_audit_with_a_density_names_the_change(tmp_path):
    module = module_of(COUPLING.replace("log_det = -s.sum", "log_det = -s.mean") + DENSITY, tmp_path, "with_mean")
    report = nf.check.audit((module.forward, module.inverse), dims=(4,), log_prob=module.log_prob,
                            sample=module.sample, letters="SPRXJD", show=False)  # fmt: skip
    assert report.failures[0].letter == "X" and "s.sum(axis=1)" in str(report)


TRIANGLES = """
    import numpy as np

    rng = np.random.default_rng(4)
    L = np.tril(rng.normal(size=(4, 4)) * 0.4, -1) + np.eye(4)
    d = np.array([-1.3, 0.6, -0.8, 1.9])
    LOW, NEED = np.linalg.inv(L), 2.0


    def forward(z):
        return (z * d) @ L.T, np.full(len(z), np.log(np.abs(d)).sum())


    def inverse(x):
        return (x @ LOW.T) / d, -np.full(len(x), np.log(np.abs(d)).sum())
"""
SOFTPLUS = """
    import numpy as np

    rng = np.random.default_rng(5)
    W, V = rng.normal(size=(2, 6)), rng.normal(size=(6, 4))


    def layer(a, back):
        f = np.tanh(a[:, :2] @ W) @ V
        shift, scale = f[:, :2], np.logaddexp(0, f[:, 2:]) + 0.1
        moved = (a[:, 2:] - shift) / scale if back else a[:, 2:] * scale + shift
        sign = -1 if back else 1
        return np.concatenate([a[:, :2], moved], axis=1), sign * f[:, 2:].sum(axis=1)


    def forward(z):
        return layer(z, False)


    def inverse(x):
        return layer(x, True)
"""


@pytest.mark.parametrize("wrong", ["np.log(d)", "np.log(np.abs(np.diag(L)))", "np.abs(d)", "np.log(np.abs(2 * d))"])
def test_what_stands_in_both_directions_is_mended_in_both(wrong, tmp_path):
    found = repaired(TRIANGLES.replace("np.log(np.abs(d))", wrong), tmp_path, "triangles")
    assert found.is_clear and found.lines == (11, 15) and {"forward", "inverse"} <= found.changed


@pytest.mark.exhaustive
def test_a_change_of_a_shared_line_holds_for_both_directions(tmp_path):
    found = repaired(SOFTPLUS, tmp_path, "softplus")
    assert found.is_clear and "sign * np.log(scale).sum" in found.after


TABLE = """
    import numpy as np

    XS, YS = np.array([-1.0, -0.6, -0.4, 0.0, 1.0]), np.array([-2.0, -1.1, 0.4, 1.7, 2.0])
    SLOPES = np.diff(YS) / np.diff(XS)


    def forward(z):
        k = np.minimum(np.searchsorted(XS, z, side="right") - 1, len(SLOPES) - 2)
        return YS[k] + SLOPES[k] * (z - XS[k]), np.log(SLOPES[k]).sum(axis=1)


    def inverse(x):
        k = np.minimum(np.searchsorted(YS, x, side="right") - 1, len(SLOPES) - 1)
        return XS[k] + (x - YS[k]) / SLOPES[k], -np.log(SLOPES[k]).sum(axis=1)
"""


def test_a_change_that_raises_at_the_last_knot_is_none(tmp_path):
    found = repaired(TABLE, tmp_path, "table", 2, domain=(-1, 1), codomain=(-2, 2))
    assert found.lines == (9,) and found.after.endswith("len(SLOPES) - 1)")


@pytest.mark.exhaustive  # four seconds
def test_a_map_that_folds_lacks_the_constraint_of_its_weights(tmp_path):
    module = module_of("""
        import numpy as np

        INNER, OUTER = np.array([[1.4, -1.1], [-0.9, 1.6]]), np.array([[1.2, 1.5], [1.3, 0.9]])


        def curve(z):
            h = np.tanh(z[:, :, None] * INNER)
            slope = 0.2 + (OUTER * INNER * (1 - h**2)).sum(axis=2)
            return 0.2 * z + (OUTER * h).sum(axis=2), np.log(slope).sum(axis=1)


        def forward(z):
            return curve(z)


        def inverse(x):
            low, high = np.full_like(x, -200.0), np.full_like(x, 200.0)
            for _ in range(70):
                middle = 0.5 * (low + high)
                below = curve(middle)[0] < x
                low, high = np.where(below, middle, low), np.where(below, high, middle)
            return low, -curve(low)[1]
    """, tmp_path, "folds")  # fmt: skip
    report = nf.check.audit((module.forward, module.inverse), dims=(2,), letters="SRXJ", show=False)
    assert "np.exp(INNER)" in str(report) or "np.abs(INNER)" in str(report)
