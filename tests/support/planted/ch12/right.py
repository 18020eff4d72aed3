"""Right bodies for the tasks of chapter 12, in other words than the chapter's."""

from planted import Planted

RIGHT = [
    Planted("12.1", "term by term", """
        share = alpha + (1 - 2 * alpha) * (y / V)
        ell = np.log(share / (1 - share))
        D = np.size(y)
        return ell, D * np.log(1 - 2 * alpha) - D * np.log(V) - np.sum(np.log(share)) - np.sum(np.log(1 - share))"""),
    Planted("12.1", "pixel by pixel", """
        ell, total = np.zeros(y.shape), 0.0
        for place in np.ndindex(*y.shape):
            s = alpha + (1 - 2 * alpha) * y[place] / V
            ell[place] = np.log(s) - np.log(1 - s)
            total += np.log((1 / s + 1 / (1 - s)) * (1 - 2 * alpha) / V)
        return ell, total"""),
    Planted("12.2", "tanh for the sigmoid, and its own log-det", """
        s = 0.5 * (1 + np.tanh(ell / 2))
        slope = V / (1 - 2 * alpha) * s * (1 - s)
        return (s - alpha) * V / (1 - 2 * alpha), np.log(slope).sum()"""),
    Planted("12.2", "in steps", """
        e = np.exp(ell)
        s = e / (1 + e)
        y = (s - alpha) / (1 - 2 * alpha) * V
        again, log_det = logit_of_levels(y, V, alpha)
        return y, 0.0 - log_det"""),
    Planted("12.3", "slices", """
        C, H, W = x.shape
        z = np.empty((4 * C, H // 2, W // 2))
        for k in range(4):
            z[k::4] = x[:, k // 2 :: 2, k % 2 :: 2]
        return z, 0"""),
    Planted("12.3", "entry by entry", """
        C, H, W = x.shape
        z = np.zeros((4 * C, H // 2, W // 2))
        for c in range(C):
            for row in range(H):
                for column in range(W):
                    z[4 * c + 2 * (row % 2) + column % 2, row // 2, column // 2] = x[c, row, column]
        return z, np.float64(0.0)"""),
    Planted("12.3", "einsum", """
        C, H, W = x.shape
        blocks = np.einsum("chiwj->cijhw", np.reshape(x, (C, H // 2, 2, W // 2, 2)))
        return blocks.reshape((-1, H // 2, W // 2)), 0.0"""),
    Planted("12.4", "slices", """
        _, from_data = near
        h, l = from_data(x)
        n = h.shape[0] // 2
        z_0, l_0 = far[1](h[:n])
        return np.append(z_0, h[n:]), l + l_0"""),
    Planted("12.4", "written into an array", """
        h, log_near = near[1](x)
        half = len(h) // 2
        inner, log_far = far[1](h[:half].copy())
        z = np.zeros(x.size)
        z[: inner.size], z[inner.size :] = inner.flatten(), h[half:].flatten()
        return z, sum([log_near, log_far])"""),
    Planted("12.5", "channel by channel", """
        C, H, W = z.shape
        x, log_det = np.empty(z.shape), 0.0
        for c in range(C):
            x[c] = z[c] * np.exp(s[c]) + t[c]
            log_det += H * W * s[c]
        return x, log_det"""),
    Planted("12.5", "einsum", """
        x = np.einsum("c,chw->chw", np.exp(s), z) + np.reshape(t, (-1, 1, 1))
        return x, np.broadcast_to(s[:, None, None], z.shape).sum()"""),
    Planted("12.5", "transposed", """
        return (z.T * np.exp(s) + t).T, np.prod(z.shape[1:]) * np.sum(s)"""),
    Planted("12.6", "three steps", """
        C, H, W = x.shape
        flat = x.reshape(C, -1)
        undone = np.empty(flat.shape)
        undone[order] = flat
        z = np.linalg.solve(U, np.linalg.solve(L, undone))
        return z.reshape(x.shape), -H * W * np.sum(np.log(np.abs(np.diag(U))))"""),
    Planted("12.6", "einsum and slogdet", """
        P = np.eye(len(order))[order]
        A = P @ L @ U
        log_det = -np.linalg.slogdet(A)[1] * x.shape[1] * x.shape[2]
        return np.einsum("ij,jhw->ihw", np.linalg.inv(A), x), log_det"""),
    Planted("12.7", "lists of neighbours", """
        C, H, W = x.shape
        r = K.shape[-1] // 2
        A = np.linalg.inv(K[:, :, r, r])
        pixels = [(h, w) for h in range(H) for w in range(W)]
        if K[:, :, r + 1 :].any() or K[:, :, r, r + 1 :].any():
            pixels.reverse()
        z = np.zeros(x.shape)
        for h, w in pixels:
            rest = x[:, h, w].copy()
            for i in range(-r, r + 1):
                for j in range(-r, r + 1):
                    if (i, j) != (0, 0) and 0 <= h + i < H and 0 <= w + j < W:
                        rest -= K[:, :, r + i, r + j] @ z[:, h + i, w + j]
            z[:, h, w] = A @ rest
        return z, H * W * np.log(abs(np.linalg.det(A)))"""),
    Planted("12.7", "the whole matrix", """
        C, H, W = x.shape
        M = conv_matrix(K, H, W)
        return np.linalg.solve(M, x.ravel()).reshape(x.shape), -np.linalg.slogdet(M)[1]"""),
]  # fmt: skip
