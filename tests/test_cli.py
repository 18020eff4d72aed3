"""The command line: chapters are found by every kind of name, options reach them, and a mistake is one line."""

import ast
import errno
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import nfscratch as nf
from nfscratch import backend, chapter, terminal
from nfscratch.book import commands
from nfscratch.check import pytest_plugin
from nfscratch.course import pytest_tasks
from nfscratch.course.one_line import one_line

NOISY = """# # A noisy chapter
import json, sys
from nfscratch import backend, chapter
options = chapter.options()
print(json.dumps([options.fast, options.seed, str(options.figures), str(backend.default_dtype()), __name__, __file__]))
"""


@pytest.fixture
def chapters(tmp_path, monkeypatch):
    """Three chapters in a folder of their own, beside files that are none."""
    files = {
        "ch04_coupling.py": "# # Coupling\n",
        "ch07_noisy.py": NOISY,
        "ch12_untitled.py": "print('no heading')\n",
        "ch1_short.py": "",
        "notes.py": "",
        "ch05_text.md": "",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.setattr(chapter, "folder", lambda: tmp_path)
    dtype = str(backend.default_dtype())
    yield tmp_path
    backend.use(dtype=dtype)


def command(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "nfscratch", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=600,
    )


def invoke(*arguments):
    """(exit code, stdout, stderr) of the command, in this process."""
    from typer.testing import CliRunner

    from nfscratch.cli import app

    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize("name", ["ch07_noisy", "noisy", "ch07", "07", "7", "ch7", "ch07_noisy.py"])
def test_a_chapter_is_found_by_every_kind_of_name(chapters, name):
    assert chapter.find(name) == chapters / "ch07_noisy.py"


def test_what_is_no_chapter_is_not_listed(chapters):
    assert list(chapter.chapters()) == ["ch04_coupling", "ch07_noisy", "ch12_untitled"]
    assert [chapter.title(path) for path in chapter.chapters().values()] == [
        "Coupling",
        "A noisy chapter",
        "ch12_untitled",
    ]


@pytest.mark.parametrize("name", ["nosuch", "", "5", "1", "ch", "_noisy", "-7", "../ch07_noisy"])
def test_an_unknown_name_is_answered_with_the_ones_there_are(chapters, name):
    with pytest.raises(
        ValueError, match=rf"no chapter called '{re.escape(name)}'; there are: coupling, noisy, untitled"
    ):
        chapter.find(name)


def test_a_slip_of_the_finger_is_recognised(chapters):
    with pytest.raises(ValueError, match=r"there are: coupling, noisy, untitled \(did you mean 'coupling'\?\)$"):
        chapter.find("cuopling")


def test_run_passes_the_options_on(chapters, capfd):
    chapter.run(chapter.find("noisy"), ["--fast", "--seed", "3", "--dtype", "float32", "--figures", "pictures"])
    path = str(chapters / "ch07_noisy.py").replace("\\", "\\\\")
    assert capfd.readouterr().out.strip() == f'[true, 3, "pictures", "float32", "__main__", "{path}"]'


def test_the_command_passes_the_options_on(chapters, capfd):
    before = list(sys.argv)
    assert invoke("run", "noisy", "--fast", "--seed", "3", "--backend", "numpy", "--dtype", "float32")[:2] == (
        0,
        f'[true, 3, "figures", "float32", "__main__", "{chapters / "ch07_noisy.py"}"]\n',
    )
    assert sys.argv == before
    backend.use(dtype="float64")
    assert invoke("run", "7")[1].startswith('[false, 0, "figures", "float64"')


def test_list_shows_number_name_and_heading(chapters):
    code, out, _ = invoke("list")
    assert code == 0
    assert [line.split(maxsplit=2) for line in out.splitlines()] == [
        ["04", "coupling", "Coupling"],
        ["07", "noisy", "A noisy chapter"],
        ["12", "untitled", "ch12_untitled"],
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--backend", "torch"], "ch07_noisy.py: backend must be one of numpy, cupy; got 'torch'"),
        (["--dtype", "float16"], "ch07_noisy.py: dtype must be one of float64, float32; got 'float16'"),
        (["--dtype", "real"], "ch07_noisy.py: dtype must be one of float64, float32; got 'real'"),
    ],
)
def test_a_backend_or_dtype_that_is_none_is_one_line(chapters, arguments, message, capfd):
    with pytest.raises(SystemExit) as caught:
        chapter.run(chapter.find("noisy"), arguments)
    assert caught.value.code == 2
    assert capfd.readouterr().err.splitlines() == [message]
    assert invoke("run", "noisy", *arguments)[::2] == (2, message + "\n")


def test_options_have_defaults_and_refuse_what_they_do_not_know(capsys):
    given = chapter.options([])
    assert (given.fast, given.seed, str(given.figures)) == (False, 0, "figures")
    with pytest.raises(SystemExit):
        chapter.options(["--slow"])
    assert "unrecognized arguments: --slow" in capsys.readouterr().err


def test_a_figure_is_saved_where_the_options_say(tmp_path, capsys):
    class Figure:
        def savefig(self, path):
            path.write_text("drawn")

    folder = tmp_path / "new" / "folder"
    path = chapter.Options(figures=folder).save(Figure(), "ch07_loss")
    assert path == folder / "ch07_loss.png" and path.read_text() == "drawn"
    assert str(path) in capsys.readouterr().out


def test_the_module_runs_and_names_what_it_does_not_know():
    done = command("run", "nosuch")
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(r"nfscratch: no chapter called 'nosuch'; there are: .*\n", done.stderr)
    code, listed, said = invoke("list")
    assert (code, said) == (0, "") and len(listed.splitlines()) == len(chapter.chapters())


NO_BACKEND = ("NFSCRATCH_BACKEND", "numpy, cupy", "torch")
NO_DTYPE = ("NFSCRATCH_DTYPE", "float64, float32", "float16")
EVERY_COMMAND = [["list"], ["audit", "json:loads"], ["run", "coupling"]]


def is_one_line(arguments, variable, allowed, got):
    name = "ch04_coupling.py" if arguments[0] == "run" else "nfscratch"
    done = command(*arguments, **{variable: got})
    expected = f"{name}: {variable} must be one of {allowed}; got {got!r}\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", expected)


@pytest.mark.parametrize(("arguments", "wrong"), [(EVERY_COMMAND[0], NO_BACKEND), (EVERY_COMMAND[1], NO_DTYPE)])
def test_an_environment_that_cannot_be_is_one_line(arguments, wrong):
    is_one_line(arguments, *wrong)


def test_an_environment_that_cannot_be_is_one_line_of_a_chapter(chapters, monkeypatch, capfd):
    monkeypatch.setenv("NFSCRATCH_BACKEND", "torch")
    backend.use_from_environment()
    try:
        with pytest.raises(SystemExit) as ended:
            chapter.run(chapter.find("noisy"), [])
    finally:
        nf.use("numpy", "float64")
    said = "ch07_noisy.py: NFSCRATCH_BACKEND must be one of numpy, cupy; got 'torch'\n"
    assert (ended.value.code, *capfd.readouterr()) == (2, "", said)


@pytest.mark.exhaustive
@pytest.mark.parametrize("wrong", [NO_BACKEND, NO_DTYPE])
@pytest.mark.parametrize("arguments", EVERY_COMMAND)
def test_an_environment_that_cannot_be_is_one_line_for_every_command(arguments, wrong):
    is_one_line(arguments, *wrong)


class Refusing:
    """Matplotlib, which looks at MPLBACKEND while it is imported. Half of it imported would stay for other tests."""

    def find_spec(self, name, path=None, target=None):
        if name == "matplotlib":
            raise ValueError("Key backend: 'nosuch' is not a valid value for backend")


@pytest.mark.parametrize("arguments", [("run", "01"), ("grade", "."), ("book", "build")])
def test_a_backend_that_matplotlib_has_not_is_one_line(arguments, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "nosuch")
    monkeypatch.delitem(sys.modules, "matplotlib", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Refusing(), *sys.meta_path])
    monkeypatch.setattr(commands, "find_spec", lambda name: name)
    code, out, said = invoke(*arguments)
    assert (code != 0, out) == (True, "")
    assert said.endswith("MPLBACKEND must name a backend of matplotlib, such as agg; got 'nosuch'\n")
    assert said.count("\n") == 1


def test_an_option_overrules_the_environment(chapters, monkeypatch, capfd):
    monkeypatch.setenv("NFSCRATCH_DTYPE", "float16")
    backend.use_from_environment()
    chapter.run(chapter.find("noisy"), ["--dtype", "float32"])
    assert '"float32"' in capfd.readouterr().out


# --- trouble is one line, exit code 2, and no traceback ---

TARGETS = {
    "fails": ("def f(D):\n    return 1 / 0\n", "target:f fails: ZeroDivisionError: division by zero (line 2 of "),
    "has no key": ("def f(D):\n    raise KeyError('k')\n", "target:f fails: KeyError: 'k' (line 2 of "),
    "opens a file": ("open('/no/such')\n", "target:f fails: FileNotFoundError: "),
    "raises at import": ("raise RuntimeError('boom\\nmore')\n", "target:f fails: RuntimeError: boom (line 1 of "),
    "is no Python": ("def f(:\n", "target:f cannot be imported: SyntaxError: "),
    "imports what is not there": ("import nosuchmodule\n", "target:f cannot be imported: ModuleNotFoundError: "),
    "ends with success": ("import sys\nsys.exit(0)\n", "target:f fails: SystemExit: 0 (line 2 of "),
    "ends in the factory": ("import sys\ndef f(D):\n    sys.exit(0)\n", "target:f fails: SystemExit: 0 (line 3 of "),
    "is not there": ("", "target has no 'f'"),
}


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_that_raises_is_named_in_one_line_and_is_no_verdict(name, tmp_path, monkeypatch):
    text, message = TARGETS[name]
    (tmp_path / "target.py").write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "target", raising=False)
    code, _, said = invoke("audit", "target:f")
    monkeypatch.delitem(sys.modules, "target", raising=False)
    assert code == 2 and said.startswith(f"nfscratch: {message}") and said.count("\n") == 1


@pytest.mark.parametrize("dims", ["99999999", "1,2,99999999", "1000000000000000"])
def test_an_audit_of_a_hundred_million_variables_is_refused(dims):
    code, _, said = invoke("audit", "nfscratch:ActNorm", "--dims", dims)
    assert code == 2 and said.startswith("nfscratch: dims must be at most 1024, because an audit computes D x D")


def test_an_audit_in_python_has_the_same_limit():
    with pytest.raises(ValueError, match="dims must be at most 1024"):
        nf.check.audit(nf.ActNorm, dims=(2, (3, 10**4, 10**4)))


def test_a_negative_seed_is_refused_in_one_line(chapters):
    for arguments in (("run", "07"), ("audit", "nfscratch:ActNorm")):
        code, _, said = invoke(*arguments, "--seed", "-1")
        assert (code, said) == (2, "nfscratch: seed must be an integer of at least 0; got -1\n")


def test_a_negative_seed_or_variant_of_the_course_is_refused_in_one_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ch04_coupling.py").write_text("x = 1\n")
    (tmp_path / "quiz.py").write_text("def check_nats_called_bits(layer, rng): pass\n")
    graded, archived = ("grade", "."), ("grade", "--chapter", "4", "--gradescope-zip", "a.zip")
    for *arguments, name in (
        ("check", "4.1", "--seed"), (*graded, "--seed"), ("museum", "quiz", "quiz.py", "--seed"),
        (*graded, "--rename"), (*archived, "--rename"), ("handout", "4", "--rename"),
    ):  # fmt: skip
        what = "seed" if name == "--seed" else "the variant's number"
        assert invoke(*arguments, name, "-1") == (
            2, "", f"nfscratch: {what} must be an integer of at least 0; got -1\n",
        ), arguments  # fmt: skip
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ch04_coupling.py", "quiz.py"]


@pytest.mark.parametrize("option", ["--check-seed", "--flow-laws-seed"])
def test_a_negative_seed_of_pytest_is_refused_before_a_test_runs(option, request, monkeypatch):
    plugin = pytest_tasks if option == "--check-seed" else pytest_plugin
    monkeypatch.setattr(request.config.option, option.strip("-").replace("-", "_"), -1)
    with pytest.raises(pytest.UsageError, match=rf"{option} must be an integer of at least 0; got -1"):
        plugin.pytest_configure(request.config)


@pytest.mark.parametrize(
    "arguments",
    [
        *(("--seed", seed) for seed in ("-1", "1.5", "4294967296", "1" + 16 * "0", 5000 * "9")),
        *(("--figures", folder) for folder in ("a_file", "a_file/in")),
    ],
)
def test_a_chapter_that_is_run_by_python_says_the_same(arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a_file").touch()
    with pytest.raises(SystemExit) as ended:
        chapter.options(arguments)
    last = capsys.readouterr().err.strip().split("\n")[-1]
    said = ("must be a whole number of at least 0; got ", "must be at most 2147483648; got ", "cannot be used: ")
    assert ended.value.code == 2 and any(words in last for words in said) and len(last) < 300


def test_a_folder_that_cannot_be_written_is_named_before_the_chapter_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # as for anyone but the administrator
    with pytest.raises(SystemExit):
        chapter.options(["--figures", str(tmp_path)])
    assert f"{tmp_path} cannot be used: Permission denied" in capsys.readouterr().err


def test_a_figure_that_a_full_disk_does_not_take_is_one_line_and_leaves_no_part(tmp_path):
    class Figure:
        def savefig(self, path):
            path.write_bytes(b"half")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(SystemExit, match=r"half\.png cannot be written: No space left on device"):
        chapter.Options(figures=tmp_path).save(Figure(), "half")
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="needs a device that is full")
def test_a_full_disk_is_one_line():
    with open("/dev/full", "w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "nfscratch", "list"], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert (ended.returncode, ended.stderr) == (2, "nfscratch: writing failed: No space left on device\n")


def test_signs_that_a_terminal_lacks_are_spelled_out(monkeypatch):
    ascii_terminal = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", ascii_terminal)
    terminal.spell_out()
    print("0.5 ± 0.1, z → x, 文")
    ascii_terminal.flush()
    assert ascii_terminal.buffer.getvalue() == b"0.5 +/- 0.1, z -> x, ?\n"


def test_every_sign_that_a_chapter_prints_has_a_spelling():
    """In a text that is not Markdown: what stands in its strings may be printed."""
    for path in chapter.chapters().values():
        strings = (
            node.value
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Constant)
        )
        signs = {sign for text in strings if isinstance(text, str) for sign in text if ord(sign) > 127}
        assert signs <= set(terminal.SPELLINGS), (path.name, signs - set(terminal.SPELLINGS))


# --- more that is none ---

RAISING = {
    "a class of its own": "class B(BaseException):\n    pass\nraise B('no')\n",
    "a generator's end": "raise GeneratorExit\n",
    "an error without text": "raise RuntimeError\n",
    "an error with a wrong text": "class E(Exception):\n    def __str__(self):\n        1 / 0\nraise E\n",
    "an error that ends": "class E(Exception):\n    def __str__(self):\n        raise SystemExit(0)\nraise E\n",
}


@pytest.mark.parametrize("name", RAISING)
def test_whatever_an_audited_module_raises_is_one_line(name, tmp_path, monkeypatch):
    module = "raising_" + "_".join(name.replace("'", "").split())
    (tmp_path / f"{module}.py").write_text(RAISING[name], encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    code, out, err = invoke("audit", f"{module}:x")
    assert code == 2 and out == "" and len(err.splitlines()) == 1 and f"{module}:x fails: " in err


def test_an_end_that_no_line_of_the_target_raised_is_told_without_one():
    code, out, err = invoke("audit", "sys:exit")
    assert (code, out) == (2, "") and re.fullmatch(r"nfscratch: sys:exit fails: SystemExit: \d\n", err)


# --- empty arguments, and a reader that has gone ---


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("run", "01", "--dtype", ""), "the argument after --dtype"),
        (("run", "01", "--figures="), "--figures"),
        (("run", ""), "the argument after run"),
        (("handout", "4", "-o", ""), "the argument after -o"),
        (("grade", ".", "--output="), "--output"),
        (("museum", "quiz", ""), "the argument after quiz"),
        (("doctor", "--figures", ""), "the argument after --figures"),
        (("",), "the argument after the command"),
    ],
)
def test_an_empty_argument_is_refused(arguments, named, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert invoke(*arguments) == (2, "", f"nfscratch: {named} must not be empty\n")
    assert not list(tmp_path.iterdir())


def test_a_chapter_that_is_run_by_python_refuses_them_too(capsys):
    for given in [["--figures", ""], ["--dtype="]]:
        with pytest.raises(SystemExit) as ended:
            chapter.options(given)
        assert ended.value.code == 2 and capsys.readouterr().err.endswith(" must not be empty\n")


def test_a_reader_that_has_gone_is_no_mistake():
    with pytest.raises(BrokenPipeError), one_line():
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


def test_a_number_is_written_in_the_digits_of_the_list(chapters):
    with pytest.raises(ValueError, match="no chapter called"):
        chapter.find("\u0664")


@pytest.mark.parametrize("target", ["../a:x", "a b:x", ".a:x", "a.:x", "\0:x"])
def test_a_module_is_named_as_it_is_imported(target):
    code, _, err = invoke("audit", target)
    assert code == 2 and f"the target must be module:object; got {target!r}" in err


@pytest.mark.parametrize("dims", ["\u00b2", "9" * 5000, "2,,3", "-1", "0"])
def test_dims_that_are_no_numbers_are_one_short_line(dims):
    code, _, err = invoke("audit", "nfscratch:ActNorm", "--dims", dims)
    assert code == 2 and "dims must be positive integers, such as 1,2,5; got " in err and len(err) < 200


def test_a_closed_stdout_is_no_traceback(monkeypatch):
    stream = io.StringIO()
    stream.close()
    for stdout in (stream, None):  # None: a shell closed it, >&-
        monkeypatch.setattr("sys.stdout", stdout)
        with terminal.one_line_of_trouble("nfscratch"):
            pass


def test_without_a_stderr_nothing_is_said_in_its_place(monkeypatch, capsys):
    class Person(io.StringIO):
        def isatty(self):
            return True

    closed = Person()
    closed.close()
    streams = (None, closed, io.StringIO(), object(), Person())
    assert [terminal.is_a_terminal(stream) for stream in streams] == [False] * 4 + [True]
    for stream, said in ((io.StringIO(), "a line\n"), (None, None), (closed, None)):  # None: pythonw.exe, 2>&-
        monkeypatch.setattr("sys.stderr", stream)
        terminal.say("a line")
        with pytest.raises(SystemExit), terminal.one_line_of_trouble("nfscratch"):
            raise OSError("no room")
        assert said is None or stream.getvalue() == f"{said}nfscratch: no room\n"
    assert capsys.readouterr().out == ""


def test_files_that_a_course_cannot_use_are_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "afile").write_text("x", encoding="utf-8")
    (tmp_path / "binary.py").write_bytes(bytes(range(256)))
    (tmp_path / "nul.py").write_bytes(b"x = 1\0")
    for arguments, message in [
        (("handout", "4", "-o", "afile"), "afile cannot be used: it must be a folder that can be written"),
        (("handout", "4", "-o", "afile/x"), "afile/x cannot be used: Not a directory"),
        (("reset", "4.1", "--file", "binary.py"), "binary.py must be a text file in UTF-8"),
        (("reset", "4.1", "--file", "nul.py"), "the file cannot be read as Python: source code string cannot contain"),
        (("check", "\uff14.1"), "what is checked must be a task, such as 4.2, or a chapter, such as 4; got"),
    ]:
        code, out, err = invoke(*arguments)
        assert code == 2 and out == "" and message in err and len(err.splitlines()) == 1, (arguments, err)
