"""Derivatives of where, maximum, minimum, power, tanh, logaddexp and the logarithms to base 2 and 10.

autograd multiplies by a mask, or by the np.float64 that np.log(2) is: either turns float32 into float64 (NEP 50: only
Python's own numbers adapt to the array). The gradient of logaddexp divides inf by inf; here its two weights are a
probability vector everywhere.
"""

import math

import autograd.numpy as np
import numpy as onp
from autograd.extend import defjvp, defvjp
from autograd.numpy import numpy_jvps
from autograd.tracer import trace_primitives_map

from nfscratch.autodiff.shortcuts import unbroadcast_f


def elementwise(fun, *partials):
    """Define fun's VJP and JVP by `partials[i](g, ans, *args)` = g times the derivative in argument i."""

    def vjpmaker(i, partial):
        return lambda ans, *args: unbroadcast_f(args[i], lambda g: partial(g, ans, *args))

    defvjp(fun, *[vjpmaker(i, partial) for i, partial in enumerate(partials)])
    defjvp(fun, *partials)


def is_number(x) -> bool:
    return isinstance(x, (int, float))


# ----- where -----

_where = trace_primitives_map[onp.where]  # np.where itself is a wrapper, for Python numbers
defvjp(
    _where,
    None,
    lambda ans, c, x=None, y=None: unbroadcast_f(x, lambda g: np.where(c, g, 0.0)),
    lambda ans, c, x=None, y=None: unbroadcast_f(y, lambda g: np.where(c, 0.0, g)),
)
defjvp(
    _where,
    None,
    lambda g, ans, c, x=None, y=None: numpy_jvps.broadcast(np.where(c, g, 0.0), ans),
    lambda g, ans, c, x=None, y=None: numpy_jvps.broadcast(np.where(c, 0.0, g), ans),
)

# ----- maximum, minimum -----


def share(g, x, ans, y):
    """g where x is the chosen one, g / 2 where x and y tie, else 0."""
    return np.where(x == ans, np.where(x == y, 0.5 * g, g), 0.0)


for chooser in (np.maximum, np.minimum, np.fmax, np.fmin):
    elementwise(chooser, lambda g, ans, x, y: share(g, x, ans, y), lambda g, ans, x, y: share(g, y, ans, x))

# ----- power -----


def power_dx(g, ans, x, y):
    """y x^(y - 1), and 0 where y = 0, also at x = 0."""
    if is_number(y) and y == 2:
        return g * (2.0 * x)
    exponent = (y - 1 if y else 1) if is_number(y) else np.where(y, y - 1, 1.0)
    return g * y * x**exponent


def power_dy(g, ans, x, y):
    """log(x) x^y, and 0 at x = 0."""
    return g * (math.log(x or 1.0) if is_number(x) and x >= 0 else np.log(np.where(x, x, 1.0))) * ans


elementwise(np.power, power_dx, power_dy)

# ----- logarithms and exponentials of other bases -----

elementwise(np.exp2, lambda g, ans, x: g * ans * math.log(2))
elementwise(np.log2, lambda g, ans, x: g / x / math.log(2))
elementwise(np.log10, lambda g, ans, x: g / x / math.log(10))

# ----- tanh -----

elementwise(np.tanh, lambda g, ans, x: g * (1.0 - np.square(ans)))  # g / cosh(x)^2 overflows from x = 45 on in float32

# ----- logaddexp -----


def finite(x, dtype):
    """x with +-inf replaced by +-a quarter of the largest number: inf - inf is 0, nothing overflows, NaN stays."""
    big = float(onp.finfo(dtype).max) / 4
    return max(-big, min(x, big)) if is_number(x) else np.clip(x, -big, big)


def logaddexp_weight(x, ans, y):
    """e^x / (e^x + e^y) = exp(x - ans). Two equal infinities weigh 1/2 each, and inf outweighs any number."""
    dtype = np.result_type(ans)
    weight = np.exp(finite(x, dtype) - finite(ans, dtype))
    if any(is_number(a) and math.isfinite(a) for a in (x, y)):
        return weight  # softplus, log(1 + e^x): no two infinities meet
    return np.where(np.logical_and(x == y, x == ans), 0.5, weight)  # or numbers so large that log 2 is lost beside them


elementwise(
    np.logaddexp,
    lambda g, ans, x, y: g * logaddexp_weight(x, ans, y),
    lambda g, ans, x, y: g * logaddexp_weight(y, ans, x),
)
