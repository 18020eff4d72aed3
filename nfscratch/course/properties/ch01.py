"""Chapter 01: the change of variables. What decides its tasks."""

from __future__ import annotations

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake as M
from nfscratch.check.finite_differences import finite_difference_jacobian
from nfscratch.course.judging.fault import Fault
from nfscratch.course.judging.pair import Setting, log_det, undoes
from nfscratch.course.judging.question import Question, Slip, expect, slip

LOG_2PI = onp.log(2 * onp.pi)


def normal(z):
    return -0.5 * onp.asarray(z) ** 2 - 0.5 * LOG_2PI


def softplus(u):
    return onp.logaddexp(0, u)


# --- 1.1 log_prob_through ---


def log_prob_through_by_hand(asked, rng):
    """the density of x = a z + b, which is known, for D = 1 and 3"""
    return expect(asked, *[_of_a_line(rng, D) for D in (1, 3)])


def _of_a_line(rng, D):
    a, b, x = rng.uniform(1.5, 3, size=D), rng.normal(size=D), 2 + rng.normal(size=D)
    z, ld = (x - b) / a, -float(onp.log(a).sum())
    base = float(normal(z).sum())
    wrong = {M.LOG_DET_SUBTRACTED: base - ld, M.LOG_DET_MISSING: base, M.BASE_MISSING: ld,
             M.BASE_AT_X: float(normal(x).sum()) + ld}  # fmt: skip
    slips = [slip(mistake, log_p=value) for mistake, value in wrong.items()]
    words = "How many numbers should come back for one point x?"
    slips += [Slip("the base's log-densities are not summed over the variables", words, {"log_p": normal(z) + ld})]
    slips += [Slip("the mean of the base's log-densities, not their sum", words, {"log_p": base / D + ld})]
    slips += [Slip("the log-det is added once for every variable", "Equation (3) has one log-det for the whole point.",
                   {"log_p": base + D * ld})]  # fmt: skip
    slips += [Slip("the density, not its logarithm", "Which side of (3) is a logarithm?", {"log_p": onp.exp(base + ld)})]
    arguments = (x, lambda v: ((v - b) / a, ld), normal)
    shown = {"x": x, "inverse(x)": (z, ld)}
    return Question(arguments, {"log_p": base + ld}, shown, tuple(slips), size=f"D = {D}")


def log_prob_through_integral(asked, rng):
    """the density of a curved map's x, which integrates to 1"""
    c = rng.uniform(0.6, 1.4)
    x = onp.linspace(-8, 8, 801)
    log_p = asked.rows(x[:, None], lambda v: (onp.sinh(c * v) / c, float(onp.log(onp.cosh(c * v)).sum())), normal)
    total = float(onp.sum(onp.exp(onp.array(log_p, dtype=float).ravel())) * (x[1] - x[0]))
    if len(log_p) == len(x) and abs(total - 1) < 1e-6:
        return None
    lines = (f"      the integral of exp(log p) over x: yours {total:.4f}   should be 1.0000",
             f"      for the map z = sinh({c:.3f} x) / {c:.3f}, one variable")  # fmt: skip
    return Fault("the density does not integrate to 1", lines, "How much does this map stretch at each x?")


# --- 1.2 tanh_forward ---


def _log_slopes_of_tanh(z):
    return 2 * (onp.log(2) - onp.abs(z) - onp.log1p(onp.exp(-2 * onp.abs(z))))


def tanh_forward_values(asked, rng):
    """x = tanh z, for D = 1 and 4"""
    return expect(asked, *[_of_tanh(rng.normal(size=D), ("x",)) for D in (1, 4)])


def tanh_forward_log_det(asked, rng):
    """the log-det against the known slope, and against a numeric Jacobian"""
    fault = expect(asked, *[_of_tanh(rng.normal(size=D), ("log_det",)) for D in (1, 4)])
    return fault or log_det(asked, "forward", lambda D: _tanh_setting(), (1, 3), rng)


def tanh_forward_far_out(asked, rng):
    """the log-det at |z| = 25 and 1000, where tanh z rounds to 1"""
    sizes = [rng.uniform(24, 26), 1000.0]
    return expect(asked, *[_of_tanh(onp.array([sign * z]), ("log_det",)) for z in sizes for sign in (1, -1)])


def _tanh_setting():
    return Setting(lambda z: (onp.tanh(z), _log_slopes_of_tanh(z).sum(axis=1)),
                   lambda x: (onp.arctanh(x), -onp.log1p(-(x**2)).sum(axis=1)))  # fmt: skip


def _of_tanh(z, judged):
    l = _log_slopes_of_tanh(z)
    with onp.errstate(all="ignore"):
        naive = onp.log(1 - onp.tanh(z) ** 2).sum()
        overflowing = (2 * (onp.log(2) - z - onp.log(1 + onp.exp(-2 * z)))).sum()
    rounding = "Which intermediate number is no longer different from 0, or from infinity, at this z?"
    slips = [
        slip(M.SIGN, log_det=-l.sum()),
        Slip("one logarithm for each variable, not their sum", "Equation (4): how many numbers for one point?", {"log_det": l}),
        Slip(M.MEAN.value, "Look at one variable and at four: when do a mean and a sum agree?", {"log_det": l.mean()}),
        Slip("the factor 2 of equation (5) is missing", "A square became a factor when the logarithm was taken.", {"log_det": l.sum() / 2}),
        slip(M.NO_LOGARITHM, log_det=onp.prod(onp.exp(l))),
        Slip("1 - tanh(z)^2 rounds to 0 before its logarithm is taken", rounding, {"log_det": naive}),
        Slip("e^(-2z) overflows before its logarithm is taken", rounding, {"log_det": overflowing}),
    ]  # fmt: skip
    slips = tuple(s for s in slips if onp.shape(s.values["log_det"]) or not onp.isclose(s.values["log_det"], l.sum()))
    size = f"D = {len(z)}" if len(z) > 1 else ""
    return Question((z,), {"x": onp.tanh(z), "log_det": float(l.sum())}, {"z": z}, slips, judged, size=size)


# --- 1.3 leaky_relu_forward ---


def leaky_relu_forward_values(asked, rng):
    """both branches, with the slope that is given and with the one of the signature"""
    slope = asked.constants["slope"]
    points = [(onp.array([-1.0]), slope, False), *[(_with_both_signs(rng, D), rng.uniform(0.1, 0.6), True) for D in (2, 5)]]
    return expect(asked, *[_of_leaky(*point, ("x",)) for point in points])


def leaky_relu_forward_log_det(asked, rng):
    """the log-det: all variables above 0, all below, and both; and against a numeric Jacobian"""
    a = rng.uniform(0.1, 0.6)
    points = [_with_both_signs(rng, D) for D in (2, 5)] + [onp.abs(rng.normal(size=3)), -onp.abs(rng.normal(size=3))]
    fault = expect(asked, *[_of_leaky(z, a, True, ("log_det",)) for z in points])
    return fault or log_det(asked, "forward", lambda D: _leaky_setting(a), (1, 3), rng)


def _with_both_signs(rng, D):
    z = onp.abs(rng.normal(size=D)) + 0.1
    z[: D // 2] *= -1
    return rng.permutation(z)


def _leaky_setting(a):
    def forward(z):
        return onp.where(z >= 0, z, a * z), (z < 0).sum(axis=1) * onp.log(a)

    def inverse(x):
        return onp.where(x >= 0, x, x / a), -(x < 0).sum(axis=1) * onp.log(a)

    return Setting(forward, inverse, (a,), f"a = {a:.3f}", smooth=False)


def _of_leaky(z, a, given, judged):
    below, l = int((z < 0).sum()), onp.where(z >= 0, 0.0, onp.log(a))
    slips = [
        Slip("the branches are exchanged", "Which branch is the identity?", {"x": onp.where(z >= 0, a * z, z)}),
        Slip("below 0 it divides by the slope", "That is the inverse map.", {"x": onp.where(z >= 0, z, z / a)}),
        slip(M.SIGN, log_det=-l.sum()),
        Slip("the slopes are added up, not their logarithms", "Determinants multiply; what adds up?", {"log_det": onp.exp(l).sum()}),
        slip(M.NO_LOGARITHM, log_det=onp.exp(l.sum())),
        Slip("one logarithm for each variable, not their sum", "Equation (4): how many numbers for one point?", {"log_det": l}),
        Slip("the slope is counted for every variable", "Which variables are on that branch?", {"log_det": len(z) * onp.log(a)}),
        Slip("the slope is counted on the wrong branch", "Test a point below 0 and one above, each by itself.", {"log_det": (len(z) - below) * onp.log(a)}),
        Slip("the slope is counted once, however many variables are below 0", "Try two variables below 0.", {"log_det": min(below, 1) * onp.log(a)}),
        Slip("the slope is counted twice", "Test a point below 0 and one above, each by itself.", {"log_det": 2 * l.sum()}),
        Slip(M.MEAN.value, "Look at one variable and at four: when do a mean and a sum agree?", {"log_det": l.mean()}),
    ]  # fmt: skip
    answer = {"x": onp.where(z >= 0, z, a * z), "log_det": float(l.sum())}
    return Question((z, a) if given else (z,), answer, {"z": z, "a": a}, tuple(slips), judged, size=f"D = {len(z)}")


# --- 1.4 numeric_jacobian ---


class Quartic:
    """f_i(z) = sum_jk c_ijk z_j^k + a product of two variables, with its exact Jacobian."""

    def __init__(self, rng, n_in, n_out):
        self.c = rng.normal(size=(n_out, n_in, 4)) * [1.0, 1.0, 1.0, 0.5]
        self.mixed = rng.normal(size=n_out)

    def __call__(self, z):
        powers = onp.asarray(z, dtype=float)[:, None] ** onp.arange(1, 5)
        return onp.einsum("ijk,jk->i", self.c, powers) + self.mixed * z[0] * z[-1]

    def jacobian(self, z):
        J = onp.einsum("ijk,jk->ij", self.c, onp.arange(1, 5) * z[:, None] ** onp.arange(4))
        J[:, 0] += self.mixed * z[-1]
        J[:, -1] += self.mixed * z[0]
        return J


def numeric_jacobian_shape(asked, rng):
    """rows are the outputs, columns the inputs: 3 in and 2 out, 2 in and 4 out"""
    return expect(asked, *[_of_quartic(rng, n, m, 1e-3) for n, m in ((3, 2), (2, 4))])


def numeric_jacobian_quartics(asked, rng):
    """polynomials of fourth degree, for which the rule of fourth order is exact"""
    return expect(asked, *[_of_quartic(rng, n, n, 1e-9) for n in (1, 3)])


def _of_quartic(rng, n, m, tolerance, h=1e-3):
    f, z = Quartic(rng, n, m), rng.uniform(2, 3, size=n) * rng.choice([-1, 1], size=n)
    steps, J = onp.eye(n) * h, f.jacobian(z)
    central = onp.stack([(f(z + e) - f(z - e)) / (2 * h) for e in steps], axis=1)
    one_sided = onp.stack([(f(z + e) - f(z)) / h for e in steps], axis=1)
    slips = [
        Slip("the matrix is transposed", "Column j holds the derivatives with respect to z_j.", {"J": J.T}),
        Slip("the rule is of second order", "It is exact for parabolas. What do f(z + 2h) and f(z - 2h) add?", {"J": central}),
        Slip("the differences are one-sided", "Take a step to both sides of z.", {"J": one_sided}),
        Slip("the divisor is 12, not 12 h", "What are the units of a derivative?", {"J": J * h}),
    ]  # fmt: skip
    shown = {"z": z, "f": f"a quartic polynomial, {n} in, {m} out"}
    return Question((f, z), {"J": J}, shown, tuple(slips), tolerance=tolerance, size=f"{n} in, {m} out")


# --- 1.5 banana_inverse ---


def banana_inverse_undoes(asked, rng):
    """inverse(forward(z)) = z, with the default b and with others"""
    return expect(asked, *[_of_banana(rng, b) for b in (None, *rng.uniform(0.01, 0.08, size=3))])


def banana_inverse_log_det(asked, rng):
    """the log-det against the known one, and against a numeric Jacobian"""
    questions = [_of_banana(rng, b, ("log_det",)) for b in (None, rng.uniform(0.01, 0.08))]
    return expect(asked, *questions) or log_det(asked, "inverse", _banana_setting(rng.uniform(0.01, 0.08)), (2,), rng)


def _banana_setting(b):
    def forward(z):
        x1 = 10 * z[:, 0]
        return onp.stack([x1, z[:, 1] + b * (x1**2 - 100)], axis=1), onp.full(len(z), onp.log(10))

    def inverse(x):
        return onp.stack([x[:, 0] / 10, x[:, 1] - b * (x[:, 0] ** 2 - 100)], axis=1), onp.full(len(x), -onp.log(10))

    return lambda D: Setting(forward, inverse, (b,), f"b = {b:.4f}")


def _of_banana(rng, given, judged=("z",)):
    b = 0.03 if given is None else float(given)
    z = 0.5 + rng.uniform(0.2, 1, size=2) * onp.array([1, -1])
    x = onp.array([10 * z[0], z[1] + b * (100 * z[0] ** 2 - 100)])
    wrong = {
        ("the first variable is not divided", "What does the first line of (7) do to z_1?"): [x[0], z[1]],
        ("the first variable is multiplied again", "What undoes a multiplication?"): [10 * x[0], z[1]],
        ("the bend is added a second time", "Equation (7) adds it on the way forward."): [z[0], x[1] + b * (x[0] ** 2 - 100)],
        ("the bend is computed from z_1, not from x_1", "Which of the two stands in (7)?"): [z[0], x[1] - b * (z[0] ** 2 - 100)],
        ("the 100 of (7) is missing", "Where does the point z = (1, z_2) go?"): [z[0], x[1] - b * x[0] ** 2],
    }  # fmt: skip
    slips = [Slip(*words, {"z": onp.array(value)}) for words, value in wrong.items()]
    slips += [slip(M.NOT_NEGATED, log_det=onp.log(10)), slip(M.NO_LOGARITHM, log_det=0.1),
              Slip(M.ALWAYS_ZERO.value, "det J is 10 forward; what is it on the way back?", {"log_det": 0.0})]  # fmt: skip
    arguments = (x,) if given is None else (x, b)
    return Question(arguments, {"z": z, "log_det": -onp.log(10)}, {"x": x, "b": b}, tuple(slips), judged)


# --- 1.6 nll_and_gradient ---


def nll_and_gradient_loss(asked, rng):
    """the loss of a Gaussian, which is known, for 1 and 3 columns"""
    return expect(asked, *[_of_gaussian(rng, N, D, ("L",)) for N, D in ((4, 1), (7, 3))])


def nll_and_gradient_gradient(asked, rng):
    """the derivatives against finite differences of the student's own loss"""
    questions = [_of_gaussian(rng, N, D, ("dL/ds", "dL/dt")) for N, D in ((4, 1), (7, 3))]
    return expect(asked, *[_with_differences(asked, question) for question in questions])


def _with_differences(asked, question):
    """The same question, with the derivatives of the loss that the student's function returns."""
    s, t, x = question.arguments
    D = len(s)

    def losses(points):
        answers = asked.many([(p[:D].copy(), p[D:].copy(), x) for p in points])
        firsts = [a[0] if isinstance(a, (tuple, list)) and len(a) else None for a in answers]
        return onp.array([[float(l) if onp.ndim(l) == 0 and isinstance(l, (int, float, onp.ndarray)) else onp.nan] for l in firsts])

    g = finite_difference_jacobian(losses, onp.concatenate([s, t])[None], steps=(1e-3, 1e-4))[0, 0]
    answer = {**question.answer, "dL/ds": g[:D], "dL/dt": g[D:]}
    return Question(question.arguments, answer, question.shown, question.slips, question.judged, 1e-6, question.size)


def _of_gaussian(rng, N, D, judged):
    s, t, x = rng.uniform(0.3, 1, size=D), rng.normal(size=D), 1 + 2 * rng.normal(size=(N, D))
    u = (x - t) * onp.exp(-s)
    squares, g_s, g_t = (u**2).mean(axis=0), 1 - (u**2).mean(axis=0), -onp.exp(-s) * u.mean(axis=0)
    L = float((0.5 * squares + s).sum() + 0.5 * D * LOG_2PI)
    constant = 0.5 * LOG_2PI
    average = "Rows are averaged, columns are summed: which axis is which?"
    slips = [
        Slip("the constant of the normal density is missing", "What is -log N(0; 0, 1)?", {"L": L - D * constant}),
        Slip("the constant stands once, not once for each column", "A product of D densities has D constants.", {"L": L - (D - 1) * constant}),
        Slip("the term s is missing", "What does e^s do to the density's height?", {"L": L - s.sum()}),
        Slip("the sign of s is flipped", "A wide Gaussian is a low one.", {"L": L - 2 * s.sum()}),
        Slip("the half before u^2 is missing", "Write down log of a normal density at u = 1.", {"L": L + 0.5 * squares.sum()}),
        Slip("the sum over rows, not the mean", average, {"L": N * L, "dL/ds": N * g_s, "dL/dt": N * g_t}),
        Slip("the mean over columns, not the sum", average, {"L": L / D, "dL/ds": g_s / D, "dL/dt": g_t / D}),
        Slip("the mean over columns, not the sum", average, {"L": L / D + (D - 1) * constant}),
        Slip("one loss for each column, not their sum", average, {"L": 0.5 * squares + s + constant}),
        Slip("it is the log-likelihood, not minus that", "N in NLL is for negative.", {"L": -L}),
        Slip("the two derivatives are exchanged", "In which order are they returned?", {"dL/ds": g_t, "dL/dt": g_s}),
        Slip("the sign of a derivative is flipped", "Move the parameter up a little: does L rise?", {"dL/ds": -g_s, "dL/dt": -g_t}),
        Slip("the 1 in dL/ds is missing", "Which term of L is s itself?", {"dL/ds": -squares}),
        Slip("the mean of u is squared, not u", "A bar over u^2 is a mean of squares.", {"dL/ds": 1 - u.mean(axis=0) ** 2}),
        Slip("the factor e^(-s) is missing", "u depends on t through (x - t) e^(-s).", {"dL/dt": -u.mean(axis=0)}),
        Slip("the factor is e^s, not e^(-s)", "u depends on t through (x - t) e^(-s).", {"dL/dt": -onp.exp(s) * u.mean(axis=0)}),
    ]  # fmt: skip
    right = {"L": L, "dL/ds": g_s, "dL/dt": g_t}
    return Question((s, t, x), right, {"s": s, "t": t, "x": x}, tuple(slips), judged, size=f"N = {N}, D = {D}")


# --- 1.7 read_the_convention ---

SENTENCES = {
    "applied": "the log-det of the map that it applied",
    "inverse": "the log-det of the inverse of the map that it applied",
    "else": "something else: a mistake, or a part of the log-det",
    "undecided": "undecided: the log-det is 0 here, and 0 is minus 0; take another point",
}


def read_the_convention_four_maps(asked, rng):
    """four planted maps, one for each sentence"""
    v = rng.uniform(0.3, 1, size=3)
    scales = rng.uniform(1.5, 3, size=3)
    l = float(onp.log(scales).sum())
    planted = {"applied": (scales, l), "inverse": (scales, -l), "else": (scales, l / 3), "undecided": (onp.ones(3), 0.0)}
    maps = [_of_convention(v, case, *pair) for case, pair in planted.items()]
    maps += [_of_convention(v, "applied", 1 / scales, -l), _of_convention(v, "inverse", 1 / scales, l)]
    return expect(asked, *maps)


def _of_convention(v, case, scales, reported):
    def f(a):
        return scales * onp.asarray(a) + 0.2, reported

    true = float(onp.log(scales).sum())
    shown = {"v": v, "the true log-det": true, "reported": reported}
    return Question((f, v), {"the sentence": _case(SENTENCES[case])}, shown, read=_case)


def _case(sentence):
    """Which of the four a sentence is, by its first words."""
    words = " ".join(sentence.lower().split()) if isinstance(sentence, str) else ""
    return next((text for text in SENTENCES.values() if words.startswith(text[:26])), sentence)
