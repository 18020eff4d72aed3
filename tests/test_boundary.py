"""A base, layer or network of one's own that mixes its rows is refused, and the message names it."""

from dataclasses import dataclass

import autograd
import autograd.numpy as np
import numpy as onp
import pytest

import nfscratch as nf
from nfscratch import trees
from nfscratch.flows import boundary

X = onp.random.default_rng(0).normal(size=(60, 2)) * [2.0, 0.5] + [1.0, -1.0]
CONTEXT = onp.random.default_rng(1).normal(size=(60, 3))


def rng(seed=0):
    return onp.random.default_rng(seed)


def normal_over(reduce):
    """A standard normal base whose log_prob is reduced over its entries by `reduce`."""

    @dataclass(frozen=True, eq=False)
    class OwnBase(nf.StandardNormal):
        def log_prob(self, params, z):
            return -0.5 * reduce(np.square(z))

        log_prob_vjp = nf.distributions.distribution.Distribution.log_prob_vjp

    return OwnBase(2)


def scaling_with(log_det, dim=2):
    """x = exp(s) z, whose log_det is what log_det(s, x) says."""

    @dataclass(frozen=True, eq=False)
    class OwnLayer(nf.Bijection):
        in_shape = (dim,)

        def init(self, rng, x=None, context=None):
            return {"s": onp.zeros(dim)}

        def forward(self, params, z, context=None, rng=None):
            return z * np.exp(params["s"]), log_det(params["s"], z)

        def inverse(self, params, x, context=None, rng=None):
            return x * np.exp(-params["s"]), -log_det(params["s"], x)

    return OwnLayer()


def right(s, x):
    return np.sum(s + np.zeros_like(x), axis=1)


BASES = {
    "a sum over all axes": (lambda u: np.sum(u), r"log_prob must have shape \(N,\), one number for each row; got \(\)"),
    "a sum over the rows": (lambda u: np.sum(u, axis=0), r"log_prob must have shape \(N,\).*; got \(2,\)"),
    "one number for each entry": (lambda u: u, r"log_prob must have shape \(N,\).*; got \(\d+, 2\)"),
    "a column": (lambda u: np.sum(u, axis=1, keepdims=True), r"log_prob must have shape \(N,\).*; got \(\d+, 1\)"),
}
LAYERS = {
    "a sum over the rows too": (lambda s, x: np.sum(s + np.zeros_like(x)), r"got \(\) for"),
    "one number for each entry": (lambda s, x: s + np.zeros_like(x), r"got \(\d+, 2\) for"),
    "a column": (lambda s, x: right(s, x)[:, None], r"got \(\d+, 1\) for"),
    "one number for all": (lambda s, x: 0.0, r"got \(\) for"),
}
MIXED = {
    "the sum over the rows, for each": lambda s, x: np.sum(right(s, x)) + np.zeros(len(x)),
    "the mean of the batch": lambda s, x: right(s, x) * np.mean(x),
    "the row before": lambda s, x: right(s, x) * np.roll(x[:, 0], 1),
}


def chain_of(layer):
    return nf.Chain([nf.Reverse(2), layer, nf.Standardize(2)])


def calls(flow, x=X):
    """fit, and log_prob with and without derivatives."""
    params = flow.init(rng())
    return {
        "fit": lambda: nf.fit(flow, x, rng=rng(), params=params, steps=2),
        "log_prob": lambda: flow.log_prob(params, x),
        "its gradient": lambda: autograd.grad(lambda p: np.sum(flow.log_prob(p, x)))(params),
        "its second derivative": lambda: autograd.hessian(lambda a: np.sum(flow.log_prob(params, a)))(x[:3]),
        "of one row": lambda: flow.log_prob(params, x[:1]),
    }


@pytest.mark.parametrize("bug", BASES)
def test_a_base_without_a_number_for_each_row_is_refused(bug):
    reduce, message = BASES[bug]
    flow = nf.Flow(normal_over(reduce), nf.Chain([nf.ActNorm(2)]))
    for call in calls(flow).values():
        with pytest.raises(ValueError, match=r"the base \(OwnBase\): " + message):
            call()


def test_a_base_of_ones_own_that_is_right_passes():
    flow = nf.Flow(normal_over(lambda u: np.sum(u, axis=1)), nf.Chain([nf.ActNorm(2)]))
    assert all(call() is not None for call in calls(flow).values())


@pytest.mark.parametrize("bug", LAYERS)
def test_a_layer_without_a_number_for_each_row_is_refused_by_its_place(bug):
    log_det, message = LAYERS[bug]
    flow = nf.Flow(nf.StandardNormal(2), chain_of(scaling_with(log_det)))
    doors = calls(flow)
    with pytest.raises(
        ValueError, match=r"layer 2 of 3 \(OwnLayer\): log_det of inverse must have shape \(N,\).*" + message
    ):
        doors["fit"]()
    alone = nf.Flow(nf.StandardNormal(2), scaling_with(log_det))
    for call in calls(alone).values():
        with pytest.raises(
            ValueError, match=r"layer \(OwnLayer\): log_det of inverse must have shape \(N,\).*" + message
        ):
            call()


@pytest.mark.parametrize("bug", MIXED)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_layer_that_mixes_the_rows_is_refused_although_it_starts_as_the_identity(bug, dtype):
    """log_det is 0 for each row at first, as it should be: only near the first parameters is it wrong."""
    flow = nf.Flow(nf.StandardNormal(2), chain_of(scaling_with(MIXED[bug])))
    params = trees.cast(flow.init(rng(), X), dtype)
    message = (
        r"layer 2 of 3 \(OwnLayer\): log_det of inverse must not depend on the other rows; row \d alone gives .* among"
    )
    with pytest.raises(ValueError, match=message):
        nf.fit(flow, X, rng=rng(), params=params, steps=2)


def test_a_layer_of_ones_own_that_is_right_passes():
    flow = nf.Flow(nf.StandardNormal(2), chain_of(scaling_with(right)))
    assert len(nf.fit(flow, X, rng=rng(), steps=5).history["loss"]) == 5


def test_a_layer_in_a_chain_in_a_chain_and_in_an_inverse_is_named():
    inner = nf.Chain([nf.Reverse(2), nf.Inverse(scaling_with(MIXED["the mean of the batch"]))])
    flow = nf.Flow(nf.StandardNormal(2), nf.Chain([nf.Reverse(2), nf.Reverse(2), inner]))
    with pytest.raises(ValueError, match=r"layer 2 of 2 in layer 3 of 3 \(Inverse of OwnLayer\): log_det of inverse"):
        nf.fit(flow, X, rng=rng(), steps=2)


class Mixing(nf.Coupling):
    """A coupling that normalises its result by the batch, as a BatchNorm without running statistics would."""

    def inverse_vjp(self, params, x, context=None, rng=None):
        z, log_det, pullback = super().inverse_vjp(params, x, context, rng)
        return z - z.mean(axis=0), log_det, pullback


def test_a_pullback_method_that_mixes_the_rows_is_refused_although_the_plain_method_is_right():
    flow = nf.Flow(nf.StandardNormal(2), nf.Chain([Mixing(nf.Affine(), nf.half_mask(2)), nf.Reverse(2)]))
    with pytest.raises(ValueError, match=r"layer 1 of 2 \(Mixing\): z of inverse_vjp must not depend on the other"):
        nf.fit(flow, X, rng=rng(), steps=2)


class Averaging(nf.MLP):
    """An embedding network that takes the mean over the rows."""

    def apply(self, params, x):
        h = super().apply(params, x)
        return h * 0.0 + np.mean(h, axis=0)


def test_an_embedding_network_that_mixes_the_rows_is_refused():
    flow = nf.flows.real_nvp(2, layers=2, hidden=(4,), context_dim=2, embed=Averaging((4,)))
    with pytest.raises(ValueError, match=r"embed \(Averaging\): h of apply must not depend on the other rows"):
        nf.fit(flow, X, rng=rng(), context=CONTEXT, steps=2)


def test_a_stochastic_layer_is_compared_without_its_noise():
    @dataclass(frozen=True, eq=False)
    class Noisy(nf.ActNorm):
        stochastic = True

        def inverse_vjp(self, params, x, context=None, rng=None):
            z, log_det, pullback = super().inverse_vjp(params, x, context)
            return z, log_det + (0.0 if rng is None else rng.normal(size=len(x))), pullback

    flow = nf.Flow(nf.StandardNormal(2), nf.Chain([Noisy(2), nf.Reverse(2)]))
    assert len(nf.fit(flow, X, rng=rng(), steps=3, validation=None).history["loss"]) == 3


FLOWS = {
    "real_nvp": lambda: nf.flows.real_nvp(5, layers=8, hidden=(64, 64)),
    "maf": lambda: nf.flows.maf(5, layers=5, hidden=(64, 64)),
    "rq_nsf": lambda: nf.flows.rq_nsf(5, layers=4, hidden=(64,)),
    "iaf": lambda: nf.flows.iaf(5, layers=3, hidden=(32,)),
    "naf": lambda: nf.flows.naf(5, layers=2, hidden=(32,)),
    "sylvester": lambda: nf.flows.sylvester(5, layers=3),
    "batch norm": lambda: nf.Flow(nf.GaussianMixture(5, 3), nf.Chain([nf.Reverse(5), nf.BatchNorm(5)])),
}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", FLOWS)
def test_deep_flows_of_the_package_agree_far_within_the_tolerance(name, dtype, monkeypatch):
    """In units of 1e5 too, and with large parameters: the tolerance has a factor of 1000 to spare."""
    monkeypatch.setattr(boundary, "TOLERANCE", boundary.TOLERANCE / 1000)
    monkeypatch.setattr(boundary, "MOVE", 0.1)
    flow, x = FLOWS[name](), rng().normal(size=(50, 5)) * 1e5 + 1e5
    params = trees.cast(flow.init(rng(), x), dtype)
    boundary.check_rows(flow, params, onp.asarray(x[:3], dtype=dtype, order="F"))


def test_the_check_changes_nothing():
    flow = FLOWS["real_nvp"]()
    x = onp.asfortranarray(rng().normal(size=(3, 5)))
    params = flow.init(rng(), x)
    before, x_before = trees.copy(params), x.copy()
    boundary.check_rows(flow, params, x)
    assert all((a == b).all() for a, b in zip(trees.leaves(params), trees.leaves(before), strict=True))
    assert (x == x_before).all()


class Shifted(nf.StandardNormal):
    """A normal whose mean is `of_context(context)`, (N, 2)."""

    context_dim = 2
    of_context = staticmethod(lambda c: c)

    def log_prob(self, params, z, context=None):
        return -0.5 * np.sum(np.square(z - self.of_context(context)), axis=1)

    log_prob_vjp = nf.distributions.distribution.Distribution.log_prob_vjp
    log_prob_value = nf.distributions.distribution.Distribution.log_prob_value


class ShiftedByTheMean(Shifted):
    of_context = staticmethod(lambda c: np.mean(c, axis=0) + 0.0 * c)


def test_a_base_that_takes_a_context_is_checked_with_it():
    chain = nf.Chain([nf.ActNorm(2)])
    right_one, mixing = (nf.Flow(base(2), chain) for base in (Shifted, ShiftedByTheMean))
    assert len(nf.fit(right_one, X, rng=rng(), context=CONTEXT[:, :2], steps=3).history["loss"]) == 3
    with pytest.raises(ValueError, match=r"the base \(ShiftedByTheMean\): log_prob must not depend on the other rows"):
        nf.fit(mixing, X, rng=rng(), context=CONTEXT[:, :2], steps=3)


# --- where parts meet ---


class Summed(nf.ActNorm):
    """log_det is one number for all rows."""

    def inverse(self, params, x, context=None, rng=None):
        z, log_det = super().inverse(params, x)
        return z, np.sum(log_det)

    def forward(self, params, z, context=None, rng=None):
        x, log_det = super().forward(params, z)
        return x, np.sum(log_det)


class Column(nf.ActNorm):
    """log_det is a column."""

    def forward(self, params, z, context=None, rng=None):
        x, log_det = super().forward(params, z)
        return x, log_det[:, None]


@pytest.mark.parametrize("place", [0, 1])
def test_a_number_for_all_rows_is_refused_wherever_the_layer_stands(place):
    layers = [nf.ActNorm(2), nf.ActNorm(2)]
    layers[place] = Summed(2)
    flow = nf.Flow(nf.StandardNormal(2), nf.Chain(layers))
    params, x = flow.init(onp.random.default_rng(0)), onp.ones((5, 2))
    for rows in (x, x[:1]):
        with pytest.raises(ValueError, match=r"Summed.*: log_det of inverse\w* must have shape \(N,\).* got \(\)"):
            flow.log_prob(params, rows)


class Spread(nf.StandardNormal):
    """The sum over all rows, for each row."""

    def log_prob(self, params, z, context=None):
        return np.sum(super().log_prob(params, z)) + np.zeros_like(z[:, 0])


def test_a_base_whose_rows_depend_on_each_other_is_refused_by_log_prob():
    flow = nf.Flow(Spread(2), nf.ActNorm(2))
    params = flow.init(onp.random.default_rng(0))
    with pytest.raises(ValueError, match=r"the base \(Spread\): log_prob must not depend on the other rows"):
        flow.log_prob(params, onp.random.default_rng(1).normal(size=(5, 2)))


@pytest.mark.parametrize("flow", [nf.Flow(nf.StandardNormal(2), Column(2)), nf.Flow(nf.StandardNormal(2), Summed(2))])
def test_reverse_kl_refuses_them_too(flow):
    params = flow.init(onp.random.default_rng(0))
    rng = onp.random.default_rng(1)
    with pytest.raises(ValueError, match=r"must have shape \(N,\)"):
        flow.sample_and_log_prob(params, rng, 4)
    with pytest.raises(ValueError, match=r"must have shape \(N,\)"):
        nf.objectives.reverse_kl(flow, lambda x: -np.sum(x**2, axis=1), params, rng, 4)


@dataclass(frozen=True, eq=False)
class Strict(nf.distributions.Distribution):
    """A base that takes no parameters but its own."""

    shape = property(lambda self: (2,))

    def init(self, rng, z=None, context=None):
        return {"std": onp.full(2, 5e-4)}

    def log_prob(self, params, z, context=None):
        if not (params["std"] < 1e-3).all():
            raise ValueError("std must be small")
        return -0.5 * np.sum((z / params["std"]) ** 2, axis=1)


def test_a_part_that_refuses_other_parameters_is_looked_at_once():
    flow = nf.Flow(Strict(), nf.ActNorm(2))
    params = {**flow.init(onp.random.default_rng(0)), "bijection": nf.ActNorm(2).init(None)}
    flow.log_prob(params, 1e-4 * onp.ones((3, 2)))


class InAnInterval(nf.StandardNormal):
    """It has no density below 0, and above it mixes the rows."""

    def log_prob(self, params, z, context=None):
        return np.where(z[:, 0] < 0, -np.inf, super().log_prob(params, z) + np.mean(z))


def test_a_row_of_density_0_does_not_hide_that_the_others_are_mixed():
    flow, rows = nf.Flow(InAnInterval(2), nf.Reverse(2)), onp.array([[0.0, -1.0], [0.5, 1.0], [2.0, 3.0]])
    with pytest.raises(ValueError, match=r"log_prob must not depend on the other rows"):
        flow.log_prob(flow.init(rng()), rows)
