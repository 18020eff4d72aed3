"""Posteriors."""
from nfscratch.posteriors.fit_posterior import fit_posterior
