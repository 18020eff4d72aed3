"""Objectives: the losses that training minimizes. Each is a plain function, and one that returns its gradient too.

likelihood.py   nll: through the density of data
evidence.py     elbo, reverse_kl, iwae: through draws of the flow, for a density that is known up to a constant
matching.py     flow_matching, score_matching: the field of a continuous flow by regression, without a solver
objective.py    the same as objects, for `fit(..., objective=)`
"""

from nfscratch.training.objectives.evidence import (
    elbo,
    elbo_value_and_grad,
    iwae,
    iwae_value_and_grad,
    reverse_kl,
    reverse_kl_value_and_grad,
)
from nfscratch.training.objectives.likelihood import nll, nll_value_and_grad
from nfscratch.training.objectives.matching import (
    flow_matching,
    flow_matching_value_and_grad,
    score_matching,
    score_matching_value_and_grad,
)
from nfscratch.training.objectives.objective import FlowMatching, MaximumLikelihood, Objective, ScoreMatching

__all__ = [
    "FlowMatching",
    "MaximumLikelihood",
    "Objective",
    "ScoreMatching",
    "elbo",
    "elbo_value_and_grad",
    "flow_matching",
    "flow_matching_value_and_grad",
    "iwae",
    "iwae_value_and_grad",
    "nll",
    "nll_value_and_grad",
    "reverse_kl",
    "reverse_kl_value_and_grad",
    "score_matching",
    "score_matching_value_and_grad",
]
