"""Right bodies in other words, for the tasks of chapter 07."""

from planted import Planted

RIGHT = [
    Planted("7.1", "a loop", """
        F = G = rise = -np.inf
        for weight, slope, offset in zip(w, a, b):
            s = slope * x + offset
            up, down = -np.logaddexp(0, -s), -np.logaddexp(0, s)
            F, G = np.logaddexp(F, np.log(weight) + up), np.logaddexp(G, np.log(weight) + down)
            rise = np.logaddexp(rise, np.log(weight * slope) + up + down)
        return F - G, rise - F - G"""),
    Planted("7.1", "np.logaddexp.reduce", """
        s = x * a + b
        log_F = np.logaddexp.reduce(np.log(w) - np.logaddexp(0, -s))
        log_G = np.logaddexp.reduce(np.log(w) - np.logaddexp(0, s))
        slope = np.logaddexp.reduce(np.log(w) + np.log(a) - np.abs(s) - 2 * np.log1p(np.exp(-np.abs(s))))
        return log_F - log_G, slope - (log_F + log_G)"""),
    Planted("7.1", "one dense layer", """
        return deep_dense_sigmoid(x, [(np.ones((len(w), 1)), a, b, w[None, :])])"""),
    Planted("7.2", "a function for each layer", """
        def layer(t, e, u, a, b, w):
            s = np.einsum("j,ji,i->j", a, u, t) + b
            inner = np.array([np.log(slope) + np.logaddexp.reduce(np.log(row) + e) for slope, row in zip(a, u)])
            up, down = -np.logaddexp(0, -s), -np.logaddexp(0, s)
            F = np.array([np.logaddexp.reduce(np.log(row) + up) for row in w])
            G = np.array([np.logaddexp.reduce(np.log(row) + down) for row in w])
            rise = np.array([np.logaddexp.reduce(np.log(row) + inner + up + down) for row in w])
            return F - G, rise - F - G

        t, e = np.array([float(x)]), np.array([0.0])
        for weights in layers:
            t, e = layer(t, e, *weights)
        return float(t[0]), float(e[0])"""),
    Planted("7.2", "derivatives of every layer multiplied as matrices of logarithms", """
        t, log_J = np.array([x]), np.zeros((1, 1))
        for u, a, b, w in layers:
            s = a * (u @ t) + b
            log_F, log_G = lse(np.log(w) - softplus(-s)), lse(np.log(w) - softplus(s))
            terms = np.log(w)[:, :, None] + (np.log(a) - softplus(s) - softplus(-s))[:, None] + np.log(u)
            log_step = lse(terms, axis=1) - log_F[:, None] - log_G[:, None]
            log_J = lse(log_step[:, :, None] + log_J[None], axis=1)
            t = log_F - log_G
        return t.item(), log_J[0, 0]"""),
    Planted("7.2", "three loops", """
        t, e = [x], [0.0]
        for u, a, b, w in layers:
            s = [a[j] * sum(u[j][i] * t[i] for i in range(len(t))) + b[j] for j in range(len(a))]
            ds = [np.log(a[j]) + np.logaddexp.reduce([np.log(u[j][i]) + e[i] for i in range(len(e))]) for j in range(len(a))]
            t, e = [], []
            for row in w:
                F = np.logaddexp.reduce([np.log(p) - np.logaddexp(0, -q) for p, q in zip(row, s)])
                G = np.logaddexp.reduce([np.log(p) - np.logaddexp(0, q) for p, q in zip(row, s)])
                d = [np.log(p) + r - np.logaddexp(0, q) - np.logaddexp(0, -q) for p, q, r in zip(row, s, ds)]
                t.append(F - G)
                e.append(np.logaddexp.reduce(d) - F - G)
        return t[0], e[0]"""),
    Planted("7.3", "a loop", """
        points, weights = [], []
        for i in range(n + 1):
            total = 0.0
            for j in range(1, n // 2 + 1):
                total += (1 if 2 * j == n else 2) * np.cos(2 * np.pi * i * j / n) / (4 * j**2 - 1)
            points.append(0.5 - 0.5 * np.cos(np.pi * i / n))
            weights.append((1 - total) / n * (0.5 if i in (0, n) else 1))
        return np.array(points), np.array(weights)"""),
    Planted("7.3", "the moments of Chebyshev's polynomials, points in falling order", """
        t = np.cos(np.pi * np.arange(n + 1) / n)
        moments = [0.0 if j % 2 else 1 / (1 - j * j) for j in range(n + 1)]
        return (1 + t) / 2, np.linalg.solve(np.polynomial.chebyshev.chebvander(t, n).T, moments)"""),
    Planted("7.3", "einsum", """
        i, j = np.arange(n + 1.0), np.arange(1.0, n // 2 + 1)
        beta = 2 - (j == n / 2)
        c = np.where((i == 0) | (i == n), 0.5, 1.0)
        sums = np.einsum("j,ij->i", beta / (4 * j * j - 1), np.cos(2 * np.pi * i[:, None] * j / n))
        return np.sin(np.pi * i / (2 * n)) ** 2, c / n * (1 - sums)"""),
    Planted("7.4", "a loop", """
        total = 0.0
        for point, weight in zip(*clenshaw_curtis(n)):
            total += weight * x * f(np.array([x * point]))[0]
        return c + total, np.log(f(np.array([x]))[0])"""),
    Planted("7.4", "np.sum, and f of one number", """
        t, q = clenshaw_curtis(n)
        return x * np.sum(q * f(t * x)) + c, float(np.log(f(x)))"""),
    Planted("7.4", "f asked once", """
        t, q = clenshaw_curtis(n)
        values = f(np.append(x * t, x))
        return c + np.dot(q, values[:-1]) * x, np.log(values[-1])"""),
    Planted("7.5", "halving alone", """
        reach = 1.0
        for _ in range(60):
            if h(target - reach)[0] <= target <= h(target + reach)[0]:
                break
            reach *= 3
        else:
            raise ValueError("not reached")
        low, high = target - reach, target + reach
        for _ in range(300):
            x = (low + high) / 2
            if h(x)[0] < target:
                low = x
            else:
                high = x
        value, slope = h(x)
        if abs(value - target) > 1e-10 * max(1, abs(target)):
            raise ValueError(f"the residual is {abs(value - target)}")
        return x, slope, abs(value - target)"""),
    Planted("7.5", "Newton in a bracket", """
        low, high = -1.0, 1.0
        for _ in range(80):
            if h(low)[0] <= target:
                break
            low *= 4
        for _ in range(80):
            if h(high)[0] >= target:
                break
            high *= 4
        x = low / 2 + high / 2
        for _ in range(400):
            value, log_slope = h(x)
            if value == target or abs(value - target) < 1e-13 * max(1, abs(target)):
                return x, log_slope, abs(value - target)
            low, high = (x, high) if value < target else (low, x)
            x = x + (target - value) / np.exp(log_slope)
            x = x if low < x < high and _ % 2 else low / 2 + high / 2
        if abs(value - target) > 1e-10 * max(1, abs(target)):
            raise ValueError("the residual is not reached")
        return x, log_slope, abs(value - target)"""),
    Planted("7.5", "scipy", """
        from scipy.optimize import brentq
        width = 1.0
        while not h(target - width)[0] <= target <= h(target + width)[0]:
            width *= 5
            if width > 1e30:
                raise ValueError("out of reach")
        x = brentq(lambda u: h(u)[0] - target, target - width, target + width, xtol=1e-15, rtol=1e-15, maxiter=500)
        residual = abs(h(x)[0] - target)
        if residual > 1e-9:
            raise ValueError("a jump")
        return x, h(x)[1], residual"""),
    Planted("7.6", "a tuple", """
        x, log_slope, _ = search(lambda u: (u + np.tanh(u + b), np.log1p(1 / np.cosh(u + b) ** 2)), z)
        slope = np.exp(log_slope)
        return 1 / slope, -1 / np.cosh(x + b) ** 2 / slope"""),
    Planted("7.6", "1 - 1/h'", """
        x = search(lambda u: (u + np.tanh(u + b), np.log(2 - np.tanh(u + b) ** 2)), z)[0]
        dz = 1 / (1 + (1 - np.tanh(x + b) ** 2))
        return np.array([dz, dz - 1])"""),
    Planted("7.6", "its own halving", """
        low, high = z - 3, z + 3
        for _ in range(100):
            x = (low + high) / 2
            low, high = (low, x) if x + np.tanh(x + b) > z else (x, high)
        inner = 1 - np.tanh(x + b) ** 2
        return np.array([1.0, -inner]) / (1 + inner)"""),
    Planted("7.7", "a growing list", """
        x, log_slopes = [], []
        for value, net in zip(z, nets):
            w, a, b = read(network(net, np.array(x)))
            root, log_slope, _ = search(lambda u: deep_sigmoid(u, w, a, b), value)
            x.append(root)
            log_slopes.append(log_slope)
        return np.array(x), -np.sum(log_slopes)"""),
    Planted("7.7", "slopes by deep_sigmoid at the end", """
        D = len(z)
        x = np.full(D, np.nan)
        for i in range(D):
            theta = read(network(nets[i], x[:i]))
            x[i] = search(lambda u: deep_sigmoid(u, *theta), float(z[i]))[0]
        return x, -sum(deep_sigmoid(x[i], *read(network(nets[i], x[:i])))[1] for i in range(D))"""),
    Planted("7.7", "recursion", """
        if len(z) == 0:
            return np.zeros(0), 0.0
        before, log_det = autoregressive_forward(z[:-1], nets[:-1], read)
        theta = read(network(nets[len(before)], before))
        last, log_slope, _ = search(lambda u: deep_sigmoid(u, *theta), z[-1])
        return np.append(before, last), log_det - log_slope"""),
    Planted("7.8", "a loop", """
        total, step = 0.0, 0.02
        for k in range(-1500, 1501):
            z, log_slope = h(k * step)
            total += step * np.exp(-z * z / 2 + log_slope) / np.sqrt(2 * np.pi)
        return total"""),
    Planted("7.8", "by hand, on a coarser grid", """
        x = np.linspace(-30, 30, 2401)
        p = np.array([np.exp(normal_log_prob(z) + l) for z, l in map(h, x)])
        return np.sum((p[1:] + p[:-1]) / 2 * np.diff(x))"""),
    Planted("7.8", "Gauss and Legendre", """
        t, q = np.polynomial.legendre.leggauss(30)
        total = 0.0
        for left in range(-40, 40, 2):
            for point, weight in zip(t, q):
                z, log_slope = h(left + 1 + point)
                total += weight * np.exp(normal_log_prob(z)) * np.exp(log_slope)
        return total"""),
]  # fmt: skip
