"""Right bodies in other words, for the tasks of chapter 10."""

from planted import Planted

RIGHT = [
    Planted("10.1", "solve", """
        D = A.shape[1]
        weighted = np.linalg.solve(S, A)
        P = np.linalg.solve(np.eye(D) + A.T @ weighted, np.eye(D))
        return P @ weighted.T, P"""),
    Planted("10.1", "from the covariance of y", """
        gain = A.T @ np.linalg.inv(A @ A.T + S)
        return gain, np.identity(A.shape[1]) - gain @ A"""),
    Planted("10.2", "lists", """
        x, scales = [], []
        for z_i, weights in zip(z, nets):
            (s, t), _ = network(weights, np.array([*x, *y]))
            x.append(np.exp(s) * z_i + t)
            scales.append(s)
        return np.array(x), sum(scales)"""),
    Planted("10.2", "its own network", """
        x, total = np.empty(0), 0
        for k in range(len(z)):
            W1, b1, W2, b2 = nets[k]
            out = W2 @ np.tanh(W1 @ np.hstack([x, y]) + b1) + b2
            total = total + out[0]
            x = np.append(x, z[k] * np.exp(out[0]) + out[1])
        return x, float(total)"""),
    Planted("10.3", "a loop", """
        z, log_det = np.zeros_like(x), 0.0
        for i in range(len(x)):
            s, t = network(nets[i], np.append(x[:i], y))[0]
            z[i] = (x[i] - t) / np.exp(s)
            log_det -= s
        return z, log_det"""),
    Planted("10.3", "pairs", """
        pairs = [network(net, np.hstack((x[:k], y)))[0] for k, net in enumerate(nets)]
        s, t = np.transpose(pairs)
        return np.exp(-s) * x - np.exp(-s) * t, -np.sum(s)"""),
    Planted("10.4", "two recursions", """
        D, C = len(z), len(y)
        x = affine_forward(z, y, nets)[0]
        by_z, by_y = np.zeros((D, D)), np.zeros((D, C))
        for i in range(D):
            value, slopes = network(nets[i], np.append(x[:i], y))
            e = np.exp(value[0])
            row = e * z[i] * slopes[0] + slopes[1]
            for j in range(i):
                by_z[i] += row[j] * by_z[j]
                by_y[i] += row[j] * by_y[j]
            by_z[i, i] = e
            by_y[i] += row[i:]
        return by_z, by_y"""),
    Planted("10.4", "a triangular system", """
        x, _ = affine_forward(z, y, nets)
        D = len(z)
        L, direct, scale = np.eye(D), np.zeros((D, len(y))), np.zeros(D)
        for i, net in enumerate(nets):
            (s, t), J = network(net, np.concatenate((x[:i], y)))
            scale[i] = np.exp(s)
            row = scale[i] * z[i] * J[0] + J[1]
            L[i, :i], direct[i] = -row[:i], row[i:]
        inverse = np.linalg.inv(L)
        return inverse @ np.diag(scale), np.einsum("ij,jc->ic", inverse, direct)"""),
    Planted("10.5", "scipy", """
        from scipy.special import logsumexp

        return logsumexp(log_p + log_prior, axis=-1)"""),
    Planted("10.5", "logaddexp", """
        joint = np.asarray(log_p) + np.asarray(log_prior)
        total = joint[..., 0]
        for k in range(1, joint.shape[-1]):
            total = np.logaddexp(total, joint[..., k])
        return total"""),
    Planted("10.6", "keepdims", """
        joint = log_p + log_prior
        joint = joint - joint.max(axis=-1, keepdims=True)
        return joint - np.log(np.sum(np.exp(joint), axis=-1, keepdims=True))"""),
    Planted("10.6", "transposed", """
        return ((log_p + log_prior).T - label_free_log_prob(log_p, log_prior)).T"""),
    Planted("10.7", "expit", """
        from scipy.special import expit

        width = high - low
        return low + width * expit(u), np.sum(np.log(width)) - np.sum(np.abs(u) + 2 * np.log1p(np.exp(-np.abs(u))))"""),
    Planted("10.7", "logaddexp and tanh", """
        x = 0.5 * (low + high) + 0.5 * (high - low) * np.tanh(u / 2)
        return x, float(np.sum(np.log(high - low) - np.logaddexp(0, u) - np.logaddexp(0, -u)))"""),
    Planted("10.8", "a loop", """
        rank = np.zeros(len(theta), dtype=int)
        for row in draws:
            for i in range(len(theta)):
                if row[i] < theta[i]:
                    rank[i] += 1
        return rank"""),
    Planted("10.8", "sorted", """
        return np.array([np.searchsorted(np.sort(draws[:, i]), theta[i]) for i in range(draws.shape[1])])"""),
]  # fmt: skip
