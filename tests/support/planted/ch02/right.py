"""Right bodies for the tasks of chapter 02, in other words than the chapter's."""

from planted import Planted

RIGHT = [
    Planted("2.1", "two loops", """
        D, k = len(s), 0
        T = np.zeros((D, D))
        for i in range(D):
            for j in range(i):
                T[i, j] = t[k]
                k += 1
            T[i, i] = np.exp(s[i])
        return T"""),
    Planted("2.1", "row by row with slices", """
        T = np.diag(np.exp(s)).astype(float)
        start = 0
        for i in range(1, len(s)):
            T[i, :i] = t[start : start + i]
            start += i
        return T"""),
    Planted("2.1", "a mask and a place", """
        D = len(s)
        T = np.zeros((D, D))
        np.place(T, np.tri(D, k=-1, dtype=bool), t) if D > 1 else None
        return T + np.eye(D) * np.exp(s)"""),
    Planted("2.2", "the whole row, with zeros", """
        z = np.zeros(len(y))
        for i, row in enumerate(T):
            z[i] = (y[i] - np.dot(row, z)) / row[i]
        return z"""),
    Planted("2.2", "column by column", """
        rest, D = np.array(y, dtype=float), len(y)
        for j in range(D):
            rest[j] /= T[j, j]
            rest[j + 1 :] -= T[j + 1 :, j] * rest[j]
        return rest"""),
    Planted("2.2", "a sum in a list", """
        z = []
        for i in range(len(y)):
            known = sum(T[i, j] * z[j] for j in range(i))
            z.append((y[i] - known) / T[i, i])
        return np.array(z)"""),
    Planted("2.2", "scipy", """
        from scipy.linalg import solve_triangular
        return solve_triangular(T, y, lower=True)"""),
    Planted("2.3", "with the matrix", """
        H = np.eye(len(u)) - 2 * np.outer(u, u)
        return H @ z"""),
    Planted("2.3", "a loop", """
        inner = 0.0
        for a, b in zip(u, z):
            inner += a * b
        return np.array([b - 2 * inner * a for a, b in zip(u, z)])"""),
    Planted("2.3", "a general vector", """
        return z - 2 * np.sum(u * z) / np.sum(u**2) * u"""),
    Planted("2.4", "unit vectors, and whole matrices", """
        D, A, found = Q.shape[0], np.array(Q), []
        for k in range(D):
            v = np.eye(D)[:, k] - A[:, k]
            length = np.linalg.norm(v)
            if length < 1e-10:
                continue
            v = v / length
            A = (np.eye(D) - 2 * np.outer(v, v)) @ A
            found.append(v)
        return found"""),
    Planted("2.4", "from the right, reversed", """
        D, A, found = len(Q), Q.copy(), []
        for k in range(D):
            v = A[k] - np.eye(D)[k]
            if np.abs(v).max() > 1e-9:
                A = A - 2 * np.outer(A @ v, v) / (v @ v)
                found.insert(0, v)
        return tuple(found)"""),
    Planted("2.4", "from the last column", """
        A, found = Q + 0.0, []
        for k in range(len(Q) - 1, -1, -1):
            v = A[:, k].copy()
            v[k] -= 1
            if np.dot(v, v) > 1e-18:
                A = A - np.outer(v, 2 * v @ A) / np.dot(v, v)
                found.append(v)
        return np.array(found).reshape(len(found), len(Q))"""),
    Planted("2.4", "rows of what is left, from the left", """
        rest, vectors = Q.copy(), []
        for k in range(len(Q)):
            v = np.eye(len(Q))[k] - rest[k]
            if v @ v > 1e-20:
                vectors.append(v)
                rest = rest - 2 * np.outer(v, v @ rest) / (v @ v)
        return vectors"""),
    Planted("2.5", "with whole matrices", """
        D = len(x)
        P, L, U = np.eye(D)[order], triangle(lower, np.zeros(D)), triangle(upper, s).T
        return np.linalg.inv(U) @ np.linalg.inv(L) @ P.T @ (x - b), -np.sum(s)"""),
    Planted("2.5", "argsort", """
        y = (x - b)[np.argsort(order)]
        y = substitute(triangle(lower, 0 * s), y)
        z = substitute(triangle(upper, s).T[::-1, ::-1], y[::-1])
        return z[::-1], -sum(s)"""),
    Planted("2.5", "loops", """
        D = len(x)
        y, z = np.zeros(D), np.zeros(D)
        for i in range(D):
            y[order[i]] = x[i] - b[i]
        L, U = triangle(lower, np.zeros(D)), triangle(upper, s).T
        for i in range(D):
            y[i] -= L[i, :i] @ y[:i]
        for i in range(D - 1, -1, -1):
            z[i] = (y[i] - U[i, i + 1 :] @ z[i + 1 :]) / np.exp(s[i])
        return z, -np.log(np.exp(s)).sum()"""),
    Planted("2.6", "with whole matrices", """
        D, Q = len(x), np.eye(len(x))
        for k in range(len(vectors)):
            u = direction(vectors[k], k)
            Q = Q @ (np.eye(D) - 2 * np.outer(u, u))
        R = triangle(upper, s).T
        return np.linalg.solve(Q @ R, x - b), -np.sum(s)"""),
    Planted("2.6", "reflections by a loop", """
        y = x - b
        for k, a in enumerate(vectors):
            y = reflect(direction(a, k), y)
        return substitute_from_below(triangle(upper, s).transpose(), y), np.sum(-s)"""),
    Planted("2.6", "b as a zero shift", """
        y, _ = householder_inverse(x - b, vectors, np.zeros(len(x)))
        z = substitute_from_below(triangle(upper, s).T, y)
        return z, -np.einsum("i->", s)"""),
    Planted("2.7", "einsum", """
        C, H, W = z.shape
        sign, log_abs = np.linalg.slogdet(A)
        return np.einsum("ij,jhw->ihw", A, z) + b[:, None, None], log_abs * H * W"""),
    Planted("2.7", "tensordot", """
        x = np.tensordot(A, z, axes=1) + b.reshape(-1, 1, 1)
        return x, np.linalg.slogdet(A)[1] * z[0].size"""),
    Planted("2.7", "one matrix of pixels", """
        C, H, W = z.shape
        pixels = z.reshape(C, H * W)
        R = np.linalg.qr(A)[1]
        return (A @ pixels + b[:, None]).reshape(C, H, W), H * W * np.log(np.abs(np.diag(R))).sum()"""),
    Planted("2.7", "a sum over pixels", """
        x, log_det = np.zeros(z.shape), 0.0
        for h in range(z.shape[1]):
            for w in range(z.shape[2]):
                for i in range(len(A)):
                    x[i, h, w] = sum(A[i, j] * z[j, h, w] for j in range(len(A))) + b[i]
        for _ in range(z.shape[1] * z.shape[2]):
            log_det += np.linalg.slogdet(A)[1]
        return x, log_det"""),
    Planted("2.8", "step by step", """
        L, U = np.eye(2), np.array(M, dtype=float)
        L[1, 0] = U[1, 0] / U[0, 0]
        U[1] -= L[1, 0] * U[0]
        U[1, 0] = 0
        return L, U"""),
    Planted("2.8", "by the determinant", """
        (a, b), (c, d) = M
        return np.array([[1, 0], [c / a, 1]]), np.array([[a, b], [0, (a * d - b * c) / a]])"""),
    Planted("2.8", "U from L", """
        L = np.array([[1.0, 0.0], [M[1, 0] / M[0, 0], 1.0]])
        return [L, np.triu(np.linalg.inv(L) @ M)]"""),
]  # fmt: skip
