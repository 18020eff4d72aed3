"""Right bodies for the tasks of chapter 05, in other words than the chapter's."""

from planted import Planted
from planted.ch05.beginnings import OUT, TWO, sampler

RIGHT = [
    Planted("5.1", "a loop over variables", """
        sequence = range(D) if order is None else order
        inputs = [list(sequence).index(i) + 1 for i in range(D)]
        return [np.array(inputs)] + [hidden_degrees(n, D, context) for n in widths]"""),
    Planted("5.1", "argsort, and hidden degrees by remainders", """
        first = 0 if context or D == 1 else 1
        inputs = np.argsort(np.arange(D) if order is None else np.array(order)) + 1
        hidden = tuple(np.sort(first + np.arange(n) % max(D - first, 1)) for n in widths)
        return (inputs, *hidden)"""),
    Planted("5.1", "hidden degrees by rounding, as floats", """
        first = 0 if context else 1
        inputs = np.zeros(D)
        for place, i in enumerate(order if order is not None else range(D)):
            inputs[i] = place + 1
        return [inputs] + [np.round(np.linspace(first, D - 1, n)) for n in widths]"""),
    Planted("5.2", "entry by entry", """
        below, found = list(degrees[0]) + [0] * n_context, []
        for layer in degrees[1:]:
            M = np.zeros((len(layer), len(below)))
            for k in range(len(layer)):
                for j in range(len(below)):
                    if layer[k] >= below[j]:
                        M[k, j] = 1
            found.append(M)
            below = layer
        return found + [np.array([[int(d > m) for m in below] for d in degrees[0]])]"""),
    Planted("5.2", "greater_equal.outer", """
        chain = [np.append(degrees[0], np.zeros(n_context))] + list(degrees[1:])
        found = tuple(np.greater_equal.outer(chain[k + 1], chain[k]) for k in range(len(chain) - 1))
        return (*found, np.greater.outer(degrees[0], chain[-1]))"""),
    Planted("5.2", "transposed from the other side", """
        below = np.concatenate([degrees[0], [0] * n_context])
        found = []
        for layer in degrees[1:]:
            found.append((below[:, None] <= layer[None, :]).T.astype(np.float32))
            below = layer
        found.append(1 - (degrees[0][:, None] <= below).astype(int))
        return found"""),
    Planted("5.3", "a loop over variables", """
        out = net(x)
        z = np.zeros(len(x))
        total = 0.0
        for i in range(len(x)):
            z[i] = (x[i] - out[0][i]) / np.exp(out[1][i])
            total -= out[1][i]
        return z, total"""),
    Planted("5.3", "sigma by name", """
        mean, log_sigma, *_ = net(x)
        sigma = np.exp(log_sigma)
        return (x - mean) / sigma, -np.log(sigma).sum()"""),
    Planted("5.3", "the log-det from the Jacobian", """
        mu, s, dmu, ds = net(x)
        z = (x - mu) * np.exp(-s)
        J = np.diag(np.exp(-s)) @ (np.eye(len(x)) - dmu) - z[:, None] * ds
        return z, np.linalg.slogdet(J)[1]"""),
    Planted("5.4", "spelled out", sampler()),
    Planted("5.4", "masks, row by row", """
        D, y = len(z), np.asarray(y, dtype=float)
        masks = masks_of(degrees, len(y))
        x, s, count = np.zeros(D), np.zeros(D), 0
        units = [np.zeros(len(m)) for m in degrees[1:]]
        for step in range(D + 1):
            for i in np.flatnonzero(degrees[0] == step):
                W, b = weights[-1]
                seen = masks[-1][i].astype(bool)
                last = units[-1] if units else np.concatenate([x, y])
                mu, s[i] = W[i, seen] @ last[seen] + b[i], W[D + i, seen] @ last[seen] + b[D + i]
                x[i] = np.exp(s[i]) * z[i] + mu
                count += 2 * int(seen.sum())
            for layer in range(len(units)):
                W, b = weights[layer]
                source = np.concatenate([x, y]) if layer == 0 else units[layer - 1]
                for k in np.flatnonzero(degrees[layer + 1] == step):
                    seen = masks[layer][k].astype(bool)
                    units[layer][k] = np.tanh(W[k, seen] @ source[seen] + b[k])
                    count += int(seen.sum())
        return x, sum(s), count"""),
    Planted("5.4", "slices of sorted units", """
        D = len(z)
        x = np.concatenate([np.zeros(D), y])
        deg0 = np.concatenate([degrees[0], np.zeros(len(y))])
        sizes = [[int((d <= m).sum()) for m in range(-1, D + 1)] for d in degrees[1:]]
        h, count, total = [np.zeros(len(d)) for d in degrees[1:]], 0.0, 0.0
        for m in range(D + 1):
            if m:
                i, n = int(np.argmax(degrees[0] == m)), sizes[-1][m]
                W, b = weights[-1]
                mu = W[i, :n] @ h[-1][:n] + b[i]
                log_scale = W[i + D, :n] @ h[-1][:n] + b[i + D]
                x[i] = mu + z[i] * np.exp(log_scale)
                total += log_scale
                count += n + n
            for k, (W, b) in enumerate(weights[:-1]):
                rows = slice(sizes[k][m], sizes[k][m + 1])
                if k == 0:
                    columns = np.where(deg0 <= m)[0]
                    below = x
                else:
                    columns = np.arange(sizes[k - 1][m + 1])
                    below = h[k - 1]
                h[k][rows] = np.tanh(W[rows][:, columns] @ below[columns] + b[rows])
                count += (rows.stop - rows.start) * len(columns)
        return x[:D], total, count"""),
    Planted("5.5", "a loop", """
        mu, s = net(eps)[:2]
        z = [m + e * np.exp(l) for m, l, e in zip(mu, s, eps)]
        return np.array(z), float(sum(-s))"""),
    Planted("5.5", "the log of the product", """
        mean, log_sigma = net(eps)[0], net(eps)[1]
        sigma = np.exp(log_sigma)
        return sigma * eps + mean, -np.log(np.prod(sigma))"""),
    Planted("5.5", "by the other notation", """
        mu, s, _, _ = net(eps)
        m, t = -mu * np.exp(-s), -s
        return (eps - m) * np.exp(-t), np.sum(t)"""),
    Planted("5.6", "without maf_inverse", """
        maf_inverse(x, net_2)
        mu_2, s_2 = net_2(x)[:2]
        e = (x - mu_2) / np.exp(s_2)
        mu_1, s_1 = net_1(e)[:2]
        e = (e - mu_1) / np.exp(s_1)
        return -0.5 * np.sum(e**2) - len(x) / 2 * np.log(2 * np.pi) - sum(s_1) - sum(s_2)"""),
    Planted("5.6", "a loop over the networks", """
        total = 0.0
        for net in (net_2, net_1):
            x, log_det = maf_inverse(x, net)
            total = total + log_det
        return total + standard_normal_log_prob(x)"""),
    Planted("5.6", "an array of one", TWO + """
        return np.array(standard_normal_log_prob(eps_0) + l_1 + l_2)"""),
    Planted("5.7", "by cases", OUT + """
        total = 0.0
        for bit, logit in zip(x, a):
            if bit == 1:
                logit = -logit
            total -= max(logit, 0) + np.log1p(np.exp(-abs(logit)))
        return total"""),
    Planted("5.7", "signs", OUT + """
        return -np.logaddexp(0, (1 - 2 * x) * a).sum()"""),
    Planted("5.7", "its own pass", """
        h = np.array(x, dtype=float)
        for k, ((W, b), M) in enumerate(zip(weights, masks)):
            h = (W * M) @ h + b
            if k < len(weights) - 1:
                h = np.tanh(h)
        return np.dot(x, h) - np.sum(np.maximum(h, 0) + np.log1p(np.exp(-np.abs(h))))"""),
    Planted("5.8", "a loop over variables and components", """
        out, D = made(weights, masks, x, y)[0], len(x)
        K = len(out) // (3 * D)
        total = 0.0
        for i in range(D):
            a, s, mu = (np.array([out[(kind * K + k) * D + i] for k in range(K)]) for kind in range(3))
            terms = a - s - (x[i] - mu) ** 2 / (2 * np.exp(2 * s))
            top = terms.max()
            total += top + np.log(np.exp(terms - top).sum()) - a.max() - np.log(np.exp(a - a.max()).sum())
            total -= np.log(2 * np.pi) / 2
        return total"""),
    Planted("5.8", "np.split", """
        a, s, mu = (part.reshape(-1, len(x)) for part in np.split(made(weights, masks, x, y)[0], 3))
        log_w = a - np.log(np.exp(a).sum(axis=0))
        terms = log_w - ((x - mu) / np.exp(s)) ** 2 / 2 - s
        return np.sum(np.logaddexp.reduce(terms)) - len(x) * np.log(np.sqrt(2 * np.pi))"""),
    Planted("5.8", "scipy", """
        from scipy.special import log_softmax, logsumexp
        a, s, mu = made(weights, masks, x, y)[0].reshape(3, -1, len(x))
        return float(logsumexp(log_softmax(a, axis=0) + (-0.5 * ((x - mu) / np.exp(s)) ** 2 - s - 0.5 * np.log(2 * np.pi)), axis=0).sum())"""),
]  # fmt: skip
