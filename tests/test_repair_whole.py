"""The search for the one change in maps that come with more than two functions, or say one thing in two places."""

from edited_code import COUPLING, module_of, trial_of

import nfscratch as nf
from nfscratch.check.repair.search import Search

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


def test_a_density_that_comes_with_the_map_is_not_in_the_way(tmp_path):
    wrong = COUPLING.replace("moved = moved - t", "moved = moved + t")
    found = repaired(wrong + DENSITY, tmp_path, "with_density")
    assert found.is_clear and "moved - t" in found.after and found.laws == ("R",)


def test_an_audit_with_a_density_names_the_change(tmp_path):
    module = module_of(COUPLING.replace("log_det = -s.sum", "log_det = -s.mean") + DENSITY, tmp_path, "with_mean")
    report = nf.check.audit((module.forward, module.inverse), dims=(4,), log_prob=module.log_prob,
                            sample=module.sample, letters="SPRXJD", show=False)  # fmt: skip
    assert report.failures[0].letter == "X" and "s.sum(axis=1)" in str(report)
