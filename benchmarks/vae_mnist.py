"""A variational autoencoder on dynamically binarised MNIST: what a flow posterior gains over a diagonal normal one.

50,000 images train, with fresh binary pixels at every step (1 with probability level / 255), the last 10,000 of the
published training part validate, and the test images are binarised once. Encoder and decoder are MLPs, or convolutional
with --channels, such as 16 32: ConvFeatures, and ConvDecoder with the channels in reverse. Posteriors are those of
nf.flows.posterior. The table has, in nats per image, on the first --rows test images,

    ELBO     its mean over 1 draw for each row
    log p    log of the mean of 1,000 importance weights (Burda et al. 2016, arXiv:1509.00519)
    gain     log p minus that of "normal", with the standard error of the mean of these differences over the images

Published, with convolutional networks and 32 latent numbers (Durkan et al. 2019, arXiv:1906.04032, table 2), ELBO and
log p: no flow -85.61, -81.31; IAF -82.56, -79.95; splines -82.08, -79.63.

    NFSCRATCH_DATA=folder python benchmarks/vae_mnist.py [--kinds normal iaf] [--epochs 40] [--channels 16 32]

A run is kept in --runs, one file for each posterior and setting. Interrupted, the same command goes on where it was;
finished, it prints the table again. Time is processor time of the training, in this call and those before.
"""

import argparse
import os
import time
from pathlib import Path

KINDS = ("normal", "planar", "sylvester", "iaf", "spline")
parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--kinds", nargs="+", default=["normal", "iaf", "spline", "planar", "sylvester"], choices=KINDS)
parser.add_argument("--epochs", type=int, default=40)
parser.add_argument("--anneal", type=int, default=5, help="epochs over which beta rises to 1")
parser.add_argument("--batch", type=int, default=128)
parser.add_argument("--rate", type=float, default=1e-3)
parser.add_argument("--hidden", type=int, default=300, help="width of the hidden layers of encoder and decoder: 2 or 1")
parser.add_argument("--channels", type=int, nargs="*", default=[], help="of the encoder's convolutions; then one layer")
parser.add_argument("--kernel", type=int, default=3, help="width of the convolutions")
parser.add_argument("--minutes", type=float, help="end after so many, by the clock; the rate falls in time")
parser.add_argument("--latent", type=int, default=40)
parser.add_argument("--layers", type=int, default=4, help="of the flow")
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--rows", type=int, default=2000, help="test images")
parser.add_argument("--threads", type=int, default=1, help="BLAS threads")
parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder for the checkpoints")
SETTINGS = ("epochs", "anneal", "batch", "rate", "hidden", "channels", "kernel", "latent", "layers", "seed")
options = parser.parse_args()
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):  # before NumPy is loaded
    os.environ[variable] = str(options.threads)

import numpy as np  # noqa: E402

import nfscratch as nf  # noqa: E402

VALIDATION = 2000  # of its 10,000 rows, to choose the best parameters by


def data():
    """Train, validation and test images as probabilities, and the last two binarised once."""
    images = nf.data.load("mnist")
    train, validation, test = (
        np.floor(x).astype("float32") / 255 for x in (images.train, images.validation, images.test)
    )
    test = nf.models.binarised(test[: options.rows], np.random.default_rng(2))
    return train, validation[:VALIDATION], test


def vae_of(kind):
    width, shape, channels, kernel = options.hidden, (1, 28, 28), options.channels, options.kernel
    networks = nf.MLP((width, width)), nf.MLP((width, width))
    if channels:
        encoder = nf.ConvFeatures(shape, channels, (width,), kernels=kernel)
        networks = encoder, nf.ConvDecoder(shape, channels[::-1], (width,), kernels=kernel)
    posterior = nf.flows.posterior(options.latent, width, kind, layers=options.layers, hidden=(128,), rank=10)
    return nf.models.VAE(*networks, posterior)


def file_of(kind, suffix):
    """Every option that a run depends on, where it is not the default, is in the name."""
    given = {key: getattr(options, key) for key in SETTINGS if getattr(options, key) != parser.get_default(key)}
    other = [f"_{key}{'x'.join(f'{v:g}' for v in np.atleast_1d(value))}" for key, value in given.items()]
    return options.runs / f"vae_mnist_{kind}{''.join(other)}.{suffix}"


def train(kind, train, validation):
    """The result, and the minutes of processor time of all calls."""
    epoch, clock = len(train) // options.batch, file_of(kind, "minutes")
    before, start = float(clock.read_text()) if clock.exists() else 0.0, time.process_time()

    def look(at):
        clock.write_text(f"{before + (time.process_time() - start) / 60:.3f}")
        if at.step % (5 * epoch) == 0:
            print(f"  {kind}, epoch {at.step // epoch}: validation {at.validation:.2f}", flush=True)

    result = nf.fit_vae(
        vae_of(kind),
        train,
        rng=np.random.default_rng(options.seed),
        validation=validation,
        augment=nf.models.binarised,
        anneal=options.anneal * epoch,
        steps=options.epochs * epoch,
        batch_size=options.batch,
        optimizer=nf.adam(options.rate),
        evaluate_every=epoch,
        seconds=None if options.minutes is None else 60 * options.minutes,
        callback=look,
        progress=False,
        checkpoint=file_of(kind, "run"),
    )
    return result, float(clock.read_text())


def measured(kind, params, test):
    """ELBO and log p of each test image; kept beside the run, because 1,000 draws for each take minutes."""
    kept, rows = file_of(kind, "npz"), len(test)
    if kept.exists() and len(stored := np.load(kept)["log_p"]) == rows:
        return np.load(kept)["elbo"], stored
    vae = vae_of(kind)
    elbo = vae.elbo(params, test, np.random.default_rng(3))
    log_p = vae.log_prob(params, test, np.random.default_rng(4), draws=1000)
    np.savez(kept, elbo=elbo, log_p=log_p)
    return elbo, log_p


def main():
    options.runs.mkdir(parents=True, exist_ok=True)
    nf.use(dtype="float32")
    training, validation, test = data()
    normal = None
    print(f"MNIST, dynamically binarised; {len(test):,} test images; {options.epochs} epochs; nats per image")
    print(f"  {'posterior':12}{'ELBO':>9}{'log p':>9}   {'gain in log p':18}{'minutes of processor time':>26}")
    for kind in options.kinds:
        result, minutes = train(kind, training, validation)
        elbo, log_p = measured(kind, result.params, test)
        normal = log_p if kind == "normal" else normal
        gain = "" if normal is None or kind == "normal" else _gain(log_p - normal)
        print(f"  {kind:12}{elbo.mean():9.2f}{log_p.mean():9.2f}   {gain:18}{minutes:26.1f}", flush=True)


def _gain(difference):
    return f"{difference.mean():.2f} ± {difference.std() / len(difference) ** 0.5:.2f}"


if __name__ == "__main__":
    main()
