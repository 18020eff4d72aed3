"""Bits per dimension: known answers, each term of a model's, and the constants that people forget."""

import numpy as onp
import pytest
from comparing import close

import nfscratch as nf
from nfscratch import trees

RNG = onp.random.default_rng
bits_per_dim = nf.evaluate.bits_per_dim


def uniform(alpha=0.0, values=256, shape=(1, 2, 3)):
    flow = nf.Flow(nf.StandardLogistic(shape), nf.Chain([nf.PixelLevels(shape, values, alpha)]))
    return nf.Dequantized(flow, values=values)


def test_a_uniform_image_is_exactly_8_bits():
    x = RNG(0).integers(0, 256, size=(10, 1, 2, 3))
    bits = bits_per_dim(uniform().log_prob({"base": {}, "bijection": [{}], "embed": {}, "noise": {}}, x), 6)
    close(bits.total, 8.0, 1e-12)
    assert bits.error < 1e-12


def test_its_items_are_the_scale_and_what_the_logit_gives_the_base_takes():
    model, x = uniform(), RNG(0).integers(0, 256, size=(10, 1, 2, 3))
    bits = bits_per_dim(model.log_prob_terms(model.init(RNG(0)), x), 6)
    close(bits.terms["1 / 256 of the pixel levels"], 8.0, 1e-12)
    close(bits.terms["s (1 - s) of the logit"] + bits.terms["base: log p(z)"], 0.0, 1e-12)
    close(sum(bits.terms.values()), bits.total, 1e-12)


def test_the_size_of_each_forgotten_constant():
    """In bits per dimension: 255 bins, no scale at all, no 1 - 2 alpha."""
    model, x = uniform(alpha=0.05), RNG(0).integers(0, 256, size=(10, 1, 2, 3))
    terms = model.log_prob_terms(model.init(RNG(0)), x)
    right = bits_per_dim(terms, 6).total
    scale, constant = "1 / 256 of the pixel levels", "1 - 2 alpha of the logit"
    for wrong, error in (
        ({**terms, scale: terms[scale] * onp.log(255) / onp.log(256)}, onp.log2(255 / 256)),
        ({name: value for name, value in terms.items() if name != scale}, -8.0),
        ({name: value for name, value in terms.items() if name != constant}, onp.log2(0.9)),
    ):
        close(bits_per_dim(wrong, 6).total - right, error, 1e-12)


def test_the_terms_of_a_model_add_up_to_its_log_prob():
    rng = RNG(0)
    model = nf.flows.glow((1, 4, 4), 1, 2, 4, values=16, noise="learned")
    x = rng.integers(0, 16, size=(20, 1, 4, 4))
    params = trees.map_leaves(lambda p: p + 0.1 * rng.normal(size=p.shape), model.init(rng, x))
    terms = model.log_prob_terms(params, x, rng=RNG(4))
    close(sum(terms.values()), model.log_prob(params, x, rng=RNG(4)), 1e-10)
    assert {"noise: - log q(u | x)", "Coupling: log|det|", "ActNorm: log|det|", "base: log p(z)"} < set(terms)
    text = str(bits_per_dim(terms, 16))
    assert text.splitlines()[-1].startswith("bits per dimension") and len(text.splitlines()) == len(terms) + 1


def test_terms_of_a_flow_with_a_context():
    rng = RNG(0)
    model = nf.flows.real_nvp_image((1, 4, 4), 1, 4, 1, values=16, context_dim=2)
    x, c = rng.integers(0, 16, size=(20, 1, 4, 4)), rng.normal(size=(20, 2))
    params = model.init(rng, x, c)
    close(sum(model.log_prob_terms(params, x, c).values()), model.log_prob(params, x, c), 1e-10)


def test_the_standard_error_is_that_of_the_mean():
    log_p = RNG(0).normal(size=100) - 50
    bits = bits_per_dim(log_p, 16)
    close(bits.total, -log_p.mean() / (16 * onp.log(2)), 1e-14)
    close(bits.error, log_p.std(ddof=1) / 10 / (16 * onp.log(2)), 1e-14)
    assert bits.terms == {} and bits_per_dim({"all": -3.0}, 1).error == onp.inf
    half = bits_per_dim({"a": log_p, "constant": -8.0}, 16)
    close(half.total, (50 + 8 - (log_p.mean() + 50)) / (16 * onp.log(2)), 1e-12)


@pytest.mark.parametrize(
    ("log_prob", "dim", "message"),
    [
        (onp.zeros(3), 0, "dim must be an integer of at least 1; got 0"),
        (onp.zeros((3, 1)), 4, r"log_prob must have one number for each image, shape \(N,\); got shape \(3, 1\)"),
        (onp.array([]), 4, r"log_prob must have one number for each image, shape \(N,\); got shape \(0,\)"),
        (onp.array([1.0, onp.nan]), 4, "log_prob must be finite; got nan for image 1"),
        ({"base": onp.array([-onp.inf])}, 4, "term 'base' of log_prob must be finite; got -inf for image 0"),
        ({"a": [1.0] * 3, "b": [1.0] * 2}, 4, r"terms must have one .*, or one for all; got {'a': 3, 'b': 2}"),
        ({}, 4, "log_prob must be an array, or a dict of at least one term; got an empty dict"),
    ],
)
def test_what_is_no_log_probability_is_refused(log_prob, dim, message):
    with pytest.raises(ValueError, match=message):
        bits_per_dim(log_prob, dim)
