"""Bodies for the tasks of chapter 11: mistakes with their names. ch11_right.py has the right ones."""

from functools import partial

from planted import Planted
from planted import changed as changed_in
from planted.ch11_right import RIGHT

__all__ = ["RIGHT", "WRONG"]

changed = partial(changed_in, "11")

PLANAR = """
        hat, t = u_hat(w, u), np.tanh(w @ eps + b)
        z = {z}
        return z, {base} {sign} np.log(abs({det}))"""
PARTS = {"z": "eps + hat * t", "base": "log_normal(eps, 0.0, 1.0)", "sign": "-", "det": "1 + (1 - t**2) * (w @ hat)"}
IAF = """
        L, M = {L}, {M}
        s = M @ eps
        return {z}, {base} - {sum}"""
IAF_PARTS = {"L": "np.tril(A, -1)", "M": "np.tril(B, -1)", "z": "L @ eps + np.exp(s) * eps", "base": "log_normal(eps, 0.0, 1.0)",
             "sum": "s.sum()"}  # fmt: skip


def planar(**parts):
    return PLANAR.format(**PARTS | parts)


def iaf(**parts):
    return IAF.format(**IAF_PARTS | parts)


WRONG = [
    changed("11.1", "s2 / s)", "s / s2)", "the logarithm is flipped: s stands above s2"),
    changed("11.1", "np.sum(", "np.mean(", "it is the mean over the variables, not the sum"),
    changed("11.1", " - 0.5", "", "the 1/2 at the end is missing"),
    changed("11.1", "(2 * s2**2)", "(2 * s**2)", "it is divided by the variance of q, not of p"),
    Planted("11.1", "the other one", "return np.sum(np.log(s / s2) + (s2**2 + (m - m2) ** 2) / (2 * s**2) - 0.5)",
        "it is the other divergence, KL(p || q)"),
    Planted("11.1", "the 1/2 once", "return np.sum(np.log(s2 / s) + (s**2 + (m - m2) ** 2) / (2 * s2**2)) - 0.5",
        "the 1/2 at the end is subtracted once, not for each variable"),
    changed("11.2", "- kl_gaussians", "+ kl_gaussians", "the divergence is added, not subtracted"),
    changed("11.2", " + s**2", "", "the likelihood is taken at m: s^2 is missing"),
    changed("11.2", "kl_gaussians(m, s, 0.0, 1.0)", "kl_gaussians(0.0, 1.0, m, s)", "the divergence is the other one, KL(prior || q)"),
    changed("11.2", "-0.5 * np.log(2 * np.pi) - ", "-", "log 2 pi / 2 is missing"),
    Planted("11.2", "no log p(x)", "return -kl_gaussians(m, s, x / 2, np.sqrt(0.5))",
        "it is minus the divergence from the posterior: log p(x) is missing"),
    changed("11.3", "- log_sigma.sum()", "+ log_sigma.sum()", "it has a plus in place of the minus"),
    changed("11.3", "log_normal(eps, 0.0, 1.0)", "log_normal(mu + np.exp(log_sigma) * eps, 0.0, 1.0)",
        "the base density is taken at z, not at the noise"),
    changed("11.3", " - log_sigma.sum()", "", "log_det is missing"),
    changed("11.3", "np.exp(log_sigma) * eps,", "np.exp(log_sigma / 2) * eps,", "log_sigma is taken for the logarithm of the variance"),
    changed("11.3", "log_sigma.sum()", "log_sigma.mean()", "the log-sigmas are averaged, not summed"),
    changed("11.3", "log_sigma.sum()", "np.exp(log_sigma).prod()", "|det| is subtracted, not its logarithm"),
    changed("11.4", " + 1.0", "", "the 1 of log q is missing"),
    changed("11.4", " + 1.0", " - 1.0", "1 is subtracted, not added"),
    changed("11.4", " * eps", "", "eps is missing"),
    changed("11.4", "np.exp(log_sigma) * eps + 1.0", "eps + 1 / np.exp(log_sigma)", "it is the derivative by sigma, not by log sigma"),
    Planted("11.4", "log q through z", "return g_joint - eps / np.exp(log_sigma), g_joint * np.exp(log_sigma) * eps + 1.0",
        "log q is said to depend on mu through z: -eps/sigma is added"),
    Planted("11.5", "u", planar(z="eps + u * t"), "u stands where u_hat belongs"),
    Planted("11.5", "no tanh", planar(z="eps + hat * (w @ eps + b)"), "tanh is missing"),
    Planted("11.5", "u in log q", planar(det="1 + (1 - t**2) * (w @ u)"), "log q has u where u_hat belongs"),
    Planted("11.5", "h", planar(det="1 + t * (w @ hat)"), "log q has tanh where its derivative belongs"),
    Planted("11.5", "the sign", planar(sign="+"), "it has a plus in place of the minus"),
    Planted("11.5", "at z", planar(base="log_normal(z, 0.0, 1.0)"), "the base density is taken at z, not at the noise"),
    Planted("11.5", "no 1", planar(det="(1 - t**2) * (w @ hat)"), "the 1 in front is missing"),
    Planted("11.6", "no triangle", iaf(L="A", M="B"), "the matrices are used as they are: z_i sees itself and later noise"),
    Planted("11.6", "the diagonal", iaf(L="np.tril(A)", M="np.tril(B)"), "the diagonal is kept: mu_i and sigma_i see eps_i"),
    Planted("11.6", "the upper triangle", iaf(L="np.triu(A, 1)", M="np.triu(B, 1)"), "the upper triangle is kept, not the lower one"),
    Planted("11.6", "exchanged", iaf(L="np.tril(B, -1)", M="np.tril(A, -1)"), "A and B are exchanged"),
    Planted("11.6", "no exp", iaf(z="L @ eps + s * eps"), "sigma is log sigma itself"),
    Planted("11.6", "mean", iaf(sum="s.mean()"), "the log-sigmas are averaged, not summed"),
    Planted("11.6", "reads z", """
        z, s = np.zeros(len(eps)), np.zeros(len(eps))
        for i in range(len(eps)):
            s[i] = B[i, :i] @ z[:i]
            z[i] = A[i, :i] @ z[:i] + np.exp(s[i]) * eps[i]
        return z, log_normal(eps, 0.0, 1.0) - s.sum()""", "mu and sigma see z, not the noise"),
    Planted("11.7", "the ELBO", "return log_w.mean()", "it is the mean of the logarithms: the ELBO"),
    changed("11.7", "np.mean(", "np.sum(", "the weights are added up, not averaged"),
    changed("11.7", "return top + ", "return ", "the largest weight is taken out, and not put back"),
    Planted("11.7", "divided after", "return np.logaddexp.reduce(log_w) / len(log_w)", "it is divided by K after the logarithm"),
    Planted("11.7", "no largest term", """
        with np.errstate(all="ignore"):
            return np.log(np.mean(np.exp(log_w)))""", "e^(log w) is 0 or infinite in floats, and its logarithm is no number"),
    Planted("11.8", "log w", "return log_w.sum() ** 2 / (log_w**2).sum()", "log w stands where w belongs"),
    changed("11.8", "w.sum() ** 2", "w.sum()", "the sum above is not squared"),
    changed("11.8", "(w**2).sum()", "(w**2).sum() / len(w)", "it is the share of the draws that is left, not their number"),
    Planted("11.8", "upside down", """
        w = np.exp(log_w - log_w.max())
        return (w**2).sum() / w.sum() ** 2""", "it is the inverse of (13)"),
    Planted("11.8", "no largest term", """
        with np.errstate(all="ignore"):
            w = np.exp(log_w)
            return w.sum() ** 2 / (w**2).sum()""", "e^(log w) is 0 or infinite in floats, and the ratio is no number"),
]  # fmt: skip
