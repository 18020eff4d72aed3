"""What a stranger passes to the audit: no crash, and words that say what is wrong."""

import functools
import warnings

import numpy as np
import pytest

import nfscratch as nf


def double(z):
    return 2 * z, np.full(len(z), z.shape[1] * np.log(2))


def halve(x):
    return x / 2, np.full(len(x), -x.shape[1] * np.log(2))


def scaled(k, z):
    return k * z, np.full(len(z), z.shape[1] * np.log(k))


class Scale:
    def __init__(self, k=2.0):
        self.k = k

    def forward(self, z):
        return scaled(self.k, z)

    def inverse(self, x):
        return scaled(1 / self.k, x)


class Callable:
    def __call__(self, z):
        return double(z)


def audited(pair, **options):
    return nf.check.audit(pair, show=False, **{"dims": (2,), "letters": "SPIRXJT", **options})


INTERACTIVE: dict = {"np": np}
exec("def f(z):\n    return 3 * z, np.full(len(z), z.shape[1] * np.log(3.0))", INTERACTIVE)
exec("def g(x):\n    return x / 3, np.full(len(x), -x.shape[1] * np.log(3.0))", INTERACTIVE)
exec("def wrong(x):\n    return x / 3 + 1, np.full(len(x), -x.shape[1] * np.log(3.0))", INTERACTIVE)


@pytest.mark.parametrize("pair", [
    (functools.partial(scaled, 3.0), functools.partial(scaled, 1 / 3.0)), (Scale().forward, Scale().inverse),
    (Callable(), halve), (INTERACTIVE["f"], INTERACTIVE["g"]), [double, halve], (lambda z: iter(double(z)), halve),
    (lambda z: list(double(z)), halve),
], ids=["partial", "methods", "an object that is called", "a session", "a list", "an iterator", "lists"])  # fmt: skip
def test_a_pair_of_any_callables_is_audited(pair):
    assert audited(pair).ok


@pytest.mark.parametrize("pair", [
    (functools.partial(scaled, 3.0), functools.partial(scaled, 0.5)), (Scale(3.0).forward, Scale(2.0).inverse),
    (INTERACTIVE["f"], INTERACTIVE["wrong"]),
])  # fmt: skip
def test_a_mistake_in_any_callable_is_named(pair):
    assert audited(pair).failures[0].mistake is not None


def context_wanted(z, context):
    return double(z + context)


@pytest.mark.parametrize("forward, words", [
    (lambda z: 2 * z, "forward must return two values, x and log_det; got ndarray of shape (24, 2)"),
    (lambda z: None, "forward must return two values, x and log_det; got NoneType"),
    (lambda z: (*double(z), 1), "forward must return two values, x and log_det; got 3 values"),
    (lambda z: {"x": z, "log_det": 0}, "forward must return two values, x and log_det; got dict"),
    (np.exp, "forward must return two values, x and log_det; got ndarray"),
    (abs, "forward must return two values, x and log_det; got ndarray"),
    (Scale, "forward must return two values, x and log_det; got Scale"),
    (context_wanted, "missing 1 required positional argument: 'context'"),
    (lambda: 1, "takes 0 positional arguments but 1 was given"),
    (lambda z: (double(z)[0], "log_det"), "log_det forward must be (24,) float64, finite; got () str"),
    (lambda z: (z[:, 0], double(z)[1]), "x must be (24, 2) float64, finite; got (24,) float64"),
    (lambda z: (z + 0j, double(z)[1]), "x must be (24, 2) float64, finite; got (24, 2) complex128"),
    (lambda z: (z.astype(object), double(z)[1]), "x must be (24, 2) float64, finite; got (24, 2) object"),
])  # fmt: skip
def test_a_wrong_result_is_told_in_words(forward, words):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert words in audited((forward, halve), changes=False).failures[0].message


@pytest.mark.exhaustive
def test_a_wrong_result_stands_in_the_way_of_no_search_for_a_change():
    def forward(z):
        return z[:, 0], double(z)[1]

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "x must be (24, 2) float64, finite; got (24,) float64" in audited((forward, halve)).failures[0].message


def test_a_sample_that_is_no_array_is_told_in_words():
    message = audited((double, halve), sample=lambda rng, n: None, letters="P").failures[0].message
    assert "sample must return an array of numbers; got NoneType" in message


def test_a_log_prob_that_is_no_array_is_not_called_a_mean():
    failure = audited((double, halve), log_prob=lambda x: None, letters="S").failures[0]
    assert failure.name == "log_prob: shape or dtype"


@pytest.mark.parametrize("subject, words", [
    (Scale(), "pass (made.forward, made.inverse) of an object made"),
    (Scale, "pass (made.forward, made.inverse) of an object made"),
    (double, "a function of points, a pair; got one that raises TypeError at D = 2"),
    (lambda dim: (double, halve), "the factory must return a Bijection or a Flow; got tuple at D = 2"),
    ((double,), "an audit takes a Bijection, a Flow, a factory, a pair of functions"),
    ((double, None), "an audit takes a Bijection, a Flow, a factory, a pair of functions"),
    ([(double, halve), (double,)], "an audit takes a Bijection, a Flow, a factory, a pair of functions"),
    ({"forward": double}, "an audit takes a Bijection, a Flow, a factory, a pair of functions"),
])  # fmt: skip
def test_what_is_no_map_is_refused_in_words(subject, words):
    with pytest.raises(TypeError) as caught:
        audited(subject)
    assert words in str(caught.value)


@pytest.mark.parametrize("dims", [(0,), 3, "2", (2.5,), (), None, (True,), ("2",), (-1,), {2}, range(1, 3)])
def test_dims_that_are_none_are_refused_in_words(dims):
    with pytest.raises(ValueError, match="dims must be a tuple of positive integers or shapes"):
        audited((double, halve), dims=dims)


def test_params_of_another_tree_are_refused_in_words():
    with pytest.raises(ValueError, match="params must be a tree of the ActNorm's own"):
        nf.check.audit(nf.ActNorm(2), {"a": np.zeros(3)}, show=False)


def test_what_a_map_warns_of_stays_within_the_audit():
    def warning(z):
        warnings.warn("far out", RuntimeWarning, stacklevel=1)
        return double(z)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert audited((warning, halve)).ok
