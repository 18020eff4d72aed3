"""Bodies for the tasks of chapter 06: mistakes with their names. ch06_right.py has the right ones."""

from planted import Planted
from planted.ch06_right import RIGHT

__all__ = ["RIGHT", "WRONG"]

Q = """
        Q = s + (d0 + d1 - 2 * s) * xi * (1 - xi)"""
Y = (
    Q
    + """
        y = (d0 * xi * (1 - xi) + s * xi**2) / Q"""
)
ABC = """
        delta = d0 + d1 - 2 * s
        a, b, c = s - d0 + y * delta, d0 - y * delta, -s * y"""
SHARE = """
        share = SMALLEST + (1 - SMALLEST * len(a)) * softmax(a)"""
C_STAR = """
        c_star = np.log(np.expm1(1 - SMALLEST))"""
SCALED = """
        w = np.diff(zk)
        v = v * (zk[-1] - zk[0]) / np.sum(w * (v[1:] + v[:-1]) / 2)
        xk = zk[0] + np.concatenate([[0.0], np.cumsum(w * (v[1:] + v[:-1]) / 2)])
        k = bin_of(z, zk)
        xi = (z - zk[k]) / w[k]"""
TAIL = """
        if abs(x) > xk[-1]:
            return x, 0.0"""
BIN = """
        k = bin_of(x, xk)
        w, h = zk[k + 1] - zk[k], xk[k + 1] - xk[k]
        xi = rq_bin_inverse((x - xk[k]) / h, h / w, d[k], d[k + 1])"""
LOGS = """
        u = (z - mu) / s
        log_up, log_down = -np.logaddexp(0, -u), -np.logaddexp(0, u)
        log_F, log_1_F = np.logaddexp.reduce(log_pi + log_up), np.logaddexp.reduce(log_pi + log_down)"""

WRONG = [
    Planted("6.1", "the denominator is not squared", Y + """
        return y, s**2 * (d0 * (1 - xi) ** 2 + 2 * s * xi * (1 - xi) + d1 * xi**2) / Q""",
        "the spline's denominator is not squared"),
    Planted("6.1", "s is not squared", Y + """
        return y, s * (d0 * (1 - xi) ** 2 + 2 * s * xi * (1 - xi) + d1 * xi**2) / Q**2""",
        "the spline's bin slope is not squared"),
    Planted("6.1", "the ends exchanged", Q + """
        y = (d1 * xi * (1 - xi) + s * xi**2) / Q
        return y, s**2 * (d1 * (1 - xi) ** 2 + 2 * s * xi * (1 - xi) + d0 * xi**2) / Q**2""", "d0 and d1 are exchanged"),
    Planted("6.1", "the ends exchanged in the slope alone", Y + """
        return y, s**2 * (d1 * (1 - xi) ** 2 + 2 * s * xi * (1 - xi) + d0 * xi**2) / Q**2""",
        "d0 and d1 are exchanged"),
    Planted("6.1", "one s in the denominator", """
        Q = s + (d0 + d1 - s) * xi * (1 - xi)
        y = (d0 * xi * (1 - xi) + s * xi**2) / Q
        return y, s**2 * (d0 * (1 - xi) ** 2 + 2 * s * xi * (1 - xi) + d1 * xi**2) / Q**2""",
        "the denominator holds s where 2 s belongs"),
    Planted("6.1", "the logarithm", Y + """
        return y, np.log(s**2 * (d0 * (1 - xi) ** 2 + 2 * s * xi * (1 - xi) + d1 * xi**2) / Q**2)""",
        "it is the logarithm of the slope"),
    Planted("6.1", "the height alone", Y + """
        return y""", "it must return 2 values: y, slope"),
    Planted("6.2", "the other root", ABC + """
        return 2 * c / (-b + np.sqrt(max(b**2 - 4 * a * c, 0.0)))""", "the other root of the quadratic"),
    Planted("6.2", "the textbook root", ABC + """
        return (np.sqrt(np.maximum(b**2 - 4 * a * c, 0.0)) - b) / np.float64(2 * a)""",
        "the textbook root is 0/0 where a = 0"),
    Planted("6.2", "the textbook root, guarded at 0", ABC + """
        return (np.sqrt(max(b**2 - 4 * a * c, 0.0)) - b) / (2 * a) if a != 0 else -c / b""",
        "the textbook root loses its digits where a is nearly 0"),
    Planted("6.2", "the published root", ABC + """
        return 2 * c / (-b - np.sqrt(max(b**2 - 4 * a * c, 0.0)))""", "(11) loses digits where b < 0"),
    Planted("6.2", "no cut at zero", ABC + """
        root = np.sqrt(b**2 - 4 * a * c)
        return (root - b) / (2 * a) if b < 0 else 2 * c / (-b - root)""", "the square root of a negative number is taken"),
    Planted("6.2", "the ends exchanged", """
        delta = d0 + d1 - 2 * s
        a, b, c = s - d1 + y * delta, d1 - y * delta, -s * y
        root = np.sqrt(max(b**2 - 4 * a * c, 0.0))
        return (root - b) / (2 * a) if b < 0 else 2 * c / (-b - root)""", "d0 and d1 are exchanged"),
    Planted("6.2", "one s in delta", """
        delta = d0 + d1 - s
        a, b, c = s - d0 + y * delta, d0 - y * delta, -s * y
        root = np.sqrt(max(b**2 - 4 * a * c, 0.0))
        return (root - b) / (2 * a) if b < 0 else 2 * c / (-b - root)""", "delta has s where 2 s belongs"),
    Planted("6.3", "no smallest share", """
        return np.concatenate([[-bound], -bound + 2 * bound * np.cumsum(softmax(a))])""",
        "the smallest share m is left out"),
    Planted("6.3", "m once", """
        share = SMALLEST + (1 - SMALLEST) * softmax(a)
        return np.concatenate([[-bound], -bound + 2 * bound * np.cumsum(share)])""",
        "m is added once, not once for each bin"),
    Planted("6.3", "the first knot is missing", SHARE + """
        return -bound + 2 * bound * np.cumsum(share)""", "the first knot is missing"),
    Planted("6.3", "from zero", SHARE + """
        return np.concatenate([[0.0], 2 * bound * np.cumsum(share)])""", "the knots start at 0, not at -B"),
    Planted("6.3", "half of the box", SHARE + """
        return -bound + np.concatenate([[0.0], bound * np.cumsum(share)])""", "the box is B wide, not 2 B"),
    Planted("6.3", "an overflow", """
        share = SMALLEST + (1 - SMALLEST * len(a)) * np.exp(a) / np.exp(a).sum()
        return np.concatenate([[-bound], -bound + 2 * bound * np.cumsum(share)])""", "e^a overflows"),
    Planted("6.4", "no shift", """
        return np.concatenate([[1.0], SMALLEST + np.logaddexp(0, c), [1.0]])""", "the shift c* is missing"),
    Planted("6.4", "no ends", C_STAR + """
        return SMALLEST + np.logaddexp(0, c + c_star)""", "the end slopes are missing"),
    Planted("6.4", "no smallest slope", C_STAR + """
        return np.concatenate([[1.0], np.logaddexp(0, c + c_star), [1.0]])""", "the smallest slope m is missing"),
    Planted("6.4", "an overflow", C_STAR + """
        return np.concatenate([[1.0], SMALLEST + np.log(1 + np.exp(c + c_star)), [1.0]])""", "e^c overflows"),
    Planted("6.4", "the ends are zero", C_STAR + """
        return np.concatenate([[0.0], SMALLEST + np.logaddexp(0, c + c_star), [0.0]])""", "the end slopes are 0, not 1"),
    Planted("6.5", "not scaled", """
        w = np.diff(zk)
        xk = zk[0] + np.concatenate([[0.0], np.cumsum(w * (v[1:] + v[:-1]) / 2)])
        k = bin_of(z, zk)
        xi = (z - zk[k]) / w[k]
        return xk[k] + w[k] * (v[k] * xi + (v[k + 1] - v[k]) * xi**2 / 2), np.log(v[k] + (v[k + 1] - v[k]) * xi)""",
        "the slopes are not scaled"),
    Planted("6.5", "no half", SCALED + """
        return xk[k] + w[k] * (v[k] * xi + (v[k + 1] - v[k]) * xi**2), np.log(v[k] + (v[k + 1] - v[k]) * xi)""",
        "the 1/2 in front of xi^2 is missing"),
    Planted("6.5", "no width", SCALED + """
        return xk[k] + v[k] * xi + (v[k + 1] - v[k]) * xi**2 / 2, np.log(v[k] + (v[k + 1] - v[k]) * xi)""",
        "the factor w_k is missing"),
    Planted("6.5", "no logarithm", SCALED + """
        return xk[k] + w[k] * (v[k] * xi + (v[k + 1] - v[k]) * xi**2 / 2), v[k] + (v[k + 1] - v[k]) * xi""",
        "it is the slope, not its logarithm"),
    Planted("6.5", "the last edge", """
        w = np.diff(zk)
        v = v * (zk[-1] - zk[0]) / np.sum(w * (v[1:] + v[:-1]) / 2)
        xk = zk[0] + np.concatenate([[0.0], np.cumsum(w * (v[1:] + v[:-1]) / 2)])
        k = np.searchsorted(zk, z, side="right") - 1
        xi = (z - zk[k]) / w[k]
        return xk[k] + w[k] * (v[k] * xi + (v[k + 1] - v[k]) * xi**2 / 2), np.log(v[k] + (v[k + 1] - v[k]) * xi)""",
        "it raises an exception: IndexError: index 4 is out of bounds for axis 0 with size 4"),
    Planted("6.5", "the slope by the knot", SCALED + """
        return xk[k] + w[k] * (v[k] * xi + (v[k + 1] - v[k]) * xi**2 / 2), np.log(v[k])""",
        "the slope is that of the left knot"),
    Planted("6.6", "the knots of z", TAIL + """
        k = bin_of(x, zk)
        w, h = zk[k + 1] - zk[k], xk[k + 1] - xk[k]
        xi = rq_bin_inverse((x - xk[k]) / h, h / w, d[k], d[k + 1])
        return zk[k] + w * xi, -np.log(rq_bin(xi, h / w, d[k], d[k + 1])[1])""",
        "it searches the knots of z, where x is given"),
    Planted("6.6", "the sign", TAIL + BIN + """
        return zk[k] + w * xi, np.log(rq_bin(xi, h / w, d[k], d[k + 1])[1])""", "the inverse's log_det is not negated"),
    Planted("6.6", "slopes swapped", TAIL + """
        k = bin_of(x, xk)
        w, h = zk[k + 1] - zk[k], xk[k + 1] - xk[k]
        xi = rq_bin_inverse((x - xk[k]) / h, h / w, d[k + 1], d[k])
        return zk[k] + w * xi, -np.log(rq_bin(xi, h / w, d[k + 1], d[k])[1])""", "the slopes of the knots are exchanged"),
    Planted("6.6", "no tails", BIN + """
        return zk[k] + w * xi, -np.log(rq_bin(xi, h / w, d[k], d[k + 1])[1])""",
        "the last bin goes on outside of the box"),
    Planted("6.6", "clipped", """
        x = np.clip(x, xk[0], xk[-1])""" + BIN + """
        return zk[k] + w * xi, -np.log(rq_bin(xi, h / w, d[k], d[k + 1])[1])""", "x is clipped into the box"),
    Planted("6.6", "the slope at y", TAIL + BIN + """
        return zk[k] + w * xi, -np.log(rq_bin((x - xk[k]) / h, h / w, d[k], d[k + 1])[1])""",
        "the slope is taken at the height y, not at the place xi"),
    Planted("6.6", "stretched by h", TAIL + BIN + """
        return zk[k] + h * xi, -np.log(rq_bin(xi, h / w, d[k], d[k + 1])[1])""",
        "the place is stretched by the bin's height, not by its width"),
    Planted("6.7", "c as it is", """
        u = d * z + g
        return a + b * z + c / (1 + u**2), np.log(b - 2 * c * d * u / (1 + u**2) ** 2)""",
        "c is not multiplied by its bound"),
    Planted("6.7", "d over b", """
        c = c * 8 * np.sqrt(3) / 9 * d / b
        u = d * z + g
        return a + b * z + c / (1 + u**2), np.log(b - 2 * c * d * u / (1 + u**2) ** 2)""", "the bound is d/b, not b/d"),
    Planted("6.7", "no inner derivative", """
        c = c * 8 * np.sqrt(3) / 9 * b / d
        u = d * z + g
        return a + b * z + c / (1 + u**2), np.log(b - 2 * c * u / (1 + u**2) ** 2)""", "the inner derivative d is missing"),
    Planted("6.7", "the sign", """
        c = c * 8 * np.sqrt(3) / 9 * b / d
        u = d * z + g
        return a + b * z + c / (1 + u**2), np.log(b + 2 * c * d * u / (1 + u**2) ** 2)""",
        "the sign of the bump's slope is flipped"),
    Planted("6.7", "not squared", """
        c = c * 8 * np.sqrt(3) / 9 * b / d
        u = d * z + g
        return a + b * z + c / (1 + u**2), np.log(b - 2 * c * d * u / (1 + u**2))""", "1 + u^2 is not squared"),
    Planted("6.8", "the naive logit", """
        F = np.sum(np.exp(log_pi) / (1 + np.exp(-(z - mu) / s)))
        dF = np.sum(np.exp(log_pi) / s / (1 + np.exp(-(z - mu) / s)) / (1 + np.exp((z - mu) / s)))
        return np.log(F / (1 - F)), np.log(dF / (F * (1 - F)))""", "F rounds to 0 or 1 before its logarithm is taken"),
    Planted("6.8", "no scale in the slope", LOGS + """
        return log_F - log_1_F, np.logaddexp.reduce(log_pi + log_up + log_down) - log_F - log_1_F""",
        "the inner derivative 1/s is missing"),
    Planted("6.8", "the slope of F", LOGS + """
        return log_F - log_1_F, np.logaddexp.reduce(log_pi + log_up + log_down - np.log(s))""",
        "the logit's slope is missing"),
    Planted("6.8", "no logit", LOGS + """
        return np.exp(log_F), np.logaddexp.reduce(log_pi + log_up + log_down - np.log(s))""", "the logit is missing"),
    Planted("6.8", "weights left out", """
        u = (z - mu) / s
        log_up, log_down = -np.logaddexp(0, -u), -np.logaddexp(0, u)
        n = np.log(len(u))
        log_F, log_1_F = np.logaddexp.reduce(log_up) - n, np.logaddexp.reduce(log_down) - n
        return log_F - log_1_F, np.logaddexp.reduce(log_up + log_down - np.log(s)) - n - log_F - log_1_F""",
        "the weights are left out"),
    Planted("6.8", "mean of logits", LOGS + """
        return np.sum(np.exp(log_pi) * u), np.log(np.sum(np.exp(log_pi) / s))""",
        "the mean of the logits is taken, not the logit of the mean"),
]  # fmt: skip
