"""Task 9.6, flow(f, y, t0, t1, steps): equations (2) and (4), for fields whose solution is known."""

from __future__ import annotations

import numpy as onp

from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.course.judging.pair import own_log_det
from nfscratch.course.judging.question import Question, by_part, expect
from nfscratch.course.properties.ch09.moving import solved

FOUR = "What does (4) integrate, along which path, and from which time to which?"
SPANS = ((2, 0.0, 1.0), (3, 1.0, 0.0), (1, 0.3, 1.2))


def moves(asked, rng):
    """the point at t1, for fields whose solution is known, forwards and backwards"""
    return expect(asked, *[_of(kind(rng, D), rng, t0, t1, "y") for D, t0, t1 in SPANS for kind in (Mixing, Logistic)])


def one_step(asked, rng):
    """the point after a single step of rk4, which is not the solution yet"""
    f = Logistic(rng, 2)
    y = f.start(rng)
    at = solved(lambda y, t: f(y, t)[0], y, 0.0, 1.0, 1)
    slips = [
        *by_part(
            "it takes another number of steps than `steps`", "What are the steps for?", y=f.solution(y, 0.0, 1.0)[0]
        )
    ]
    shown = {"f": f.words, "y": y, "t0": 0.0, "t1": 1.0, "steps": 1}

    def read(value):
        """More steps than one come near the solution, and how near does not matter."""
        true = f.solution(y, 0.0, 1.0)[0]
        near = isinstance(value, onp.ndarray) and value.shape == y.shape
        nearer = near and onp.abs(value - true).max() < 0.3 * onp.abs(at - true).max()
        return true if nearer else value

    answer = {"y": at, "log_det": 0.0}
    return expect(asked, Question((f, y, 0.0, 1.0, 1), answer, shown, slips, ("y",), 1e-9, "D = 2", read))


def log_dets(asked, rng):
    """the log-det on the way, against the known one, and against a numeric Jacobian of the student's own map"""
    fault = expect(asked, *[_of(kind(rng, D), rng, t0, t1, "log_det") for D, t0, t1 in SPANS for kind in (Mixing, Logistic)])  # fmt: skip
    return fault or own_log_det(_Sixteen(asked), rng.normal(size=(1, 2)), (Bent(rng, 2), 0.0, 1.0), "where f bends")


class _Sixteen:
    """The student's function, in sixteen steps."""

    def __init__(self, asked):
        self.asked = asked

    def rows(self, points, f, t0, t1):
        return self.asked.many([(f, row, t0, t1, 16) for row in points])


class Mixing:
    """dy/dt = A y cos t + c, for a symmetric A and c = 0: y(t) = V e^(w (sin t - sin t0)) V^T y."""

    words = "A y cos t, and A cos t"

    def __init__(self, rng, D):
        V = onp.linalg.qr(rng.normal(size=(D, D)))[0]
        self.A = V @ onp.diag(rng.uniform(-0.6, 1.2, size=D)) @ V.T

    def __call__(self, y, t):
        _checked(y, len(self.A))
        return self.A @ y * onp.cos(t), self.A * onp.cos(t)

    def solution(self, y, t0, t1):
        w, V = onp.linalg.eigh(self.A)
        s = onp.sin(t1) - onp.sin(t0)
        return V @ (onp.exp(w * s) * (V.T @ y)), float(w.sum() * s)


class Logistic:
    """dz_i/dt = c_i z_i (1 - z_i), seen through x = M z: the Jacobian is full, and no determinant is alike."""

    words = "M g(M^-1 y), g_i(z) = c_i z_i (1 - z_i), and its Jacobian"

    def __init__(self, rng, D):
        V, W = (onp.linalg.qr(rng.normal(size=(D, D)))[0] for _ in range(2))
        self.M = V @ onp.diag(rng.uniform(0.6, 1.5, size=D)) @ W
        self.back, self.c = onp.linalg.inv(self.M), rng.uniform(0.8, 1.6, size=D)

    def __call__(self, y, t):
        _checked(y, len(self.c))
        z = self.back @ y
        return self.M @ (self.c * z * (1 - z)), self.M @ onp.diag(self.c * (1 - 2 * z)) @ self.back

    def solution(self, y, t0, t1):
        z, grown = self.back @ y, onp.exp(self.c * (t1 - t0))
        below = 1 + z * (grown - 1)
        return self.M @ (z * grown / below), float((self.c * (t1 - t0) - 2 * onp.log(below)).sum())

    def start(self, rng):
        return self.M @ rng.uniform(0.2, 0.7, size=len(self.c))


class Bent:
    def __init__(self, rng, D):
        self.A = 0.5 * rng.normal(size=(D, D))

    def __call__(self, y, t):
        _checked(y, len(self.A))
        h = onp.tanh(self.A @ y + t)
        return h, (1 - h**2)[:, None] * self.A


def _checked(y, D):
    if onp.shape(y) != (D,):
        raise ValueError(f"f takes a point of shape ({D},) and a number; got shape {onp.shape(y)}")


def _of(f, rng, t0, t1, judged, steps=32):
    D = len(f.A) if isinstance(f, Mixing) else len(f.c)
    y = f.start(rng) if isinstance(f, Logistic) else rng.normal(size=D)
    at, log_det = f.solution(y, t0, t1)
    length, (_, J0), (_, J1) = t1 - t0, f(y, t0), f(at, t1)

    def measured(state, t):
        """The velocity, then numbers of the Jacobian that might be integrated along the path."""
        velocity, J = f(state[:D], t)
        diagonal = onp.diag(J)
        held = onp.trace(f(y, t)[1])
        numbers = [onp.linalg.det(J), onp.linalg.slogdet(J)[1], J.sum(), onp.abs(diagonal).sum(), diagonal[0], held]
        return onp.concatenate([velocity, numbers])

    det, log_of_det, entries, absolute, first, held = solved(measured, onp.append(y, onp.zeros(6)), t0, t1, steps)[D:]
    h, times = length / steps, t0 + length / steps * onp.arange(steps + 1)
    traces = onp.array([onp.trace(f(f.solution(y, t0, t)[0], t)[1]) for t in times])
    slips = [
        *by_part("the point moves the other way, as from t1 to t0", "Where does the way start, and where does it end?", y=f.solution(y, t1, t0)[0], log_det=f.solution(y, t1, t0)[1]),
        *by_part("the point stays where it was", "What does (2) say about the point?", y=y),
        *by_part("it is one step, however many are asked for", "What are the steps for?", y=solved(lambda y, t: f(y, t)[0], y, t0, t1, 1)),
        *by_part("the displacement comes back, not the point", "Where does the point start?", y=at - y),
        *by_part(Mistake.SIGN, FOUR, log_det=-log_det),
        *by_part("the determinant of J is integrated, not its trace", "Look at (3): what is left of it when h is small?", log_det=det),
        *by_part("log|det J| is integrated, not the trace", "Look at (3): what is left of it when h is small?", log_det=log_of_det),
        *by_part("all entries of J are added up, not the diagonal alone", "What is the trace of [[1, 2], [3, 4]]?", log_det=entries),
        *by_part("the trace is divided by D", "What is the trace of the unit matrix?", log_det=log_det / D),
        *by_part("the absolute values of the diagonal are added up", "May a trace be negative?", log_det=absolute),
        *by_part("only the first entry of the diagonal counts", "What is the trace of [[1, 2], [3, 4]]?", log_det=first),
        *by_part("it is the trace at the start, times the time", FOUR, log_det=length * onp.trace(J0)),
        *by_part("it is the trace at the end, times the time", FOUR, log_det=length * onp.trace(J1)),
        *by_part("it is the trace at the start", FOUR, log_det=onp.trace(J0)),
        *by_part("it is the trace at the end", FOUR, log_det=onp.trace(J1)),
        *by_part("the trace is taken at the point where the way starts", FOUR, log_det=held),
        *by_part("the traces are added up without the length of a step", FOUR, log_det=log_det / h),
        *by_part("the traces are added up by Euler's steps, not by the solver", "How exact is the point, and how exact is this sum?", log_det=float(h * traces[:-1].sum())),
        *by_part("it grows backwards as it grows forwards: the step has no sign", FOUR, log_det=log_det if length > 0 else -log_det),
        *by_part(Mistake.NO_LOGARITHM, log_det=onp.exp(log_det)),
        *by_part(Mistake.ALWAYS_ZERO, FOUR, log_det=0.0),
        *by_part("it starts at 1, not at 0", "What is the log-det of a way of no length?", log_det=log_det + 1),
        *by_part("it is the sum of the velocities", FOUR, log_det=float((at - y).sum())),
        *by_part("1 is added to every entry of the diagonal: it is tr(I + J)", FOUR, log_det=log_det + D * length),
    ]  # fmt: skip
    shown = {"f": f.words, "y": y, "t0": t0, "t1": t1}
    return Question((f, y, t0, t1, steps), {"y": at, "log_det": log_det}, shown, slips, (judged,), 1e-5, f"D = {D}")
