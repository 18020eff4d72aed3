"""Bodies for the tasks of chapter 14 with mistakes, and their names."""

from planted import Planted

INTERVAL = """
        low, width, total = 0, 1, 1
        for symbol, n in zip(message, counts):
            N, before = sum(n), sum(n[:symbol])
            {0}
        return {1}"""
STEP = "low, width, total = low * N + width * before, width * n[symbol], total * N"
SHORTEST = """
        b = {start}
        while {more}:
            b += 1
        return {result}"""
OF_SHORTEST = {
    "start": "0",
    "more": "(-(-low * 2**b // total) + 1) * total > (low + width) * 2**b",
    "result": "-(-low * 2**b // total), b",
}
MESSAGE = """
        from fractions import Fraction
        at, found = Fraction(m, 2**b), []
        for n in counts:
            k = next(k for k in range(len(n)) if at {less} Fraction(sum(n[: k + 1]), sum(n)))
            found.append({k})
            at = {next}
        return found"""
OF_MESSAGE = {"less": "<", "k": "k", "next": "(at * sum(n) - sum(n[:k])) / n[k]"}
GAUSSIAN = """
        e = {e}
        return {square} - {volume} - {pi}"""
OF_GAUSSIAN = {"e": "np.linalg.solve(root, (z - mean).T)", "square": "-0.5 * np.sum(e**2, axis=0)",
               "volume": "np.linalg.slogdet(root)[1]", "pi": "0.5 * len(e) * np.log(2 * np.pi)"}  # fmt: skip
ABC = """
        A, B, C = theta
        t = np.tanh(C @ x)
        return """
PROBE = """
        w = {0}
        return gradient(lambda t: v @ free_jacobian(t, x) @ w, theta)"""


def shortest(**changed):
    return SHORTEST.format(**OF_SHORTEST | changed)


def symbols(**changed):
    return MESSAGE.format(**OF_MESSAGE | changed)


def gaussian(**changed):
    return GAUSSIAN.format(**OF_GAUSSIAN | changed)


WRONG = [
    Planted("14.1", "the step forgotten", """
        return -log_p / np.log(2)""", "the term of the step is missing"),
    Planted("14.1", "once", """
        return -log_p / np.log(2) - np.log2(delta)""", "the term of the step is counted once, not D times"),
    Planted("14.1", "a plus", """
        return -log_p / np.log(2) + D * np.log2(delta)""", "the term of the step has the wrong sign"),
    Planted("14.1", "nats", """
        return -log_p - D * np.log2(delta)""", "the density's term is in nats"),
    Planted("14.1", "all in nats", """
        return -log_p - D * np.log(delta)""", "the density's term is in nats, and the term of the step is in nats"),
    Planted("14.1", "bits per dimension", """
        return -log_p / np.log(2) / D - np.log2(delta)""", "bits for each dimension come back"),
    Planted("14.2", "no common denominator", INTERVAL.format("low, width, total = low + width * before, width * n[symbol], total * N", "low, width, total"),
        "the product of the n is left out of low"),
    Planted("14.2", "itself too", INTERVAL.format("low, width, total = low * N + width * (before + n[symbol]), width * n[symbol], total * N", "low, width, total"),
        "the symbol's own count is among those before it"),
    Planted("14.2", "the new width", INTERVAL.format("width *= n[symbol]; low = low * N + width * before; total *= N", "low, width, total"),
        "low is moved by the new width, not by the old one"),
    Planted("14.2", "no width", INTERVAL.format("low, width, total = low * N + before, width * n[symbol], total * N", "low, width, total"),
        "low is moved by the counts alone, without the width"),
    Planted("14.2", "the width of one", INTERVAL.format("low, width, total = low * N + width * before, n[symbol], total * N", "low, width, total"),
        "width is that of the last symbol alone"),
    Planted("14.2", "numbers from 0 to 1", INTERVAL.format(STEP, "low / total, width / total, total"), "width is divided by total"),
    Planted("14.2", "the upper end", INTERVAL.format(STEP, "low, low + width, total"), "width is the upper end of the interval"),
    Planted("14.2", "a sum", INTERVAL.format("low, width, total = low * N + width * before, width * n[symbol], total + N", "low, width, total"),
        "total is the sum of the n, not their product"),
    Planted("14.3", "the point alone", shortest(more="-(-low * 2**b // total) * total >= (low + width) * 2**b"),
        "the fraction lies in the interval, but not its whole cell"),
    Planted("14.3", "strictly below", shortest(more="(-(-low * 2**b // total) + 1) * total >= (low + width) * 2**b"),
        "a cell that ends where the interval ends is refused"),
    Planted("14.3", "from 1", shortest(start="1"), "b is never 0"),
    Planted("14.3", "exchanged", shortest(result="b, -(-low * 2**b // total)"), "m and b are exchanged"),
    Planted("14.3", "rounded down", shortest(result="low * 2**b // total, b"), "m is rounded down"),
    Planted("14.3", "rounded down everywhere", shortest(more="(low * 2**b // total + 1) * total > (low + width) * 2**b", result="low * 2**b // total, b"),
        "the cell may begin below the interval"),
    Planted("14.3", "the bound", """
        b = 0
        while total > width * 2**b:
            b += 1
        return -(-low * 2 ** (b + 1) // total), b + 1""", "b is one more than the width alone needs, and not the shortest"),
    Planted("14.4", "from m / 2^b itself", symbols(next="at"), "the number is not stretched: every symbol is read from m / 2^b itself"),
    Planted("14.4", "not stretched", symbols(next="at - Fraction(sum(n[:k]), sum(n))"), "the share is not stretched to [0, 1)"),
    Planted("14.4", "the border", symbols(less="<="), "a number on the border of two shares is given to the lower one"),
    Planted("14.4", "from 1", symbols(k="k + 1"), "the symbols are counted from 1"),
    Planted("14.4", "reversed", symbols() + "[::-1]", "the symbols come in reversed order"),
    Planted("14.4", "always 0", """
        return [0] * len(counts)""", "message is wrong"),
    Planted("14.5", "nothing back", """
        return q @ (-np.log2(likelihood[:, x]) - np.log2(prior))""", "nothing comes back: the term of q is missing"),
    Planted("14.5", "q is paid", """
        return q @ (-np.log2(likelihood[:, x]) - np.log2(prior) - np.log2(q))""", "the term of q is paid, too: its sign is flipped"),
    Planted("14.5", "the KL", """
        return q @ (np.log2(q) - np.log2(prior))""", "the bits of x given z are missing: it is the KL"),
    Planted("14.5", "nats", """
        return q @ (-np.log(likelihood[:, x]) - np.log(prior) + np.log(q))""", "it is in nats"),
    Planted("14.5", "the prior's mean", """
        return prior @ (-np.log2(likelihood[:, x]) - np.log2(prior) + np.log2(q))""", "the mean runs over the prior, not over q"),
    Planted("14.5", "a row", """
        return q @ (-np.log2(likelihood[x]) - np.log2(prior) + np.log2(q))""", "the row of x is taken from likelihood, not its column"),
    Planted("14.5", "the evidence", """
        return -np.log2(prior @ likelihood[:, x])""", "it is -log2 p(x), whatever q is"),
    Planted("14.6", "no log-det", gaussian(volume="0"), "the log-det is missing"),
    Planted("14.6", "plus the log-det", gaussian(volume="-np.linalg.slogdet(root)[1]"), "the log-det has the wrong sign"),
    Planted("14.6", "half of it", gaussian(volume="0.5 * np.linalg.slogdet(root)[1]"), "the log-det has a 1/2: root is not the covariance"),
    Planted("14.6", "the covariance's", gaussian(volume="np.linalg.slogdet(root @ root.T)[1]"), "the log-det is that of the covariance: it is counted twice"),
    Planted("14.6", "2 pi once", gaussian(pi="0.5 * np.log(2 * np.pi)"), "the term log 2 pi is counted once, not d times"),
    Planted("14.6", "no 2 pi", gaussian(pi="0"), "the term log 2 pi is missing"),
    Planted("14.6", "no half", gaussian(square="-np.sum(e**2, axis=0)"), "the 1/2 in front of the square is missing"),
    Planted("14.6", "transposed", gaussian(e="np.linalg.solve(root.T, (z - mean).T)"), "root is taken transposed"),
    Planted("14.6", "multiplied", gaussian(e="root @ (z - mean).T"), "root multiplies, where its inverse should"),
    Planted("14.6", "no mean", gaussian(e="np.linalg.solve(root, z.T)"), "the mean is not subtracted"),
    Planted("14.6", "no absolute value", gaussian(volume="np.log(np.linalg.det(root))"), "the absolute value is missing"),
    Planted("14.7", "no A", ABC + "B @ np.diag(1 - t**2) @ C", "A is missing"),
    Planted("14.7", "no inner derivative", ABC + "A + B * (1 - t**2)", "C is missing: the inner derivative"),
    Planted("14.7", "no derivative of tanh", ABC + "A + B @ C", "the derivative of tanh is missing"),
    Planted("14.7", "tanh itself", ABC + "A + B @ (t[:, None] * C)", "it is tanh, not its derivative"),
    Planted("14.7", "not squared", ABC + "A + B @ ((1 - t)[:, None] * C)", "it is 1 - tanh, not 1 - tanh^2"),
    Planted("14.7", "columns", ABC + "A + B @ ((1 - t**2) * C)", "the derivative of tanh multiplies the columns of C, not its rows"),
    Planted("14.7", "at x", ABC + "A + B @ ((1 - np.tanh(x) ** 2)[:, None] * C)", "the derivative of tanh is taken at x, not at C x"),
    Planted("14.7", "transposed", ABC + "(A + B @ ((1 - t**2)[:, None] * C)).T", "the matrix is transposed"),
    Planted("14.8", "w = v", PROBE.format("v"), "w is v: g'(z) is missing"),
    Planted("14.8", "transposed", PROBE.format("inverse.T @ v"), "w is made with the transposed of g'(z)"),
    Planted("14.8", "J v", PROBE.format("free_jacobian(theta, x) @ v"), "w is made with J, not with g'(z)"),
    Planted("14.8", "w moves", """
        return gradient(lambda t: v @ free_jacobian(t, x) @ np.linalg.solve(free_jacobian(t, x), v), theta)""", "w is not held constant"),
    Planted("14.8", "the value", """
        return v @ free_jacobian(theta, x) @ inverse @ v""", "it is the value of v^T J w, not its gradient"),
    Planted("14.8", "exchanged", """
        w = inverse @ v
        return gradient(lambda t: w @ free_jacobian(t, x) @ v, theta)""", "J is transposed: v and w are exchanged"),
    Planted("14.8", "minus", """
        w = inverse @ v
        return -gradient(lambda t: v @ free_jacobian(t, x) @ w, theta)""", "the sign is flipped"),
    Planted("14.8", "the trace", """
        return gradient(lambda t: np.trace(free_jacobian(t, x) @ inverse), theta)""", "it is the whole trace, not one probe of it"),
]  # fmt: skip
