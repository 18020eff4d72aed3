"""Do flows know what they do not know? A flow trained on MNIST scores other images, in five ways, three seeds.

Each score is high where an image is strange. AUROC is the probability that an image from outside scores higher than one
of 2,000 MNIST test images.

    -log p          the flow's own
    typicality      |-log p - H|, H the mean of -log p over the validation images (Nalisnick et al. 2019)
    10 at a time    the same for the mean of -log p over 10 images, inside against outside
    ratio           log p_0 - log p, p_0 the same flow trained on perturbed images: each pixel is replaced, with the
                    probability 0.2, by a random level (Ren et al. 2019); 0.2 was fixed before anything was measured
    zlib            -log p - log 2 (bits of the image after zlib) (Serra et al. 2020, whose compressors are others)

Outside, 2,000 images each, made from 2,000 *other* test images where they are made from MNIST:

    inverted        255 - x
    half contrast   x // 2
    half erased     the lower half of each image black
    mirrored        left and right exchanged
    shuffled        the pixels of each image in a random order of its own
    constant        all pixels equal, the level uniform on 0 ... 255
    black           all pixels 0
    noise           all pixels uniform on 0 ... 255
    faces           Frey faces, 28 x 20 pixels, with four black columns on either side (1,965 images)
    digits          scikit-learn's 8 x 8 digits, levels times 15.9375, each pixel as 3 x 3 pixels, with two black rows
                    and columns on every side (1,797 images)

Every pixel gets U[0, 1), as in training. The flow is that of pixel_maf.py. A run is kept in --runs and goes on where it
was stopped.

    NFSCRATCH_DATA=folder python benchmarks/out_of_distribution.py --runs runs [--seeds 3 --epochs 4]
"""

import argparse
import os
import zlib
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # before NumPy is loaded
    os.environ.setdefault(variable, "1")

import numpy as np  # noqa: E402
from pixel_maf import log_prob, trained  # noqa: E402

import nfscratch as nf  # noqa: E402
from nfscratch.evaluate import auroc, likelihood_ratio, mean_and_error, typicality  # noqa: E402

ROWS, BATCH, PERTURBED = 2000, 10, 0.2


# --- images, (N, 784) of whole numbers ---


def outside(images):
    """Name -> images from outside, some of them made from the MNIST images."""
    rng = np.random.default_rng(0)
    return {
        "inverted": 255 - images,
        "half contrast": images // 2,
        "half erased": np.where(np.arange(784) < 392, images, 0),
        "mirrored": images.reshape(-1, 28, 28)[:, :, ::-1].reshape(-1, 784),
        "shuffled": rng.permuted(images, axis=1),
        "constant": np.repeat(rng.integers(0, 256, size=(ROWS, 1)), 784, axis=1),
        "black": np.zeros_like(images),
        "noise": rng.integers(0, 256, size=(ROWS, 784)),
        "faces": padded(faces()),
        "digits": padded(np.kron(digits(), np.ones((1, 3, 3), dtype=int))),
    }


def faces():
    data = nf.data.load("freyfaces")
    return np.concatenate([data.images(part, (1, 28, 20))[:, 0] for part in ("train", "validation", "test")])


def digits():
    from sklearn.datasets import load_digits

    return np.floor(load_digits().images * 255 / 16).astype(int)


def padded(images):
    """Black on all sides, to 28 x 28."""
    sides = [((28 - size) // 2,) * 2 for size in images.shape[1:]]
    return np.pad(images, [(0, 0), *sides])[:ROWS].reshape(-1, 784)


def perturbed(images, rng):
    other = rng.integers(0, 256, size=images.shape)
    return np.where(rng.random(images.shape) < PERTURBED, other, images)


def compressed_nats(images):
    """The length of each image after zlib, as log 2 times bits."""
    return np.log(2) * np.array([8 * len(zlib.compress(row.astype(np.uint8).tobytes(), 9)) for row in images])


# --- the fits, and the log-densities of every set under both flows ---


def sets(data):
    rng = np.random.default_rng(3)  # the first images of MNIST's test are easier than the others
    validation, test = (rng.permutation(data.images(part).reshape(-1, 784)) for part in ("validation", "test"))
    return {"validation": validation[:ROWS], "inside": test[:ROWS], **outside(test[ROWS : 2 * ROWS])}


def densities(options, seed, data, images):
    """{"p set": (N,), "p_0 set": (N,)} of one seed, from its file if it is there."""
    path = options.runs / f"ood_{options.epochs}_epochs_{seed}.npz"
    if path.exists():
        return dict(np.load(path))
    found = {}
    for name, (x, held_out) in {"p": (data.train, data.validation), "p_0": background(data)}.items():
        run = options.runs / f"ood_{name}_{options.epochs}_epochs_{seed}.run"
        flow, params = trained(run, x, held_out[:ROWS], seed, options.epochs)
        noise = np.random.default_rng(1)
        for key, rows in images.items():
            found[f"{name} {key}"] = log_prob(flow, params, rows + noise.random(rows.shape))
    np.savez(path, **found)
    return found


def background(data):
    """Perturbed images, to train and to hold out."""
    rng = np.random.default_rng(2)
    held_out = perturbed(np.floor(data.validation[:ROWS]), rng)
    return perturbed(data.train, rng), held_out + rng.random(held_out.shape)


# --- the scores and the table ---


def batches(log_p):
    return log_p[: len(log_p) // BATCH * BATCH].reshape(-1, BATCH)


SCORES = {
    "-log p": lambda p, p_0, nats, held_out: -p,
    "typicality": lambda p, p_0, nats, held_out: typicality(p, held_out),
    "10 at a time": lambda p, p_0, nats, held_out: typicality(batches(p), held_out),
    "ratio": lambda p, p_0, nats, held_out: -likelihood_ratio(p, p_0),
    "zlib": lambda p, p_0, nats, held_out: -likelihood_ratio(p, -nats),
}


def areas(found, name, images):
    """The AUROC of each score, for one seed."""
    of = {
        key: (found[f"p {key}"], found[f"p_0 {key}"], compressed_nats(images[key]), found["p validation"])
        for key in ("inside", name)
    }
    return {score: auroc(function(*of["inside"]), function(*of[name])) for score, function in SCORES.items()}


def over_seeds(estimates):
    """The mean and its error over seeds; of one seed alone the error over images."""
    return mean_and_error([one.mean for one in estimates]) if len(estimates) > 1 else estimates[0]


def table(runs, images):
    for key in ("validation", "inside"):
        print(f"{key}: -log p {over_seeds([mean_and_error(-found[f'p {key}']) for found in runs]):.1f} nats")
    errors = f"over {len(runs)} seeds" if len(runs) > 1 else "of one seed, over images"
    print(f"\nAUROC, mean and standard error {errors}\n| outside | -log p, nats | " + " | ".join(SCORES))
    largest = 0.0
    for name in [key for key in images if key not in ("validation", "inside")]:
        each = [areas(found, name, images) for found in runs]
        cells = [f"{over_seeds([one[score] for one in each]):.3f}" for score in SCORES]
        largest = max(largest, *(one[score].error for one in each for score in SCORES))
        nats = np.mean([-found[f"p {name}"].mean() for found in runs])
        print(f"| {name} | {nats:.0f} | " + " | ".join(cells), "|")
    print(f"The largest standard error of one seed's AUROC, over images (DeLong): {largest:.3f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder for the fits and their scores")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=4)
    options = parser.parse_args()
    options.runs.mkdir(parents=True, exist_ok=True)
    data = nf.data.load("mnist")
    images = sets(data)
    runs = []
    for seed in range(options.seeds):
        runs.append(densities(options, seed, data, images))
        table(runs, images)


if __name__ == "__main__":
    main()
