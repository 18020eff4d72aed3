"""Mistakes that were found in published libraries."""

from pairs.elementwise import leaky
from pairs.linear import convolution
from pairs.parts import negated
from pairs.planar import planar
from pairs.spline import spline

from mutants.inverse import bounded_map
from mutants.mutant import FOLD, Mutant

MUSEUM = {
    "normflows 27": Mutant(negated(planar(), (True, False)), "log_det forward: the sign", (2, 5)),
    "flowjax 208": Mutant(negated(planar(), (False, True)), "log_det is not negated", (2, 5)),
    "flowjax 169": Mutant(leaky(forward_count=2), "one branch"),
    "tonyduan 2": Mutant(planar("norm"), FOLD, (5, 6)),
    "flowtorch 100": Mutant(negated(spline(), (False, True)), "log_det is not negated", (1,)),
    "tfp 238": Mutant(convolution(lambda a: 1), "H*W", ((2, 3, 3),)),
    "no codomain": Mutant(bounded_map("tanh"), "the map is not onto", (1, 2)),
}
