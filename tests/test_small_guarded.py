"""How a stranger's function is called: what it is, what it raises, and what it sets for all code."""

import signal
import warnings

import numpy as onp
import pytest

from nfscratch.check import guarded, time_limit
from nfscratch.check.guarded import Escaped, watched


class Odd:
    """An object that does not let its attributes be looked at."""

    __dict__ = property(lambda self: 1 / 0)
    __name__ = property(lambda self: 1 / 0)

    def __call__(self, a, b):
        return a - b


def test_an_object_is_called_whatever_its_attributes_are_and_none_of_them_is_copied():
    assert guarded.guarded(Odd())(5, 3) == 2

    def named(a):
        return a

    named.own = "mine"
    call = guarded.guarded(named)
    assert call.__wrapped__ is named and not hasattr(call, "own") and call.__name__ != "named"


class Own(BaseException):
    """No Exception."""


def raised(error):
    def raises():
        raise error

    try:
        guarded.guarded(raises)()
    except BaseException as found:
        return found


def test_an_exception_passes_as_it_is_and_what_no_except_exception_catches_is_escaped():
    for error in (ValueError("a"), KeyError(), time_limit.OutOfTime(), time_limit.Passing()):
        assert raised(error) is error
    for error, words in ((SystemExit("bye"), "bye"), (Own("x"), "x"), (KeyboardInterrupt("by hand"), "by hand")):
        found = raised(error)
        assert type(found) is Escaped and (found.kind, found.__cause__) == (type(error), error)
        assert str(found) == words and guarded.origin_of(found) is error


class Mute(BaseException):
    def __str__(self):
        raise KeyError


def test_what_is_escaped_says_that_its_exception_has_no_words():
    assert str(raised(Mute())) == "(str() of it raises KeyError)"


def test_ctrl_c_ends_the_audit():
    """It comes while a function runs, and no statement of its own raises it."""
    with pytest.raises(KeyboardInterrupt):
        guarded.guarded(lambda: signal.raise_signal(signal.SIGINT))()


def test_the_clock_is_looked_at_before_each_call(monkeypatch):
    looked = []
    monkeypatch.setattr(guarded, "look_at_clock", lambda: looked.append("clock"))
    guarded.guarded(lambda: looked.append("call"))()
    assert looked == ["clock", "call"]


def sets(**options):
    def call():
        onp.seterr(**options)

    return guarded.guarded(call)


def test_what_is_set_for_all_code_is_set_back_and_told_while_it_is_watched():
    before = onp.geterr()
    with watched() as seen:
        sets(divide="raise" if before["divide"] != "raise" else "ignore")()
        assert onp.geterr() == before and seen == {"np.seterr"}
        guarded.guarded(onp.random.random_sample)()
        assert seen == {"np.seterr", "np.random"}
    with watched() as other:
        guarded.guarded(lambda: 1)()
        sets(**before)()
    assert other == set()


def test_a_watch_ends_with_its_block_and_the_one_around_it_goes_on():
    with watched() as outer:
        with watched() as inner:
            guarded.guarded(onp.random.random_sample)()
        assert (inner, outer) == ({"np.random"}, set()) and guarded._WATCH.get() is outer
        with pytest.raises(KeyError), watched():
            raise KeyError
        assert guarded._WATCH.get() is outer
    assert guarded._WATCH.get() is None
    guarded.guarded(onp.random.random_sample)()
    assert outer == set()


def test_what_raises_has_its_settings_told_and_set_back_too():
    def fails():
        onp.seterr(all="raise")
        warnings.simplefilter("always")
        raise ValueError

    filters, before = list(warnings.filters), onp.geterr()
    with onp.errstate(all="ignore"), watched() as seen, pytest.raises(ValueError):
        guarded.guarded(fails)()
    assert seen == {"np.seterr"} and onp.geterr() == before and warnings.filters == filters


def test_a_seed_that_was_set_before_and_is_set_again_makes_a_difference():
    onp.random.seed(7)
    with watched() as seen:
        guarded.guarded(lambda: onp.random.seed(7))()
    assert seen == {"np.random"}
