"""A density beside a pair: log_prob(x) and sample(rng, n) of a coupling."""

from pairs.coupling import coupling
from pairs.parts import normal


def density(wrong=None, draw=None, pair=None):
    """A coupling with log_prob(x) and sample(rng, n); `wrong(z, x, l)` replaces log q(z) + l."""
    forward, inverse = pair or coupling()

    def log_prob(x):
        z, l = inverse(x)
        return wrong(z, x, l) if wrong else normal(z) + l

    def sampler(dim):
        def sample(rng, n):
            z = rng.normal(size=(n, dim))
            return draw(z, forward, inverse) if draw else forward(z)[0]

        return sample

    return {"subject": (forward, inverse), "log_prob": log_prob, "sample": sampler}
