"""The process is the user's: its Ctrl-C handler and its BLAS threads are after a fit what they were before."""

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import autograd.numpy as np
import numpy as onp
import pytest
import threadpoolctl
from fitting import fit, rng

import nfscratch as nf
from nfscratch import blas
from nfscratch.posteriors.search import rough_posterior
from nfscratch.training import interrupts

TESTS = Path(__file__).parent


def minimize(loss, **options):
    return nf.minimize(loss, onp.zeros(1), **{"rng": 0, "steps": 20, **options})


def parabola(p, rng):
    return np.sum(np.square(p - 1.0))


def pressing(at_step):
    """A loss that sends SIGINT to this process in its step `at_step`, and returns when the handler has run."""
    steps = iter(range(1, 10**6))

    def loss(p, rng):
        if next(steps) == at_step:
            signal.raise_signal(signal.SIGINT)
        return parabola(p, rng)

    return loss


@pytest.fixture
def listening():
    """Python's own handler: a process in the background inherits one that ignores Ctrl-C."""
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, inherited)


# --- Ctrl-C ---


def test_ctrl_c_returns_and_says_that_the_program_goes_on(listening, capsys):
    result = minimize(pressing(7))
    assert (result.ended, result.steps) == (nf.Ended.INTERRUPTED, 7)
    line = capsys.readouterr().err
    assert line.count("\n") == 1 and line.startswith("minimize: interrupted at step 7 of 20; the best parameters")
    assert 'The program goes on after it; interrupt="raise" would end it here' in line
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_raises_at_the_end_with_the_result_where_the_caller_asks(listening):
    before = minimize(pressing(7)).params
    with pytest.raises(KeyboardInterrupt, match="interrupted at step 7 of 20") as caught:
        minimize(pressing(7), interrupt="raise")
    assert caught.value.result.steps == 7 and (caught.value.result.params == before).all()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert minimize(parabola, interrupt="raise").steps == 20


def test_another_word_for_interrupt_is_refused():
    with pytest.raises(ValueError, match="interrupt must be one of return, raise; got 'stop'"):
        fit(interrupt="stop")


SCRIPT = """
import signal, numpy, nfscratch as nf
signal.signal(signal.SIGINT, signal.default_int_handler)
x = numpy.random.default_rng(0).normal(size=(50, 1))
flow = nf.flows.real_nvp(1, layers=1, hidden=())
for _ in range(2):
    nf.fit(flow, x, rng=0, steps=9, validation=None, interrupt={how!r}, progress=False,
           callback=lambda e: signal.raise_signal(signal.SIGINT) if e.step == 0 else None)
    print("fitted")
"""


@pytest.mark.parametrize(("how", "fits"), [("return", 2), ("raise", 0)])
def test_a_script_of_several_fits_ends_where_it_is_asked_to(how, fits):
    done = subprocess.run([sys.executable, "-c", SCRIPT.format(how=how)], capture_output=True, text=True)
    assert done.stdout.count("fitted") == fits
    assert (done.returncode == 0) == (how == "return")
    assert done.stderr.count("interrupted at step 1 of 9") == (2 if how == "return" else 1)


class HostedSignals:
    """Python's `signal` under a host that handled SIGINT in C before Python began: None stands for its handler."""

    SIGINT = signal.SIGINT
    handler = None

    def getsignal(self, number):
        return self.handler

    def signal(self, number, handler):
        if handler is None:
            raise TypeError("signal handler must be signal.SIG_IGN, signal.SIG_DFL, or a callable object")
        previous, self.handler = self.handler, handler
        return previous


def test_a_handler_that_the_host_set_in_c_is_left_alone(monkeypatch):
    host = HostedSignals()
    monkeypatch.setattr(interrupts, "signal", host)
    assert minimize(parabola).ended is nf.Ended.ALL_STEPS
    assert host.handler is None


def test_a_main_thread_that_may_not_set_handlers_trains_all_the_same(monkeypatch):
    """That of a subinterpreter."""

    def refuse(*_):
        raise ValueError("signal only works in main thread of the main interpreter")

    monkeypatch.setattr(interrupts.signal, "signal", refuse)
    assert minimize(parabola).ended is nf.Ended.ALL_STEPS


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt, SystemExit])
def test_the_handler_is_put_back_where_the_loss_raises(error):
    def own(*_):
        pass

    def loss(p, rng):
        raise error

    inherited = signal.signal(signal.SIGINT, own)
    try:
        with pytest.raises(error):
            minimize(loss)
        assert signal.getsignal(signal.SIGINT) is own
    finally:
        signal.signal(signal.SIGINT, inherited)


def test_a_fit_inside_the_callback_of_a_fit_leaves_ctrl_c_to_the_outer_one(listening):
    """It is pressed after the inner fit has ended."""

    def callback(evaluation):
        minimize(parabola, steps=2)
        if evaluation.step == 0:
            signal.raise_signal(signal.SIGINT)

    assert minimize(parabola, callback=callback).ended is nf.Ended.INTERRUPTED
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


# --- BLAS ---


def blas_threads():
    return [lib["num_threads"] for lib in threadpoolctl.threadpool_info() if lib["user_api"] == "blas"]


@contextmanager
def two_threads():
    with threadpoolctl.threadpool_limits(2, user_api="blas"):
        blas._let_go(force=True)  # else only this thread may set them
        yield max(blas_threads(), default=1)
    blas._let_go(force=True)


@pytest.fixture(autouse=True)
def the_process_has_two_threads():
    with two_threads():
        yield


with two_threads() as most:
    needs_threads = pytest.mark.skipif(most < 2, reason="BLAS has one thread: no limit to see")


class Meeting:
    """Fits in threads that begin and end in a given order, each waiting for its turn in its first step."""

    def __init__(self, begin, end):
        self.turns = [("begin", k) for k in begin] + [("end", k) for k in end]
        self.moved, self.seen, self.errors = threading.Condition(), [], []
        self.all_ended = threading.Barrier(len(begin))  # a thread that set the limit lives until the last fit has ended

    def wait(self, what, k):
        with self.moved:
            assert self.moved.wait_for(lambda: self.turns[0] == (what, k), timeout=60)

    def done(self):
        with self.moved:
            self.turns.pop(0)
            self.moved.notify_all()

    def fit(self, k):
        try:
            self.wait("begin", k)
            minimize(lambda p, rng: self.meet(p, k), steps=1)
            self.done()
            self.all_ended.wait(timeout=60)
        except BaseException as error:
            self.errors.append(error)

    def meet(self, p, k):
        self.done()  # it has begun
        self.wait("end", k)
        self.seen.append(blas_threads())
        return parabola(p, None)

    def run(self):
        threads = [threading.Thread(target=self.fit, args=(k,)) for k in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not self.errors


@needs_threads
@pytest.mark.parametrize("end", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_overlapping_fits_leave_blas_as_it_was_and_keep_its_limit_to_their_end(end):
    before, meeting = blas_threads(), Meeting((0, 1, 2), end)
    meeting.run()
    assert blas_threads() == before and max(before) > 1
    assert len(meeting.seen) == 3 and all(set(seen) == {1} for seen in meeting.seen)


@needs_threads
def test_blas_is_as_it_was_where_the_loss_raises():
    before = blas_threads()
    with pytest.raises(ZeroDivisionError):
        minimize(lambda p, rng: 1 / 0)
    assert blas_threads() == before


@needs_threads
def test_a_limit_of_the_user_outlives_fits_and_can_be_set_again_after_them():
    before = blas_threads()
    with threadpoolctl.threadpool_limits(1, user_api="blas"):
        Meeting((0, 1, 2), (1, 2, 0)).run()
        minimize(parabola)
        assert set(blas_threads()) == {1}
    assert blas_threads() == before
    Meeting((0, 1, 2), (1, 2, 0)).run()
    with threadpoolctl.threadpool_limits(1, user_api="blas"):
        assert set(blas_threads()) == {1}
    assert blas_threads() == before


def threads_in_a_search():
    seen, calls = [], count()

    def value(y):
        if next(calls) % 25 == 0:  # to ask takes longer than to answer
            seen.extend(blas_threads())
        return -0.5 * onp.sum(onp.square(y), axis=1)

    rough_posterior(value, lambda y: (value(y), -y), 2, rng())
    return seen


def a_pair_that_notes_its_threads(seen):
    def shifted(a, by):
        seen.extend(blas_threads())
        return a + by, onp.zeros(len(a))

    return lambda z: shifted(z, 1.0), lambda x: shifted(x, -1.0)


@needs_threads
def test_an_audit_has_one_thread():
    before, seen = blas_threads(), []
    nf.check.audit(a_pair_that_notes_its_threads(seen), letters="SR", dims=(2,), show=False)
    assert set(seen) == {1} and blas_threads() == before


@needs_threads
@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")
def test_the_child_of_an_audit_has_one_thread():
    from nfscratch.check.repair.child import answered_by_child  # it loads scipy, which a test below needs unloaded

    with blas.ONE_THREAD:
        assert set(answered_by_child(blas_threads)) == {1}


@needs_threads
def test_the_search_for_a_posterior_has_one_thread():
    before = blas_threads()
    assert set(threads_in_a_search()) == {1} and blas_threads()[: len(before)] == before


@needs_threads
@pytest.mark.exhaustive
def test_the_blas_that_comes_with_the_search_has_one_thread_too():
    """In a new process, which has loaded no scipy."""
    code = "import sys, test_process as t; assert 'scipy' not in sys.modules; print(set(t.threads_in_a_search()))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, cwd=TESTS)
    assert run.stdout == "{1}\n", run.stderr


@pytest.mark.parametrize("asked", [False, True])
def test_a_large_product_has_more_threads_only_where_the_user_asks_for_them(asked, monkeypatch):
    for name in blas.VARIABLES:
        monkeypatch.delenv(name, raising=False)
    if asked:
        monkeypatch.setenv("OMP_NUM_THREADS", "2")
    wide = [{"W": onp.zeros((2**9, 2**9))}]
    assert blas.one_thread(wide, 2**7) is blas.ONE_THREAD
    assert (blas.one_thread(wide, 2**7 + 1) is blas.ONE_THREAD) is not asked


@needs_threads
@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_process_that_is_forked_in_a_fit_has_its_threads_and_its_parent_too():
    before, ours, said = blas_threads(), blas_threads, []

    def loss(p, rng):
        read, write = os.pipe()
        child = os.fork()
        if child == 0:  # the lock and the count of the parent's fit are not its own
            seen = [ours()]
            minimize(lambda p, rng: seen.append(ours()) or parabola(p, rng), steps=1, progress=False)
            os.write(write, json.dumps([*seen, ours()]).encode())
            os._exit(0)
        os.close(write)
        with os.fdopen(read) as pipe:
            said.extend(json.load(pipe))
        os.waitpid(child, 0)
        said.append(ours())
        return parabola(p, rng)

    minimize(loss, steps=1)
    at_first, in_fit, after, in_parent = said[0], said[1], said[-2], said[-1]
    assert at_first == after == blas_threads() == before
    assert set(in_fit) == set(in_parent) == {1}


def test_fits_in_threads_have_the_results_of_fits_alone():
    results = {}

    def run(seed):
        results[seed] = fit(seed=seed, validation=None)

    threads = [threading.Thread(target=run, args=(seed,)) for seed in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(results[seed].history == fit(seed=seed, validation=None).history for seed in range(3))
    assert rng(0).random() == rng(0).random()
