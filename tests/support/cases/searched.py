"""Transformers that are inverted by a search."""

import numpy as onp

import nfscratch as nf
from cases.case import CONTEXT, by_search
from cases.couplings import coupling, flipped, irregular_mask

SEARCHED = {
    "squared": nf.Squared(),
    "mixture CDF": nf.LogisticMixtureCDF(4),
    "deep sigmoid": nf.DeepSigmoid(4),
    "deep dense sigmoid": nf.DeepDenseSigmoid((3, 2)),
    "UMNN": nf.UMNN(4),
}
REACH = {"deep sigmoid": 2.5, "deep dense sigmoid": 2.5}  # their slopes are steep in the middle and flat outside


def alone(name):
    return by_search(
        f"elementwise {name}, numeric", lambda dim: nf.Elementwise(SEARCHED[name], dim), REACH.get(name, onp.inf)
    )


SEARCH_IN_A_COUPLING = "inverse of deep sigmoid, coupling, numeric"  # its transformers are audited alone as well
SLOW = ("mixture CDF", "deep dense sigmoid", "UMNN")


def inverted(name):
    make, like = coupling(nf.Inverse(SEARCHED[name])), SEARCH_IN_A_COUPLING if name in SLOW else ""
    return by_search(f"inverse of {name}, coupling, numeric", make, REACH.get(name, onp.inf), like)


NUMERIC = [
    *map(alone, SEARCHED),
    *map(inverted, SEARCHED),
    by_search("coupling squared, context, numeric", coupling(nf.Squared(), flipped, context_dim=CONTEXT)),
    by_search(
        "coupling mixture CDF, irregular, context, numeric",
        coupling(nf.LogisticMixtureCDF(3), irregular_mask, context_dim=CONTEXT),
    ),
    by_search(
        "coupling deep sigmoid, context, numeric",
        coupling(nf.Inverse(nf.DeepSigmoid(3)), context_dim=CONTEXT),
        reach=2.5,
    ),
    by_search("coupling deep sigmoid, one unit, numeric", coupling(nf.DeepSigmoid(1), nf.alternating_mask), reach=2.5),
    by_search(
        "coupling deep dense sigmoid, three layers, numeric",
        coupling(nf.DeepDenseSigmoid((2, 1, 3))),
        reach=2.5,
        like="elementwise deep dense sigmoid, numeric",
    ),
    by_search("coupling UMNN, context, numeric", coupling(nf.UMNN(3), context_dim=CONTEXT)),
]
