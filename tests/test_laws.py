"""Laws: what holds for every bijection. Each law meets each case, in all of its dimensions and dtypes.

The default run looks at a search, which costs more than a formula, in a share of them.
"""

import numpy as onp
import pytest
from cases import CASES
from cases.case import Case
from laws import LAWS
from mutants.gradients import WrongGradient, WrongJacobian
from mutants.state import Leak

import nfscratch as nf


@pytest.mark.parametrize("law", LAWS)  # the laws of one case follow each other, and share what they compute
@pytest.mark.parametrize("name", CASES)
def test_the_law_holds(name, law):
    LAWS[law].check(CASES[name], share=CASES[name].searched)


@pytest.mark.exhaustive
@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.searched])
def test_the_law_holds_for_a_search_in_every_dimension_and_dtype(name, law):
    LAWS[law].check(CASES[name])


class Shifted(nf.ActNorm):
    """Its log_det is 0.1 too large."""

    def forward(self, params, z, context=None, rng=None):
        x, log_det = super().forward(params, z)
        return x, log_det + 0.1

    forward_vjp = nf.Bijection.forward_vjp


class OfTheBatch(nf.ActNorm):
    """It moves a row by the mean of the batch, which an empty one does not have."""

    def forward(self, params, z, context=None, rng=None):
        x, log_det = super().forward(params, z)
        return x + onp.mean(onp.asarray(z), axis=0), log_det


class Full(nf.ActNorm):
    """It looks for the smallest of all rows."""

    def forward_vjp(self, params, z, context=None, rng=None):
        z.min()
        return super().forward_vjp(params, z)


class Dense(nf.ActNorm):
    """It takes its rows to lie one after the other in memory."""

    def forward_vjp(self, params, z, context=None, rng=None):
        x, log_det, pullback = super().forward_vjp(params, z)
        return x + (0.0 if z.flags.c_contiguous else 1.0), log_det, pullback


class OnTheHost(nf.ActNorm):
    """Its result is on the host, wherever its argument is."""

    def forward_vjp(self, params, z, context=None, rng=None):
        x, log_det, pullback = super().forward_vjp(params, z)
        return nf.to_numpy(x), log_det, lambda g_x, g_log_det: pullback(nf.backend.asarray(g_x, like=z), g_log_det)


SEEN = {
    "closed form jacobian is the autodiff one and the numeric one": WrongJacobian,
    "log det is that of the jacobian in both directions": Shifted,
    "round trip shapes and cancelling log dets": Leak,
    "rows do not see each other": OfTheBatch,
    "an empty batch and a batch of one": Full,
    "pullbacks are those of autograd": WrongGradient,
    "gradients agree with finite differences": WrongGradient,
    "any memory layout will do": Dense,
    "a device array gives the same numbers": OnTheHost,
    "a step moves nothing between host and device": OnTheHost,
}


@pytest.mark.parametrize("law", LAWS)
def test_a_layer_that_breaks_the_law_is_seen_and_the_dimension_is_named(law):
    with pytest.raises((AssertionError, ValueError)) as caught:
        LAWS[law].check(Case("broken", SEEN[law]))
    assert caught.value.__notes__[-1].startswith("'broken' in D = ")
