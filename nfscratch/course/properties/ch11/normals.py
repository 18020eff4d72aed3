"""Normals: log-densities and expectations of the checks' own, and what is said wrongly of a draw's log q."""

from __future__ import annotations

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.course.judging.question import by_part

NODES, WEIGHTS = onp.polynomial.hermite_e.hermegauss(12)
THREE = "What are the two terms of (3), and which sign has each?"
BASE = "At which point does (3) take the density of the noise?"


def log_normal(z, mean=0.0, sd=1.0):
    """Of every entry by itself."""
    return -0.5 * ((z - mean) / sd) ** 2 - onp.log(sd) - 0.5 * onp.log(2 * onp.pi)


def expected(of, m, s):
    """E of(z) for z ~ N(m, s^2), by Gauss and Hermite: exact for polynomials."""
    return float((WEIGHTS * of(m + s * NODES)).sum() / onp.sqrt(2 * onp.pi))


def log_q_slips(eps, z, log_slopes, of_sigmas=True):
    """What is given for log N(eps; 0, I) - sum log_slopes. log_slopes: (n,), to be summed; they are log-sigmas, or not."""
    D, total, base = len(eps), float(log_slopes.sum()), float(log_normal(eps).sum())
    squares, constant = -0.5 * float((eps**2).sum()), -0.5 * onp.log(2 * onp.pi)
    pairs = [
        ("it has a plus in place of the minus", "The worked numbers below (4): which sign gives the density at z?", base + total),
        (Mistake.BASE_MISSING, THREE, -total),
        ("the base term is missing, and the sign is flipped", THREE, total),
        (Mistake.LOG_DET_MISSING, THREE, base),
        ("the base density is taken at z, not at the noise", BASE, log_normal(z).sum() - total),
        ("the base density is taken at z, and the log-det is added", BASE, log_normal(z).sum() + total),
        ("the base density is taken at z, and the log-det is missing", BASE, log_normal(z).sum()),
        (Mistake.CONSTANT_OF_BASE, THREE, squares - total),
        (Mistake.CONSTANT_ONCE, THREE, squares + constant - total),
        (Mistake.HALF_MISSING, THREE, base + squares - total),
        ("the square in the base term has a plus", THREE, base - 2 * squares - total),
        ("the sign of the base term is flipped", THREE, -base - total),
        ("the sign of log q is flipped", THREE, total - base),
        ("it is the density, not its logarithm", "What does the docstring say comes back?", onp.exp(base - total)),
        ("|det| is subtracted, not its logarithm", "What is |det J| of a diagonal matrix, and what its logarithm?", base - onp.exp(total)),
        ("there is one number for each variable, not their sum", "How many numbers has one draw?", log_normal(eps) - (log_slopes if len(log_slopes) == D else total)),
        ("the base term is averaged, not summed", "Look at D = 2 and D = 5: when do a mean and a sum agree?", base / D - total),
    ]  # fmt: skip
    if of_sigmas:
        pairs += [
            ("e^(log sigma) is summed, not log sigma", THREE, base - onp.exp(log_slopes).sum()),
            ("the log-sigmas are averaged, not summed", "Look at D = 2 and D = 5: when do a mean and a sum agree?", base - log_slopes.mean()),
            ("|log sigma| is summed, not log sigma", THREE, base - onp.abs(log_slopes).sum()),
            ("log sigma counts half, as if it were the logarithm of the variance", THREE, base - total / 2),
            ("log sigma counts twice", THREE, base - 2 * total),
            ("the log-sigmas are multiplied, not added", THREE, base - log_slopes.prod()),
            ("it is averaged over the variables", "Look at D = 2 and D = 5: when do a mean and a sum agree?", (base - total) / D),
        ]  # fmt: skip
    return [s for name, hint, value in pairs for s in by_part(name, hint, log_q=value)]
