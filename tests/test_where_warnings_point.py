"""A warning names the line of the caller, and not one of the package, by whichever way it came to be said."""

import functools
import warnings
from contextlib import contextmanager

import numpy as onp
import pytest

import nfscratch as nf
from nfscratch import outside
from nfscratch.training import discrete


def rng(seed=0):
    return onp.random.default_rng(seed)


X = rng().normal(size=(60, 2))
FAR = onp.where(onp.arange(5000)[:, None] == 3, -9999.0, rng().normal(size=(5000, 2)))
CONSTANT = onp.stack([X[:, 0], onp.ones(60)], axis=1)
GIVEN = onp.stack([X[:, 0], 2.0 * X[:, 0]], axis=1)
LEVELS = onp.stack([X[:, 0], rng(1).integers(0, 4, size=60)], axis=1)
BLACK = rng().integers(0, 2, size=(20, 1, 4, 4))
FLOW, GLOW = nf.flows.real_nvp(2, layers=1, hidden=(4,)), nf.flows.glow((1, 4, 4), 1, 1, 4)
LOG = nf.Inverse(nf.Exp())


def fit(flow, x, **options):
    return nf.fit(flow, x, rng=0, **{"steps": 1, "progress": False, "validation": None, **options})


def fit_in_float32():
    nf.use(dtype="float32")
    FLOW.init(0, X + 3e5)


WAYS = {
    "far rows, of a layer": lambda: nf.Standardize(2).init(rng(), FAR),
    "far rows, of another": lambda: nf.ActNorm(2).init(rng(), FAR),
    "far rows, of a chain": lambda: nf.Chain([nf.ActNorm(2)]).init(rng(), FAR),
    "far rows, of a flow": lambda: FLOW.init(0, FAR),
    "far rows, of a fit": lambda: fit(FLOW, FAR),
    "a constant, of a layer": lambda: nf.Standardize(2).init(rng(), CONSTANT),
    "a constant, of a flow": lambda: FLOW.init(0, CONSTANT),
    "a column that others give": lambda: fit(FLOW, GIVEN),
    "the same, of a layer": lambda: nf.Whiten(2).init(rng(), GIVEN),
    "copies": lambda: fit(FLOW, onp.concatenate([X, X[:5]]), validation=0.2),
    "few rows": lambda: fit(FLOW, X[:4], validation=0.1),
    "levels": lambda: fit(FLOW, LEVELS),
    "levels, asked for": lambda: discrete.warn_of_columns(LEVELS),
    "digits": fit_in_float32,
    "dark pixels, of a flow": lambda: GLOW.init(0, BLACK),
    "dark pixels, of a fit": lambda: fit(GLOW, BLACK),
    "a base that draws too much": lambda: nf.Flow(nf.StandardNormal(2), nf.Elementwise(LOG, 2)),
}


@pytest.mark.parametrize("name", WAYS)
def test_a_warning_points_at_the_line_that_led_to_it(name):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        WAYS[name]()
    nf.use(dtype="float64")
    assert caught and {w.filename for w in caught} == {__file__}


def test_what_lies_between_may_be_a_context_or_a_wrapper_and_the_category_is_kept():
    class OfMine(UserWarning):
        pass

    space = {
        "__name__": "nfscratch.somewhere",
        "contextmanager": contextmanager,
        "functools": functools,
        "outside": outside,
    }
    source = """
def tell(*words):
    outside.warn(*words)

@contextmanager
def looking(warn):
    warn()
    yield

@functools.cache
def look(warn):
    with looking(warn):
        return 3
"""
    exec(compile(source, "nfscratch/somewhere.py", "exec"), space)
    for category in (UserWarning, OfMine):
        with pytest.warns(category, match="so it is") as caught:
            assert space["look"](functools.partial(space["tell"], "so it is", category)) == 3
        assert caught[0].filename == __file__ and caught[0].category is category
    with pytest.warns(UserWarning, match="alone"):
        outside.warn("alone")
