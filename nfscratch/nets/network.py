"""The contract of a conditioner network: what turns the variables that a layer keeps into the parameters of the rest.

    out = network.apply(params, x, context)        x (N, n_in), context (N, C) or None -> out (N, n_out)

A network is an architecture without sizes: the layer that owns it tells them to `init(rng, n_in, n_out, context_dim)`.
Every network here starts at out = 0 (its last layer's weights are zero), and every transformer is the identity at 0,
so that a fresh flow of any depth is the identity. Any object with init, apply and apply_vjp may serve in their place.

A network whose output is another network's input starts by `features`, with a last layer that is not 0. Two networks
in a row that both start at 0 would stay there: out = W_2 act(W_1 h) with h = 0 and W_2 = 0 has no gradient but that of
its last bias.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from math import prod

import autograd.numpy as np
import numpy as onp

from nfscratch import autodiff, backend, trees
from nfscratch.typed_fields import TypedFields

ADDED_LATER = {"added later": True}  # metadata of a field that older files lack: at its default it is left out of files
KERNELS = {
    "apply": ("apply_vjp", "apply_value", "jvp", "jvp_vjp", "linearized", "jacobian_vjp", "jacobian"),
    "init": ("init_features",),
}


@dataclass(frozen=True, eq=False)
class Network(TypedFields):
    """A function of x and the context with trainable parameters."""

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        autodiff.drop_stray_kernels(cls, KERNELS)

    updates = False  # whether `update` does anything
    keeps_width = False  # whether n_out must be n_in
    in_shape = None  # of a row of input, channels first, where it is an image (C, H, W) or a series (C, T)
    sees_images = False  # whether x and out are images (N, C, H, W), and n_in and n_out count their channels

    def init(self, rng, n_in, n_out, context_dim=0):
        """Parameters of a map from n_in + context_dim numbers to n_out."""
        raise NotImplementedError(f"{type(self).__name__} has no init")

    def init_features(self, rng, n_in, n_out):
        """As `init`, but with an output that is not 0, for a network that follows: matrices of zeros are drawn."""
        return _without_zeros(rng, self.init(rng, n_in, n_out))

    def apply(self, params, x, context=None):
        """(N, n_out)."""
        raise NotImplementedError(f"{type(self).__name__} has no apply")

    def apply_vjp(self, params, x, context=None):
        """(N, n_out), and pullback(g) -> g_params, g_x, g_context. The default traces `apply`."""
        return autodiff.value_and_vjp(self.apply, params, x, context)

    def apply_value(self, params, x, context=None):
        """(N, n_out) of raw arrays, by the faster road; nothing is kept for a pullback."""
        if type(self).apply_vjp is Network.apply_vjp:  # no kernel of its own
            return self.apply(params, x, context)
        return self.apply_vjp(params, x, context)[0]

    def look(self, params, x):
        """Parameters after a look at a batch of input (N, n_in), for a network whose start depends on data."""
        return params

    def update(self, params):
        """Parameters with new "fixed" leaves, such as the vectors of a power iteration; once a step of training."""
        return params

    def n_in(self, params):
        """How many numbers a row of input has (x and context together), or None where the parameters do not tell."""
        return None

    def jvp(self, params, x, v, context=None):
        """f = out (N, n_out), and J v, J = df/dx, for K tangents v (K, N, n_in): (K, N, n_out)."""
        return autodiff.tangents(lambda a: self.apply(params, a, context), x, v)

    def jvp_vjp(self, params, x, v, context=None):
        """f, J v, and pullback(g_f, g_Jv) -> g_params, g_x, g_v, g_context. The default traces `jvp`."""
        (f, Jv), pullback = autodiff.value_and_vjp(self.jvp, params, x, v, context)
        return f, Jv, lambda g_f, g_Jv: pullback((g_f, g_Jv))

    def linearized(self, params, x, context=None):
        """f, and back(u) -> J^T u for the first len(u) rows, as often as wanted; parameters get no gradient."""
        f, pullback = self.apply_vjp(params, x, context)

        def back(u):
            if len(u) == len(x):
                return pullback(u)[1]
            return self.apply_vjp(params, x[: len(u)], None if context is None else context[: len(u)])[1](u)[1]

        return f, back

    def jacobian_vjp(self, params, x, context=None):
        """f, J (N, n_out, n_in), and pullback(g_f, g_J) -> g_params, g_x, g_context."""
        unit = np.zeros_like(x) + backend.Constant(onp.eye(x.shape[1])[:, None]).on(x)
        f, Jv, back = self.jvp_vjp(params, x, unit, context)

        def pullback(g_f, g_J):
            g_params, g_x, _, g_context = back(g_f, np.transpose(g_J, (2, 0, 1)))
            return g_params, g_x, g_context

        return f, np.transpose(Jv, (1, 2, 0)), pullback

    def jacobian(self, params, x, context=None):
        """d out / d x for every row, events flattened: (N, D_out, D_in). The default takes one pullback per output."""
        out, pullback = autodiff.value_and_vjp(lambda a: self.apply(params, a, context), x)
        unit = backend.Constant(onp.eye(prod(out.shape[1:]))).on(out)
        rows = [pullback(np.zeros_like(out) + np.reshape(row, out.shape[1:]))[0] for row in unit]
        return np.stack([np.reshape(row, (len(x), prod(x.shape[1:]))) for row in rows], axis=1)


def check_rows(name, network):
    """Refuse a network of images where rows of numbers go in, for any object."""
    if getattr(network, "sees_images", False):
        raise ValueError(f"{name} must take rows of numbers; got a {type(network).__name__}, which sees images")


def features(network, rng, n_in, n_out):
    """Parameters of a network whose output is the input of another one, for any object with init."""
    if hasattr(network, "init_features"):
        return network.init_features(rng, n_in, n_out)
    return _without_zeros(rng, network.init(rng, n_in, n_out))


def _without_zeros(rng, params):
    """The trained matrices that are 0 are drawn, N(0, 1 / fan_in)."""

    def drawn(leaf):
        if leaf.ndim < 2 or bool(leaf.any()):
            return leaf
        return backend.asarray(rng.normal(size=leaf.shape) / prod(leaf.shape[1:]) ** 0.5, dtype=leaf.dtype, like=leaf)

    return trees.map_leaves(drawn, params, fixed=lambda leaf: leaf)


def network_value(network, params, x, *context):
    """(N, n_out) of raw arrays, by the faster road, for any object with apply and apply_vjp."""
    if hasattr(network, "apply_value"):
        return network.apply_value(params, x, *context)
    return network.apply_vjp(params, x, *context)[0]


def prepared(network, params):
    """(x, context) -> (N, n_out) of raw arrays, for many calls with one set of parameters; for any such object."""
    own = getattr(network, "prepared", None)
    return partial(network_value, network, params) if own is None else own(params)


def network_jacobian(network, params, x, context=None):
    """d out / d x for every row, for any object with apply."""
    return network_method(network, "jacobian")(params, x, context)


def network_method(network, name):
    """A method of the contract for any object with apply; where it has none of its own, the traced one."""
    if hasattr(network, name):
        return getattr(network, name)
    stand_in = Network()
    vars(stand_in)["apply"] = network.apply
    return getattr(stand_in, name)


def network_width(network, params):
    """How many numbers a row of input has, for any object; None where it does not tell."""
    return network.n_in(params) if hasattr(network, "n_in") else None


def network_shape(network):
    """The shape of an image or a series that the network takes, as flat rows, for any object; else None."""
    return getattr(network, "in_shape", None)
