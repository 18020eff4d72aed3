"""Two of autograd's inner functions, faster where they have nothing to do, which is most of the time.

    unbroadcast_f           the gradient of an argument that was broadcast is summed over those axes; most are not
    find_top_boxed_args     which arguments are under a derivative; on the way back, none is

Every primitive calls the second, and every elementwise one the first. For arrays of some hundred rows the two were a
third of a gradient's time. They are replaced where autograd looks them up.
"""

from collections.abc import Callable
from typing import Any

import autograd.numpy as np
from autograd import tracer
from autograd.numpy import numpy_vjps
from autograd.numpy.numpy_vjps import unbroadcast
from autograd.tracer import box_types

_find_top_boxed_args = tracer.find_top_boxed_args


def unbroadcast_f(target: Any, f: Callable) -> Callable:
    """g -> f(g), in the shape of `target`."""
    shape = getattr(target, "shape", ())

    def vjp(g):
        value = f(g)
        if getattr(value, "shape", None) == shape and value.dtype.kind != "c":
            return value
        return unbroadcast(value, np.metadata(target))

    return vjp


def find_top_boxed_args(args: tuple) -> tuple:
    """The arguments that are boxes of the innermost derivative, as pairs of place and box, and what autograd asks."""
    for arg in args:
        if type(arg) in box_types:
            return _find_top_boxed_args(args)
    return (), -1, None, False


numpy_vjps.unbroadcast_f = unbroadcast_f
tracer.find_top_boxed_args = find_top_boxed_args
