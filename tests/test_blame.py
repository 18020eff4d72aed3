"""A fit that diverges, or cannot begin, names the part at fault, the row where it shows, and a remedy."""

import re
import warnings
from dataclasses import dataclass

import autograd.numpy as np
import numpy as onp
import pytest

import nfscratch as nf
from nfscratch.distributions.distribution import Distribution
from nfscratch.training import descent, divergence
from nfscratch.training.held_out import Rows

X = onp.random.default_rng(0).normal(size=(200, 2))


def rng(seed=0):
    return onp.random.default_rng(seed)


@dataclass(frozen=True, eq=False)
class UniformBox(Distribution):
    """The uniform density on [-1, 1]^2; `outside` is what log_prob says elsewhere."""

    outside: float = -onp.inf
    shape = (2,)

    def log_prob(self, params, z):
        inside = np.all(np.abs(z) <= 1.0, axis=1)
        return np.where(inside, -np.log(4.0), self.outside) + 0.0 * np.sum(z, axis=1)


class RootBase(Distribution):
    """A density proportional to exp(-|z|^2 / 2 + sqrt(0 z_1)): the values are right, the derivative is 0 * infinity."""

    shape = (2,)

    def log_prob(self, params, z):
        return -0.5 * np.sum(np.square(z), axis=1) + np.sqrt(0.0 * z[:, 0])


def flow_on(base):
    couplings = [nf.Coupling(nf.Affine(), nf.half_mask(2, flip)) for flip in (False, True)]
    return nf.Flow(base, nf.Chain([*couplings, nf.Standardize(2)]))


BASES = {
    "density 0": (
        UniformBox(),
        r"the base \(UniformBox\): log_prob is -inf at row \d+ of x, z = \[.*\]; the density is 0 there; choose a base",
    ),
    "NaN": (
        UniformBox(onp.nan),
        r"the base \(UniformBox\): log_prob is nan at row \d+ of x, z = \[.*\]; correct log_prob",
    ),
    "infinite": (
        UniformBox(onp.inf),
        r"the base \(UniformBox\): log_prob is inf at row \d+ of x, z = \[.*\]; correct log_p",
    ),
    "huge": (
        UniformBox(-1e12),
        r"the base \(UniformBox\): log_prob is -1e\+12 at row \d+ of x, z = \[.*\]; try a smaller",
    ),
    "gradient": (
        RootBase(),
        r"the base \(RootBase\): the gradient of log_prob is NaN or infinite at row \d+ of x, z = \[",
    ),
}


@pytest.mark.parametrize("name", [name for name in BASES if name != "huge"])
def test_a_base_that_is_not_finite_where_the_data_lie_is_blamed(name):
    base, message = BASES[name]
    with pytest.raises(FloatingPointError, match=r"no finite loss was seen, .*; diverged at step 1 .*: " + message):
        nf.fit(flow_on(base), X, rng=rng(), steps=5, validation=None)


def blamed(flow, params, x=X, context=None):
    """What divergence.blame says, with gradients that are all finite."""
    with onp.errstate(all="ignore"):
        return divergence.blame(flow, params, {}, x, context)


def test_the_row_and_the_point_are_those_where_it_is_wrong():
    flow = nf.Flow(UniformBox(), nf.Chain([nf.Reverse(2)]))
    x = onp.zeros((6, 2))
    x[4] = [3.0, 0.25]
    assert "at row 4 of the batch, z = [0.25 3.  ];" in blamed(flow, flow.init(rng()), x)


def test_of_a_long_point_two_numbers_of_each_end_are_shown():
    z = onp.arange(18.0).reshape(2, 9)
    assert divergence._first(onp.array([False, True]), z, "row {}".format) == "row 1, z = [ 9. 10. ... 16. 17.]"


X_30 = onp.random.default_rng(3).normal(size=(30, 2))
C_30 = onp.random.default_rng(4).normal(size=(30, 1))
ON_CONTEXT = nf.Flow(nf.StandardNormal(2), nf.Coupling(nf.Affine(), nf.half_mask(2), nf.MLP((4,), "relu"), 1))
NO_CONTEXT = nf.Flow(nf.StandardNormal(2), nf.Coupling(nf.Affine(), nf.half_mask(2), nf.MLP((4,))))


def spiked(a, value, column):
    a = a.copy()
    a[3, column] = value
    return a


FAR = {
    "x": (
        NO_CONTEXT,
        spiked(X_30, 1e300, 1),
        {"validation": None},
        r"at row 3 of x, z = .*; x lies .* column 1 in row 3",
    ),
    "x, moved by jitter": (
        NO_CONTEXT,
        spiked(X_30, 1e300, 1),
        {"validation": None, "jitter": 0.1},
        r"at row 3 of x, z = .*; x lies .* column 1 in row 3",
    ),
    "the context": (
        ON_CONTEXT,
        X_30,
        {"validation": None, "context": spiked(C_30, 1e300, 0)},
        r"the gradient of \S+ in inverse .* is too large to square; .*; context lies \S+ standard .* column 0 in row 3",
    ),
    "validation": (
        NO_CONTEXT,
        X_30,
        {"validation": spiked(X_30, 1e300, 1)},
        r"row 3 of validation has density 0; validation has 1e\+300 in row 3, column 1\.",
    ),
    "the context of validation": (
        ON_CONTEXT,
        X_30,
        {"context": C_30, "validation": (X_30, spiked(C_30, -1e300, 0))},
        r"Row 3 of validation carries it; context of validation has -1e\+300 in row 3, column 0\.",
    ),
}


@pytest.mark.filterwarnings("ignore::nfscratch.bijections.normalize.statistics.ScaleWarning")
@pytest.mark.parametrize("where", FAR)
def test_what_is_far_out_is_named_by_row_and_column(where):
    flow, x, options, words = FAR[where]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            nf.fit(flow, x, rng=0, steps=2, progress=False, **options)
            said = " ".join(str(w.message) for w in caught)
        except FloatingPointError as error:
            said = str(error)
    assert re.search(words, said), said


def test_a_row_that_is_not_far_out_is_not_said_to_be():
    """Row 1 is outside of the box; row 0 lies farthest out, and has a density."""
    flow, held_out = nf.Flow(UniformBox(), nf.Chain([nf.Reverse(2)])), onp.zeros((40, 2))
    held_out[:, 0] = onp.linspace(-1e-3, 1e-3, 40)
    held_out[:2, 0] = 0.5, 1.01
    bad = descent.HeldOutLoss(nf.objectives.MaximumLikelihood(), flow, Rows(held_out, None, None, onp.arange(40)))
    assert bad.why_not_finite(flow.init(0)) == ": row 1 of x has density 0; x has 1.01 in row 1, column 0"
    held_out[1, 0], held_out[1, 1] = 0.0, 1.01
    assert bad.why_not_finite(flow.init(0)) == ": row 1 of x has density 0"


def test_a_base_whose_finite_values_explode_is_blamed():
    base, message = BASES["huge"]
    flow = flow_on(base)
    assert re.match(message.replace("of x", "of the batch"), blamed(flow, flow.init(rng(), X)))


def test_parameters_of_the_base_that_are_not_finite_are_named():
    flow = flow_on(nf.GaussianMixture(2, 3))
    params = flow.init(rng(), X)
    params["base"]["log_std"][1, 0] = onp.nan
    assert blamed(flow, params).startswith("the base (GaussianMixture): its parameter log_std is NaN or infinite; try")


def test_an_embedding_network_that_is_not_finite_is_named():
    flow = nf.flows.real_nvp(2, layers=2, hidden=(4,), context_dim=2, embed=nf.MLP((4,)))
    context = rng(1).normal(size=(200, 3))
    params = flow.init(rng(), X, context)
    params["embed"]["network"][0]["b"][0] = onp.inf
    assert blamed(flow, params, X, context).startswith("embed (MLP) gives NaN or infinity; try")


def test_a_layer_that_sends_the_data_too_far_is_blamed_and_not_the_base():
    for base in (nf.StandardNormal(2), UniformBox()):
        flow = flow_on(base)
        params = flow.init(rng(), X)
        params["bijection"][0][-1]["b"][:] = [0.0, -1e200]
        assert blamed(flow, params).startswith("layer 1 of 3 (Coupling), inverse (x -> z), enlarges |x| most: ")


def test_a_run_whose_evaluations_are_never_finite_gives_its_last_parameters_and_names_the_rows():
    """The rows to train on are in the box, and one held-out row is not."""
    flow, held_out = nf.Flow(UniformBox(), nf.Chain([nf.Reverse(2)])), onp.array([[0.5, 0.5], [2.0, 0.0]])
    message = r"no evaluation was finite, .*: row 1 of validation has density 0\. The last parameters are returned"
    with pytest.warns(nf.TrainingWarning, match=message):
        result = nf.fit(flow, X / 10, rng=rng(), validation=held_out, steps=3)
    assert (result.best_step, result.validation, result.steps) == (3, onp.inf, 3)


@pytest.mark.filterwarnings("ignore::nfscratch.bijections.normalize.statistics.ScaleWarning")
@pytest.mark.parametrize("length", [{"steps": 40}, {"epochs": 2}, {}])
def test_one_held_out_row_of_density_0_does_not_lose_the_fit(length):
    """Training is the same as without the row: the last parameters are those of the run that holds out the others."""
    x, held_out = rng(1).normal(size=(300, 2)), rng(2).normal(size=(40, 2))
    far = held_out.copy()
    far[[3, 7]] = 1e200
    flow = nf.flows.real_nvp(2, layers=2, hidden=(8,))
    with pytest.warns(
        nf.TrainingWarning,
        match="rows 3, 7 of validation have density 0; validation has 1e\\+200 in row 3, column 0\\. The last p",
    ):
        result = nf.fit(flow, x, rng=0, validation=far, **length)
    assert result.params is result.last_params and onp.isfinite(flow.log_prob(result.params, held_out)).all()
    if length:
        ended = nf.fit(flow, x, rng=0, validation=held_out, **length).last_params
        for a, b in zip(nf.trees.leaves(result.params), nf.trees.leaves(ended), strict=True):
            onp.testing.assert_array_equal(a, b)


def test_a_loss_of_ones_own_whose_evaluations_are_never_finite_gives_its_last_parameters():
    with pytest.warns(nf.TrainingWarning, match="no evaluation was finite, so that no step is the best. The last"):
        result = nf.minimize(lambda p, rng: (p * p).sum(), onp.ones(2), rng=0, steps=5, evaluate=lambda p: onp.inf)
    assert result.best_step == 5 and (result.params < 1).all()


def test_where_the_layers_send_a_row_more_than_ten_thousand_times_as_far_it_is_not_the_base(monkeypatch):
    flow, x = nf.Flow(UniformBox(), nf.Diagonal(2)), onp.ones((1, 2))
    for size, base in ((1e4, True), (onp.nextafter(1e4, 2e4), False)):
        z = onp.array([[0.0, -size]])
        monkeypatch.setattr(divergence, "_through_layers", lambda *given, z=z: ("", "a layer", z))
        said = divergence.blame(flow, flow.init(0), {}, x, None)
        assert said.startswith("the base (UniformBox): log_prob is -inf at row 0" if base else "a layer"), said


def test_a_log_density_is_a_fault_of_the_base_from_the_square_of_ten_thousand_on_and_for_rows_near_by_alone():
    beyond = onp.nextafter(1e4, 2e4)
    for outside, size, said in (
        (-9.9e7, 2.0, ""),
        (-1e8, 2.0, "log_prob is -1e+08 at row 0"),
        (-1e8, 1e4, "log_prob is -1e+08 at row 0"),
        (-1e8, beyond, ""),
        (-onp.inf, beyond, "log_prob is -inf at row 0"),
    ):
        z = onp.array([[0.0, -size]])
        found = divergence._fault_of_base(UniformBox(outside), {}, z, None, onp.array([True]), "row {}".format)
        assert found.startswith(said) and bool(found) == bool(said), (outside, size)
