"""The audit of a command line: the target that is named, its dimensions, and errors of its own code in one line."""

import sys
from importlib import import_module
from pathlib import Path

import numpy as onp
import pytest

from nfscratch.check import from_command
from nfscratch.check.draws import DIMS, FactoryRaised
from nfscratch.check.from_command import BadTarget
from nfscratch.check.guarded import Escaped

HERE = Path(__file__).name


@pytest.mark.parametrize(("text", "dims"), [
    ("1", (1,)), ("2,5", (2, 5)), (" 2, 5 ", (2, 5)), ("007", (7,)), ("0000000001", (1,)), ("9" * 18, (10**18 - 1,)),
])  # fmt: skip
def test_dimensions_are_positive_integers_with_commas_between(text, dims):
    assert from_command._dims(text) == dims


@pytest.mark.parametrize("text", ["", "0", "-1", "1,", ",1", "1.5", "a", "1;2", "9" * 19, "0" * 10 + "1", "1 2,,3"])
def test_what_are_no_dimensions(text):
    with pytest.raises(ValueError, match=r"dims must be positive integers, such as 1,2,5; got"):
        from_command._dims(text)


@pytest.mark.parametrize(("target", "found"), [
    ("math:pi", 3.141592653589793), ("os.path:sep", "/"), ("pathlib:Path.cwd.__name__", "cwd"),
])  # fmt: skip
def test_the_object_of_a_module(target, found):
    assert from_command.imported(target) == found


@pytest.mark.parametrize("target", ["math", "math:", ":pi", "ma th:pi", "a..b:c", "math\n:pi", ""])
def test_a_target_is_a_module_and_an_object(target):
    with pytest.raises(ValueError, match=r"the target must be module:object; got"):
        from_command.imported(target)


def test_an_object_that_a_module_lacks():
    with pytest.raises(ValueError, match=r"math has no 'pi.nothing'"):
        from_command.imported("math:pi.nothing")


def test_the_current_folder_is_looked_into_first_and_once(tmp_path, monkeypatch):
    (tmp_path / "mine_of_a_command.py").write_text("value = 7")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    for _ in range(2):
        assert from_command.imported("mine_of_a_command:value") == 7
    assert sys.path[0] == str(tmp_path) and sys.path.count(str(tmp_path)) == 1
    monkeypatch.delitem(sys.modules, "mine_of_a_command")


class Own(BaseException):
    """No Exception."""


def told(error, cause=None):
    with pytest.raises(BaseException) as found, from_command._named("a:b"):
        if cause is not None:
            try:
                raise cause
            except BaseException as inner:
                raise error from inner
        raise error
    return found.value


@pytest.mark.parametrize(("error", "words"), [
    (ValueError("no\nmore"), "a:b fails: ValueError: no"), (OSError(), "a:b fails: OSError"),
    (Own("x"), "a:b fails: Own: x"),
    (TypeError("t"), "a:b fails: TypeError: t"), (SystemExit(0), "a:b fails: SystemExit: 0"),
    (ImportError("i"), "a:b cannot be imported: ImportError: i"),
    (SyntaxError("s"), "a:b cannot be imported: SyntaxError: s"),
])  # fmt: skip
def test_an_error_of_the_target_is_told_in_one_line(error, words):
    found = told(error)
    assert type(found) is BadTarget and found.__cause__ is error
    assert str(found).startswith(words) and (("cannot" in words) or HERE in str(found))


def test_what_a_factory_raised_is_told_and_ctrl_c_goes_on():
    found = told(FactoryRaised("a factory"), ValueError("its own"))
    assert type(found) is BadTarget and "ValueError: its own" in str(found)
    escaped = Escaped(Own("far"))
    escaped.__cause__ = told_with_place(Own("far"))
    assert "Own: far" in str(told(FactoryRaised("a factory"), escaped))
    assert type(told(KeyboardInterrupt())) is KeyboardInterrupt


def told_with_place(error):
    try:
        raise error
    except BaseException as found:
        return found


def test_an_error_of_the_package_is_for_the_command_to_say():
    with pytest.raises(ValueError, match="dims must be"), from_command._named("a:b"):
        from_command._dims("x")


def test_an_audit_of_a_target(monkeypatch):
    given = []
    audit = lambda subject, **options: given.append((subject, options)) or "a report"  # noqa: E731
    monkeypatch.setattr(from_command, "audit", audit)
    assert from_command.audit_target("math:pi", "2,3", "float32", "RJ", 5) == "a report"
    subject, options = given[0]
    assert subject == import_module("math").pi and options.pop("rng").random() == onp.random.default_rng(5).random()
    assert options == {"dims": (2, 3), "dtype": "float32", "letters": "RJ"}
    from_command.audit_target("math:pi", "2", None, None, 0)
    assert given[1][1]["dtype"] is None
    from_command.audit_target("math:pi", None, None, None, 0)
    assert given[2][1]["dims"] is DIMS  # which a flow, with its own, does not take for the user's
    written = ",".join(map(str, DIMS))
    from_command.audit_target("math:pi", written, None, None, 0)  # and those that are written out, as any others
    assert given[3][1]["dims"] == DIMS and given[3][1]["dims"] is not DIMS
    with pytest.raises(ValueError, match=r"dtype must be one of .*; got 'half'"):
        from_command.audit_target("math:pi", "2", "half", None, 0)
