"""Right bodies in other words, for the tasks of chapter 11."""

from planted import Planted

RIGHT = [
    Planted("11.1", "ratios", """
        ratio = (s / s2) ** 2
        shift = ((m - m2) / s2) ** 2
        return 0.5 * np.sum(ratio + shift - 1 - np.log(ratio))"""),
    Planted("11.1", "a loop", """
        total = 0.0
        m2, s2 = np.broadcast_to(m2, np.shape(m)), np.broadcast_to(s2, np.shape(s))
        for a, b, c, d in zip(np.ravel(m), np.ravel(s), np.ravel(m2), np.ravel(s2)):
            total += np.log(d) - np.log(b) + (b * b + (a - c) ** 2) / (2 * d * d) - 1 / 2
        return total"""),
    Planted("11.2", "by the parts", """
        likelihood = -0.5 * (np.log(2 * np.pi) + (x - m) ** 2 + s**2)
        prior = -0.5 * (np.log(2 * np.pi) + m**2 + s**2)
        entropy = 0.5 * np.log(2 * np.pi * np.e * s**2)
        return likelihood + prior + entropy"""),
    Planted("11.2", "from the evidence", """
        evidence = -0.5 * np.log(4 * np.pi) - x**2 / 4
        return evidence - kl_gaussians(m, s, x / 2, np.sqrt(1 / 2))"""),
    Planted("11.3", "the density at z", """
        sd = np.exp(log_sigma)
        z = sd * eps + mu
        return z, log_normal(z, mu, sd)"""),
    Planted("11.3", "a loop", """
        z, log_q = [], 0.0
        for a, b, e in zip(mu, log_sigma, eps):
            z.append(a + np.exp(b) * e)
            log_q += -e * e / 2 - np.log(2 * np.pi) / 2 - b
        return np.array(z), log_q"""),
    Planted("11.4", "einsum", """
        return 1.0 * g_joint, np.einsum("i,i,i->i", g_joint, eps, np.exp(log_sigma)) + np.ones(len(eps))"""),
    Planted("11.4", "a loop", """
        by_log_sigma = np.zeros(len(eps))
        for i in range(len(eps)):
            by_log_sigma[i] = 1 + eps[i] * np.exp(log_sigma[i]) * g_joint[i]
        return np.array(g_joint), by_log_sigma"""),
    Planted("11.5", "the whole Jacobian", """
        v = u_hat(w, u)
        a = np.dot(w, eps) + b
        J = np.identity(len(eps)) + np.outer(v, w) / np.cosh(a) ** 2
        return eps + v * np.tanh(a), log_normal(eps, 0.0, 1.0) - np.log(np.linalg.det(J))"""),
    Planted("11.5", "its own normal", """
        v, a = u_hat(w, u), sum(w * eps) + b
        log_base = -0.5 * (eps @ eps) - 0.5 * len(eps) * np.log(2 * np.pi)
        slope = 1 / np.cosh(a) ** 2
        return np.tanh(a) * v + eps, log_base - np.log1p(slope * np.einsum("i,i->", w, v))"""),
    Planted("11.6", "a loop", """
        z, log_q = np.zeros(len(eps)), log_normal(eps, 0.0, 1.0)
        for i in range(len(eps)):
            s = sum(B[i, j] * eps[j] for j in range(i))
            z[i] = sum(A[i, j] * eps[j] for j in range(i)) + np.exp(s) * eps[i]
            log_q = log_q - s
        return z, log_q"""),
    Planted("11.6", "a mask", """
        D = len(eps)
        earlier = np.arange(D)[None, :] < np.arange(D)[:, None]
        mean = np.einsum("ij,ij,j->i", A, earlier, eps)
        log_sd = np.einsum("ij,ij,j->i", B, earlier, eps)
        return mean + eps * np.exp(log_sd), -0.5 * np.sum(eps**2 + np.log(2 * np.pi)) - np.sum(log_sd)"""),
    Planted("11.7", "scipy", """
        from scipy.special import logsumexp

        return logsumexp(log_w) - np.log(len(log_w))"""),
    Planted("11.7", "logaddexp", """
        return np.logaddexp.reduce(log_w) - np.log(log_w.size)"""),
    Planted("11.8", "shares", """
        share = np.exp(log_w - np.max(log_w))
        share = share / np.sum(share)
        return 1 / np.dot(share, share)"""),
    Planted("11.8", "logarithms", """
        return np.exp(2 * np.logaddexp.reduce(log_w) - np.logaddexp.reduce(2 * log_w))"""),
]  # fmt: skip
