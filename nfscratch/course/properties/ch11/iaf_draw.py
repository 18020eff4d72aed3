"""Task 11.6, iaf_draw(eps, A, B): equation (8), and what looks at itself, at later noise, or at z."""

from __future__ import annotations

import numpy as onp

from nfscratch.course.judging.question import Question, by_part, expect
from nfscratch.course.properties.ch11.normals import log_normal, log_q_slips

EARLIER = "Which entries of eps may mu_i and sigma_i see? Write down the matrix for D = 2."
EIGHT = "Compare with (8): what is added, and what is multiplied with eps_i?"
NOISE = "What do mu and sigma depend on, in (8)?"


def values(asked, rng):
    """z, for 1, 2, 3 and 5 variables and full matrices A and B"""
    return expect(asked, *[_of(rng, D, "z") for D in (2, 3, 5, 1)])


def log_qs(asked, rng):
    """log q, against the determinant of the triangular Jacobian"""
    return expect(asked, *[_of(rng, D, "log_q") for D in (2, 3, 5, 1)])


def _drawn(eps, A, B, scale=onp.exp):
    """z and log sigma, for matrices that are used as they are."""
    s = B @ eps
    return A @ eps + scale(s) * eps, s


def _one_by_one(eps, A, B):
    """mu and sigma from z, variable after variable."""
    z, s = onp.zeros_like(eps), onp.zeros_like(eps)
    for i in range(len(eps)):
        s[i] = B[i, :i] @ z[:i]
        z[i] = A[i, :i] @ z[:i] + onp.exp(s[i]) * eps[i]
    return z, s


def _of(rng, D, judged):
    eps, A, B = rng.normal(size=D), rng.normal(size=(D, D)), 0.5 * rng.normal(size=(D, D))
    L, M = A * (onp.arange(D)[:, None] > onp.arange(D)), B * (onp.arange(D)[:, None] > onp.arange(D))
    z, s = _drawn(eps, L, M)
    base = float(log_normal(eps).sum())
    whole = [
        ("the matrices are used as they are: z_i sees itself and later noise", EARLIER, _drawn(eps, A, B)),
        ("A is used as it is: mu_i sees eps_i and later noise", EARLIER, _drawn(eps, A, M)),
        ("B is used as it is: sigma_i sees eps_i and later noise", EARLIER, _drawn(eps, L, B)),
        ("the diagonal is kept: mu_i and sigma_i see eps_i", EARLIER, _drawn(eps, onp.tril(A), onp.tril(B))),
        ("A's diagonal is kept: mu_i sees eps_i", EARLIER, _drawn(eps, onp.tril(A), M)),
        ("B's diagonal is kept: sigma_i sees eps_i", EARLIER, _drawn(eps, L, onp.tril(B))),
        ("the upper triangle is kept, not the lower one", EARLIER, _drawn(eps, onp.triu(A, 1), onp.triu(B, 1))),
        ("the upper triangle is kept, with its diagonal", EARLIER, _drawn(eps, onp.triu(A), onp.triu(B))),
        ("one diagonal too many is left out", EARLIER, _drawn(eps, onp.tril(A, -2), onp.tril(B, -2))),
        ("one diagonal too many is kept", EARLIER, _drawn(eps, onp.tril(A, 1), onp.tril(B, 1))),
        ("the triangles are transposed", EARLIER, _drawn(eps, L.T, M.T)),
        ("A and B are exchanged", "Which of them makes mu?", _drawn(eps, M, L)),
        ("A makes sigma too", "Which of them makes sigma?", _drawn(eps, L, L)),
        ("B makes mu too", "Which of them makes mu?", _drawn(eps, M, M)),
        ("mu and sigma see z, not the noise", NOISE, _one_by_one(eps, L, M)),
    ]  # fmt: skip
    slips = [t for name, hint, (at, of) in whole for t in by_part(name, hint, z=at, log_q=base - of.sum())]
    mu = L @ eps
    pairs = [
        ("mu is missing", EIGHT, onp.exp(s) * eps),
        ("sigma is missing", EIGHT, mu + eps),
        ("mu is subtracted", EIGHT, onp.exp(s) * eps - mu),
        ("eps is not multiplied with: only sigma is added", EIGHT, mu + onp.exp(s)),
        ("sigma is log sigma itself", EIGHT, mu + s * eps),
        ("sigma is 1/e^(B eps)", EIGHT, mu + onp.exp(-s) * eps),
        ("B eps is taken for the logarithm of the variance", EIGHT, mu + onp.exp(s / 2) * eps),
        ("B eps is taken for half the logarithm of sigma", EIGHT, mu + onp.exp(2 * s) * eps),
        ("mu is scaled, too", EIGHT, onp.exp(s) * (mu + eps)),
        ("it is the inverse: (eps - mu)/sigma", EIGHT, (eps - mu) * onp.exp(-s)),
        ("eps is added once more", EIGHT, eps + mu + onp.exp(s) * eps),
        ("the noise is subtracted", EIGHT, mu - onp.exp(s) * eps),
        ("eps comes back", EIGHT, eps),
    ]  # fmt: skip
    slips += [t for name, hint, value in pairs for t in by_part(name, hint, z=value)]
    slips += log_q_slips(eps, z, s)
    slips += by_part(
        "mu is summed, not log sigma", "Which entries stand on the diagonal in (8)?", log_q=base - mu.sum()
    )
    J = onp.eye(D) * onp.exp(s)[:, None] + L + eps[:, None] * onp.exp(s)[:, None] * M
    answer = {"z": z, "log_q": base - float(onp.linalg.slogdet(J)[1])}
    return Question((eps, A, B), answer, {"eps": eps, "A": A, "B": B}, slips, (judged,), size=f"D = {D}")
