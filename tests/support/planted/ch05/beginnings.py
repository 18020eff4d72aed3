"""How bodies of chapter 05 begin, and its sampler with pieces that can be exchanged."""

INPUTS = """
        inputs = np.empty(D, int)
        inputs[np.arange(D) if order is None else list(order)] = np.arange(1, D + 1)"""
NET, NET_EPS = "\n        mu, s, _, _ = net(x)", "\n        mu, s, _, _ = net(eps)"
MASKS = """
        inputs = np.concatenate([degrees[0], np.zeros(n_context, int)])
        found, below = [], inputs
        for layer in degrees[1:]:
            found.append(layer[:, None] >= below[None, :])
            below = layer"""
OUT = "\n        a = made(weights, masks, x)[0]"
ASMU = "\n        a, s, mu = made(weights, masks, x, y)[0].reshape(3, -1, len(x))"
LOG_W = ASMU + "\n        log_w = a - np.logaddexp.reduce(a, axis=0)"
LOG_N = "\n        log_n = -0.5 * ((x - mu) / np.exp(s)) ** 2 - s - 0.5 * np.log(2 * np.pi)"
TWO = """
        eps_1, l_2 = maf_inverse(x, net_2)
        eps_0, l_1 = maf_inverse(eps_1, net_1)"""


def sampler(lines="", **other):
    """The chapter's sampler, spelled out, with some of its pieces replaced."""
    pieces = {
        "first": "0", "i": "list(degrees[0]).index(m)", "known": "degrees[-1] < m", "below": "degrees[k - 1] <= m",
        "rows": "[i, D + i]", "scale": "np.exp(s[i])", "act": "np.tanh", "bias": " + b[new]", "out": "2 * known.sum()",
        "hidden": "new.sum() * below.sum()", "x": "h[0][:D]", "log_det": "s.sum()",
    } | other  # fmt: skip
    text = """
        D = len(z)
        degrees = [np.concatenate([degrees[0], np.zeros(len(y), int)]), *degrees[1:]]
        h = [np.zeros(len(m)) for m in degrees]
        h[0][D:] = y
        s, count = np.zeros(D), 0
        for m in range(<first>, D + 1):
            if m > 0:
                i = <i>
                known = <known>
                W, b = weights[-1]
                mu, s[i] = W[<rows>][:, known] @ h[-1][known] + b[<rows>]
                h[0][i] = mu + <scale> * z[i]
                count += <out>
            for k in range(1, len(degrees)):
                W, b = weights[k - 1]
                new, below = degrees[k] == m, <below>
                h[k][new] = <act>(W[new][:, below] @ h[k - 1][below]<bias>)
                count += <hidden>
        return <x>, <log_det>, count"""
    for name, piece in pieces.items():
        text = text.replace(f"<{name}>", piece)
    return text
