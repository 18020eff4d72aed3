"""Task 1.4, numeric_jacobian(f, z, h): central differences of fourth order, exact for polynomials of fourth degree."""

from __future__ import annotations

import numpy as onp

from nfscratch.course.judging.question import Question, expect, slip

STEP = 1e-3  # the default of the chapter


class Quartic:
    """f_i(z) = sum_jk c_ijk z_j^k + m_i z_1 z_n, with its exact Jacobian."""

    def __init__(self, rng, n_in, n_out):
        self.c = rng.normal(size=(n_out, n_in, 4)) * [1.0, 1.0, 1.0, 0.5]
        self.m = rng.normal(size=n_out)

    def __call__(self, z):
        powers = onp.asarray(z, dtype=float)[:, None] ** onp.arange(1, 5)
        return onp.einsum("ijk,jk->i", self.c, powers) + self.m * z[0] * z[-1]

    def jacobian(self, z):
        J = onp.einsum("ijk,jk->ij", self.c, onp.arange(1, 5) * z[:, None] ** onp.arange(4))
        J[:, 0] += self.m * z[-1]
        J[:, -1] += self.m * z[0]
        return J


def shape(asked, rng):
    """rows are the outputs and columns the inputs: 3 in and 2 out, 2 in and 4 out"""
    return expect(asked, *[_of(rng, n, m, 1e-3) for n, m in ((3, 2), (2, 4))])


def quartics(asked, rng):
    """polynomials of fourth degree, for which the rule of fourth order is exact"""
    return expect(asked, *[_of(rng, n, n, 1e-9) for n in (1, 3)])


def _of(rng, n, m, tolerance):
    f, z = Quartic(rng, n, m), rng.uniform(2, 3, size=n) * rng.choice([-1, 1], size=n)
    steps, J = onp.eye(n) * STEP, f.jacobian(z)
    central = onp.stack([(f(z + e) - f(z - e)) / (2 * STEP) for e in steps], axis=1)
    one_sided = onp.stack([(f(z + e) - f(z)) / STEP for e in steps], axis=1)
    slips = [
        slip("the matrix is transposed", "Column j holds the derivatives with respect to z_j.", J=J.T),
        slip("the rule is of second order", "What do f(z + 2h) and f(z - 2h) add?", J=central),
        slip("the differences are one-sided", "Take a step to both sides of z.", J=one_sided),
        slip("the divisor is 12, not 12 h", "What are the units of a derivative?", J=J * STEP),
        slip("the sign is flipped", "Which of f(z + h) and f(z - h) is larger where f grows?", J=-J),
    ]
    size = f"{n} in, {m} out"
    return Question((f, z), {"J": J}, {"z": z, "f": "a polynomial"}, slips, tolerance=tolerance, size=size)
