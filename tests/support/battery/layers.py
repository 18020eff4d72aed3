"""Bijections by name, each a function of `draw`. Between 1 and 9 variables, or small images."""

from math import inf

from hypothesis import strategies as st

import nfscratch as nf
from battery import networks
from battery.networks import pick
from battery.transformers import CONDITIONED, ONE_AT_A_TIME
from nfscratch.bijections.recomputed import Recomputed

SHAPES = ((1, 2, 2), (2, 2, 2), (3, 2, 1), (1, 4, 2))
SQUEEZED = ((1, 2, 2), (2, 2, 2), (1, 4, 2))


def dim(draw, most=9):
    return draw(st.integers(1, most))


def context(draw):
    return pick(draw, 0, 0, 3)


def mask(draw, d):
    """Any mask that keeps something, if there is something to keep."""
    return tuple(draw(st.lists(st.booleans(), min_size=d, max_size=d).filter(lambda m: not all(m))))


def coupling(draw):
    h = pick(draw, *CONDITIONED)(draw)
    network = networks.conditioner(draw) if h.n_params == 2 else networks.mlp(draw)
    return nf.Coupling(h, mask(draw, dim(draw)), network, context(draw))


def image_coupling(draw):
    shape = pick(draw, *SHAPES[1:])
    kept = nf.checkerboard_mask(shape, flip=draw(st.booleans())) if shape[0] == 1 else nf.channel_mask(shape)
    return nf.Coupling(nf.Affine(), kept, pick(draw, *IMAGE_NETWORKS)(draw), 0)


IMAGE_NETWORKS = (networks.NETWORKS["ConvNet"], networks.NETWORKS["ResidualConvNet"])


def autoregressive(draw):
    d = dim(draw, 5)
    order = pick(draw, None, "reversed", tuple(draw(st.permutations(range(d)))))
    return nf.Autoregressive(pick(draw, *ONE_AT_A_TIME)(draw), d, networks.made(draw), order, context(draw))


def plain(draw, d):
    """A layer of d variables that is quick in both directions."""
    return pick(
        draw,
        nf.ActNorm(d),
        nf.Diagonal(d),
        nf.Triangular(d),
        nf.Elementwise(nf.Affine(), d),
        nf.Radial(d),
        nf.Reverse(d),
        nf.Coupling(nf.Affine(), nf.half_mask(d), nf.MLP((3,), "tanh")),
    )


def trained(draw, d):
    return pick(draw, nf.ActNorm(d), nf.Diagonal(d), nf.Triangular(d), nf.Radial(d), nf.Planar(d), nf.PLU(d))


def chain(draw):
    d = dim(draw)
    return nf.Chain([plain(draw, d) for _ in range(draw(st.integers(1, 4)))])


def multi_scale(draw):
    C, H, W = pick(draw, *SQUEEZED)
    data, deep = (4 * C, H // 2, W // 2), (2 * C, H // 2, W // 2)
    affine = nf.Coupling(nf.Affine(), nf.channel_mask(data), nf.ConvNet((2,), "tanh", 1))
    return nf.MultiScale([nf.Chain([nf.ActNorm(deep), nf.Conv1x1(deep)]), nf.Chain([affine, nf.Squeeze((C, H, W))])])


def bounds(draw):
    ends = [pick(draw, (0.0, 1.0), (-1.0, inf), (-inf, 2.0), (-inf, inf), (2.0, 5.0)) for _ in range(dim(draw))]
    return nf.Bounds([low for low, _ in ends], [high for _, high in ends])


def blocks(draw):
    kinds = (1, 2, nf.Simplex(3), nf.Triangular(2), nf.Bounds([0.0], [inf]), nf.ActNorm(1))
    return nf.Blocks([pick(draw, *kinds) for _ in range(draw(st.integers(1, 4)))])


def residual(draw):
    if draw(st.booleans()):
        return nf.Residual(dim(draw, 5), networks.lipschitz(draw), context_dim=context(draw))
    return nf.Residual((1, 2, 2), networks.NETWORKS["LipschitzConv"](draw))


def continuous(draw):
    velocity = pick(draw, networks.field, networks.NETWORKS["ProbabilityFlow"])(draw)
    return nf.Continuous(velocity, dim(draw, 3), pick(draw, *networks.SOLVERS.values())(draw))


def sylvester(draw):
    d = dim(draw, 6)
    kind = pick(draw, "qr", "householder", "triangular")
    return nf.Sylvester(d, draw(st.integers(1, d)), kind, draw(st.booleans()) if kind == "triangular" else False)


def pixels(draw):
    alpha = pick(draw, None, 0.05)
    return nf.PixelLevels(pick(draw, 3, *SHAPES), pick(draw, 2, 16, 256), alpha)


def permutation(draw):
    return nf.Permutation(tuple(draw(st.permutations(range(dim(draw))))))


def reshape(draw):
    d = dim(draw)
    return nf.Reshape((d,), pick(draw, (d,), (1, d, 1), (d, 1)))


BIJECTIONS = {
    "ActNorm": lambda draw: nf.ActNorm(pick(draw, dim(draw), *SHAPES)),
    "Autoregressive": autoregressive,
    "BatchNorm": lambda draw: nf.BatchNorm(pick(draw, dim(draw), *SHAPES)),
    "Blocks": blocks,
    "Bounds": bounds,
    "Chain": chain,
    "Conditioned": lambda draw: nf.Conditioned(trained(draw, dim(draw, 5)), networks.mlp(draw), 3),
    "Continuous": continuous,
    "Conv1x1": lambda draw: nf.Conv1x1(pick(draw, *SHAPES)),
    "Coupling": lambda draw: pick(draw, coupling, coupling, image_coupling)(draw),
    "Diagonal": lambda draw: nf.Diagonal(dim(draw), pick(draw, 1.0, 10.0)),
    "Elementwise": lambda draw: nf.Elementwise(pick(draw, *CONDITIONED)(draw), dim(draw)),
    "EmergingConv": lambda draw: nf.EmergingConv(pick(draw, *SHAPES)),
    "Householder": lambda draw: nf.Householder(dim(draw), pick(draw, None, 1, 4)),
    "Inverse": lambda draw: nf.Inverse(pick(draw, coupling, chain, autoregressive)(draw)),
    "MaskedConv": lambda draw: nf.MaskedConv(pick(draw, *SHAPES), pick(draw, 3, 5), turned=draw(st.booleans())),
    "MultiScale": multi_scale,
    "PLU": lambda draw: nf.PLU(dim(draw), draw(st.integers(0, 3))),
    "Permutation": permutation,
    "PixelLevels": pixels,
    "Planar": lambda draw: nf.Planar(dim(draw)),
    "QR": lambda draw: nf.QR(dim(draw)),
    "Radial": lambda draw: nf.Radial(dim(draw)),
    "Recomputed": lambda draw: Recomputed(trained(draw, dim(draw))),
    "Remainder": lambda draw: nf.Remainder(dim(draw)),
    "Reshape": reshape,
    "Residual": residual,
    "Simplex": lambda draw: nf.Simplex(draw(st.integers(2, 8))),
    "Squeeze": lambda draw: nf.Squeeze(pick(draw, *SQUEEZED)),
    "Stack": lambda draw: nf.Stack(trained(draw, dim(draw, 6)), draw(st.integers(1, 3))),
    "Standardize": lambda draw: nf.Standardize(dim(draw), pick(draw, "moments", "robust")),
    "Sylvester": sylvester,
    "Triangular": lambda draw: nf.Triangular(dim(draw), draw(st.booleans()), pick(draw, 1.0, 10.0)),
    "Whiten": lambda draw: nf.Whiten(dim(draw), pick(draw, "moments", "robust")),
}
