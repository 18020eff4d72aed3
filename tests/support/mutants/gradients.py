"""Gradients and Jacobians that are not those of the map."""

import numpy as onp

import nfscratch as nf
from mutants.log_prob import on_flow
from mutants.mutant import Mutant


class WrongGradient(nf.ActNorm):
    def forward_vjp(self, params, z, context=None, rng=None):
        x, log_det, pullback = super().forward_vjp(params, z)
        return (
            x,
            log_det,
            lambda g_x, g_l: (lambda g: ({**g[0], "log_scale": 0.5 * g[0]["log_scale"]}, *g[1:]))(pullback(g_x, g_l)),
        )


class NanGradient(nf.ActNorm):
    """NaN at 0 and nowhere else: sqrt under a where."""

    def inverse_vjp(self, params, x, context=None, rng=None):
        z, log_det, pullback = super().inverse_vjp(params, x)

        def spoiled(g_z, g_l):
            g_params, g_x, g_c = pullback(g_z, g_l)
            return g_params, onp.where(onp.abs(x) > 100, onp.nan, g_x), g_c

        return z, log_det, spoiled


class WrongJacobian(nf.ActNorm):
    def jacobian(self, params, z, context=None):
        return super().jacobian(params, z) * (1 + 0.1 * onp.eye(self.dim)[:, ::-1])


class EmbedGradient(nf.MLP):
    """The gradient of its weights is halved."""

    def apply_vjp(self, params, x, context=None):
        out, pullback = super().apply_vjp(params, x, context)
        return out, lambda g: (lambda r: (nf.trees.map_leaves(lambda leaf: 0.5 * leaf, r[0]), *r[1:]))(pullback(g))


def embedding(network, kind=nf.Flow):
    def flow(dim):
        coupling = nf.Coupling(nf.Affine(1.5), nf.half_mask(dim), nf.MLP((8,), "tanh"), 3)
        return kind(nf.StandardNormal(dim), coupling, network)

    return flow


class SingleGradient(nf.Flow):
    """In float32 alone the gradient is twice as large."""

    def log_prob_vjp(self, params, x, context=None, rng=None):
        log_p, pullback = super().log_prob_vjp(params, x, context, rng)
        factor = onp.asarray(2.0 if x.dtype == onp.float32 else 1.0, dtype=x.dtype)
        return log_p, lambda g: (lambda r: (nf.trees.map_leaves(lambda leaf: factor * leaf, r[0]), *r[1:]))(pullback(g))


CONTEXT = {"context": onp.random.default_rng(5).normal(size=(7, 4))}


GRADIENTS = {
    "wrong gradient": Mutant(WrongGradient, "forward: the gradient"),
    "gradient of an embedding": Mutant(embedding(EmbedGradient((4,))), "log_prob: the gradient", options=CONTEXT),
    "gradient in float32": Mutant(on_flow(SingleGradient), "log_prob: the gradient"),
    "NaN gradient": Mutant(NanGradient, "inverse: the gradient is not finite"),
    "wrong Jacobian": Mutant(WrongJacobian, "jacobian()"),
}
