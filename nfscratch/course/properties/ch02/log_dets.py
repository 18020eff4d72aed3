"""Mistakes in the log-det of a matrix with e^s on a diagonal, for the inverse direction."""

from __future__ import annotations

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.course.judging.question import slip

ONE = "How many numbers for one point?"
TWO_SIZES = "Look at D = 2 and D = 5: when do a mean and a sum agree?"


def slips_of_inverse(s):
    return [
        slip(Mistake.NOT_NEGATED, log_det=s.sum()),
        slip(Mistake.EXP_SUMMED, log_det=-onp.exp(s).sum()),
        slip(Mistake.EXP_SUMMED, log_det=onp.exp(-s).sum()),
        slip(Mistake.NO_LOGARITHM, log_det=onp.exp(-s.sum())),
        slip(Mistake.MEAN, TWO_SIZES, log_det=-s.mean()),
        slip(Mistake.ABSOLUTE_SUMMED, log_det=-onp.abs(s).sum()),
        slip("there is one log-scale for each variable, not their sum", ONE, log_det=-s),
        slip("there is one log-scale for each variable, not their sum", ONE, log_det=s),
        slip("the log-det is counted twice, for both triangles", "Which diagonal is e^s?", log_det=-2 * s.sum()),
        slip(Mistake.ALWAYS_ZERO, log_det=0.0),
    ]
