"""A coupling's inverse that conditions on the changed half, in whole or in part.

Forward keeps z_A and gives x_B = d(z_A) z_B + t(z_A). Its d and t are known at any point, from two runs of forward:

    z'_B = (x_B - t(v)) / d(w)     v and w are x_A or columns of x_B, and one of them is not x_A
    z'_B = (x_B - t(x)) / d(x)     the network is given all of x: right at x_B = 0, and not affine in x_B
    z'_B = (h_B - t(x_A)) / d(x_A) of the layer that is undone last: the network is given the x of the whole map

Each is compared in every row.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice, permutations, product
from typing import Any

import numpy as onp

from nfscratch.check.diagnosis.aligned import aligned
from nfscratch.check.diagnosis.columns import Columns, same
from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.check.diagnosis.paired import Paired
from nfscratch.check.pairs import of_pair
from nfscratch.check.rows import flat
from nfscratch.check.trial import Trial

ORDERS = 24  # in which a half's columns may stand


def comparable(trial: Trial) -> Columns:
    """The columns of a trial of one layer, in the order of z."""
    good = [onp.isfinite(flat(a)).all(axis=1) for a in (trial.back[0], trial.x)]
    return Columns(aligned(trial), trial.usable & good[0] & good[1] & onp.isfinite(trial.J).all(axis=(1, 2)))


def conditions_on_changed(c: Columns) -> Mistake | None:
    """The kept variables come back right, and the others as a network would have them that is given the others."""
    kept = c.kept
    if not kept.any() or kept.all() or c.wrong[kept].any() or not _is_affine(c):
        return None
    halves = list(_halves(c, kept))
    given = any(same(_undone(c, v, w), c.back[:, ~kept]).all() for v, w in list(product(halves, halves))[1:])
    return Mistake.CHANGED_HALF if given or _lacks_its_mask(c) else None


def reads_argument(chain: Paired, trial: Trial) -> bool:
    """Whether the layer that is undone last is given the argument of the whole, where it needs what came of it."""
    if len(chain.forward) < 3:
        return False
    z, x, back = (flat(a)[chain.rows] for a in (trial.z, trial.x, trial.back[0]))
    layer = of_pair(chain.forward.step(0, 1), lambda h: (h, onp.zeros(len(h))), chain.subject.dim)
    c = comparable(Trial(layer, z, limit=trial.limit))
    x, back, kept = x[c.rows], back[c.rows], c.kept
    if len(x) < 2 or not kept.any() or kept.all() or not same(back[:, kept], c.z[:, kept]).all() or not _is_affine(c):
        return False
    return bool(same(_undone(c, x[:, kept], x[:, kept]), back[:, ~kept]).all())


def _is_affine(c):
    """Whether each changed x_i is a straight line in z_i, and looks at no other changed variable."""
    steps = [_forward(c, c.x[:, c.kept], onp.full((len(c.x), (~c.kept).sum()), value)) for value in (0.0, 1.0, 3.0)]
    return bool(same(steps[2] - steps[0], 3 * (steps[1] - steps[0])).all()) and _own_alone(c)


def _own_alone(c):
    J = c.J[:, ~c.kept][:, :, ~c.kept]
    return onp.abs(J * (1 - onp.eye(J.shape[1]))).max() < 1e-7


def _halves(c, kept) -> Iterator[Any]:
    """x_A first, then the columns of x_B in some orders, as many as the network takes."""
    yield c.x[:, kept]
    columns, size = onp.flatnonzero(~kept), int(kept.sum())
    columns = onp.resize(columns, max(len(columns), size))
    for order in islice(dict.fromkeys(permutations(columns.tolist(), size)), ORDERS):
        yield c.x[:, order]


def _forward(c, half, changed):
    """x_B of forward, at the kept half and the changed one that are given."""
    z = c.z.copy()
    z[:, c.kept], z[:, ~c.kept] = half, changed
    s = c.trial.subject
    return flat(c.trial.apply("forward", z.reshape(-1, *s.in_shape).astype(s.dtype), c.rows)[0])[:, ~c.kept]


def _undone(c, v, w):
    """(x_B - t(v)) / d(w)."""
    zero = onp.zeros_like(c.x[:, ~c.kept])
    d = _forward(c, w, zero + 1) - _forward(c, w, zero)
    with onp.errstate(all="ignore"):
        return (c.x[:, ~c.kept] - _forward(c, v, zero)) / d


def _lacks_its_mask(c):
    """Right where x_B = 0, and bent elsewhere."""
    at = [_inverse(c, size) for size in (0.0, 0.5, 1.0)]
    t = _forward(c, c.x[:, c.kept], 0 * c.x[:, ~c.kept])
    d = _forward(c, c.x[:, c.kept], 0 * c.x[:, ~c.kept] + 1) - t
    bent = not same(at[2] - at[0], 2 * (at[1] - at[0]), 1e-3).all()
    return bool(bent and same(at[0], -t / d).all())


def _inverse(c, size):
    """z'_B of inverse, where x_B is so many times as large."""
    x, s = c.x.copy(), c.trial.subject
    x[:, ~c.kept] *= size
    return flat(c.trial.apply("inverse", x.reshape(-1, *s.out_shape).astype(s.dtype), c.rows)[0])[:, ~c.kept]
