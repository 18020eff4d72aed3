"""Task 4.3, affine_jacobian(z, keep, s_net, t_net): equation (4), against finite differences of the layer."""

from __future__ import annotations

from dataclasses import replace

import numpy as onp

from nfscratch.check.finite_differences import finite_difference_jacobian
from nfscratch.course.judging.question import Question, expect, slip
from nfscratch.course.properties.ch04.scattered import DIMS, Affine, network

PRODUCT = "Differentiate e^s z_C + t with respect to z_K: how many terms are there?"
DIAGONAL = "What is dx_C/dz_C in equation (2)?"


def entries(asked, rng):
    """the matrix against finite differences of the layer, for D = 2, 5 and 4, where both parts are equally large"""
    return expect(asked, *[_of(rng, D) for D in (*DIMS, 4)])


def zeros(asked, rng):
    """exact zeros and ones: a kept variable depends on itself alone, a changed one on no other changed one"""
    return expect(asked, *[_fixed_entries(_of(rng, D)) for D in DIMS])


def _fixed_entries(question):
    """The same question about the entries that equation (4) fixes: all others are set to 0 before they are compared."""
    keep, D = question.arguments[1], len(question.arguments[0])
    fixed = keep[:, None] | (~keep[None, :] & ~onp.eye(D, dtype=bool))

    def read(J):
        return onp.where(fixed, J, 0.0) if isinstance(J, onp.ndarray) and J.shape == (D, D) else J

    slips = [slip(s.name, s.hint, J=read(s.values["J"])) for s in question.slips]
    right = {"J": onp.where(fixed, onp.eye(D), 0.0)}
    return replace(question, answer=right, slips=slips, tolerance=0.0, read=read)


def _of(rng, D):
    layer, z = Affine(rng, D), rng.normal(size=D)
    J = finite_difference_jacobian(lambda rows: layer.forward(rows)[0], z[None])[0]
    keep, old, e = layer.keep, z[~layer.keep], onp.exp(layer.scale_and_shift(z[None])[0][0])
    ds, dt = (finite_difference_jacobian(lambda u, w=w: network(w, u), z[None, keep])[0] for w in layer.nets)
    lower = (e * old)[:, None] * ds + dt
    order = onp.concatenate([onp.flatnonzero(keep), onp.flatnonzero(~keep)])

    def blocks(lower, diagonal=e):
        matrix = onp.eye(D)
        matrix[onp.ix_(~keep, ~keep)], matrix[onp.ix_(~keep, keep)] = onp.diag(diagonal), lower
        return matrix

    slips = [
        slip("the matrix is transposed", "Row i holds the derivatives of x_i.", J=J.T),
        slip("the blocks stand in the order (K, C), not where the mask says", "Print J and keep.", J=J[onp.ix_(order, order)]),
        slip("the lower block lacks dt/dz", PRODUCT, J=blocks(lower - dt)),
        slip("the lower block lacks the term of ds/dz", PRODUCT, J=blocks(dt)),
        slip("the lower block lacks the factor z_C", PRODUCT, J=blocks(e[:, None] * ds + dt)),
        slip("the lower block lacks the factor e^s", PRODUCT, J=blocks(old[:, None] * ds + dt)),
        slip("the lower block lacks the factor e^s z_C", PRODUCT, J=blocks(ds + dt)),
        slip("the lower block has the sign of dt flipped", PRODUCT, J=blocks(lower - 2 * dt)),
        slip("the lower block is missing", "What do s and t depend on?", J=blocks(0 * lower)),
        slip("the diagonal is s, not e^s", DIAGONAL, J=blocks(lower, onp.log(e))),
        slip("the diagonal is 1 where it is e^s", DIAGONAL, J=blocks(lower, onp.ones_like(e))),
        slip("the diagonal is e^(-s)", DIAGONAL, J=blocks(lower, 1 / e)),
    ]  # fmt: skip
    shown = {"z": z, "keep": keep, "e^s": e}
    return Question((z, *layer.others), {"J": J}, shown, slips, tolerance=1e-6, size=f"D = {D}")
