"""Every field of every part: a value of another type is refused where the part is made, in one line that names it."""

import enum
from collections.abc import Sequence
from dataclasses import InitVar, dataclass, fields, is_dataclass, replace

import numpy as onp
import pytest
from every_part import FLOWS, MODELS

import nfscratch as nf
from nfscratch.checkpoint.description import registry
from nfscratch.typed_fields import fits, stated

ODD = {
    "an object": object(),
    "a text": "a",
    "a truth": True,
    "nothing": None,
    "a list of a text": ["a"],
    "an array without axes": onp.array(0.5),
    "a class": nf.MLP,
    "a function": lambda x: x,
    "a complex number": 1j,
    "an array of texts": onp.array(["a", "b"]),
}


def parts_in(value):
    """One part of each class in a value, however deep."""
    if isinstance(value, (list, tuple)):
        return {kind: part for item in value for kind, part in parts_in(item).items()}
    if not is_dataclass(value) or isinstance(value, type):
        return {}
    inside = {k: p for f in fields(value) for k, p in parts_in(getattr(value, f.name)).items()}
    return {**inside, type(value): value}


PARTS = {k.__name__: p for k, p in parts_in([*FLOWS.values(), *MODELS.values()]).items() if k in registry().values()}


@pytest.mark.parametrize("name", sorted(PARTS))
def test_a_field_of_another_type_is_refused_by_its_name(name):
    part = PARTS[name]
    for field, hint in stated(type(part)).items():
        for odd in ODD.values():
            if fits(odd, hint, of_a_file=False):
                continue
            with pytest.raises((TypeError, ValueError)) as caught:
                replace(part, **{field: odd})
            message = str(caught.value)
            assert "; got " in message and "\n" not in message and len(message) < 400, (field, odd, message)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nf.Coupling(nf.Affine(), nf.half_mask(2), nf.MLP), "conditioner must be a Network; got <class"),
        (lambda: nf.Coupling(nf.Affine(), nf.half_mask(2), 3), "conditioner must be a Network; got 3"),
        (lambda: nf.BatchNorm(2, eps=True), "eps must be positive and finite; got True"),
        (lambda: nf.BatchNorm(2, momentum=[1]), r"momentum must be a number; got \[1\]"),
        (lambda: nf.RationalQuadraticSpline(circular=-1), "circular must be True or False; got -1"),
        (lambda: nf.Heads((nf.MLP((4,)), 3)), "networks must be a list, each entry a Network; got"),
        (lambda: nf.GaussianMixture(True, 2), "dim must be an integer of at least 1; got True"),
        (lambda: nf.GaussianMixture(2, 3, spread=float("nan")), "spread must be positive and finite; got nan"),
        (lambda: nf.Whiten(2, floor=-1.0), "floor must be at least 0 and finite; got -1.0"),
        (lambda: nf.LeakyReLU(float("inf")), "slope must be positive and finite: .*; got inf"),
        (lambda: nf.StandardizedInput(kind="a"), "kind must be one of moments, robust; got 'a'"),
        (lambda: nf.QR(2, reflections=2.5), "reflections must be an integer of at least 1; got 2.5"),
        (lambda: replace(FLOWS["embedding"], embed=True), "embed must be a Network or None; got True"),
        (lambda: nf.MaskEnsemble(3), "density must be an AutoregressiveDensity; got 3"),
    ],
)
def test_the_line_names_the_field_the_requirement_and_what_came(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()


def test_numbers_of_numpy_arrays_and_ranges_are_taken():
    assert nf.MLP(onp.array([4, 4])).hidden is not None
    assert nf.Permutation(onp.array([1, 0])).in_shape == (2,)
    assert nf.Permutation(range(3)).in_shape == (3,)
    assert nf.Bounds(onp.zeros(2), onp.ones(2)).low == (0.0, 0.0)
    assert nf.ActNorm(onp.int64(2)).in_shape == (2,) and nf.StudentT(2, onp.float32(5.0)).dof == 5.0


@dataclass(frozen=True, eq=False)
class Mine(nf.Bijection):
    """A part of a user's own, whose annotations say what they like."""

    factor: "whatever it is"  # noqa: F722
    scales: Sequence[int] = "ab"

    in_shape = (1,)


def test_parts_of_a_callers_own_are_left_alone_and_may_stand_for_the_packages():
    assert Mine(1j).factor == 1j
    nf.Chain([Mine(0)])

    class Net:
        def init(self, rng, n_in, n_out, context_dim=0):
            return {}

    assert nf.Coupling(nf.Affine(), nf.half_mask(2), Net()).conditioner is not None


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: nf.Coupling(nf.Planar(2), (True, False)), "transformer must be a Transformer"),
        (lambda: nf.Coupling(nf.Affine(), (True, False), nf.Planar(2)), "conditioner must be a Network; got Planar"),
        (lambda: nf.Elementwise(nf.MLP((2,)), 2), "transformer must be a Transformer"),
        (lambda: nf.Chain([nf.MLP((2,))]), "layers must be a list, each entry a Bijection; got"),
        (lambda: nf.Flow(nf.MLP((2,)), nf.Planar(2)), "base must be a Distribution; got MLP"),
        (lambda: replace(FLOWS["embedding"], embed=nf.Planar(2)), "embed must be a Network or None; got"),
    ],
)
def test_a_part_of_the_package_stands_for_no_part_of_another_kind(make, message):
    with pytest.raises(TypeError, match=message):
        make()


def test_a_part_of_a_callers_own_may_have_arguments_that_are_no_fields():
    @dataclass(frozen=True, eq=False)
    class Own(nf.Bijection):
        dim: int
        scale: InitVar[float] = 1.0
        in_shape = property(lambda self: (self.dim,))

        def __post_init__(self, scale):
            object.__setattr__(self, "log_scale", onp.log(scale))

    assert Own(2, scale=3.0).log_scale == onp.log(3.0)


def test_a_seed_may_be_of_any_size():
    assert nf.PLU(3, seed=2**63).seed == 2**63 and nf.flows.maf(2, seed=2**100).shape == (2,)
    with pytest.raises(ValueError, match=r"^seed must be an integer of at least 0; got -1$"):
        nf.PLU(3, seed=-1)


class Whole(enum.IntEnum):
    TWO = 2


class Length(float):
    pass


def test_a_number_of_another_type_is_taken_as_a_plain_one_and_leaves_float32_as_it_is(tmp_path):
    """NumPy takes a subclass of int or float, as its own float64, for an array of float64."""
    x, rng = onp.random.default_rng(2).normal(size=(6, 2)).astype("f4"), onp.random.default_rng
    nf.use(dtype="float32")
    try:
        for odd in (Whole.TWO, Length(2), onp.float64(2), onp.float32(2), onp.int8(2)):
            for field in (nf.Affine(odd), nf.RationalQuadraticSpline(3, odd)):
                number = field.max_log_scale if isinstance(field, nf.Affine) else field.bound
                assert type(number) in (int, float) and number == 2
                flow = nf.Flow(nf.StandardNormal(2), nf.Elementwise(field, 2))
                params = nf.trees.map_leaves(lambda leaf: leaf + onp.float32(0.3), flow.init(rng(0), x))
                nf.save(tmp_path / "flow", flow, params)
                again, loaded = nf.load(tmp_path / "flow")
                log_p = flow.log_prob(params, x)
                assert log_p.dtype == onp.float32 and (again.log_prob(loaded, x) == log_p).all()
            assert type(nf.ProbabilityFlow(duration=odd).duration) in (int, float)
            assert {type(n) for n in nf.Bounds([0, odd - 2], (3.0, odd)).high} == {float}
            assert [type(n) for n in nf.MLP([3, Whole.TWO]).hidden] == [int, int]
    finally:
        nf.use(dtype="float64")
