"""Bodies for the tasks of chapter 01."""

from planted import Planted

RIGHT = [
    Planted("1.1", "sum by a loop", """
        z, log_det = inverse(x)
        total = log_det
        for value in np.atleast_1d(base_log_prob(z)):
            total += value
        return float(total)"""),
    Planted("1.2", "by cosh for small z", """
        a = np.abs(z)
        log_cosh = a + np.log1p(np.exp(-2 * a)) - np.log(2)
        return np.tanh(z), -2 * np.sum(log_cosh)"""),
    Planted("1.3", "counting", """
        x = z.copy()
        x[z < 0] *= a
        return x, np.count_nonzero(z < 0) * np.log(a)"""),
    Planted("1.4", "a loop over columns", """
        columns = len(z)
        J = np.zeros((len(f(z)), columns))
        for j in range(columns):
            d = np.zeros(columns)
            d[j] = h
            J[:, j] = (f(z - 2 * d) - 8 * f(z - d) + 8 * f(z + d) - f(z + 2 * d)) / (12 * h)
        return J"""),
    Planted("1.5", "in place, on a copy", """
        z = np.array(x, dtype=float)
        z[1] -= b * (x[0] ** 2 - 100)
        z[0] /= 10
        return z, np.log(1 / 10)"""),
    Planted("1.6", "two loops", """
        N, D = x.shape
        loss, g_s, g_t = 0.0, np.zeros(D), np.zeros(D)
        for row in x:
            u = (row - t) / np.exp(s)
            loss += np.sum(u * u / 2 + s + np.log(2 * np.pi) / 2) / N
            g_s += (1 - u * u) / N
            g_t -= u / np.exp(s) / N
        return loss, g_s, g_t"""),
    Planted("1.7", "with autograd's own numbers", """
        sign, true = np.linalg.slogdet(numeric_jacobian(lambda a: f(a)[0], v))
        said = f(v)[1]
        if -1e-3 < true < 1e-3:
            return "Undecided: the log-det is 0 here, and 0 is minus 0; take another point."
        for factor, words in ((1, "the log-det of the map that it applied"), (-1, "the log-det of the inverse of the map that it applied")):
            if abs(said - factor * true) < 1e-5:
                return words
        return "something else: a mistake, or a part of the log-det" """),
]  # fmt: skip

WRONG = [
    Planted("1.1", "minus the log-det", """
        z, log_det = inverse(x)
        return base_log_prob(z).sum() - log_det""", "log_det is subtracted, not added"),
    Planted("1.1", "no sum", """
        z, log_det = inverse(x)
        return base_log_prob(z) + log_det""", "the base's log-densities are not summed over the variables"),
    Planted("1.1", "the base at x", """
        z, log_det = inverse(x)
        return base_log_prob(x).sum() + log_det""", "the base is evaluated at x, not at z"),
    Planted("1.2", "the naive logarithm", """
        return np.tanh(z), np.log(1 - np.tanh(z) ** 2).sum()""",
        "1 - tanh(z)^2 rounds to 0 before its logarithm is taken"),
    Planted("1.2", "a softplus that overflows", """
        return np.tanh(z), 2 * (np.log(2) - z - np.log(1 + np.exp(-2 * z))).sum()""",
        "e^(-2z) overflows before its logarithm is taken"),
    Planted("1.2", "the sign", """
        return np.tanh(z), -2 * (np.log(2) - z - softplus(-2 * z)).sum()""", "the sign is flipped"),
    Planted("1.2", "the mean", """
        return np.tanh(z), 2 * (np.log(2) - z - softplus(-2 * z)).mean()""", "it is the mean over dimensions, not the sum"),
    Planted("1.3", "the slope for every variable", """
        return np.where(z >= 0, z, a * z), len(z) * np.log(a)""", "the slope is counted for every variable"),
    Planted("1.3", "the slope once", """
        return np.where(z >= 0, z, a * z), np.log(a) if (z < 0).any() else 0.0""",
        "the slope is counted once, however many variables are below 0"),
    Planted("1.3", "the wrong branch", """
        return np.where(z >= 0, z, a * z), np.where(z >= 0, np.log(a), 0.0).sum()""", "the slope is counted on the wrong branch"),
    Planted("1.4", "second order", """
        return np.stack([(f(z + e) - f(z - e)) / (2 * h) for e in np.eye(len(z)) * h], axis=1)""", "the rule is of second order"),
    Planted("1.4", "transposed", """
        steps = np.eye(len(z)) * h
        return np.stack([(8 * (f(z + e) - f(z - e)) - (f(z + 2 * e) - f(z - 2 * e))) / (12 * h) for e in steps])""",
        "the matrix is transposed"),
    Planted("1.5", "the bend from z_1", """
        z1 = x[0] / 10
        return np.array([z1, x[1] - b * (z1**2 - 100)]), -np.log(10)""", "the bend is computed from z_1, not from x_1"),
    Planted("1.5", "the sign of the log-det", """
        return np.array([x[0] / 10, x[1] - b * (x[0] ** 2 - 100)]), np.log(10)""", "the inverse's log_det is not negated"),
    Planted("1.6", "no constant", """
        u = (x - t) * np.exp(-s)
        return (0.5 * u**2 + s).mean(axis=0).sum(), 1 - (u**2).mean(axis=0), -np.exp(-s) * u.mean(axis=0)""",
        "the constant of the normal density is missing"),
    Planted("1.6", "the sign of dL/dt", """
        u = (x - t) * np.exp(-s)
        loss = (0.5 * u**2 + s).mean(axis=0).sum() + 0.5 * x.shape[1] * np.log(2 * np.pi)
        return loss, 1 - (u**2).mean(axis=0), np.exp(-s) * u.mean(axis=0)""", "the sign of the derivative is flipped"),
    Planted("1.7", "never undecided", """
        true = np.linalg.slogdet(numeric_jacobian(lambda a: f(a)[0], v))[1]
        if abs(f(v)[1] - true) < 1e-5:
            return "the log-det of the map that it applied"
        if abs(f(v)[1] + true) < 1e-5:
            return "the log-det of the inverse of the map that it applied"
        return "something else: a mistake, or a part of the log-det" """, "a log-det of 0 is not left undecided"),
]  # fmt: skip

# A whole file in other words, as a student may hand it in without the chapter's text.
WHOLE = """
import autograd.numpy as np
from autograd import jacobian
from scipy.special import log_expit
from dataclasses import dataclass

def log_prob_through(x, inverse, base_log_prob):
    noise, volume = inverse(x)
    return np.add(np.sum(base_log_prob(noise)), volume)

def tanh_forward(z):
    return np.tanh(z), np.sum(2*np.log(2) + 2*(log_expit(2*z) - z) )

def leaky_relu_forward(z, a=0.3):
    slope = [1 if v >= 0 else a for v in z]
    return np.array([s*v for s, v in zip(slope, z)]), sum(np.log(s) for s in slope)

def numeric_jacobian(f, z, h=1e-3):
    n = z.shape[0]
    E = h*np.identity(n)
    vals = {k: np.array([f(z + k*E[j]) for j in range(n)]) for k in (-2, -1, 1, 2)}
    return ((vals[-2] - vals[2])/12 + (vals[1] - vals[-1])*8/12).T / h

def banana_inverse(x, b=0.03):
    x1, x2 = x
    return np.array((x1/10., x2 + b*(100 - x1*x1))), -float(np.log(10))

def nll_and_gradient(s, t, x):
    def loss(p):
        s, t = p[:len(p)//2], p[len(p)//2:]
        u = (x - t)/np.exp(s)
        return np.sum(np.mean(u**2/2 + s + np.log(2*np.pi)/2, axis=0))
    from autograd import value_and_grad
    v, g = value_and_grad(loss)(np.concatenate([s, t]))
    return v, g[:len(s)], g[len(s):]

def read_the_convention(f, v):
    J = numeric_jacobian(lambda u: f(u)[0], v)
    true, said = np.log(abs(np.linalg.det(J))), f(v)[1]
    if abs(true) < 1e-3: return "undecided: the log-det is 0 here, and 0 is minus 0; take another point"
    if np.isclose(true, said, atol=1e-5, rtol=0): return "the log-det of the map that it applied"
    if np.isclose(-true, said, atol=1e-5, rtol=0): return "the log-det of the inverse of the map that it applied"
    return "something else: a mistake, or a part of the log-det"
"""
