"""The search for the one change in log_prob and in sample: the map that they call is right."""

from multiprocessing.shared_memory import SharedMemory

import numpy as onp
import pytest
from edited_code import module_of

import nfscratch as nf
from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.check.repair.frozen import _is_mapped, frozen
from nfscratch.check.repair.live_code import Reached

pytestmark = pytest.mark.exhaustive  # each is a whole search; its rooms have small tests of their own

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


LONG = {"another scale of the noise", "noise that is not centred"}


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.exhaustive) if n in LONG else n for n in PLANTED])
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


IN_A_FILE = """
import numpy as np

W = np.lib.format.open_memmap({path!r}, mode="r+")


def forward(z):
    y = z.copy()
    y[:, 0] *= W[0]
    return y, np.full(len(z), np.log(W[0]){sign})


def inverse(x):
    y = x.copy()
    y[:, 0] /= W[0]
    return y, np.full(len(x), -np.log(W[0]))


def log_prob(x):
    z, log_det = inverse(x)
    z[:, 0] += {shift}
    return -0.5 * (z**2).sum(axis=1) - np.log(2 * np.pi) + log_det
"""


@pytest.mark.parametrize(("sign", "shift"), [("", 0.3), (" * -1", 0.0)])
def test_weights_that_lie_in_a_file_are_left_alone_and_nothing_is_tried(sign, shift, tmp_path):
    path = tmp_path / "weights.npy"
    onp.save(path, onp.array([2.0, 3.0]))
    module = module_of(IN_A_FILE.format(path=str(path), sign=sign, shift=shift), tmp_path, "in_a_file")
    report = nf.check.audit((module.forward, module.inverse), dims=(2,), letters="RXJD", show=False,
                            log_prob=module.log_prob)  # fmt: skip
    assert not report.ok and "in place of" not in str(report)
    assert onp.array_equal(onp.load(path), [2.0, 3.0])


def test_arrays_are_frozen_but_for_those_that_the_function_writes():
    count, weight = onp.zeros(2), onp.ones(2)

    def run():
        count[0] += weight[0]

    reached = Reached(run)
    with frozen(reached, run):
        assert count.flags.writeable and not weight.flags.writeable
    assert weight.flags.writeable


def test_memory_that_others_see_is_known():
    memory = SharedMemory(create=True, size=64)
    try:
        shared, own = onp.ndarray((8,), buffer=memory.buf), onp.zeros(8)
        assert _is_mapped(shared[2:]) and not _is_mapped(own[2:])
        del shared
    finally:
        memory.close()
        memory.unlink()
