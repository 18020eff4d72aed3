"""Numbers of NumPy's dtypes, sizes, and parts of another kind: each counts as what it is, or is refused by its name.

A whole number of a small dtype is a number like any other: `images.max() + 1` of bytes is a uint8, and 200 of them must
be 200 in every formula, though -uint8(200) is 56.
"""

import numpy as onp
import pytest

import nfscratch as nf

X = onp.random.default_rng(0).normal(size=(60, 2))
FLOW, NORMAL, ADAM = nf.flows.real_nvp(2, layers=1, hidden=(4,)), nf.StandardNormal(2), nf.Adam()


def refused(message, call, *arguments, **named):
    with pytest.raises((TypeError, ValueError), match=message) as caught:
        call(*arguments, **named)
    assert "\n" not in str(caught.value)


def test_a_number_of_a_small_dtype_makes_the_part_that_the_number_makes():
    makers = {
        "values": lambda n: nf.PixelLevels(n(4), values=n(200)),
        "glow": lambda n: nf.flows.glow((n(1), n(4), n(4)), n(1), n(1), n(4), values=n(17), context_dim=n(3)),
        "real_nvp_image": lambda n: nf.flows.real_nvp_image((n(1), n(4), n(4)), values=n(17), hidden=n(4)),
        "real_nvp": lambda n: nf.flows.real_nvp(n(3), layers=n(3), hidden=(n(4),), context_dim=n(2), seed=n(5)),
        "maf": lambda n: nf.flows.maf(n(3), layers=n(2), hidden=[n(4)], seed=n(5)),
        "rq_nsf": lambda n: nf.flows.rq_nsf(n(2), layers=n(1), bins=n(4), hidden=(n(4),)),
        "naf": lambda n: nf.flows.naf(n(2), layers=n(1), hidden=(n(4),)),
        "posterior": lambda n: nf.flows.posterior(n(2), n(3)),
        "mixture": lambda n: nf.GaussianMixture(n(2), n(3)),
        "conditional": lambda n: nf.AutoregressiveDensity(n(3), nf.Categorical(n(200)), context_dim=n(2)),
        "stack": lambda n: nf.Stack(nf.Planar(n(2)), n(3)),
        "heads": lambda n: nf.Field(nf.MLP([n(4), n(4)]), n(2)),
        "order": lambda n: nf.Permutation([n(1), n(0)]),
        "kernels": lambda n: nf.ConvNet((n(4),), kernels=n(3), context_channels=n(2)),
        "blocks": lambda n: nf.Blocks([n(2), nf.Simplex(n(3))]),
        "slope": lambda n: nf.LeakyReLU(n(2)),
        "solver": lambda n: nf.ode.RK4(n(4)),
        "code": lambda n: nf.models.AutoEncoder(nf.MLP((n(4),)), nf.MLP((n(4),)), n(2)),
        "random": lambda n: (nf.Permutation.random(n(5), seed=n(200)), nf.random_order(n(5), seed=n(200))),
        "masks": lambda n: (nf.half_mask(n(200)), nf.alternating_mask(n(200)), nf.channel_mask((n(4), n(2), n(2)))),
        "array": lambda n: nf.MLP(onp.array([4, 5], getattr(n, "__name__", "i8"))).hidden,
    }
    for name, make in makers.items():
        for kind in (onp.uint8, onp.int8) if name not in ("values", "conditional", "random", "masks") else (onp.uint8,):
            assert repr(make(kind)) == repr(make(int)), name
    layer, zero = nf.PixelLevels(4, values=onp.uint8(200)), onp.zeros((1, 4))
    assert layer.forward({}, zero)[0][0, 0] == nf.PixelLevels(4, values=200).forward({}, zero)[0][0, 0]


def test_a_part_of_another_kind_or_one_part_for_a_list_is_refused_by_name():
    for one in (FLOW, NORMAL, ADAM, nf.PLU, nf.PLU(2), nf.MLP(), {nf.PLU(2)}, {nf.PLU(2): 1}):  # a set has no order
        refused("layers must be a list, each entry a Bijection; got ", nf.Chain, one)
        refused("blocks must be a list, each entry a Bijection; got ", nf.Blocks, one)
        refused("levels must be a list, each entry a Bijection; got ", nf.MultiScale, one)
    for one in (NORMAL, ADAM, nf.MLP(), {nf.MLP()}):
        refused("networks must be a list, each entry a Network; got ", nf.Heads, one)
    refused("networks must be a list, each entry a Network; got ", nf.Heads, [ADAM])
    refused("base must be a Distribution; got Adam", nf.Flow, ADAM, nf.PLU(2))
    refused("bijection must be a Bijection; got Adam", nf.Flow, NORMAL, ADAM)
    refused("conditioner must be a Network; got Adam", nf.Coupling, nf.Affine(), (True, False), ADAM)
    refused("network must be a Network; got Adam", nf.Conditioned, nf.PLU(2), ADAM)
    refused("network must be a Network; got Adam", nf.ConditionedBase, nf.DiagonalNormal(2), ADAM)
    refused("network must be a Network; got Adam", nf.Field, ADAM)
    refused("network must be a Network or None; got Adam", nf.StandardizedInput, ADAM)
    refused("density must be an AutoregressiveDensity; got Adam", nf.MaskEnsemble, ADAM)
    refused("denoiser must be a Velocity; got Adam", nf.ProbabilityFlow, ADAM)
    refused(r"Linear must be one of its subclasses, such as nf.PLU\(2\) or nf.QR\(2\); got Linear itself", nf.Linear, 2)


def test_masks_and_orders_check_their_sizes_flips_and_seeds():
    for make in (nf.half_mask, nf.alternating_mask):
        for dim in (-1, 0, True, "2", 2.0, None, -(10**30)):
            refused("dim must be an integer of at least 1; got ", make, dim)
        refused("dim must be at most 2147483648; got 10{30}$", make, 10**30)
    makers = {nf.half_mask: 4, nf.alternating_mask: 4, nf.checkerboard_mask: (1, 2, 2), nf.channel_mask: (2, 2, 2)}
    for make, shape in makers.items():
        for flip in ("False", "yes", float("nan"), [], nf.Adam, 2, 1.0, None):
            refused("flip must be True or False; got ", make, shape, flip)
        assert make(shape, 3 % 2) == make(shape, onp.int64(1)) == make(shape, True) != make(shape, 4 % 2)
        assert make(shape, onp.True_) == make(shape, True) != make(shape)
    for seed in (True, [0], (1,), onp.arange(2), "a", 1.5, float("nan"), -1, {}):
        refused("seed must be an integer of at least 0; got ", nf.random_order, 2, seed=seed)
        refused("seed must be an integer of at least 0; got ", nf.Permutation.random, 2, seed=seed)
    refused(r"order must hold each of 0 \.\.\. D - 1 once; got \[True, False\]", nf.Permutation, [True, False])


def test_a_size_that_no_array_has_is_refused_where_the_part_is_made():
    huge = 10**30
    for make in (nf.flows.maf, nf.flows.nice, nf.PLU, nf.Planar, nf.StudentT, nf.FittedTails, nf.Radial):
        refused("dim must be at most 2147483648; got 10{30}$", make, huge)
    for make in (nf.StandardNormal, nf.DiagonalNormal, nf.StandardLogistic, nf.ActNorm, nf.Reverse, nf.channel_mask):
        refused("takes a shape of at most 2147483648 numbers; got 10{30}$", make, huge)
    refused(r"takes a shape of at most 2147483648 numbers; got \(1, 6", nf.checkerboard_mask, (1, 65536, 65536))
    for make in (nf.MLP, nf.MADE, nf.ConvNet, nf.LipschitzMLP):
        refused("each of hidden must be at most 2147483648; got 10{30}$", make, (huge,))
    refused("components must be at most 2147483648", nf.GaussianMixture, 2, huge)
    refused("bins must be at most 2147483648", nf.RationalQuadraticSpline, huge)
    refused("each of blocks must be at most 2147483648", nf.Blocks, [huge])
    refused("context_dim must be at most 2147483648", nf.flows.nice, 2, context_dim=huge)


def test_recording_steps_and_jitter_are_checked():
    refused("x must be finite; NaN or infinity in row 3", nf.recording_steps, onp.where(X == X[3, 1], onp.inf, X))
    for shape in ((60, 0), (0, 2)):
        refused("x must have at least one row and one column; got shape ", nf.recording_steps, onp.zeros(shape))
    far = X.copy()
    far[7, 1] = 1e300
    assert nf.recording_steps(far).tolist() == [0.0, 0.0]
    far[:, 0] = onp.rint(4 * far[:, 0])
    far[7, 0] = 1e300
    assert nf.recording_steps(far).tolist() == pytest.approx([1.0, 0.0])  # the far value hides no grid either
    refused(
        r"jitter must be one width, or one per column, shape \(2,\); got \(1,\)", nf.fit, FLOW, X, rng=0, jitter=[0.1]
    )
    refused("jitter must be a width, or one per column; got True", nf.fit, FLOW, X, rng=0, jitter=True)
    refused(
        r"Coupling takes arrays of shape \(N, 2\), as its mask has; got \(60, 1\)",
        FLOW.bijection.layers[1].inverse,
        [],
        X[:, :1],
    )


def test_problems_of_solvers_shapes_of_noise_and_numbers_in_arrays_are_refused_by_name():
    y = onp.ones((1, 2))

    def falls(t, y):
        return -y

    for solver in (nf.ode.Dopri5(), nf.ode.RK4()):
        for t in (None, "a", [1], 1j, onp.nan, onp.inf, True):
            refused("t1 must be a finite number; got ", solver.solve, falls, y, 0.0, t)
            refused("t0 must be a finite number; got ", solver.solve, falls, y, t, 0.0)
        refused(r"f must be a function of \(t, y\); got None", solver.solve, None, y, 0.0, 1.0)
        refused("y must be an array of floats; got dtype int64", solver.solve, falls, onp.array([[1, 2]]), 0.0, 1.0)
    refused(
        "t1 must be a finite number; got None",
        nf.ode.EulerMaruyama().solve,
        falls,
        falls,
        y,
        0,
        None,
        onp.random.default_rng(0),
    )
    for shape in (5, {3: 1}, onp.array(3), (True,), "ab", (1, 4)):
        refused("pixel_noise takes a shape ", nf.flows.pixel_noise, shape)
    refused(r"Residual takes a shape D, \(D,\) or \(C, H, W\); got \(2, 2, 2, 2, 2\)", nf.Residual, (2,) * 5)
    refused(r"network must take the shape \(2, 4, 4\), as nf.LipschitzConv\(\) does", nf.Residual, (2, 4, 4))
    refused(r"network must take the shape \(2,\), as nf.LipschitzMLP\(\) does", nf.Residual, 2, nf.LipschitzConv())
    refused(r"\(3, 1, 3\), which are 3; one number, such as 3, is for any count", nf.LipschitzConv, hidden=[4])
    refused(r"positive and finite; got array\(0.5\), an array and no number", nf.Affine, onp.array(0.5))
    refused(r"dim must be an integer of at least 1; got array\(2\), an array and no number", nf.flows.maf, onp.array(2))
    refused("n must be at most 2147483648; got 10{30}$", nf.data.load, "moons", n=10**30)
