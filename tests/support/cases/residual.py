"""Planar, radial, Sylvester: forward in closed form, and but for radial an inverse by search; and two of the tests'."""

import nfscratch as nf
from cases.case import CONTEXT, Case, by_search
from cases.layers_by_search import Bent, Cubic

RESIDUAL = [
    by_search("numeric inverse, elementwise", Cubic),
    by_search("numeric inverse, dense", Bent),
    by_search("numeric inverse, context", lambda dim: Bent(dim, CONTEXT)),
    by_search("inverse of a numeric inverse", lambda dim: nf.Inverse(Cubic(dim))),
    by_search("planar, numeric inverse", nf.Planar),
    Case("radial", nf.Radial),
    by_search("sylvester, rank 1, numeric inverse", lambda dim: nf.Sylvester(dim, 1)),
    by_search("sylvester, qr, numeric inverse", lambda dim: nf.Sylvester(dim, dim)),
    by_search("sylvester, householder, numeric inverse", lambda dim: nf.Sylvester(dim, min(dim, 3), "householder")),
    by_search("stack of planar, numeric inverse", lambda dim: nf.Stack(nf.Planar(dim), 3)),
    Case("stack of radial", lambda dim: nf.Stack(nf.Radial(dim), 3)),
    by_search("stack of sylvester, numeric inverse", lambda dim: nf.Stack(nf.Sylvester(dim, min(dim, 2)), 2)),
    Case("stack of actnorm", lambda dim: nf.Stack(nf.ActNorm(dim), 2)),
    by_search(
        "sylvester, triangular, numeric inverse", lambda dim: nf.Sylvester(dim, min(dim, 4), "triangular", flip=True)
    ),
]
