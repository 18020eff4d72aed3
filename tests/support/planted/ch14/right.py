"""Right bodies for the tasks of chapter 14, in other words than the chapter's."""

from planted import Planted

RIGHT = [
    Planted("14.1", "log2 of e", """
        nats = -np.array(log_p) - D * np.log(delta)
        return nats * np.log2(np.e)"""),
    Planted("14.1", "steps to the minus D", """
        return -(log_p + np.log(delta) * D) / np.log(2.0)"""),
    Planted("14.2", "fractions, and then whole numbers", """
        from fractions import Fraction
        from math import prod
        low, width = Fraction(0), Fraction(1)
        for k, symbol in enumerate(message):
            n = counts[k]
            low += width * Fraction(sum(n[:symbol]), sum(n))
            width *= Fraction(n[symbol], sum(n))
        total = prod(sum(n) for n in counts)
        return int(low * total), int(width * total), total"""),
    Planted("14.2", "from behind", """
        low, width, total = 0, 1, 1
        for place in range(len(message) - 1, -1, -1):
            n, s = counts[place], message[place]
            before = 0
            for j in range(s):
                before += n[j]
            low = before * total + n[s] * low
            width, total = n[s] * width, sum(n) * total
        return low, width, total"""),
    Planted("14.2", "as a list of lists, while", """
        low, width, total, k = 0, 1, 1, 0
        while k < len(message):
            n = sum(counts[k])
            low *= n
            low += width * sum(counts[k][: message[k]])
            total *= n
            width *= counts[k][message[k]]
            k += 1
        return [low, width, total]"""),
    Planted("14.3", "fractions", """
        from fractions import Fraction
        from math import ceil
        start, end, b = Fraction(low, total), Fraction(low + width, total), 0
        while True:
            m = ceil(start * 2**b)
            if Fraction(m + 1, 2**b) <= end:
                return m, b
            b += 1"""),
    Planted("14.3", "from above", """
        for b in range(10_000):
            m = (low + width) * 2**b // total - 1
            if m * total >= low * 2**b:
                return m, b"""),
    Planted("14.3", "doubling", """
        b, size = 0, 1
        while True:
            m = (low * size + total - 1) // total
            if (m + 1) * total <= (low + width) * size:
                break
            b, size = b + 1, 2 * size
        return (m, b)"""),
    Planted("14.4", "fractions", """
        from fractions import Fraction
        at, found = Fraction(m, 2**b), []
        for n in counts:
            total, before, k = sum(n), 0, 0
            while at * total >= before + n[k]:
                before += n[k]
                k += 1
            found.append(k)
            at = (at * total - before) / n[k]
        return found"""),
    Planted("14.4", "the interval is narrowed again", """
        low, width, total, symbols = 0, 1, 1, ()
        for n in counts:
            for k in range(len(n)):
                new = low * sum(n) + width * sum(n[:k]), width * n[k], total * sum(n)
                if new[0] * 2**b <= m * new[2] < (new[0] + new[1]) * 2**b:
                    break
            low, width, total = new
            symbols += (k,)
        return symbols"""),
    Planted("14.4", "an array", """
        at, of, found = m, 2**b, np.zeros(len(counts), dtype=int)
        for place, n in enumerate(counts):
            edges = [sum(n[:k]) for k in range(len(n) + 1)]
            found[place] = sum(at * edges[-1] >= of * edge for edge in edges[1:])
            at, of = at * edges[-1] - of * edges[found[place]], of * n[found[place]]
        return found"""),
    Planted("14.5", "a loop", """
        total = 0.0
        for z in range(len(q)):
            paid = -np.log2(likelihood[z][x]) - np.log2(prior[z])
            total += q[z] * (paid + np.log2(q[z]))
        return total"""),
    Planted("14.5", "minus the ELBO", """
        elbo = np.sum(q * (np.log(likelihood[:, x] * prior) - np.log(q)))
        return -elbo / np.log(2)"""),
    Planted("14.5", "the evidence and a KL", """
        joint = prior * likelihood[:, x]
        evidence = np.sum(joint)
        return -np.log2(evidence) + np.einsum("k,k->", q, np.log2(q * evidence / joint))"""),
    Planted("14.6", "scipy", """
        from scipy.stats import multivariate_normal
        return np.atleast_1d(multivariate_normal(mean, root @ root.T).logpdf(z))"""),
    Planted("14.6", "the covariance", """
        C, d = root @ root.T, len(mean)
        inverse = np.linalg.inv(C)
        square = np.einsum("ni,ij,nj->n", z - mean, inverse, z - mean)
        return -0.5 * (square + np.log(np.linalg.det(C)) + d * np.log(2 * np.pi))"""),
    Planted("14.6", "row by row", """
        R, found = np.linalg.inv(root), []
        for row in z:
            e = R @ (row - mean)
            found.append(-0.5 * e @ e + np.linalg.slogdet(R)[1] - len(mean) / 2 * np.log(2 * np.pi))
        return np.array(found)"""),
    Planted("14.7", "a diagonal matrix", """
        A, B, C = theta
        return A + B @ np.diag(1 / np.cosh(C @ x) ** 2) @ C"""),
    Planted("14.7", "einsum", """
        slopes = 1 - np.square(np.tanh(np.einsum("kj,j->k", theta[2], x)))
        return theta[0] + np.einsum("ik,k,kj->ij", theta[1], slopes, theta[2])"""),
    Planted("14.7", "entry by entry", """
        A, B, C = theta
        D = len(x)
        t = np.tanh(C @ x)
        J = np.zeros((D, D))
        for i in range(D):
            for j in range(D):
                J[i, j] = A[i, j] + sum(B[i, k] * (1 - t[k] * t[k]) * C[k, j] for k in range(D))
        return J"""),
    Planted("14.8", "the product rule", """
        w = inverse @ v
        A, B, C = theta
        t = np.tanh(C @ x)
        s, along = 1 - t**2, C @ w
        of_C = (B.T @ v)[:, None] * (np.outer(s, w) - np.outer(2 * t * s * along, x))
        return np.concatenate([np.outer(v, w).ravel(), np.outer(v, s * along).ravel(), of_C.ravel()])"""),
    Planted("14.8", "a named function, and the shape of theta", """
        w = np.linalg.solve(free_jacobian(theta, x), v)

        def product(parameters):
            return np.sum(v * (free_jacobian(parameters, x) @ w))

        return gradient(product, theta).reshape(theta.shape)"""),
]  # fmt: skip
