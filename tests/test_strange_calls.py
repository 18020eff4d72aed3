"""What a stranger's functions raise, and set for all code: no audit ends by it, and the words say what it was."""

import asyncio
import signal
import warnings

import numpy as np
import pytest

import nfscratch as nf
from nfscratch.check.diagnosis.mistakes import Mistake
from nfscratch.check.guarded import Escaped, guarded, said, shown, watched
from nfscratch.check.report import Report

LOG2 = np.log(2)


def double(z):
    return 2 * z, np.full(len(z), z.shape[1] * LOG2)


def halve(x):
    return x / 2, np.full(len(x), -x.shape[1] * LOG2)


def audited(forward=double, inverse=halve, **options) -> Report:
    return nf.check.audit(
        (forward, inverse), show=False, **{"dims": (2,), "changes": False, "letters": "SPIRXJ", **options}
    )


class Wordless(Exception):
    def __str__(self):
        raise RuntimeError("no words")


class Unshown:
    def __repr__(self):
        raise RuntimeError("no repr")

    def __call__(self, z):
        return double(z)


class Many:
    """It compares as an array does, with several answers, and is true or false in no case."""

    __hash__ = None

    def __eq__(self, other):
        return np.array([True, False])

    def __bool__(self):
        raise RuntimeError("neither")

    def __call__(self, z):
        return double(z)


def raising(error, when=lambda z: True):
    def forward(z):
        if when(z):
            raise error
        return double(z)

    return forward


OWN = [SystemExit(3), KeyboardInterrupt(), GeneratorExit(), asyncio.CancelledError(), Wordless(), StopIteration()]
WHEN = {
    "everywhere": lambda z: True, "far out": lambda z: len(z) and np.abs(z).max() > 50, "alone": lambda z: len(z) == 1,
    "of no rows": lambda z: len(z) == 0,
}  # fmt: skip


@pytest.mark.parametrize("when", WHEN)
@pytest.mark.parametrize("error", OWN, ids=lambda error: type(error).__name__)
def test_whatever_a_function_raises_is_a_finding_with_its_kind(error, when):
    message = audited(raising(error, WHEN[when]), letters="SIREO").failures[0].message
    assert type(error).__name__ in message


def test_what_is_raised_is_told_with_its_line():
    message = audited(raising(ValueError("must be positive"))).failures[0].message
    assert "ValueError: must be positive, in line " in message and "of test_strange_calls.py" in message
    assert "off by inf" not in message


def test_control_c_ends_an_audit():
    def forward(z):
        signal.raise_signal(signal.SIGINT)
        return double(z)

    with pytest.raises(KeyboardInterrupt):
        audited(forward)


@pytest.mark.parametrize("subject", [Unshown(), Many()], ids=["no repr", "compares as an array"])
def test_an_object_that_cannot_be_shown_or_compared_is_audited(subject):
    assert audited(subject).ok
    assert audited(subject, lambda x: (x / 3, halve(x)[1])).failures[0].letter == "R"


@pytest.mark.parametrize(
    "name", ["dtype", "structure", "smooth", "accuracy", "domain", "codomain", "dims", "draws", "radii", "letters"]
)
@pytest.mark.parametrize("value", [Unshown(), Many(), np.ones((2, 2))], ids=["no repr", "many", "array"])
def test_an_argument_of_any_kind_is_refused_in_words(name, value):
    with pytest.raises((TypeError, ValueError)) as caught:
        audited(**{name: value})
    assert "truth value" not in str(caught.value)


@pytest.mark.parametrize("error", [SystemExit(1), RuntimeError("no"), Wordless(), KeyError("a")])
def test_a_factory_that_raises_is_refused_with_what_it_raises(error):
    with pytest.raises(TypeError, match=f"got one that raises {type(error).__name__} at D = 2"):
        nf.check.audit(raising(error), dims=(2,), show=False)


def test_an_object_that_cannot_even_be_looked_at_is_refused():
    class Closed:
        def __getattr__(self, name):
            raise RuntimeError(f"no {name}")

    with pytest.raises(TypeError, match="one of them raises RuntimeError: no forward"):
        nf.check.audit(Closed(), dims=(2,), show=False)


def endless(z):
    while True:
        yield z


async def later(z):
    return double(z)


@pytest.mark.parametrize("forward, words", [
    (endless, "forward must return two values, x and log_det; got 10 values"),
    (later, "got a coroutine: an async function cannot be audited"),
    (lambda z: (z.astype("M8[s]"), double(z)[1]), "x must be (24, 2) float64, finite; got (24, 2) datetime64[s]"),
    (lambda z: (z.astype(str), double(z)[1]), "x must be (24, 2) float64, finite; got (24, 2) <U"),
])  # fmt: skip
def test_a_strange_result_is_told_in_words(forward, words):
    assert words in audited(forward).failures[0].message


# --- what is set for all code ---


def seeded(z):
    np.random.seed(0)
    return double(z)


def strict(z):
    np.seterr(all="raise")
    return double(z)


@pytest.mark.parametrize("forward", [seeded, strict])
def test_a_function_that_sets_a_state_of_all_code_fails_p(forward):
    before = np.geterr(), np.random.get_state()[1].copy()
    assert audited(forward).failures[0].mistake is Mistake.SETTINGS_CHANGED
    assert np.geterr() == before[0] and (np.random.get_state()[1] == before[1]).all()


def test_a_generator_of_its_own_is_no_such_state():
    def forward(z):
        return z + np.random.RandomState(0).normal(size=z.shape[1]), np.zeros(len(z))

    def inverse(x):
        return x - np.random.RandomState(0).normal(size=x.shape[1]), np.zeros(len(x))

    assert audited(forward, inverse).ok


def test_a_function_that_makes_warnings_errors_does_so_for_itself_alone():
    def forward(z):
        warnings.simplefilter("error")
        return double(z)

    assert audited(forward).ok


def test_noise_of_the_global_generator_is_another_output():
    failure = audited(lambda z: (2 * z + np.random.normal(size=z.shape), double(z)[1]), letters="P").failures[0]
    assert failure.mistake is Mistake.ANOTHER_OUTPUT


def test_a_result_that_a_later_call_writes_into_fails_p():
    room = np.empty((10**5, 2))

    def forward(z):
        np.multiply(z, 2, out=room[: len(z)])
        return room[: len(z)], double(z)[1]

    assert audited(forward).failures[0].mistake is Mistake.OVERWRITTEN
    assert audited(lambda z: (z, np.zeros(len(z))), lambda x: (x, np.zeros(len(x)))).ok  # its argument is no such room


# --- the guard ---


def test_the_guard_sets_back_what_a_function_sets_for_all_code():
    def forward(z):
        np.seterr(all="raise")
        warnings.simplefilter("error")

    with np.errstate(all="ignore"), warnings.catch_warnings():
        before, filters = np.geterr(), list(warnings.filters)
        guarded(forward)(1)
        assert np.geterr() == before and list(warnings.filters) == filters


def test_the_guard_lets_exceptions_be_and_wraps_what_no_except_catches():
    with pytest.raises(ValueError):
        guarded(raising(ValueError()))(1)
    with pytest.raises(Escaped) as caught:
        guarded(raising(SystemExit(3)))(1)
    assert said(caught.value) == "SystemExit: 3" and said(KeyError()) == "KeyError"
    assert said(Wordless()) == "Wordless: (str() of it raises RuntimeError)"
    assert shown(Unshown()) == "an object of Unshown, whose repr() raises" and shown("a") == "'a'"


def test_the_guard_collects_settings_only_where_it_is_watched():
    state = np.random.get_state()
    try:
        with watched() as seen:
            guarded(seeded)(np.ones((2, 2)))
            guarded(strict)(np.ones((2, 2)))
        assert seen == {"np.random", "np.seterr"}
    finally:
        np.random.set_state(state)
