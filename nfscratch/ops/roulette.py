"""Random estimates of log det (I + J) and of its derivative, from products of J with vectors.

      log det (I + J) = sum_{k>=1} (-1)^{k+1} tr(J^k) / k
    d log det (I + J) = sum_{k>=1} (-1)^{k+1} tr(J^{k-1} dJ)

A probe v with independent signs has E v v^T = I, so v^T J^k v has the mean tr(J^k) (Hutchinson 1989). A random number
of terms, n = kept + G with P(G >= j) = (1 - stop)^j, leaves the mean as it is where term k is divided by P(n >= k),
that is, multiplied by weight_k = (1 - stop)^-(k - kept) beyond `kept`: "Russian roulette".

    t = sum_{k<=n} (-1)^{k+1} weight_k v^T J^k v / k             E t = log det (I + J)                         (1)
    w = sum_{k<=n} (-1)^{k+1} weight_k (J^T)^{k-1} v             E w^T dJ v = d log det (I + J)                (2)

(2) needs the memory of one product, however large n is: only w and v meet dJ. Without roulette, n = kept for all rows,
and the means are those of the truncated series. The variance of (1) is finite where the eigenvalues of J are below
(1 - stop)^1/2 in size: 0.87 at stop = 0.25, and 0.71 at 0.5. Chen et al. 2019, arXiv:1906.02735, equations 6 to 9.
There one n serves the whole batch; here each row, and each of its probes, has its own, so that the errors of rows are
independent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import autograd.numpy as np
import numpy as onp

from nfscratch import backend


@dataclass(frozen=True)
class Probes:
    """v (P, N, *event): P probes for each of N rows. counts (P, N), on the host: the number of terms n of each."""

    v: Any
    counts: onp.ndarray
    kept: int
    stop: float

    def factor(self, k: int) -> float:
        """(-1)^{k+1} weight_k."""
        return (-1.0) ** (k + 1) * (1.0 - self.stop) ** -max(0, k - self.kept)


def draw_probes(
    rng: onp.random.Generator, like: Any, kept: int, stop: float | None = None, probes: int = 1
) -> Probes:  # fmt: skip
    """Independent draws for the rows of `like` (N, *event), in its dtype.

    stop: the chance that the series ends after each term beyond `kept`; None: it ends there.
    """
    v = 2.0 * rng.integers(0, 2, size=(probes, *like.shape)) - 1.0
    counts = onp.full((probes, len(like)), kept)
    if stop is not None:
        counts += rng.geometric(stop, size=counts.shape) - 1
    return Probes(backend.asarray(v, dtype=like.dtype, like=like), counts, kept, stop or 0.0)


def estimate(linearized: Callable, probes: Probes) -> tuple[Any, Any]:
    """(1), the mean over the probes (N,), and w / P of (2) for each of them, (P, N, *event).

    linearized(rows) -> back, with back(u) = J^T u for the first len(u) of those rows. Those with more terms come first.
    """
    P, N = probes.counts.shape
    order = onp.argsort(-probes.counts.ravel(), kind="stable")
    counts, v = probes.counts.ravel()[order], probes.v.reshape((P * N, *probes.v.shape[2:]))[order]
    back, axes = linearized(order % N), tuple(range(1, v.ndim))
    y, w, t = v, onp.zeros_like(v), onp.zeros_like(v, shape=(P * N,))
    for k in range(1, int(counts.max(initial=0)) + 1):
        m = int((counts >= k).sum())
        w[:m] += probes.factor(k) * y[:m]
        y = back(y[:m])
        t[:m] += probes.factor(k) / k * (y * v[:m]).sum(axis=axes)
    again = onp.argsort(order)
    return t[again].reshape((P, N)).mean(axis=0), w[again].reshape(probes.v.shape) / P


def traced_estimate(jvp: Callable, probes: Probes) -> Any:
    """(1) alone, for autograd. jvp(u) -> J u, of the shape of v."""
    u, axes = probes.v, tuple(range(2, probes.v.ndim))
    total = onp.zeros_like(u, shape=probes.counts.shape)  # of no rows too
    for k in range(1, int(probes.counts.max(initial=0)) + 1):
        u = jvp(u)
        factor = backend.asarray(probes.factor(k) / k * (probes.counts >= k), dtype=probes.v.dtype, like=probes.v)
        total = total + factor * np.sum(u * probes.v, axis=axes)
    return np.mean(total, axis=0)
