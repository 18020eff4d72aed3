"""What is built from flows and networks but is no flow: autoencoders of three sorts, a GAN, free-form flows."""

from nfscratch.models.autoencoder import AutoEncoder
from nfscratch.models.freeform import FreeForm
from nfscratch.models.gan import GAN
from nfscratch.models.infovae import InfoVAE
from nfscratch.models.likelihoods import BernoulliLikelihood, Likelihood, NormalLikelihood, binarised
from nfscratch.models.model import Model
from nfscratch.models.vae import VAE

__all__ = [
    "GAN",
    "VAE",
    "AutoEncoder",
    "BernoulliLikelihood",
    "FreeForm",
    "InfoVAE",
    "Likelihood",
    "Model",
    "NormalLikelihood",
    "binarised",
]
