"""One case, in one dimension and one dtype: what several laws look at is computed once.

    at = evaluation(case, dim, "float64")        at.params, at.z, at.x, at.jacobian, at.trial, at.pullback("inverse")

All of its arrays are read-only, so that no law can spoil the next one's.
"""

from functools import cache, cached_property, lru_cache

from pullbacks import in_dtype, pullback_of

from nfscratch import trees
from nfscratch.check.subject import of_bijection
from nfscratch.check.trial import Trial


def read_only(a):
    a = a.copy()
    a.setflags(write=False)
    return a


class Evaluation:
    """bijection, params, z and context of a case, and x and log_det of forward there."""

    def __init__(self, case, dim, dtype):
        self.case, self.dim, self.dtype = case, dim, dtype
        self.bijection, params, z, context = in_dtype(case.example(dim), dtype)
        self.params, self.z = trees.map_leaves(read_only, params), read_only(z)
        self.context = None if context is None else read_only(context)
        self.pullback = cache(self._pullback)

    arguments = property(lambda self: (self.params, self.z, self.context))

    @cached_property
    def forward(self):
        x, log_det = self.bijection.forward(*self.arguments)
        return read_only(x), read_only(log_det)

    x = property(lambda self: self.forward[0])
    log_det = property(lambda self: self.forward[1])
    directions = property(lambda self: (("forward", self.z), ("inverse", self.x)))

    @cached_property
    def jacobian(self):
        return read_only(self.bijection.jacobian(*self.arguments))

    @cached_property
    def trial(self):
        """What the audit's checks share; one look at the round trip and one numeric Jacobian serve them all.

        The Jacobian of float64 serves float32, too.
        """
        twin = None if self.dtype == "float64" else evaluation(self.case, self.dim, "float64").trial
        return Trial(of_bijection(self.bijection, self.params, self.context, self.dtype), self.z, twin)

    def _pullback(self, direction):
        """y, log_det and the gradients of the layer's own pullback."""
        return pullback_of(self.bijection, direction, self.params, dict(self.directions)[direction], self.context)


@lru_cache(maxsize=32)  # a few cases: the laws of one are run one after the other
def evaluation(case, dim, dtype):
    return Evaluation(case, dim, dtype)
