"""Right bodies for the tasks of chapter 03, in other words than the chapter's."""

from planted import Planted

RIGHT = [
    Planted("3.1", "a loop", """
        a = b
        for i in range(len(z)):
            a = a + w[i] * z[i]
        x = np.array([z[i] + u[i] * np.tanh(a) for i in range(len(z))])
        return x, np.log(np.abs(1 + sum(w * u) / np.cosh(a) ** 2))"""),
    Planted("3.1", "the determinant itself", """
        a = np.dot(w, z) + b
        J = np.eye(len(z)) + (1 - np.tanh(a) ** 2) * np.outer(u, w)
        return z + np.tanh(a) * u, np.linalg.slogdet(J)[1]"""),
    Planted("3.1", "einsum", """
        a = np.einsum("i,i->", w, z) + b
        h = 2 / (1 + np.exp(-2 * a)) - 1
        return z + h * u, 0.5 * np.log((1 + (1 - h * h) * np.einsum("i,i->", w, u)) ** 2)"""),
    Planted("3.2", "a softplus by cases", """
        a = sum(w * u)
        softplus = a + np.log1p(np.exp(-a)) if a > 0 else np.log1p(np.exp(a))
        return u + w * (margin - 1 + softplus - a) / np.sum(w**2)"""),
    Planted("3.2", "the part along w exchanged", """
        squared = np.linalg.norm(w) ** 2
        a = np.dot(w, u)
        across = u - a / squared * w
        m = np.logaddexp(a, 0.0) - 1 + margin
        return across + m / squared * w"""),
    Planted("3.2", "with unit vectors", """
        length = np.sqrt(w @ w)
        e = w / length
        a = length * (e @ u)
        return u + (np.logaddexp(0, a) - (1 - margin) - a) / length * e"""),
    Planted("3.3", "by beta", """
        beta = gamma - alpha
        r = np.linalg.norm(z - centre)
        h = 1 / (alpha + r)
        x = z + beta * h * (z - centre)
        return x, (len(z) - 1) * np.log(1 + beta * h) + np.log(1 + beta * h - beta * r * h**2)"""),
    Planted("3.3", "logarithms apart", """
        d = z - centre
        r = np.sqrt(np.sum(d**2))
        top, bottom = np.log(gamma + r), np.log(alpha + r)
        log_det = (len(z) - 1) * (top - bottom) + np.log(r * r + 2 * alpha * r + alpha * gamma) - 2 * bottom
        return d * (gamma + r) / (alpha + r) + centre, float(log_det)"""),
    Planted("3.3", "the determinant itself", """
        d = z - centre
        r = np.linalg.norm(d)
        f, slope = (gamma + r) / (alpha + r), (alpha - gamma) / (alpha + r) ** 2
        rank_one = slope * np.outer(d, d) / r if r > 0 else 0.0
        return centre + f * d, np.linalg.slogdet(f * np.eye(len(z)) + rank_one)[1]"""),
    Planted("3.4", "both forms by the sign of B", """
        d = x - centre
        far = np.linalg.norm(d)
        B = gamma - far
        q = np.abs(B) + np.sqrt(B * B + 4 * alpha * far)
        r = 2 * alpha * far / q if B >= 0 else q / 2
        z = centre + d * ((alpha + r) / (gamma + r))
        _, log_det = radial_forward(z, centre, alpha, gamma)
        return z, -log_det"""),
    Planted("3.4", "hypot", """
        d = x - centre
        far = np.sqrt(np.sum(d**2))
        half = (gamma - far) / 2
        root = np.hypot(half, np.sqrt(alpha * far))
        r = alpha * far / (half + root) if half > 0 else root - half
        z = centre + (alpha + r) / (gamma + r) * d
        D = len(x)
        slope = (r**2 + 2 * alpha * r + alpha * gamma) / (alpha + r) ** 2
        return z, (1 - D) * np.log((gamma + r) / (alpha + r)) - np.log(slope)"""),
    Planted("3.4", "np.where", """
        d, far = x - centre, np.linalg.norm(x - centre)
        B = gamma - far
        root = (B**2 + 4 * alpha * far) ** 0.5
        r = np.where(B > 0, 2 * alpha * far / (root + B), 0.5 * (root - B))
        z = d / ((gamma + r) / (alpha + r)) + centre
        return z, -1 * radial_forward(z, centre, alpha, gamma)[1]"""),
    Planted("3.5", "bracket from 0, and halvings by number", """
        low, high = -1.0, 1.0
        for _ in range(200):
            if f(low) <= target:
                break
            low *= 2
        else:
            raise RuntimeError("no root")
        for _ in range(200):
            if f(high) >= target:
                break
            high *= 2
        else:
            raise RuntimeError("no root")
        for _ in range(300):
            middle = low + (high - low) / 2
            if f(middle) < target:
                low = middle
            else:
                high = middle
        return (low + high) / 2"""),
    Planted("3.5", "scipy", """
        from scipy.optimize import brentq
        width = 1.0
        while f(-width) > target or f(width) < target:
            width *= 4
            if width > 1e12:
                raise ValueError("there is no root")
        return brentq(lambda p: f(p) - target, -width, width, xtol=1e-14, rtol=1e-14)"""),
    Planted("3.5", "Newton with differences, and a look at the residual", """
        p = target
        for _ in range(200):
            slope = (f(p + 1e-6) - f(p - 1e-6)) / 2e-6
            p = p - (f(p) - target) / slope
        if not abs(f(p) - target) < 1e-6:
            raise ValueError("no root")
        return p"""),
    Planted("3.5", "recursion", """
        def search(low, high):
            middle = 0.5 * (low + high)
            if not low < middle < high:
                return middle
            return search(middle, high) if f(middle) < target else search(low, middle)

        width = 1e-3
        while not (f(target - width) <= target and f(target + width) >= target):
            width = 3 * width
            assert width < 1e15, "no root"
        return search(target - width, target + width)"""),
    Planted("3.6", "alpha - w . u tanh", """
        along = np.dot(w, u)
        a = increasing_root(lambda p: p + along * np.tanh(p + b), np.dot(w, x))
        z = x - np.tanh(a + b) * u
        return z, -np.log(np.abs(1 + along / np.cosh(a + b) ** 2))"""),
    Planted("3.6", "the root of the shift", """
        s = increasing_root(lambda t: t, 0.0)
        low, high = -1.0, 1.0
        for _ in range(200):
            s = (low + high) / 2
            if s < np.tanh(w @ x - (w @ u) * s + b):
                low = s
            else:
                high = s
        z = x - s * u
        return z, -planar_forward(z, w, u, b)[1]"""),
    Planted("3.6", "Newton, kept in a bracket", """
        c, target = w @ u, w @ x
        low, high = target - abs(c), target + abs(c)
        a = increasing_root(lambda p: p, target)
        for _ in range(200):
            value = a + c * np.tanh(a + b) - target
            low, high = (a, high) if value < 0 else (low, a)
            a = a - value / (1 + c / np.cosh(a + b) ** 2)
            if not low <= a <= high:
                a = (low + high) / 2
        z = x - u * np.tanh(a + b)
        _, log_det = planar_forward(z, w, u, b)
        return z, -log_det"""),
    Planted("3.7", "sums entry by entry", """
        M, y = len(b), Q.T @ x
        p, t = np.zeros(M), np.zeros(M)
        for i in range(M - 1, -1, -1):
            inside = b[i] + sum(R_tilde[i, j] * p[j] for j in range(i + 1, M))
            right = y[i] - sum(R[i, j] * t[j] for j in range(i + 1, M))
            g = lambda a: a + R[i, i] * np.tanh(R_tilde[i, i] * a + inside)
            p[i] = increasing_root(g, right)
            t[i] = np.tanh(R_tilde[i, i] * p[i] + inside)
        z = x - Q @ (R @ t)
        h = 1 - t**2
        return z, -np.sum(np.log(1 + h * np.diag(R) * np.diag(R_tilde)))"""),
    Planted("3.7", "through p", """
        y, p = Q.T @ x, np.zeros(len(b))
        for i in reversed(range(len(b))):
            def row(a):
                q = p.copy()
                q[i] = a
                return a + R[i, i:] @ np.tanh(R_tilde[i:, i:] @ q[i:] + b[i:])
            p[i] = increasing_root(row, y[i])
        z = x + Q @ (p - y)
        return z, -sylvester_forward(z, Q, R, R_tilde, b)[1]"""),
    Planted("3.7", "the full Jacobian", """
        target, M = np.einsum("dm,d->m", Q, x), Q.shape[1]
        p, t = np.zeros(M), np.zeros(M)
        for i in np.arange(M)[::-1]:
            c = R_tilde[i, i + 1 :] @ p[i + 1 :] + b[i]
            p[i] = increasing_root(
                lambda a: a + R[i, i] * np.tanh(R_tilde[i, i] * a + c), target[i] - R[i, i + 1 :] @ t[i + 1 :]
            )
            t[i] = np.tanh(R_tilde[i, i] * p[i] + c)
        z = x - Q @ R @ t
        J = np.eye(len(x)) + Q @ R @ np.diag(1 - t**2) @ R_tilde @ Q.T
        return z, -np.linalg.slogdet(J)[1]"""),
    Planted("3.8", "by np.linalg.inv", """
        a = w @ z + b
        J = np.eye(len(z)) + np.outer(u, w) / np.cosh(a) ** 2
        inverse = np.linalg.inv(J)
        return inverse, inverse @ (-np.tanh(a) * np.eye(len(z)))"""),
    Planted("3.8", "a loop over entries", """
        D = len(z)
        h = np.tanh(sum(w[i] * z[i] for i in range(D)) + b)
        psi = [(1 - h * h) * w[j] for j in range(D)]
        det = 1 + sum(psi[i] * u[i] for i in range(D))
        of_x, of_u = np.zeros((D, D)), np.zeros((D, D))
        for i in range(D):
            for j in range(D):
                of_x[i, j] = float(i == j) - u[i] * psi[j] / det
                of_u[i, j] = -of_x[i, j] * h
        return of_x, of_u"""),
    Planted("3.8", "columns and rows", """
        h = np.tanh(w.dot(z) + b)
        psi = (1 - h**2) * w
        of_x = np.identity(len(z)) - u[:, None] * psi[None, :] / (1 + psi.dot(u))
        return [of_x, -(of_x * h)]"""),
]  # fmt: skip
