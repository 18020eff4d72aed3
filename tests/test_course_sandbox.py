"""The child that runs a student's file: what comes back, what is refused, and why nothing came. With real processes."""

import sys
import time
import warnings

import numpy as np
import pytest

from nfscratch.course.sandbox.barriers import Barrier, standing, warning
from nfscratch.course.sandbox.inside import Session
from nfscratch.course.sandbox.limits import Limits
from nfscratch.course.sandbox.outside import Child, Ended, Ending
from nfscratch.course.sandbox.wire import Draws, NotAnAnswer, Other, pack, unpack

SHORT = Limits(processor=1, wall=60)
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel's filter is Linux's")


def ask(text, *calls, limits=SHORT, watch=False):
    """(what loading said, the results of f) of a file."""
    with Child("/home/me/hw.py", text, limits) as child:
        loaded = child.load()
        return loaded, child.call("f", calls, watch) if calls and "error" not in loaded else None


def error_of(text, *arguments):
    return ask(text, arguments)[1][0]["error"]


def test_values_and_functions_cross_and_a_changed_argument_is_seen():
    text = """
import numpy as np
def f(x, h, rng):
    x += 1
    return h(x), {"a": [x.sum(), None, True]}, rng.integers(10**9), lambda y: 3 * y, np.float32(2), {1}
"""
    x = np.arange(3.0)
    with Child("/home/me/hw.py", text, SHORT) as child:
        assert child.load()["functions"] == ["f"]
        result = child.call("f", [(x, lambda v: 10 * v, Draws(5))], watch=True)[0]
        h, a, number, triple, single, other = result["value"]
        np.testing.assert_array_equal(h, [10.0, 20.0, 30.0])
        assert a == {"a": [6.0, None, True]} and number == np.random.default_rng(5).integers(10**9)
        assert (single.dtype, other) == (np.float32, Other("set"))
        assert triple(4) == 12
        assert result["changed"] == [0] and x.tolist() == [0.0, 1.0, 2.0]
        assert child.call("g", [(1,)]) == []


@pytest.mark.parametrize(
    "data",
    [
        ["pickle", "gASV"], ["array", ["object", [1], "AAAA"]], ["array", ["float64", [2], "AAAAAAAAAAA="]],
        ["array", ["float64", [-1], ""]], ["int", "3"], ["bool", 1], ["float", [1]], ["list", 5], ["tuple", [["int"]]],
        ["dict", [[["list", []], ["none", None]]]], "array", None, 7, [],
        ["array", ["float64", [True], "AAAAAAAAAAA="]],
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_value_is_refused(data):
    with pytest.raises(NotAnAnswer):
        unpack(data, lambda k: k)


@pytest.mark.parametrize("value", [None, True, 3, -(2**70), 0.1, float("inf"), "text", [1, (2.0, "a")], {"k": [None]}])
def test_a_value_survives_the_wire(value):
    assert unpack(pack(value, None), None) == value


def test_what_an_async_function_returns_is_named_and_python_says_nothing_of_it():
    async def f():
        return 1

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        assert pack([f()], None) == ["list", [["other", "coroutine"]]]
    assert not said


@pytest.mark.parametrize("dtype", ["bool", "int8", "float16", "float32", ">f8", "complex128"])
def test_an_array_survives_the_wire(dtype):
    a = np.arange(6).reshape(2, 3).T.astype(dtype)
    b = unpack(pack(a, None), None)
    np.testing.assert_array_equal(b, a)
    assert b.dtype == a.dtype.newbyteorder("=") and b.flags.writeable and b.flags.owndata


EXCEPTIONS = [
    ("def f(x): return y", "NameError", "name 'y' is not defined", 1),
    ("import sys\ndef f(x): sys.exit(0)", "SystemExit", "0", 2),
    ("def f(x): raise KeyboardInterrupt", "KeyboardInterrupt", "", 1),
    ("import numpy as np\ndef f(x):\n    return np.ones(10**10)", "MemoryError", "Unable to allocate", 3),
    ("def f(x): return x @ x.reshape(2, 2)", "ValueError", "cannot reshape", 1),
]
FORBIDDEN = [
    ("import os\ndef f(x): os.fork()", "PermissionError"),
    ("import os\ndef f(x): os.kill(os.getppid(), 9)", "PermissionError"),
    ("import os\ndef f(x): os.execv('/bin/true', ['true'])", "PermissionError"),
    ("import socket\ndef f(x): socket.create_connection(('127.0.0.1', 9))", "PermissionError"),
    ("import subprocess\ndef f(x): subprocess.run(['true'])", "PermissionError"),
    ("import multiprocessing as m\ndef f(x): m.Process(target=print).start()", "PermissionError"),
    ("import resource, os\ndef f(x): resource.prlimit(os.getppid(), resource.RLIMIT_CPU, (1, 1))", "PermissionError"),
    ("import fcntl, os\ndef f(x): fcntl.fcntl(os.pipe()[0], fcntl.F_SETOWN, os.getppid())", "PermissionError"),
    ("import fcntl, os\ndef f(x): fcntl.fcntl(os.pipe()[0], 10, 9)", "PermissionError"),  # F_SETSIG
    ("import os, sys\ndef f(x): os.chmod(sys.argv[0], 0)", "PermissionError"),
    ("import os\ndef f(x): os.utime('.')", "PermissionError"),
    ("import os\ndef f(x): os.setxattr('.', 'user.a', b'1')", "PermissionError"),
    ("import os\ndef f(x): os.setpriority(os.PRIO_PROCESS, os.getppid(), 19)", "PermissionError"),
    ("import os\ndef f(x): os.memfd_create('a')", "PermissionError"),
    ("def f(x): open('/etc/passwd')", "PermissionError"),
    ("def f(x): import nfscratch", "ModuleNotFoundError"),
    ("def f(x): open('new.txt', 'w')", "PermissionError"),
    ("import os\ndef f(x): os.listdir('/etc')", "PermissionError"),
    ("def f(x): import matplotlib", "ModuleNotFoundError"),
]
SHOUTING = """
import os
def f(x):
    for k in range(3, 9):
        try:
            os.write(k, b"9" * 99)
        except OSError:
            pass
"""
ENDINGS = [
    ("import os\ndef f(x): os._exit(0)", Ending.LEFT, None),
    ("def f(x):\n    while True: pass", Ending.TIME, 2),
    ("import ctypes\ndef f(x): ctypes.string_at(0)", Ending.CRASHED, 2),
    ("def f(x):\n    while True: print('x' * 999)", Ending.PRINTED, None),
    ("import os\ndef f(x): os.closerange(3, 40)", Ending.LEFT, None),
    (SHOUTING, Ending.NONSENSE, None),
]


def shared(cases, every):
    return [pytest.param(*case, marks=[pytest.mark.exhaustive] if k % every else []) for k, case in enumerate(cases)]


@pytest.mark.parametrize(("text", "kind", "words", "line"), shared(EXCEPTIONS, 3))
def test_an_exception_comes_back_as_data_with_its_line(text, kind, words, line):
    error = error_of(text, np.ones(3))
    assert (error["kind"], error["lines"][-1][0]) == (kind, line) and error["words"].startswith(words)


@linux
@pytest.mark.parametrize(("text", "kind"), shared(FORBIDDEN, 4))
def test_what_a_file_may_not_do_is_an_exception_in_it(text, kind):
    if kind == "PermissionError" and len(standing()) < len(Barrier):
        pytest.skip(warning())
    assert error_of(text, np.ones(3))["kind"] == kind


@pytest.mark.parametrize(("text", "ending", "line"), shared(ENDINGS, 2))
def test_a_child_that_does_not_answer_says_why(text, ending, line):
    with pytest.raises(Ended) as caught:
        ask(text, (np.ones(3),))
    assert (caught.value.ending, caught.value.line) == (ending, line)


@linux
def test_the_kernel_keeps_files_and_processes_out_here():
    with Child("/home/me/hw.py", "", SHORT) as child:
        child.load()
        assert {*child.kept_out} == standing() and (warning() == "") is (standing() == {*Barrier})


@linux
@pytest.mark.exhaustive
def test_threads_may_start():
    text = "import threading\ndef f(x):\n    t = threading.Thread(target=x.sort)\n    t.start(); t.join()\n    return x"
    assert ask(text, (np.array([2.0, 1.0]),))[1][0]["value"].tolist() == [1.0, 2.0]


@pytest.mark.exhaustive
def test_a_file_that_sleeps_is_stopped_by_the_clock():
    began = time.monotonic()
    with pytest.raises(Ended) as caught:
        ask("import time\ndef f(x):\n    time.sleep(3000)", (1,), limits=Limits(wall=3))
    assert caught.value.ending is Ending.TIME and caught.value.line == 3
    assert str(caught.value) == "it was stopped after 3 s: does a loop never end? (it stood at line 3)"
    assert time.monotonic() - began < 600


@pytest.mark.exhaustive
@pytest.mark.parametrize("module", ["numpy", "autograd", "scipy.special", "scipy.linalg"])
def test_a_file_may_import_what_its_task_allows(module):
    assert ask(f"import {module}\ndef f(x): return x", (1,))[1][0]["value"] == 1


def test_a_file_that_stops_while_it_is_loaded_says_where():
    session = Session(None, None, None)
    for text, kind, line in (
        ("x = (\n", "SyntaxError", 1),
        ("\nraise SystemExit(0)", "SystemExit", 2),
        ("1 / 0", "ZeroDivisionError", 1),
    ):
        error = session.answer({"do": "load", "path": "/home/me/hw.py", "text": text})["error"]
        assert (error["kind"], error["lines"][-1][0]) == (kind, line)
