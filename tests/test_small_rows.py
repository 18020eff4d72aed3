"""What the search makes of columns that are joined, and where the diagnosis says that a layer stands."""

import ast
from types import SimpleNamespace

import numpy as onp
import pytest
from edited_code import module_of
from test_small_changes import place_in, scope_of

from nfscratch.check import Mistake
from nfscratch.check.diagnosis import wrong_bracket, wrong_directions
from nfscratch.check.diagnosis.recorded import Record
from nfscratch.check.diagnosis.stretches import stretch
from nfscratch.check.pairs import of_pair
from nfscratch.check.repair.candidates import unfolded
from nfscratch.check.repair.columns_joined import Splits, other_rows, puts_back
from nfscratch.check.repair.edit import places, source
from nfscratch.check.repair.live_code import Reached, live_statements
from nfscratch.check.repair.squares import of_squares
from nfscratch.check.trial import Trial

A, B = onp.arange(3.0), onp.arange(3.0) + 5
OWN = scope_of(keep=("x",), a=A, b=B, c=A * B, n=onp.arange(3), t=onp.ones((3, 1)))


@pytest.mark.parametrize(("text", "part", "made"), [
    ("y = np.c_[a, b]", "(a, b)", ["(b, a)", "(b, c)", "(c, a)"]), ("y = [a, t]", "[a, t]", []),
    ("y = f(1, a, b)", "f(1, a, b)", ["f(1, b, a)", "f(1, b, c)", "f(1, c, a)"]), ("y = f(a)", "f(a)", []),
    ("y = [a, 2 * b]", "[a, 2 * b]", []), ("y = f(a, 2 * b)", "f(a, 2 * b)", []), ("a, b = y", "(a, b)", []),
])  # fmt: skip
def test_other_columns_of_a_row(text, part, made):
    assert [source(ast.fix_missing_locations(new)) for new in other_rows(place_in(text, part), OWN)] == made


HALVES = [(place, OWN) for place in places(ast.parse("u, v = z[:, k::2], z[:, 1 - k::2]\nw = z[:, 2:]"))]
BACK = "[:, np.argsort([*range(2)[k::2], *range(2)[1 - k::2]])]"


@pytest.mark.parametrize(("part", "made"), [
    ("np.c_[a, b]", True), ("np.stack([a, b], axis=1)", False), ("np.hstack([t, t])", True), ("np.hstack([t])", False),
    ("np.concatenate((t, t), axis=1)", True), ("np.hstack([a, b])", False), ("a + b", False),
])  # fmt: skip
def test_halves_are_put_back_where_they_were_taken_from(part, made):
    found = [source(new) for new in Splits(HALVES).put_back(place_in(f"y = {part}", part), OWN)]
    assert found == [part + BACK] * made
    assert all(puts_back(part, text) and not puts_back(text, text) for text in found)
    assert list(Splits(HALVES[-4:]).put_back(place_in(f"y = {part}", part), OWN)) == []


WRAPPED = """
import numpy as np
class Layer:
    def back(self, x):
        a = x - 1.0
        a = self.net(a[:, :1]) + a
        return 2.0 * a, np.zeros(len(x))
    def net(self, x):
        x = 3.0 * x
        return np.hstack([x, x])
layers = [Layer(), Layer()]
def inverse(x):
    for layer in layers:
        x, _ = layer.back(x)
    return x, np.zeros(len(x))
"""


@pytest.mark.parametrize(("first", "last", "lines"), [
    (13, 14, "line 13 "), (13, 15, "lines 5 to 7 "), (6, 7, "line 6 "), (15, 15, "no line"),
])  # fmt: skip
def test_the_lines_of_a_stretch_are_those_of_the_layer_that_is_given_the_state(first, last, lines, tmp_path):
    """A loop is the same for all layers; a network is given a part of the state."""
    z = onp.ones((3, 2))
    record = Record(module_of(WRAPPED, tmp_path, "wrapped").inverse, z)
    numbers = [line[2] for line in record.lines]
    end = numbers.index(13, 1) if last == 15 and first == 13 else numbers.index(last)
    state = z if first == 13 else z - 1
    assert stretch(record, numbers.index(first), end, state).startswith(lines)


Z = onp.linspace(-4.0, 4.0, 17)[:, None] * [1.0, 0.3] + [0.0, 0.01]


@pytest.mark.parametrize(("end", "again", "name"), [
    (1.7, None, Mistake.END_OF_BRACKET), (1.735, None, None), (1.7, 2.5, Mistake.CUT_OFF), (3.9, None, None),
])  # fmt: skip
def test_one_column_that_stands_at_the_end_of_a_bracket(end, again, name):
    """The other one is wrong everywhere, as where it looks at the first."""
    back = onp.stack([onp.clip(Z[:, 0], -end, end), Z[:, 1] + onp.sin(Z[:, 0])], axis=1)
    image = onp.stack([back[:, 0] * (again / end if again else 1.2345), Z[:, 1]], axis=1)
    assert wrong_bracket._stands_at_an_end(SimpleNamespace(z=Z, back=back, again=image)) is name


def test_a_norm_for_its_square_is_looked_for_in_what_a_run_computes(tmp_path):
    text = "import numpy as np\ndef f(w):\n    k = w / np.sqrt(w @ w)\n    return w[len(w) - 1] / k[0]\n"
    module, found = module_of(text, tmp_path, "norms"), []
    reached = Reached(lambda: module.f(onp.ones(2)))
    for _, place, edit in unfolded(live_statements(reached), reached):
        with edit.done():
            found.append(source(place.statement))
    assert "k = w / (w @ w)" in found
    assert not any("w[len(w) - 1] **" in text or "w[(" in text for text in found)


@pytest.mark.parametrize(("of_inverse", "name"), [(1, Mistake.SIGN_IN_BOTH), (-1, Mistake.SIGN)])
def test_a_wrong_sign_is_seen_in_float32(of_inverse, name):
    def times(k, log_det):
        return lambda a: (a * onp.float32(k), onp.full(len(a), log_det * onp.log(3.0), onp.float32))

    subject = of_pair(times(3, -1), times(1 / 3, of_inverse), 1, dtype="float32")
    trial = Trial(subject, onp.linspace(-2, 2, 12, dtype="float32")[:, None])
    case = SimpleNamespace(trial=trial, finding=SimpleNamespace(symptom=None, error=1.0))
    assert wrong_directions.name_log_det_of(case, [case]).mistake is name


def test_what_coarse_differences_do_not_show_has_no_name():
    def off(a):
        return a, onp.full(len(a), 0.37, onp.float32)

    trial = Trial(of_pair(off, off, 1, dtype="float32"), onp.linspace(-2, 2, 12, dtype="float32")[:, None])
    case = SimpleNamespace(trial=trial, finding=SimpleNamespace(symptom=None, error=1.0))
    assert wrong_directions.name_log_det_of(case, [case]).mistake is Mistake.LOG_DET_FORMULA


@pytest.mark.parametrize(("text", "part", "made"), [
    ("y = g - np.log(v).sum()", "np.log(v).sum()", True), ("y = g - np.log(v).sum()", "np.log(v)", False),
    ("y = np.sum(np.log(v))", "np.log(v)", False), ("y = np.sum(np.log(v))", "np.sum(np.log(v))", True),
    ("y = np.log(v).mean()", "np.log(v).mean()", False), ("y = np.exp(v)", "np.exp(v)", False),
])  # fmt: skip
def test_half_of_a_logarithm(text, part, made):
    assert [source(new) for new in of_squares(place_in(text, part), OWN)] == [f"0.5 * {part}"] * made
