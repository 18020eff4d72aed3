"""Task 10.4, affine_jacobian(z, y, nets): both blocks of (5). Each keyword of `blocks` is a mistake."""

from __future__ import annotations

import numpy as onp

from nfscratch.course.judging.question import Question, by_part, expect, slip
from nfscratch.course.properties.ch10.layers import forward, outputs, random_nets

ROW = "Which of the letters in row i of (5) depend on z_1? Follow each of them."
SHAPES = ((1, 2), (2, 1), (2, 3), (4, 2))  # D, C


def by_noise(asked, rng):
    """dx/dz, against finite differences, for up to 4 variables"""
    return expect(asked, *[_of(rng, *shape, "dx/dz") for shape in SHAPES])


def by_context(asked, rng):
    """dx/dy, against finite differences, for contexts of one to three numbers"""
    return expect(asked, *[_of(rng, *shape, "dx/dy") for shape in SHAPES])


def blocks(z, y, nets, *, to_y=True, of_s=1.0, of_t=1.0, with_z=True, grown=True, chained=True, diagonal=onp.exp):
    """(dx/dz, dx/dy) row by row. to_y: whether x_<i is followed back to y."""
    D, C = len(z), len(y)
    x, _ = forward(z, y, nets)
    J = onp.zeros((D, D + C))
    for i, net in enumerate(nets):
        s, _, ds, dt = outputs(net, onp.concatenate([x[:i], y]))
        each = of_s * (onp.exp(s) if grown else 1) * (z[i] if with_z else 1) * ds + of_t * dt
        before = J[:i].copy() if chained else onp.eye(D + C)[:i]
        before[:, D:] *= to_y
        J[i] = each @ onp.concatenate([before, onp.eye(D + C)[D:]])
        J[i, i] = diagonal(s)
    return J[:, :D], J[:, D:]


def _numeric(z, y, nets):
    """By complex steps."""
    columns = [
        forward(z + e[: len(z)], y + e[len(z) :], nets)[0].imag / 1e-30 for e in 1e-30j * onp.eye(len(z) + len(y))
    ]
    J = onp.stack(columns, axis=1)
    return J[:, : len(z)], J[:, len(z) :]


def _of(rng, D, C, judged):
    z, y, nets = rng.normal(size=D), rng.normal(size=C), random_nets(rng, D, C)
    J, J_y = _numeric(z, y, nets)
    slips = [
        s
        for name, changed in _MISTAKEN
        for s in by_part(name, ROW, **dict(zip(("dx/dz", "dx/dy"), blocks(z, y, nets, **changed), strict=True)))
    ]
    inverse = onp.linalg.inv(J)
    slips += [
        slip("it is transposed", "In which row stand the derivatives of x_1?", **{"dx/dz": J.T}),
        slip("it is transposed", "In which row stand the derivatives of x_1?", **{"dx/dy": J_y.T}),
        slip("the entries below the diagonal are zero", ROW, **{"dx/dz": onp.diag(onp.diag(J))}),
        slip("it is dz/dx, the inverse", "Which of the two maps is asked for?", **{"dx/dz": inverse}),
        slip("it is the diagonal as a vector", "How many rows has dx/dz?", **{"dx/dz": onp.diag(J)}),
        slip("it is dz/dy at a fixed x, with its sign turned", "What is held fixed, z or x?", **{"dx/dy": inverse @ J_y}),
        slip("it is dz/dy at a fixed x", "What is held fixed, z or x?", **{"dx/dy": -inverse @ J_y}),
        slip("dx/dy is zero", "dx/dy does not enter the determinant. Is it zero for that?", **{"dx/dy": 0 * J_y}),
        slip("dx/dy stands where dx/dz belongs", "Which of the two comes first?", **{"dx/dz": J_y}),
        slip("dx/dz stands where dx/dy belongs", "Which of the two comes first?", **{"dx/dy": J}),
    ]  # fmt: skip
    answer = {"dx/dz": J, "dx/dy": J_y}
    return Question((z, y, nets), answer, {"z": z, "y": y}, slips, (judged,), 1e-8, f"D = {D}, C = {C}")


_MISTAKEN = (
    ("dx/dy leaves out the way through x_<i", {"to_y": False}),
    ("the entries are derivatives by x_<i, not by z_<i", {"chained": False}),
    ("the term of ds is missing", {"of_s": 0.0}),
    ("the term of dt is missing", {"of_t": 0.0}),
    ("the sign of the term of ds is flipped", {"of_s": -1.0}),
    ("the sign of the term of dt is flipped", {"of_t": -1.0}),
    ("the term of ds lacks e^s", {"grown": False}),
    ("the term of ds lacks z_i", {"with_z": False}),
    ("the term of ds lacks e^s z_i", {"with_z": False, "grown": False}),
    ("the diagonal has s, not e^s", {"diagonal": lambda s: s}),
    ("the diagonal is 1", {"diagonal": lambda s: 1.0}),
    ("the diagonal is 0", {"diagonal": lambda s: 0.0}),
    ("the diagonal is e^(-s)", {"diagonal": lambda s: onp.exp(-s)}),
)
