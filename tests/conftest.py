"""What the asserts of the support modules say where they fail: as much as those of a test. Ctrl-C as tests need it.
No test leaves its backend or dtype to the next one, and none has less time for an audit on a slow or busy machine.
Where several workers run, each has one BLAS thread.
While tests are collected, Python does not search for garbage; in a first run the workers share the files to compile.
"""

import gc
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

import pytest
import threadpoolctl

from nfscratch import backend, blas
from nfscratch.check import time_limit
from nfscratch.check.repair import child, search

pytest.register_assert_rewrite("comparing", "interrupted", "laws", "refusals", "trained")

if sys.dont_write_bytecode:  # else each worker, and each process that a test starts, compiles all of it anew
    sys.dont_write_bytecode = False
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

if "PYTEST_XDIST_WORKER" in os.environ:  # workers share the cores: BLAS threads of one would wait for the other
    threadpoolctl.threadpool_limits(1, user_api="blas")
    blas._let_go(force=True)

gc.disable()  # tests and trees of their code stay: to look through all of them again and again took 2 to 7 s a worker


def pytest_collection_finish():
    gc.collect()
    gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    """Each worker of n begins to compile at another nth of the files; then it finds the others' bytecode."""
    report = yield
    asked = [Path(str(arg).split("::")[0]).resolve() for arg in collector.config.args]
    if isinstance(collector, pytest.Dir) and report.passed and collector.path in asked:  # the folder, not a file in it
        modules = [each for each in report.result if isinstance(each, pytest.Module)]
        of_worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
        first = int(of_worker) * len(modules) // int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
        for module in modules[first:] if first else ():
            with suppress(Exception, pytest.skip.Exception):  # it is told where the module's turn comes
                module.obj  # noqa: B018 (imports it)
    return report


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell starts background jobs so, and tests raise the signal
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def the_next_test_meets_the_same_backend_and_dtype():
    before = backend.prototype(), backend.default_dtype()
    yield
    after = backend.prototype(), backend.default_dtype()
    backend.use_arrays_like(before[0], before[1])
    assert after[0] is before[0] or type(after[0]) is type(before[0]), f"the test left {type(after[0])} in use"
    assert after[1] == before[1], f"the test left nf.use(dtype={after[1].name!r})"


LIMITS = (
    (time_limit, "SECONDS"),
    (search, "LONGEST"),
    (search, "PATIENCE"),
    (child, "SECONDS"),
    (child, "PATIENCE"),
)  # of processor time, which a neighbour slows, and of the clock


@pytest.fixture(autouse=True)
def an_audit_has_time_on_a_slow_machine():
    with pytest.MonkeyPatch.context() as patch:  # of its own: what a test patches is undone before the look above
        for module, name in LIMITS:
            patch.setattr(module, name, 3 * getattr(module, name))
        yield
