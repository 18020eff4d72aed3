"""The museum: every bug is seen by the checks that its table says, and the quiz tells a good check from a bad one."""

from pathlib import Path

import museum_checks
import numpy as np
import pytest
from invoking import invoke

from nfscratch.course.museum import exhibit, quiz, sight
from nfscratch.course.museum.exhibit import Form, bugs, found, works
from nfscratch.course.museum.placard import catalogue, shown
from nfscratch.course.museum.quiz import Verdict, judge, judge_file
from nfscratch.course.museum.said import beginning, ending, rules, told
from nfscratch.course.museum.workshop import compared, layer
from nfscratch.course.sandbox.here import InProcess
from nfscratch.course.sandbox.limits import Limits
from nfscratch.course.sandbox.outside import Child
from nfscratch.course.submission import Submission

SOLUTIONS = Path(museum_checks.__file__)
SHARE = [name for name, (work, _) in bugs().items() if work.kind is Form.FUNCTION]
AUDITED = [name for name in bugs() if name not in SHARE]
IN_FULL = [pytest.param(name, marks=pytest.mark.exhaustive) for name in AUDITED]
MUTANTS = [
    pytest.param(work, mutant, id=f"{work.name}: {mutant.name}", marks=pytest.mark.exhaustive)
    for work in works().values()
    for mutant in (*work.bugs, *work.also)
]


def judged(body, name="nats_called_bits", child=InProcess):
    """A check of this body, judged."""
    text = f"import numpy as np\ndef check_{name}(layer, rng):\n    {body}\n"
    return judge(Submission(Path("checks.py"), text), *found(name), 1, child)


# --- the matrix ---


def test_the_table_has_all_bugs():
    assert list(sight.kept()) == list(bugs())


@pytest.mark.parametrize("name", SHARE + IN_FULL)
def test_the_table_is_what_the_checks_say(name):
    work, bug = found(name)
    assert sight.seen_by(work, bug.changes) == sight.kept()[name] != []


@pytest.mark.parametrize(
    "name",
    [pytest.param(k, marks=[] if w.kind is Form.FUNCTION else pytest.mark.exhaustive) for k, w in works().items()],
)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_no_check_complains_of_a_right_work(name, seed):
    assert sight.seen_by(works()[name], (), seed) == []


@pytest.mark.parametrize(("work", "mutant"), MUTANTS)
@pytest.mark.parametrize("seed", [1, 2])
def test_every_mutant_is_seen_with_any_parameters(work, mutant, seed):
    assert sight.seen_by(work, mutant.changes, seed)


def test_a_check_of_each_function_misses_its_bugs():
    """Else the quiz would have nothing to ask for."""
    kept = sight.kept()
    assert all(len(kept[name]) < len(work.asks) for name, (work, _) in bugs().items() if work.asks)


# --- what is shown ---


@pytest.mark.parametrize("name", SHARE)
def test_a_placard_has_the_story_the_lines_and_the_checks(name):
    work, bug = found(name)
    page = list(shown(work, bug))
    assert bug.title in page[0] and all(source in page[1] for source in bug.source)
    text = "\n".join(page)
    assert "\n  + " in text
    assert sum("SEES IT" in line for line in page) == len(sight.kept()[name])
    assert max(map(len, page)) <= 130


def test_a_placard_says_what_the_audit_calls_it():
    text = "\n".join(shown(*found("added_not_subtracted")))
    assert "The audit calls it: " in text and "D  log_prob is its definition           SEES IT" in text


def test_a_bug_without_a_known_place_is_said_to_be_planted():
    assert list(shown(*found("nats_called_bits")))[1] == "nats_called_bits, planted for this museum"


def test_the_catalogue_has_a_line_for_each_bug():
    lines = list(catalogue())
    assert all(sum(line.startswith(f"{name} ") for line in lines) == 1 for name in bugs())
    assert next(line for line in lines if line.startswith("slope_counted")).split()[1:14] == list(".....J..E....")


@pytest.mark.parametrize("name", bugs())
def test_the_lines_that_differ_are_those_of_the_bug(name):
    work, bug = found(name)
    added = [line[2:].strip() for line in compared(work, bug.changes) if line.startswith("+")]
    assert 0 < len(added) <= 5
    assert all(any(line in wrong or wrong in line for _, wrong in bug.changes) for line in added if line)


# --- the works as data ---


def test_a_change_that_stands_nowhere_is_refused(tmp_path, monkeypatch):
    (tmp_path / "a.py").write_text('"""A."""\n\n\ndef layer(rng):\n    return 1\n')
    (tmp_path / "a.toml").write_text(
        'kind = "function"\n[[bug]]\nname = "b"\ntitle = ""\nstory = ""\ncost = ""\nlesson = ""\n'
        'changes = [["return 2", "return 3"]]\n'
    )
    monkeypatch.setattr(exhibit, "WORKS", tmp_path)
    with pytest.raises(ValueError, match=r"a.toml: b: 'return 2' must stand once in the work; got 0 times"):
        works.__wrapped__()


def test_names_of_bugs_are_different():
    assert len(bugs()) == sum(len(work.bugs) for work in works().values())


# --- the quiz ---


@pytest.mark.parametrize(
    "name", [pytest.param(k, marks=[] if k in ("nats_called_bits", "stale_embedding", "slope_counted_twice") else
                          [pytest.mark.exhaustive]) for k in bugs()],
)  # fmt: skip
def test_a_check_with_numpy_alone_solves_the_quiz(name):
    found_out = judge(Submission(SOLUTIONS, SOLUTIONS.read_text()), *found(name), 5, InProcess)
    assert found_out.verdict is Verdict.SOLVED, list(told(found_out))
    assert found_out.score == 1, list(told(found_out))


BODIES = {
    "return True": (Verdict.MISSED, 0),
    "pass": (Verdict.MISSED, 0),
    "return False": (Verdict.FALSE_ALARM, 0),
    "raise AssertionError('no')": (Verdict.FALSE_ALARM, 0),
    "return layer(np.zeros(3), 5) == 0": (Verdict.MISSED, 0),
    "return layer(np.full(9, -3.0), 3) > 0": (Verdict.MISSED, 1 / 3),  # the sign alone
    "return np.isclose(layer(np.full(9, -3 * np.log(2)), 3), 1)": (Verdict.SOLVED, 1),
    "assert abs(layer([-3 * np.log(2)] * 9, 3) - 1) < 1e-9": (Verdict.SOLVED, 1),
    "return layer(np.zeros((3, 3)), 5) == 0": (Verdict.FALSE_ALARM, 0),  # a matrix, where a vector belongs
    "return layer(np.zeros(10**4), 5) == 0": (Verdict.FALSE_ALARM, 0),  # too large
    "return 1": (Verdict.NO_ANSWER, 0),
    "return np.array([True])": (Verdict.NO_ANSWER, 0),
    "import sys; sys.exit(0)": (Verdict.NO_ANSWER, 0),
    "raise NotImplementedError": (Verdict.NO_ANSWER, 0),
    "return rng.random() < 0.5": (Verdict.FALSE_ALARM, 0),
}


@pytest.mark.parametrize("body", BODIES)
def test_a_check_is_judged_by_what_it_catches_and_what_it_lets_pass(body):
    verdict, score = BODIES[body]
    found_out = judged(body)
    assert found_out.verdict is verdict
    assert found_out.score == pytest.approx(score)
    assert next(told(found_out)) == f"check_nats_called_bits: {verdict.value}"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("return layer(np.zeros((3, 3)), 5) == 0", "ValueError: the arguments must have (1, 0) axes; got (2, 0)"),
        ("return layer(np.zeros(10**4), 5) == 0", "ValueError: an argument may have 4,000 numbers at most"),
        ("return layr", "NameError: name 'layr' is not defined (line 3: return layr)"),
        ("return 1", "a check returns True or False, or nothing; got a single number"),
        ("return False", "it returned False"),
    ],
)
def test_a_check_that_is_wrong_itself_is_told_why(body, words):
    assert words in list(told(judged(body)))[1]


def test_a_check_that_catches_sometimes_is_told_so():
    text = "\n".join(told(judged("return layer([-3 * np.log(2)] * 9, 3) == 1 or rng.random() < 0.5")))
    assert "ask more points" in text and "caught" in text


def test_a_check_that_ends_its_process_gives_no_answer():
    left = judged("import os; os._exit(0)", child=Child)
    assert left.verdict is Verdict.NO_ANSWER and "exit code 0" in left.silent.words


def test_a_check_that_hangs_is_stopped_and_where_python_stood_is_not_what_it_printed(monkeypatch):
    monkeypatch.setattr(quiz, "LIMITS", Limits(processor=1, wall=600))
    hanging = judged("while True: pass", child=Child)
    lines = list(told(hanging))
    assert lines[1:] == ["  it was stopped after 1 s: does a loop never end? (it stood at line 3)"]
    assert len(hanging.answers) == 1 and hanging.printed == ""


def test_checks_are_judged_one_after_the_other():
    text = "def check_nats_called_bits(f, rng): return True\ndef check_probes_summed(f, rng): return True\n"
    each = quiz.judge_each(Submission(Path("checks.py"), text), 1, InProcess)
    assert not isinstance(each, list) and next(each).verdict is Verdict.MISSED and len(list(each)) == 1


def test_the_same_seed_gives_the_same_verdict():
    body = "return rng.random() < 0.9"
    assert [a.caught for a in judged(body).answers] == [a.caught for a in judged(body).answers]


def test_the_beginning_of_a_check_is_not_written_yet():
    for name in ("sign_forward", "rescaled_by_hand", "nats_called_bits"):
        text = "\n".join(beginning(*found(name)))
        begun = judge(Submission(Path("checks.py"), text), *found(name), 1, InProcess)
        assert begun.verdict is Verdict.NO_ANSWER and "NotImplementedError" in begun.silent.words


def test_the_rules_name_all_bugs():
    assert all(name in list(rules())[-1] for name in bugs())


def test_a_file_without_checks_is_refused():
    for text, words in (("x = 1", "got none"), ("def check_it(l, r): 1", "got check_it"), ("1 / 0", "ZeroDivision")):
        with pytest.raises(ValueError, match=words):
            judge_file(Submission(Path("checks.py"), text), 1, InProcess)


# --- the commands ---


def test_the_quiz_as_a_command(tmp_path):
    """In the child: one check that catches its bug, and one that does not."""
    path = tmp_path / "checks.py"
    path.write_text(
        "import numpy as np\ndef check_nats_called_bits(f, rng): return np.isclose(f([-np.log(2)], 1), 1)\n"
        "def check_probes_summed(f, rng): return True\n"
    )
    code, out, _ = invoke("museum", "quiz", str(path), "--seed", "3")
    assert code == 1 and "check_nats_called_bits: it lets the right layer pass, and catches the bug" in out
    assert "check_probes_summed: it lets the bug pass" in out and out.rstrip().endswith("--seed 3")


def test_the_other_commands():
    assert invoke("museum", "list")[0] == invoke("museum", "show", "probes_summed")[0] == 0
    assert invoke("museum", "quiz")[0] == invoke("museum", "quiz", "probes_summed")[0] == 0
    code, _, err = invoke("museum", "show", "nothing")
    assert code == 2 and err == "nfscratch: the museum has no 'nothing'; `nfscratch museum list` shows what it has\n"
    assert invoke("museum", "quiz", "no_such_file.py")[0] == 2


def test_parameters_differ_from_draw_to_draw():
    work = works()["leaky_slope"]
    first, second = (layer(work, (), np.random.default_rng(seed))[0](-np.ones((1, 1)))[0] for seed in (0, 1))
    assert first != second


def test_points_are_counted_over_all_checks():
    both = [judged("return True"), judged("return np.isclose(layer(np.full(9, -3 * np.log(2)), 3), 1)")]
    assert ending(both, Submission(Path("c.py"), ""), 7).startswith("1 of 2 checks catch their bug, 1.00 of 2 points.")
