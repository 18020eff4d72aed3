"""Image sets from the data folder: mnist and freyfaces. Rows are images, flattened row by row; values are 0 to 255.

    jitter       1 pixel level: x + U[0, 1) is continuous, and x / 256 in [0, 1)
    mnist        (N, 784): 50,000 train, the last 10,000 of the published train part validate, 10,000 test, as in
                 Papamakarios et al. 2017, arXiv:1705.07057; labels are the digits
    freyfaces    (N, 560): 1,565 train, 200 validation, 200 test, shuffled as in van den Berg et al. 2018,
                 arXiv:1803.05649, seed 123; no labels. Frames of one film: a test face has near twins in train

The splits are the published ones, so that published numbers compare: `rng` draws the frozen noise alone.
"""

from __future__ import annotations

import numpy as np

from nfscratch.data import folder
from nfscratch.data.dataset import PARTS, Dataset
from nfscratch.data.tables import SEED, first_rows

SOURCES = {
    "mnist": "LeCun, Cortes and Burges 1998, MNIST; no licence stated by its authors",
    "freyfaces": "Frey and Roweis, Frey faces, split of van den Berg et al. 2018; no licence stated by its authors",
}
UNITS = "pixel levels, 0 to 255, plus U[0, 1)"
MNIST_VALIDATION = 10_000
FREY_VALIDATION, FREY_TEST = 200, 200


def load_mnist(rng: np.random.Generator | None = None, n: int | None = None) -> Dataset:
    """MNIST; `n` keeps the first n training images. All of it is 440 MB."""
    given = folder.arrays("mnist")
    cut = len(given["x_train"]) - MNIST_VALIDATION
    keep = first_rows("mnist", cut, n)
    images = (given["x_train"][:keep], given["x_train"][cut:], given["x_test"])
    labels = (given["y_train"][:keep], given["y_train"][cut:], given["y_test"])
    return _images("mnist", rng, images, {part: y.astype(int) for part, y in zip(PARTS, labels, strict=True)})


def load_freyfaces(rng: np.random.Generator | None = None, n: int | None = None) -> Dataset:
    """Frey faces; `n` keeps the first n training images."""
    x = folder.arrays("freyfaces")["x"]
    x = x[np.random.RandomState(123).permutation(len(x))]  # what numpy.random.seed(123) and shuffle(x) gave them
    train = len(x) - FREY_VALIDATION - FREY_TEST
    keep = first_rows("freyfaces", train, n)
    return _images("freyfaces", rng, (x[:keep], x[train : len(x) - FREY_TEST], x[len(x) - FREY_TEST :]), None)


def _images(name, rng, images, labels):
    """uint8 images by part as a Dataset: float64 where it is needed, one array at a time."""
    rng = np.random.default_rng(SEED) if rng is None else rng
    train, *others = (x.reshape(len(x), -1) for x in images)
    validation, test = (_noisy(rng, x) for x in others)
    return Dataset(
        name=name,
        train=train.astype(float),
        validation=validation,
        test=test,
        source=SOURCES[name],
        units=UNITS,
        labels=labels,
        jitter=1.0,
    )


def _noisy(rng, x):
    noise = rng.random(x.shape)
    noise += x
    return noise
