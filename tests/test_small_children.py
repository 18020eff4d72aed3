"""A forked child: its limits, how it is interrupted, and that it says the whole of its answer before it ends."""

import pickle
import signal
import sys
from types import SimpleNamespace

import pytest

from nfscratch.check.repair import child
from nfscratch.check.repair.live_code import TooLong

resource = pytest.importorskip("resource", reason="a child needs a POSIX system")


@pytest.mark.parametrize("size", [5, None])
def test_a_child_has_little_time_and_memory_and_writes_no_files(size, monkeypatch):
    limits, handlers = {}, {}
    monkeypatch.setattr(resource, "setrlimit", lambda what, limit: limits.update({what: limit}))
    monkeypatch.setattr(resource, "getrusage", lambda who: SimpleNamespace(ru_utime=1.9, ru_stime=0.7))
    monkeypatch.setattr(signal, "signal", lambda number, handler: handlers.update({number: handler}))
    monkeypatch.setattr(child, "_address_space", lambda: size)
    child._limit()
    seconds = 2 + child.SECONDS + 1
    wanted = {resource.RLIMIT_FSIZE: (0, 0), resource.RLIMIT_CPU: (seconds, seconds)}
    if size is not None:
        wanted[resource.RLIMIT_AS] = (5 + child.MEMORY, 5 + child.MEMORY)
    assert limits == wanted and handlers == {signal.SIGXFSZ: signal.SIG_IGN}


@pytest.mark.parametrize(("seconds", "first"), [(8, 7.5), (0.5, 0.1), (0.61, 0.11)])
def test_a_child_is_interrupted_in_time_for_its_answer(seconds, first, monkeypatch):
    timers, handlers = [], {}
    monkeypatch.setattr(signal, "setitimer", lambda *given: timers.append(given))
    monkeypatch.setattr(signal, "signal", lambda number, handler: handlers.update({number: handler}))
    monkeypatch.setattr(child, "SECONDS", seconds)
    child._interrupt()
    of_clock, (which, after, again) = timers
    assert of_clock == (signal.ITIMER_REAL, child.PATIENCE / 2, 0.1)
    assert which == signal.ITIMER_PROF and again == 0.1 and abs(after - first) < 1e-9
    stop = handlers[signal.SIGPROF]
    before = sys.gettrace()
    sys.settrace(None)
    try:
        assert stop(signal.SIGPROF, None) is None  # no edited function runs
        sys.settrace(lambda *_: None)
        with pytest.raises(TooLong):
            stop(signal.SIGPROF, None)
        with pytest.raises(TooLong):  # a change may wait a hundred times as long
            handlers[signal.SIGALRM](signal.SIGALRM, None)
        ended = []
        monkeypatch.setattr(child, "os", SimpleNamespace(getppid=lambda: 1, _exit=lambda code: ended.append(code)))
        sys.settrace(None)
        assert handlers[signal.SIGALRM](signal.SIGALRM, None) is None and ended == [1]  # nobody waits for the answer
    finally:
        sys.settrace(before)


@pytest.mark.parametrize(("question", "answer"), [(lambda: list(range(50)), list(range(50))), (lambda: 1 / 0, None)])
def test_a_child_says_all_and_ends(question, answer, monkeypatch):
    said, order = [], []
    monkeypatch.setattr(child.os, "write", lambda pipe, text: said.append(bytes(text[:7])) or len(text[:7]))
    monkeypatch.setattr(child.os, "_exit", lambda code: order.append(code))
    for name in ("_be_quiet", "_limit", "_interrupt"):
        monkeypatch.setattr(child, name, lambda name=name: order.append(name))
    try:
        child._answer(question, 3)
    except ZeroDivisionError:  # in a child nothing comes after the end
        assert answer is None
    assert order == ["_be_quiet", "_limit", "_interrupt", 0]
    text = b"".join(said)
    assert (pickle.loads(text) if text else None) == answer


def test_a_system_may_not_say_how_large_a_process_is(monkeypatch):
    def missing(*_, **__):
        raise FileNotFoundError

    monkeypatch.setitem(vars(child), "open", missing)
    assert child._address_space() is None
