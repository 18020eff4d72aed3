"""Right bodies in other words, for the tasks of chapter 09."""

from planted import Planted

RIGHT = [
    Planted("9.1", "by the variance", """
        decay = np.exp(-u)
        sd = (1 - decay * decay) ** 0.5
        return decay, sd, -decay, (2 * np.exp(-2 * u)) / (2 * sd)"""),
    Planted("9.1", "a list", """
        v = 1 - np.exp(-2 * u)
        return [np.exp(-u), np.sqrt(v), -np.exp(-u), np.exp(-2 * u) / np.sqrt(v)]"""),
    Planted("9.2", "einsum", """
        weights = np.reshape(path(t), (2, 2))
        both = np.einsum("ij,jd->id", weights, np.stack([x, noise]))
        return both[0], both[1]"""),
    Planted("9.2", "a loop", """
        numbers, D = path(t), len(x)
        place, moving = np.empty(D), np.empty(D)
        for i in range(D):
            place[i] = numbers[0] * x[i] + numbers[1] * noise[i]
            moving[i] = numbers[2] * x[i] + numbers[3] * noise[i]
        return place, moving"""),
    Planted("9.3", "a loop over the components", """
        from scipy.special import logsumexp

        a, b, a_dot, b_dot = path(t)
        var, D, logs = a * a * s * s + b * b, y.size, []
        for m in means:
            logs.append(-np.sum((y - a * m) ** 2) / (2 * var) - D / 2 * np.log(2 * np.pi * var) - np.log(means.shape[0]))
        total = logsumexp(logs)
        score, u = np.zeros(D), np.zeros(D)
        for log_k, m in zip(logs, means):
            r = np.exp(log_k - total)
            q = (y - a * m) / var
            score = score - r * q
            data, noise = m + a * s**2 * q, b * q
            u = u + r * (a_dot * data + b_dot * noise)
        return total, score, u"""),
    Planted("9.3", "logaddexp and einsum", """
        a, b, p, v = path(t)
        c = a**2 * s**2 + b**2
        q = (y[None, :] - a * means) / c
        logs = -0.5 * c * np.einsum("kd,kd->k", q, q) - 0.5 * len(y) * np.log(2 * np.pi * c)
        log_p = np.logaddexp.reduce(logs) - np.log(len(means))
        r = np.exp(logs - np.logaddexp.reduce(logs))
        return log_p, -np.einsum("k,kd->d", r, q), np.einsum("k,kd->d", r, p * means + (p * a * s**2 + v * b) * q)"""),
    Planted("9.4", "the time is added up", """
        t, h = t0, (t1 - t0) / steps
        for _ in range(steps):
            a = h * f(y, t)
            b = h * f(y + a / 2, t + h / 2)
            c = h * f(y + b / 2, t + h / 2)
            d = h * f(y + c, t + h)
            y = y + (a + 2 * b + 2 * c + d) / 6
            t = t + h
        return y"""),
    Planted("9.4", "linspace and weights", """
        times, state = np.linspace(t0, t1, steps + 1), np.array(y, dtype=float)
        for start, end in zip(times[:-1], times[1:]):
            h, middle = end - start, (start + end) / 2
            slopes = [f(state, start)]
            slopes.append(f(state + h / 2 * slopes[0], middle))
            slopes.append(f(state + h / 2 * slopes[1], middle))
            slopes.append(f(state + h * slopes[2], end))
            state = state + h * np.dot([1, 2, 2, 1], slopes) / 6
        return state"""),
    Planted("9.5", "a loop that breaks", """
        t, used = t0, 0
        h = 0.1 * (t1 - t0)
        direction = np.sign(t1 - t0)
        while True:
            if direction * (t1 - t) <= 0:
                return y, used
            if used >= cap:
                raise TooManyEvaluations(used, t)
            last = direction * (t + h - t1) >= 0
            h = t1 - t if last else h
            candidate, e = dormand_prince_step(f, y, t, h)
            used += 7
            ratio = e / (tol + tol * np.abs(y))
            err = np.linalg.norm(ratio) / np.sqrt(ratio.size)
            if err <= 1.0:
                y = candidate
                t = t1 if last else t + h
            h = h * np.clip(0.9 / max(err, 1e-12) ** 0.2, 0.2, 10.0)"""),
    Planted("9.5", "the factor by cases", """
        t, h, n = t0, (t1 - t0) / 10, 0
        while abs(t1 - t) > 1e-14:
            if n + 1 > cap:
                raise TooManyEvaluations(n, t)
            if abs(h) > abs(t1 - t):
                h = t1 - t
            y_new, e = dormand_prince_step(f, y, t, h)
            n = n + len(C)
            err = (((e / tol / (1 + np.abs(y))) ** 2).sum() / len(e)) ** 0.5
            if not err > 1:
                t, y = t + h, y_new
            factor = 10.0 if err == 0 else 0.9 * err**-0.2
            factor = 10.0 if factor > 10 else factor
            h = h * (0.2 if factor < 0.2 else factor)
        return y, n"""),
    Planted("9.6", "two solves", """
        x = rk4(lambda y, t: f(y, t)[0], y, t0, t1, steps)

        def both(state, t):
            v, J = f(state[: len(y)], t)
            return np.concatenate([v, [sum(J[i, i] for i in range(len(v)))]])

        return x, float(rk4(both, np.concatenate([y, [0.0]]), t0, t1, steps)[len(y)])"""),
    Planted("9.6", "its own steps", """
        h, l, t = (t1 - t0) / steps, 0.0, t0
        for _ in range(steps):
            v1, J1 = f(y, t)
            v2, J2 = f(y + h / 2 * v1, t + h / 2)
            v3, J3 = f(y + h / 2 * v2, t + h / 2)
            v4, J4 = f(y + h * v3, t + h)
            y = y + h / 6 * (v1 + 2 * v2 + 2 * v3 + v4)
            l = l + h / 6 * np.trace(J1 + 2 * J2 + 2 * J3 + J4)
            t = t + h
        return y, l"""),
    Planted("9.7", "by the Jacobian", """
        W1, b1, W2, b2 = theta
        J = network(theta, z, t)[1]
        h = np.tanh(W1[:, :-1] @ z + W1[:, -1] * t + b1)
        back = np.einsum("ik,i,k->k", W2, g, 1 - h * h)
        parts = [np.einsum("k,j->kj", back, np.append(z, t)), back, np.einsum("i,k->ik", g, h), g]
        return np.einsum("ij,i->j", J, g), np.hstack([p.reshape(-1) for p in parts])"""),
    Planted("9.7", "loops", """
        W1, b1, W2, b2 = theta
        seen = [*z, t]
        a = W1 @ np.array(seen) + b1
        delta = [sum(W2[i, k] * g[i] for i in range(len(g))) / np.cosh(a[k]) ** 2 for k in range(len(b1))]
        flat = [d * x for d in delta for x in seen] + list(delta)
        flat += [g[i] * np.tanh(a[k]) for i in range(len(g)) for k in range(len(b1))] + list(g)
        return np.array([sum(delta[k] * W1[k, j] for k in range(len(b1))) for j in range(len(z))]), np.array(flat)"""),
    Planted("9.8", "the sign at the end", """
        D, velocity = len(z), lambda y, t: network(theta, y, t)[0]
        x = rk4(velocity, z, 0.0, 1.0, n)

        def back(state, t):
            a, b = network_vjp(theta, state[:D], t, state[D : D + D])
            return np.concatenate([velocity(state[:D], t), -a, b])

        sizes = sum(len(p.ravel()) for p in theta)
        end = rk4(back, np.concatenate([x, x.copy(), np.zeros(sizes)]), 1.0, 0.0, n)
        return -end[2 * D :]"""),
    Planted("9.8", "in the time s = 1 - t", """
        D = z.size
        x = rk4(lambda y, t: network(theta, y, t)[0], z, 0, 1, n)

        def back(state, s):
            y, g = np.split(state[: 2 * D], 2)
            a, b = network_vjp(theta, y, 1 - s, g)
            return np.concatenate([-network(theta, y, 1 - s)[0], a, b])

        size = np.sum([p.size for p in theta])
        return rk4(back, np.concatenate([x, x, np.zeros(size)]), 0.0, 1.0, n)[2 * D :]"""),
]  # fmt: skip
