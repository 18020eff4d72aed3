"""What is built from flows and networks but is no flow: autoencoders, a GAN, and likelihoods."""

from nfscratch.models.autoencoder import AutoEncoder
from nfscratch.models.freeform import FreeForm
from nfscratch.models.gan import GAN
from nfscratch.models.likelihoods import BernoulliLikelihood, Likelihood, NormalLikelihood, binarised
from nfscratch.models.model import Model
from nfscratch.models.vae import VAE

__all__ = [
    "GAN",
    "VAE",
    "AutoEncoder",
    "BernoulliLikelihood",
    "FreeForm",
    "Likelihood",
    "Model",
    "NormalLikelihood",
    "binarised",
]
