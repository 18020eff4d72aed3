"""Matrices, at a point and at every pixel."""

import nfscratch as nf
from cases.case import Case

LINEAR = [
    Case("linear diagonal", nf.Diagonal),
    Case("linear triangular", nf.Triangular),
    Case("linear triangular, upper, narrow bound", lambda dim: nf.Triangular(dim, lower=False, max_log_scale=1.0)),
    Case("linear Householder", nf.Householder),
    Case("linear Householder, one reflection", lambda dim: nf.Householder(dim, 1)),
    Case("linear Householder, more than D", lambda dim: nf.Householder(dim, dim + 3)),
    Case("linear PLU", lambda dim: nf.PLU(dim, seed=1)),
    Case("linear QR", nf.QR),
    Case("1x1 convolution", lambda dim: nf.Conv1x1((dim, 2, 3), nf.PLU(dim, seed=1))),
    Case("1x1 convolution, QR", lambda dim: nf.Conv1x1((dim, 3, 1), nf.QR(dim))),
    Case("1x1 convolution, default", lambda dim: nf.Conv1x1((dim, 1, 2))),
]
