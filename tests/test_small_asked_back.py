"""At which rows a trial asks for the slopes of inverse: at all, unless a row has left the ends of a codomain."""

import numpy as onp

from nfscratch.check.pairs import of_pair
from nfscratch.check.trial import Trial


def slopes_back(codomain, x):
    """numeric_back of a map that gives these x, and the rows that inverse was asked for at each call."""
    asked, x = [], onp.array(x)[:, None]

    def inverse(a):
        asked.append(len(a))
        return onp.tanh(a), a[:, 0]

    trial = Trial(of_pair(lambda z: (x, x[:, 0]), inverse, 1, codomain=codomain), onp.zeros((len(x), 1)))
    return trial.numeric_back[0][:, 0, 0], asked


def test_without_an_end_inverse_is_asked_at_infinity_too():
    """It has no slope there, and says nothing of the other rows."""
    J, asked = slopes_back(None, [onp.inf, 0.0, -onp.inf])
    assert onp.isfinite(J).tolist() == [False, True, False] and abs(J[1] - 1) < 1e-9 and asked == [3, *[12] * 4]


def test_with_an_end_it_is_asked_where_x_lies_inside():
    for codomain, x, rows in (
        ((-1.0, 1.0), [0.0, 1.0, -1.0], 1), ((-1.0, 1.0), [0.0, 0.5, -0.5], 3),
        ((-1.0, onp.inf), [0.0, onp.inf, 3.0], 2),
        ((5.0, 6.0), [0.0, 0.0, 0.0], 0),
    ):  # fmt: skip
        J, asked = slopes_back(codomain, x)
        assert asked == [rows, *[4 * rows] * 4] * (rows > 0) and onp.isfinite(J).sum() == rows
