"""Constraints of the variables of a posterior: shares that add up to 1, and groups of variables side by side."""

import nfscratch as nf
from cases.case import Case

INF = float("inf")


def blocks(dim):
    """As many of the kinds of blocks as fit into dim variables."""
    kinds = [nf.Triangular(1), nf.Simplex(3), nf.Bounds([0.0], [INF]), 2]
    sizes = (1, 2, 1, 2)
    return nf.Blocks([kind for k, kind in enumerate(kinds) if sum(sizes[: k + 1]) <= dim])


def conditioned(dim):
    """Blocks with a context, a permutation among them."""
    first = nf.Conditioned(nf.Planar(1), nf.MLP((4,)), 3)
    return first if dim == 1 else nf.Blocks([first, nf.Reverse(dim - 1)])


CONSTRAINTS = [
    Case("simplex", lambda dim: nf.Simplex(dim + 1), reach=4.0),
    Case("blocks", blocks, reach=4.0),
    Case("blocks with a context", conditioned),
]
