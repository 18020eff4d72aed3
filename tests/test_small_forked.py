"""A forked child, with a system made by hand: what is opened, asked, closed and ended, and in which order."""

import io
import os
import pickle
import signal
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from nfscratch.check.repair import child

pytest.importorskip("resource", reason="a child needs a POSIX system")


def system(monkeypatch, number=42, text=b"", without=()):
    """What is asked of the system, where a fork gives this number and the child writes this text."""
    log = []

    def note(name, answer=None):
        return lambda *given: (log.append((name, *given)), answer)[1]

    @contextmanager
    def fdopen(end, mode):
        log.append(("open", end, mode))
        yield "pipe"
        log.append(("end of", end))

    def fork():
        log.append(("fork",))
        if number is None:
            raise OSError
        return number

    def read(pipe):
        log.append(("read", pipe))
        if text is None:
            raise KeyboardInterrupt
        return text

    given = {"pipe": note("pipe", (3, 4)), "close": note("close"), "kill": note("kill"), "waitpid": note("waitpid")}
    given |= {"fork": fork, "fdopen": fdopen}
    monkeypatch.setattr(child, "os", SimpleNamespace(**{k: v for k, v in given.items() if k not in without}))
    monkeypatch.setattr(child, "_read", read)
    monkeypatch.setattr(child, "_answer", note("answer"))
    return log


END = [("kill", 42, signal.SIGKILL), ("waitpid", 42, 0)]
READ = [("pipe",), ("fork",), ("close", 4), ("open", 3, "rb"), ("read", "pipe")]


@pytest.mark.parametrize(("text", "answer"), [(pickle.dumps([1, 2]), [1, 2]), (pickle.dumps(0), 0), (b"", None)])
def test_a_child_is_read_and_then_ended(text, answer, monkeypatch):
    log = system(monkeypatch, text=text)
    assert child.answered_by_child("question") == answer
    assert log == [*READ, ("end of", 3), *END]


def test_a_child_is_ended_where_its_parent_is_interrupted(monkeypatch):
    log = system(monkeypatch, text=None)
    with pytest.raises(KeyboardInterrupt):
        child.answered_by_child("question")
    assert log == [*READ, *END]


def test_where_there_is_no_child_there_is_no_answer(monkeypatch):
    log = system(monkeypatch, number=None)
    assert child.answered_by_child("question") is None and log == [("pipe",), ("fork",), ("close", 3), ("close", 4)]
    log = system(monkeypatch, without=("fork",))
    assert child.answered_by_child("question") is None and log == []


def test_the_child_itself_answers_the_question(monkeypatch):
    log = system(monkeypatch, number=0, text=pickle.dumps(5))
    child.answered_by_child("question")
    assert log[2] == ("answer", "question", 4)


@pytest.mark.parametrize("number", [1, 42])
def test_its_parent_does_not(number, monkeypatch):
    log = system(monkeypatch, number=number, text=pickle.dumps(5))
    assert child.answered_by_child("question") == 5 and not [each for each in log if each[0] == "answer"]


def test_a_child_has_no_voice(monkeypatch):
    log, own = [], SimpleNamespace(stdout="out", stderr="err")
    system = SimpleNamespace(devnull="nowhere", O_WRONLY=1, open=lambda *of: (log.append(of), 9)[1],
                             dup2=lambda *of: log.append(of))  # fmt: skip
    monkeypatch.setattr(child, "os", system)
    monkeypatch.setattr(child, "sys", own)
    monkeypatch.setattr(child, "logging", SimpleNamespace(disable=lambda: log.append("silent")))
    monkeypatch.setitem(vars(child), "open", lambda *of: ("opened", of))
    child._be_quiet()
    assert log == [("nowhere", 1), (9, 1), (9, 2), "silent"]
    assert own.stdout == own.stderr == ("opened", ("nowhere", "w"))


def test_all_that_a_child_writes_in_time(monkeypatch):
    """Each wait is what is left of its time, and none where that is over."""
    waits, clock = [], SimpleNamespace(now=10.0)
    monkeypatch.setattr(child, "PATIENCE", 120.0)
    parts = {3: [b"ab", b"cd", b""]}
    pipe = SimpleNamespace(fileno=lambda: 3)

    def select(read, write, other, seconds):
        waits.append((read, write, other, seconds))
        clock.now += 50.0
        return (read if ready else [], [], [])

    monkeypatch.setattr(child, "select", SimpleNamespace(select=select))
    monkeypatch.setattr(child, "time", SimpleNamespace(monotonic=lambda: clock.now))
    read = lambda end, most: parts[end].pop(0) if most == 1 << 16 else pytest.fail("too much at once")  # noqa: E731
    monkeypatch.setattr(child, "os", SimpleNamespace(read=read))
    ready = True
    assert child._read(pipe) == b"abcd"
    assert waits == [
        ([pipe], [], [], seconds) for seconds in (child.PATIENCE, child.PATIENCE - 50, child.PATIENCE - 100)
    ]
    parts[3], waits[:] = [b"x"] * 3 + [b""], []
    assert child._read(pipe) == b"xxx" and waits[3][3] == 0.0
    ready, parts[3] = False, [b"ab", b""]
    assert child._read(pipe) == b"" and parts[3] == [b"ab", b""]


def test_the_address_space_in_use(monkeypatch):
    asked = []
    monkeypatch.setitem(
        vars(child), "open", lambda *of, **named: (asked.append((of, named)), io.StringIO("123 45 6"))[1]
    )
    assert child._address_space() == 123 * os.sysconf("SC_PAGE_SIZE")
    assert asked == [(("/proc/self/statm",), {"encoding": "ascii"})]
