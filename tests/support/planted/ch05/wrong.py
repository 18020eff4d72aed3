"""Mistakes in the tasks of chapter 05, with their names."""

from planted import Planted
from planted.ch05.beginnings import ASMU, INPUTS, LOG_N, LOG_W, MASKS, NET, NET_EPS, OUT, TWO, sampler

WRONG = [
    Planted("5.1", "the order is not inverted", """
        inputs = np.arange(1, D + 1) if order is None else np.array(order) + 1
        return [inputs, *(hidden_degrees(n, D, context) for n in widths)]""", "places and variables are exchanged"),
    Planted("5.1", "the order is ignored", """
        return [np.arange(1, D + 1), *(hidden_degrees(n, D, context) for n in widths)]""", "the order is ignored"),
    Planted("5.1", "from 0", """
        inputs = np.argsort(range(D) if order is None else order)
        return [inputs, *(hidden_degrees(n, D, context) for n in widths)]""", "the degrees of the inputs count from 0"),
    Planted("5.1", "hidden degrees up to D", INPUTS + """
        first = 0 if context else 1
        return [inputs, *(np.sort(first + np.arange(n) * (D + 1 - first) // n) for n in widths)]""",
        "a hidden unit has the degree D, which nobody may look at"),
    Planted("5.1", "hidden degrees from 0", INPUTS + """
        return [inputs, *(np.arange(n) * (D - 1) // n for n in widths)]""", "the hidden degrees are one too small"),
    Planted("5.1", "the context is ignored", INPUTS + """
        return [inputs, *(hidden_degrees(n, D) for n in widths)]""",
        "the degree 0 of the context is missing from the hidden layers"),
    Planted("5.1", "unsorted", INPUTS + """
        first = 0 if context else 1
        return [inputs, *(np.arange(n) % (D - first) + first for n in widths)]""",
        "the units of a hidden layer are not sorted by degree"),
    Planted("5.2", "the output mask with >=", MASKS + """
        return found + [degrees[0][:, None] >= below]""", "the output mask lets a variable see itself"),
    Planted("5.2", "hidden masks with >", MASKS.replace(">=", ">") + """
        return found + [degrees[0][:, None] > below]""", "hidden units do not look at their equals"),
    Planted("5.2", "hidden masks with >, but for the first", MASKS.replace(">= below[None, :]", ">= below if below is inputs else layer[:, None] > below") + """
        return found + [degrees[0][:, None] > below]""", "hidden units do not look at their equals in the layer below"),
    Planted("5.2", "transposed", MASKS + """
        return [M.T for M in found] + [degrees[0] > below[:, None]]""", "the matrices are transposed"),
    Planted("5.2", "turned round", MASKS.replace(">=", "<=") + """
        return found + [degrees[0][:, None] < below]""", "the comparison is turned round"),
    Planted("5.2", "the output mask from the inputs", MASKS + """
        return found + [degrees[0][:, None] > degrees[0]]""", "the output mask compares with the inputs' degrees"),
    Planted("5.2", "the context before x", MASKS.replace("[degrees[0], np.zeros(n_context, int)]", "[np.zeros(n_context, int), degrees[0]]") + """
        return found + [degrees[0][:, None] > below]""", "the context's columns stand before those of x"),
    Planted("5.2", "the context left out", MASKS.replace("np.concatenate([degrees[0], np.zeros(n_context, int)])", "degrees[0]") + """
        return found + [degrees[0][:, None] > below]""", "the context's columns are missing"),
    Planted("5.2", "no hidden layer, no context", """
        pairs = list(zip([np.append(degrees[0], np.zeros(n_context)), *degrees[1:]], degrees[1:]))
        return [m[:, None] >= below for below, m in pairs] + [degrees[0][:, None] > degrees[-1]]""",
        "the context's columns are missing"),
    Planted("5.3", "the order", NET + """
        return x * np.exp(-s) - mu, -s.sum()""", "it divides before it subtracts"),
    Planted("5.3", "multiplies", NET + """
        return (x - mu) * np.exp(s), -s.sum()""", "it multiplies by the scale, where it should divide"),
    Planted("5.3", "the sign of the log-det", NET + """
        return (x - mu) * np.exp(-s), s.sum()""", "the inverse's log_det is not negated"),
    Planted("5.3", "conditions on z", """
        z = np.zeros(len(x))
        for _ in range(len(x)):
            mu, s, _, _ = net(z)
            z = (x - mu) * np.exp(-s)
        return z, -s.sum()""", "the network is asked at z, not at x"),
    Planted("5.3", "divides by s", NET + """
        return (x - mu) / s, -s.sum()""", "it divides by s, not by e^s"),
    Planted("5.3", "the mean", NET + """
        return (x - mu) * np.exp(-s), -s.mean()""", "it is the mean over dimensions, not the sum"),
    Planted("5.3", "exp summed", NET + """
        return (x - mu) * np.exp(-s), -np.exp(s).sum()""", "exp(s) is summed, not s"),
    Planted("5.3", "the variance", NET + """
        return (x - mu) / np.sqrt(np.exp(s)), -s.sum() / 2""", "s is taken for the logarithm of the variance"),
    Planted("5.3", "mu and s exchanged", """
        s, mu = net(x)[:2]
        return (x - mu) * np.exp(-s), -s.sum()""", "mu and s are exchanged"),
    Planted("5.4", "hidden units with <", sampler(below="degrees[k - 1] < m"), "hidden units do not look at their equals"),
    Planted("5.4", "by place", sampler(i="m - 1"), "variables are drawn by their place, not by their degree"),
    Planted("5.4", "no step 0", sampler(first="1"), "step 0 is left out: units that see the context alone stay 0"),
    Planted("5.4", "rows in turn", sampler(rows="[2 * i, 2 * i + 1]"), "the rows of the outputs are taken in turn, mu_1, s_1, mu_2, ..."),
    Planted("5.4", "rows exchanged", sampler(rows="[D + i, i]"), "mu and s are exchanged"),
    Planted("5.4", "e^-s", sampler(scale="np.exp(-s[i])"), "the noise is undone, not applied"),
    Planted("5.4", "no activation", sampler(act=""), "the hidden units lack their activation"),
    Planted("5.4", "the context comes back", sampler(x="h[0]"), "the context comes back with x"),
    Planted("5.4", "minus", sampler(log_det="-s.sum()"), "the sign is flipped"),
    Planted("5.4", "the last s", sampler(log_det="s[i]"), "it is only the last variable's log-scale"),
    Planted("5.4", "P forgotten", sampler(out="known.sum()"), "the outputs are counted once, though there are two for a variable"),
    Planted("5.4", "known too early", sampler(known="degrees[-1] <= m"),
        "units of degree m are multiplied in the step in which they are not known yet"),
    Planted("5.4", "D passes", """
        masks, x, count = masks_of(degrees, len(y)), np.zeros(len(z)), 0
        for _ in z:
            mu, s, _, _ = gaussian_made(weights, masks, x, y)
            x = mu + np.exp(s) * z
            count += sum(W.size for W, _ in weights)
        return x, s.sum(), count""", "it is the count of D passes, not of one"),
    Planted("5.4", "one pass at the noise", """
        masks = masks_of(degrees, len(y))
        mu, s, _, _ = gaussian_made(weights, masks, z, y)
        return mu + np.exp(s) * z, s.sum(), 0""", "x comes from one pass with the mean of the noise"),
    Planted("5.5", "the plus", NET_EPS + """
        return mu + np.exp(s) * eps, s.sum()""", "it has a plus in place of the minus"),
    Planted("5.5", "equation (11)", NET_EPS + """
        return (eps - mu) * np.exp(-s), s.sum()""", "it is equation (11), not (10)"),
    Planted("5.5", "the whole log q", NET_EPS + """
        return mu + np.exp(s) * eps, standard_normal_log_prob(eps) - s.sum()""", "log q(eps) is added already"),
    Planted("5.5", "the network reads z", """
        z = np.zeros(len(eps))
        for _ in eps:
            mu, s, _, _ = net(z)
            z = mu + np.exp(s) * eps
        return z, -s.sum()""", "the network reads z, not eps"),
    Planted("5.5", "per variable", NET_EPS + """
        return mu + np.exp(s) * eps, -s""", "there is one log-scale for each variable, not their sum"),
    Planted("5.5", "s for sigma", NET_EPS + """
        return mu + s * eps, -np.log(np.abs(s)).sum()""", "the scale is s, not e^s"),
    Planted("5.6", "exchanged", """
        eps_1, l_1 = maf_inverse(x, net_1)
        eps_0, l_2 = maf_inverse(eps_1, net_2)
        return standard_normal_log_prob(eps_0) + l_1 + l_2""", "the two networks are exchanged"),
    Planted("5.6", "minus", TWO + """
        return standard_normal_log_prob(eps_0) - l_1 - l_2""", "log_det is subtracted, not added"),
    Planted("5.6", "one log-det", TWO + """
        return standard_normal_log_prob(eps_0) + l_1""", "the log-det of the step from x is missing"),
    Planted("5.6", "the base at x", TWO + """
        return standard_normal_log_prob(x) + l_1 + l_2""", "the base is evaluated at x, not at z"),
    Planted("5.6", "sigma_1 at x", TWO + """
        return standard_normal_log_prob(eps_0) - net_1(x)[1].sum() + l_2""", "sigma_1 is taken at x, not at eps_1"),
    Planted("5.6", "no constant", TWO + """
        return -0.5 * eps_0 @ eps_0 + l_1 + l_2""", "the normalising constant is missing"),
    Planted("5.6", "the constant once", TWO + """
        return -0.5 * eps_0 @ eps_0 - 0.5 * np.log(2 * np.pi) + l_1 + l_2""", "the constant is counted once, not D times"),
    Planted("5.6", "the second network twice", """
        eps_1, l_2 = maf_inverse(x, net_2)
        eps_0, l_1 = maf_inverse(eps_1, net_2)
        return standard_normal_log_prob(eps_0) + l_1 + l_2""", "the second network is used twice"),
    Planted("5.7", "the naive logarithm", OUT + """
        return (x * a - np.log(1 + np.exp(a))).sum()""", "e^a overflows before its logarithm is taken"),
    Planted("5.7", "by probabilities", OUT + """
        p = 1 / (1 + np.exp(-a))
        return np.log(np.where(x == 1, p, 1 - p)).sum()""", "1 - P rounds to 0 before its logarithm is taken"),
    Planted("5.7", "cross-entropy by probabilities", OUT + """
        p = 1 / (1 + np.exp(-a))
        return np.sum(x * np.log(p) + (1 - x) * np.log(1 - p))""", "the probability rounds to 0 or 1 before its logarithm is taken"),
    Planted("5.7", "the wrong bit", OUT + """
        return ((1 - x) * a - np.logaddexp(0, a)).sum()""", "ones and zeros are exchanged"),
    Planted("5.7", "ones alone", OUT + """
        return (x * (a - np.logaddexp(0, a))).sum()""", "only the ones are counted: zeros have a probability too"),
    Planted("5.7", "no masks", """
        a, _ = made(weights, [np.ones_like(M) for M in masks], x)
        return (x * a - np.logaddexp(0, a)).sum()""", "the masks are not applied"),
    Planted("5.7", "the loss", OUT + """
        return (np.logaddexp(0, a) - x * a).sum()""", "it is minus log P"),
    Planted("5.7", "no sum", OUT + """
        return x * a - np.logaddexp(0, a)""", "the terms come back one by one"),
    Planted("5.8", "weights over the variables", ASMU + LOG_N + """
        log_w = a - np.logaddexp.reduce(a, axis=1)[:, None]
        return np.logaddexp.reduce(log_w + log_n, axis=0).sum()""",
        "the weights are normalised over the variables, not over the components"),
    Planted("5.8", "weights not normalised", ASMU + LOG_N + """
        return np.logaddexp.reduce(a + log_n, axis=0).sum()""", "the weights are not normalised"),
    Planted("5.8", "no s", LOG_W + """
        log_n = -0.5 * ((x - mu) / np.exp(s)) ** 2 - 0.5 * np.log(2 * np.pi)
        return np.logaddexp.reduce(log_w + log_n, axis=0).sum()""", "the term -s is missing"),
    Planted("5.8", "the variance", LOG_W + """
        log_n = -0.5 * (x - mu) ** 2 / np.exp(s) - 0.5 * s - 0.5 * np.log(2 * np.pi)
        return np.logaddexp.reduce(log_w + log_n, axis=0).sum()""", "s is taken for the logarithm of the variance"),
    Planted("5.8", "logarithms averaged", LOG_W + LOG_N + """
        return (np.exp(log_w) * log_n).sum()""", "logarithms are averaged, not densities"),
    Planted("5.8", "densities", LOG_W + LOG_N + """
        return np.log((np.exp(log_w) * np.exp(log_n)).sum(axis=0)).sum()""",
        "the components' densities round to 0 before the logarithm is taken"),
    Planted("5.8", "whole rows", LOG_W + LOG_N + """
        return np.logaddexp.reduce((log_w + log_n).sum(axis=1))""", "the components are mixed as whole rows, not variable by variable"),
    Planted("5.8", "another order of outputs", """
        a, mu, s = made(weights, masks, x, y)[0].reshape(3, -1, len(x))
        log_w = a - np.logaddexp.reduce(a, axis=0)""" + LOG_N + """
        return np.logaddexp.reduce(log_w + log_n, axis=0).sum()""", "s and mu are exchanged"),
    Planted("5.8", "another shape", """
        a, s, mu = made(weights, masks, x, y)[0].reshape(3, len(x), -1).transpose(0, 2, 1)
        log_w = a - np.logaddexp.reduce(a, axis=0)""" + LOG_N + """
        return np.logaddexp.reduce(log_w + log_n, axis=0).sum()""", "the outputs are read as (3, D, K)"),
    Planted("5.2", "the context as a variable", MASKS.replace("np.zeros(n_context, int)", "np.ones(n_context, int)") + """
        return found + [degrees[0][:, None] > below]""", "the context has the degree 1, not 0"),
    Planted("5.3", "the scale squared", NET + """
        return (x - mu) * np.exp(-2 * s), -2 * s.sum()""", "the scale is e^(2 s)"),
    Planted("5.6", "both steps from x", """
        eps_1, l_2 = maf_inverse(x, net_2)
        eps_0, l_1 = maf_inverse(x, net_1)
        return standard_normal_log_prob(eps_0) + l_1 + l_2""", "both steps start from x"),
    Planted("5.6", "two bases", TWO + """
        return standard_normal_log_prob(eps_0) + standard_normal_log_prob(eps_1) + l_1 + l_2""", "the base is counted twice"),
    Planted("5.7", "ones everywhere", OUT + """
        return np.log(1 / (1 + np.exp(-a))).sum()""", "every bit is taken for a one"),
    Planted("5.7", "clipped", OUT + """
        p = np.clip(1 / (1 + np.exp(-a)), 1e-7, 1 - 1e-7)
        return (x * np.log(p) + (1 - x) * np.log(1 - p)).sum()""", "the probability is clipped"),
]  # fmt: skip
