"""A few small layers that are right."""

import nfscratch as nf

SMALL_LAYERS = {
    "coupling": lambda dim: nf.Coupling(nf.Affine(1.0), nf.half_mask(dim), nf.MLP((6,), "tanh")),
    "actnorm": nf.ActNorm,
    "permutation": lambda dim: nf.Permutation.random(dim, seed=1),
    "flow": lambda dim: nf.flows.real_nvp(dim, layers=2, hidden=(4,), activation="tanh", max_log_scale=0.5).bijection,
}
