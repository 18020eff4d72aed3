"""The command that plants mistakes in the package: what it changes, which tests it runs, how it judges and counts."""

import ast
import importlib.util
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

pytest.importorskip("benchmarks.mutation.run", reason="benchmarks/ is not part of an installed package")

from benchmarks.mutation import choice, explained, judge, nursery, results, run, score
from benchmarks.mutation.changes import Change
from benchmarks.mutation.in_memory import NotInMemory, functions_by_file, plant
from benchmarks.mutation.mutants import compiles, mutants
from benchmarks.mutation.on_disk import Copy, of_exit_code
from benchmarks.mutation.outcome import Outcome
from benchmarks.mutation.record import Family, Suite, files_of_tests, recorded
from benchmarks.mutation.recorder import family
from benchmarks.mutation.speaking import speaks_of_check

ROOT = Path(__file__).resolve().parents[1]


# --- what is changed ---


@pytest.mark.parametrize(
    ("source", "changed"),
    [
        ("y = a + b", {"y = (a - b)"}),
        ("y = (a * b)", {"y = ((a / b))"}),
        ("y = a @ b", {"y = (b @ a)"}),
        ("y = a <= b", {"y = (a < b)"}),
        ("y = a not in b", {"y = (a in b)"}),
        ("y = a and b", {"y = (a or b)"}),
        ("y = -a", {"y = (a)"}),
        ("y = not a", {"y = (a)"}),
        ("y = 3", {"y = 4"}),
        ("y = 0.5", {"y = 1.0"}),
        ("y = 0.0", {"y = 1.0"}),
        ("y = True", {"y = False"}),
        ("y = a if b else c", {"y = a if (not b) else c"}),
        ("y = a if b == c else d", {"y = a if (b != c) else d"}),
        ("y = f(a, b, c)", {"y = (f(b, a, c))"}),
        ("y = f(*a, b)", set()),
        ("y = np.maximum(a, b)", set()),
        ("y = f(None, None, a)", set()),
        ("y = max(a, b) - min(c, d)", {"y = (max(a, b) + min(c, d))"}),
        ("y = max(a, b, key=f)", {"y = (max(b, a, key=f))", "y = (max(a, b))"}),
        ("y = np.maximum(a, b, out=c)", {"y = (np.maximum(a, b))"}),
        ("y = same(a, b) or near(c, d, e)", {"y = (same(a, b) and near(c, d, e))"}),
        ("y = a.reshape(-1, b)", {"y = a.reshape((1), b)", "y = (a.reshape(b, -1))"}),
        ("y = a.reshape((b, -1))", {"y = a.reshape((b, (1)))"}),
        ("y = a.reshape(1, b)", {"y = a.reshape(2, b)", "y = (a.reshape(b, 1))"}),
        ("y = a.sum(-1)", {"y = a.sum((1))", "y = a.sum(-2)"}),
        ("y = f(a, b=c)", {"y = (f(a))"}),
        ("y += a", {"y -= a", "pass"}),
        ("f(a)", {"pass"}),
        ("y[a] = b", {"pass"}),
        ("y = f(y)", {"pass"}),
        ("y = f(z)", set()),
        ("raise a", {"pass"}),
        ("def f(a: 3) -> 4: 'words'", set()),
        ("y = f'{a + b}'", set()),
    ],
)
def test_a_source_has_these_mutants_and_no_others(source, changed):
    assert {m.source(source) for m in mutants("f.py", source)} == changed


def test_a_condition_is_negated_and_its_lines_stay():
    source = "while a:\n    if b:\n        c = [d for d in e if d]\n"
    found = [m for m in mutants("f.py", source) if m.change is Change.NEGATED]
    assert [m.line for m in found] == [1, 2, 3]
    assert found[1].source(source) == source.replace("if b:", "if (not b):")
    assert "-    if b:\n+    if (not b):" in found[1].difference(source)


def test_a_mutant_is_another_program_also_behind_letters_of_two_bytes_and_across_lines():
    source = 'y = "±ε", (a *\n  b) + c ** 2, x[1:] if i == 0 else -1\n'
    found = [m.source(source) for m in mutants("f.py", source)]
    assert len(found) > 6 and all(map(compiles, found))
    assert all(ast.dump(ast.parse(mutant)) != ast.dump(ast.parse(source)) for mutant in found)
    assert all('"±ε"' in mutant for mutant in found)


def test_a_mutant_that_does_not_compile_is_told():
    assert compiles("for a in b:\n    break")
    assert not compiles("def f(a, a): pass")


def test_a_mutant_knows_its_function_as_python_names_it():
    source = "class A:\n    def f(self):\n        def g():\n            return a + b\n        return g\n"
    (mutant,) = mutants("f.py", source)
    assert mutant.within == "A.f.<locals>.g"


def test_a_default_and_a_decorator_stand_where_the_definition_does():
    source = "class A:\n    @d(1)\n    def f(self, b=2):\n        return 3\n"
    assert {m.minus: m.within for m in mutants("f.py", source)} == {
        "@d(1)": "A", "def f(self, b=2):": "A", "return 3": "A.f"
    }  # fmt: skip


# --- in memory ---


SOURCE = "K = 1\n\ndef f(x, y=2):\n    return x + y\n\ndef outer(a):\n    return lambda b: a * b\n\nkept = outer(3)\n"


@pytest.fixture
def module(tmp_path):
    path = tmp_path / "a_module.py"
    path.write_text(SOURCE)
    spec = importlib.util.spec_from_file_location("a_module", path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def planted(module, a, b):
    plant(module.__file__, SOURCE, SOURCE.replace(a, b), functions_by_file()[module.__file__])


def test_a_function_gets_the_code_of_the_mutant(module):
    planted(module, "x + y", "x - y")
    assert module.f(5) == 3


def test_a_function_that_was_made_before_gets_it_too(module):
    planted(module, "a * b", "a + b")
    assert module.kept(4) == 7 and module.outer(1)(1) == 2


def test_what_an_import_does_and_other_variables_are_not_changed_in_memory(module):
    functions = functions_by_file()[module.__file__]
    for a, b in (("K = 1", "K = 2"), ("y=2", "y=3"), ("outer(3)", "outer(4)"), ("lambda b: a * b", "a")):
        with pytest.raises(NotInMemory):
            plant(module.__file__, SOURCE, SOURCE.replace(a, b), functions)


# --- which tests ---


def test_a_family_of_tests_differs_in_the_last_of_several_parameters():
    assert family("tests/a.py::t[case-law one]") == family("tests/a.py::t[case-law two]") == "tests/a.py::t[case"
    assert family("tests/a.py::t[1]") == "tests/a.py::t[1]" and family("tests/a.py::t") == "tests/a.py::t"


def one_mutant(file="nfscratch/ops/roots.py", within="monotone_root"):
    return replace(mutants(file, "y = a + b")[0], within=within)


def families(**functions):
    """The tests name[0] to name[2] run the function."""
    return choice.by_function(
        Family(
            [f"tests/test_params.py::{name}[{i}]" for i in range(3)],
            1.0,
            frozenset({f"nfscratch/ops/roots.py:{function}"}),
        )
        for name, function in functions.items()
    )


def test_the_tests_are_those_that_run_the_function_or_one_inside_of_it():
    known = families(a="monotone_root", b="monotone_root.<locals>.<lambda>", c="monotone_rooted", d="other")
    chosen = choice.chosen(one_mutant(), known, ROOT, 100)
    assert {test[-4] for test in chosen.tests} == {"a", "b"} and len(chosen.tests) == 6 and chosen.left_out == 0


def test_a_line_outside_of_functions_has_the_tests_of_its_file():
    known = families(a="monotone_root", d="other")
    assert len(choice.chosen(one_mutant(within=""), known, ROOT, 100).tests) == 6
    assert choice.chosen(one_mutant(file="nfscratch/ops/strips.py"), known, ROOT, 100).tests == []


def test_what_an_import_does_is_asked_of_all_tests_that_speak_of_the_module():
    """test_params.py imports trees.py and runs none of its functions."""
    known = families(a="monotone_root")
    assert len(choice.chosen(one_mutant("nfscratch/trees.py", ""), known, ROOT, 100).tests) == 3
    known = choice.by_function([Family(["tests/test_params.py::a"], 1.0, frozenset())])  # it reads a constant alone
    assert len(choice.chosen(one_mutant("nfscratch/trees.py", ""), known, ROOT, 100).tests) == 1
    assert choice.chosen(one_mutant("nfscratch/trees.py", "leaves"), families(a="x") | known, ROOT, 100).left_out == 0


def test_what_an_import_does_is_asked_of_tests_that_look_at_the_constants_of_all_modules():
    table = Family(["tests/test_chosen_numbers.py::a"], 1.0, frozenset())
    runs = Family(["tests/test_chosen_numbers.py::b"], 1.0, frozenset({"nfscratch/ops/roots.py:_search"}))
    known = choice.by_function([table, runs])
    assert choice.chosen(one_mutant("nfscratch/trees.py", ""), known, ROOT, 100).tests == table.tests


def test_what_an_import_does_is_asked_first_of_the_tests_that_run_little_else():
    many = Family(["tests/test_params.py::many"], 1.0, frozenset({"a.py:f", "a.py:g"}))
    few = Family(["tests/test_params.py::few"], 2.0, frozenset({"a.py:f"}))
    known = choice.by_function([many, few])
    assert choice.chosen(one_mutant("nfscratch/trees.py", ""), known, ROOT, 2.5).tests == ["tests/test_params.py::few"]


def test_a_short_time_goes_to_one_test_of_each_family():
    chosen = choice.chosen(one_mutant(), families(a="monotone_root", b="monotone_root"), ROOT, 2.5)
    assert [test[-4:] for test in chosen.tests] == ["a[0]", "b[0]"]
    assert chosen.seconds == 2.0 and chosen.left_out == 4


def test_a_file_that_speaks_of_the_module_comes_first():
    assert choice.speaks_of(ROOT, "tests/test_domains.py", "nfscratch/check/domains.py")
    assert choice.speaks_of(ROOT, "tests/test_fixed_transformers.py", "nfscratch/transformers/fixed.py")
    assert choice.speaks_of(ROOT, "tests/test_deciding_functions.py", "nfscratch/check/diagnosis/wrong_spline.py")
    assert choice.speaks_of(
        ROOT, "tests/test_frozen_classes.py", "nfscratch/bijections/chain.py"
    )  # it imports them all
    assert not choice.speaks_of(ROOT, "tests/test_domains.py", "nfscratch/ops/spline_bins.py")


def test_files_of_tests_of_other_rooms_are_not_recorded():
    names = files_of_tests(ROOT)
    assert "tests/test_laws.py" in names and "tests/test_chapters.py" not in names


def test_the_checkers_are_asked_of_the_tests_that_speak_of_them_or_whose_support_does():
    speaks = {name for name in files_of_tests(ROOT) if speaks_of_check(ROOT / name)}
    assert {"tests/test_audit.py", "tests/test_strangers.py", "tests/test_names.py"} < speaks
    assert "tests/test_ode.py" not in speaks and "tests/test_masked.py" not in speaks


def test_exhaustive_tests_are_asked_about_what_the_default_ones_let_live():
    sample = [one_mutant(within=str(k)) for k in range(4)]
    outcomes = [
        (Outcome.KILLED, Suite.DEFAULT), (Outcome.SURVIVED, Suite.DEFAULT), (Outcome.SURVIVED, Suite.EXHAUSTIVE)
    ]  # fmt: skip
    pairs = zip(sample[:3], outcomes, strict=True)
    done = {m.key: replace(a_result(outcome, suite=suite), within=m.within) for m, (outcome, suite) in pairs}
    assert run.due_for(Suite.DEFAULT, sample, done, again=False) == sample[3:]
    assert run.due_for(Suite.DEFAULT, sample, done, again=True) == sample[1:]
    assert run.due_for(Suite.EXHAUSTIVE, sample[:3], done, again=False) == sample[1:2]


def test_what_no_exhaustive_test_runs_keeps_its_outcome():
    first, none = a_result(Outcome.SURVIVED), replace(a_result(Outcome.NO_TEST, suite=Suite.EXHAUSTIVE), tests=0)
    both = results.after(first, none)
    assert both.outcome is Outcome.SURVIVED and both.suite is Suite.EXHAUSTIVE and both.tests == 2
    late = results.after(first, a_result(Outcome.KILLED, suite=Suite.EXHAUSTIVE))
    assert late.outcome is Outcome.KILLED and late.tests == 4 and late.seconds == 3.0


# --- the verdict ---


@pytest.mark.parametrize(
    ("code", "failed", "outcome"),
    [
        (0, [], Outcome.SURVIVED),
        (1, ["t"], Outcome.KILLED),
        (2, ["tests/a.py (it cannot be collected)"], Outcome.KILLED),
        (2, [], Outcome.ERROR),
        (3, [], Outcome.ERROR),
        (4, [], Outcome.ERROR),
        (5, [], Outcome.ERROR),
    ],
)
def test_exit_codes_that_are_no_failure_of_a_test_are_errors_of_the_tool(code, failed, outcome):
    assert of_exit_code(code, failed) is outcome


def test_a_package_of_which_pytest_cannot_load_the_plugin_is_not_imported(tmp_path):
    package = tmp_path / "tree" / "nfscratch"
    (package / "check").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "check" / "__init__.py").write_text("1 / 0")
    assert Copy(ROOT, tmp_path).verdict([], 1.0) == (Outcome.NOT_IMPORTED, [])


# --- the sample, the results, the score ---


def test_a_sample_follows_from_its_seed_and_grows():
    five = run.drawn(["nfscratch/ops/roots.py"], ROOT, 5, 3)
    assert (
        five
        == run.drawn(["nfscratch/ops/roots.py"], ROOT, 9, 3)[:5]
        != run.drawn(["nfscratch/ops/roots.py"], ROOT, 5, 4)
    )


def test_a_name_is_a_file_a_folder_or_a_room():
    assert run.files(["nfscratch/ops/roots.py"], ROOT) == ["nfscratch/ops/roots.py"]
    assert set(run.files(["nfscratch/ops"], ROOT)) < set(run.files(["library"], ROOT))
    assert all(name.startswith("nfscratch/check/") for name in run.files(["checkers"], ROOT))
    with pytest.raises(SystemExit, match=r"a name must be a file, a folder or one of library, checkers; got 'no'"):
        run.files(["no"], ROOT)


def a_result(outcome, file="nfscratch/ops/roots.py", plus="a - b", suite=Suite.DEFAULT):
    return results.Result(file, 3, "f", "sign", "a + b, c", plus, outcome, "tests/a.py::t", 2, 0, 1.5, suite)


def test_results_come_back_from_the_table_and_a_line_that_was_cut_off_does_not(tmp_path):
    path = tmp_path / "results.csv"
    some = [a_result(Outcome.KILLED), a_result(Outcome.NO_TEST, plus='"x",\n y')]
    results.write(path, some)
    assert list(results.read(path).values()) == some
    path.write_text(path.read_text() + "nfscratch/ops/roots.py,3,f")
    assert list(results.read(path).values()) == some
    assert results.read(tmp_path / "none.csv") == {}


KEY = {"file": "nfscratch/ops/roots.py", "within": "f", "minus": "a + b, c", "plus": "a - b", "why": "b is 0"}


def test_timeouts_count_as_killed_and_are_shown_apart_equivalent_ones_and_failed_imports_do_not_count():
    outcomes = [Outcome.KILLED] * 3 + [Outcome.TIMED_OUT, Outcome.NOT_IMPORTED, Outcome.NO_TEST, Outcome.SURVIVED]
    some = [a_result(outcome, plus=str(i)) for i, outcome in enumerate(outcomes)]
    assert score.score(some, {}) == score.Score(3, 1, 2, 0, 1)
    assert score.score(some, {}).share == 4 / 6
    known = {some[-1].key: explained.Explained(**KEY, kind=explained.Kind.EQUIVALENT)}
    assert score.score(some, known) == score.Score(3, 1, 1, 1, 1)
    accepted = {some[-1].key: explained.Explained(**KEY, kind=explained.Kind.ACCEPTED)}
    assert score.score(some, accepted) == score.Score(3, 1, 2, 0, 1)
    assert str(score.score(some, {})).startswith("4 of 6 killed (66.7%), 1 of them by the limit of time; not counted")


def test_the_report_says_what_the_default_tests_see_by_themselves():
    late = a_result(Outcome.KILLED, plus="late", suite=Suite.EXHAUSTIVE)
    some = [a_result(Outcome.KILLED), a_result(Outcome.SURVIVED, plus="alive", suite=Suite.EXHAUSTIVE), late]
    assert "2 of 3 killed (66.7%)" in str(score.score(some, {}))
    assert "1 by the default tests (33.3%), 1 by exhaustive ones" in str(score.score(some, {}))


def test_the_report_has_each_folder_each_room_and_every_survivor_with_its_reason():
    alive = a_result(Outcome.SURVIVED, file="nfscratch/check/domains.py")
    some = [a_result(Outcome.KILLED), alive]
    lines = score.table(some, {}).splitlines()
    assert [line.split()[:3] for line in lines] == [
        ["check", "0", "of"], ["ops", "1", "of"], ["library", "1", "of"], ["checkers", "0", "of"]
    ]  # fmt: skip
    assert "- a + b, c\n+ a - b\n  NOT EXPLAINED" in score.survivors(some, {})
    known = {alive.key: explained.Explained(**KEY, kind=explained.Kind.ACCEPTED)}
    assert "accepted: b is 0" in score.survivors(some, known)


# --- explained survivors ---


def entry(**changed):
    return explained.Explained(**KEY | {"kind": explained.Kind.EQUIVALENT} | changed)


def test_an_entry_must_be_a_mutant_of_its_file_that_no_test_kills(tmp_path):
    path = tmp_path / "nfscratch" / "ops" / "roots.py"
    path.parent.mkdir(parents=True)
    path.write_text("def f(a, b, c):\n    return a + b, c\n")
    good = entry(minus="return a + b, c", plus="return (a - b), c")
    explained.check({good.key: good}, {}, tmp_path)
    with pytest.raises(explained.WrongExplanation, match="f: no mutant makes 'a - b' of 'a \\+ b, c' any more"):
        explained.check({entry().key: entry()}, {}, tmp_path)
    killed = replace(a_result(Outcome.KILLED), minus=good.minus, plus=good.plus)
    with pytest.raises(explained.WrongExplanation, match=r"tests/a.py::t kills 'return \(a - b\), c'"):
        explained.check({good.key: good}, {good.key: killed}, tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        '[[survivor]]\nfile = "a"',
        "\n".join(f'{k} = "{v}"' for k, v in (KEY | {"kind": "equivalent", "why": " "}).items()),
    ],
)
def test_an_entry_must_be_whole_and_have_a_reason(tmp_path, text):
    path = tmp_path / "survivors.toml"
    path.write_text(text if text.startswith("[[") else "[[survivor]]\n" + text)
    with pytest.raises(explained.WrongExplanation, match="an entry must have file, kind, minus, plus, why, within"):
        explained.read(path)


def test_every_entry_of_the_list_applies():
    explained.check(explained.read(ROOT / run.EXPLAINED), {}, ROOT)


# --- all of it, on a small tree ---

TOY = """LIMIT = 3


def clipped(x, low=0):
    if x < low:
        return low
    return LIMIT if x > LIMIT else x


def countdown(n):
    while n > 0:
        n -= 1
    return n


def unseen(a):
    return a + 1


def pressed(n):
    if n < 0:
        raise KeyboardInterrupt
    return n
"""
TESTS = """import pytest
from nfscratch.ops import toy


def test_clipped():
    assert toy.clipped(5) == 3 and toy.clipped(-1) == 0 and toy.clipped(1) == 1


def test_countdown():
    assert toy.countdown(3) == 0


def test_pressed():
    assert toy.pressed(0) == 0
    with pytest.raises(KeyboardInterrupt):
        toy.pressed(-1)


def test_limit():
    assert toy.LIMIT == 3
"""


@pytest.fixture
def small_tree(tmp_path):
    for name in (
        "ops/__init__",
        "check/pytest_plugin",
        "check/__init__",
        "course/pytest_tasks",
        "course/__init__",
        "__init__",
    ):
        path = tmp_path / "nfscratch" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "nfscratch" / "ops" / "toy.py").write_text(TOY)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_small.py").write_text(TESTS)
    (tmp_path / "pyproject.toml").write_text(SETTINGS)
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks" / "__init__.py").touch()
    (tmp_path / "benchmarks" / "mutation").symlink_to(ROOT / "benchmarks" / "mutation")
    return tmp_path


EQUIVALENT = """[[survivor]]
file = "nfscratch/ops/toy.py"
within = "clipped"
minus = "return LIMIT if x > LIMIT else x"
plus = "return LIMIT if (x >= LIMIT) else x"
kind = "equivalent"
why = "of two equal numbers either is the same"
"""
EXHAUSTIVE = """import pytest
from nfscratch.ops import toy


@pytest.mark.exhaustive
def test_unseen():
    assert toy.unseen(1) == 2
"""
SETTINGS = """[tool.pytest.ini_options]
addopts = "-q -m 'not exhaustive'"
markers = ["exhaustive"]
"""
ONE_MORE = """

def test_unseen():
    assert toy.unseen(1) == 2
"""


def alive(tree):
    return {(r.line, r.plus) for r in results.read(tree / "out" / "results.csv").values() if r.outcome.is_alive}


def test_a_list_with_an_entry_that_explains_nothing_ends_the_command(small_tree, capsys):
    (small_tree / "benchmarks" / "survivors.toml").write_text(EQUIVALENT.replace("if x > LIMIT", "if x > 5"))
    assert run.main(["nfscratch/ops/toy.py", "--out", str(small_tree / "out")], small_tree) == 2
    assert "nfscratch/ops/toy.py, clipped: no mutant makes" in capsys.readouterr().err


class TooLong(BaseException):
    pass


@pytest.mark.parametrize(("error", "outcome", "words"), [
    (TooLong("no"), Outcome.KILLED, "TooLong"), (KeyboardInterrupt(), Outcome.KILLED, "KeyboardInterrupt"),
    (ValueError("no"), Outcome.ERROR, "ValueError: no"),
])  # fmt: skip
def test_what_ends_the_run_of_a_mutant(error, outcome, words):
    """A trace that a mutant leaves behind may raise within pytest's own code, which lets no ValueError through."""

    def run(*given):
        raise error

    child = object.__new__(nursery.Nursery)
    child.failures, child.run = SimpleNamespace(failures=[]), run
    answer = child.judged({"tests": [], "seconds": 5}, None, {}, {})
    assert (answer["outcome"], answer["tests"]) == (outcome, [words])


@pytest.mark.exhaustive
def test_the_command_on_a_module_of_known_mutants(small_tree, capsys, monkeypatch):
    """Interrupted, gone on with, and run again with an entry of the list and one more test."""
    arguments = ["nfscratch/ops/toy.py", "--sample", "99", "--out", str(small_tree / "out")]
    monkeypatch.setattr(judge, "SLACK", 2)
    with monkeypatch.context() as patched:
        patched.setattr(results, "write", interrupted_after(3, results.write))
        assert run.main(arguments, small_tree) == 130
    assert len(results.read(small_tree / "out" / "results.csv")) == 3
    assert run.main(arguments, small_tree) == 1
    found = results.read(small_tree / "out" / "results.csv").values()
    assert {(r.line, r.plus) for r in found if r.outcome is Outcome.TIMED_OUT} == {(12, "pass"), (12, "n += 1")}
    of_unseen = {(17, "return (a - 1)"), (17, "return a + 2")}
    others = {(5, "if (x <= low):"), (7, "return LIMIT if (x >= LIMIT) else x")}
    assert alive(small_tree) == of_unseen | others
    (small_tree / "benchmarks" / "survivors.toml").write_text(EQUIVALENT)
    (small_tree / "tests" / "test_small.py").write_text(TESTS + ONE_MORE)
    capsys.readouterr()
    assert run.main([*arguments, "--again"], small_tree) == 1
    assert alive(small_tree) == others
    said = capsys.readouterr().out
    assert "4 mutants to judge" in said and "2 of them by the limit of time; not counted: 1 equivalent" in said
    assert "equivalent: of two equal numbers either is the same" in said and said.count("NOT EXPLAINED") == 1


AROUND_ALL = """import pytest
from nfscratch.ops import toy


@pytest.fixture(autouse=True)
def around():
    toy.unseen(0)
    yield
    toy.unseen(1)
"""
OF_MODULE = """

@pytest.fixture
def two():
    return toy.clipped(2)


@pytest.fixture(scope="module")
def three():
    return toy.pressed(3)


def test_two(two):
    assert two == 2
"""


@pytest.mark.exhaustive
@pytest.mark.parametrize("of_module", [False, True])
def test_what_runs_around_every_test_is_no_function_of_its_own(small_tree, of_module):
    """A test that reads a constant is known by running nothing: a mutant of a constant is put to it."""
    (small_tree / "tests" / "conftest.py").write_text(AROUND_ALL)
    asks = ", three" * of_module
    (small_tree / "tests" / "test_small.py").write_text(TESTS + OF_MODULE.replace("(two)", f"(two{asks})"))
    (small_tree / "out").mkdir()
    found = recorded(small_tree, small_tree / "out", Suite.DEFAULT, ["nfscratch/ops/toy.py"])
    shared = {"pressed"} if of_module else set()
    of = {f.tests[0].partition("::")[2]: {name.partition(":")[2] for name in f.functions} for f in found}
    assert of == {
        "test_clipped": {"clipped"} | shared, "test_countdown": {"countdown"} | shared, "test_pressed": {"pressed"},
        "test_limit": shared, "test_two": {"clipped"} | shared,
    }  # fmt: skip


@pytest.mark.exhaustive
def test_the_command_asks_exhaustive_tests_too(small_tree, capsys, monkeypatch):
    monkeypatch.setattr(judge, "SLACK", 2)
    (small_tree / "tests" / "test_more.py").write_text(EXHAUSTIVE)
    arguments = ["nfscratch/ops/toy.py", "--sample", "99", "--out", str(small_tree / "out"), "--exhaustive"]
    assert run.main(arguments, small_tree) == 1
    assert alive(small_tree) == {(5, "if (x <= low):"), (7, "return LIMIT if (x >= LIMIT) else x")}
    assert "2 by exhaustive ones" in capsys.readouterr().out


def interrupted_after(count, write):
    """A writer of results whose caller presses Ctrl-C behind the last."""
    calls = []

    def writes(path, some):
        write(path, some)
        calls.append(path)
        if len(calls) == count:
            raise KeyboardInterrupt

    return writes
