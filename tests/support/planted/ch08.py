"""Bodies for the tasks of chapter 08: mistakes with their names. ch08_right.py has the right ones."""

from planted import Planted
from planted.ch08_right import RIGHT

__all__ = ["RIGHT", "WRONG"]

STEPS = """
        for _ in range({0}):
            u = W @ v / np.linalg.norm(W @ v)
            v = W.T @ u{1}
        return {2}"""
LENGTH = " / np.linalg.norm(W.T @ u)"
SIGMAS = """
        W1, b1, W2, b2 = weights
        s1, s2 = (power_iteration(W, np.ones(W.shape[1]), steps)[0] for W in (W1, W2))"""
F = """
        f, J = network(weights, z)"""
ITERATION = """
        z = x
        for _ in range(steps):
            step = x - network(weights, z)[0] - z
            if np.abs(step).max() <= tolerance * max(1.0, np.abs(x).max()):
                return z, {0}
            z = z + step
        raise ValueError("not reached")"""
SERIES = """
        power, total = {0}, 0.0
        for k in range(1, {1}):
            power = power @ J
            total += {2} * np.trace(power)
        return total"""
PROBE = """
        v = {0}
        return v @ A @ v{1}"""
ROULETTE = """
        v = {signs}
        y, t, w = v, 0.0, np.zeros(len(J))
        for k in range(1, {terms}):
            r = {r}
            w = w + {of_w}
            y = {step}
            t += {of_t} * (y @ v)
        return t, w, v"""
PARTS = {"signs": "rng.choice([-1.0, 1.0], len(J))", "terms": "m + rng.geometric(p)", "of_w": "r * y", "of_t": "r / k",
         "r": "(-1.0) ** (k + 1) * (1 - p) ** -max(0, k - m)", "step": "J.T @ y"}  # fmt: skip


def roulette(**changed):
    return ROULETTE.format(**PARTS | changed)


VARIANCE = """
        k = np.arange(1, terms + 1)
        a, r = {a}, {r}
        later = np.concatenate([np.cumsum(a[::-1])[::-1][1:], [0.0]])
        return {total}"""
SUMS = {"a": "-((-eigenvalue) ** k) / k", "r": "(1 - p) ** -np.maximum(0.0, k - m)",
        "total": "(a**2 * (r - 1)).sum() + 2 * (a * (r - 1) * later).sum()"}  # fmt: skip


def variance(**changed):
    return VARIANCE.format(**SUMS | changed)


WRONG = [
    Planted("8.1", "one step fewer", STEPS.format("steps - 1", LENGTH, "np.linalg.norm(W @ v), v / np.linalg.norm(v)"),
        "v is that of the step before"),
    Planted("8.1", "v is not divided", STEPS.format("steps", "", "np.sqrt(v @ v), v"), "v has not the length 1"),
    Planted("8.1", "the square", STEPS.format("steps", LENGTH, "(u @ W @ v) ** 2, v"), "it is the square of sigma"),
    Planted("8.1", "the norm of all entries", STEPS.format("steps", LENGTH, "np.linalg.norm(W), v"),
        "it is the norm of all entries, not the largest singular value"),
    Planted("8.1", "u", STEPS.format("steps", LENGTH, "u @ W @ v, u"), "u comes back, not v"),
    Planted("8.1", "the last step again and again", """
        for _ in range(steps):
            u = W @ v
            v = W.T @ u
        return u @ W @ v, v""", "v is wrong"),
    Planted("8.2", "L for each", SIGMAS + """
        return W1 / max(1, s1 / L), b1, W2 / max(1, s2 / L), b2""", "each matrix gets the constant L, not sqrt(L)"),
    Planted("8.2", "always divided", SIGMAS + """
        return W1 * np.sqrt(L) / s1, b1, W2 * np.sqrt(L) / s2, b2""", "matrices that are small enough are changed too"),
    Planted("8.2", "to the constant 1", SIGMAS + """
        return W1 / max(1, s1), b1, W2 / max(1, s2), b2""", "each matrix gets the constant 1"),
    Planted("8.2", "one factor", SIGMAS + """
        c = max(1, s1 / np.sqrt(L), s2 / np.sqrt(L))
        return W1 / c, b1, W2 / c, b2""", "the larger factor divides both matrices"),
    Planted("8.2", "offsets too", SIGMAS + """
        c1, c2 = max(1, s1 / np.sqrt(L)), max(1, s2 / np.sqrt(L))
        return W1 / c1, b1 / c1, W2 / c2, b2 / c2""", "the offsets are divided too"),
    Planted("8.2", "the norm of all entries", """
        W1, b1, W2, b2 = weights
        c1, c2 = (max(1, np.linalg.norm(W) / np.sqrt(L)) for W in (W1, W2))
        return W1 / c1, b1, W2 / c2, b2""", "the norm of all entries is taken, not the largest singular value"),
    Planted("8.3", "F alone", F + """
        return f, np.linalg.slogdet(np.eye(len(z)) + J)[1]""", "z is not added"),
    Planted("8.3", "no I", F + """
        return z + f, np.linalg.slogdet(J)[1]""", "it is the determinant of J_F, without the I"),
    Planted("8.3", "the trace", F + """
        return z + f, np.trace(J)""", "it is the trace of J_F: the series (8) after one term"),
    Planted("8.3", "the diagonal", F + """
        return z + f, np.log(1 + np.diag(J)).sum()""", "only the diagonal is counted"),
    Planted("8.3", "1 everywhere", F + """
        return z + f, np.linalg.slogdet(1 + J)[1]""", "1 is added to every entry of J_F"),
    Planted("8.3", "the sign of slogdet", F + """
        return z + f, np.linalg.slogdet(np.eye(len(z)) + J)[0]""", "it is the sign of the determinant"),
    Planted("8.3", "no logarithm", F + """
        return z + f, np.linalg.det(np.eye(len(z)) + J)""", "it is det, not its logarithm"),
    Planted("8.4", "one step", """
        z = x - network(weights, x)[0]
        return z, -residual_forward(z, weights)[1]""", "it takes one step"),
    Planted("8.4", "a hundred steps", """
        z = x
        for _ in range(100):
            z = x - network(weights, z)[0]
        return z, -residual_forward(z, weights)[1]""", "its iteration stops before it has converged"),
    Planted("8.4", "no refusal", """
        z = x
        for _ in range(steps):
            z = x - network(weights, z)[0]
        return z, -residual_forward(z, weights)[1]""", "it gives an answer where there is none"),
    Planted("8.4", "the sign of the log-det", ITERATION.format("residual_forward(z, weights)[1]"),
        "the inverse's log_det is not negated"),
    Planted("8.4", "the log-det at x", ITERATION.format("-residual_forward(x, weights)[1]"),
        "it is taken at x, not at the z that was found"),
    Planted("8.4", "F added", """
        z = x
        for _ in range(500):
            z = x + network(weights, z)[0]
        return z, -residual_forward(z, weights)[1]""", "F is added in (3), not subtracted"),
    Planted("8.4", "forward", """
        z, log_det = residual_forward(x, weights)
        return z, -log_det""", "it applies forward"),
    Planted("8.5", "no sign", SERIES.format("np.eye(len(J))", "n + 1", "1 / k"), "the power series forgets its alternating sign"),
    Planted("8.5", "no 1/k", SERIES.format("np.eye(len(J))", "n + 1", "(-1) ** (k + 1)"), "the factor 1/k is missing"),
    Planted("8.5", "n - 1 terms", SERIES.format("np.eye(len(J))", "n", "(-1) ** (k + 1) / k"), "the last term is missing"),
    Planted("8.5", "the first sign", SERIES.format("np.eye(len(J))", "n + 1", "(-1) ** k / k"), "every sign is flipped"),
    Planted("8.5", "from J", SERIES.format("J", "n + 1", "(-1) ** (k + 1) / k"), "the powers start at J^2"),
    Planted("8.5", "entries to powers", """
        return sum((-1) ** (k + 1) / k * np.trace(J**k) for k in range(1, n + 1))""",
        "the entries are raised to powers, not the matrix"),
    Planted("8.5", "the power of the trace", """
        return sum((-1) ** (k + 1) / k * np.trace(J) ** k for k in range(1, n + 1))""",
        "it is the power of the trace, not the trace of the power"),
    Planted("8.6", "normal numbers", PROBE.format("rng.normal(size=len(A))", ""), "the entries of v are not all +1 or -1"),
    Planted("8.6", "zeros and ones", PROBE.format("rng.integers(0, 2, size=len(A))", ""), "the entries of v are not all +1 or -1"),
    Planted("8.6", "one sign", PROBE.format("rng.choice([-1.0, 1.0]) * np.ones(len(A))", ""), "all entries of v have the same sign, in every draw"),
    Planted("8.6", "divided by D", PROBE.format("rng.choice([-1.0, 1.0], len(A))", " / len(A)"), "it is divided by D"),
    Planted("8.6", "another generator", PROBE.format("np.random.default_rng().choice([-1.0, 1.0], len(A))", ""),
        "it does not draw from rng"),
    Planted("8.6", "no draw", """
        return np.trace(A)""", "it is the trace itself"),
    Planted("8.6", "A v", """
        v = rng.choice([-1.0, 1.0], len(A))
        return A @ v""", "estimate must be a single number"),
    Planted("8.7", "no weights", roulette(r="(-1.0) ** (k + 1)"), "the terms are not divided by P(n >= k)"),
    Planted("8.7", "multiplied", roulette(r="(-1.0) ** (k + 1) * (1 - p) ** max(0, k - m)"),
        "the terms are multiplied by P(n >= k), not divided"),
    Planted("8.7", "weights from the start", roulette(r="(-1.0) ** (k + 1) * (1 - p) ** -(k - 1.0)"),
        "the weights start after the first term, not after m terms"),
    Planted("8.7", "no sign", roulette(r="(1 - p) ** -max(0.0, k - m)"), "the power series forgets its alternating sign"),
    Planted("8.7", "no 1/k", roulette(of_t="r"), "the factor 1/k is missing in t"),
    Planted("8.7", "1/k in w", roulette(of_w="r / k * y"), "w has the factor 1/k, which cancels in (13)"),
    Planted("8.7", "J, not its transpose", roulette(step="J @ y"), "w is computed with J, not with its transpose"),
    Planted("8.7", "one term too many", roulette(terms="m + 1 + rng.geometric(p)"), "it takes one term too many for sure"),
    Planted("8.7", "one term too few", roulette(terms="m - 1 + rng.geometric(p)"), "it stops before m terms"),
    Planted("8.7", "1 - p", roulette(terms="m + rng.geometric(1 - p)"), "it stops with probability 1 - p, not p"),
    Planted("8.7", "a fixed number of terms", roulette(terms="m + 4"), "the number of terms is not random"),
    Planted("8.7", "w and v exchanged", roulette().replace("t, w, v", "t, v, w"), "w and v are exchanged"),
    Planted("8.7", "normal probes", roulette(signs="rng.normal(size=len(J))"), "the entries of v are not all +1 or -1"),
    Planted("8.8", "no double sum", variance(total="(a**2 * (r - 1)).sum()"), "the double sum is missing"),
    Planted("8.8", "not doubled", variance(total="(a**2 * (r - 1)).sum() + (a * (r - 1) * later).sum()"),
        "the double sum is not doubled"),
    Planted("8.8", "r_k", variance(total="(a**2 * (r - 1)).sum() + 2 * (a * (r - 1) * np.append(0, np.cumsum(a)[:-1])).sum()"),
        "the double sum has r_k where r_j belongs"),
    Planted("8.8", "no minus one", variance(total="(a**2 * r).sum() + 2 * (a * r * later).sum()"), "1 is not subtracted from r"),
    Planted("8.8", "no sign", variance(a="eigenvalue**k / k"), "the terms have no alternating sign"),
    Planted("8.8", "weights from the start", variance(r="(1 - p) ** -(k - 1.0)"),
        "the weights start at the first term, not after m terms"),
    Planted("8.8", "the deviation", variance(total="np.sqrt(" + SUMS["total"] + ")"), "it is the standard deviation"),
]  # fmt: skip
