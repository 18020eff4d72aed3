"""The search for the one change: what stands in both directions in other words, what holds by chance, and kinds of it.

Each program is right but for the piece that is planted, and the change that is found says what stood there.
"""

import ast
from types import SimpleNamespace

import numpy as onp
import pytest
from edited_code import module_of

import nfscratch as nf
from nfscratch.check.repair.degrees import of_degree
from nfscratch.check.repair.edit import places, source
from nfscratch.check.repair.frequencies import counted_twice
from nfscratch.check.repair.planar import kept_above
from nfscratch.check.repair.slots import _of_function
from nfscratch.check.repair.turns import averaged

pytestmark = pytest.mark.exhaustive  # each is a whole search; its rooms have small tests of their own

HEAD = "import numpy as np\n"
TAILS = (
    HEAD
    + """
END, MIDDLE, LEFT, RIGHT = 1.0, 0.5, 2.0, 3.0

def forward(z):
    x = np.where(z < -END, -MIDDLE + LEFT * (z + END), np.where(z > END, MIDDLE + RIGHT * (z - END), MIDDLE * z))
    ld = np.full(z.shape, np.log(MIDDLE))
    ld[z < -END] = np.log(LEFT)
    ld[z > END] = np.log(RIGHT)
    return x, ld.sum(axis=1)

def inverse(x):
    low, high = x < -MIDDLE * END, x > MIDDLE * END
    z = np.where(low, (x + MIDDLE) / LEFT - END, np.where(high, (x - MIDDLE) / RIGHT + END, x / MIDDLE))
    ld = np.full(x.shape, -np.log(MIDDLE))
    ld[low] = -np.log(LEFT)
    ld[high] = -np.log(RIGHT)
    return z, ld.sum(axis=1)
"""
)
SQUASHED = (
    HEAD
    + """
A = np.array([0.5, 1.0, 2.0])

def curve(z):
    t = np.tanh(A * z)
    return z + t, np.log(1 + A * (1 - t**2))

def forward(z):
    x, slopes = curve(z)
    return x, slopes.sum(axis=1)

def inverse(x):
    z = x.copy()
    for _ in range(60):
        z = z - (curve(z)[0] - x) / np.exp(curve(z)[1])
    return z, -curve(z)[1].sum(axis=1)
"""
)
STEPS = (
    HEAD
    + """
rng = np.random.default_rng(2)
MATRICES = [np.eye(3) + 0.3 * rng.normal(size=(3, 3)) for _ in range(3)]
STEPS = [(lambda z, M=M: z @ M) for M in MATRICES]
BACK = [(lambda x, M=M: x @ np.linalg.inv(M)) for M in MATRICES]
SIZE = sum(np.linalg.slogdet(M)[1] for M in MATRICES)

def forward(z):
    for step in STEPS:
        z = step(z)
    return z, np.full(len(z), SIZE)

def inverse(x):
    for step in BACK[::-1]:
        x = step(x)
    return x, np.full(len(x), -SIZE)
"""
)
NESTED = (
    HEAD
    + """
rng = np.random.default_rng(2)
SHIFTS = rng.normal(size=(3, 2))

def make():
    there, back = [], []
    for shift in SHIFTS:
        scale = np.exp(0.3 * shift)
        def go(z, shift=shift, scale=scale):
            return z * scale + shift
        there.append(go)
        back.append(lambda x, shift=shift, scale=scale: (x - shift) / scale)
    return there, back

THERE, BACK = make()

def forward(z):
    for go in THERE:
        z = go(z)
    return z, np.full(len(z), 0.3 * SHIFTS.sum())

def inverse(x):
    for go in reversed(BACK):
        x = go(x)
    return x, np.full(len(x), -0.3 * SHIFTS.sum())
"""
)
HALVES = (
    HEAD
    + """
W = np.array([[0.4, -0.6], [0.3, 0.5]])

def bend(a):
    return np.sinh(a), np.log(np.cosh(a)).sum(axis=1)

def unbend(b):
    return np.arcsinh(b), -0.5 * np.log1p(b**2).sum(axis=1)

def forward(z):
    left, right = z[:, 0::2], z[:, 1::2]
    new, ld = bend(left)
    s = np.tanh(new @ W)
    right = (right + np.sin(new)) * np.exp(s)
    x = np.empty_like(z)
    x[:, 0::2] = new
    x[:, 1::2] = right
    return x, ld + s.sum(axis=1)

def inverse(x):
    left, right = x[:, 0::2], x[:, 1::2]
    old, ld = unbend(left)
    s = np.tanh(left @ W)
    right = right * np.exp(-s) - np.sin(left)
    z = np.empty_like(x)
    z[:, 0::2] = old
    z[:, 1::2] = right
    return z, ld - s.sum(axis=1)
"""
)
CIRCULANT = (
    HEAD
    + """
KERNEL = np.array([1.5, 0.4, 0.0, -0.3, 0.1, 0.2])
F = np.fft.rfft(KERNEL)
SIZES = np.log(np.abs(F))

def forward(z):
    x = np.fft.irfft(np.fft.rfft(z, axis=1) * F, n=6, axis=1)
    return x, np.full(len(z), np.sum(SIZES) + np.sum(SIZES[1:-1]))

def inverse(x):
    z = np.fft.irfft(np.fft.rfft(x, axis=1) / F, n=6, axis=1)
    return z, np.full(len(x), -(np.sum(SIZES) + np.sum(SIZES[1:-1])))
"""
)
PIXELS = (
    HEAD
    + """
W = np.array([[1.3, -0.5], [0.7, 0.9]])

class Turn:
    def __init__(self, channels, height, width):
        self.channels, self.height, self.width = channels, height, width

    def forward(self, z):
        image = z.reshape(-1, self.height, self.width, self.channels) @ W
        return image.reshape(z.shape), np.full(len(z), self.height * self.width * np.linalg.slogdet(W)[1])

    def inverse(self, x):
        image = x.reshape(-1, self.height, self.width, self.channels) @ np.linalg.inv(W)
        return image.reshape(x.shape), np.full(len(x), -self.height * self.width * np.linalg.slogdet(W)[1])

turn = Turn(2, 2, 2)
forward, inverse = turn.forward, turn.inverse
"""
)
LEVELS = (
    HEAD
    + """
def forward(z):
    u = (z + 0.5) / 257.0
    return np.log(u) - np.log(1 - u), -np.log(u * (1 - u) * 257.0).sum(axis=1)

def inverse(x):
    u = 1 / (1 + np.exp(-x))
    return 257.0 * u - 0.5, np.log(u * (1 - u) * 257.0).sum(axis=1)
"""
)
INTEGRAL = (
    HEAD
    + """
C = np.array([1.16, 0.2, 0.02, -0.22, 0.05])
Q = np.array([C[k] / (k + 1) for k in range(5)])

def value(z):
    return z * (Q[0] + z * (Q[1] + z * (Q[2] + z * (Q[3] + z * Q[4]))))

def slope(z):
    return C[0] + z * (C[1] + z * (C[2] + z * (C[3] + z * C[4])))

def forward(z):
    return value(z), np.log(slope(z)).sum(axis=1)

def inverse(x):
    low, high = np.full_like(x, -80.0), np.full_like(x, 80.0)
    for _ in range(60):
        middle = (low + high) / 2
        less = value(middle) < x
        low, high = np.where(less, middle, low), np.where(less, high, middle)
    return low, -np.log(slope(low)).sum(axis=1)
"""
)
PLANAR = (
    HEAD
    + """
W, RAW, B = np.array([1.0, -0.6, 0.4]), np.array([-1.5, 0.8, 0.3]), 0.25

def bounded():
    product = W @ RAW
    m = np.log1p(np.exp(product)) - 1
    return RAW + (m - product) * W / (W @ W)

def forward(z):
    u = bounded()
    t = np.tanh(z @ W + B)
    return z + np.outer(t, u), np.log(np.abs(1 + (1 - t**2) * (W @ u)))

def inverse(x):
    u = bounded()
    c, k = x @ W, W @ u
    low, high = c - abs(k) - 1, c + abs(k) + 1
    for _ in range(60):
        a = (low + high) / 2
        less = a + k * np.tanh(a + B) < c
        low, high = np.where(less, a, low), np.where(less, high, a)
    t = np.tanh(low + B)
    return x - np.outer(t, u), -np.log(np.abs(1 + (1 - t**2) * k))
"""
)
# what is planted; the lines of the change, and a piece of it
PLANTED = {
    "a slope, by another's name": (TAILS, [("np.log(RIGHT)", "np.log(LEFT)")], 2, "`RIGHT` in place of `LEFT`"),
    "a mean": (SQUASHED, [(".sum(axis=1)", ".mean(axis=1)")], 2, "slopes.sum"),
    "the square of tanh": (SQUASHED, [("(1 - t**2)", "(1 - t)")], 1, "t ** 2"),
    "a lambda of a loop": (STEPS, [("(lambda z, M=M: z @ M)", "(lambda z: z @ M)")], 1, "lambda z, M=M"),
    "a function of a loop": (
        NESTED, [("go(z, shift=shift, scale=scale)", "go(z)")], 1, "def go(z, shift=shift, scale=scale)",
    ),
    "a pair of lambdas": (
        STEPS, [("(lambda x, M=M: x @ np", "(lambda x: x @ np")], 1, "lambda x, M=M",
    ),
    "the half that is inverted already": (
        HALVES, [("tanh(left @", "tanh(old @"), ("- np.sin(left)", "- np.sin(old)")], 2, "tanh(left @ W)",
    ),
    "places exchanged": (
        HALVES, [("z[:, 0::2] = old", "z[:, 0::2] = right"), ("z[:, 1::2] = right", "z[:, 1::2] = old")], 2,
        "`z[:, 0::2] = old` and `z[:, 1::2] = right`",
    ),
    "frequencies that occur twice": (CIRCULANT, [(" + np.sum(SIZES[1:-1])", "")], 2, "np.sum(SIZES[1:-1])"),
    "pixels": (PIXELS, [("self.height * self.width * np.lin", "np.lin")], 2, "self.height * self.width * "),
    "levels": (LEVELS, [(" * 257.0).sum", ").sum")], 2, "257.0"),
    "degrees of an integral": (INTEGRAL, [("C[k] / (k + 1)", "C[k]")], 1, "C[k] / (k + 1)"),
    "a product below -1": (PLANAR, [(" + (m - product) * W / (W @ W)", "")], 1, "RAW + (m - product) * W / (W @ W)"),
}  # fmt: skip
DIMS = {TAILS: 2, SQUASHED: 3, STEPS: 3, NESTED: 2, HALVES: 4, CIRCULANT: 6, PIXELS: 8, LEVELS: 2, INTEGRAL: 2,
        PLANAR: 3}  # fmt: skip
DEFAULT = {"a slope, by another's name", "a lambda of a loop", "frequencies that occur twice"}


def told(planted, name, tmp_path):
    code, changes, *_ = planted
    for right, wrong in changes:
        assert right in code
        code = code.replace(right, wrong)
    made = module_of(code, tmp_path, name)
    domain = {"domain": (-0.5, 256.5)} if "257.0" in code else {}
    return nf.check.audit((made.forward, made.inverse), dims=(DIMS[planted[0]],), show=False, **domain)


@pytest.mark.parametrize("name", [
    name if name in DEFAULT else pytest.param(name, marks=pytest.mark.exhaustive) for name in PLANTED
])  # fmt: skip
def test_what_is_planted_is_found(name, tmp_path):
    report = told(PLANTED[name], f"planted_{list(PLANTED).index(name)}", tmp_path)
    failure = report.failures[0]
    *_, lines, piece = PLANTED[name]
    assert piece in failure.message.split(", or ")[0]
    said = failure.name + failure.message
    assert (" and " in said.split(" of planted")[0].lower()) == (lines == 2), said


@pytest.mark.exhaustive
@pytest.mark.parametrize("code", DIMS, ids=lambda code: str(list(DIMS).index(code)))
def test_what_is_right_is_not_accused(code, tmp_path):
    made = module_of(code, tmp_path, f"right_{list(DIMS).index(code)}")
    domain = {"domain": (-0.5, 256.5)} if "257.0" in code else {}
    report = nf.check.audit((made.forward, made.inverse), dims=(DIMS[code],), show=False, **domain)
    assert not report.failures, report


# --- the pieces ---


def made_at(change, text, part, **held):
    """What a change makes of a part of a function's text, where the function holds these."""
    function = ast.parse(text).body[0]
    place = next(p for p in places(function) if source(p.node) == part)
    scope = SimpleNamespace(array_module="np", function=function, locals=held, named={"rfft"})
    scope.held = [(ast.Name(k, ast.Load()), v) for k, v in held.items()]
    scope.value_of = lambda node: held.get(getattr(node, "id", None))
    scope.evaluated = lambda node: held.get(source(node))
    return [source(new) for new in change(place, scope)]


def test_the_inner_frequencies_are_counted_once_more():
    log = {"np.log(F)": onp.ones(4), "g": onp.ones((2, 4))}
    text = "def f(z):\n    return np.log(F).sum(), np.sum(g, axis=1), 2 * g.sum(), 3 * g.sum(), max(g)"
    once = [f"np.log(F).sum() + np.log(F)[{part}].sum()" for part in ("1:-1", "1:")]
    assert made_at(counted_twice, text, "np.log(F).sum()", **log) == once
    rows = [f"np.sum(g, axis=1) + np.sum(g[..., {part}], axis=1)" for part in ("1:-1", "1:")]
    assert made_at(counted_twice, text, "np.sum(g, axis=1)", **log) == rows
    assert made_at(counted_twice, text, "2 * g.sum()", **log)[0] == "g.sum() + g[..., 1:-1].sum()"
    assert made_at(counted_twice, text, "3 * g.sum()", **log) == made_at(counted_twice, text, "max(g)", **log) == []


def test_a_coefficient_is_divided_by_its_degree():
    text = "def f(z):\n    return sum(q[k] for k in K), sum(c for k, c in enumerate(q)), q, q[0]"
    q = onp.ones(3)
    assert made_at(of_degree, text, "q[k]", q=q)[:3] == ["q[k] / (k + 1)", "q[k] * (k + 1)", "k * q[k]"]
    assert made_at(of_degree, text, "c", q=q) == ["c / (k + 1)", "c * (k + 1)", "k * c"]
    assert made_at(of_degree, text, "q[0]", q=q) == []
    text = "def f(z):\n    return g(q)"
    whole = ["q / np.arange(1, len(q) + 1)", "q * np.arange(1, len(q) + 1)"]
    assert made_at(of_degree, text, "q", q=q) == whole and made_at(of_degree, text, "q", q=onp.eye(2)) == []


def test_a_product_below_minus_one_is_bounded():
    text, w = "def f(z):\n    return u", onp.array([1.0, -0.6])
    formula = "u + (np.log1p(np.exp(w @ u)) - 1 - w @ u) * w / (w @ w)"
    assert made_at(kept_above, text, "u", u=onp.array([-2.0, 1.0]), w=w) == [formula]
    held = {"u": onp.array([-2.0, 1.0]), "w": w, "p": -2.6, "m": float(onp.log1p(onp.exp(-2.6)) - 1)}
    assert made_at(kept_above, text, "u", **held) == ["u + (m - p) * w / (w @ w)"]
    assert made_at(kept_above, text, "u", u=onp.array([2.0, 1.0]), w=w) == []
    assert made_at(kept_above, text, "u", u=onp.array([-2.0, 1.0, 0.0]), w=w) == []


@pytest.mark.parametrize(("text", "means"), [
    ("sum(f(e) for e in PROBES)", ["sum((f(e) for e in PROBES)) / len(PROBES)"]),
    ("np.sum([f(k) for k in range(K)], axis=0)", ["np.sum([f(k) for k in range(K)], axis=0) / K"]),
    ("sum(f(e) for e in PROBES if e)", []), ("max(f(e) for e in PROBES)", []), ("sum(PROBES)", []),
])  # fmt: skip
def test_a_sum_over_a_loop_may_be_meant_as_a_mean(text, means):
    part = source(ast.parse(text, mode="eval").body)
    assert made_at(averaged, f"def f(z):\n    return {text}", part) == means


@pytest.mark.parametrize(("text", "crossed"), [
    ("e, o = z[:, 0::2], z[:, 1::2]\n    x[:, 0::2] = e\n    x[:, 1::2] = o", 0),
    ("e, o = z[:, 0::2], z[:, 1::2]\n    x[:, 0::2] = o\n    x[:, 1::2] = e", 2),
    ("e, o = z[:, EVEN], z[:, ODD]\n    x[:, EVEN], x[:, ODD] = o, e", 2),
    ("a = z[:, :2]\n    b = z[:, 2:]\n    x = np.hstack([a, b])", 0),
    ("a = z[:, :2]\n    b = z[:, 2:]\n    x = np.hstack([b, a])", 1),
    ("a = z[:, :2]\n    x[:, 1:] = a", 0),
])  # fmt: skip
def test_columns_that_are_put_back_elsewhere(text, crossed):
    assert _of_function(ast.parse(f"def f(z):\n    {text}").body[0]) == crossed
