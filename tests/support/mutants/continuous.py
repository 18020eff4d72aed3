"""Mistakes of continuous flows that an audit can see. Another shows in the count of evaluations: test_continuous.py."""

import nfscratch as nf
from mutants.mutant import Mutant

FIELD, SOLVER = nf.Field(nf.MLP((6,), "tanh"), 1), nf.ode.RK4(8)


class Minus(nf.Continuous):
    """dl/dt = -tr J."""

    def _tangents(self, a, rng):
        v, weight = super()._tangents(a, rng)
        return v, -weight


class Summed(nf.Continuous):
    """As two probes that are summed."""

    def _tangents(self, a, rng):
        v, weight = super()._tangents(a, rng)
        return v, 2.0 * weight


def layers(kind):
    return lambda dim: kind(FIELD, dim, SOLVER)


CONTINUOUS = {
    "the sign of the log-density ODE": Mutant(layers(Minus), "log_det forward: the sign is flipped", (2, 5)),
    "bayesflow 772": Mutant(layers(Summed), "factor 2", (2, 5)),
}
