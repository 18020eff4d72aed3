"""What mends a map with one permutation alone, or by another dimension, is not said; what does not end is not lost."""

import numpy as onp
import pytest
from edited_code import module_of, trial_of

import nfscratch as nf
from nfscratch.check.finding import Outcome
from nfscratch.check.repair.candidates import candidates
from nfscratch.check.repair.other_orders import OtherOrders
from nfscratch.check.repair.search import Search

pytestmark = pytest.mark.exhaustive  # each is a whole search; its rooms have small tests of their own

HEAD = "import numpy as np\n"
TURNED = (
    HEAD
    + """
order = np.array([3, 0, 4, 1, 5, 2])  # three turns of it are none
W = np.linspace(-1, 1, 9).reshape(3, 3)


def forward(z):
    a, b = z[:, :3], z[:, 3:]
    s = np.tanh(a @ W)
    y = np.concatenate([a, b * np.exp(s)], axis=1)
    return y[:, order], s.sum(axis=1)


def inverse(x):
    y = x[:, order]
    a, b = y[:, :3], y[:, 3:]
    s = np.tanh(a @ W)
    return np.concatenate([a, b * np.exp(-s)], axis=1), -s.sum(axis=1)
"""
)
MIRRORED = (
    HEAD
    + """
order = [2, 0, 3, 1]  # read from its end, it is its own inverse
S = np.array([0.5, -0.2, 0.1, 0.4])


def forward(z):
    rows = []
    for z_n in z.tolist():
        rows.append([z_n[order[i]] for i in range(4)])
    return np.array(rows) * np.exp(S), np.full(len(z), S.sum())


def inverse(x):
    z = x * np.exp(-S)
    return z[:, order], np.full(len(x), -S.sum())
"""
)
RADIAL = (
    HEAD
    + """
D = 3


def forward(z):
    r = np.sqrt((z * z).sum(1))
    h = 1 / (1 + r)
    return z + 2 * h[:, None] * z, D * np.log(1 + 2 * h) + np.log(1 + 2 * h - 2 * r * h * h)


def inverse(x):
    R = np.sqrt((x * x).sum(1))
    p = 3 - R
    r = (-p + np.sqrt(p * p + 4 * R)) / 2
    h = 1 / (1 + r)
    return x / (1 + 2 * h)[:, None], -D * np.log(1 + 2 * h) - np.log(1 + 2 * h - 2 * r * h * h)
"""
)
SEARCHED = (
    HEAD
    + """
def bend(t, c):
    return t + 0.5 * np.tanh(t) + c, 1 + 0.5 / np.cosh(t) ** 2


def forward(z):
    first, d = bend(z[:, 0], 0.0)
    second, e = bend(z[:, 1], np.sin(first))
    return np.c_[first, second], np.log(d) + np.log(e)


def root(y, c):
    low, high = y - c - 1, y - c + 1
    for _ in range(30):
        middle = (low + high) / 2
        below = bend(middle, c)[0] < y
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return (low + high) / 2


def inverse(x):
    first = root(x[:, 0], 0.0)
    second = root(x[:, 1], np.sin(first))
    return np.c_[first, second], -np.log(bend(first, 0.0)[1]) - np.log(bend(second, 0.0)[1])
"""
)
HEAVY = (
    HEAD
    + """
H = np.array([0.1, 0.25])


def forward(z):
    return z * np.exp(H * z ** 2 / 2), (H * z ** 2 / 2 + np.log1p(H * z)).sum(1)


def inverse(x):
    z = np.arcsinh(x)
    for _ in range(40):
        r = np.abs(z) + 1e-300
        f = np.log(r) + H * r ** 2 / 2 - np.log(np.abs(x) + 1e-300)
        z = np.sign(x) * r * np.exp(-f / (1 + H * r ** 2))
    return z, -(H * z ** 2 / 2 + np.log1p(H * z)).sum(1)
"""
)
SAID = {
    "an order of three turns": (TURNED, 6, "np.argsort(order)"),
    "an order that is its own mirror image": (MIRRORED, 4, "np.argsort(order)"),
    "a count of directions": (RADIAL, 3, "D - 1"),
    "the same variable in both directions": (HEAVY, 2, "z ** 2"),
}


@pytest.mark.parametrize("name", SAID)
def test_what_is_said_first(name, tmp_path):
    text, dim, said = SAID[name]
    with onp.errstate(all="ignore"):
        repair = Search(trial_of(module_of(text, tmp_path, "chance"), dim=dim)).repair()
    print(repair)
    assert said in repair.after and repair.is_clear


def test_orders_are_exchanged_where_they_lie_and_come_back(tmp_path):
    module = module_of(TURNED, tmp_path, "lying")
    module.back = onp.argsort(module.order)
    search = Search(trial_of(module, dim=6))
    with OtherOrders(search.reached).standing():
        new = module.order.copy()
        assert (module.back == onp.argsort(new)).all() and not (new == [3, 0, 4, 1, 5, 2]).all()
        assert not (new[new] == onp.argsort(new)).all()
    assert module.order.tolist() == [3, 0, 4, 1, 5, 2] and (module.back == onp.argsort(module.order)).all()


@pytest.mark.parametrize(("order", "exchanged"), [
    ("[3, 0, 4, 1, 5, 2]", True), ("[5, 4, 3, 2, 1, 0]", False), ("[1, 2, 0]", False), ("[0, 0, 1, 2]", False),
])  # fmt: skip
def test_an_order_that_undoes_itself_stays(order, exchanged, tmp_path):
    module = module_of(HEAD + f"order = np.array({order})\ndef forward(z):\n    return z, order\ninverse = forward\n",
                       tmp_path, "kept")  # fmt: skip
    search = Search(trial_of(module, dim=2))
    assert bool(OtherOrders(search.reached).exchanged) is exchanged


def test_an_order_that_has_a_matrix_stays(tmp_path):
    module = module_of(TURNED.replace("W = np", "P = np.eye(6)[order]\nW = np"), tmp_path, "matrix")
    assert OtherOrders(Search(trial_of(module, dim=6)).reached).exchanged == []


@pytest.mark.exhaustive  # every change of every place is made
def test_what_answers_every_index_stands_in_no_other_place(tmp_path):
    search = Search(trial_of(module_of(SEARCHED, tmp_path, "endless"), dim=2))
    for kinds in range(5):
        for _, place, edit in candidates(search.statements, search.reached, kinds):
            with edit.done():
                assert place.after(edit).count("np.c_") == place.after(edit).count("np.c_[")


def test_a_density_in_float64_is_a_note():
    def log_prob(x):
        return -0.5 * (x * x + onp.log(2 * onp.pi)).sum(axis=1) + onp.zeros(len(x))

    def same(z):
        return z, onp.zeros(len(z), dtype=z.dtype)

    report = nf.check.audit((same, same), dims=(2,), dtype="float32", log_prob=log_prob, letters="SRD", show=False)
    assert report.ok and any("log_prob gives float64" in note for note in report.notes)
    wide = (lambda z: (z, onp.zeros(len(z))), same)
    report = nf.check.audit(wide, dims=(2,), dtype="float32", log_prob=log_prob, letters="S", show=False)
    assert report.lines[0].status is Outcome.FAILED
