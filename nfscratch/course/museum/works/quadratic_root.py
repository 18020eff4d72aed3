"""The root that inverts a spline's bin: a t^2 + b t + c = 0, in float32, for b > 0 and c <= 0.

Rounding can make b^2 - 4ac negative, and a may be 0: then (-b + sqrt) / 2a has no value.
"""

import numpy as np


def layer(rng):
    def root(a, b, c):
        a, b, c = (np.asarray(v, dtype="float32") for v in (a, b, c))
        discriminant = np.maximum(b**2 - 4 * a * c, 0)
        return 2 * c / (-b - np.sqrt(discriminant))

    return root
