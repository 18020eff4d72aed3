"""Chain: layers in the order in which z meets them, x = g_K(... g_2(g_1(z))).

The chain rule, in the two forms in which flows use it:

    log|det dx/dz|  =  sum_k log|det dg_k|                   each at the point where layer k stands
    pullback        =  the layers' pullbacks, last to first  g_log_det goes to every layer alike

Intervals are carried through the layers (intervals.py): a layer that is given less than its domain reaches less than
its codomain. What the chain reaches is None, unknown, where parameters decide, as for an ActNorm after a Sigmoid; its
density is 0 outside of that, and right. It is wrong where a layer is given *more* than its domain: what lies outside
has no image, and its probability is lost. The chain declares for which z this cannot happen; where parameters decide
that too, nobody could see it later, so it is warned of here. A Flow warns where its base draws more than is declared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise

from nfscratch import outside, trees, validate
from nfscratch.bijections.contract import Bijection
from nfscratch.bijections.inverse import kind
from nfscratch.bijections.start import StartBatch
from nfscratch.bijections.traits import Derived, composed
from nfscratch.ops.intervals import apart, within


@dataclass(frozen=True, eq=False)
class Chain(Derived):
    """x = g_K(... g_1(z)); its parameters are the list of the layers' parameters."""

    layers: Sequence[Bijection]

    def __post_init__(self):
        object.__setattr__(self, "layers", validate.listed(self.layers))
        if not self.layers:
            raise ValueError("Chain needs at least one layer; got none")
        for k, (first, second) in enumerate(pairwise(self.layers)):
            if first.out_shape != second.in_shape:
                raise ValueError(
                    f"layers of a Chain must fit: {self._named(k)} gives shape {first.out_shape}, "
                    f"{self._named(k + 1)} takes {second.in_shape}"
                )
        conditioned = {layer.context_dim for layer in self.layers} - {0}
        if len(conditioned) > 1:
            raise ValueError(f"layers of a Chain must take the same context; got context_dim {sorted(conditioned)}")
        self._check_intervals()

    def _named(self, k):
        """A layer in a message: counted from 1, as in every other one."""
        return f"layer {k + 1} of {len(self.layers)} ({kind(self.layers[k])})"

    def _check_intervals(self):
        """Some of what the layers before it reach must be in a layer's domain, and all of it should."""
        reached = self.layers[0].codomain
        for k, second in enumerate(self.layers[1:]):
            if reached is not None and second.domain is not None and not within(reached, second.domain):
                words = (
                    f"layers of a Chain must fit: {self._named(k)} ends in {reached}, "
                    f"{self._named(k + 1)} takes {second.domain}"
                )
                if apart(reached, second.domain):
                    raise ValueError(f"{words}, and no point is in both")
                if self.domain is None:
                    lost = "what the parameters send outside is lost, and the density integrates to less than 1"
                    outside.warn(f"{words}: {lost}")
            reached = second.image(reached)

    def derive(self):
        return composed(self.layers)

    def image(self, interval):
        return reduce(lambda interval, layer: layer.image(interval), self.layers, interval)

    def preimage(self, interval):
        return reduce(lambda interval, layer: layer.preimage(interval), self.layers[::-1], interval)

    def init(self, rng, x=None, context=None):
        """Each layer sees the data as the layers after it leave it: the batch is carried from the last to the first.

        All rows are carried where that is little work, and a sample of them from there on (start.py). So a Standardize
        at the data's end takes mean and scale from all of them.
        """
        params, batch = [], StartBatch(x, context)
        for k, layer in reversed(list(enumerate(self.layers))):
            params.append(layer.init(rng, batch.x, batch.context))
            if x is not None and k > 0:  # nobody needs what the first layer makes of it
                batch.carry(layer, params[-1], rng)
        return params[::-1]

    def forward(self, params, z, context=None, rng=None):
        return _in_turn([layer.forward for layer in self.layers], params, z, context, rng)

    def inverse(self, params, x, context=None, rng=None):
        return _in_turn([layer.inverse for layer in self.layers[::-1]], reversed(params), x, context, rng)

    def forward_value(self, params, z, context=None, rng=None):
        return _in_turn([layer.forward_value for layer in self.layers], params, z, context, rng)

    def inverse_value(self, params, x, context=None, rng=None):
        return _in_turn([layer.inverse_value for layer in self.layers[::-1]], reversed(params), x, context, rng)

    def forward_vjp(self, params, z, context=None, rng=None):
        steps = [(layer.forward_vjp, p) for layer, p in zip(self.layers, params, strict=True)]
        x, total, pullback = _through(steps, z, context, rng)

        def in_order(g_x, g_log_det):
            grads, g_z, g_context = pullback(g_x, g_log_det)
            return grads[::-1], g_z, g_context

        return x, total, in_order

    def inverse_vjp(self, params, x, context=None, rng=None):
        steps = [(layer.inverse_vjp, p) for layer, p in zip(reversed(self.layers), reversed(params), strict=True)]
        return _through(steps, x, context, rng)

    def jacobian(self, params, z, context=None):
        product = None
        for layer, p in zip(self.layers, params, strict=True):
            J = layer.jacobian(p, z, context)
            product = J if product is None else J @ product
            z, _ = layer.forward(p, z, context)
        return product

    def update(self, params, x, context=None):
        """Each layer sees the batch as `init` does. It is carried no further than to the last that looks at it."""
        if not self.updates:
            return params
        seeing = [k for k, layer in enumerate(self.layers) if layer.update_sees_data]
        updated = []
        for k, (layer, p) in reversed(list(enumerate(zip(self.layers, params, strict=True)))):
            updated.append(layer.update(p, x, context))
            if seeing and k > seeing[0]:
                x, _ = layer.inverse_value(p, x, context)
        return updated[::-1]


def _in_turn(methods, params, x, context, rng):
    """The output of the last layer, and the sum of the log-dets."""
    total, rows = 0.0, (len(x),)
    for method, p in zip(methods, params, strict=True):
        x, log_det = method(p, x, context, rng)
        if getattr(log_det, "shape", None) != rows:
            _refuse_log_det(method, log_det, rows)
        total = total + log_det  # not +=, which writes into an array that autograd still needs
    return x, total


def _through(steps, x, context, rng):
    """Run `layer_vjp(params, x)` one after the other; the pullback gives the steps' gradients *last step first*."""
    pullbacks, total, rows = [], 0.0, (len(x),)
    for layer_vjp, params in steps:
        x, log_det, pullback = layer_vjp(params, x, context, rng)
        if getattr(log_det, "shape", None) != rows:
            _refuse_log_det(layer_vjp, log_det, rows)
        total = total + log_det
        pullbacks.append(pullback)

    def chain_pullback(g, g_log_det):
        grads, g_context = [], None
        for pullback in reversed(pullbacks):
            g_params, g, g_c = pullback(g, g_log_det)
            grads.append(g_params)
            g_context = trees.total(g_context, g_c)
        return grads, g, g_context

    return x, total, chain_pullback


def _refuse_log_det(method, log_det, rows):
    """A number for all rows, or a column, would broadcast when it is added, and mean something else."""
    got = tuple(getattr(log_det, "shape", ()))
    raise ValueError(
        f"{kind(method.__self__)}: log_det of {method.__name__} must have shape (N,), one number for each row; "
        f"got {got} for {rows[0]} rows"
    )
