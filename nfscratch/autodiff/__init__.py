"""autograd, made to keep float32 and to run on arrays that are not NumPy's, and hand-written derivatives inside it.

Importing this package installs the rules of `rules_*.py` in autograd, once, for the process: values do not change,
dtypes and speed do. What the rest of nfscratch calls:

    value_and_vjp(fun, *args)      -> value, pullback       reverse mode for trees of arrays
    tangents(fun, x, v)            -> value, J v            directional derivatives
    known(value, pullback, *args)  -> value                 one node whose derivative is already known
    take(value, kernel, plain, *args) -> value              by the road that the arguments ask for   (roads.py)
    contains_box, rebox, unbox, raw, raw_tree               what is under a derivative               (boxes.py)
    logsumexp, exp_shifted, solve_triangular                for which autograd asks scipy, on the host
    register_array_type(cls)                                backend.use calls it
"""

from nfscratch import backend
from nfscratch.autodiff import (  # noqa: F401  (install)
    rules_elementwise,
    rules_linalg,
    rules_moving,
    rules_reductions,
    shortcuts,
    traces,
)
from nfscratch.autodiff.arrays import register_array_type
from nfscratch.autodiff.boxes import contains_box, raw, raw_tree, rebox, unbox
from nfscratch.autodiff.functions import exp_shifted, logsumexp, solve_triangular
from nfscratch.autodiff.pullbacks import known, tangents, value_and_vjp
from nfscratch.autodiff.roads import drop_stray_kernels, take

backend.on_array_type(register_array_type)

__all__ = [
    "contains_box",
    "drop_stray_kernels",
    "exp_shifted",
    "known",
    "logsumexp",
    "raw",
    "raw_tree",
    "rebox",
    "register_array_type",
    "solve_triangular",
    "take",
    "tangents",
    "unbox",
    "value_and_vjp",
]
