"""The toy densities, by name: DENSITIES["moons"].sample(rng, 1000), .log_prob(x), .entropy, .about.

    toy_plane.py     closed forms: 8gaussians, checkerboard, circles, rings, bent Gaussians, the funnel
    toy_curves.py    integrals along a curve: moons, swissroll, 2spirals
    toy_pinwheel.py  a sum over the roots of one equation

Sampling draws from the continuous law itself, so every density is exact for its samples.
"""

from __future__ import annotations

from nfscratch.targets.density import Density
from nfscratch.targets.toy_curves import CURVES
from nfscratch.targets.toy_pinwheel import PINWHEEL
from nfscratch.targets.toy_plane import PLANE

DENSITIES: dict[str, Density] = {density.name: density for density in (*PLANE, *CURVES, PINWHEEL)}

__all__ = ["DENSITIES", "Density"]
