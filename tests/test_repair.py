"""The search for the one change that mends a law: what it finds, what it leaves alone, and what it leaves behind."""

import ast
import os
import sys
from itertools import chain, islice
from textwrap import dedent

import numpy as onp
import pytest
from edited_code import COUPLING, LOOPS, module_of, trial_of
from share import few

import nfscratch as nf
from nfscratch.check.diagnosis import one_change
from nfscratch.check.repair import child
from nfscratch.check.repair.candidates import candidates
from nfscratch.check.repair.child import answered_by_child
from nfscratch.check.repair.live_code import Reached, TooLong, live_statements, within
from nfscratch.check.repair.rounds import ROUNDS
from nfscratch.check.repair.search import Search

PLANTED = {  # of COUPLING and LOOPS: what is right, what stands there instead, what the search has to say
    "a sign in an exponent": (COUPLING, "moved * np.exp(-s)", "moved * np.exp(s)", "np.exp("),
    "a sign before a term": (COUPLING, "moved = moved - t", "moved = moved + t", "moved - t"),
    "a mean for a sum": (COUPLING, "order], s.sum(axis=1)", "order], s.mean(axis=1)", "s.sum(axis=1)"),
    "the wrong axis": (COUPLING, "log_det = -s.sum(axis=1)", "log_det = -s.sum(axis=0)", "s.sum(axis=1)"),
    "one variable for another": (COUPLING, "log_det = -s.sum", "log_det = -t.sum", "s.sum"),
    "halves the wrong way round": (COUPLING, "[kept, moved], axis=1), log_det", "[moved, kept], axis=1), log_det",
                                   "[kept, moved]"),
    "two lines exchanged": (COUPLING, "moved = moved - t\n            moved = moved * np.exp(-s)",
                            "moved = moved * np.exp(-s)\n            moved = moved - t", "after"),
    "a permutation not undone": (COUPLING, "x[:, back]", "x[:, order]", "argsort(order)"),
    "a sum over the batch": (COUPLING, "log_det = -s.sum(axis=1)", "log_det = -s.sum()", "axis=1"),
    "a kept axis": (COUPLING, "log_det = -s.sum(axis=1)", "log_det = -s.sum(axis=1, keepdims=True)", "s.sum(axis=1"),
    "+= that became =": (LOOPS, "log_det += np.log(slope)", "log_det = np.log(slope)", "log_det + np"),
    "a loop in the wrong order": (LOOPS, "in reversed(LAYERS)", "in LAYERS", "reversed"),
    "a matrix for its transpose": (LOOPS, "x @ turn - shift", "x @ turn.T - shift", "x @ turn -"),
    "a slope of another function": (LOOPS, "0.5 * (1 - np.tanh(z) ** 2)", "0.5 * (1 - np.tanh(z))", "np.tanh(z) ** 2"),
    "a comparison": (LOOPS, "np.tanh(middle) < y", "np.tanh(middle) > y", "np.tanh(middle) < y"),
    "too few turns": (LOOPS, "range(60)", "range(6)", "range"),
    "a missing logarithm": (LOOPS, "np.log(slope).sum(axis=1)", "slope.sum(axis=1)", "np.log"),
    "a missing term": (LOOPS, "(x @ turn - shift) *", "(x @ turn) *", "- shift"),
    "a missing factor": (LOOPS, "slope = 1 + 0.5 * (1", "slope = 1 + (1", "/ 2"),
    "brackets": (LOOPS, "(x @ turn - shift) * np.exp(-log_scale)", "x @ turn - shift * np.exp(-log_scale)", "* np.exp"),
}  # fmt: skip


LONG = {
    "a sign before a term", "a kept axis", "a mean for a sum", "a missing term", "a missing factor",
    "a slope of another function", "a missing logarithm", "a matrix for its transpose", "a permutation not undone",
    "a loop in the wrong order", "a comparison", "one variable for another", "a sum over the batch", "the wrong axis",
    "brackets",
}  # fmt: skip


@pytest.mark.parametrize("name", few(PLANTED, [name for name in PLANTED if name not in LONG]))
def test_a_planted_change_is_found_and_nothing_is_left_changed(name, tmp_path):
    text, right, wrong, said = PLANTED[name]
    assert text.count(right) >= 1
    module = module_of(text.replace(right, wrong, 1), tmp_path, "planted")
    trial = trial_of(module)
    before, codes = module.forward(trial.z), (module.forward.__code__, module.inverse.__code__)
    search, traced = Search(trial), sys.gettrace()
    repair = search.repair()
    print(repair.where, repair.change, repair.laws, search.left)
    assert said in repair.change
    assert repair.laws and set(repair.laws) <= search.failed
    assert (module.forward.__code__, module.inverse.__code__) == codes
    assert all(onp.array_equal(a, b) for a, b in zip(before, module.forward(trial.z), strict=True))
    assert sys.gettrace() is traced


@pytest.mark.parametrize("text", [COUPLING, LOOPS])
def test_what_is_right_is_not_repaired(text, tmp_path):
    search = Search(trial_of(module_of(text, tmp_path, "right")))
    assert search.failed == set() and search.repair() is None


def test_the_report_says_the_line_and_the_change(tmp_path):
    wrong = LOOPS.replace("0.5 * (1 - np.tanh(z) ** 2)", "0.5 * (1 - np.tanh(z))")
    module = module_of(wrong, tmp_path, "slope_forgotten")
    failure = nf.check.audit((module.forward, module.inverse), dims=(4,), show=False, letters="SRXJ", draws=1).failures[
        0
    ]
    line = next(k for k, text in enumerate(dedent(wrong).split("\n"), 1) if "slope = " in text)
    assert f"ine {line} of slope_forgotten.py" in failure.message
    assert "np.tanh(z) ** 2" in failure.message


@pytest.mark.exhaustive
def test_a_direction_that_is_made_trivial_is_no_repair(tmp_path):
    """With s = 0 in the net both directions agree: that mends nothing."""
    wrong = COUPLING.replace("moved * np.exp(-s)", "moved * np.exp(-2.75 * s ** 3)")
    repair = Search(trial_of(module_of(wrong, tmp_path, "trivial"))).repair()
    assert repair is None or repair.keeps_x


EDITS = {"few of a coupling": (COUPLING, 80), "many of a coupling": (COUPLING, 300), "many of loops": (LOOPS, 300)}


@pytest.mark.parametrize("edits", few(EDITS, ["few of a coupling"]))
def test_every_edit_changes_the_tree_and_leaves_it_as_it_was(edits, tmp_path):
    text, most = EDITS[edits]
    module = module_of(text, tmp_path, "edited")
    reached = Reached(lambda: module.inverse(module.forward(onp.ones((2, 4)))[0]))
    statements, seen = live_statements(reached), set()
    before = {id(s): ast.dump(s.tree) for s in statements}
    rounds = (islice(candidates(statements, reached, kinds), most) for kinds in range(len(ROUNDS)))
    for statement, place, edit in chain.from_iterable(rounds):
        with edit.done():
            seen.add(ast.dump(statement.tree) != before[id(statement)])
            assert place.after(edit)
        assert ast.dump(statement.tree) == before[id(statement)]
    assert True in seen


def test_a_name_is_either_general_or_inferred():
    assert not one_change.GENERAL & one_change.INFERRED


def test_an_endless_loop_ends():
    def endless():
        k = 1
        while k:
            k += 1

    with pytest.raises(TooLong):
        within(endless, 500)
    assert within(lambda: 3, 500)[0] == 3


def test_a_file_that_has_changed_since_its_import_is_left_alone(tmp_path):
    module = module_of(COUPLING, tmp_path, "stale")
    reached = Reached(lambda: module.forward(onp.ones((2, 4))))
    assert live_statements(reached)
    path = tmp_path / "stale.py"
    path.write_text(path.read_text().replace("moved * np.exp(s) + t", "moved * np.exp(s) - t"))
    import linecache

    linecache.checkcache()
    functions = [f.__name__ for s in live_statements(reached) for _, f in s.functions]
    assert "forward" not in functions and "halves" in functions


def test_functions_without_source_have_no_repair():
    names = {}
    exec("def forward(z): return 2 * z, z.sum(axis=1)\ndef inverse(x): return x / 2, -x.sum(axis=1)", names)
    report = nf.check.audit((names["forward"], names["inverse"]), dims=(2,), show=False)
    assert not report.ok and "one change" not in report.failures[0].message


@pytest.mark.parametrize("line", ["open(PATH, 'a').write('.')", "np.save(PATH, z)", "os.remove(PATH)"])
def test_code_that_touches_files_is_never_changed(line, tmp_path):
    path = str(tmp_path / "log")
    written = f"    import os\n\n    PATH = {path!r}\n\n\n    def note(z):\n        if z is None:\n            {line}\n"
    text = written + LOOPS.replace("0.5 * (1 - np.tanh(z) ** 2)", "0.5 * (1 - np.tanh(z))")
    text = text.replace("    def forward(z):\n", "    def forward(z):\n        note(z)\n")
    search = Search(trial_of(module_of(text, tmp_path, "writer")))
    assert search.failed and search.statements == [] and search.repair() is None


@pytest.mark.exhaustive
def test_a_failed_audit_prints_and_changes_nothing(tmp_path, capfd):
    text = COUPLING.replace("moved * np.exp(-s)", "moved * np.exp(s)")
    text = text.replace(
        "        def inverse(x):\n", "        def inverse(x):\n            w = shared.copy()\n            w *= 2\n"
    )
    text = text.replace("    def halves", "    shared = np.ones(3)\n\n\n    def halves")
    module = module_of(
        text.replace("            s, t = net", "            COUNT[0] += 1\n            s, t = net").replace(
            "    SCALE", "    COUNT = [0]\n    SCALE"
        ),
        tmp_path,
        "shared",
    )
    assert Search(trial_of(module)).failed
    capfd.readouterr()
    failure = nf.check.audit((module.forward, module.inverse), dims=(4,), letters="SPIRXJ", show=False).failures[0]
    assert "np.exp(s)" in failure.message
    assert module.shared.tolist() == [1.0, 1.0, 1.0] and isinstance(module.COUNT[0], int)
    assert capfd.readouterr() == ("", "")


@pytest.mark.exhaustive
def test_a_change_holds_in_every_dimension_or_is_not_said(tmp_path):
    text = """
        import numpy as np

        C = 0.3


        def forward(z):
            return z * np.exp(C), np.full(len(z), 5 * C)


        def inverse(x):
            return x * np.exp(-C), np.full(len(x), -x.shape[1] * C)
    """
    module = module_of(text, tmp_path, "five")
    message = nf.check.audit((module.forward, module.inverse), dims=(1, 2, 5, 6), show=False).failures[0].message
    assert "6 * C" not in message and "1 * C" not in message


@pytest.mark.exhaustive
def test_a_map_that_is_switched_off_is_no_repair(tmp_path):
    wrong = LOOPS.replace("z = z + 0.5 * np.tanh(z)", "z = z + 0.5 * np.tanh(z) * np.cos(z)")
    repair = Search(trial_of(module_of(wrong, tmp_path, "off"))).repair()
    assert repair is None or repair.keeps_x or "0.0" not in repair.after


def test_lambdas_on_one_line_are_told_apart(tmp_path):
    text = """
        import numpy as np

        f, g = (lambda a: a * 2.0), (lambda a: a * 3.0)


        def forward(z):
            return f(g(z)), np.full(len(z), z.shape[1] * np.log(6.0))


        def inverse(x):
            return x / 6.0, np.full(len(x), -x.shape[1] * np.log(6.0))
    """
    module = module_of(text, tmp_path, "lambdas")
    for statement in live_statements(Reached(lambda: module.forward(onp.ones((2, 3))))):
        with statement.edited():
            assert (module.f(1.0), module.g(1.0)) == (2.0, 3.0)


def test_a_system_without_room_for_a_child_has_no_answer(monkeypatch):
    def fork():
        raise BlockingIOError("no room")

    monkeypatch.setattr(child.os, "fork", fork)
    assert child.answered_by_child(lambda: 1) is None


def test_a_child_that_ends_in_any_way_has_no_answer(monkeypatch):
    monkeypatch.setattr(child, "SECONDS", 0)

    def forever():
        while True:
            pass

    ends = [lambda: sys.exit(3), lambda: 1 / 0, lambda: bytearray(10**11), lambda: os.kill(os.getpid(), 9), forever]
    assert [answered_by_child(end) for end in ends] == [None] * 5
    assert answered_by_child(lambda: {"x": 1}) == {"x": 1}


def test_a_child_writes_no_file(tmp_path):
    def write():
        with open(tmp_path / "file", "w") as file:
            file.write("text")

    answered_by_child(write)
    assert not (tmp_path / "file").exists() or (tmp_path / "file").read_text() == ""


@pytest.mark.exhaustive
def test_a_line_that_the_run_did_not_meet_stays_unmet(tmp_path):
    text = LOOPS.replace("0.5 * (1 - np.tanh(z) ** 2)", "0.5 * (1 - np.tanh(z))")
    text = text.replace(
        "        log_det = np.zeros(len(z))\n",
        "        log_det = np.zeros(len(z))\n        if not np.isfinite(z).all():\n            MET.append(1)\n",
    )
    text = text.replace("    def softplus", "    MET = []\n\n\n    def softplus")
    module = module_of(text, tmp_path, "unmet")
    Search(trial_of(module)).repair()
    assert module.MET == []


ROOM = """
import numpy as np
C, H, W = 2, 2, 2
def forward(z):
    return np.exp(0.5) * z, np.full(len(z), 0.5 * C * H * W)
def inverse(x):
    return x * np.exp(-0.5), np.full(len(x), -0.5 * H * W)
"""


@pytest.mark.exhaustive
def test_changes_that_do_the_same_stand_beside_the_one_that_is_said(tmp_path):
    """Of three equal numbers one is too many: which one, no number says."""
    module = module_of(ROOM, tmp_path, "room")
    repair = Search(trial_of(module, dim=4)).repair()
    said = {repair.after, *(other.after for other in repair.others)}
    assert len(said) == 3 and sum("C * H * W" not in text for text in said) >= 2
    report = nf.check.audit((module.forward, module.inverse), dims=(4,), show=False)
    assert "So they do with another change alone, among others: line 5 of room.py" in str(report)


def test_what_stands_within_a_function_is_not_called_for_the_first_time_by_an_edit(tmp_path):
    """Here `>` in place of `<` would delete the file, in a function that the unchanged run never called."""
    precious = tmp_path / "precious"
    precious.write_text("x")
    nested = f"""
        import numpy as np
        def forward(z):
            def reset():
                import os
                os.remove({str(precious)!r})
            if z.shape[1] < 1:
                reset()
            return z[:, :2] * np.ones(3), np.zeros(len(z))
        def inverse(x):
            return x, np.zeros(len(x))
    """
    handler = f"""
        import numpy as np, os
        def tidy():
            os.remove({str(precious)!r})
        def forward(z):
            try:
                if z.shape[1] < 1:
                    z = np.zeros((1, 1))
                return 2 * z, np.full(len(z), z.shape[1] * np.log(3.0))
            except BaseException:
                tidy()
                raise
        def inverse(x):
            return x / 2, np.full(len(x), -x.shape[1] * np.log(2.0))
    """
    for name, text in (("nested", nested), ("handler", handler)):
        module = module_of(text, tmp_path, name)
        assert nf.check.audit((module.forward, module.inverse), dims=(4,), show=False).failures
        assert precious.exists(), name


@pytest.mark.exhaustive
def test_an_edit_that_cannot_be_made_costs_no_repair(tmp_path):
    """A like call has fewer arguments; a list holds infinity."""
    text = """
        import numpy as np
        EDGES = [-np.inf, 0.0, np.inf]
        W = np.array([[0.7, -0.3], [0.2, 0.9]])
        def net(a):
            return 2 * np.tanh(a @ W) + 0 * len(EDGES)
        def forward(z):
            a, b = z[:, :2], z[:, 2:]
            s = np.clip(net(a), -0.5, 0.5)
            return np.concatenate([a, b * np.exp(s)], axis=1), s.sum(axis=1)
        def inverse(x):
            a, b = x[:, :2], x[:, 2:]
            s = net(a)
            return np.concatenate([a, b * np.exp(-s)], axis=1), -s.sum(axis=1)
    """
    assert "np.clip(net(a), -0.5, 0.5)" in Search(trial_of(module_of(text, tmp_path, "clipped"))).repair().change
