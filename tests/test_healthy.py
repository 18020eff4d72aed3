"""No false alarm: correct layers of every style pass the audit, in both dtypes, whatever the seed."""

import numpy as onp
import pytest
from cases import CASES
from healthy import HEALTHY
from mutants.mutant import audit_density
from pairs.density import density

import nfscratch as nf

NOT_IN_LAWS = "PITEOGK"  # the letters that repeat no law of test_laws.py; and N
OF_A_SEARCH = "PITG"  # where a row takes milliseconds; the exhaustive run asks the others
STEADY = ["coupling", "spline", "PLU", "tanh", "logit", "leaky ReLU", "heavy"]
every_case = pytest.mark.parametrize(
    "case", [pytest.param(case, id=name) for name, case in CASES.items() if case.moves]
)


def passes(subject, dims, seed, **options):
    nf.check.audit(subject, dims=dims, show=False, rng=onp.random.default_rng(seed), **options).raise_if_failed()


@every_case
def test_a_case_passes_the_letters_that_no_law_repeats(case):
    passes(case.make, (2,), 3, letters=OF_A_SEARCH if case.searched else NOT_IN_LAWS + "N", draws=1)
    passes(case.make, (5,), 3, letters="T")


@pytest.mark.exhaustive
@every_case
def test_a_case_passes(case):
    passes(case.make, (1, 2) if case.searched else (1, 2, 5), 3)


@pytest.mark.parametrize("name", HEALTHY)
def test_a_correct_layer_passes_in_one_dimension(name):
    dims = HEALTHY[name].dims
    passes(HEALTHY[name].subject, (dims[len(dims) // 2],), 4, draws=1, **HEALTHY[name].options)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", HEALTHY)
def test_a_correct_layer_passes(name):
    passes(HEALTHY[name].subject, HEALTHY[name].dims, 4, **HEALTHY[name].options)


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.exhaustive) for seed in range(1, 5))])
@pytest.mark.parametrize("name", STEADY)
def test_no_seed_makes_an_alarm(name, seed):
    passes(HEALTHY[name].subject, HEALTHY[name].dims[-2:], 100 + seed, **HEALTHY[name].options)


def test_a_density_beside_a_pair_passes():
    report = audit_density(density(), {"dims": (1, 2, 5), "show": False, "rng": onp.random.default_rng(0)})
    report.raise_if_failed()


def test_there_are_enough_of_them():
    assert len(HEALTHY) >= 30


@pytest.mark.parametrize("dim", [2, 5])
def test_waves_that_are_shorter_than_the_steps_of_a_difference_are_not_accused(dim):
    """At 1e3 a last digit moves z by as much as 1e5: sines of sines, three layers of an affine autoregressive map."""
    rng = onp.random.default_rng(8 * 31 + dim)
    below = [onp.tril(rng.normal(size=(2, dim, dim)), -1) for _ in range(3)]

    def parameters(A, v):
        return 2 * onp.tanh(onp.sin(v) @ A[0].T), onp.tanh(v) @ A[1].T

    def forward(z):
        total = onp.zeros(len(z))
        for A in below:
            s, t = parameters(A, z)
            z, total = (z * onp.exp(s) + t)[:, ::-1], total + s.sum(axis=1)
        return z, total

    def inverse(x):
        total = onp.zeros(len(x))
        for A in reversed(below):
            z = onp.zeros_like(x)
            for i in range(dim):
                s, t = parameters(A, z)
                z[:, i] = (x[:, dim - 1 - i] - t[:, i]) * onp.exp(-s[:, i])
            x, total = z, total - parameters(A, z)[0].sum(axis=1)
        return x, total

    nf.check.audit((forward, inverse), dims=(dim,), show=False, rng=onp.random.default_rng(0)).raise_if_failed()
