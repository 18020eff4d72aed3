"""Task 14.6, log_gaussian(z, mean, root): against the eigenvectors of the covariance."""

from __future__ import annotations

import numpy as onp

from nfscratch.course.judging.question import Question, expect, slip

NORMAL = "Write log N(z; m, s^2) for one number. What is root then, and where does it stand?"
SIZES = ((2, 1), (3, 2), (4, 3), (1, 4))  # rows, and columns
UP = (1, -1, -1, 1)  # the sign of det root


def values(asked, rng):
    """for 1 to 4 columns, and roots of both signs that are not triangular"""
    return expect(asked, *[_of(rng, *size, up) for size, up in zip(SIZES, UP, strict=True)])


def _of(rng, N, d, up):
    root, mean = rng.normal(size=(d, d)) * 0.5 + 1.4 * onp.eye(d), rng.normal(size=d)
    root[0] *= onp.sign(onp.linalg.det(root)) * up
    z = mean + rng.normal(size=(N, d)) @ root.T
    covariance = root @ root.T
    scales, axes = onp.linalg.eigh(covariance)
    square = (((z - mean) @ axes) ** 2 / scales).sum(axis=1)
    volume, pi = 0.5 * onp.log(scales).sum(), 0.5 * d * onp.log(2 * onp.pi)

    def of(square=square, volume=volume, pi=pi):
        return -0.5 * square - volume - pi

    def squared(matrix, points=z - mean):
        return ((points @ matrix.T) ** 2).sum(axis=1)

    inverse, right = onp.linalg.inv(root), of()
    slips = [
        slip("the log-det is missing", NORMAL, log_p=of(volume=0.0)),
        slip("the log-det has the wrong sign", NORMAL, log_p=of(volume=-volume)),
        slip("the log-det is that of the covariance: it is counted twice", "What is det of root root^T?", log_p=of(volume=2 * volume)),
        slip("the log-det has a 1/2: root is not the covariance", "What is det of root root^T?", log_p=of(volume=volume / 2)),
        slip("only the diagonal of root counts in the log-det", "Is root triangular?", log_p=of(volume=onp.log(onp.abs(onp.diag(root))).sum())),
        slip("it is the determinant, not its logarithm", NORMAL, log_p=of(volume=onp.exp(volume))),
        slip("it is the determinant, not its logarithm", NORMAL, log_p=of(volume=up * onp.exp(volume))),
        slip("it is the sign of the determinant", "slogdet returns two numbers.", log_p=of(volume=up)),
        slip("the absolute value is missing", "What is log of a negative number?", log_p=right if up > 0 else onp.full(N, onp.nan)),
        slip("the term log 2 pi is missing", NORMAL, log_p=of(pi=0.0)),
        slip("the term log 2 pi is counted once, not d times", NORMAL, log_p=of(pi=pi / d)),
        slip("the term log 2 pi is counted for each row, not for each column", "How many columns has z?", log_p=of(pi=pi / d * N)),
        slip("the term log 2 pi lacks its 1/2", NORMAL, log_p=of(pi=2 * pi)),
        slip("the term log 2 pi has the wrong sign", NORMAL, log_p=of(pi=-pi)),
        slip("the 1/2 in front of the square is missing", NORMAL, log_p=of(2 * square)),
        slip("the square has the wrong sign", NORMAL, log_p=of(-square)),
        slip("the log-det and the term log 2 pi are missing", NORMAL, log_p=-0.5 * square),
        slip("root is taken transposed", "Which is the covariance: root root^T, or root^T root?", log_p=of(squared(inverse.T))),
        slip("root multiplies, where its inverse should", "Which map makes a standard normal of z - mean?", log_p=of(squared(root))),
        slip("root multiplies, where its inverse should, and is transposed", "Which map makes a standard normal of z - mean?", log_p=of(squared(root.T))),
        slip("root is left out of the square", NORMAL, log_p=of(squared(onp.eye(d)))),
        slip("the mean is not subtracted", NORMAL, log_p=of(squared(inverse, z))),
        slip("the mean is added, not subtracted", NORMAL, log_p=of(squared(inverse, z + mean))),
        slip("root is taken for the covariance in the square", "What is the covariance?", log_p=of(onp.einsum("ni,ij,nj->n", z - mean, inverse, z - mean))),
        slip("root is taken for the covariance", "What is the covariance?", log_p=of(onp.einsum("ni,ij,nj->n", z - mean, inverse, z - mean), volume / 2)),
        slip("the covariance is inverted, and then squared", "Which map makes a standard normal of z - mean?", log_p=of(squared(onp.linalg.inv(covariance)))),
        slip("the square is not squared", NORMAL, log_p=of((((z - mean) @ inverse.T)).sum(axis=1))),
        slip("the squares are averaged over the columns, not summed", NORMAL, log_p=of(square / d)),
        slip("the density comes back, not its logarithm", NORMAL, log_p=onp.exp(right)),
        slip("all rows are summed", "How many numbers are asked for?", log_p=right.sum()),
        slip("all rows are averaged", "How many numbers are asked for?", log_p=right.mean()),
        slip("there is one column of log-densities: (N, 1), not (N,)", "How many numbers are asked for?", log_p=right[:, None]),
        slip("the sign is flipped", NORMAL, log_p=-right),
    ]  # fmt: skip
    return Question(
        (z, mean, root), {"log_p": right}, {"z": z, "mean": mean, "root": root}, slips, tolerance=1e-8, size=f"d = {d}"
    )
