"""Two samples, and a classifier that tries to tell them apart: by the nearest of the rows that it knows.

It knows every second row, and is scored on the others. Half right means that it sees no difference.
"""

import numpy as np


def layer(rng):
    def accuracy(a, b):
        points = np.concatenate([a, b])
        labels = np.repeat([0, 1], [len(a), len(b)])
        known, asked = np.arange(len(points)) % 2 == 0, np.arange(len(points)) % 2 == 1
        distances = ((points[asked][:, None] - points[known]) ** 2).sum(axis=2)
        guesses = labels[known][distances.argmin(axis=1)]
        return np.mean(guesses == labels[asked])

    return accuracy
