"""The steps of an adaptive solver, held.

The gradient through the steps takes their sizes for constants. So it is the derivative of a solve with the steps that
were taken. A difference quotient of solves that choose anew knows it to about the solver's tolerance over the length
of the quotient's step, and says little of the gradient. Here the solves beside a point take the steps of the one at it.
"""

from contextlib import contextmanager
from dataclasses import replace
from unittest.mock import patch

import autograd.numpy as np

from nfscratch.ode import Dopri5
from nfscratch.ode.tableau import DORMAND_PRINCE, step


@contextmanager
def recorded():
    """A list that receives, for each solve in turn, the list of its steps."""
    solves, usual = [], Dopri5.march

    def march(self, *arguments, **options):
        solves.append([])
        for taken in usual(self, *arguments, **options):
            solves[-1].append(taken)
            yield taken

    with patch.object(Dopri5, "march", march):
        yield solves


@contextmanager
def held(solves):
    """The next solves take these steps, one after the other."""
    left = iter(solves)

    def march(self, rhs, y, t0, t1, together=False):
        for known in next(left, ()):  # (a solve that ends in NaN is done again)
            t, h = (a.astype(y.dtype) for a in (known.t, known.h))
            tried = step(DORMAND_PRINCE, rhs, t, y, h)
            if known.taken is not None:
                tried = replace(tried, after=np.where(known.taken, tried.after, y), taken=known.taken)
            y = tried.after
            yield tried

    with patch.object(Dopri5, "march", march):
        yield
