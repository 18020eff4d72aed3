"""Which mistake makes this inverse? x = forward(z) is given, z' = inverse(x) is what came, J is numeric.

For an affine layer x_i = d_i z_i + t_i the derivative d_i = J_ii is the scale, and t_i = x_i - d_i z_i the shift; then

    z' = x / d - t, (x - t) d, x / d, x - t     order, multiplies, shift or scale not undone
    z' = the columns of z in another order      permutation not inverted, halves joined wrongly
    only later columns wrong                    too few passes
    z' = z cut off at a round number            the end of a bracket    forward(z') = x cut off      it clips x
"""

from __future__ import annotations

import numpy as onp

from nfscratch.check.diagnosis_spline import wrong_root
from nfscratch.check.laws import check_round_trip
from nfscratch.check.structure import acyclic_order, dependencies
from nfscratch.check.trial import Trial, flat

UNKNOWN = "it does not undo forward"


def name_inverse(trial: Trial) -> str:
    """The mistake of one layer's inverse."""
    rows = trial.usable & onp.isfinite(flat(trial.back[0])).all(axis=1) & onp.isfinite(trial.J).all(axis=(1, 2))
    if rows.sum() < 2:
        return _clamped_bracket(trial) or wrong_root(trial) or UNKNOWN
    case = _Columns(trial, rows)
    if not case.wrong.any():
        return _clamped_bracket(trial) or UNKNOWN
    for look in (_argument, _columns_moved, _linear, _bracket, _rescaled, _affine, _passes, _conditions):
        if (name := look(case)) is not None:
            return name
    return wrong_root(trial) or UNKNOWN


class _Columns:
    """z, x, z', J over the rows that can be compared."""

    def __init__(self, trial, rows):
        self.trial, self.rows = trial, onp.flatnonzero(rows)
        self.z, self.x, self.back = flat(trial.z)[rows], flat(trial.x)[rows], flat(trial.back[0])[rows]
        self.J = trial.J[rows]
        self.dim = self.z.shape[1]
        self.wrong = ~_same(self.back, self.z).all(axis=0)


def _same(a, b, tolerance=1e-5):
    with onp.errstate(all="ignore"):
        return onp.abs(a - b) <= tolerance * (1 + onp.abs(b))


def _argument(c):
    if _same(c.back, c.x).all():
        return "it returns its argument"
    try:
        forward = flat(c.trial.apply("forward", c.x.reshape(-1, *c.trial.subject.in_shape), c.rows)[0])
    except Exception:  # x may lie outside of forward's domain
        return None
    if not _same(c.back, forward).all():
        return None
    return "the permutation is not inverted" if _is_permutation(c.J) else "it applies forward"


def _is_permutation(J):
    return bool((onp.abs(J * (1 - J)).max() < 1e-7) and (onp.abs(J.sum(axis=1) - 1) < 1e-7).all())


def _columns_moved(c):
    """z' has the columns of z, in another order; or forward itself moves the columns that it keeps."""
    copies = onp.array([[_same(c.back[:, i], c.z[:, j]).all() for j in range(c.dim)] for i in range(c.dim)])
    if (copies.sum(axis=0) == 1).all() and (copies.sum(axis=1) == 1).all():
        return "the permutation is not inverted" if _is_permutation(c.J) else "the halves are joined in the wrong order"
    if copies.sum() > onp.diagonal(copies).sum() and not c.trial.subject.layers():
        return "the halves are joined in the wrong order"
    kept = onp.array([[_same(c.x[:, i], c.z[:, j]).all() for j in range(c.dim)] for i in range(c.dim)])
    moved_in_place = kept.sum() > onp.diagonal(kept).sum()
    return "the halves are joined in the wrong order" if moved_in_place and c.wrong.any() else None


def _linear(c):
    """A linear map with a linear inverse: J A is a permutation where P was left out."""
    if c.dim < 2 or onp.ptp(c.J, axis=0).max() > 1e-6:
        return None
    A = c.trial.derivatives("inverse", c.trial.x[:2], [0, 1])[0]
    product = c.J[0] @ A[0]
    if onp.abs(A[0] - A[1]).max() < 1e-6 and onp.abs(product - onp.eye(c.dim)).max() > 1e-3:
        off = onp.abs(onp.triu(c.J[0], 1)).max() > 1e-6 and onp.abs(onp.tril(c.J[0], -1)).max() > 1e-6
        if off and onp.abs(product * (1 - product)).max() < 1e-5:
            return "P is left out of the inverse"
    return None


def _bracket(c):
    """z' = clip(z, -B, B), or forward(z') = clip(x, -C, C): whichever of B and C is a round number was meant."""
    B, C = _cut_at(c.z, c.back), _cut_at(c.x, flat(c.trial.again[0])[c.rows])
    if B is None and C is None:
        return _clamped_bracket(c.trial)
    round_B, round_C = B is not None and is_round(B), C is not None and is_round(C)
    if round_B != round_C:
        return "it gives the end of its bracket" if round_B else "it clips its argument"
    return "it is cut off far out"


def _cut_at(right, came):
    """The bound at which `came` is `right` cut off, or None."""
    bound = onp.abs(came).max(initial=0.0)
    beyond = onp.abs(right) > bound * (1 + 1e-6) + 1e-6
    if not beyond.any() or not _same(onp.clip(right, -bound, bound), came, 1e-3).all():
        return None
    # A search that stops early is as wrong near 0 as far out: what is cut off is right up to the bound.
    near = onp.abs(right) < 0.9 * bound
    least = onp.abs(came - right)[near].max(initial=0.0)
    return bound if near.any() and (onp.abs(right) - bound).max() > 100 * least + 1e-3 * bound else None


def is_round(number: float) -> bool:
    """One digit and zeros, as somebody would write the end of a bracket: 3, 10, 0.5, 1000."""
    first = float(f"{number:.0e}")
    return number > 0 and abs(number - first) < 1e-3 * first


def _clamped_bracket(trial):
    back = flat(trial.back[0])
    ends = onp.abs(back[onp.isfinite(back)])
    top = ends.max(initial=0.0)
    if is_round(top) and (ends > top - 1e-9).sum() >= 2 and (onp.abs(flat(trial.z)) < top).any():
        return "it gives the end of its bracket"
    return None


def _rescaled(c):
    """z' = a + b z, or x' = a + b x, with the same a and b in every column, for a map that is not affine in z."""
    affine_map = onp.ptp(c.J, axis=0).max() < 1e-6
    pairs = [(c.z, c.back)]
    if not affine_map:
        again = flat(c.trial.again[0])
        pairs.append((c.x, again[c.rows]))
    for a, b in pairs:
        good = onp.isfinite(b).all(axis=1)
        if good.sum() < 2:
            continue
        fit = onp.polyfit(a[good].ravel(), b[good].ravel(), 1)
        identity = abs(fit[0] - 1) < 1e-6 and abs(fit[1]) < 1e-6
        if not identity and _same(onp.polyval(fit, a[good]), b[good]).all():
            diagonal = onp.abs(c.J[0] - onp.diag(onp.diag(c.J[0]))).max(initial=0.0) < 1e-6
            same_slope = onp.ptp(onp.diag(c.J[0])) < 1e-6
            if not affine_map or (diagonal and same_slope and _parameter_free(c.trial)):
                return "an affine rescaling is not undone"
    return None


def _parameter_free(trial):
    return trial.subject.bijection is None or not trial.subject.params


def _affine(c):
    """The candidates for x_i = d_i z_i + t_i, on the first wrong column and on all of a coupling's."""
    d = onp.diagonal(c.J, axis1=1, axis2=2)
    with onp.errstate(all="ignore"):
        t = c.x - d * c.z
        candidates = {
            "x * exp(-s) - t, in the wrong order": [c.x / d - t],
            "it multiplies by the scale, where it should divide": [(c.x - t) * d, c.x * d + t, c.x * d - t],
            "the shift is not undone": [c.x / d, (c.x + t) / d],
            "the scale is not undone": [c.x - t],
        }
        raw = (c.x - t) / c.back
    columns = onp.flatnonzero(c.wrong)
    first = _first_wrong(c, columns)
    for name, options in candidates.items():
        if any(_same(option[:, first], c.back[:, first]).all() for option in options):
            return name
    return _clamped(c, d[:, first], raw[:, first], first)


def _first_wrong(c, columns):
    order = acyclic_order(dependencies([c.trial])[1])
    return next((i for i in (order or []) if i in columns), columns[0] if len(columns) else 0)


def _clamped(c, d, raw, i):
    """inverse divides by e^a where forward multiplied by e^s, s = clamp(a): log raw = a, and |a| > |s|."""
    with onp.errstate(all="ignore"):
        s, a = onp.log(onp.abs(d)), onp.log(onp.abs(raw))
    good = onp.isfinite(s) & onp.isfinite(a) & (onp.abs(c.z[:, i]) > 1e-6)
    s, a = s[good], a[good]
    if len(s) < 3:
        return None
    beyond = onp.abs(a - s) > 1e-6
    same_side = (a * s >= -1e-9).all() and (onp.abs(a) >= onp.abs(s) - 1e-6).all()
    cut = (onp.abs(onp.abs(s[beyond]) - onp.abs(s).max()) < 1e-5).all() if beyond.any() else False
    if same_side and cut:
        return "the clamp is in forward only"
    for bound in (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 10.0):
        known = onp.abs(s) < 0.99 * bound
        if known.sum() > 2 and known.sum() > 0.2 * len(s):
            if (onp.abs(bound * onp.arctanh(s[known] / bound) - a[known]) < 1e-3 * (1 + onp.abs(a[known]))).all():
                return "the clamp is in forward only"
    return None


def _passes(c):
    """In the order of dependence the first columns are right and the rest are not."""
    order = acyclic_order(dependencies([c.trial])[1])
    if order is None or c.dim < 3 or not c.wrong.any():
        # A sequential direction that is cut short has not all dependencies: the columns as they stand.
        order = order or list(range(c.dim))
    right = [not c.wrong[i] for i in order]
    first = right.index(False) if False in right else c.dim
    kept = onp.abs(c.J - onp.eye(c.dim)).max(axis=(0, 2)) < 1e-7
    if first == 0 or any(right[first:]) or kept.sum() > 1 or c.dim < 2:
        return None
    return "too few passes"


def _conditions(c):
    """The kept variables are right, and the changed ones come back without a look at them."""
    kept = onp.abs(c.J - onp.eye(c.dim)).max(axis=(0, 2)) < 1e-7
    if not kept.any() or c.wrong[kept].any():
        return None
    x = c.x.reshape(-1, *c.trial.subject.out_shape)
    moved = c.x.copy()
    moved[:, kept] += 0.7
    again = flat(c.trial.apply("inverse", moved.reshape(x.shape), c.rows)[0])
    looks = ~_same(again[:, ~kept], c.back[:, ~kept], 1e-9).all()
    return None if looks else "it conditions on the changed half"


def name_in_chain(trial: Trial) -> str | None:
    """The layers' inverses in the order of forward."""
    z = trial.x
    for layer in trial.subject.layers():
        z = Trial(layer, z).apply("inverse", z)[0]
    rows = onp.isfinite(flat(z)).all(axis=1)
    return "the layers are not reversed" if _same(flat(z)[rows], flat(trial.back[0])[rows]).all() else None


def failing_layer(trial: Trial) -> tuple[int, Trial] | None:
    """The first layer of a chain whose own round trip fails."""
    return next(((k, layer) for k, layer in enumerate(trial.layers) if check_round_trip(layer).failed), None)
