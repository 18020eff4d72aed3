"""Distributions and recipes by name, each a function of `draw`."""

from hypothesis import strategies as st

import nfscratch as nf
from battery import networks
from battery.layers import dim
from battery.networks import pick
from battery.transformers import TRANSFORMERS

F = nf.flows


def density(draw):
    """Of one to five variables, each given those before it."""
    conditional = pick(draw, *networks.CONDITIONALS.values())(draw)
    return nf.AutoregressiveDensity(dim(draw, 5), conditional, networks.made(draw), context_dim=pick(draw, 0, 0, 3))


def ensemble(draw):
    return nf.MaskEnsemble(density(draw), draw(st.integers(1, 3)), draw(st.integers(0, 3)))


def conditioned(draw):
    d = dim(draw, 4)
    return nf.ConditionedBase(
        pick(draw, nf.DiagonalNormal(d), nf.GaussianMixture(d, 2), nf.StudentT(d)), networks.mlp(draw), 3
    )


DENSITIES = {
    "AutoregressiveDensity": density,
    "MaskEnsemble": ensemble,
    "ConditionedBase": conditioned,
    "DiagonalNormal": lambda draw: nf.DiagonalNormal(pick(draw, dim(draw), (1, 2, 2))),
    "FittedTails": lambda draw: nf.FittedTails(dim(draw)),
    "GaussianMixture": lambda draw: nf.GaussianMixture(dim(draw), draw(st.integers(1, 4))),
    "StandardLogistic": lambda draw: nf.StandardLogistic(pick(draw, dim(draw), (1, 2, 2))),
    "StandardNormal": lambda draw: nf.StandardNormal(pick(draw, dim(draw), (1, 2, 2))),
    "StudentT": lambda draw: nf.StudentT(dim(draw), pick(draw, 1.0, 4.0)),
}


def as_flow(base):
    """A distribution as a Flow that moves nothing."""
    return nf.Flow(base, nf.Reshape(base.shape, base.shape))


# --- recipes ---

SUPPORTS = (None, None, (0, 1), (0, None))


def tabular(make, layers=2, most=5, **choices):
    """A recipe of `dim` variables; choices: what each further option may be."""

    def of(draw):
        options = {name: pick(draw, *values) for name, values in choices.items()}
        count = {"layers": draw(st.integers(1, layers))} if layers else {}
        return make(dim(draw, most), hidden=(4,), context_dim=pick(draw, 0, 0, 3), **count, **options)

    return of


def naf(draw):
    h = pick(draw, "DeepSigmoid", "DeepDenseSigmoid", "LogisticMixtureCDF", "Squared", "UMNN")
    return F.naf(dim(draw, 3), transformer=TRANSFORMERS[h](draw), layers=1, hidden=(4,), coupling=draw(st.booleans()))


def made(draw):
    conditional = pick(draw, *networks.CONDITIONALS.values())(draw)
    return F.made(dim(draw, 5), conditional, hidden=(4,), masks=draw(st.integers(1, 3)))


def inference(draw):
    constraints = pick(draw, None, [2, nf.Simplex(3)], [nf.Bounds([0.0], [float("inf")]), 1])
    given = {"dim": dim(draw, 5)} if constraints is None else {"constraints": constraints}
    return F.inference(**given, layers=2, hidden=(4,))


def posterior(draw):
    kind = pick(draw, "normal", "planar", "sylvester", "iaf", "spline")
    return F.posterior(dim(draw, 4), pick(draw, 0, 3), kind, layers=1, hidden=(4,))


IMAGE = (1, 4, 4)
RECIPES = {
    "real_nvp": tabular(F.real_nvp, support=SUPPORTS),
    "nice": tabular(F.nice, support=SUPPORTS),
    "gin": tabular(F.gin, support=SUPPORTS),
    "maf": tabular(F.maf, support=SUPPORTS, batch_norm=(False, True)),
    "iaf": tabular(F.iaf, support=SUPPORTS),
    "rq_nsf": tabular(F.rq_nsf, support=SUPPORTS, coupling=(True, False), bound=(3.0, 5.0, 500.0)),
    "naf": naf,
    "linear": tabular(F.linear, 0, kind=("plu", "qr", "triangular", "diagonal", "householder")),
    "planar": tabular(F.planar),
    "radial": tabular(F.radial),
    "sylvester": tabular(F.sylvester, orthogonal=("qr", "householder", "triangular")),
    "residual": tabular(F.residual, most=3),
    "ffjord": tabular(F.ffjord, 0, most=2, solver=(nf.ode.RK4(4),)),
    "continuous": lambda draw: F.continuous(dim(draw, 2), field=networks.field(draw), solver=nf.ode.RK4(4)),
    "made": made,
    "inference": inference,
    "posterior": posterior,
    "glow": lambda draw: F.glow(IMAGE, depth=1, hidden=2, values=pick(draw, 4, 256)).flow,
    "real_nvp_image": lambda draw: F.real_nvp_image(IMAGE, hidden=2, blocks=1, values=pick(draw, 4, 256)).flow,
    "pixel_noise": lambda draw: F.pixel_noise((1, 2, 2), layers=2, hidden=(2,)),
}
LAYERS_ALONE = ("autoregressive_layers", "coupling_layers")  # functions of flows that make no flow
