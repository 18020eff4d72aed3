"""How near two results are: arrays, and parameter trees leaf by leaf."""

import numpy as onp

from nfscratch import backend, trees


def close(a, b, tolerance):
    """Equal to `tolerance`, relative to the largest entry (at least 1)."""
    a, b = (onp.asarray(backend.to_numpy(v), dtype=onp.float64) for v in (a, b))
    assert a.shape == b.shape
    if a.size:
        assert onp.abs(a - b).max() <= tolerance * max(1.0, onp.abs(b).max())


def close_trees(a, b, tolerance):
    pairs_a, pairs_b = list(trees.named_leaves(a)), list(trees.named_leaves(b))
    assert [path for path, _ in pairs_a] == [path for path, _ in pairs_b]
    for (_, p), (_, q) in zip(pairs_a, pairs_b, strict=True):
        close(p, q, tolerance)


def same_trees(a, b):
    """Equal bit for bit, leaf by leaf."""
    return all((p == q).all() for p, q in zip(trees.leaves(a), trees.leaves(b), strict=True))
