"""Bad arguments: parts that cannot be built, calls that make no sense; each names the requirement and what came."""

import os
import subprocess
import sys

import numpy as onp
import pytest
from refusals import FLOW, INF, NAN, PARAMS, X, refused, rng

import nfscratch as nf
from nfscratch import chapter

# --- construction ---


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        ((True, True), "must leave at least one variable to change; got 2 kept of 2"),
        ((), "must leave at least one variable to change; got 0 kept of 0"),
        ((0, 2, 1), r"must hold booleans in the shape of the event, such as half_mask\(4\) .*; got \(0, 2, 1\)"),
        (((True, False), (True,)), "must hold booleans in the shape of the event"),
        (("yes", "no"), "must hold booleans in the shape of the event"),
        ((0.5, 0.0), "must hold booleans in the shape of the event"),
        (True, "must hold booleans in the shape of the event"),
    ],
)
def test_a_mask_that_is_none_is_refused(mask, message):
    refused(ValueError, "mask " + message, nf.Coupling, nf.Affine(), mask)


@pytest.mark.parametrize("wrong", [3, None, nf.Affine, nf.MLP(), nf.Reverse(2)])
def test_a_transformer_that_is_none_is_refused(wrong):
    message = r"transformer must be a Transformer, such as nf\.Affine\(\); got "
    refused(TypeError, message, nf.Coupling, wrong, (True, False))
    refused(TypeError, message, nf.Elementwise, wrong, 2)
    refused(TypeError, message, nf.Autoregressive, wrong, 2)


def test_a_mask_of_the_wrong_length_shows_where_the_layer_stands():
    short = nf.Coupling(nf.Affine(), nf.half_mask(2))
    refused(
        ValueError,
        r"must fit: layer 1 of 2 \(Permutation\) gives shape \(3,\), layer 2 of 2 \(Coupling\) takes \(2,\)",
        nf.Chain,
        [nf.Reverse(3), short],
    )
    refused(ValueError, r"must agree on the shape of z; got \(3,\) and \(2,\)", nf.Flow, nf.StandardNormal(3), short)


def test_chains_that_cannot_be():
    refused(ValueError, "Chain needs at least one layer; got none", nf.Chain, [])
    layers = [nf.Coupling(nf.Shift(), nf.half_mask(2), context_dim=c) for c in (2, 0, 3)]
    refused(ValueError, r"must take the same context; got context_dim \[2, 3\]", nf.Chain, layers)


@pytest.mark.parametrize("order", [(0, 0, 1), (1, 2, 3), (0.5, 1.0), ((0, 1),), 3, (-1, 0)])
def test_an_order_that_is_no_permutation_is_refused(order):
    refused(ValueError, r"order must hold each of 0 \.\.\. D - 1 once; got", nf.Permutation, order)


@pytest.mark.parametrize("hidden", [0, 64, (0,), (8, -1), (8.0,), ("8",), None])
def test_widths_that_are_none_are_refused(hidden):
    message = "hidden must be a sequence of widths, each a positive integer; got"
    refused(ValueError, message, nf.MLP, hidden)
    refused(ValueError, message, nf.flows.real_nvp, 2, hidden=hidden)


@pytest.mark.parametrize("value", [-1.0, 0.0, NAN, INF])
def test_a_bound_that_bounds_nothing_is_refused(value):
    refused(ValueError, "max_log_scale must be positive and finite; got", nf.Affine, value)
    refused(ValueError, "max_log_scale must be positive and finite; got", nf.flows.gin, 2, max_log_scale=value)


CONSTRUCTIONS = {
    "activation": (
        lambda: nf.MLP((8,), "sine"),
        "activation must be one of relu, tanh, elu, gelu, silu, lipswish; got 'sine'",
    ),
    "dim": (lambda: nf.flows.nice(0), "dim must be an integer of at least 1; got 0"),
    "layers": (lambda: nf.flows.nice(2, layers=1.5), "layers must be an integer of at least 1; got 1.5"),
    "reshape": (lambda: nf.Reshape((4,), (2, 3)), "Reshape must keep the count of numbers"),
    "components": (lambda: nf.GaussianMixture(2, 0), "components must be an integer of at least 1; got 0"),
    "no heads": (lambda: nf.Heads(()), "Heads needs at least one network; got none"),
    "heads": (lambda: nf.Heads((nf.MLP(),) * 2).init(rng(), 2, 3), "got 2 networks for 3 outputs"),
    "reshape of bytes": (lambda: nf.Reshape((2,), b"ab"), "to_shape of Reshape takes a shape"),
    "hidden of bytes": (
        lambda: nf.MLP(b"ab"),
        "hidden must be a sequence of widths, each a positive integer; got b'ab'",
    ),
    "hidden in no order": (lambda: nf.MADE({8}), "hidden must be a sequence of widths"),
    "a dict of kernels": (
        lambda: nf.ConvNet(kernels={1: 1, 3: 3, 5: 5}),
        "kernels must be an odd number, or 3 of them",
    ),
    "widths of bytes": (lambda: nf.DeepDenseSigmoid(b"a"), "widths must be a sequence of widths"),
    "shape of bytes": (lambda: nf.StandardNormal(b"a"), r"takes a shape D, \(D,\) or \(C, H, W\); got b'a'"),
    "bound": (lambda: nf.RationalQuadraticSpline(bound=1e308), "bound must be at most 1e18; got 1e[+]308"),
    "bound of UMNN": (lambda: nf.UMNN(bound=1e200), "bound must be at most 1e18; got 1e[+]200"),
    "circular": (lambda: nf.CubicSpline(circular=7), "circular must be True or False; got 7"),
    "seed of c2st": (lambda: nf.evaluate.c2st(X, X, seed=2**32), "seed must be at most 4294967295; got 4294967296"),
    "progress": (lambda: nf.fit(FLOW, X, rng=0, steps=1, progress="no"), "progress must be True or False; got 'no'"),
    "rate": (lambda: nf.adam(0.0), "rate must be positive and finite; got 0.0"),
    "rate that is NaN": (lambda: nf.adam(NAN), "rate must be positive and finite; got nan"),
    "b1": (lambda: nf.adam(b1=1.0), r"b1 and b2 must be in \[0, 1\); got 1.0 and 0.999"),
    "weight_decay": (lambda: nf.adam(weight_decay=-1.0), "weight_decay must be at least 0 and finite; got -1.0"),
    "backend": (lambda: nf.use("torch"), "backend must be one of numpy, cupy; got 'torch'"),
    "dtype": (lambda: nf.use(dtype="float16"), "dtype must be one of float64, float32; got 'float16'"),
    "no dtype at all": (lambda: nf.use(dtype="real"), "dtype must be one of float64, float32; got 'real'"),
    "data set": (lambda: nf.data.load("digit"), "no data set called 'digit'; there are: .*did you mean 'digits'"),
    "chapter": (lambda: chapter.find("nosuch"), "no chapter called 'nosuch'; there are: "),
}


def test_what_came_is_shown_in_one_line_of_80_characters():
    refused(ValueError, r"layers must be an integer of at least 1; got array.{71} \.\.\.$", nf.flows.nice, 2, layers=X)


def test_a_callback_that_is_no_function_is_refused_by_its_name():
    log_p = lambda theta: -(theta**2).sum(axis=1)  # noqa: E731
    message = "callback must be a function of an Evaluation; got 'a'"
    refused(TypeError, message, nf.fit_posterior, log_p, 2, rng=0, callback="a")


@pytest.mark.parametrize("name", CONSTRUCTIONS)
def test_a_wrong_argument_is_refused_with_what_there_is(name):
    call, message = CONSTRUCTIONS[name]
    refused(ValueError, message, call)


# --- calls ---


@pytest.mark.parametrize("n", [-1, 2.0, True, "3", None])
def test_a_number_of_samples_is_a_whole_number(n):
    for draw in (FLOW.sample, FLOW.sample_and_log_prob):
        refused(ValueError, f"n must be an integer of at least 0; got {n!r}", draw, PARAMS, rng(), n)


@pytest.mark.parametrize("not_rng", [-1, 1.5, True, None, onp.random, onp.random.RandomState(0)])
def test_randomness_is_a_generator_or_a_seed(not_rng):
    message = "rng must be a numpy.random.Generator, such as numpy.random.default_rng"
    for call in (lambda: FLOW.sample(PARAMS, not_rng, 2), lambda: FLOW.init(not_rng, X)):
        refused(TypeError, message, call)


@pytest.mark.parametrize("seed", [0, onp.int64(0)])
def test_a_seed_stands_for_the_generator_that_it_makes(seed):
    for draw in (FLOW.sample, FLOW.sample_and_log_prob):
        onp.testing.assert_array_equal(draw(PARAMS, seed, 3)[0], draw(PARAMS, onp.random.default_rng(0), 3)[0])
    made = (nf.trees.leaves(FLOW.init(given, X)) for given in (seed, onp.random.default_rng(0)))
    assert all((a == b).all() for a, b in zip(*made, strict=True))


@pytest.mark.parametrize(
    "options",
    [
        *({"eps": value} for value in (-1, 0, onp.nan, onp.inf, "a")),
        *({"weight_decay": value} for value in (-1, onp.inf, onp.nan, None)),
        *({"rate": value} for value in (0, -1, onp.nan, True, "a", None)),
        *({"b1": value} for value in (1, -0.1, onp.nan, "x")),
    ],
)
def test_a_setting_of_adam_is_a_finite_number_in_its_range(options):
    with pytest.raises(ValueError, match="|".join((*options, "b1 and b2")) + " must be"):
        nf.adam(**options)


@pytest.mark.parametrize("clip", ["a", True, 0, -1, onp.nan, onp.inf, [1], onp.ones(2)])
def test_clip_is_a_positive_number(clip):
    refused(ValueError, "clip must be positive and finite", lambda: nf.fit(FLOW, X, rng=0, clip=clip))


@pytest.mark.parametrize("flow", [None, nf.ActNorm(2), nf.Flow, "maf", nf.flows.maf])
def test_fit_takes_a_flow_and_says_what_came(flow):
    refused(TypeError, r"flow must be a Flow, such as nf.flows.maf\(2\); got ", lambda: nf.fit(flow, X, rng=0))


def test_the_class_of_an_optimizer_is_no_optimizer():
    refused(TypeError, "optimizer must have a step method", lambda: nf.fit(FLOW, X, rng=0, optimizer=nf.Adam))


def test_rows_of_several_lengths_are_named():
    ragged = [[1.0, 2.0], [3.0]]
    for call in (lambda: nf.fit(FLOW, ragged, rng=0), lambda: FLOW.log_prob(PARAMS, ragged)):
        refused(TypeError, "x must have rows of one length; got a list of rows of several", call)


def test_parameters_to_start_a_fit_from_are_those_of_the_flow_and_none_for_each_row():
    """`log_prob` takes parameters for each row; a fit of them could not be saved."""
    one_more_axis = nf.trees.map_leaves(lambda leaf: leaf[None], PARAMS)
    refused(
        ValueError, r"must have shape \(.*\); got shape \(1, ", lambda: nf.fit(FLOW, X, rng=0, params=one_more_axis)
    )


@pytest.mark.parametrize(
    "h", [nf.LeakyReLU(), nf.Exp(), nf.Softplus(), nf.Sigmoid(), nf.Tanh(), nf.Inverse(nf.Exp()), nf.Inverse(nf.Tanh())]
)
def test_a_coupling_moves_its_variables_by_parameters(h):
    refused(ValueError, "transformer must have parameters, .*nf.Elementwise", lambda: nf.Coupling(h, (True, False)))


@pytest.mark.parametrize("not_rng", [-1, 0.0, True, "0", None, onp.random, onp.random.RandomState(0)])
def test_randomness_of_a_run_is_a_generator_or_a_seed(not_rng):
    message = r"rng must be a numpy.random.Generator, such as numpy.random.default_rng\(0\), or an integer seed"
    for call in (
        lambda: nf.fit(FLOW, X, rng=not_rng),
        lambda: nf.minimize(lambda p, rng: (p * p).sum(), onp.ones(2), rng=not_rng),
    ):
        refused(TypeError, message, call)


FIT = [
    ({"steps": 0}, "steps must be an integer of at least 1; got 0"),
    ({"steps": 1.5}, "steps must be an integer of at least 1; got 1.5"),
    ({"batch_size": 0}, "batch_size must be an integer of at least 1; got 0"),
    ({"batch_size": True}, "batch_size must be an integer of at least 1; got True"),
    ({"evaluate_every": 0}, "evaluate_every must be an integer of at least 1; got 0"),
    ({"patience": 0}, "patience must be an integer of at least 1; got 0"),
    ({"patience": 3, "validation": None}, "patience needs something to evaluate on"),
    ({"clip": 0.0}, "clip must be positive and finite; got 0.0"),
    ({"clip": NAN}, "clip must be positive and finite; got nan"),
    ({"validation": -0.1}, "validation must leave rows on both sides; got -0.1 of 20 rows"),
    ({"validation": 1.0}, "validation must leave rows on both sides; got 1.0 of 20 rows"),
    ({"validation": 1.5}, "validation must leave rows on both sides; got 1.5 of 20 rows"),
    ({"validation": 0.01}, "validation must leave rows on both sides; got 0.01 of 20 rows"),
    ({"validation": NAN}, "validation must leave rows on both sides; got nan of 20 rows"),
    ({"validation": X[:0]}, "validation must have at least 1 row; got 0"),
    ({"validation": X[:, :2]}, r"validation must have shape \(N, 3\); got \(20, 2\)"),
    ({"validation": X * NAN}, "validation must be finite; NaN or infinity in rows 0"),
    ({"jitter": -1.0}, "jitter must be finite and at least 0; got -1.0"),
    ({"jitter": [1.0, NAN, 1.0]}, "jitter must be finite and at least 0"),
    ({"jitter": [1.0, 1.0]}, r"jitter must be one width, or one per column, shape \(3,\); got \(2,\)"),
]


@pytest.mark.parametrize(("arguments", "message"), FIT)
def test_fit_refuses_what_makes_no_sense(arguments, message):
    refused(ValueError, message, nf.fit, FLOW, X, rng=rng(), **arguments)


def square(p, rng, *batch):
    return (p * p).sum()


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("loss", r"\(params, rng\), and of a batch where there is data"),
        ("schedule", "the share of the steps that is done"),
        ("evaluate", "params"),
        ("update", r"\(params, batch\)"),
        ("blame", r"\(params, grads, batch\)"),
        ("augment", r"\(batch, rng\)"),
        ("finish", "a Result"),
        ("callback", "an Evaluation"),
    ],
)
def test_minimize_takes_functions(name, arguments):
    given = {"loss": square, "params": onp.ones(2), "rng": rng(), name: 3}
    refused(TypeError, f"^{name} must be a function of {arguments}; got 3$", nf.minimize, **given)


def test_minimize_takes_floats_and_rows():
    for bad, kind in ((onp.arange(3), "int64"), (1.0, "float"), (onp.ones(2, dtype=complex), "complex128")):
        refused(TypeError, f"params must be arrays of floats; got {kind}", nf.minimize, square, bad, rng=rng())
    tree = {"a": [onp.ones(2), onp.arange(2)]}
    refused(TypeError, "params must be arrays of floats; got int64 at a/1", nf.minimize, square, tree, rng=rng())
    message = "data must have at least 1 row, and the same number of rows in every part; got "
    refused(ValueError, message + r"\[0\]", nf.minimize, square, onp.ones(2), rng=rng(), data=X[:0])
    refused(ValueError, message + r"\[10, 20\]", nf.minimize, square, onp.ones(2), rng=rng(), data=(X, X[:10]))


# --- backends ---


def test_cupy_without_a_gpu_is_one_clear_line():
    hidden = {**os.environ, "CUDA_VISIBLE_DEVICES": "", "NFSCRATCH_BACKEND": "cupy"}
    command = [sys.executable, "-c", "import nfscratch; nfscratch.backend.asarray([1.0])"]
    done = subprocess.run(command, env=hidden, capture_output=True, text=True, timeout=600)
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert "cupy backend needs " in last and ("GPU" in last or "pip install" in last)


def test_a_refused_backend_changes_nothing():
    before = nf.backend.default_dtype(), type(nf.backend.prototype())
    refused(ValueError, "dtype must be one of", nf.use, "numpy", "float16")
    refused(ValueError, "backend must be one of", nf.use, "torch", "float32")
    assert before == (nf.backend.default_dtype(), type(nf.backend.prototype()))


# --- values that are none of what an argument takes ---

NO_SUCH = {
    "load a number": (lambda: nf.load(1), "path must be the name of a file; got a int"),
    "load nothing": (lambda: nf.load(None), "path must be the name of a file; got a NoneType"),
    "load NUL": (lambda: nf.load("a\0b"), "path must be the name of a file, without NUL in it; got 'a"),
    "metadata": (lambda: nf.checkpoint.metadata(1.5), "path must be the name of a file; got a float"),
    "checkpoint": (
        lambda: fitted(checkpoint=True),
        "checkpoint must be the name of a file; got a",
    ),
    "params": (lambda: fitted(params=True), "params must have the entries .*; got a bool"),
    "params, array": (
        lambda: fitted(params=onp.array(3)),
        "params must have the entries .*; got sh",
    ),
    "numbers": (
        lambda: fitted(numbers=[[1], [2, 3]]),
        "numbers must have rows of one length; got a",
    ),
    "jitter": (lambda: fitted(jitter="a"), "jitter must be an array of real numbers; got dtype"),
    "validation": (
        lambda: fitted(validation=2**70),
        "validation must .*; got 1180591620717411303424",
    ),
    "steps": (
        lambda: fitted(steps=2**70),
        "steps must be at most 4611686018427387904; got",
    ),
    "n": (lambda: small().sample(small().init(rng()), 0, 2**70), "n must be at most 4611686018427387904; got 118"),
    "dim": (lambda: nf.flows.maf(2**70), "dim must be at most 2147483648; got 1180591620717411303424"),
    "dtype": (lambda: nf.use(dtype=True), "dtype must be one of float64, float32; got 'True'"),
    "backend": (lambda: nf.use(backend=onp.ones(2)), "backend must be one of numpy, cupy; got array"),
}


def small():
    return nf.flows.real_nvp(2, layers=1, hidden=(4,))


def fitted(**given):
    return nf.fit(small(), rng().normal(size=(20, 2)), **{"rng": 0, "steps": 2, "progress": False, **given})


@pytest.mark.parametrize("name", NO_SUCH)
def test_a_value_of_another_kind_is_refused_in_one_line(name):
    call, message = NO_SUCH[name]
    with pytest.raises((TypeError, ValueError), match=message) as caught:
        call()
    assert "\n" not in str(caught.value)
