"""The audit of a flow whose base alone takes a context: it is given one, in every check."""

import numpy as onp
import pytest

import nfscratch as nf


def flow(embed=None, density=nf.AutoregressiveDensity):
    base = density(2, nf.Gaussian(), nf.MADE((8,)), context_dim=2)
    return nf.Flow(base, nf.Elementwise(nf.Affine(), 2), embed)


@pytest.mark.parametrize(
    "embed",
    [
        pytest.param(None, id="raw"),
        pytest.param(nf.StandardizedInput(), id="standardised", marks=pytest.mark.exhaustive),
    ],
)
def test_a_flow_whose_base_alone_takes_a_context_passes(embed):
    report = nf.check.audit(flow(embed), draws=1, show=False)
    assert report.ok, str(report)
    assert not [line for line in report.lines if line.status.name != "PASSED"]


def test_its_context_may_be_given_and_is_checked():
    assert nf.check.audit(flow(), context=onp.ones((3, 2)), letters="SDG", draws=1, show=False).ok
    with pytest.raises(ValueError, match=r"context must have shape \(N, 2\); got \(3, 1\)"):
        nf.check.audit(flow(), context=onp.ones((3, 1)))


class Deaf(nf.AutoregressiveDensity):
    """Its samples do not listen to the context."""

    def sample(self, params, rng, n, like=None, context=None):
        return super().sample(params, rng, n, like, 0.0 * context)


def test_a_base_that_samples_for_another_context_is_found():
    report = nf.check.audit(flow(density=Deaf), context=[[2.0, -2.0]], letters="DK", draws=2, show=False)
    assert not report.ok and report.failures[0].letter in "KD"
