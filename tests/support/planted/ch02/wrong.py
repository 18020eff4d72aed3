"""Mistakes in the tasks of chapter 02, with their names."""

from planted import Planted

STEPS = """
        rest, vectors = Q.copy(), []
        for k in range(len(Q)):
            v = np.eye(len(Q))[k] - rest[:, k]
            if v @ v > 1e-20:
                vectors.append(v)
                rest = rest - 2 * np.outer(v, v @ rest) / (v @ v)"""
FROM_THE_TOP = """
        z = np.zeros_like(y)
        for i in range(len(y)):
            z[i] = {0}
        return z"""
P_UNDONE = """
        y = np.empty_like(x)
        y[order] = x - b"""
L_UNDONE = "\n        y = substitute(triangle(lower, np.zeros_like(s)), {0})"
U_UNDONE = "\n        return substitute_from_below(triangle(upper, s).T, y), -s.sum()"
PLU = P_UNDONE + L_UNDONE.format("y")
QR = "\n        y = householder_inverse(x, vectors, b)[0]"
CONV = """
        x = np.empty_like(z)
        for h, w in np.ndindex(z.shape[1:]):
            x[:, h, w] = A @ z[:, h, w] + b"""
BOTH = "\n        L = np.array([[1, 0], [M[1, 0] / M[0, 0], 1]])"

WRONG = [
    Planted("2.1", "s on the diagonal", """
        T = np.diag(s)
        T[np.tril_indices(len(s), -1)] = t
        return T""", "the diagonal is s, not e^s"),
    Planted("2.1", "column by column", """
        T = np.diag(np.exp(s))
        T[np.triu_indices(len(s), 1)] = t
        return T.T""", "it is filled column by column, not row by row"),
    Planted("2.1", "an upper triangle", """
        T = np.diag(np.exp(s))
        T[np.triu_indices(len(s), 1)] = t
        return T""", "it is an upper triangle"),
    Planted("2.1", "ones on the diagonal", """
        T = np.eye(len(s))
        T[np.tril_indices(len(s), -1)] = t
        return T""", "the diagonal is 1"),
    Planted("2.1", "the exponential of all", """
        T = np.diag(s)
        T[np.tril_indices(len(s), -1)] = t
        return np.tril(np.exp(T))""", "the entries below the diagonal are exponentials too"),
    Planted("2.1", "no diagonal", """
        T = np.zeros((len(s), len(s)))
        T[np.tril_indices(len(s), -1)] = t
        return T""", "the diagonal is missing"),
    Planted("2.2", "no division", FROM_THE_TOP.format("y[i] - T[i, :i] @ z[:i]"), "the division by t_ii is missing"),
    Planted("2.2", "half divided", FROM_THE_TOP.format("y[i] / T[i, i] - T[i, :i] @ z[:i]"), "only y_i is divided by t_ii, not the whole difference"),
    Planted("2.2", "plus", FROM_THE_TOP.format("(y[i] + T[i, :i] @ z[:i]) / T[i, i]"), "the sum is added, not subtracted"),
    Planted("2.2", "y in the sum", FROM_THE_TOP.format("(y[i] - T[i, :i] @ y[:i]) / T[i, i]"), "the sum runs over y, not over z"),
    Planted("2.2", "one too few", FROM_THE_TOP.format("(y[i] - T[i, : max(i - 1, 0)] @ z[: max(i - 1, 0)]) / T[i, i]"), "the sum takes one entry too few"),
    Planted("2.2", "the neighbour alone", FROM_THE_TOP.format("(y[i] - (T[i, i - 1] * z[i - 1] if i else 0)) / T[i, i]"), "the sum takes the last entry alone"),
    Planted("2.2", "from below", """
        z = np.zeros_like(y)
        for i in reversed(range(len(y))):
            z[i] = (y[i] - T[i, :i] @ z[:i]) / T[i, i]
        return z""", "only the diagonal is undone"),
    Planted("2.2", "a column for a row", FROM_THE_TOP.format("(y[i] - T[:i, i] @ z[:i]) / T[i, i]"), "only the diagonal is undone"),
    Planted("2.2", "the argument is changed", """
        for i in range(len(y)):
            y[i] = (y[i] - T[i, :i] @ y[:i]) / T[i, i]
        return y""", "it changes its argument"),
    Planted("2.3", "no 2", """
        return z - u * (u @ z)""", "the factor 2 is missing: u's part is removed, not mirrored"),
    Planted("2.3", "plus", """
        return z + 2 * u * (u @ z)""", "the part along u is added, not taken away"),
    Planted("2.3", "entry by entry", """
        return z - 2 * u * u * z""", "u and z are multiplied entry by entry, without a sum"),
    Planted("2.3", "along z", """
        return z - 2 * z * (u @ z)""", "the direction is z, not u"),
    Planted("2.3", "about u", """
        return 2 * u * (u @ z) - z""", "it mirrors at u, not at the plane orthogonal to u"),
    Planted("2.3", "a projection", """
        return u * (u @ z)""", "only the part along u comes back"),
    Planted("2.4", "reversed", STEPS + """
        return vectors[::-1]""", "the reflections come in the reverse order: they multiply to Q transposed"),
    Planted("2.4", "columns of Q itself", """
        return [e - q for e, q in zip(np.eye(len(Q)), Q.T) if (e - q) @ (e - q) > 1e-20]""",
        "every reflection is that of a column of Q itself"),
    Planted("2.4", "no skipping", STEPS.replace("if v @ v > 1e-20", "if True") + """
        return vectors""", "a vector is 0 up to rounding: it has no mirror"),
    Planted("2.4", "one too few", STEPS.replace("range(len(Q))", "range(len(Q) - 1)") + """
        return vectors""", "the last reflection is missing"),
    Planted("2.4", "the sign of LAPACK", STEPS.replace("np.eye(len(Q))[k] - rest[:, k]", "np.eye(len(Q))[k] + rest[:, k]") + """
        return vectors""", "the product is -Q: every column is sent to -e_k"),
    Planted("2.4", "Q is used up", STEPS.replace("Q.copy()", "Q").replace("rest = rest -", "rest -=") + """
        return vectors""", "it changes its argument"),
    Planted("2.4", "the first alone", """
        v = np.eye(len(Q))[0] - Q[:, 0]
        return [v] if v @ v > 1e-20 else []""", "only the first reflection is there"),
    Planted("2.4", "a matrix", STEPS + """
        return rest""", "the product of the reflections is not Q"),
    Planted("2.5", "without P", L_UNDONE.format("x - b") + U_UNDONE, "P is left out of the inverse"),
    Planted("2.5", "P again", L_UNDONE.format("(x - b)[order]") + U_UNDONE, "the permutation is not undone"),
    Planted("2.5", "no shift", P_UNDONE.replace(" - b", "") + L_UNDONE.format("y") + U_UNDONE, "the shift is not undone"),
    Planted("2.5", "the shift after P", P_UNDONE.replace(" - b", "") + L_UNDONE.format("y - b") + U_UNDONE, "the shift is undone after P, not before"),
    Planted("2.5", "U before L", P_UNDONE + """
        y = substitute_from_below(triangle(upper, s).T, y)
        return substitute(triangle(lower, np.zeros_like(s)), y), -s.sum()""", "U is undone before L"),
    Planted("2.5", "from the top", PLU + """
        return substitute(triangle(upper, s).T, y), -s.sum()""", "of U only the diagonal is undone: it is solved from the top"),
    Planted("2.5", "not transposed", PLU + """
        return substitute(triangle(upper, s), y), -s.sum()""", "U is taken for a lower triangle"),
    Planted("2.5", "s on both diagonals", P_UNDONE + """
        y = substitute(triangle(lower, s), y)""" + U_UNDONE, "e^s stands on the diagonal of L, too"),
    Planted("2.5", "the sign of the log-det", PLU + U_UNDONE.replace("-s.sum()", "s.sum()"), "the inverse's log_det is not negated"),
    Planted("2.5", "the scales summed", PLU + U_UNDONE.replace("-s.sum()", "-np.exp(s).sum()"), "exp(s) is summed, not s"),
    Planted("2.6", "the order of reflections", """
        y = householder_forward(x - b, vectors, np.zeros_like(b))[0]
        return substitute_from_below(triangle(upper, s).T, y), -s.sum()""",
        "the reflections are undone in the order in which they were applied"),
    Planted("2.6", "R first", """
        y = substitute_from_below(triangle(upper, s).T, x - b)
        return householder_inverse(y, vectors, np.zeros_like(b))[0], -s.sum()""", "R is undone before Q"),
    Planted("2.6", "R first, then the shift", """
        y = substitute_from_below(triangle(upper, s).T, x)
        return householder_inverse(y, vectors, b)[0], -s.sum()""", "R is undone before Q, and the shift in between"),
    Planted("2.6", "b twice", """
        y = householder_inverse(x - b, vectors, b)[0]
        return substitute_from_below(triangle(upper, s).T, y), -s.sum()""", "the shift is undone twice"),
    Planted("2.6", "from the top", QR + """
        return substitute(triangle(upper, s).T, y), -s.sum()""", "of R only the diagonal is undone: it is solved from the top"),
    Planted("2.6", "not transposed", QR + """
        return substitute(triangle(upper, s), y), -s.sum()""", "R is taken for a lower triangle"),
    Planted("2.6", "R is applied", QR + """
        return triangle(upper, s).T @ y, -s.sum()""", "R is multiplied, not undone"),
    Planted("2.6", "the log-det is 0", QR + """
        return substitute_from_below(triangle(upper, s).T, y), 0.0""", "it is always 0"),
    Planted("2.6", "plus", QR + """
        return substitute_from_below(triangle(upper, s).T, y), s.sum()""", "the inverse's log_det is not negated"),
    Planted("2.7", "one pixel", CONV + """
        return x, np.linalg.slogdet(A)[1]""", "the factor H*W is missing"),
    Planted("2.7", "rows", CONV + """
        return x, z.shape[1] * np.linalg.slogdet(A)[1]""", "it counts the rows of the image, not its pixels"),
    Planted("2.7", "all numbers", CONV + """
        return x, z.size * np.linalg.slogdet(A)[1]""", "it counts all numbers of the image, not its pixels"),
    Planted("2.7", "no absolute value", CONV + """
        return x, x[0].size * np.log(np.linalg.det(A))""", "log(det) without the absolute value"),
    Planted("2.7", "underflow", CONV + """
        return x, x[0].size * np.log(np.abs(np.linalg.det(A)))""", "det A rounds to 0 before its logarithm is taken"),
    Planted("2.7", "transposed", """
        x = np.einsum("ji,jhw->ihw", A, z) + b[:, None, None]
        return x, z[0].size * np.linalg.slogdet(A)[1]""", "A is transposed"),
    Planted("2.7", "no shift", CONV.replace(" + b", "") + """
        return x, z[0].size * np.linalg.slogdet(A)[1]""", "the shift is missing"),
    Planted("2.7", "the sign of slogdet", CONV + """
        return x, z[0].size * np.linalg.slogdet(A)[0]""", "it is the sign of det A, not its logarithm"),
    Planted("2.7", "the channels last", """
        x = np.moveaxis(z, 0, -1) @ A.T + b
        return x, z[0].size * np.linalg.slogdet(A)[1]""", "the channels come last"),
    Planted("2.8", "U first", BOTH + """
        return np.array([[M[0, 0], M[0, 1]], [0, M[1, 1] - L[1, 0] * M[0, 1]]]), L""", "U comes first"),
    Planted("2.8", "the other ratio", """
        ratio = M[0, 1] / M[0, 0]
        return np.array([[1, 0], [ratio, 1]]), np.array([[M[0, 0], M[0, 1]], [0, M[1, 1] - ratio * M[0, 1]]])""",
        "the ratio is m_12 / m_11, not m_21 / m_11"),
    Planted("2.8", "the corner as it is", BOTH + """
        return L, np.triu(M)""", "u_22 is m_22: nothing is taken from it"),
    Planted("2.8", "the determinant", BOTH + """
        return L, np.array([M[0], [0, np.linalg.det(M)]])""", "u_22 is det M, not divided by m_11"),
    Planted("2.8", "plus", BOTH + """
        return L, np.array([M[0], [0, M[1, 1] + L[1, 0] * M[0, 1]]])""", "u_22 has the sign of its second term flipped"),
    Planted("2.8", "not divided", """
        return np.array([[1, 0], [M[1, 0], 1]]), np.array([M[0], [0, M[1, 1] - M[1, 0] * M[0, 1]]])""", "m_21 is not divided"),
    Planted("2.8", "m_21 left in U", BOTH + """
        return L, np.array([M[0], [M[1, 0], M[1, 1] - L[1, 0] * M[0, 1]]])""", "m_21 is still in U"),
    Planted("2.1", "the exponential of zeros", """
        T = np.exp(np.diag(s))
        T[np.tril_indices(len(s), -1)] = t
        return T""", "the zeros above the diagonal became e^0"),
    Planted("2.2", "from row 2", """
        z = np.zeros_like(y)
        for i in range(1, len(y)):
            z[i] = (y[i] - T[i, :i] @ z[:i]) / T[i, i]
        return z""", "row 1 is left out"),
    Planted("2.3", "without u", """
        return z - 2 * np.dot(u, z)""", "the inner product is taken from every entry, without u"),
    Planted("2.7", "a reshape", """
        x = (z.reshape(-1, len(A)) @ A.T).reshape(z.shape) + b[:, None, None]
        return x, z[0].size * np.linalg.slogdet(A)[1]""", "pixels and channels are mixed up in a reshape"),
]  # fmt: skip
