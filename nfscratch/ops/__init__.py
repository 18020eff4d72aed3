"""Kernels: the arithmetic that layers are made of, each beside its plain twin.

    y = name(...)                   the plain twin: short, traced by autograd, for derivatives of any order
    y, pullback = name_vjp(...)     the same numbers, and the vector-Jacobian product derived by hand

Kernels work on batch-last arrays (features, N), where a dense layer is `W @ h` and a row of one feature is contiguous.
A gradient that comes in may be a read-only broadcast view: a kernel writes only into arrays that it made itself.
"""
