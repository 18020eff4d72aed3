"""autograd, made to keep float32 and to run on arrays that are not NumPy's, and hand-written derivatives inside it.

Importing this package installs the rules of `rules_*.py` in autograd, once, for the process: values do not change,
dtypes and speed do. What the rest of nfscratch calls:

    value_and_vjp(fun, *args)      -> value, pullback       reverse mode for trees of arrays
    known(value, pullback, *args)  -> value                 one node whose derivative is already known
    fast_path(*args)               -> bool                  may `known` be used for these arguments?
    contains_box(tree) -> bool                              is any part of it under a derivative?
    rebox(tree), unbox(tree)                                a tree that contains boxes as one box; a box's raw value
    logsumexp, solve_triangular                             for which autograd asks scipy, on the host
    register_array_type(cls)                                backend.use calls it
"""

from nfscratch import backend
from nfscratch.autodiff import rules_elementwise, rules_linalg, rules_moving, rules_reductions  # noqa: F401  (install)
from nfscratch.autodiff.arrays import register_array_type
from nfscratch.autodiff.functions import logsumexp, solve_triangular
from nfscratch.autodiff.pullbacks import contains_box, fast_path, known, rebox, unbox, value_and_vjp

backend.on_array_type(register_array_type)

__all__ = [
    "contains_box",
    "fast_path",
    "known",
    "logsumexp",
    "rebox",
    "register_array_type",
    "solve_triangular",
    "unbox",
    "value_and_vjp",
]
