"""The defaults that a caller gets where nothing is said: of every public function and class of the library.

Each is a choice that results depend on, and that files and papers quote. One that moves by mistake makes no law fail.
"""

import inspect
from dataclasses import fields, is_dataclass

import nfscratch as nf
from nfscratch import training
from nfscratch.checkpoint.description import registry
from nfscratch.nets.network import ADDED_LATER
from nfscratch.training import objectives
from nfscratch.typed_fields import TypedFields

HIDDEN = {"hidden": (64, 64)}
NETWORK = {**HIDDEN, "activation": "relu", "gain": 1.0}
CONDITIONER = {**HIDDEN, "context_dim": 0, "activation": "tanh", "gain": 0.4}
RECIPE = {**CONDITIONER, "whiten": "full", "standardize": "moments"}
CONTINUOUS = {"context_dim": 0, "solver": nf.ode.Dopri5(), "trace": "exact", "gradient": "discrete", "probes": 1}
FIELD = {"field": nf.Field(nf.MLP((64, 64), "silu"), 3)}
SPLINE = {"bins": 8, "bound": 5.0, "circular": False, "minimum": 1e-3}
LIPSCHITZ = {"coefficient": 0.97, "activation": "tanh", "gain": 1.0, "tolerance": 1e-3}
RUN = {"schedule": nf.cosine, "interrupt": "return"}
TEMPERATURE = {"inverse_temperature": 1.0}

DEFAULTS = {
    # networks
    nf.MLP: NETWORK,
    nf.MADE: NETWORK,
    nf.ConvNet: {"hidden": (32, 32), "activation": "relu", "kernels": 3, "gain": 1.0, "context_channels": 0},
    nf.ResidualConvNet: {
        **{"hidden": 64, "blocks": 2, "activation": "relu", "kernels": (3, 3, 1, 1), "gain": 1.0},
        "context_channels": 0,
    },
    nf.ConvFeatures: {
        **{"channels": (16, 32), "hidden": (64,), "activation": "relu", "kernels": 3, "step": 2, "gain": 1.0}
    },
    nf.ConvDecoder: {
        **{"channels": (32, 16), "hidden": (64,), "activation": "relu", "kernels": 3, "step": 2, "gain": 1.0}
    },
    nf.Field: {"network": nf.MLP((64, 64), "silu"), "frequencies": 3},
    nf.ProbabilityFlow: {"denoiser": FIELD["field"], "duration": 4.0},
    nf.LipschitzMLP: {**HIDDEN, **LIPSCHITZ},
    nf.LipschitzConv: {"hidden": (32, 32), **LIPSCHITZ, "kernels": (3, 1, 3)},
    nf.StandardizedInput: {"kind": "moments"},
    # transformers
    nf.Affine: {"max_log_scale": 3.0},
    nf.VolumePreserving: {"max_log_scale": 3.0},
    nf.DeepSigmoid: {"units": 8, "max_log_scale": 3.0},
    nf.DeepDenseSigmoid: {"widths": (4, 4), "max_log_scale": 3.0},
    nf.LogisticMixtureCDF: {"components": 8, "max_log_scale": 3.0},
    nf.Squared: {"margin": 0.05, "max_log_scale": 3.0},
    nf.UMNN: {"hidden": 8, "points": 96, "bound": 5.0, "steepness": 4.0, "minimum": 0.01},
    nf.Sigmoid: {"low": 0.0, "high": 1.0},
    nf.LeakyReLU: {"slope": 0.1},
    **dict.fromkeys((nf.LinearSpline, nf.QuadraticSpline, nf.CubicSpline, nf.RationalQuadraticSpline), SPLINE),
    # bijections
    nf.Autoregressive: {"conditioner": nf.MADE((64, 64)), "context_dim": 0},
    nf.Coupling: {"conditioner": nf.MLP((64, 64)), "context_dim": 0},
    nf.Conditioned: {"network": nf.MLP((64, 64)), "context_dim": 1},
    nf.Continuous: {**FIELD, "dim": 2, **CONTINUOUS},
    nf.Residual: {
        **{"network": nf.LipschitzMLP((64, 64), 0.97), "log_det": "exact", "context_dim": 0, "terms": 4},
        **{"stop": 0.25, "probes": 1, "gradient": "neumann", "solver": "anderson"},
    },
    nf.EmergingConv: {"kernel": 3},
    nf.MaskedConv: {"kernel": 3, "turned": False},
    nf.PixelLevels: {"values": 256},
    nf.Squeeze: {"factor": 2},
    nf.Diagonal: {"max_log_scale": 10.0},
    nf.PLU: {"seed": 0, "max_log_scale": 10.0},
    nf.QR: {"max_log_scale": 10.0},
    nf.Triangular: {"lower": True, "max_log_scale": 10.0},
    nf.Sylvester: {"orthogonal": "qr", "flip": False},
    nf.BatchNorm: {"momentum": 0.99, "eps": 1e-5},
    nf.Standardize: {"kind": "moments"},
    nf.Whiten: {"kind": "moments", "floor": 0.0},
    **{mask: {"flip": False} for mask in (nf.half_mask, nf.alternating_mask, nf.checkerboard_mask, nf.channel_mask)},
    # distributions
    nf.Gaussian: {"max_log_scale": 3.0},
    nf.MixtureOfGaussians: {"components": 10, "max_log_scale": 3.0},
    nf.ConditionedBase: {"network": nf.MLP((64, 64)), "context_dim": 1},
    nf.MaskEnsemble: {"masks": 32, "seed": 0},
    nf.AutoregressiveDensity: {"conditioner": nf.MADE((64, 64)), "context_dim": 0},
    nf.GaussianMixture: {"spread": 1.0},
    nf.StudentT: {"dof": 4.0},
    # flows
    nf.Dequantized: {"values": 256},
    nf.flows.real_nvp: {**RECIPE, "layers": 8, "max_log_scale": 3.0, "seed": 0},
    nf.flows.nice: {**RECIPE, "layers": 8, "seed": 0},
    nf.flows.gin: {**RECIPE, "layers": 8, "max_log_scale": 3.0, "seed": 0},
    nf.flows.maf: {
        **RECIPE,
        **{"layers": 5, "max_log_scale": 3.0, "order": "reversed", "batch_norm": False, "seed": 0},
    },
    nf.flows.iaf: {**RECIPE, "layers": 5, "max_log_scale": 3.0, "order": "reversed", "seed": 0},
    nf.flows.made: {"hidden": (500,), "activation": "tanh", "gain": 1.0, "masks": 1, "seed": 0},
    nf.flows.rq_nsf: {**RECIPE, "layers": 4, "bins": 8, "bound": 5.0, "coupling": True, "seed": 0},
    nf.flows.naf: {**RECIPE, "transformer": nf.DeepSigmoid(8, 3.0), "layers": 4, "coupling": False, "seed": 0},
    nf.flows.linear: {**RECIPE, "kind": "plu", "whiten": "diagonal"},
    nf.flows.residual: {**RECIPE, "layers": 16, "gain": 1.0, "coefficient": 0.97},
    nf.flows.ffjord: {**RECIPE, **CONTINUOUS, "gain": 1.0, "frequencies": 3},
    nf.flows.continuous: {**FIELD, **CONTINUOUS, "whiten": "full", "standardize": "moments"},
    nf.flows.planar: {**CONDITIONER, "layers": 16},
    nf.flows.radial: {**CONDITIONER, "layers": 16},
    nf.flows.sylvester: {**CONDITIONER, "layers": 8, "orthogonal": "qr"},
    nf.flows.inference: {**HIDDEN, "layers": 6, "activation": "tanh", "gain": 0.4, "seed": 0},
    nf.flows.posterior: {
        **{"context_dim": 0, "kind": "normal", "layers": 4, "hidden": (64,), "bins": 8, "bound": 5.0},
    },
    nf.flows.glow: {
        **{"depth": 8, "hidden": 64, "values": 256, "noise": "uniform", "prior": True, "mixing": "1x1"},
        **{"context_dim": 0, "activation": "relu", "max_log_scale": 3.0},
    },
    nf.flows.real_nvp_image: {
        **{"hidden": 32, "blocks": 2, "values": 256, "noise": "uniform", "prior": False, "context_dim": 0},
        **{"activation": "relu", "max_log_scale": 3.0},
    },
    nf.flows.pixel_noise: {"layers": 4, "hidden": (32, 32), "activation": "relu", "max_log_scale": 1.0},
    nf.flows.coupling_layers: {"context_dim": 0, "seed": 0},
    nf.flows.autoregressive_layers: {"context_dim": 0, "order": "reversed", "seed": 0},
    # training
    nf.fit: {**RUN, "validation": 0.1, "objective": objectives.MaximumLikelihood(), "memory": "store"},
    nf.fit_model: {**RUN, "validation": 0.1, "steps": 2000, "batch_size": 128},
    nf.fit_gan: {**RUN, "steps": 2000, "batch_size": 128},
    nf.fit_vae: {"anneal": 0, "draws": 1, "importance": False},
    nf.minimize: {**RUN, "has_grad": False, "title": "minimize", "steps": 2000, "batch_size": 256},
    nf.Adam: {"rate": 1e-3, "b1": 0.9, "b2": 0.999, "eps": 1e-8, "weight_decay": 0.0},
    nf.adam: {"rate": 1e-3},
    objectives.elbo: TEMPERATURE,
    objectives.elbo_value_and_grad: {**TEMPERATURE, "gradient": "total"},
    objectives.reverse_kl: TEMPERATURE,
    objectives.reverse_kl_value_and_grad: {**TEMPERATURE, "gradient": "total"},
    objectives.iwae: {"draws": 50},
    objectives.iwae_value_and_grad: {"draws": 50, "gradient": "total"},
    objectives.flow_matching: {"pairing": "independent"},
    objectives.flow_matching_value_and_grad: {"pairing": "independent"},
    objectives.FlowMatching: {"pairing": "independent"},
}
ROOMS = ("nets", "transformers", "bijections", "distributions", "flows", "training")
PUBLIC = (nf, nf.flows, nf.bijections, nf.transformers, nf.distributions, training.objectives)
LATER = {  # fields that older files lack: a file names them only where they are not the default
    **{"MLP": {"gain"}, "MADE": {"gain"}, "ConvNet": {"context_channels"}, "StandardizedInput": {"kind"}},
    **{"Permutation": {"shape"}, "Standardize": {"kind"}, "Whiten": {"floor"}},
    **{"AutoregressiveDensity": {"context_dim"}},
}


def public():
    """What the rooms above offer by name, without exceptions, which take whatever they are given."""
    found = {id(v): v for module in PUBLIC for name, v in vars(module).items() if not name.startswith("_")}
    inside = (v for v in found.values() if getattr(v, "__module__", "").startswith("nfscratch."))
    return [v for v in inside if v.__module__.split(".")[1] in ROOMS and (inspect.isfunction(v) or is_dataclass(v))]


def defaults(thing):
    """Without None, which each docstring explains, and without what is made anew for every object."""
    given = {p.name: p.default for p in inspect.signature(thing).parameters.values() if p.default is not p.empty}
    return {name: shown(v) for name, v in given.items() if v is not None and "factory" not in repr(v)}


def shown(value):
    return value if callable(value) and not is_dataclass(value) else repr(value)


def test_the_defaults_of_everything_public_are_those_of_the_table():
    found = {thing: defaults(thing) for thing in public()}
    for thing in {thing for thing, given in found.items() if given} | set(DEFAULTS):
        assert thing in DEFAULTS, f"the table must have {thing.__module__}.{thing.__qualname__}"
        assert found[thing] == {name: shown(v) for name, v in DEFAULTS[thing].items()}, thing.__qualname__


def test_fields_that_older_files_lack_are_marked():
    marked = {name: {f.name for f in fields(part) if f.metadata == ADDED_LATER} for name, part in registry().items()}
    assert {name: found for name, found in marked.items() if found} == LATER


def below(kind):
    return [each for sub in kind.__subclasses__() for each in (sub, *below(sub))]


def test_parts_cannot_be_changed_and_are_equal_to_themselves_alone():
    """Arrays in fields have no equality of one number; caches are by the object."""
    parts = [part for part in below(TypedFields) if part.__module__.split(".")[0] == "nfscratch"]
    assert len(parts) > 90 and set(parts) >= {part for part in registry().values() if issubclass(part, TypedFields)}
    for part in parts:
        kind = part.__dataclass_params__
        assert (kind.frozen, kind.eq, kind.init, kind.repr) == (True, False, True, True), part.__name__
    assert nf.MLP() != nf.MLP() and len({nf.MLP(), nf.MLP()}) == 2
    for value in (nf.Adam, objectives.MaximumLikelihood, objectives.FlowMatching, objectives.ScoreMatching):
        assert value() == value() and value.__dataclass_params__.frozen, value.__name__
