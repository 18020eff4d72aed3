"""Right bodies in other words, for the tasks of chapter 06."""

from planted import Planted

RIGHT = [
    Planted("6.1", "symmetric names", """
        eta = 1.0 - xi
        bend = d0 + d1 - 2 * s
        denominator = s + bend * xi * eta
        numerator = s * xi * xi + d0 * xi * eta
        rise = d1 * xi**2 + 2 * s * xi * eta + d0 * eta**2
        return numerator / denominator, (s / denominator) ** 2 * rise"""),
    Planted("6.1", "by the basis of (6) and the quotient rule (7)", """
        basis = np.array([(1 - xi) ** 2, xi * (1 - xi), xi**2])
        n, q = np.array([0.0, d0, s]), np.array([s, d0 + d1, s])
        cross = np.array([n[1] * q[0] - n[0] * q[1], 2 * (n[2] * q[0] - n[0] * q[2]), n[2] * q[1] - n[1] * q[2]])
        return np.dot(n, basis) / np.dot(q, basis), s * np.dot(cross, basis) / np.dot(q, basis) ** 2"""),
    Planted("6.1", "as an array of one number", """
        t = np.asarray(xi, dtype=float)
        Q = s * (1 - 2 * t * (1 - t)) + (d0 + d1) * t * (1 - t)
        return (d0 * t * (1 - t) + s * t**2) / Q, np.square(s / Q) * (d0 * (1 - t) ** 2 + 2 * s * t * (1 - t) + d1 * t**2)"""),
    Planted("6.2", "two branches", """
        bend = d0 + d1 - 2 * s
        b = d0 - y * bend
        a = s - b
        inside = b * b + 4 * a * s * y
        inside = np.sqrt(inside) if inside > 0 else 0.0
        if b >= 0:
            return 2 * s * y / (b + inside)
        return (inside - b) / (2 * a)"""),
    Planted("6.2", "np.where and np.maximum", """
        delta = d0 + d1 - s - s
        a, b, c = s - d0 + y * delta, d0 - y * delta, -(s * y)
        root = np.sqrt(np.maximum(b * b - 4 * a * c, 0))
        with np.errstate(all="ignore"):
            return np.where(b < 0, (-b + root) / (2 * a), -2 * c / (b + root))"""),
    Planted("6.2", "the stable q of numerical recipes", """
        b = d0 - y * (d0 + d1 - 2 * s)
        a, c = s - b, -s * y
        root = max(b * b - 4 * a * c, 0) ** 0.5
        q = -(b + root) / 2 if b >= 0 else (root - b) / 2
        return c / q if b >= 0 else q / a"""),
    Planted("6.3", "a loop", """
        shares = softmax(a)
        at = [-bound]
        for share in shares[:-1]:
            at.append(at[-1] + 2 * bound * (SMALLEST + (1 - len(a) * SMALLEST) * share))
        at.append(bound)
        return np.array(at)"""),
    Planted("6.3", "cumsum with a zero in front", """
        w = 2 * bound * (SMALLEST + (1 - SMALLEST * a.size) * softmax(a))
        return np.cumsum(np.append(-bound, w))"""),
    Planted("6.3", "a triangular matrix", """
        K = len(a)
        lower = np.tril(np.ones((K + 1, K)), -1)
        e = np.exp(a - np.max(a))
        return lower @ (2 * bound * (1e-3 + (1 - K * 1e-3) * e / np.sum(e))) - bound"""),
    Planted("6.4", "np.pad", """
        shift = np.log(np.exp(1 - SMALLEST) - 1)
        return np.pad(SMALLEST + np.logaddexp(0.0, c + shift), 1, constant_values=1.0)"""),
    Planted("6.4", "in place", """
        d = np.ones(len(c) + 2)
        u = c + np.log(np.expm1(1 - SMALLEST))
        d[1:-1] = SMALLEST + np.maximum(u, 0) + np.log1p(np.exp(-abs(u)))
        return d"""),
    Planted("6.4", "a loop", """
        d = [1]
        for value in c:
            d.append(1e-3 + np.logaddexp(value + np.log(np.e ** (1 - 1e-3) - 1), 0))
        return np.array([*d, 1])"""),
    Planted("6.5", "a loop over bins", """
        area = 0.0
        for k in range(len(v) - 1):
            area += (zk[k + 1] - zk[k]) * (v[k] + v[k + 1]) / 2
        rate = [value * (zk[-1] - zk[0]) / area for value in v]
        x, k = zk[0], 0
        while k < len(v) - 2 and z > zk[k + 1]:
            x += (zk[k + 1] - zk[k]) * (rate[k] + rate[k + 1]) / 2
            k += 1
        here = rate[k] + (rate[k + 1] - rate[k]) * (z - zk[k]) / (zk[k + 1] - zk[k])
        return x + (z - zk[k]) * (rate[k] + here) / 2, np.log(here)"""),
    Planted("6.5", "np.interp and the trapezoid", """
        scaled = v * 2 * zk[-1] / np.trapezoid(v, zk)
        slope = np.interp(z, zk, scaled)
        k = bin_of(z, zk)
        heights = np.concatenate([[0], np.cumsum(np.diff(zk) * (scaled[:-1] + scaled[1:]) / 2)])
        return zk[0] + heights[k] + (z - zk[k]) * (scaled[k] + slope) / 2, np.log(slope)"""),
    Planted("6.5", "einsum", """
        w = zk[1:] - zk[:-1]
        mean = (v[1:] + v[:-1]) / 2
        factor = w.sum() / np.einsum("k,k->", w, mean)
        k = min(max(int(np.sum(z >= zk)) - 1, 0), len(w) - 1)
        xi = (z - zk[k]) / w[k]
        x = zk[0] + factor * (w[:k] @ mean[:k] + w[k] * (v[k] * xi + 0.5 * (v[k + 1] - v[k]) * xi**2))
        return x, np.log(factor * ((1 - xi) * v[k] + xi * v[k + 1]))"""),
    Planted("6.6", "a loop over bins", """
        if x < xk[0] or x > xk[-1]:
            return x, 0
        for k in range(len(xk) - 1):
            if x <= xk[k + 1]:
                break
        width, rise = zk[k + 1] - zk[k], xk[k + 1] - xk[k]
        place = rq_bin_inverse((x - xk[k]) / rise, rise / width, d[k], d[k + 1])
        _, slope = rq_bin(place, rise / width, d[k], d[k + 1])
        return zk[k] + width * place, np.log(1 / slope)"""),
    Planted("6.6", "through rq_forward", """
        if not xk[0] <= x <= xk[-1]:
            return x, 0.0
        k = bin_of(x, xk)
        s = (xk[k + 1] - xk[k]) / (zk[k + 1] - zk[k])
        z = (1 - (t := rq_bin_inverse((x - xk[k]) / (xk[k + 1] - xk[k]), s, *d[k : k + 2]))) * zk[k] + t * zk[k + 1]
        return z, -np.log(rq_bin(t, s, d[k], d[k + 1])[1])"""),
    Planted("6.6", "the identity outside by a last line", """
        inside = np.clip(x, -xk[-1], xk[-1])
        k = np.searchsorted(xk[1:-1], inside)
        w, h = np.diff(zk)[k], np.diff(xk)[k]
        xi = rq_bin_inverse((inside - xk[k]) / h, h / w, d[k], d[k + 1])
        z, l = zk[k] + w * xi, -np.log(rq_bin(xi, h / w, d[k], d[k + 1])[1])
        return (z, l) if abs(x) <= xk[-1] else (x, 0.0)"""),
    Planted("6.7", "step by step", """
        largest = 8 * 3**0.5 / 9 * b / d
        u = g + d * z
        bump = largest * c / (u * u + 1)
        slope = b - 2 * d * u * bump / (1 + u * u)
        return b * z + a + bump, np.log(slope)"""),
    Planted("6.7", "another form of the bound", """
        c_real = c * 8 * b / (3 * np.sqrt(3) * d)
        q = 1 + (d * z + g) ** 2
        return a + b * z + c_real / q, np.log(b - c_real * 2 * (d * z + g) * d * q**-2)"""),
    Planted("6.7", "log1p", """
        u, ratio = d * z + g, c * 8 * np.sqrt(3) / 9
        return a + b * z + ratio * b / d / (1 + u**2), np.log(b) + np.log1p(-2 * ratio * u / (1 + u**2) ** 2)"""),
    Planted("6.8", "by hand, with the largest taken out", """
        u = (z - mu) / s
        def lse(t):
            return np.max(t) + np.log(np.sum(np.exp(t - np.max(t))))
        low, high = -np.logaddexp(0, u), -np.logaddexp(0, -u)
        log_F, log_G = lse(log_pi + high), lse(log_pi + low)
        return log_F - log_G, lse(log_pi + high + low - np.log(s)) - log_F - log_G"""),
    Planted("6.8", "a loop", """
        F = G = rise = -np.inf
        for weight, centre, scale in zip(log_pi, mu, s):
            u = (z - centre) / scale
            up, down = u - np.logaddexp(0, u), -np.logaddexp(0, u)
            F, G = np.logaddexp(F, weight + up), np.logaddexp(G, weight + down)
            rise = np.logaddexp(rise, weight + up + down - np.log(scale))
        return F - G, rise - F - G"""),
    Planted("6.8", "scipy", """
        from scipy.special import log_expit, logsumexp
        u = (z - mu) / s
        log_F, log_1_F = logsumexp(log_pi + log_expit(u)), logsumexp(log_pi + log_expit(-u))
        return log_F - log_1_F, logsumexp(log_pi + log_expit(u) + log_expit(-u), b=1 / s) - log_F - log_1_F"""),
]  # fmt: skip
