"""Defaults of functions that callers do not see, and the traits of classes, a second time: none moves by mistake."""

from math import inf

from stated_numbers import by_module, classes, defaults, modules, traits

from nfscratch.typed_fields import TypedFields

DEFAULTS = {
    "nfscratch.autodiff.functions": {
        "logsumexp_jvp.keepdims": False,
        "logsumexp_vjp.keepdims": False,
        "solve_triangular.lower": False,
        "solve_triangular.trans": False,
    },
    "nfscratch.autodiff.rules_linalg": {
        "make_diagonal.axis1": 0,
        "make_diagonal.axis2": 1,
        "make_diagonal.offset": 0,
        "trace_vjp.axis1": 0,
        "trace_vjp.axis2": 1,
        "trace_vjp.offset": 0,
    },
    "nfscratch.autodiff.rules_moving": {
        "diff_vjp.axis": -1,
        "diff_vjp.n": 1,
        "sort_jvp.axis": -1,
        "sort_vjp.axis": -1,
        "take_along_axis_vjp.axis": -1,
    },
    "nfscratch.autodiff.rules_reductions": {
        "std_jvp.ddof": 0,
        "std_jvp.keepdims": False,
        "var_jvp.ddof": 0,
        "var_jvp.keepdims": False,
    },
    "nfscratch.ops.activations": {"_gated.divisor": 1.0},
    "nfscratch.ops.convolution": {"back.steps": (1, 1)},
    "nfscratch.ops.fixed_point": {"solve_fixed_point.max_calls": 2000},
    "nfscratch.ops.layout": {"columns.event_dims": 1, "rows.event_dims": 1},
    "nfscratch.ops.roots": {"InversionError.__init__.entry": 0, "monotone_root.max_iterations": 200},
    "nfscratch.ops.roulette": {"draw_probes.probes": 1},
    "nfscratch.ops.spectral": {"power_iteration.most": 1000},
    "nfscratch.ops.strips": {"shifted.steps": (1, 1)},
    "nfscratch.nets.conv": {"ConvNet.init.context_dim": 0},
    "nfscratch.nets.conv_decoder": {"ConvDecoder.init.context_dim": 0},
    "nfscratch.nets.conv_features": {"ConvFeatures.init.context_dim": 0},
    "nfscratch.nets.field": {"Field.init.context_dim": 0},
    "nfscratch.nets.heads": {"Heads.init.context_dim": 0},
    "nfscratch.nets.layered": {"apart.channels": 0, "columns.channels": 0},
    "nfscratch.nets.lipschitz": {"LipschitzMLP.init.context_dim": 0},
    "nfscratch.nets.lipschitz_conv": {"LipschitzConv.init.context_dim": 0},
    "nfscratch.nets.made": {
        "MADE.init.context_dim": 0,
        "MADE.schedule.context_dim": 0,
        "MADE.stairs.context_dim": 0,
        "hidden_degrees.context_dim": 0,
    },
    "nfscratch.nets.mlp": {"MLP.init.context_dim": 0},
    "nfscratch.nets.network": {"Network.init.context_dim": 0},
    "nfscratch.nets.probability_flow": {"ProbabilityFlow.init.context_dim": 0},
    "nfscratch.nets.residual_conv": {"ResidualConvNet.init.context_dim": 0},
    "nfscratch.nets.standardized": {"StandardizedInput.init.context_dim": 0},
    "nfscratch.nets.velocity": {"Velocity.init.context_dim": 0},
    "nfscratch.flows.dequantized": {"Dequantized.log_prob.draws": 1},
    "nfscratch.flows.far_rows": {"_are_far.asked": True},
    "nfscratch.flows.parameters": {"disagreement.per_sample": True},
    "nfscratch.training.called_with": {"check_functions.data": True},
    "nfscratch.training.data_rows": {"checked.cast_only": True},
    "nfscratch.training.far_end": {"review.share": 0.0, "say.chance": 0.0, "say.share": 0.0},
    "nfscratch.training.fit_gan": {"InTurn.step.factor": 1.0},
    "nfscratch.training.held_out": {"hold_out.least": 0},
    "nfscratch.training.objectives.evidence": {"_bound.draws": 1, "_bound.sign": 1.0},
    "nfscratch.training.optimizers": {"Adam.step.factor": 1.0},
    "nfscratch.training.saved_run": {"_count.most": 2**62},
}
TRAITS = {
    "nfscratch.ops.intervals": {"BetweenIntervals.codomain": (-inf, inf), "BetweenIntervals.domain": (-inf, inf)},
    "nfscratch.nets.conv": {"ConvNet.sees_images": True},
    "nfscratch.nets.layered": {"Layered.context_channels": 0},
    "nfscratch.nets.lipschitz": {"Lipschitz.updates": True},
    "nfscratch.nets.network": {"Network.keeps_width": False, "Network.sees_images": False, "Network.updates": False},
    "nfscratch.nets.residual_conv": {"ResidualConvNet.sees_images": True},
    "nfscratch.nets.velocity": {"Velocity.updates": False},
    "nfscratch.transformers.affine": {"Affine.n_params": 2, "Shift.n_params": 1, "VolumePreserving.least_width": 2},
    "nfscratch.transformers.fixed": {
        "Exp.low": 0.0,
        "Fixed.high": inf,
        "Fixed.identity_at_zero": False,
        "Fixed.low": -inf,
        "Fixed.n_params": 0,
        "LeakyReLU.smooth": False,
        "Softplus.low": 0.0,
        "Tanh.high": 1.0,
        "Tanh.low": -1.0,
    },
    "nfscratch.transformers.splines.cubic_spline": {"CubicSpline.least_bins": 3},
    "nfscratch.transformers.splines.linear_spline": {"LinearSpline.smooth": False},
    "nfscratch.transformers.splines.quadratic_spline": {"QuadraticSpline.least_bins": 2},
    "nfscratch.transformers.splines.spline": {"Spline.least_bins": 1},
    "nfscratch.transformers.squared": {"Squared.n_params": 5},
    "nfscratch.transformers.transformer": {
        "Transformer.codomain": (-inf, inf),
        "Transformer.domain": (-inf, inf),
        "Transformer.identity_at_zero": True,
        "Transformer.least_width": 1,
        "Transformer.n_params": 1,
        "Transformer.smooth": True,
    },
    "nfscratch.bijections.contract": {
        "Bijection.accuracy": 0.0,
        "Bijection.codomain": (-inf, inf),
        "Bijection.context_dim": 0,
        "Bijection.data_side_only": False,
        "Bijection.domain": (-inf, inf),
        "Bijection.smooth": True,
        "Bijection.stochastic": False,
        "Bijection.updates": False,
    },
    "nfscratch.bijections.normalize.batchnorm": {"BatchNorm.data_side_only": True, "BatchNorm.updates": True},
    "nfscratch.bijections.residual": {"Residual.update_sees_data": False},
    "nfscratch.distributions.conditionals": {
        "Bernoulli.n_levels": 2,
        "Conditional.n_levels": 0,
        "Conditional.n_params": 1,
        "Gaussian.n_params": 2,
    },
    "nfscratch.distributions.distribution": {
        "Distribution.context_dim": 0,
        "Distribution.reparameterized": True,
        "Distribution.support": (-inf, inf),
        "Distribution.updates": False,
    },
    "nfscratch.distributions.ensemble": {"MaskEnsemble.reparameterized": False},
    "nfscratch.distributions.made_density": {"AutoregressiveDensity.reparameterized": False},
    "nfscratch.distributions.mixture": {"GaussianMixture.reparameterized": False},
    "nfscratch.distributions.student": {"StudentT.reparameterized": False},
    "nfscratch.training.interrupts": {"Interruptible.stopped": False},
}


def shown(table):
    """As text, because True is not 1, and 1 is not 1.0."""
    return {module: repr(sorted(said.items())) for module, said in table.items()}


def test_defaults_inside_are_those_of_the_table():
    assert shown(by_module(defaults)) == shown(DEFAULTS)


def test_traits_of_classes_are_those_of_the_table():
    assert shown(by_module(traits)) == shown(TRAITS)


def test_what_is_no_part_is_frozen_too():
    """Except what collects something while it lives."""
    made = [kind for module in modules() for kind in classes(module) if "__dataclass_params__" in vars(kind)]
    others = {kind.__name__: kind.__dataclass_params__ for kind in made if not issubclass(kind, TypedFields)}
    assert {name for name, kind in others.items() if not kind.frozen} == {"Comparison", "Beginning", "Result"}
    assert {name for name, kind in others.items() if not kind.repr} == {"Result"}
    assert len(others) > 20 and all(kind.eq for kind in others.values())
