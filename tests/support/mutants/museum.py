"""Mistakes that were found in published libraries: the maps of the course's museum, and what the audit calls them."""

import numpy as onp

from mutants.mutant import FOLD, Mutant
from nfscratch.course.museum.exhibit import bugs
from nfscratch.course.museum.workshop import layer

NAMES = {
    "sign_forward": "log_det forward: the sign",
    "halves_concatenated": "the halves are joined in the wrong order",
    "slope_counted_twice": "one branch",
    "pixels_not_counted": "H*W",
    "u_hat_by_length": FOLD,
    "searched_inverse_sign": "log_det is not negated",
    "bracket_in_silence": "it gives the end of its bracket",
    "cached_sign": "log_det is not negated",
    "wrong_knots": "it searches the knots of z",
    "margin_not_undone": "an affine rescaling is not undone",
    "margin_not_counted": "logit's scale term is missing",
    "bounded_range": "the map is not onto",
}


def of_museum(name):
    work, bug = bugs()[name]
    return Mutant(layer(work, bug.changes, onp.random.default_rng(0)), NAMES[name], work.dims, work.options)


MUSEUM = {f"museum: {name}": of_museum(name) for name in NAMES}
