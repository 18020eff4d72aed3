"""Arguments of public calls that no constructor sees: generators, and what stands beside the rows."""

import numpy as onp
from refusals import NAN, refused

import nfscratch as nf
from nfscratch import objectives
from nfscratch.posteriors.to_arviz import to_arviz
from nfscratch.targets import gaussian_path, toy
from nfscratch.targets.simulators import prior

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


def test_numbers_in_an_order_are_real_and_none_is_masked():
    masked, wrong = onp.ma.masked_array([0.0, 1.0], [True, False]), [onp.array([0, 1j]), ["0", "1"]]
    labels = onp.arange(8) % 2
    score = nf.evaluate.classification_accuracy_score
    quantiles = nf.sklearn.ConditionalFlowDensity("linear", steps=1, random_state=0).fit(X, X[:, 0]).predict_quantiles
    one_row = lambda v: v[None] if hasattr(v, "dtype") else [v]  # noqa: E731
    takes = {
        "low": lambda v: nf.Bounds(v, [2, 3]),
        "high": lambda v: prior.BoxPrior([-2, -3], v),
        "x": lambda v: toy.DENSITIES["moons"].log_prob(one_row(v)),
        "q": lambda v: quantiles(X[:1], v),
        "log_weights": lambda v: to_arviz(X[:2], log_weights=v),
        "draws": lambda v: to_arviz(one_row(v)),
    }
    for name, call in takes.items():
        refused(TypeError, f"{name} must have a value everywhere; got a masked array", call, masked)
        for given in wrong:
            refused(TypeError, f"{name} must be an array of real numbers; got dtype", call, given)
    refused(TypeError, "low must be a list, each entry a number; got {", nf.Bounds, {-0.5, -1.0}, [2, 3])
    refused(ValueError, r"low must have D numbers, shape \(D,\); got shape \(1, 2, 2\)", nf.Bounds, [X[:2, :2]], [1, 1])
    refused(ValueError, r"support must be a pair \(low, high\); got ", nf.flows.maf, 2, support=({0, 1}, [2, 3]))
    assert nf.Bounds(onp.array([-onp.inf, 1], "f4"), range(2, 4)).low == (-onp.inf, 1.0)
    for spoil in (lambda y: onp.ma.masked_array(y, y == 0), lambda y: onp.where(y == 0, onp.inf, y)):
        refused((TypeError, ValueError), "labels_made must ", score, X, spoil(labels), X, labels)
        refused((TypeError, ValueError), "labels_real must ", score, X, labels, X, spoil(labels))


def test_a_step_of_the_fixed_leaves_looks_at_its_arguments_as_log_prob_does():
    context = RNG(1).normal(size=(8, 3))
    flow = nf.flows.maf(2, layers=1, hidden=(4,), context_dim=3, batch_norm=True)
    params = flow.init(0, X, context)
    spoilt = ((params, X, onp.arange(8)), (params, X * NAN, context), (None, X, context), ({}, X, context))
    for given in spoilt:
        for call in (flow.update, flow.log_prob):
            refused(ValueError, "^(context|x|params) must ", call, *given)
    listed = flow.update(params, X.tolist(), context.tolist())
    for ours, theirs in zip(nf.trees.leaves(listed), nf.trees.leaves(flow.update(params, X, context)), strict=True):
        onp.testing.assert_array_equal(ours, theirs)


def test_numbers_beyond_what_can_be_counted_are_refused_by_name():
    flow = nf.flows.real_nvp(2, layers=1, hidden=(4,))
    model = nf.models.AutoEncoder(NETWORK, NETWORK, 1)
    for fit, subject in ((nf.fit, flow), (nf.fit_model, model)):
        for share in (1e308, -1e308, 10**400):
            message = "validation must leave rows on both sides; got -?1"
            refused(ValueError, message, fit, subject, X, rng=0, validation=share)
    refused(ValueError, "epochs must be at most 2147483648; got 1e", nf.fit, flow, X, rng=0, epochs=1e308)
    free = nf.models.FreeForm(NETWORK, NETWORK)
    params = free.init(0, X)
    for largest in (NAN, "x", 0):
        refused(ValueError, "largest must be an integer of at least 1; got ", free.log_prob, params, X, largest=largest)
    refused(TypeError, "gan must be a Model, such as nf.models.GAN", nf.fit_gan, 3, X, rng=0)


def test_an_objective_names_a_flow_that_is_none_and_parameters_that_are_not_the_flows():
    flow, moving = nf.flows.real_nvp(2, layers=1, hidden=(4,)), nf.flows.continuous(2, field=nf.Field(NETWORK))
    params = flow.init(0, X)
    log_p = lambda x: -onp.square(x).sum(axis=1)  # noqa: E731
    of_rows = (objectives.nll, objectives.score_matching, objectives.flow_matching)
    of_draws = (objectives.elbo, objectives.reverse_kl, objectives.iwae)
    message = r"^flow must be a Flow, such as nf.flows.maf\(2\); got "
    for none in (3, nf.StandardNormal(2), NETWORK):
        for objective in of_rows:
            refused(TypeError, message, objective, none, params, X, **({} if objective is of_rows[0] else {"rng": 0}))
        for objective in of_draws:
            refused(TypeError, message, objective, none, log_p, params, 0, 3)
    for wrong in ("x", {}, None, [params]):
        refused(ValueError, "^params must have the entries", objectives.nll, flow, wrong, X)
        refused(ValueError, "^params must have the entries", objectives.flow_matching, moving, wrong, X, rng=0)
    refused(TypeError, "x must have rows of one length", objectives.nll, flow, params, [[1.0], [1.0, 2.0]])
    refused(ValueError, "x must have at least 1 row", objectives.nll, flow, params, [])


def test_minimize_refuses_what_it_would_not_use():
    loss, start = lambda p, rng: (p * p).sum(), onp.ones(2)
    refused(ValueError, "augment needs data", nf.minimize, loss, start, rng=0, augment=lambda batch, rng: batch)
    refused(ValueError, r"has_grad must be True or False; got \[\]", nf.minimize, loss, start, rng=0, has_grad=[])
