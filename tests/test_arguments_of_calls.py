"""Arguments of public calls that no constructor sees: generators, and what stands beside the rows."""

import numpy as onp
from refusals import NAN, refused

import nfscratch as nf
from nfscratch import objectives
from nfscratch.targets import gaussian_path

RNG = onp.random.default_rng
X = RNG(0).normal(size=(8, 2))
NETWORK = nf.MLP((4,))


def test_a_seed_draws_what_its_generator_draws_and_nothing_else_is_a_generator():
    levels = onp.arange(32).reshape(2, 1, 4, 4) * 5 % 17 * 1.0
    images = nf.flows.glow((1, 4, 4), levels=1, depth=1, hidden=4, values=17)
    vae = nf.models.VAE(NETWORK, NETWORK, nf.flows.posterior(2, 4), likelihood="normal")
    field = nf.flows.continuous(2, field=nf.Field(NETWORK))
    of_images, of_vae, of_field = images.init(0, levels), vae.init(0, X), field.init(0, X)
    calls = {
        "log_prob": lambda rng: images.log_prob(of_images, levels, rng=rng, draws=2),
        "log_prob_terms": lambda rng: list(images.log_prob_terms(of_images, levels, rng=rng).values()),
        "log_prob_vjp": lambda rng: images.log_prob_vjp(of_images, levels, rng=rng)[0],
        "vae": lambda rng: vae.sample(of_vae, rng, 3),
        "binarised": lambda rng: nf.models.binarised(onp.full((3, 2), 0.5), rng),
        "matching": lambda rng: objectives.flow_matching(field, of_field, X, rng=rng),
        "its gradient": lambda rng: objectives.flow_matching_value_and_grad(field, of_field, X, rng=rng)[0],
        "path": lambda rng: gaussian_path.eight_gaussians().sample(rng, 3),
        "jittered": lambda rng: nf.data.load("digits", n=5).jittered(rng, onp.zeros((3, 64))),
    }
    for name, call in calls.items():
        onp.testing.assert_array_equal(call(0), call(RNG(0)), err_msg=name)
        for odd in ("a", True, onp.random.RandomState(0), onp.random.Generator):
            refused(TypeError, "rng must be a numpy.random.Generator, such as ", call, odd)


def test_what_stands_beside_the_generator_is_refused_by_name():
    vae = nf.models.VAE(NETWORK, NETWORK, nf.flows.posterior(2, 4), likelihood="normal")
    params = vae.init(0, X)
    refused(ValueError, "mean must be True or False; got 'no'", vae.sample, params, 0, 1, mean="no")
    refused(ValueError, "beta must be at least 0 and finite; got nan", vae.elbo, params, X, 0, beta=NAN)
    binarised = nf.models.binarised
    refused(ValueError, r"x must lie in \[0, 1\]; it does not in row 1$", binarised, onp.array([[0.5], [NAN]]), 0)
    refused(ValueError, r"x must lie in \[0, 1\]; it does not in row 0$", binarised, [[7.0]], 0)
    refused(TypeError, "x must have a value everywhere", binarised, onp.ma.masked_array([[0.5]], True), 0)
    assert binarised(onp.array([[True, False]]), 0).tolist() == [[True, False]]
