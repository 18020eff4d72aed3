"""Bodies for the tasks of chapter 12 with mistakes, and their names."""

from planted import Planted

LOGIT = """
        s = {s}
        log_slope = {slope}
        return {ell}, {log_det}"""
OF_LOGIT = {"s": "alpha + (1 - 2 * alpha) * y / V", "ell": "np.log(s) - np.log1p(-s)", "log_det": "log_slope.sum()",
            "slope": "np.log(1 - 2 * alpha) - np.log(V) - np.log(s) - np.log1p(-s)"}  # fmt: skip
SQUEEZE = """
        C, H, W = x.shape
        return x.reshape({0}).transpose({1}).reshape(4 * C, H // 2, W // 2), {2}"""
BLOCKS = "C, H // 2, 2, W // 2, 2"
LEVELS = """
        h, l_near = near[1](x)
        on, leaves = np.split(h, 2)
        z_0, l_far = far[1](on)
        return {0}, {1}"""
JOINED = "np.concatenate([z_0.ravel(), leaves.ravel()])"
ACTNORM = """
        s_, t_ = s[:, None, None], t[:, None, None]
        HW = z.shape[1] * z.shape[2]
        return {0}, {1}"""
X = "np.exp(s_) * z + t_"
CONV = """
        A = {0}
        HW = x.shape[1] * x.shape[2]
        return np.tensordot({1}, x, axes=1), {2}"""
A, INV = "(L @ U)[order]", "np.linalg.inv(A)"
LOG = "-HW * np.log(np.abs(np.diag(U))).sum()"
SOLVE = """
        C, H, W = x.shape
        k, r = K.shape[2], K.shape[2] // 2
        A = K[:, :, r, r]
        wide = np.zeros((C, H + 2 * r, W + 2 * r))
        pixels = {pixels}
        for h, w in pixels:
            seen = np.tensordot({K}, wide[:, h : h + k, w : w + k], 3)
            wide[:, h + r, w + r] = {z}
        return wide[:, r : r + H, r : r + W], {log_det}"""
OF_SOLVE = {"pixels": "list(np.ndindex(H, W))[:: 1 if K[:, :, 0].any() else -1]", "K": "K",
            "z": "np.linalg.solve(A, x[:, h, w] - seen)", "log_det": "-H * W * np.linalg.slogdet(A)[1]"}  # fmt: skip


def logit(**changed):
    return LOGIT.format(**OF_LOGIT | changed)


def solve(**changed):
    return SOLVE.format(**OF_SOLVE | changed)


WRONG = [
    Planted("12.1", "no alpha", logit(s="y / V"), "alpha is left out"),
    Planted("12.1", "one alpha", logit(s="alpha + (1 - alpha) * y / V"), "the factor of y/V is 1 - alpha, not 1 - 2 alpha"),
    Planted("12.1", "255", logit(s="alpha + (1 - 2 * alpha) * y / (V - 1)"), "y is divided by V - 1, not by V"),
    Planted("12.1", "no logit", logit(ell="s"), "s comes back, not its logit"),
    Planted("12.1", "a plus", logit(ell="np.log(s) + np.log(1 - s)"), "log(1 - s) is added, not subtracted"),
    Planted("12.1", "log V forgotten", logit(slope="np.log(1 - 2 * alpha) - np.log(s) - np.log(1 - s)"), "the term log V is missing"),
    Planted("12.1", "alpha forgotten in the sum", logit(slope="-np.log(V) - np.log(s) - np.log(1 - s)"), "the term log(1 - 2 alpha) is missing"),
    Planted("12.1", "the slope of the logit alone", logit(slope="-np.log(s) - np.log(1 - s)"), "both terms with V and alpha are missing"),
    Planted("12.1", "constants once", logit(slope="-np.log(s) - np.log(1 - s)", log_det="log_slope.sum() + np.log(1 - 2 * alpha) - np.log(V)"),
        "the terms with V and alpha are counted once, not for every pixel"),
    Planted("12.1", "the mean", logit(log_det="log_slope.mean()"), "it is the mean over the pixels, not the sum"),
    Planted("12.1", "no sum", logit(log_det="log_slope"), "there is one number for each pixel, not their sum"),
    Planted("12.1", "the other direction", logit(log_det="-log_slope.sum()"), "the sign is flipped"),
    Planted("12.1", "ell is wrong in a way of its own", logit(ell="np.log(s) - np.log1p(-s) + 1e-3"), "ell is wrong"),
    Planted("12.2", "no alpha", """
        y = V / (1 + np.exp(-ell))
        return y, -logit_of_levels(y, V, alpha)[1]""", "alpha is left out"),
    Planted("12.2", "alpha after the division", """
        y = V * (1 / (1 + np.exp(-ell)) / (1 - 2 * alpha) - alpha)
        return y, -logit_of_levels(y, V, alpha)[1]""", "alpha is subtracted after the division, not before it"),
    Planted("12.2", "no division", """
        y = V * (1 / (1 + np.exp(-ell)) - alpha)
        return y, -logit_of_levels(y, V, alpha)[1]""", "it is not divided by 1 - 2 alpha"),
    Planted("12.2", "from 0 to 1", """
        y = (1 / (1 + np.exp(-ell)) - alpha) / (1 - 2 * alpha)
        return y, -logit_of_levels(V * y, V, alpha)[1]""", "the factor V is missing"),
    Planted("12.2", "whole numbers", """
        y = V * (1 / (1 + np.exp(-ell)) - alpha) / (1 - 2 * alpha)
        return np.floor(y), -logit_of_levels(y, V, alpha)[1]""", "the levels are rounded down"),
    Planted("12.2", "the sign of ell", """
        y = V * (1 / (1 + np.exp(ell)) - alpha) / (1 - 2 * alpha)
        return y, -logit_of_levels(y, V, alpha)[1]""", "the sigmoid is taken of -ell"),
    Planted("12.2", "not negated", """
        y = V * (1 / (1 + np.exp(-ell)) - alpha) / (1 - 2 * alpha)
        return y, logit_of_levels(y, V, alpha)[1]""", "the inverse's log_det is not negated"),
    Planted("12.2", "V left out of its own log-det", """
        s = 1 / (1 + np.exp(-ell))
        return V * (s - alpha) / (1 - 2 * alpha), np.sum(np.log(s * (1 - s)) - np.log(1 - 2 * alpha))""", "the term log V is missing"),
    Planted("12.3", "channels last in the block", SQUEEZE.format(BLOCKS, "2, 4, 0, 1, 3", "0.0"), "the places in the block come first, and then the channels"),
    Planted("12.3", "i and j", SQUEEZE.format(BLOCKS, "0, 4, 2, 1, 3", "0.0"), "i and j are exchanged"),
    Planted("12.3", "quarters", SQUEEZE.format("C, 2, H // 2, 2, W // 2", "0, 1, 3, 2, 4", "0.0"), "the image is cut into four quarters, not into blocks of 2 x 2"),
    Planted("12.3", "reshape alone", """
        C, H, W = x.shape
        return x.reshape(4 * C, H // 2, W // 2), 0.0""", "the numbers stay in one row: only the shape is new"),
    Planted("12.3", "log 4", SQUEEZE.format(BLOCKS, "0, 2, 4, 1, 3", "np.log(4)"), "moving numbers is said to change the volume"),
    Planted("12.3", "a mixed transposition", SQUEEZE.format(BLOCKS, "0, 1, 3, 2, 4", "0.0"), "z is wrong"),
    Planted("12.4", "z_1 first", LEVELS.format("np.concatenate([leaves.ravel(), z_0.ravel()])", "l_near + l_far"), "z_1 stands before z_0"),
    Planted("12.4", "z_1 dropped", LEVELS.format("z_0.ravel()", "l_near + l_far"), "z_1 is left out"),
    Planted("12.4", "z as an image", LEVELS.format("np.concatenate([z_0, leaves])", "l_near + l_far"), "z is not one vector"),
    Planted("12.4", "halves exchanged", """
        h, l_near = near[1](x)
        leaves, on = np.split(h, 2)
        z_0, l_far = far[1](on)
        return np.concatenate([z_0.ravel(), leaves.ravel()]), l_near + l_far""", "the half that should go on leaves"),
    Planted("12.4", "forward", """
        h, l_near = near[1](x)
        on, leaves = np.split(h, 2)
        z_0, l_far = far[0](on)
        return np.concatenate([z_0.ravel(), leaves.ravel()]), l_near + l_far""", "level 1 is applied forward"),
    Planted("12.4", "only near", LEVELS.format(JOINED, "l_near"), "the log-det of level 1 is missing"),
    Planted("12.4", "only far", LEVELS.format(JOINED, "l_far"), "the log-det of level 2 is missing"),
    Planted("12.4", "minus", LEVELS.format(JOINED, "l_near - l_far"), "the log-det of level 1 is subtracted"),
    Planted("12.5", "the shift first", ACTNORM.format("np.exp(s_) * (z + t_)", "HW * s.sum()"), "the shift is added before the scale"),
    Planted("12.5", "s for e^s", ACTNORM.format("s_ * z + t_", "HW * s.sum()"), "the scale is s, not e^s"),
    Planted("12.5", "the other direction", ACTNORM.format("(z - t_) * np.exp(-s_)", "-HW * s.sum()"), "the layer is undone, not applied"),
    Planted("12.5", "once", ACTNORM.format(X, "s.sum()"), "the factor H*W is missing"),
    Planted("12.5", "all numbers", ACTNORM.format(X, "z.size * s.sum()"), "the factor is C H W, not H W"),
    Planted("12.5", "the mean", ACTNORM.format(X, "HW * s.mean()"), "it is the mean over the channels, not the sum"),
    Planted("12.5", "e^s summed", ACTNORM.format(X, "HW * np.exp(s).sum()"), "exp(s) is summed, not s"),
    Planted("12.5", "H", ACTNORM.format(X, "z.shape[1] * s.sum()"), "the factor is H, not H W"),
    Planted("12.5", "a constant", ACTNORM.format(X, "HW * s.sum() + 1"), "log_det is wrong"),
    Planted("12.6", "no P", CONV.format("L @ U", INV, LOG), "P is left out"),
    Planted("12.6", "P the other way", CONV.format("(L @ U)[np.argsort(order)]", INV, LOG), "P is taken for its inverse"),
    Planted("12.6", "columns", CONV.format("(L @ U)[:, order]", INV, LOG), "P moves the columns, not the rows"),
    Planted("12.6", "U L", CONV.format("(U @ L)[order]", INV, LOG), "L and U are exchanged"),
    Planted("12.6", "forward", CONV.format(A, "A", LOG), "A is applied, not its inverse"),
    Planted("12.6", "transposed", CONV.format(A, "A.T", LOG), "A is transposed, not inverted"),
    Planted("12.6", "not negated", CONV.format(A, INV, "HW * np.log(np.abs(np.diag(U))).sum()"), "the inverse's log_det is not negated"),
    Planted("12.6", "once", CONV.format(A, INV, "-np.log(np.abs(np.diag(U))).sum()"), "the factor H*W is missing"),
    Planted("12.6", "no absolute value", CONV.format(A, INV, "-HW * np.log(np.diag(U)).sum()"), "the absolute value is missing"),
    Planted("12.6", "L's diagonal", CONV.format(A, INV, "-HW * np.log(np.abs(np.diag(L))).sum()"), "it is always 0"),
    Planted("12.7", "a plus", solve(z="np.linalg.solve(A, x[:, h, w] + seen)"), "what the neighbours give is added, not subtracted"),
    Planted("12.7", "A forgotten", solve(z="x[:, h, w] - seen"), "A^-1 is missing"),
    Planted("12.7", "A @", solve(z="A @ (x[:, h, w] - seen)"), "it is multiplied by A, not by A^-1"),
    Planted("12.7", "the neighbours alone without A^-1", solve(z="np.linalg.solve(A, x[:, h, w]) - seen"), "A^-1 is not applied to what the neighbours give"),
    Planted("12.7", "K transposed", solve(K="K.transpose(1, 0, 2, 3)"), "the kernel's matrices are transposed, but for A"),
    Planted("12.7", "first pixel first", solve(pixels="np.ndindex(H, W)"),
        "the pixels are solved for in the wrong order: a turned kernel reads pixels that are not known yet"),
    Planted("12.7", "applied", """
        return convolve(x, K)[0], -convolve(x, K)[1]""", "the convolution is applied, not undone"),
    Planted("12.7", "1 x 1 alone", """
        A = np.linalg.inv(K[:, :, K.shape[2] // 2, K.shape[2] // 2])
        return np.tensordot(A, x, 1), x[0].size * np.linalg.slogdet(A)[1]""", "z is A^-1 x: what the neighbours give is not in it"),
    Planted("12.7", "not negated", solve(log_det="H * W * np.linalg.slogdet(A)[1]"), "the inverse's log_det is not negated"),
    Planted("12.7", "once", solve(log_det="-np.linalg.slogdet(A)[1]"), "the factor H*W is missing"),
    Planted("12.7", "no absolute value", solve(log_det="-H * W * np.log(np.linalg.det(A))"), "the absolute value is missing"),
]  # fmt: skip
