"""The search for the one change in log_prob and in sample: the map that they call is right."""

import numpy as onp
import pytest
from edited_code import module_of

import nfscratch as nf
from nfscratch.check.diagnosis.mistakes import Mistake

FLOW = """
import numpy as np
from scipy.stats import norm

STEPS = [(0.4, 0.5), (-0.3, 0.3), (0.2, -1.0)]


def forward(z):
    x = z
    for s, t in STEPS:
        x = np.arcsinh(x) * np.exp(s) + t
    return x, inverse(x)[1] * -1


def inverse(x):
    log_det = np.zeros(len(x))
    for s, t in reversed(STEPS):
        y = (x - t) * np.exp(-s)
        log_det = log_det - s * x.shape[1] + np.log(np.cosh(y)).sum(axis=1)
        x = np.sinh(y)
    return x, log_det


def log_prob(x):
    z, log_det = inverse(x)
    return norm.logpdf(z).sum(axis=1) + log_det


def sample(rng, n):
    x = rng.normal(0.0, 1.0, size=(n, 3))
    for scale, shift in STEPS:
        x = np.arcsinh(x) * np.exp(scale) + shift
    return x
"""
PLANTED = {
    "a mean in the density": ("D", "norm.logpdf(z).sum(axis=1)", "norm.logpdf(z).mean(axis=1)", "norm.logpdf(z).sum(a"),
    "another scale of the noise": ("K", "rng.normal(0.0, 1.0,", "rng.normal(0.0, 1.5,", "rng.normal(0.0, 1.0,"),
    "noise that is not centred": ("K", "rng.normal(0.0, 1.0,", "rng.normal(1.0, 1.0,", "rng.normal(0.0, 1.0,"),
    "layers in the other order": ("K", "for scale, shift in STEPS:", "for scale, shift in STEPS[::-1]:", "STEPS[::1]"),
    "a sign of the shift": ("K", "np.exp(scale) + shift", "np.exp(scale) - shift", "np.exp(scale) + shift"),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANTED)
def test_the_change_of_log_prob_or_of_sample_is_named(name, tmp_path):
    letter, right, wrong, said = PLANTED[name]
    assert FLOW.count(right) == 1
    module = module_of(FLOW.replace(right, wrong), tmp_path, "beside")
    with onp.errstate(all="ignore"):
        report = nf.check.audit((module.forward, module.inverse), dims=(3,), letters=f"R{letter}", show=False,
                                log_prob=module.log_prob, sample=module.sample)  # fmt: skip
    failure = report.failures[0]
    print(failure.message)
    assert failure.letter == letter and failure.mistake is Mistake.ONE_CHANGE
    assert said in failure.message
    assert f"With it, {letter} holds." in failure.message
