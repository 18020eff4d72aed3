"""Points that move with a velocity. A solve is right to its tolerance, which is the layer's accuracy.

The steps are few, because a traced one costs a hundred times as much as the kernel's; and with few but fixed steps the
map is as smooth as its field, so that finite differences agree with it to the last digits that they have.
"""

import nfscratch as nf
from cases.case import CONTEXT, Case


def continuous(solver, network, frequencies, **options):
    return lambda dim: nf.Continuous(nf.Field(network, frequencies), dim, solver, **options)


def solved(name, make, like=""):
    """A case whose map is a solution: the solver looks at its result, as a search does."""
    return Case(name, make, searched=True, tolerance=1e-11, like=like)


RK4 = "continuous, RK4"
CONTINUOUS = [
    solved(RK4, continuous(nf.ode.RK4(6), nf.MLP((6,), "tanh"), 1)),
    solved("continuous, Dopri5", continuous(nf.ode.Dopri5(1e-9, 1e-9), nf.MLP((), "tanh"), 0), RK4),
    solved(
        "continuous, Hutchinson, context",
        continuous(nf.ode.RK4(6), nf.MLP((5,), "silu"), 1, trace="hutchinson", context_dim=CONTEXT),
    ),
]
