"""Every bijection there is, as data: the laws hold for each of them.

A new layer adds a `Case` to the list of its family, or a file with a list of its own, which is named here.
"""

from cases.autoregressive import AUTOREGRESSIVE
from cases.case import Case
from cases.chains import CHAINS
from cases.conditioned import CONDITIONED
from cases.constraints import CONSTRAINTS
from cases.continuous import CONTINUOUS
from cases.contractions import CONTRACTIONS
from cases.couplings import COUPLINGS
from cases.elementwise import ELEMENTWISE
from cases.images import IMAGES
from cases.linear import LINEAR
from cases.residual import RESIDUAL
from cases.searched import NUMERIC
from cases.splines import SPLINES
from cases.structures import STRUCTURES

FAMILIES = (
    ELEMENTWISE,
    STRUCTURES,
    CONDITIONED,
    CONSTRAINTS,
    COUPLINGS,
    LINEAR,
    IMAGES,
    CHAINS,
    RESIDUAL,
    AUTOREGRESSIVE,
    SPLINES,
    NUMERIC,
    CONTRACTIONS,
    CONTINUOUS,
)
CASES: dict[str, Case] = {case.name: case for family in FAMILIES for case in family}
assert len(CASES) == sum(map(len, FAMILIES)), "two cases have one name"
assert all(case.like in CASES and not CASES[case.like].like for case in CASES.values() if case.like)
