"""Posteriors: a flow for a density of the user's own, known up to a constant.

fit_posterior.py      the one call
posterior_loss.py     what is minimized
posterior_result.py   the fitted flow, and how far it can be trusted
target.py             the user's log-density and its gradient
target_checks.py      what can be wrong with these
first_params.py       where the fit begins
search.py             where the posterior is, roughly
elsewhere.py          where the search begins again
unbounded.py          the density before the flow's constraints
to_arviz.py           draws for ArviZ
"""

from nfscratch.posteriors.fit_posterior import fit_posterior
from nfscratch.posteriors.posterior_result import PosteriorResult
from nfscratch.posteriors.to_arviz import to_arviz

__all__ = ["PosteriorResult", "fit_posterior", "to_arviz"]
