"""The contract of a base density: log_prob and sample, with parameters passed in like a bijection's."""

from __future__ import annotations

from dataclasses import dataclass

from nfscratch import autodiff, backend
from nfscratch.ops.events import laid_out
from nfscratch.ops.intervals import REALS
from nfscratch.typed_fields import TypedFields

KERNELS = {
    "log_prob": ("log_prob_vjp", "log_prob_value", "sample_and_log_prob_vjp"),
    "sample": ("sample_and_log_prob_vjp",),
}


@dataclass(frozen=True, eq=False)
class Distribution(TypedFields):
    """A density over arrays of event shape `shape`.

    One with context_dim > 0 depends on a context (N, C): its methods are then called with it as their last argument,
    `init` too, and its pullbacks return its gradient after the others. With context_dim 0 they are called without.
    """

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        autodiff.drop_stray_kernels(cls, KERNELS)

    context_dim = 0  # C
    updates = False  # whether `update` does anything
    reparameterized = True  # whether `sample`, differentiated, gives the derivative of the draw
    support = REALS  # the interval, in every variable, where the density is not 0

    @property
    def shape(self) -> tuple[int, ...]:
        """Event shape."""
        raise NotImplementedError(f"{type(self).__name__} does not say its shape")

    def init(self, rng, z=None, context=None):
        """Fresh parameters. `z`: a batch of noise-side data, where a flow has one."""
        return {}

    def update(self, params):
        """Parameters with new "fixed" leaves; once a step of training."""
        return params

    def log_prob(self, params, z, context=None):
        """log p(z | context): (N, *shape) -> (N,)."""
        raise NotImplementedError(f"{type(self).__name__} has no log_prob")

    def log_prob_vjp(self, params, z, *context):
        """log p(z), and pullback(g) -> g_params, g_z, and g_context where there is one."""
        return autodiff.value_and_vjp(self.log_prob, params, z, *context)

    def log_prob_value(self, params, z, *context):
        """log p(z) of raw arrays, by the faster road; no arrays are kept for a pullback."""
        if type(self).log_prob_vjp is Distribution.log_prob_vjp:  # no kernel of its own
            return self.log_prob(params, z, *context)
        return self.log_prob_vjp(params, z, *context)[0]

    def draws_row_by_row(self, params):
        """Whether n draws are the same numbers as n_1 of them and then n - n_1, from the same generator."""
        return False

    def sample(self, params, rng, n, like=None, context=None):
        """n draws, (n, *shape), of the dtype and array type of the parameters; without any, of the array `like`."""
        raise NotImplementedError(f"{type(self).__name__} has no sample")

    def sample_and_log_prob_vjp(self, params, rng, n, like=None, *context):
        """Draws z and log p(z), and pullback(g_z, g_log_p) -> g_params, through the draws too.

        With a context the pullback gives g_params, g_context.
        """

        def both(p, *c):
            z = self.sample(p, rng, n, like, *c)
            return z, self.log_prob(p, z, *c)

        (z, log_p), back = autodiff.value_and_vjp(both, params, *context)

        def pullback(g_z, g_log_p):
            grads = back((g_z, g_log_p))
            return grads if context else grads[0]

        return z, log_p, pullback


def standard_normal(rng, shape, like):
    """Draws of N(0, 1) like the array `like`, batch-last in memory: float64 on the host, then cast."""
    n, *event = shape
    draws = rng.standard_normal((n, *event))
    return laid_out(backend.asarray(draws, dtype=like.dtype, like=like))
