"""What is built from flows and networks but is no flow: the variational autoencoder, and its likelihoods."""

from nfscratch.models.likelihoods import BernoulliLikelihood, Likelihood, NormalLikelihood, binarised
from nfscratch.models.vae import VAE

__all__ = ["VAE", "BernoulliLikelihood", "Likelihood", "NormalLikelihood", "binarised"]
