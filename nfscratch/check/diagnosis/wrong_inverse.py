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

from collections.abc import Callable, Iterable
from typing import Any

import numpy as onp

from nfscratch.check.diagnosis.aligned import aligned
from nfscratch.check.diagnosis.columns import Columns, same
from nfscratch.check.diagnosis.loops import has_loops, is_one_function
from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.check.diagnosis.wrong_affine import affine, rescaled
from nfscratch.check.diagnosis.wrong_bracket import bracket, clamped_bracket
from nfscratch.check.diagnosis.wrong_columns import is_permutation, moved_columns, skipped
from nfscratch.check.diagnosis.wrong_contraction import cut_closely, cut_iteration
from nfscratch.check.diagnosis.wrong_elementwise import bent
from nfscratch.check.diagnosis.wrong_line_search import line_search
from nfscratch.check.diagnosis.wrong_linear import is_dense, is_product_of_reflections, linear
from nfscratch.check.diagnosis.wrong_passes import columns_not_reached, passes, reads_result, sees_itself
from nfscratch.check.diagnosis.wrong_radial import radial_root
from nfscratch.check.diagnosis.wrong_search import cut_search, folds
from nfscratch.check.diagnosis.wrong_spline import wrong_root
from nfscratch.check.letters.round_trip import check_round_trip
from nfscratch.check.rows import flat
from nfscratch.check.trial import Trial


def name_inverse(trial: Trial) -> Mistake:
    """The mistake of one layer's inverse."""
    rows = trial.usable & onp.isfinite(flat(trial.back[0])).all(axis=1) & onp.isfinite(trial.J).all(axis=(1, 2))
    if rows.sum() < 2:
        return clamped_bracket(trial) or wrong_root(aligned(trial)) or Mistake.NO_UNDOING
    case = Columns(trial, rows)
    if not case.wrong.any():
        return clamped_bracket(trial) or first_name((cut_closely, cut_search), case) or Mistake.NO_UNDOING
    if (mistake := first_name((_argument, folds), case)) is not None:
        return mistake
    case = Columns(aligned(trial), rows)
    return first_name(LOOKS, case) or Mistake.NO_UNDOING


def first_name(looks: Iterable[Callable[[Any], Mistake | None]], case: Any) -> Mistake | None:
    """What the first look says that says anything. A look that fails itself, at a point that it tries, says nothing."""
    for look in looks:
        try:
            mistake = look(case)
        except Exception:  # of any kind: the subject's, or the look's own
            mistake = None
        if mistake is not None:
            return mistake
    return None


def _argument(c):
    if same(c.back, c.x).all():
        return Mistake.RETURNS_ARGUMENT
    try:
        forward = flat(c.trial.apply("forward", c.x.reshape(-1, *c.trial.subject.in_shape), c.rows)[0])
    except Exception:  # x may lie outside of forward's domain
        return None
    if not same(c.back, forward).all():
        return None
    if same(c.J, c.J.transpose(0, 2, 1)).all() and is_one_function(c.trial):
        return Mistake.NO_UNDOING  # a reflection is its own inverse, and that of another length is none
    return _of_one_that_applies_forward(c)


def _of_one_that_applies_forward(c):
    """What makes forward of an inverse: of columns that move, of factors that multiply, of reflections, or nothing."""
    if is_permutation(c.J):  # where no column moves, a shift is what is done twice
        still = onp.abs(c.J - onp.eye(c.dim)).max() < 1e-7
        return Mistake.SHIFT_NOT_UNDONE if still else Mistake.PERMUTATION
    if same(onp.diagonal(c.J, axis1=1, axis2=2) * c.z, c.x).all() and not is_dense(c.J[0]):
        return Mistake.MULTIPLIES
    return Mistake.LAYERS_IN_ORDER if c.is_linear and is_product_of_reflections(c.J[0]) else Mistake.APPLIES_FORWARD


def _returned(c):
    """Of a map that moves columns: its inverse moves them back, and does nothing else."""
    return Mistake.RETURNS_ARGUMENT if same(c.back, c.x).all() else None


def _iteration(c):
    """An autoregressive map's passes are an iteration, too, and have a name of their own.

    Of a matrix, and without a loop, x - (forward(x) - x) is a formula: the first order of its inverse.
    """
    if _right_at_first(c):
        return None
    mistake = cut_iteration(c)
    of_formula = mistake is Mistake.TOO_FEW_STEPS and c.is_linear and not has_loops(c.trial)
    return None if of_formula else mistake


def _right_at_first(c):
    """In the order of dependence the first columns are right and the rest are not."""
    # A sequential direction that is cut short has not all dependencies: the columns as they stand.
    right = [not c.wrong[i] for i in c.order or range(c.dim)]
    first = right.index(False) if False in right else c.dim
    return first > 0 and not any(right[first:]) and c.kept.sum() <= 1 and c.dim > 1


def _conditions(c):
    """The kept variables are right, and the changed ones come back without a look at them."""
    kept = c.kept
    if not kept.any() or c.wrong[kept].any() or not (onp.abs(c.J[:, ~kept][:, :, kept]) > 1e-7).any():
        return None  # forward does not look at them either
    x = c.x.reshape(-1, *c.trial.subject.out_shape)
    moved = c.x.copy()
    moved[:, kept] += 0.7
    again = flat(c.trial.apply("inverse", moved.reshape(x.shape), c.rows)[0])
    looks = ~same(again[:, ~kept], c.back[:, ~kept], 1e-9).all()
    return None if looks else Mistake.CHANGED_HALF


LOOKS = (
    _returned, moved_columns, columns_not_reached, skipped, linear, bracket, _iteration, affine, passes, line_search,
    cut_search, bent, rescaled, sees_itself, reads_result, radial_root, _conditions, lambda c: wrong_root(c.trial),
)  # fmt: skip


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
