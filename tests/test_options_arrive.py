"""Every option of a recipe arrives where it is meant: another value makes another flow, and the others stay.

An option that is dropped on the way raises nothing, and no law fails: the flow is a right one, with the default.
"""

import inspect

import pytest
from refusals import refused

import nfscratch as nf
from nfscratch.checkpoint.description import describe

IMAGE = (1, 8, 8)
SPLINE = nf.RationalQuadraticSpline(5, 2.0)
OTHERS = {  # a value that is no recipe's default
    **{"hidden": (5,), "activation": "elu", "gain": 0.7, "max_log_scale": 1.5, "layers": 3, "whiten": "other"},
    **{"standardize": "robust", "seed": 9, "base": nf.StudentT(3), "embed": nf.MLP((4,)), "support": (0.0, None)},
    **{"bins": 5, "bound": 2.0, "order": "random", "batch_norm": True, "coefficient": 0.5, "log_det": "series"},
    **{"frequencies": 1, "solver": nf.ode.RK4(2), "trace": "hutchinson", "gradient": "adjoint", "probes": 2, "rank": 2},
    **{"orthogonal": "householder", "values": 8, "alpha": 0.1, "noise": "learned", "mixing": "emerging", "depth": 3},
    **{"levels": 1, "blocks": 1, "masks": 3, "context_dim": 3, "field": nf.MLP((5,)), "context_channels": 2},
}
SWITCHES = ("coupling", "prior")
VECTORS = "real_nvp nice gin maf iaf rq_nsf naf linear residual ffjord continuous planar radial sylvester".split()
MAKERS = {name: lambda name=name, **o: getattr(nf.flows, name)(3, **{"context_dim": 2, **o}) for name in VECTORS}
MAKERS |= {f"posterior, {k}": lambda k=k, **o: nf.flows.posterior(3, **{"context_dim": 2, "kind": k, **o}) for k in
           ("planar", "sylvester", "iaf", "spline")}  # fmt: skip
MAKERS |= {
    "made": lambda **o: nf.flows.made(3, nf.Gaussian(), **o),
    "inference": lambda **o: nf.flows.inference(3, **o),
    "glow": lambda **o: nf.flows.glow(IMAGE, **{"levels": 2, "depth": 2, "context_dim": 2, **o}),
    "real_nvp_image": lambda **o: nf.flows.real_nvp_image(IMAGE, **{"levels": 2, "context_dim": 2, **o}),
    "pixel_noise": lambda **o: nf.flows.pixel_noise(IMAGE, **o),
    "rq_nsf, autoregressive": lambda **o: nf.flows.rq_nsf(3, **{"context_dim": 2, "coupling": False, **o}),
    "naf, couplings": lambda **o: nf.flows.naf(3, **{"context_dim": 2, "coupling": True, **o}),
    "iaf, random orders": lambda **o: nf.flows.iaf(3, **{"context_dim": 2, "order": "random", **o}),
    "maf, random orders": lambda **o: nf.flows.maf(3, **{"context_dim": 2, "order": "random", **o}),
}
GIVEN = ("dim", "shape", "conditional", "kind", "constraints", "transformer", "options")


def options_of(name):
    recipe = getattr(nf.flows, name.split(",")[0])
    return [p for p in inspect.signature(recipe).parameters if p not in GIVEN]


def other(name, option):
    if option in SWITCHES:
        default = inspect.signature(getattr(nf.flows, name.split(",")[0])).parameters[option].default
        return default if "," in name else not default
    if option == "whiten":
        return "full" if name == "linear" else "diagonal"
    if option == "order" and ("," in name or name == "made"):
        return "reversed"
    return 6 if option == "hidden" and name in ("glow", "real_nvp_image") else OTHERS[option]


def is_idle(name, option):
    """Whether a kind of flow has no use for an option."""
    if name.startswith("posterior"):
        used = {"spline": ("bins", "bound", "hidden"), "iaf": ("hidden",), "sylvester": ("rank",)}
        return option in ("bins", "bound", "rank", "hidden") and option not in used.get(name.split(", ")[1], ())
    return option == "seed" and name in ("maf", "iaf", "naf", "rq_nsf, autoregressive", "made")


@pytest.mark.parametrize("name", MAKERS)
def test_another_value_of_an_option_makes_another_flow(name):
    usual = describe(MAKERS[name]())
    for option in options_of(name):
        changed = describe(MAKERS[name](**{option: other(name, option)}))
        assert (changed != usual) == (not is_idle(name, option)), option


@pytest.mark.parametrize(
    ("make", "option"),
    [
        (lambda h: nf.flows.maf(3, transformer=h), "maf"),
        (lambda h: nf.flows.iaf(3, transformer=h), "iaf"),
        (lambda h: nf.flows.naf(3, transformer=h), "naf"),
        (lambda h: nf.flows.inference(3, transformer=h), "inference"),
    ],
)
def test_a_transformer_arrives(make, option):
    assert describe(SPLINE) != describe(nf.Affine())
    assert repr(describe(SPLINE)) in repr(describe(make(SPLINE))), option


def test_a_seed_that_is_not_used_is_refused_all_the_same():
    for make in (nf.flows.rq_nsf, nf.flows.naf):
        refused(ValueError, "seed must be an integer of at least 0; got -1", make, 3, coupling=False, seed=-1)
