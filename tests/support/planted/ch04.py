"""Bodies for the tasks of chapter 04."""

from planted import Planted

S_AND_T = """
        s, t = network(s_net, {0}[keep])[0], network(t_net, {0}[keep])[0]"""
OF_Z, OF_X = S_AND_T.format("z"), S_AND_T.format("x")

RIGHT = [
    Planted("4.1", "np.where", OF_Z + """
        full_s, full_t = np.zeros(len(z)), np.zeros(len(z))
        full_s[~keep], full_t[~keep] = s, t
        return np.where(keep, z, np.exp(full_s) * z + full_t), float(np.sum(full_s))"""),
    Planted("4.2", "a loop", OF_X + """
        z, total, k = np.array(x), 0, 0
        for i in range(len(x)):
            if not keep[i]:
                z[i] = (x[i] - t[k]) / np.exp(s[k])
                total -= s[k]
                k += 1
        return z, total"""),
    Planted("4.3", "entry by entry", """
        (s, ds), (t, dt) = network(s_net, z[keep]), network(t_net, z[keep])
        J = np.zeros((len(z), len(z)))
        for i in np.flatnonzero(keep):
            J[i, i] = 1
        for a, i in enumerate(np.flatnonzero(~keep)):
            J[i, i] = np.exp(s[a])
            for c, j in enumerate(np.flatnonzero(keep)):
                J[i, j] = np.exp(s[a]) * z[i] * ds[a, c] + dt[a, c]
        return J"""),
    Planted("4.4", "einsum", """
        kept = x * b
        scale = np.exp(-s(kept))
        return kept + (x - t(kept)) * scale * (1 - b), -np.einsum("i,i->", 1 - b, s(kept))"""),
    Planted("4.5", "a projection", """
        n = len(s)
        return (np.eye(n) - np.ones((n, n)) / n) @ s"""),
    Planted("4.6", "argsort", """
        return x[np.argsort(order)], 0"""),
    Planted("4.7", "recursion", """
        if not layers:
            return z, 0.0
        x, log_det = layers[0](z)
        last, rest = stack_forward(x, layers[1:])
        return last, log_det + rest"""),
]  # fmt: skip

WRONG = [
    Planted("4.1", "halves joined", OF_Z + """
        return np.concatenate([z[keep], np.exp(s) * z[~keep] + t]), s.sum()""",
        "the halves are joined one after the other, not put back in their places"),
    Planted("4.1", "the mean", OF_Z + """
        x = z.copy()
        x[~keep] = np.exp(s) * z[~keep] + t
        return x, s.mean()""", "it is the mean over dimensions, not the sum"),
    Planted("4.1", "the argument is changed", OF_Z + """
        z[~keep] = np.exp(s) * z[~keep] + t
        return z, s.sum()""", "it changes its argument"),
    Planted("4.1", "the shift first", OF_Z + """
        x = z.copy()
        x[~keep] = np.exp(s) * (z[~keep] + t)
        return x, s.sum()""", "the shift is added before the scale"),
    Planted("4.2", "the order", OF_X + """
        z = x.copy()
        z[~keep] = x[~keep] * np.exp(-s) - t
        return z, -s.sum()""", "x * exp(-s) - t, in the wrong order"),
    Planted("4.2", "the sign", OF_X + """
        z = x.copy()
        z[~keep] = (x[~keep] - t) * np.exp(-s)
        return z, s.sum()""", "the inverse's log_det is not negated"),
    Planted("4.2", "exp summed", OF_X + """
        z = x.copy()
        z[~keep] = (x[~keep] - t) * np.exp(-s)
        return z, -np.exp(s).sum()""", "exp(s) is summed, not s"),
    Planted("4.2", "no return", OF_X + """
        z = x.copy()
        z[~keep] = (x[~keep] - t) * np.exp(-s)""", "it must return 2 values: z, log_det"),
    Planted("4.3", "no factor z_C", """
        (s, ds), (_, dt) = network(s_net, z[keep]), network(t_net, z[keep])
        J = np.eye(len(z))
        J[np.ix_(~keep, ~keep)] = np.diag(np.exp(s))
        J[np.ix_(~keep, keep)] = np.diag(np.exp(s)) @ ds + dt
        return J""", "the lower block lacks the factor z_C"),
    Planted("4.3", "transposed", """
        (s, ds), (_, dt) = network(s_net, z[keep]), network(t_net, z[keep])
        J = np.eye(len(z))
        J[np.ix_(~keep, ~keep)] = np.diag(np.exp(s))
        J[np.ix_(~keep, keep)] = np.diag(np.exp(s) * z[~keep]) @ ds + dt
        return J.T""", "the matrix is transposed"),
    Planted("4.4", "the networks see all", """
        return b * x + (1 - b) * (x - t(x)) * np.exp(-s(x)), -((1 - b) * s(x)).sum()""", "the networks see all of x, not b x"),
    Planted("4.4", "kept places summed", """
        kept = b * x
        return kept + (1 - b) * (x - t(kept)) * np.exp(-s(kept)), -s(kept).sum()""", "the sum runs over kept places too"),
    Planted("4.5", "the sum", """
        return s - s.sum()""", "the sum is subtracted, not the mean"),
    Planted("4.6", "permuted again", """
        return x[order], 0.0""", "the permutation is not undone"),
    Planted("4.7", "the last log-det", """
        log_det = 0.0
        for layer in layers:
            z, log_det = layer(z)
        return z, log_det""", "it is only the last layer's log-det"),
    Planted("4.7", "reversed", """
        total = 0.0
        for layer in layers[::-1]:
            z, log_det = layer(z)
            total += log_det
        return z, total""", "the layers are applied in reversed order"),
]  # fmt: skip

# A whole file in other words, as a student may hand it in without the chapter's text.
WHOLE = """
import numpy as np
def net(w, u):
    W1, b1, W2, b2 = w
    h = np.tanh(np.dot(W1, u) + b1)
    return np.dot(W2, h) + b2, np.einsum("oh,h,hi->oi", W2, 1-h*h, W1)
def affine_forward(z, keep, s_net, t_net):
    s = net(s_net, z[keep])[0]; t = net(t_net, z[keep])[0]
    out = np.zeros_like(z); out[keep] = z[keep]; out[np.logical_not(keep)] = z[np.logical_not(keep)]*np.exp(s) + t
    return [out, np.float32(0) + s.sum()]
def affine_inverse(x, keep, s_net, t_net):
    s = net(s_net, x[keep])[0]; t = net(t_net, x[keep])[0]
    z = np.where(keep, x, 0.0); np.place(z, ~keep, (x[~keep]-t)/np.exp(s))
    return z, np.sum(-s)
def affine_jacobian(z, keep, s_net, t_net):
    s, ds = net(s_net, z[keep]); _, dt = net(t_net, z[keep])
    D = len(z); J = np.zeros((D, D)); J[keep, keep] = 1; i = np.nonzero(~keep)[0]; j = np.nonzero(keep)[0]
    J[i, i] = np.exp(s); J[i[:, None], j] = (np.exp(s)*z[i])[:, None]*ds + dt
    return J
def masked_inverse(x, b, s, t):
    u = x*b; S, T = s(u), t(u)
    out = np.where(b > 0.5, x, (x-T)*np.exp(-S))
    return out, -np.sum(S[b < 0.5])
def volume_preserving_log_scales(s):
    m = sum(s)/len(s); return np.array([v-m for v in s])
def permute_back(x, order):
    out = x.copy()
    for i, k in enumerate(order): out[k] = x[i]
    return out, np.float64(0)
def stack_forward(z, layers):
    from functools import reduce
    return reduce(lambda a, g: (lambda r: (r[0], a[1] + r[1]))(g(a[0])), layers, (z, 0.0))
"""
