"""Mistakes in the tasks of chapter 03, with their names."""

from planted import Planted

T = "\n        t = np.tanh(w @ z + b)"
A_AND_M = """
        a = w @ u
        m = -1 + margin + np.logaddexp(0, a)"""
D_R_F = """
        d = z - centre
        r = np.sqrt(d @ d)
        f = (gamma + r) / (alpha + r)
        slope = (r**2 + 2 * alpha * r + alpha * gamma) / (alpha + r) ** 2"""
LOG = "(len(z) - 1) * np.log(f) + np.log(slope)"
BACK = """
        d = x - centre
        r_x = np.sqrt(d @ d)
        B = gamma - r_x
        root = np.sqrt(B**2 + 4 * alpha * r_x)"""
FORM = "\n        r = 2 * alpha * r_x / (B + root) if B > 0 else (root - B) / 2"
Z_OF_R = """
        z = centre + d * (alpha + r) / (gamma + r)"""
LOG_AT_Z = "\n        return z, -radial_forward(z, centre, alpha, gamma)[1]"
HALVED = """
        while low < (middle := (low + high) / 2) < high:
            low, high = (middle, high) if f(middle) <= target else (low, middle)
        return low"""
ALPHA = "\n        alpha = increasing_root(lambda a: a + (w @ u) * np.tanh(a + b), w @ x)"
PLANAR = ALPHA + "\n        z = x - u * np.tanh(alpha + b)"
OF_Z = "\n        return z, -planar_forward(z, w, u, b)[1]"
SLOPES = """
        h = np.tanh(w @ z + b)
        psi = (1 - h**2) * w
        J_inverse = np.eye(len(z)) - np.outer(u, psi) / (1 + psi @ u)"""


def rows(**other):
    """The chapter's sylvester_inverse, with some of its pieces replaced."""
    pieces = {
        "rows": "reversed(range(len(b)))", "known": "R_tilde[i] @ p + b[i]", "right": "target[i] - R[i] @ t", "r": "R[i, i]",
        "z": "x - Q @ R @ t", "log_det": "-sylvester_forward(z, Q, R, R_tilde, b)[1]",
    } | other  # fmt: skip
    text = """
        target, p, t = Q.T @ x, np.zeros(len(b)), np.zeros(len(b))
        for i in <rows>:
            known = <known>
            p[i] = increasing_root(lambda a: a + <r> * np.tanh(R_tilde[i, i] * a + known), <right>)
            t[i] = np.tanh(R_tilde[i, i] * p[i] + known)
        z = <z>
        return z, <log_det>"""
    for name, piece in pieces.items():
        text = text.replace(f"<{name}>", piece)
    return text


WRONG = [
    Planted("3.1", "h for h'", T + """
        return z + u * t, np.log(abs(1 + t * (w @ u)))""", "planar: h where h' belongs"),
    Planted("3.1", "1 - tanh", T + """
        return z + u * t, np.log(abs(1 + (1 - t) * (w @ u)))""", "tanh' is taken for 1 - tanh"),
    Planted("3.1", "no bars", T + """
        return z + u * t, np.log(1 + (1 - t**2) * (w @ u))""", "log(det) without the absolute value"),
    Planted("3.1", "no logarithm", T + """
        return z + u * t, abs(1 + (1 - t**2) * (w @ u))""", "it is det, not its logarithm"),
    Planted("3.1", "along w", T + """
        return z + w * t, np.log(abs(1 + (1 - t**2) * (w @ u)))""", "the shift goes along w, not along u"),
    Planted("3.1", "no b", """
        t = np.tanh(w @ z)
        return z + u * t, np.log(abs(1 + (1 - t**2) * (w @ u)))""", "b is missing"),
    Planted("3.1", "entry by entry", """
        t = np.tanh(w * z + b)
        return z + u * t, np.log(abs(1 + (1 - t**2) * w * u)).sum()""", "w and z are multiplied entry by entry, without a sum"),
    Planted("3.1", "the sign", T + """
        return z + u * t, -np.log(abs(1 + (1 - t**2) * (w @ u)))""", "the sign is flipped"),
    Planted("3.1", "w . w", T + """
        return z + u * t, np.log(abs(1 + (1 - t**2) * (w @ w)))""", "w . w stands where w . u belongs"),
    Planted("3.2", "|w|", A_AND_M + """
        return u + (m - a) * w / np.linalg.norm(w)""", "it divides by |w|, not by |w|^2"),
    Planted("3.2", "no division", A_AND_M + """
        return u + (m - a) * w""", "it does not divide by |w|^2"),
    Planted("3.2", "m alone", A_AND_M + """
        return u + m * w / (w @ w)""", "m is added, not m - w . u"),
    Planted("3.2", "no margin", """
        a = w @ u
        return u + (-1 + np.logaddexp(0, a) - a) * w / (w @ w)""", "the margin is missing"),
    Planted("3.2", "overflow", """
        a = w @ u
        m = -1 + margin + np.log(1 + np.exp(a))
        return u + (m - a) * w / (w @ w)""", "e^(w . u) overflows before its logarithm is taken"),
    Planted("3.2", "no -1", """
        a = w @ u
        return u + (margin + np.logaddexp(0, a) - a) * w / (w @ w)""", "the -1 of m is missing"),
    Planted("3.2", "along u", A_AND_M + """
        return u + (m - a) * u / (w @ w)""", "the correction goes along u, not along w"),
    Planted("3.2", "only where it folds", A_AND_M + """
        return u + (m - a) * w / (w @ w) if a < -1 else u""", "u is corrected only where w . u < -1"),
    Planted("3.3", "to the power D", D_R_F + """
        return centre + f * d, len(z) * np.log(f) + np.log(slope)""", "the first factor is to the power D, not D - 1"),
    Planted("3.3", "across alone", D_R_F + """
        return centre + f * d, (len(z) - 1) * np.log(f)""", "the stretch along the ray is missing"),
    Planted("3.3", "D log f", D_R_F + """
        return centre + f * d, len(z) * np.log(f)""", "f is taken for the stretch along the ray too"),
    Planted("3.3", "the denominator", D_R_F.replace(" ** 2", "") + f"""
        return centre + f * d, {LOG}""", "the denominator (alpha + r)^2 is not squared"),
    Planted("3.3", "no alpha gamma", D_R_F.replace(" + alpha * gamma", "") + f"""
        return centre + f * d, {LOG}""", "alpha gamma is missing from the last factor"),
    Planted("3.3", "z for d", D_R_F + f"""
        return centre + f * z, {LOG}""", "z is stretched, not z - z_0"),
    Planted("3.3", "r squared", D_R_F.replace("np.sqrt(d @ d)", "d @ d") + f"""
        return centre + f * d, {LOG}""", "r is the square of the distance"),
    Planted("3.3", "turned round", D_R_F.replace("(gamma + r) / (alpha + r)", "(alpha + r) / (gamma + r)") + f"""
        return centre + f * d, {LOG}""", "alpha and gamma are exchanged"),
    Planted("3.3", "by the direction", D_R_F + f"""
        return centre + (r * f) * (d / r), {LOG}""", "at the centre it divides 0 by 0"),
    Planted("3.3", "beta", """
        d = z - centre
        r = np.sqrt(d @ d)
        return z + gamma * d / (alpha + r), 0.0""", "gamma is taken for beta"),
    Planted("3.4", "the other root", BACK + """
        r = (-B - root) / 2""" + Z_OF_R + LOG_AT_Z, "the other root of the quadratic"),
    Planted("3.4", "the first form alone", BACK + """
        r = (root - B) / 2""" + Z_OF_R + LOG_AT_Z, "digits are lost where B > 0"),
    Planted("3.4", "the half", BACK + """
        r = alpha * r_x / (B + root) if B > 0 else (root - B) / 4""" + Z_OF_R + LOG_AT_Z, "z is wrong"),
    Planted("3.4", "f again", BACK + FORM + """
        z = centre + d * (gamma + r) / (alpha + r)""" + LOG_AT_Z, "it stretches by f again, where it should divide by f"),
    Planted("3.4", "r_x for r", BACK + """
        r = r_x""" + Z_OF_R + LOG_AT_Z, "r_x is used as if it were r"),
    Planted("3.4", "the log-det at x", BACK + FORM + Z_OF_R + """
        return z, -radial_forward(x, centre, alpha, gamma)[1]""", "the log-det is taken at x, not at z"),
    Planted("3.4", "the sign", BACK + FORM + Z_OF_R + """
        return z, radial_forward(z, centre, alpha, gamma)[1]""", "the inverse's log_det is not negated"),
    Planted("3.4", "the 4", BACK.replace("4 * ", "") + """
        r = (root - B) / 2""" + Z_OF_R + LOG_AT_Z, "the 4 under the square root is missing"),
    Planted("3.5", "a bracket of 10", """
        low, high = -10.0, 10.0""" + HALVED, "it gives the end of its bracket"),
    Planted("3.5", "a bracket of 100 around the target", """
        low, high = target - 100.0, target + 100.0""" + HALVED, "it gives the end of a bracket around the target"),
    Planted("3.5", "no exception", """
        width = 1.0
        while not f(target - width) <= target <= f(target + width) and width < 1e18:
            width *= 2
        low, high = target - width, target + width""" + HALVED, "it returns something where there is no root"),
    Planted("3.5", "30 halvings", """
        width = 1.0
        while not f(target - width) <= target <= f(target + width):
            width *= 2
            if width > 1e18:
                raise ValueError("no root")
        low, high = target - width, target + width
        for _ in range(30):
            middle = (low + high) / 2
            low, high = (middle, high) if f(middle) <= target else (low, middle)
        return low""", "p is wrong"),
    Planted("3.5", "the sign", """
        width = 1.0
        while not f(target - width) <= target <= f(target + width):
            width *= 2
            if width > 1e18:
                raise ValueError("no root")
        low, high = target - width, target + width
        while low < (middle := (low + high) / 2) < high:
            low, high = (middle, high) if f(middle) <= target else (low, middle)
        return -low""", "the root has its sign flipped"),
    Planted("3.5", "the target", """
        return f(target)""", "f(target) comes back, not the root"),
    Planted("3.5", "always an exception", """
        raise ValueError("no root")""", "it raises an exception: ValueError: no root"),
    Planted("3.6", "the shift at x", """
        z = x - u * np.tanh(w @ x + b)""" + OF_Z, "the shift is taken at x, not at z"),
    Planted("3.6", "an iteration", """
        z = x
        for _ in range(1000):
            z = x - u * np.tanh(w @ z + b)""" + OF_Z, "its iteration does not converge: forward adds no contraction to z"),
    Planted("3.6", "plus", ALPHA + """
        z = x + u * np.tanh(alpha + b)""" + OF_Z, "the shift is added, not subtracted"),
    Planted("3.6", "no b at the end", ALPHA + """
        z = x - u * np.tanh(alpha)""" + OF_Z, "b is missing from the last step"),
    Planted("3.6", "w . w", PLANAR.replace("w @ u", "w @ w") + OF_Z, "w . w stands where w . u belongs"),
    Planted("3.6", "no b in the equation", PLANAR.replace("np.tanh(a + b)", "np.tanh(a)") + OF_Z, "b is missing from the equation for alpha"),
    Planted("3.6", "the sign", PLANAR + """
        return z, planar_forward(z, w, u, b)[1]""", "the inverse's log_det is not negated"),
    Planted("3.6", "the log-det at x", PLANAR + """
        return z, -planar_forward(x, w, u, b)[1]""", "the log-det is taken at x, not at z"),
    Planted("3.7", "the first row first", rows(rows="range(len(b))"), "the rows are solved from the first to the last"),
    Planted("3.7", "R transposed", rows(right="target[i] - R.T[i] @ t", z="x - Q @ R.T @ t"), "R is transposed"),
    Planted("3.7", "nothing taken away", rows(right="target[i]"), "what rows below contribute through R is not taken away"),
    Planted("3.7", "no R_tilde beside the diagonal", rows(known="b[i]"), "what rows below contribute through R_tilde is missing inside tanh"),
    Planted("3.7", "no R at the end", rows(z="x - Q @ t"), "R is missing from the last step"),
    Planted("3.7", "Q p", rows(z="Q @ p"), "z is Q p: what is orthogonal to Q is lost"),
    Planted("3.7", "the sign", rows(log_det="sylvester_forward(z, Q, R, R_tilde, b)[1]"), "the inverse's log_det is not negated"),
    Planted("3.7", "the log-det at x", rows(log_det="-sylvester_forward(x, Q, R, R_tilde, b)[1]"), "the log-det is taken at x, not at z"),
    Planted("3.7", "the units at x", """
        z = x - Q @ R @ np.tanh(R_tilde @ Q.T @ x + b)
        return z, -sylvester_forward(z, Q, R, R_tilde, b)[1]""", "the units are taken at x, not at z"),
    Planted("3.7", "no b", rows(known="R_tilde[i] @ p"), "b is missing"),
    Planted("3.7", "no r_ii", rows(r="1"), "r_ii is missing from the equation of a row"),
    Planted("3.8", "J itself", SLOPES + """
        J = np.eye(len(z)) + np.outer(u, psi)
        return J, -h * J""", "it is J, not its inverse"),
    Planted("3.8", "plus", SLOPES.replace("- np.outer", "+ np.outer") + """
        return J_inverse, -h * J_inverse""", "the term of rank one is added, not subtracted"),
    Planted("3.8", "no division", SLOPES.replace(" / (1 + psi @ u)", "") + """
        return J_inverse, -h * J_inverse""", "the division by 1 + psi . u is missing"),
    Planted("3.8", "exchanged", SLOPES.replace("np.outer(u, psi)", "np.outer(psi, u)") + """
        return J_inverse, -h * J_inverse""", "u and psi are exchanged: the matrix is transposed"),
    Planted("3.8", "no minus", SLOPES + """
        return J_inverse, h * J_inverse""", "the minus of (14) is missing"),
    Planted("3.8", "no tanh", SLOPES + """
        return J_inverse, -J_inverse""", "tanh is missing: dx/du is not the identity"),
    Planted("3.8", "no J^-1", SLOPES + """
        return J_inverse, -h * np.eye(len(z))""", "J^-1 is missing from dz/du"),
    Planted("3.8", "w for psi", SLOPES.replace("(1 - h**2) * w", "w") + """
        return J_inverse, -h * J_inverse""", "h' is missing from psi"),
    Planted("3.1", "bars inside", T + """
        return z + u * t, np.log(1 + (1 - t**2) * abs(w @ u))""", "the bars are around w . u alone"),
    Planted("3.2", "the other softplus", """
        a = w @ u
        return u + (-1 + margin + np.logaddexp(0, -a) - a) * w / (w @ w)""", "the softplus is that of -w . u"),
    Planted("3.3", "the sign of f'", D_R_F + """
        return centre + f * d, (len(z) - 1) * np.log(f) + np.log(f + (gamma - alpha) * r / (alpha + r) ** 2)""",
        "f' has its sign flipped"),
    Planted("3.4", "r d", BACK + FORM + """
        z = centre + r * d""" + LOG_AT_Z, "d is multiplied with r, though it has a length already"),
    Planted("3.6", "along w alone", ALPHA + """
        z = alpha * w / (w @ w)""" + OF_Z, "z is the part along w alone"),
    Planted("3.7", "plus R t", rows(right="target[i] + R[i] @ t"), "what rows below contribute through R is added, not taken away"),
]  # fmt: skip
