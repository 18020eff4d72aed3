"""Bodies for the tasks of chapter 09: mistakes with their names. ch09_right.py has the right ones."""

from functools import partial

from planted import Planted
from planted import changed as changed_in
from planted.ch09_right import RIGHT

__all__ = ["RIGHT", "WRONG"]

changed = partial(changed_in, "09")

OU = """
        a = np.exp(-u)
        b = {0}
        return a, b, {1}, {2}"""
RK = """
        h = {h}
        for k in range(steps):
            t = {t}
            k1 = f(y, t)
            k2 = f(y + 0.5 * h * k1, t + 0.5 * h)
            k3 = f(y + 0.5 * h * k2, t + 0.5 * h)
            k4 = f(y + h * k3, t + h)
            y = y + {move}
        return y"""
RK_PARTS = {"h": "(t1 - t0) / steps", "t": "t0 + k * h", "move": "h * (k1 + 2 * k2 + 2 * k3 + k4) / 6"}
DOPRI = """
        t, h, count = t0, (t1 - t0) / 10, 0
        while t != t1:
            if count >= cap:
                raise TooManyEvaluations(count, t)
            if abs(h) >= abs(t1 - t):
                h = t1 - t
            new, e = dormand_prince_step(f, y, t, h)
            count += {seven}
            with np.errstate(all="ignore"):
                err = {err}
                factor = {factor}
            if {accept}:
                t = t1 if h == t1 - t else t + h
                y = new
            h = h * factor
        return y, count"""
DOPRI_PARTS = {"seven": "7", "err": "np.sqrt(np.mean((e / (tol * (1 + abs(y)))) ** 2))", "accept": "err <= 1",
               "factor": "min(10, max(0.2, 0.9 * max(err, 1e-10) ** (-1 / 5)))"}  # fmt: skip
FLOW = """
        def along(state, t):
            velocity, J = f(state[:-1], t)
            return np.append(velocity, {0})

        state = rk4(along, np.append(y, 0.0), t0, t1, steps)
        return state[:-1], {1}"""


def rk(**parts):
    return RK.format(**RK_PARTS | parts)


def dopri(**parts):
    return DOPRI.format(**DOPRI_PARTS | parts)


WRONG = [
    Planted("9.1", "the variance", OU.format("1 - np.exp(-2 * u)", "-a", "a**2 / b"), "b is the variance, not its root"),
    Planted("9.1", "no 2", OU.format("np.sqrt(1 - np.exp(-u))", "-a", "a**2 / b"), "the 2 of the exponent is missing in b"),
    Planted("9.1", "1 - a", OU.format("1 - a", "-a", "a"), "b is 1 - a"),
    Planted("9.1", "the sign of a'", OU.format("np.sqrt(1 - a**2)", "a", "a**2 / b"), "the sign of a derivative is flipped"),
    Planted("9.1", "no 1/2", OU.format("np.sqrt(1 - a**2)", "-a", "2 * a**2 / b"), "the derivative of b lacks the 1/2 of the root"),
    Planted("9.1", "a / b", OU.format("np.sqrt(1 - a**2)", "-a", "a / b"), "it is a/b where a^2/b belongs"),
    changed("9.2", "a * x + b * noise", "a * noise + b * x", "x and the noise are exchanged"),
    changed("9.2", "rate_b * noise", "noise", "velocity is wrong"),
    changed("9.2", "+ rate_b", "- rate_b", "the sign of b' is flipped: path has it already"),
    changed("9.2", "rate_a * x + rate_b * noise", "x - noise", "the straight line is taken, whatever path is"),
    changed("9.2", "rate_a * x + rate_b * noise", "(x - (a * x + b * noise)) / (1 - t)",
        "it is (x - x_t)/(1 - t), which is the velocity of the straight line alone"),
    changed("9.3", "(a * s) ** 2 + b**2", "s**2 + b**2", "c lacks the factor a^2"),
    changed("9.3", "(a * s) ** 2 + b**2", "a * s**2 + b", "log_p is wrong"),
    changed("9.3", " - np.log(len(means))", "", "the share 1/K is missing"),
    changed("9.3", "0.5 * len(y) * np.log", "0.5 * np.log", "the normalising constant is counted once, not D times"),
    changed("9.3", "y - a * means", "y - means", "the means are not multiplied by a"),
    changed("9.3", "-r @ q", "r @ q", "the sign of the score is flipped"),
    changed("9.3", "np.exp(log_joint - log_p)", "np.exp(log_joint)", "it is the gradient of the density, not of its logarithm"),
    changed("9.3", "db * b)", "db * b**2)", "the term of the noise has b' b^2"),
    changed("9.3", " + (da * a * s**2 + db * b) * q", "", "the term with q_k is missing"),
    Planted("9.3", "no largest term", """
        a, b, da, db = path(t)
        c, away = (a * s) ** 2 + b**2, y - a * means
        p = np.exp(-0.5 * (away**2).sum(axis=1) / c) / (2 * np.pi * c) ** (0.5 * len(y)) / len(means)
        with np.errstate(all="ignore"):
            log_p, r = np.log(p.sum()), p / p.sum()
        return log_p, -r @ away / c, r @ (da * means + (da * a * s**2 + db * b) * away / c)""",
        "e^(log p) is 0 in floats there, and its logarithm is -inf"),
    Planted("9.4", "Euler", """
        h = (t1 - t0) / steps
        for k in range(steps):
            y = y + h * f(y, t0 + k * h)
        return y""", "it is Euler's method"),
    Planted("9.4", "equal weights", rk(move="h * (k1 + k2 + k3 + k4) / 4"), "all four slopes have the weight 1/4"),
    Planted("9.4", "not six", rk(move="h * (k1 + 2 * k2 + 2 * k3 + k4) / 4"), "the sum of the slopes is divided by 4, not by 6"),
    Planted("9.4", "no h", rk(move="(k1 + 2 * k2 + 2 * k3 + k4) / 6"), "the sum of the slopes is not multiplied by h"),
    Planted("9.4", "the time stands still", rk(t="t0"), "every step begins at the time t0"),
    Planted("9.4", "from 0", rk(t="k * h"), "it starts at the time 0, not at t0"),
    Planted("9.4", "one late", rk(t="t0 + (k + 1) * h"), "the steps begin one step too late"),
    Planted("9.4", "one step", rk(h="t1 - t0"), "the step is t1 - t0, not that divided by the number of steps"),
    changed("9.4", "h / 2 * k2", "h / 2 * k1", "k_3 starts with k_1, not with k_2"),
    changed("9.4", "f(y + h * k3, t + h)", "f(y + h * k3, t + h / 2)", "k_4 is taken at the time t + h/2"),
    Planted("9.5", "steps", dopri(seven="1"), "steps are counted, not evaluations"),
    Planted("9.5", "six", dopri(seven="6"), "a step counts as six evaluations"),
    Planted("9.5", "all accepted", dopri(accept="True"), "every step is accepted, whatever err is"),
    Planted("9.5", "the power", dopri(factor="min(10, max(0.2, 0.9 * max(err, 1e-10) ** (-1 / 4)))"), "the power of err is -1/4, not -1/5"),
    Planted("9.5", "no 0.9", dopri(factor="min(10, max(0.2, max(err, 1e-10) ** (-1 / 5)))"), "the factor 0.9 is missing"),
    Planted("9.5", "no bounds", dopri(factor="0.9 * max(err, 1e-10) ** (-1 / 5)"), "the factor has no least value 0.2"),
    Planted("9.5", "the largest", dopri(err="np.max(np.abs(e) / (tol * (1 + abs(y))))"),
        "err is the largest entry, not the root of the mean of the squares"),
    Planted("9.5", "tol alone", dopri(err="np.sqrt(np.mean((e / tol) ** 2))"), "err measures against tol alone, not against tol (1 + |y|)"),
    Planted("9.5", "tol is missing", dopri(err="np.sqrt(np.mean((e / (1 + abs(y))) ** 2))"), "the next h is not that of (6)"),
    changed("9.5", "count >= cap", "count > cap", "it gives up too late"),
    changed("9.5", "raise TooManyEvaluations(count, t)", "break", "it goes on beyond the cap"),
    Planted("9.6", "det", FLOW.format("np.linalg.det(J)", "state[-1]"), "the determinant of J is integrated, not its trace"),
    Planted("9.6", "all entries", FLOW.format("J.sum()", "state[-1]"), "all entries of J are added up, not the diagonal alone"),
    Planted("9.6", "mean", FLOW.format("np.diag(J).mean()", "state[-1]"), "the trace is divided by D"),
    Planted("9.6", "the sign", FLOW.format("np.trace(J)", "-state[-1]"), "the sign is flipped"),
    Planted("9.6", "always up", FLOW.format("np.trace(J)", "state[-1] if t1 > t0 else -state[-1]"),
        "it grows backwards as it grows forwards: the step has no sign"),
    Planted("9.6", "the trace at the start", """
        x = rk4(lambda y, t: f(y, t)[0], y, t0, t1, steps)
        return x, (t1 - t0) * np.trace(f(y, t0)[1])""", "it is the trace at the start, times the time"),
    changed("9.6", "t0, t1, steps", "t1, t0, steps", "the point moves the other way, as from t1 to t0"),
    changed("9.7", "(1 - hidden**2)", "(1 - hidden)", "the derivative of tanh is 1 - h, not 1 - h^2"),
    changed("9.7", " * (1 - hidden**2)", "", "the derivative of tanh is missing"),
    changed("9.7", "np.outer(delta, seen)", "np.outer(seen, delta)", "the entries of W1 are listed by columns"),
    changed("9.7", "np.outer(g, hidden), g", "g, np.outer(g, hidden)", "of_theta is wrong"),
    changed("9.7", "delta, np.outer(g, hidden), g", "np.outer(g, hidden), delta, g", "both matrices stand before both biases"),
    Planted("9.7", "J g", """
        J = network(theta, z, t)[1]
        return J @ g, g""", "it is J g, not J^T g"),
    changed("9.8", "-g_z", "g_z", "the adjoint equation has a plus, not a minus"),
    changed("9.8", "-g_theta", "g_theta", "the sign is flipped"),
    changed("9.8", "[x, x,", "[x, z,", "g starts with z, not with x"),
    changed("9.8", "[x, x,", "[z, x,", "the second solve goes back from z, not from x"),
    changed("9.8", "[x, x,", "[x, 2 * x,", "g starts with 2 x: the 1/2 of the loss is missing"),
    changed("9.8", "-g_z", "0 * g_z", "g stays what it is at t = 1"),
    changed("9.8", "network_vjp(theta, z, t, g)", "network_vjp(theta, x, t, g)", "the network is asked at x, the end, at all times"),
]  # fmt: skip
