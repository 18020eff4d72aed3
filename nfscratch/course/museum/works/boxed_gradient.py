"""The gradient of a curve by automatic derivatives: within [-0.9, 0.9] the curve is a circle's arc, outside it is z.

`where` evaluates both of its branches everywhere. So z is clipped first, and the branch that is not taken stays finite.
"""

import autograd.numpy as np
from autograd import elementwise_grad


def layer(rng):
    def curve(z):
        inside = np.abs(z) < 0.9
        a = np.clip(z, -0.9, 0.9)
        return np.where(inside, np.sqrt(1 - a**2), z)

    return elementwise_grad(curve)
