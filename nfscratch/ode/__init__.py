"""Numerical integration of dy/dt = f(t, y) and of dy = f dt + g dW. This room knows nothing of flows.

    solution = nf.ode.Dopri5(1e-6, 1e-6).solve(f, y, 0.0, 1.0)        y (S, N): N systems of S numbers side by side
    solution.y, solution.evaluations                                  what came out, and how often f was called

Gradients: `through_steps` takes the derivative of what the solver computed, `adjoint` solves a second equation for it.
"""

from nfscratch.ode.adjoint import adjoint
from nfscratch.ode.dopri5 import Dopri5
from nfscratch.ode.euler_maruyama import EulerMaruyama
from nfscratch.ode.right_side import IntegrationError
from nfscratch.ode.rk4 import RK4
from nfscratch.ode.solver import Solution, Solver, trajectory
from nfscratch.ode.through_steps import through_steps

__all__ = [
    "RK4",
    "Dopri5",
    "EulerMaruyama",
    "IntegrationError",
    "Solution",
    "Solver",
    "adjoint",
    "through_steps",
    "trajectory",
]
