"""Small code of a user, in which a search for a repair tries all that it knows within a moment."""

LOOP = """
    import numpy as np

    A, b, ORDER = np.array([[0.5, -0.2], [0.3, 0.8]]), np.array([0.1, -0.4]), np.array([1, 0])
    LAYERS = [(0.3, b), (-0.2, A[0])]


    def forward(z):
        log_det = np.zeros(len(z))
        for k in range(2):
            s, t = LAYERS[k]
            z = z * np.exp(s) + t
            log_det += 2 * s
        x = z[:, ORDER]
        return x, log_det


    def inverse(x):
        z = x[:, np.argsort(ORDER)]
        log_det = np.zeros(len(x))
        for k in reversed(range(2)):
            s, t = LAYERS[k]
            z = (z - t) * np.exp(-s)
            log_det -= 2 * s
        return z, log_det
"""
HALVES = """
    import numpy as np

    W, c = np.array([[0.7, -0.3]]), np.array([0.2, -0.1])


    def net(a):
        return np.split(np.tanh(a @ W + c), 2, axis=1)


    def forward(z):
        a, rest = z[:, :1], z[:, 1:]
        s, t = net(a)
        y = np.concatenate([a, rest * np.exp(s) + np.where(a > 0, a, 0.2 * t)], axis=1)
        return y, s.sum(axis=1)


    def inverse(x):
        a, rest = x[:, :1], x[:, 1:]
        s, t = net(a)
        rest = rest - np.where(a > 0, a, 0.2 * t)
        z = np.concatenate([a, rest * np.exp(-s)], axis=1)
        return z, -s.sum(axis=1)
"""
CURVES = """
    import numpy as np

    K, R = np.array([0.6, 1.7]), np.array([[0.8, -0.6], [0.6, 0.8]])


    def forward(z):
        y = z @ (R * K).T
        x = np.sinh(y)
        log_det = np.log(np.cosh(y)).sum(axis=1) + np.log(np.abs(K)).sum()
        return x, log_det


    def inverse(x):
        y = np.arcsinh(x)
        z = (y @ R) / K
        return z, -np.log(np.cosh(y)).sum(axis=1) - np.log(np.abs(K)).sum()
"""
COLUMNS = """
    import numpy as np

    L = np.array([[0.0, 0.0], [0.5, 0.0]])


    class Layer:
        def __init__(self, first, second):
            self.first, self.second = first, second

        def shift(self, a, i):
            return sum(w * v for w, v in zip(self.first[i], a.T)) + self.second[i]


    layer = Layer(L, np.array([0.3, -0.2]))


    def forward(z):
        x = np.empty_like(z)
        for i in range(z.shape[1]):
            x[:, i] = 2.0 * z[:, i] + layer.shift(z, i)
        return x, np.full(len(z), 2 * np.log(2.0))


    def inverse(x):
        z = np.zeros_like(x)
        for i in range(x.shape[1]):
            z[:, i] = (x[:, i] - layer.shift(z, i)) / 2.0
        return z, np.full(len(x), -2 * np.log(2.0))
"""
TABLES = """
    import numpy as np

    M, ORDER, LOGS = np.array([[2.0, 0.5], [0.1, 1.5]]), np.array([1, 0]), np.ones(3)
    WIDTH, TIMES = 2, 3
    TABLE = {"s": M[0], "t": M[1], "n": 3}


    def bend(a):
        return np.tanh(a)


    def slope(z):
        return 1 - np.tanh(z) ** 2


    class Layer:
        def __init__(self):
            self.first, self.second = M[0], M[1]

        def moved(self, x):
            k, below = 1, x[:, 0] > 0
            s, t, rows = self.first, TABLE["s"], [M[0], M[1]]
            y = x @ M.T + abs(s) * WIDTH
            h = np.where(below, y[:, 0], 0.5)
            low = np.where(below, h, y[:, 1])
            high = np.where(below, low, h)
            log_det = np.log(TIMES * np.abs(y[:, k])) + high - LOGS.sum()
            for row in rows:
                log_det = log_det + np.log(slope(y)).sum(axis=1)
                y = bend(y) * np.exp(-row)
            y = y[:, ORDER] - t
            return y, log_det


    forward = Layer().moved


    def inverse(y):
        z = y + TABLE["t"]
        z = z @ np.linalg.inv(M).T
        log_det = -np.log(np.abs(z)).sum(axis=1)
        return z, log_det
"""
SMALL = {"loop": LOOP, "halves": HALVES, "curves": CURVES, "columns": COLUMNS, "tables": TABLES}
SLIPS = {  # what is right in a text, and what stands there instead
    "loop": [
        ("np.exp(s) + t", "np.exp(s) - t"), ("np.exp(-s)", "np.exp(s)"), ("log_det += 2 * s", "log_det = 2 * s"),
        ("reversed(range(2))", "range(2)"), ("np.argsort(ORDER)", "ORDER[::-1]"), ("log_det -= 2 * s", "log_det -= s"),
        ("(z - t) * np.exp(-s)", "z - t * np.exp(-s)"), ("range(2):", "range(1):"), ("z[:, ORDER]", "z[:, ORDER[:1]]"),
    ],
    "halves": [
        ("y, s.sum(axis=1)", "y, s.sum(axis=0)"), ("y, s.sum(axis=1)", "y, s"),
        ("y, s.sum(axis=1)", "y, t.sum(axis=1)"),
        ("-s.sum(axis=1)", "-s.sum()"), ("y, s.sum(axis=1)", "y, s.mean()"),
        ("[a, rest * np.exp(-s)]", "[rest * np.exp(-s), a]"),
        ("x[:, :1], x[:, 1:]", "x[:, 1:], x[:, :1]"), ("a > 0, a, 0.2 * t)],", "a < 0, a, 0.2 * t)],"),
        ("rest = rest - np", "rest = rest + np"), ("return y,", "return y[:, :1],"),
    ],
    "curves": [
        ("y = np.arcsinh(x)", "y = np.arctanh(x / 9)"), ("(y @ R) / K", "(y @ R) * K"),
        ("(y @ R) / K", "(y @ R.T) / K"),
        (" + np.log(np.abs(K)).sum()", ""), ("np.log(np.cosh(y)).sum(axis=1) +", "np.cosh(y).sum(axis=1) +"),
        ("np.log(np.cosh(y)).sum(axis=1) +", "np.log(np.cosh(z)).sum(axis=1) +"),
        ("- np.log(np.abs(K)).sum()", "+ np.log(np.abs(K)).sum()"),
        ("np.log(np.cosh(y)).sum(axis=1) +", "np.log(np.cosh(y)).sum() +"),
    ],
    "columns": [
        ("/ 2.0", "* 2.0"), ("range(x.shape[1])", "range(x.shape[1] - 1)"),
        ("layer.shift(z, i)) /", "layer.shift(x, i)) /"),
        ("-2 * np.log(2.0)", "2 * np.log(2.0)"), ("len(z), 2 *", "len(z), 4 *"),
        ("+ self.second[i]", "- self.first[i]"),
    ],
}  # fmt: skip
PLANTED_SMALL = {f"{text} {k}": (text, *slip) for text, slips in SLIPS.items() for k, slip in enumerate(slips)}
