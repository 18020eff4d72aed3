"""The command line: chapters are found by every kind of name, options reach them, and a mistake is one line."""

import os
import re
import subprocess
import sys

import pytest

from nfscratch import backend, chapter

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
    listed = command("list")
    assert listed.returncode == 0 and listed.stderr == ""
    assert len(listed.stdout.splitlines()) == len(chapter.chapters())


NO_BACKEND = ("NFSCRATCH_BACKEND", "numpy, cupy", "torch")
NO_DTYPE = ("NFSCRATCH_DTYPE", "float64, float32", "float16")
EVERY_COMMAND = [["list"], ["audit", "json:loads"], ["run", "coupling"]]


def is_one_line(arguments, variable, allowed, got):
    name = "ch04_coupling.py" if arguments[0] == "run" else "nfscratch"
    done = command(*arguments, **{variable: got})
    expected = f"{name}: {variable} must be one of {allowed}; got {got!r}\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", expected)


@pytest.mark.parametrize(
    ("arguments", "wrong"), list(zip(EVERY_COMMAND, [NO_BACKEND, NO_DTYPE, NO_BACKEND], strict=True))
)
def test_an_environment_that_cannot_be_is_one_line(arguments, wrong):
    is_one_line(arguments, *wrong)


@pytest.mark.exhaustive
@pytest.mark.parametrize("wrong", [NO_BACKEND, NO_DTYPE])
@pytest.mark.parametrize("arguments", EVERY_COMMAND)
def test_an_environment_that_cannot_be_is_one_line_for_every_command(arguments, wrong):
    is_one_line(arguments, *wrong)


def test_an_option_overrules_the_environment(chapters, monkeypatch, capfd):
    monkeypatch.setenv("NFSCRATCH_DTYPE", "float16")
    backend.use_from_environment()
    chapter.run(chapter.find("noisy"), ["--dtype", "float32"])
    assert '"float32"' in capfd.readouterr().out
