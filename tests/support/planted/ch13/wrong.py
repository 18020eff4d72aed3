"""Bodies for the tasks of chapter 13 with mistakes, and their names."""

from planted import Planted

NORMALS = """
        D, M = x.shape[1], len(rows)
        log_q = {e} - {constant}
        return {q}"""
OF_NORMALS = {"e": "-0.5 * (distances(x, rows) / sd) ** 2", "constant": "D * (np.log(sd) + 0.5 * np.log(2 * np.pi))",
              "q": "np.logaddexp.reduce(log_q, axis=1) - np.log(M)"}  # fmt: skip
TEST = """
        k, N = {k}, len(k)
        m = N - n

        def T(first):
            second = np.setdiff1d(np.arange(N), first)
            aa, bb, ab = k[np.ix_(first, first)], k[np.ix_(second, second)], k[np.ix_(first, second)]
            return {T}

        given = T({given})
        values = np.array([T({draw}) for _ in range({count})])
        return given, {p}"""
OF_TEST = {"k": "k - np.diag(np.diag(k))", "T": "aa.sum() / (n * (n - 1)) + bb.sum() / (m * (m - 1)) - 2 * ab.mean()",
           "given": "np.arange(n)", "draw": "rng.permutation(N)[:n]", "count": "P",
           "p": "(1 + np.sum(values >= given - 1e-12)) / (1 + P)"}  # fmt: skip


def normals(**changed):
    return NORMALS.format(**OF_NORMALS | changed)


def divisions(**changed):
    return TEST.format(**OF_TEST | changed)


WRONG = [
    Planted("13.1", "a sum", """
        return np.sum(x), np.std(x, ddof=1) / np.sqrt(len(x))""", "it is the sum"),
    Planted("13.1", "the median", """
        return np.median(x), np.std(x, ddof=1) / np.sqrt(len(x))""", "it is the median"),
    Planted("13.1", "numpy's std", """
        return x.mean(), x.std() / np.sqrt(len(x))""", "the squares are divided by N, not by N - 1"),
    Planted("13.1", "the spread", """
        return x.mean(), x.std(ddof=1)""", "the spread of one number comes back: 1/sqrt(N) is missing"),
    Planted("13.1", "by N", """
        return x.mean(), x.std(ddof=1) / len(x)""", "it is divided by N, not by sqrt(N)"),
    Planted("13.1", "the variance", """
        return x.mean(), x.var(ddof=1) / len(x)""", "it is the square of the error: the root is missing"),
    Planted("13.1", "N - 1 twice", """
        return x.mean(), x.std(ddof=1) / np.sqrt(len(x) - 1)""", "N - 1 stands for N, too"),
    Planted("13.2", "nats", """
        return -log_p / D""", "nats come back: log 2 is missing"),
    Planted("13.2", "no D", """
        return -log_p / np.log(2)""", "it is not divided by D"),
    Planted("13.2", "sign", """
        return log_p / (D * np.log(2))""", "the sign is flipped"),
    Planted("13.2", "a missing bracket", """
        return -log_p / D * np.log(2)""", "it is multiplied by log 2, not divided"),
    Planted("13.2", "a missing bracket again", """
        return -log_p / np.log(2) * D""", "it is multiplied by D, not divided"),
    Planted("13.2", "the mean", """
        return np.mean(-log_p / (D * np.log(2)))""", "the mean of all images comes back"),
    Planted("13.3", "no root", """
        return ((a[:, None] - b) ** 2).sum(axis=2)""", "the squares of the distances come back"),
    Planted("13.3", "transposed", """
        return np.sqrt(((b[:, None] - a) ** 2).sum(axis=2))""", "it is transposed"),
    Planted("13.3", "absolute values", """
        return np.abs(a[:, None] - b).sum(axis=2)""", "the sum of the absolute values is taken"),
    Planted("13.3", "the product once", """
        return np.sqrt(np.maximum((a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - a @ b.T, 0))""",
        "the product of a and b is counted once, not twice"),
    Planted("13.3", "a mean", """
        return np.sqrt(((a[:, None] - b) ** 2).mean(axis=2))""", "the mean over the columns is taken, not the sum"),
    Planted("13.3", "rounding", """
        return np.sqrt((a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T)""", "NaN comes for a row and itself"),
    Planted("13.4", "log M forgotten", normals(q="np.logaddexp.reduce(log_q, axis=1)"), "it is the sum of the normals, not their mean: log M is missing"),
    Planted("13.4", "divided by M", normals(q="np.logaddexp.reduce(log_q, axis=1) / M"), "it is divided by M, where log M should be subtracted"),
    Planted("13.4", "the mean of logs", normals(q="log_q.mean(axis=1)"), "the logs are averaged, not the densities"),
    Planted("13.4", "the nearest", normals(q="log_q.max(axis=1) - np.log(M)"), "only the nearest row counts, divided by M"),
    Planted("13.4", "constants once", normals(constant="(np.log(sd) + 0.5 * np.log(2 * np.pi))"), "the terms without x are counted once, not D times"),
    Planted("13.4", "no 2 pi", normals(constant="D * np.log(sd)"), "the term log 2 pi is missing"),
    Planted("13.4", "no log sd", normals(constant="0.5 * D * np.log(2 * np.pi)"), "the term log sd is missing"),
    Planted("13.4", "no half", normals(e="-((distances(x, rows) / sd) ** 2)"), "the 1/2 in front of the square is missing"),
    Planted("13.4", "sd for sd^2", normals(e="-0.5 * distances(x, rows) ** 2 / sd"), "the square is divided by sd, not by sd^2"),
    Planted("13.4", "no square", normals(e="-0.5 * distances(x, rows) / sd"), "the distance is not squared"),
    Planted("13.4", "underflow", normals(q="np.log(np.exp(log_q).mean(axis=1))"),
        "the exponentials are 0 far away, and so their logarithm is not finite"),
    Planted("13.5", "with itself", """
        return 2 * distances(a, b).mean() - distances(a, a).mean() - distances(b, b).mean()""", "a row is paired with itself too"),
    Planted("13.5", "not doubled", """
        return distances(a, b).mean() - own_mean(distances(a, a)) - own_mean(distances(b, b))""",
        "the mean over pairs of one of each is not doubled"),
    Planted("13.5", "one mean forgotten", """
        return 2 * distances(a, b).mean() - own_mean(distances(a, a))""", "the second sample's own mean is missing"),
    Planted("13.5", "as in (6)", """
        return own_mean(distances(a, a)) + own_mean(distances(b, b)) - 2 * distances(a, b).mean()""", "the sign is flipped"),
    Planted("13.5", "a root", """
        E = 2 * distances(a, b).mean() - own_mean(distances(a, a)) - own_mean(distances(b, b))
        return np.sqrt(E)""", "the square root is taken"),
    Planted("13.5", "cut off", """
        E = 2 * distances(a, b).mean() - own_mean(distances(a, a)) - own_mean(distances(b, b))
        return max(E, 0.0)""", "it is cut off at 0"),
    Planted("13.5", "squares", """
        a_, b_, c = distances(a, a) ** 2, distances(b, b) ** 2, distances(a, b) ** 2
        return 2 * c.mean() - own_mean(a_) - own_mean(b_)""", "the distances are squared"),
    Planted("13.6", "not doubled", """
        return mean(kernel(a, a, h)) + mean(kernel(b, b, h)) - kernel(a, b, h).mean()""",
        "the mean over pairs of one of each is not doubled"),
    Planted("13.6", "with itself", """
        return kernel(a, a, h).mean() + kernel(b, b, h).mean() - 2 * kernel(a, b, h).mean()""", "a row is paired with itself too"),
    Planted("13.6", "own_mean always", """
        return own_mean(kernel(a, a, h)) + own_mean(kernel(b, b, h)) - 2 * kernel(a, b, h).mean()""", "`mean` is not used"),
    Planted("13.6", "a root", """
        return np.sqrt(mean(kernel(a, a, h)) + mean(kernel(b, b, h)) - 2 * kernel(a, b, h).mean())""", "the square root is taken"),
    Planted("13.6", "h^2 for 2 h^2", """
        k = lambda p, q: np.exp(-((distances(p, q) / h) ** 2))
        return mean(k(a, a)) + mean(k(b, b)) - 2 * k(a, b).mean()""", "the kernel has h^2 where 2 h^2 belongs"),
    Planted("13.6", "distances", """
        return 2 * distances(a, b).mean() - mean(distances(a, a)) - mean(distances(b, b))""",
        "it is the energy distance: -|x - y| stands for the kernel"),
    Planted("13.7", "with itself", divisions(k="k.copy()", T="aa.mean() + bb.mean() - 2 * ab.mean()"), "a row is paired with itself too"),
    Planted("13.7", "N^2 pairs", divisions(T="aa.mean() + bb.mean() - 2 * ab.mean()"), "the diagonal is left out, and still divided by N^2"),
    Planted("13.7", "not doubled", divisions(T="aa.sum() / (n * (n - 1)) + bb.sum() / (m * (m - 1)) - ab.mean()"),
        "the mean over pairs of one of each is not doubled"),
    Planted("13.7", "no ones", divisions(p="np.mean(values >= given - 1e-12)"), "neither 1 of (8) is there"),
    Planted("13.7", "one 1", divisions(p="np.sum(values >= given - 1e-12) / (1 + P)"), "the 1 above is missing"),
    Planted("13.7", "ties", divisions(p="(1 + np.sum(values > given + 1e-12)) / (1 + P)"), "ties do not count"),
    Planted("13.7", "the other tail", divisions(p="(1 + np.sum(values <= given + 1e-12)) / (1 + P)"), "it counts divisions with a smaller T"),
    Planted("13.7", "its own generator", divisions(draw="np.random.default_rng().permutation(N)[:n]"), "it does not draw from rng"),
    Planted("13.7", "the other 1", divisions(p="(1 + np.sum(values >= given - 1e-12)) / P"), "the 1 below is missing"),
    Planted("13.7", "99 always", divisions(count="99", p="(1 + np.sum(values >= given - 1e-12)) / 100"), "there are 99 divisions, whatever P says"),
    Planted("13.7", "the diagonal of k itself", """
        np.fill_diagonal(k, 0.0)
        m = len(k) - n

        def T(order):
            k_ = k[order][:, order]
            return k_[:n, :n].sum() / (n * (n - 1)) + k_[n:, n:].sum() / (m * (m - 1)) - 2 * k_[:n, n:].mean()

        given = T(np.arange(len(k)))
        return given, (1 + sum(T(rng.permutation(len(k))) >= given - 1e-12 for _ in range(P))) / (1 + P)""", "it changes its argument"),
    Planted("13.7", "the last row never moves", divisions(draw="rng.permutation(N - 1)[:n]"), "the random divisions do not have the right law"),
    Planted("13.7", "one division for all", divisions(draw="one", count="P").replace("given = T(", "one = rng.permutation(N)[:n]\n        given = T("),
        "the divisions of one test depend on each other"),
    Planted("13.7", "no division", divisions(draw="np.arange(N)[::-1][:n]"), "nothing is drawn"),
    Planted("13.7", "with replacement", divisions(draw="rng.choice(N, n)"), "the random divisions have another size than N"),
    Planted("13.8", "exchanged", """
        return np.mean(inside[:, None] > outside) + 0.5 * np.mean(inside[:, None] == outside)""", "inside and outside are exchanged"),
    Planted("13.8", "no ties", """
        return np.mean(outside[:, None] > inside)""", "ties do not count"),
    Planted("13.8", "whole ties", """
        return np.mean(outside[:, None] >= inside)""", "ties count 1, not 1/2"),
    Planted("13.8", "Gini", """
        return np.mean(outside[:, None] > inside) - np.mean(outside[:, None] < inside)""", "it is 2 AUROC - 1"),
    Planted("13.8", "always above one half", """
        area = np.mean(outside[:, None] > inside) + 0.5 * np.mean(outside[:, None] == inside)
        return max(area, 1 - area)""", "it is never below 1/2: max(A, 1 - A)"),
    Planted("13.8", "not divided", """
        return np.sum(outside[:, None] > inside) + 0.5 * np.sum(outside[:, None] == inside)""",
        "the pairs are counted, and not divided by their number"),
]  # fmt: skip
