"""R by name: which mistake makes this inverse. x = forward(z), z' = inverse(x) is what came, and J is numeric.

    z' = the columns of z in another order      permutation not inverted, halves joined wrongly
    inverse(x in another order) = z             the permutation within the function is not inverted
    J A is a permutation, A that of inverse     P is left out
    only later columns wrong                    too few passes
    z' = an iterate of z - (forward(z) - x)     too few steps, or no contraction
    the changed half looks at itself            it conditions on the changed half

wrong_bracket.py is for results that are cut off, wrong_affine.py for affine maps, wrong_spline.py for splines.
"""

from __future__ import annotations

import numpy as onp

from nfscratch.check.diagnosis.aligned import Aligned, aligned
from nfscratch.check.diagnosis.columns import Columns, copies, same
from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.check.diagnosis.wrong_affine import affine, rescaled
from nfscratch.check.diagnosis.wrong_bracket import bracket, clamped_bracket
from nfscratch.check.diagnosis.wrong_contraction import cut_iteration
from nfscratch.check.diagnosis.wrong_spline import wrong_root
from nfscratch.check.letters.round_trip import check_round_trip
from nfscratch.check.rows import flat
from nfscratch.check.trial import Trial


def name_inverse(trial: Trial) -> Mistake:
    """The mistake of one layer's inverse."""
    rows = trial.usable & onp.isfinite(flat(trial.back[0])).all(axis=1) & onp.isfinite(trial.J).all(axis=(1, 2))
    if rows.sum() < 2:
        return clamped_bracket(trial) or wrong_root(trial) or Mistake.NO_UNDOING
    case = Columns(trial, rows)
    if not case.wrong.any():
        return clamped_bracket(trial) or Mistake.NO_UNDOING
    if (mistake := _argument(case)) is not None:
        return mistake
    case = Columns(aligned(trial), rows)
    for look in (
        _returned,
        _permutation,
        _columns_moved,
        _linear,
        bracket,
        _iteration,
        rescaled,
        affine,
        _passes,
        _conditions,
    ):
        if (mistake := look(case)) is not None:
            return mistake
    return wrong_root(case.trial) or Mistake.NO_UNDOING


def _argument(c):
    if same(c.back, c.x).all():
        return Mistake.RETURNS_ARGUMENT
    try:
        forward = flat(c.trial.apply("forward", c.x.reshape(-1, *c.trial.subject.in_shape), c.rows)[0])
    except Exception:  # x may lie outside of forward's domain
        return None
    if not same(c.back, forward).all():
        return None
    return Mistake.PERMUTATION if _is_permutation(c.J) else Mistake.APPLIES_FORWARD


def _is_permutation(J):
    return bool((onp.abs(J * (1 - J)).max() < 1e-7) and (onp.abs(J.sum(axis=1) - 1) < 1e-7).all())


def _returned(c):
    """Of a map that moves columns: its inverse moves them back, and does nothing else."""
    return Mistake.RETURNS_ARGUMENT if same(c.back, c.x).all() else None


def _permutation(c):
    """Of a map that moves columns: its inverse finds the columns of z from an x whose columns are reordered."""
    if not isinstance(c.trial, Aligned):
        return None
    p, back = c.trial.order, onp.argsort(c.trial.order)
    found = [_found(c, q) for q in (p, p[p], back, back[back])]
    if Mistake.PERMUTATION in found:
        return Mistake.PERMUTATION
    return Mistake.HALVES_SWAPPED if Mistake.HALVES_SWAPPED in found else None


def _found(c, order):
    """PERMUTATION where inverse(x in this order) is z, HALVES_SWAPPED where it has the columns of z otherwise."""
    x = flat(c.trial.original.x)[c.rows][:, order].astype(c.trial.subject.dtype)
    try:
        z = flat(c.trial.original.apply("inverse", x, c.rows)[0])
    except Exception:  # an x that forward does not reach
        return None
    return Mistake.PERMUTATION if same(z, c.z).all() else _reordered(z, c.z)


def _columns_moved(c):
    """z' has all columns of z, in another order."""
    found = _reordered(c.back, c.z)
    return Mistake.PERMUTATION if found is not None and _is_permutation(c.J) else found


def _reordered(a, b):
    """What makes a of the columns of b: two halves that change places, or interleaved; or any other permutation."""
    found, dim = copies(a, b), b.shape[1]
    if not ((found.sum(axis=0) == 1).all() and (found.sum(axis=1) == 1).all()):
        return None
    columns, order = onp.arange(dim), onp.argmax(found, axis=1)
    dealt = onp.concatenate([columns[::2], columns[1::2]])
    halves = [onp.roll(columns, k) for k in (dim // 2, -(dim // 2))] + [dealt, onp.argsort(dealt)]
    return Mistake.HALVES_SWAPPED if any((order == h).all() for h in halves) else Mistake.PERMUTATION


def _linear(c):
    """A linear map with a linear inverse: J A is a permutation where P was left out."""
    if c.dim < 2 or not c.is_linear:
        return None
    A = c.trial.derivatives("inverse", c.trial.x[:2], [0, 1])[0]
    product = c.J[0] @ A[0]
    if onp.abs(A[0] - A[1]).max() < 1e-6 and onp.abs(product - onp.eye(c.dim)).max() > 1e-3:
        off = onp.abs(onp.triu(c.J[0], 1)).max() > 1e-6 and onp.abs(onp.tril(c.J[0], -1)).max() > 1e-6
        if off and onp.abs(product * (1 - product)).max() < 1e-5:
            return Mistake.P_LEFT_OUT
    return None


def _iteration(c):
    """An autoregressive map's passes are an iteration, too, and have a name of their own."""
    return None if _right_at_first(c) else cut_iteration(c)


def _passes(c):
    """Only of a map whose variables have an order, in which one depends on another that depends on a third."""
    return Mistake.TOO_FEW_PASSES if _right_at_first(c) and c.order is not None and not _is_shallow(c) else None


def _right_at_first(c):
    """In the order of dependence the first columns are right and the rest are not."""
    # A sequential direction that is cut short has not all dependencies: the columns as they stand.
    right = [not c.wrong[i] for i in c.order or range(c.dim)]
    first = right.index(False) if False in right else c.dim
    return first > 0 and not any(right[first:]) and c.kept.sum() <= 1 and c.dim > 1


def _is_shallow(c):
    """Whether no variable depends on one that depends on a third, as in a coupling: one pass is enough."""
    others = (onp.abs(c.J).max(axis=0) > 1e-7) & ~onp.eye(c.dim, dtype=bool)
    return not (others.astype(int) @ others).any()


def _conditions(c):
    """The kept variables are right, and the changed ones come back without a look at them."""
    kept = c.kept
    if not kept.any() or c.wrong[kept].any():
        return None
    x = c.x.reshape(-1, *c.trial.subject.out_shape)
    moved = c.x.copy()
    moved[:, kept] += 0.7
    again = flat(c.trial.apply("inverse", moved.reshape(x.shape), c.rows)[0])
    looks = ~same(again[:, ~kept], c.back[:, ~kept], 1e-9).all()
    return None if looks else Mistake.CHANGED_HALF


def in_chain(trial: Trial) -> Mistake | None:
    """The layers' inverses in the order of forward."""
    z = trial.x
    for layer in trial.subject.layers():
        z = Trial(layer, z).apply("inverse", z)[0]
    rows = onp.isfinite(flat(z)).all(axis=1)
    return Mistake.LAYERS_IN_ORDER if same(flat(z)[rows], flat(trial.back[0])[rows]).all() else None


def failing_layer(trial: Trial) -> tuple[int, Trial] | None:
    """The first layer of a chain whose own round trip fails."""
    return next(((k, layer) for k, layer in enumerate(trial.layers) if check_round_trip(layer).failed), None)
