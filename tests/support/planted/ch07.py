"""Bodies for the tasks of chapter 07: mistakes with their names. ch07_right.py has the right ones."""

from planted import Planted
from planted.ch07_right import RIGHT

__all__ = ["RIGHT", "WRONG"]

S = """
        s = a * x + b
        log_F, log_1_F = lse(np.log(w) - softplus(-s)), lse(np.log(w) - softplus(s))"""
DENSE = """
        t, e = np.array([x]), np.zeros(1)
        for u, a, b, w in layers:
            s, log_ds = {0}
            log_F, log_1_F = lse(np.log(w) - softplus(-s)), lse(np.log(w) - softplus(s))
            t, e = log_F - log_1_F, {1}
        return t[0], e[0]"""
S_OF, E_OF = (
    "a * (u @ t) + b, np.log(a) + lse(np.log(u) + e)",
    "lse(np.log(w) + log_ds - softplus(s) - softplus(-s)) - log_F - log_1_F",
)
RULE = """
        i, j = np.arange(n + 1), np.arange(1, n // 2 + 1)
        q = (1 - np.cos({0} * np.outer(i, j) / n) @ ({1} / (4.0 * j**2 - 1))) / n
        {2}
        return {3}, q"""
TURN, BETA, HALVES, POINTS = (
    "2 * np.pi",
    "np.where(2 * j == n, 1, 2)",
    "q[[0, -1]] /= 2",
    "(1 - np.cos(np.pi * i / n)) / 2",
)
GROWN = """
        low, high, width = target - 1.0, target + 1.0, 1.0
        for _ in range(64):
            if h(low)[0] <= target <= h(high)[0]:
                break
            width *= 4
            low, high = target - width, target + width"""
REACHED = (
    GROWN
    + """
        else:
            raise ValueError("not reached")"""
)
HALVED = """
        for _ in range(200):
            x = (low + high) / 2
            low, high = (x, high) if h(x)[0] < target else (low, x)"""
CHECKED = """
        if abs(h(x)[0] - target) > 1e-10 * max(1, abs(target)):
            raise ValueError("residual")"""
ROOT = """
        x, log_slope, _ = search(lambda x: (x + np.tanh(x + b), np.log(2 - np.tanh(x + b) ** 2)), z)
        inner, slope = 1 - np.tanh(x + b) ** 2, np.exp(log_slope)"""
SAMPLE = """
        x, total = np.zeros_like(z), 0.0
        for i in range(len(z)):
            theta = {0}(network(nets[i], {1}))
            x[i], log_slope, _ = search(lambda u: deep_sigmoid(u, *theta), z[i])
            total = {2}
        return x, total"""
GRID = """
        x = np.linspace(-40, 40, 4001)
        z, log_slope = np.array([h(u) for u in x]).T"""

WRONG = [
    Planted("7.1", "the naive logit", """
        s = a * x + b
        F, dF = w @ sigmoid(s), w @ (a * sigmoid(s) * sigmoid(-s))
        return np.log(F / (1 - F)), np.log(dF / (F * (1 - F)))""", "F rounds to 0 or 1 before its logarithm is taken"),
    Planted("7.1", "the slope alone is naive", S + """
        return log_F - log_1_F, np.log(w @ (a * sigmoid(s) * sigmoid(-s))) - log_F - log_1_F""",
        "the slope's sigmoids round to 0 before the logarithm is taken"),
    Planted("7.1", "no a in the slope", S + """
        return log_F - log_1_F, lse(np.log(w) - softplus(s) - softplus(-s)) - log_F - log_1_F""",
        "the slopes a_k are left out of the log-slope"),
    Planted("7.1", "the slope of F", S + """
        return log_F - log_1_F, lse(np.log(w * a) - softplus(s) - softplus(-s))""", "the logit's slope is missing"),
    Planted("7.1", "log F", S + """
        return log_F, lse(np.log(w * a) - softplus(s) - softplus(-s)) - log_F""", "it is log F, not the logit of F"),
    Planted("7.1", "no weights", """
        s = a * x + b
        log_F, log_1_F = lse(-softplus(-s)), lse(-softplus(s))
        return log_F - log_1_F, lse(np.log(a) - softplus(s) - softplus(-s)) - log_F - log_1_F""", "the weights are left out"),
    Planted("7.2", "the last layer's slope", DENSE.format("a * (u @ t) + b, np.log(a)", E_OF), "only the last layer's"),
    Planted("7.2", "no u in the slope", DENSE.format("a * (u @ t) + b, np.log(a) + lse(0 * u + e)", E_OF),
        "the weights u are left out of the log-slope"),
    Planted("7.2", "no a in the slope", DENSE.format("a * (u @ t) + b, lse(np.log(u) + e)", E_OF),
        "the slopes a_j are left out of the log-slope"),
    Planted("7.2", "e mixed as it is", DENSE.format("a * (u @ t) + b, np.log(a) + u @ e", E_OF),
        "the e_i are mixed as they are, not by lse"),
    Planted("7.2", "no slope of the logit", DENSE.format(S_OF, E_OF.replace(" - log_F - log_1_F", "")),
        "the logit's slope is missing"),
    Planted("7.2", "b first", DENSE.format("a * (u @ t + b), np.log(a) + lse(np.log(u) + e)", E_OF),
        "b is added before the slope multiplies"),
    Planted("7.2", "arrays", DENSE.format(S_OF, E_OF).replace("t[0], e[0]", "t, e"), "z must be a single number"),
    Planted("7.3", "the ends are whole", RULE.format(TURN, BETA, "", POINTS), "the weights at the ends are not halved"),
    Planted("7.3", "beta is 2", RULE.format(TURN, "2", HALVES, POINTS), "beta is 2 for every j"),
    Planted("7.3", "the last beta", RULE.format(TURN, "np.where(j == n // 2, 1, 2)", HALVES, POINTS),
        "the last beta is 1 for odd n too"),
    Planted("7.3", "half the angle", RULE.format("np.pi", BETA, HALVES, POINTS), "the angle lacks its factor 2"),
    Planted("7.3", "from -1 to 1", RULE.format(TURN, BETA, HALVES, "-np.cos(np.pi * i / n)"), "the points lie between -1 and 1"),
    Planted("7.3", "twice the weights", RULE.format(TURN, BETA, HALVES, POINTS) + " * 2",
        "the weights are those of an interval twice as long"),
    Planted("7.4", "no factor x", """
        t, q = clenshaw_curtis(n)
        return c + q @ f(x * t), np.log(f(np.array([x])))[0]""", "the integral is not multiplied by x"),
    Planted("7.4", "f on the points", """
        t, q = clenshaw_curtis(n)
        return c + x * (q @ f(t)), np.log(f(np.array([x])))[0]""", "f is taken between 0 and 1, whatever x is"),
    Planted("7.4", "no constant", """
        t, q = clenshaw_curtis(n)
        return x * (q @ f(x * t)), np.log(f(np.array([x])))[0]""", "the constant c is missing"),
    Planted("7.4", "no logarithm", """
        t, q = clenshaw_curtis(n)
        return c + x * (q @ f(x * t)), f(np.array([x]))[0]""", "it is the slope, not its logarithm"),
    Planted("7.4", "the absolute value", """
        t, q = clenshaw_curtis(n)
        return c + abs(x) * (q @ f(x * t)), np.log(f(np.array([x])))[0]""", "for a negative x the integral has the wrong sign"),
    Planted("7.4", "the logarithm of the integral", """
        t, q = clenshaw_curtis(n)
        z = x * (q @ f(x * t))
        return c + z, np.log(abs(z) or 1.0)""", "it is the logarithm of the integral"),
    Planted("7.5", "no growth", """
        low, high = target - 1.0, target + 1.0""" + HALVED + """
        return x, h(x)[1], abs(h(x)[0] - target)""", "it gives the end of its bracket"),
    Planted("7.5", "a bracket of ten", """
        low, high = -10.0, 10.0""" + HALVED + """
        return x, h(x)[1], abs(h(x)[0] - target)""", "it gives the end of its bracket"),
    Planted("7.5", "no residual looked at", REACHED + HALVED + """
        return x, h(x)[1], abs(h(x)[0] - target)""", "it gives an answer where there is none"),
    Planted("7.5", "twenty halvings", REACHED + HALVED.replace("200", "20") + """
        return x, h(x)[1], abs(h(x)[0] - target)""", "its iteration stops before it has converged"),
    Planted("7.5", "the slope", REACHED + HALVED + CHECKED + """
        return x, np.exp(h(x)[1]), abs(h(x)[0] - target)""", "it is the slope, not its logarithm"),
    Planted("7.5", "the value in the residual's place", REACHED + HALVED + CHECKED + """
        return x, h(x)[1], h(x)[0]""", "h at the root is returned, not its distance to the target"),
    Planted("7.5", "no else", GROWN + HALVED + """
        return x, h(x)[1], abs(h(x)[0] - target)""", "it gives an answer where there is none"),
    Planted("7.6", "the sign", ROOT + """
        return np.array([1.0, inner]) / slope""", "the sign of dx/db is flipped"),
    Planted("7.6", "not divided", ROOT + """
        return np.array([1 / slope, -inner])""", "dx/db is not divided by the slope"),
    Planted("7.6", "the derivatives of h", ROOT + """
        return np.array([slope, inner])""", "these are the derivatives of h, not of x"),
    Planted("7.6", "the bracket's", ROOT + """
        return np.array([1.0, 0.0])""", "these are the derivatives of the bracket, not of the root"),
    Planted("7.6", "at z", """
        inner = 1 - np.tanh(z + b) ** 2
        return np.array([1.0, -inner]) / (1 + inner)""", "h is differentiated at x = z"),
    Planted("7.6", "exchanged", ROOT + """
        return np.array([-inner, 1.0]) / slope""", "the two derivatives are exchanged"),
    Planted("7.7", "the networks see z", SAMPLE.format("read", "z[:i]", "total - log_slope"), "the networks see z, not x"),
    Planted("7.7", "the sign", SAMPLE.format("read", "x[:i]", "total + log_slope"), "the log-slopes of x to z are not negated"),
    Planted("7.7", "the last one", SAMPLE.format("read", "x[:i]", "-log_slope"), "it is only the last variable's"),
    Planted("7.7", "read is not used", SAMPLE.format("parameters", "x[:i]", "total - log_slope"), "`read` is not used"),
    Planted("7.7", "forward", """
        x, total = np.zeros_like(z), 0.0
        for i in range(len(z)):
            x[i], log_slope = deep_sigmoid(z[i], *read(network(nets[i], z[:i])))
            total = total - log_slope
        return x, total""", "it applies forward"),
    Planted("7.7", "into z", """
        total = 0.0
        for i in range(len(z)):
            theta = read(network(nets[i], z[:i]))
            z[i], log_slope, _ = search(lambda u: deep_sigmoid(u, *theta), z[i])
            total = total - log_slope
        return z, total""", "it changes its argument"),
    Planted("7.8", "no slope", GRID + """
        return np.trapezoid(np.exp(normal_log_prob(z)), x)""", "the factor h'(x) is missing"),
    Planted("7.8", "the log-slope as a factor", GRID + """
        return np.trapezoid(np.exp(normal_log_prob(z)) * log_slope, x)""", "the log-slope is taken for the slope"),
    Planted("7.8", "the base at x", GRID + """
        return np.trapezoid(np.exp(normal_log_prob(x) + log_slope), x)""", "the base is evaluated at x, not at h(x)"),
    Planted("7.8", "minus", GRID + """
        return np.trapezoid(np.exp(normal_log_prob(z) - log_slope), x)""",
        "it is divided by h'(x), not multiplied"),
    Planted("7.8", "a sum", GRID + """
        return np.sum(np.exp(normal_log_prob(z) + log_slope))""", "the values are added up, and not multiplied by the step"),
    Planted("7.8", "one", """
        return 1.0""", "it is always 1"),
]  # fmt: skip
