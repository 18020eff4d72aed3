"""The checks: a healthy layer passes each of them, and each finds the bug that it is there for."""

from dataclasses import dataclass

import numpy as onp
import pytest
from small_layers import SMALL_LAYERS

import nfscratch as nf
from nfscratch import check, trees

LETTERS = "SRXJN"


def findings(bijection, dtype="float64", n=9):
    """Every letter on one layer with wild parameters: {letter: Finding}, the worst of J's two."""
    rng = onp.random.default_rng(0)
    params = trees.cast(check.random_params(bijection, rng, 0.7), dtype)
    z = rng.normal(size=(n, *bijection.in_shape)).astype(dtype)
    found = {
        "S": check.shapes_and_dtypes(bijection, params, z),
        "R": check.round_trip(bijection, params, z),
    }
    if found["S"].ok or dtype == "float32":
        found["X"] = check.log_dets_cancel(bijection, params, z)
    if found["S"].ok and dtype == "float64":
        found["J"] = max(check.log_det_is_jacobian(bijection, params, z), key=lambda f: f.error)
        if bijection.in_shape[0] <= 2:
            found["N"] = integral(bijection, params)
    return found


def integral(bijection, params):
    base = nf.StandardNormal(bijection.in_shape[0])

    def log_prob(x):
        z, log_det = bijection.inverse(params, x)
        return base.log_prob({}, z) + log_det

    low, high = check.image_box(lambda z: bijection.forward(params, z)[0], bijection.in_shape[0])
    return check.integrates_to_one(log_prob, low, high)


def failed(found):
    return "".join(letter for letter in LETTERS if letter in found and not found[letter].ok)


# --- healthy layers ---


@pytest.mark.parametrize("name", SMALL_LAYERS)
@pytest.mark.parametrize("dim", [1, 2, 5])
def test_a_healthy_layer_passes_every_check(name, dim):
    found = findings(SMALL_LAYERS[name](dim))
    assert set(found) == set(LETTERS if dim <= 2 else "SRXJ") and failed(found) == ""
    assert failed(findings(SMALL_LAYERS[name](dim), "float32")) == ""


# --- planted bugs: each is healthy but for one line ---


class Mutant(nf.Coupling):
    """An affine coupling, to be spoiled."""

    def __init__(self, dim, **options):
        super().__init__(nf.Affine(1.0), nf.half_mask(dim), nf.MLP((6,), "tanh"), **options)


class ForwardSign(Mutant):
    def forward(self, params, z, context=None, rng=None):
        x, log_det = super().forward(params, z, context, rng)
        return x, -log_det


class BothSigns(ForwardSign):
    def inverse(self, params, x, context=None, rng=None):
        z, log_det = super().inverse(params, x, context, rng)
        return z, -log_det


class MeanForSum(Mutant):
    def forward(self, params, z, context=None, rng=None):
        x, log_det = super().forward(params, z, context, rng)
        return x, log_det / self.mask.count(False)

    def inverse(self, params, x, context=None, rng=None):
        z, log_det = super().inverse(params, x, context, rng)
        return z, log_det / self.mask.count(False)


class KeptDims(Mutant):
    def forward(self, params, z, context=None, rng=None):
        x, log_det = super().forward(params, z, context, rng)
        return x, log_det[:, None]


class OneNumber(Mutant):
    def inverse(self, params, x, context=None, rng=None):
        z, log_det = super().inverse(params, x, context, rng)
        return z, float(log_det[0])


class NotANumber(Mutant):
    def inverse(self, params, x, context=None, rng=None):
        z, log_det = super().inverse(params, x, context, rng)
        return z, onp.where(log_det == log_det.max(), onp.nan, log_det)


class Leak(Mutant):
    def forward(self, params, z, context=None, rng=None):
        x, log_det = super().forward(params, z, context, rng)
        return x * onp.float64(1.0), log_det


class InverseShift(Mutant):
    """z = x e^-s - t, for (x - t) e^-s."""

    def inverse(self, params, x, context=None, rng=None):
        _, log_det = super().inverse(params, x, context, rng)
        zero, _ = super().forward(params, onp.zeros_like(x) + onp.array(self.mask) * x, context, rng)
        t = onp.where(self.mask, 0.0, zero)
        scaled, _ = super().inverse(params, x + t, context, rng)
        return scaled - t, log_det


class Constant(Mutant):
    """log_det off by one in forward and by minus one in inverse: they cancel, and the density is e times too large."""

    def forward(self, params, z, context=None, rng=None):
        x, log_det = super().forward(params, z, context, rng)
        return x, log_det - 1.0

    def inverse(self, params, x, context=None, rng=None):
        z, log_det = super().inverse(params, x, context, rng)
        return z, log_det + 1.0


@dataclass(frozen=True, eq=False)
class NeverUndone(nf.Permutation):
    """The same gather both ways."""

    def inverse(self, params, x, context=None, rng=None):
        return self.forward(params, x)


@dataclass(frozen=True, eq=False)
class Little(nf.ActNorm):
    """Both log-dets a little too large, too little for N."""

    off = (3e-6, -3e-6)

    def forward(self, params, z, context=None, rng=None):
        x, log_det = super().forward(params, z, context, rng)
        return x, log_det + self.off[0]

    def inverse(self, params, x, context=None, rng=None):
        z, log_det = super().inverse(params, x, context, rng)
        return z, log_det + self.off[1]


class Less(Little):
    """One of them, by less than finite differences can see."""

    off = (1e-8, 0.0)


MUTANTS = [  # mutant, the letters that find it
    (ForwardSign(2), "XJ"),
    (ForwardSign(1), "XJ"),
    (BothSigns(5), "J"),
    (BothSigns(2), "JN"),
    (MeanForSum(5), "J"),
    (MeanForSum(2), ""),  # D = 2 alone hides it: one variable changes, and the mean is the sum
    (KeptDims(5), "S"),
    (OneNumber(5), "S"),
    (NotANumber(5), "S"),
    (InverseShift(2), "R"),
    (InverseShift(5), "R"),
    (NeverUndone((1, 2, 3, 4, 0)), "R"),
    (NeverUndone((1, 0)), ""),  # a swap is its own inverse
    (Constant(2), "JN"),
    (Constant(5), "J"),
    (Little(1), "J"),
    (Little(5), "J"),
    (Less(2), "X"),
]


@pytest.mark.parametrize(
    ("mutant", "letters"), MUTANTS, ids=[f"{type(m).__name__}-{m.in_shape[0]}" for m, _ in MUTANTS]
)
def test_a_planted_bug_is_found_by_these_letters(mutant, letters):
    assert failed(findings(mutant)) == letters


def test_a_leak_of_float64_is_seen_in_float32_only():
    assert failed(findings(Leak(5))) == ""
    assert "S" in failed(findings(Leak(5), "float32"))


def test_a_failure_names_the_direction_the_size_and_the_place():
    forward, inverse = check.log_det_is_jacobian(*planted(ForwardSign(2)))
    assert not forward.ok and inverse.ok and "forward" in forward.what and "inverse" in inverse.what
    with pytest.raises(
        AssertionError, match=r"check J: log_det forward against finite differences is off by .* at z = \["
    ):
        forward.raise_if_failed()
    inverse.raise_if_failed()


def planted(mutant):
    rng = onp.random.default_rng(0)
    return mutant, check.random_params(mutant, rng, 0.7), rng.normal(size=(9, 2))


ARE_NONE = [
    (onp.ones((3, 2)) * 1j, "z must be an array of real numbers; got dtype complex128"),
    (onp.ma.masked_array(onp.ones((3, 2)), onp.eye(3, 2)), "z must have a value everywhere; got a masked array"),
    (onp.full((3, 2), "1"), "z must be an array of real numbers; got dtype <U1"),
]


@pytest.mark.parametrize(("z", "words"), ARE_NONE, ids=["complex", "masked", "text"])
def test_points_that_are_no_real_numbers_are_refused_by_every_check(z, words):
    """Without their imaginary part, or their mask, other points would be judged than those that were asked for."""
    layer = nf.ActNorm(2)
    for law in (check.round_trip, check.log_dets_cancel, check.log_det_is_jacobian, check.shapes_and_dtypes):
        with pytest.raises(TypeError, match=words):
            law(layer, layer.init(0), z)
    with pytest.raises(TypeError, match=words):
        check.finite_difference_jacobian(lambda z: z, z)


def test_a_check_judges_its_other_arguments():
    layer, z = nf.ActNorm(2), onp.ones((3, 2))
    params = layer.init(0)
    for call, words in (
        (lambda: check.round_trip(layer, params, z, "abc"), "context must be None"),
        (lambda: check.log_det_is_jacobian(layer, params, z, tolerance=onp.nan), "tolerance must be positive"),
        (lambda: check.random_params(layer, 0, scale=onp.nan), "scale must be at least 0 and finite; got nan"),
        (lambda: check.random_params(layer, 0, scale=-1), "scale must be at least 0 and finite; got -1"),
        (lambda: check.integrates_to_one(None, onp.nan, 1.0), "low must be finite"),
        (lambda: check.integrates_to_one(None, 0.0, [1.0], tolerance=-1), "tolerance must be positive"),
        (lambda: check.image_box(None, 1, onp.inf), "radius must be positive and finite; got inf"),
    ):
        with pytest.raises(ValueError, match=words):
            call()
    assert check.round_trip(layer, params, z.tolist()).outcome == check.round_trip(layer, params, z).outcome
    seeded, drawn = (check.random_params(layer, rng) for rng in (3, onp.random.default_rng(3)))
    assert all((a == b).all() for a, b in zip(trees.leaves(seeded), trees.leaves(drawn), strict=True))
