"""Wrong log-dets of radial layers, x - c = (1 + b h(r)) (z - c) with r = |z - c|: J is symmetric, with two eigenvalues.

across    1 + b h(r)               in D - 1 directions
along     1 + b h(r) + b h'(r) r   in the last: a log_det D log|across| has forgotten what h' adds
"""

from __future__ import annotations

from typing import Any

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.check.diagnosis.wrong_terms import near


def radial_mistake(samples: list[Any]) -> Mistake | None:
    """The log_det of a radial map that counts the direction along the radius like those across it."""
    wide = [s for s in samples if s.failed and s.dim > 2]  # of two eigenvalues nobody sees which one comes twice
    return Mistake.RADIAL_SLOPE if wide and all(map(_counts_across_alone, wide)) else None


def _counts_across_alone(s):
    if onp.abs(s.J - onp.swapaxes(s.J, 1, 2)).max() > 1e-5 * (1 + onp.abs(s.J).max()):
        return False
    values = onp.linalg.eigvalsh(s.J)
    across = onp.median(values, axis=1)
    alike = (onp.abs(values - across[:, None]) <= 1e-5 * (1 + onp.abs(across[:, None]))).sum(axis=1)
    of_radius = (alike >= s.dim - 1).all() and (alike < s.dim).any() and (across > 0).all()
    return bool(of_radius and near(s.c, s.dim * onp.log(across)).all())
