"""Bodies for the tasks of chapter 10: mistakes with their names. ch10_right.py has the right ones."""

from functools import partial

from planted import Planted
from planted import changed as changed_in
from planted.ch10_right import RIGHT

__all__ = ["RIGHT", "WRONG"]

changed = partial(changed_in, "10")

FORWARD = """
        x, log_det = np.zeros(len(z)), 0.0
        for i in range(len(z)):
            s, t = network(nets[i], {sees})[0]
            x[i] = {x}
            log_det += {log_det}
        return x, log_det"""
PARTS = {"sees": "np.append(x[:i], y)", "x": "np.exp(s) * z[i] + t", "log_det": "s"}
NAIVE = """
        with np.errstate(all="ignore"):
            return np.log(np.exp(log_p + log_prior).sum(axis=-1))"""


def forward(**parts):
    return FORWARD.format(**PARTS | parts)


WRONG = [
    changed("10.1", "np.eye(A.shape[1]) + ", "", "the unit matrix, the prior's part, is missing"),
    changed("10.1", "np.linalg.inv(S) @ A", "S @ A", "S stands where its inverse belongs"),
    changed("10.1", "P @ A.T @ np.linalg.inv(S)", "P @ A.T", "B lacks the inverse of S"),
    changed("10.1", "P @ A.T @ np.linalg.inv(S)", "A.T @ np.linalg.inv(S)", "B lacks P"),
    changed("10.1", "np.linalg.inv(S), P", "np.linalg.inv(S), np.linalg.inv(P)", "the sum in P is not inverted"),
    changed("10.1", "np.eye(A.shape[1])", "1", "1 is added to every entry, not to the diagonal"),
    Planted("10.2", "reads z", forward(sees="np.append(z[:i], y)"), "the networks read z, not x"),
    Planted("10.2", "y first", forward(sees="np.append(y, x[:i])"), "y stands before x in the networks' input"),
    Planted("10.2", "shift first", forward(x="np.exp(s) * (z[i] + t)"), "it shifts before it scales"),
    Planted("10.2", "s", forward(x="s * z[i] + t"), "the scale is s, not e^s"),
    Planted("10.2", "the variance", forward(x="np.exp(s / 2) * z[i] + t"), "s is taken for the logarithm of the variance"),
    Planted("10.2", "exp", forward(log_det="np.exp(s)"), "exp(s) is summed, not s"),
    Planted("10.2", "mean", forward(log_det="s / len(z)"), "it is the mean over dimensions, not the sum"),
    Planted("10.2", "absolute", forward(log_det="abs(s)"), "|s| is summed, not s"),
    changed("10.3", "np.concatenate([x[:i], y])", "np.concatenate([x[:i], 0 * y])", "y is forgotten: the networks get zeros in its place"),
    changed("10.3", "-theta[:, 0].sum()", "theta[:, 0].sum()", "the inverse's log_det is not negated"),
    changed("10.3", "(x - theta[:, 1]) * np.exp(-theta[:, 0])", "x * np.exp(-theta[:, 0]) - theta[:, 1]", "it divides before it subtracts"),
    changed("10.3", "np.exp(-theta[:, 0])", "np.exp(theta[:, 0])", "it multiplies by the scale, where it should divide"),
    Planted("10.3", "reads z", """
        z, log_det = np.zeros(len(x)), 0.0
        for i, net in enumerate(nets):
            s, t = network(net, np.append(z[:i], y))[0]
            z[i] = (x[i] - t) * np.exp(-s)
            log_det -= s
        return z, log_det""", "the networks read z, not x"),
    changed("10.4", "np.exp(s) * z[k] * ds", "z[k] * ds", "the term of ds lacks e^s"),
    changed("10.4", " + dt", "", "the term of dt is missing"),
    changed("10.4", "to_y = np.concatenate([np.zeros((len(y), len(z)))", "to_y = np.concatenate([np.ones((len(y), len(z)))", "dx/dz is wrong"),
    changed("10.4", "return J[:, : len(z)], J[:, len(z) :]", "return J[:, : len(z)].T, J[:, len(z) :]", "it is transposed"),
    Planted("10.4", "the way through x", """
        x, _ = affine_forward(z, y, nets)
        J, J_y = np.zeros((len(z), len(z))), np.zeros((len(z), len(y)))
        for i, net in enumerate(nets):
            (s, _), (ds, dt) = network(net, np.append(x[:i], y))
            row = np.exp(s) * z[i] * ds + dt
            J[i] = row[:i] @ J[:i]
            J[i, i], J_y[i] = np.exp(s), row[i:]
        return J, J_y""", "dx/dy leaves out the way through x_<i"),
    Planted("10.4", "by x", """
        x, _ = affine_forward(z, y, nets)
        J, J_y = np.zeros((len(z), len(z))), np.zeros((len(z), len(y)))
        for i, net in enumerate(nets):
            (s, _), (ds, dt) = network(net, np.append(x[:i], y))
            row = np.exp(s) * z[i] * ds + dt
            J[i, :i], J[i, i], J_y[i] = row[:i], np.exp(s), row[i:]
        return J, J_y""", "the entries are derivatives by x_<i, not by z_<i"),
    changed("10.5", "log_joint = log_p + log_prior", "log_joint = log_p", "the prior is missing"),
    changed("10.5", "log_p + log_prior", "log_p + np.exp(log_prior)", "the prior itself is added to the logarithm"),
    changed("10.5", ".sum(axis=-1)", ".mean(axis=-1)", "the mean over classes is taken, not the sum"),
    changed("10.5", "return top + ", "return ", "the largest term is taken out, and not added again"),
    Planted("10.5", "no largest term", NAIVE, "e^(log p) is 0 or infinite in floats, and its logarithm is no number"),
    Planted("10.5", "the sum of the logs", "return (log_p + log_prior).sum(axis=-1)", "the logarithms are added up, not the densities"),
    changed("10.6", "log_p + log_prior -", "log_p -", "the prior is missing in front of p(x | k)"),
    changed("10.6", " - label_free_log_prob(log_p, log_prior)[..., None]", "", "log p(x) is not subtracted"),
    changed("10.6", "label_free_log_prob(log_p, log_prior)", "label_free_log_prob(log_p, 0 * log_prior)", "the prior is missing in p(x)"),
    Planted("10.6", "a probability", "return np.exp(log_p + log_prior - label_free_log_prob(log_p, log_prior)[..., None])",
        "it is the probability, not its logarithm"),
    Planted("10.6", "over the points", """
        joint = log_p + log_prior
        top = joint.max(axis=0)
        return joint - top - np.log(np.exp(joint - top).sum(axis=0))""", "it is normalised over the points, not over the classes"),
    changed("10.7", "np.log(high - low) - ", "-", "log(b - a) is missing"),
    changed("10.7", " - softplus(-u))", ")", "sp(-u) is missing"),
    changed("10.7", ".sum()", ".mean()", "it is the mean over dimensions, not the sum"),
    changed("10.7", "softplus(-u)) + low * np.exp(-softplus(u))", "softplus(u)) + low * np.exp(-softplus(-u))", "the ends are exchanged"),
    changed("10.7", "np.log(high - low) - softplus(u)", "np.log(high - low).sum() - softplus(u)",
        "log(b - a) is counted as often as there are variables, squared"),
    Planted("10.7", "e^u", """
        with np.errstate(all="ignore"):
            x = low + (high - low) / (1 + np.exp(-u))
            return x, (np.log(high - low) - np.log(1 + np.exp(u)) - np.log(1 + np.exp(-u))).sum()""",
        "e^800 is more than a float holds, and log_det is -inf"),
    Planted("10.7", "log of the slope", """
        with np.errstate(all="ignore"):
            share = 1 / (1 + np.exp(-u))
            return low + (high - low) * share, np.log((high - low) * share * (1 - share)).sum()""",
        "the slope is 0 in floats there, and its logarithm is -inf"),
    changed("10.8", "draws < theta", "draws > theta", "the draws above theta are counted, not those below"),
    changed("10.8", "draws < theta", "draws <= theta", "a draw that equals theta is counted as one below it"),
    changed("10.8", ".sum(axis=0)", ".mean(axis=0)", "it is a share of the draws, not their number"),
    changed("10.8", ".sum(axis=0)", ".sum()", "it is added up over the variables"),
    changed("10.8", ".sum(axis=0)", ".sum(axis=0) + 1", "it counts from 1, not from 0"),
]  # fmt: skip
