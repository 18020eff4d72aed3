"""No false alarm: correct layers of every style pass the audit, in both dtypes, whatever the seed."""

import numpy as onp
import pytest
from cases import CASES
from healthy import HEALTHY
from mutants.mutant import audit_density
from pairs.density import density

import nfscratch as nf

IDENTITIES = {"coupling rational spline, one bin"}  # nothing moves, and T says so


@pytest.mark.parametrize("name", sorted(set(CASES) - IDENTITIES))
def test_the_package_passes(name):
    dims = (1, 2, 5) if "numeric" not in name else (1, 2)
    report = nf.check.audit(CASES[name], dims=dims, show=False, rng=onp.random.default_rng(3))
    report.raise_if_failed()


@pytest.mark.parametrize("name", HEALTHY)
def test_a_correct_layer_passes(name):
    h = HEALTHY[name]
    report = nf.check.audit(h.subject, dims=h.dims, show=False, rng=onp.random.default_rng(4), **h.options)
    report.raise_if_failed()


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("name", ["coupling", "spline", "PLU", "tanh", "logit", "leaky ReLU", "heavy"])
def test_no_seed_makes_an_alarm(name, seed):
    h = HEALTHY[name]
    report = nf.check.audit(
        h.subject, dims=h.dims[-2:], show=False, rng=onp.random.default_rng(100 + seed), **h.options
    )
    report.raise_if_failed()


def test_a_density_beside_a_pair_passes():
    report = audit_density(density(), {"dims": (1, 2, 5), "show": False, "rng": onp.random.default_rng(0)})
    report.raise_if_failed()


def test_there_are_enough_of_them():
    assert len(HEALTHY) >= 30
