"""Right bodies in other words, for the tasks of chapter 08."""

from planted import Planted

RIGHT = [
    Planted("8.1", "by W^T W", """
        for _ in range(steps):
            v = W.T @ (W @ v)
            v = v / np.sqrt(v @ v)
        return np.linalg.norm(W @ v), v"""),
    Planted("8.1", "einsum", """
        for _ in range(steps):
            u = np.einsum("ij,j->i", W, v)
            u = u / np.sqrt(np.einsum("i,i->", u, u))
            v = np.einsum("ij,i->j", W, u)
            sigma = np.sqrt(np.sum(v**2))
            v = v / sigma
        return sigma, v"""),
    Planted("8.1", "sigma from the vectors of one step", """
        def unit(a):
            return a / np.linalg.norm(a)

        v, k = unit(v), 0
        while k < steps:
            u = unit(W @ v)
            sigma = float(u.T @ W @ v)
            v, k = unit(W.T @ u), k + 1
        return sigma, v"""),
    Planted("8.2", "numpy's norm", """
        W1, b1, W2, b2 = weights
        share = L**0.5
        W1, W2 = (W / np.maximum(1, np.linalg.norm(W, 2) / share) for W in (W1, W2))
        return W1, b1, W2, b2"""),
    Planted("8.2", "if instead of max", """
        result = list(weights)
        for k in (0, 2):
            sigma, _ = power_iteration(result[k], np.ones(result[k].shape[1]), steps)
            if sigma > np.sqrt(L):
                result[k] = result[k] * (np.sqrt(L) / sigma)
        return result"""),
    Planted("8.2", "singular values", """
        W1, b1, W2, b2 = weights
        sigmas = [np.linalg.svd(W)[1].max() for W in (W1, W2)]
        c1, c2 = np.clip(np.array(sigmas) / L ** (1 / 2), 1, None)
        return (W1 / c1, b1, W2 / c2, b2)"""),
    Planted("8.3", "det and log", """
        f, J = network(weights, z)
        return f + z, np.log(np.linalg.det(J + np.identity(len(z))))"""),
    Planted("8.3", "eigenvalues", """
        f, J = network(weights, z)
        x = np.array([a + b for a, b in zip(z, f)])
        return x, float(np.sum(np.log(np.abs(1 + np.linalg.eigvals(J)))))"""),
    Planted("8.3", "singular values, with its own network", """
        W1, b1, W2, b2 = weights
        h = np.tanh(W1 @ z + b1)
        J = np.einsum("ik,k,kj->ij", W2, 1 - h * h, W1) + np.eye(len(z))
        return z + W2 @ h + b2, np.log(np.linalg.svd(J, compute_uv=False)).sum()"""),
    Planted("8.4", "while", """
        guess, count = np.zeros(len(x)), 0
        residual = x - guess - network(weights, guess)[0]
        while np.max(np.abs(residual)) > tolerance * max(1, np.max(np.abs(x))):
            if count == steps:
                raise ValueError("too few steps")
            guess, count = guess + residual, count + 1
            residual = x - guess - network(weights, guess)[0]
        return guess, -np.linalg.slogdet(np.eye(len(x)) + network(weights, guess)[1])[1]"""),
    Planted("8.4", "all steps, then the residual", """
        z = np.array(x)
        for _ in range(steps):
            z = x - network(weights, z)[0]
        if not np.allclose(z + network(weights, z)[0], x, rtol=0, atol=10 * tolerance * max(1, abs(x).max())):
            raise ValueError("not reached")
        return z, -residual_forward(z, weights)[1]"""),
    Planted("8.4", "successive guesses are compared", """
        old = x
        for k in range(steps):
            new = x - network(weights, old)[0]
            if np.linalg.norm(new - old, np.inf) <= tolerance * max(1.0, np.linalg.norm(x, np.inf)):
                x_again, log_det = residual_forward(new, weights)
                return new, 0.0 - log_det
            old = new
        raise ValueError(f"no answer after {steps} steps")"""),
    Planted("8.4", "Newton", """
        z = x.copy()
        for _ in range(min(steps, 60)):
            f, J = network(weights, z)
            residual = x - z - f
            if np.abs(residual).max() < max(tolerance, 1e-13) * max(1, np.abs(x).max()):
                return z, -residual_forward(z, weights)[1]
            z = z + np.linalg.solve(np.eye(len(z)) + J, residual)
        raise ValueError("not reached")"""),
    Planted("8.5", "matrix_power", """
        return sum((-1) ** (k + 1) / k * np.trace(np.linalg.matrix_power(J, k)) for k in range(1, n + 1))"""),
    Planted("8.5", "eigenvalues", """
        l = np.linalg.eigvals(J)
        return float(np.sum([-((-l) ** k) / k for k in range(1, n + 1)]).real)"""),
    Planted("8.5", "minus J", """
        total, power = 0.0, np.eye(len(J))
        for k in range(n):
            power = -J @ power
            total -= np.einsum("ii->", power) / (k + 1)
        return total"""),
    Planted("8.6", "integers", """
        v = 2 * rng.integers(0, 2, size=len(A)) - 1
        return np.einsum("i,ij,j->", v, A, v)"""),
    Planted("8.6", "the sign of normal numbers", """
        v = np.sign(rng.standard_normal(A.shape[0]))
        return float(np.dot(v, np.dot(A, v)))"""),
    Planted("8.6", "a loop", """
        v = [1 if rng.random() < 0.5 else -1 for _ in A]
        return sum(v[i] * A[i, j] * v[j] for i in range(len(v)) for j in range(len(v)))"""),
    Planted("8.7", "a while loop, and n from coin throws", """
        n = m
        while rng.random() >= p:
            n += 1
        v = np.where(rng.random(len(J)) < 0.5, -1.0, 1.0)
        y, w, t = v.copy(), 0 * v, 0.0
        for k in range(1, n + 1):
            reach = 1.0 if k <= m else (1 - p) ** (k - m)
            w += (-1) ** (k + 1) * y / reach
            y = y @ J
            t += (-1) ** (k + 1) * np.dot(y, v) / k / reach
        return t, w, v"""),
    Planted("8.7", "powers of the matrix", """
        v, n = rng.choice([-1, 1], size=len(J)), m - 1 + int(rng.geometric(p))
        r = [(1 - p) ** -max(0, k - m) for k in range(1, n + 1)]
        t = sum(-((-1) ** k) * r[k - 1] * (v @ np.linalg.matrix_power(J, k) @ v) / k for k in range(1, n + 1))
        w = sum(-((-1) ** k) * r[k - 1] * (np.linalg.matrix_power(J.T, k - 1) @ v) for k in range(1, n + 1))
        return float(t), np.asarray(w), v"""),
    Planted("8.7", "as it is said: stop before each further term", """
        v = rng.integers(2, size=J.shape[0]) * 2.0 - 1
        t, w, k, weight, y = 0.0, np.zeros_like(v), 1, 1.0, v
        while True:
            w = w + weight * y
            y = J.T @ y
            t = t + weight / k * (v @ y)
            if k >= m:
                if rng.uniform() < p:
                    return t, w, v
                weight = weight / (1 - p)
            weight, k = -weight, k + 1"""),
    Planted("8.8", "two loops", """
        l = eigenvalue
        a = [(-1) ** (k + 1) * l**k / k for k in range(1, 121)]
        r = [1 / (1 - p) ** max(0, k - m) for k in range(1, 121)]
        total = 0.0
        for k in range(120):
            total += a[k] ** 2 * (r[k] - 1)
            for j in range(k):
                total += 2 * a[j] * a[k] * (r[j] - 1)
        return total"""),
    Planted("8.8", "a matrix of covariances", """
        k = np.arange(1.0, terms + 1)
        a, r = (-1) ** (k + 1) * eigenvalue**k / k, (1 - p) ** -np.clip(k - m, 0, None)
        return a @ (np.minimum(r[:, None], r[None, :]) - 1) @ a"""),
    Planted("8.8", "as the variance of the draws", """
        k = np.arange(1, terms + 1)
        t = np.cumsum(-((-eigenvalue) ** k) / k * (1 - p) ** -np.maximum(0.0, k - m))[m - 1 :]
        q = p * (1 - p) ** np.arange(len(t))
        return np.sum(q * t**2) - np.sum(q * t) ** 2"""),
]  # fmt: skip
