"""Small broken layers and densities, each with the name that the audit should give it, by kind of mistake.

The layers are those of `pairs`, correct but for the one thing that an option changes. `healthy.py` audits the same ones
unbroken.
"""

from mutants.continuous import CONTINUOUS
from mutants.contractions import CONTRACTIONS
from mutants.edges import EDGES
from mutants.gradients import GRADIENTS
from mutants.images import IMAGES
from mutants.inverse import INVERSE
from mutants.log_det import LOG_DET
from mutants.log_prob import LOG_PROB
from mutants.museum import MUSEUM
from mutants.mutant import Mutant
from mutants.sampling import SAMPLING
from mutants.state import STATE
from mutants.structure import STRUCTURE

KINDS = (
    IMAGES,
    LOG_DET,
    LOG_PROB,
    INVERSE,
    STRUCTURE,
    EDGES,
    SAMPLING,
    STATE,
    GRADIENTS,
    MUSEUM,
    CONTRACTIONS,
    CONTINUOUS,
)
MUTANTS: dict[str, Mutant] = {name: mutant for kind in KINDS for name, mutant in kind.items()}
assert len(MUTANTS) == sum(map(len, KINDS)), "two mutants have one name"
