"""The contract of a velocity: the right side f of an ordinary differential equation dz/dt = f(z, t).

    f = field.apply(params, z, t, context)        z (N, D), t a number or (N,), context (N, C) or None -> f (N, D)

A solver needs f alone. Its density needs the divergence, and training needs derivatives of both. With K tangents v
(K, N, D) per row, and J = df/dz (D, D) of that row,

    f, Jv = field.jvp(params, z, t, v, context)                                   Jv (K, N, D)
    f, Jv, pullback = field.jvp_vjp(params, z, t, v, context)                     pullback(g_f, g_Jv)
    f, pullback = field.apply_vjp(params, z, t, context)                          pullback(g_f)

Both pullbacks return g_params, g_z, g_context; time gets no gradient. The divergence is sum_k (J e_k)_k with the unit
vectors as tangents, or v^T J v with one random v of covariance I.

A velocity is complete with `init` and `apply`: the rest traces `apply`. A fast one writes its derivatives down.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import autograd.numpy as np
import numpy as onp

from nfscratch import autodiff
from nfscratch.typed_fields import TypedFields


@dataclass(frozen=True, eq=False)
class Velocity(TypedFields):
    """A velocity of points (N, D), with trainable parameters."""

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        autodiff.drop_stray_kernels(cls, {"apply": ("apply_vjp", "jvp", "jvp_vjp")})

    updates = False  # whether `update` does anything

    def init(self, rng: onp.random.Generator, dim: int, context_dim: int = 0) -> Any:
        """Parameters of a velocity of `dim` numbers."""
        raise NotImplementedError(f"{type(self).__name__} has no init")

    def apply(self, params: Any, z: Any, t: Any, context: Any = None) -> Any:
        """f(z, t): (N, D)."""
        raise NotImplementedError(f"{type(self).__name__} has no apply")

    def update(self, params: Any) -> Any:
        """Parameters with new "fixed" leaves; once a step of training."""
        return params

    def apply_vjp(self, params: Any, z: Any, t: Any, context: Any = None) -> Any:
        """f, and pullback(g_f) -> g_params, g_z, g_context."""
        return autodiff.value_and_vjp(lambda p, z, c: checked_velocity(self.apply(p, z, t, c), z), params, z, context)

    def jvp(self, params: Any, z: Any, t: Any, v: Any, context: Any = None) -> Any:
        """f (N, D), and J v for the tangents v (K, N, D): (K, N, D)."""
        return autodiff.tangents(lambda z: checked_velocity(self.apply(params, z, t, context), z), z, v)

    def jvp_vjp(self, params: Any, z: Any, t: Any, v: Any, context: Any = None) -> Any:
        """f, J v, and pullback(g_f, g_Jv) -> g_params, g_z, g_context."""
        both, pullback = autodiff.value_and_vjp(lambda p, z, c: self.jvp(p, z, t, v, c), params, z, context)
        return *both, lambda g_f, g_Jv: pullback((g_f, g_Jv))


def checked_velocity(f: Any, z: Any, name: str = "the field") -> Any:
    """`f`, or ValueError unless it has one velocity for each row of z."""
    got = tuple(getattr(f, "shape", ()))
    if got != tuple(z.shape):
        raise ValueError(f"{name} must return one velocity for each row, shape {tuple(z.shape)} of z; got {got}")
    return f


def checked_tangents(f: Any, Jv: Any, z: Any, v: Any) -> tuple[Any, Any]:
    """What `jvp` returns, or ValueError unless f has the shape of z, and J v that of the tangents v."""
    checked_velocity(f, z)
    got = tuple(getattr(Jv, "shape", ()))
    if got != tuple(v.shape):
        raise ValueError(f"the field's jvp must return J v with the shape of v (K, N, D), {tuple(v.shape)}; got {got}")
    return f, Jv


def time_per_row(t: Any, z: Any) -> Any:
    """t, a number or (N,), as (N,) with the dtype and the arrays of z."""
    shape = np.shape(t)
    if shape not in ((), (len(z),)):
        raise ValueError(f"t must be a number, or have shape (N,) with N = {len(z)}; got shape {shape}")
    return np.zeros_like(z[:, 0]) + t
