"""Right bodies for the tasks of chapter 13, in other words than the chapter's."""

from planted import Planted

RIGHT = [
    Planted("13.1", "a loop", """
        total = 0.0
        for value in x:
            total += value
        mean = total / len(x)
        squares = sum((value - mean) ** 2 for value in x)
        return mean, np.sqrt(squares / (len(x) - 1)) / np.sqrt(len(x))"""),
    Planted("13.1", "the variance of N", """
        n = x.size
        return x.mean(), np.sqrt(x.var() / (n - 1))"""),
    Planted("13.1", "scipy", """
        from scipy import stats
        return np.average(x), stats.sem(x)"""),
    Planted("13.2", "log2 of e", """
        return -log_p * np.log2(np.e) / D"""),
    Planted("13.2", "nats first", """
        nats = np.negative(np.divide(log_p, D))
        return nats / np.log(2.0)"""),
    Planted("13.3", "broadcast", """
        return np.sqrt(((a[:, None, :] - b[None, :, :]) ** 2).sum(axis=-1))"""),
    Planted("13.3", "two loops", """
        d = np.zeros((a.shape[0], b.shape[0]))
        for i in range(len(a)):
            for j in range(len(b)):
                d[i, j] = np.linalg.norm(a[i] - b[j])
        return d"""),
    Planted("13.3", "einsum, clipped", """
        squares = np.einsum("id,id->i", a, a)[:, None] - 2 * np.einsum("id,jd->ij", a, b) + np.einsum("jd,jd->j", b, b)
        return np.clip(squares, 0, None) ** 0.5"""),
    Planted("13.3", "scipy", """
        from scipy.spatial.distance import cdist
        return cdist(a, b)"""),
    Planted("13.4", "row by row", """
        M, D = rows.shape
        found = []
        for point in x:
            e = np.array([-np.sum((point - r) ** 2) / (2 * sd**2) for r in rows])
            top = e.max()
            found.append(top + np.log(np.mean(np.exp(e - top))) - 0.5 * D * np.log(2 * np.pi * sd**2))
        return np.array(found)"""),
    Planted("13.4", "by log_normal and logsumexp", """
        from scipy.special import logsumexp
        return logsumexp(log_normal(x[:, None], rows, sd), axis=1, b=1 / len(rows))"""),
    Planted("13.5", "loops", """
        n, m = len(a), len(b)
        norm = np.linalg.norm
        between = sum(norm(p - q) for p in a for q in b) / (n * m)
        in_a = sum(norm(a[i] - a[j]) for i in range(n) for j in range(i)) / (n * (n - 1) / 2)
        in_b = sum(norm(b[i] - b[j]) for i in range(m) for j in range(i)) / (m * (m - 1) / 2)
        return 2 * between - in_a - in_b"""),
    Planted("13.5", "factors", """
        n, m = len(a), len(b)
        within = distances(a, a).mean() * n / (n - 1) + distances(b, b).mean() * m / (m - 1)
        return 2 * np.mean(distances(a, b)) - within"""),
    Planted("13.6", "terms by name", """
        inside_a, inside_b = mean(kernel(a, a, h)), mean(kernel(b, b, h))
        between = np.average(kernel(a, b, h))
        return inside_a - 2 * between + inside_b"""),
    Planted("13.6", "its own kernel", """
        def k(p, q):
            return np.exp(-((p[:, None] - q) ** 2).sum(axis=2) / (2 * h * h))

        return sum(mean(k(s, s)) for s in (a, b)) - 2 * k(b, a).mean()"""),
    Planted("13.7", "submatrices", """
        def T(first, second):
            aa, bb, ab = k[np.ix_(first, first)], k[np.ix_(second, second)], k[np.ix_(first, second)]
            return own_mean(aa) + own_mean(bb) - 2 * ab.mean()

        N = len(k)
        given, reached = T(np.arange(n), np.arange(n, N)), 0
        for _ in range(P):
            order = rng.permutation(N)
            reached += T(order[:n], order[n:]) >= given - 1e-12
        return given, (reached + 1) / (P + 1)"""),
    Planted("13.7", "the rows are shuffled", """
        def T(k):
            m = len(k) - n
            aa, bb = k[:n, :n], k[n:, n:]
            a = (aa.sum() - np.trace(aa)) / (n * (n - 1))
            b = (bb.sum() - np.trace(bb)) / (m * (m - 1))
            return a + b - 2 * np.mean(k[:n, n:])

        values = [T(k)]
        for _ in range(P):
            shuffled = rng.permutation(len(k))
            values.append(T(k[shuffled][:, shuffled]))
        return values[0], np.mean(np.array(values) >= values[0] - 1e-10)"""),
    Planted("13.8", "two loops", """
        total = 0.0
        for o in outside:
            for i in inside:
                total += 1.0 if o > i else 0.5 if o == i else 0.0
        return total / (len(inside) * len(outside))"""),
    Planted("13.8", "signs", """
        return 0.5 + 0.5 * np.sign(np.subtract.outer(outside, inside)).mean()"""),
    Planted("13.8", "ranks", """
        from scipy.stats import rankdata
        ranks, m = rankdata(np.concatenate([outside, inside])), len(outside)
        return (ranks[:m].sum() - m * (m + 1) / 2) / (m * len(inside))"""),
    Planted("13.8", "searchsorted", """
        sorted_ = np.sort(inside)
        below = np.searchsorted(sorted_, outside, "left") + np.searchsorted(sorted_, outside, "right")
        return below.mean() / 2 / len(inside)"""),
]  # fmt: skip
