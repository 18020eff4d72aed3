"""What an audit tries and what it refuses: arguments, draws, differences, edges, samples; each by its own function."""

from types import SimpleNamespace

import numpy as onp
import pytest
from comparing import close

import nfscratch as nf
from nfscratch.check import arguments, draws, finite_differences
from nfscratch.check.finding import Outcome, Symptom
from nfscratch.check.letters import edges, kinks, samples, small_batches
from nfscratch.check.pairs import of_pair
from nfscratch.check.trial import Trial
from nfscratch.ops.roots import InversionError

REALS = (-onp.inf, onp.inf)


def rng(seed=0):
    return onp.random.default_rng(seed)


def zero(a):
    return onp.zeros(len(a))


def subject_of(forward, inverse=lambda x: x, dim=2, log_det=zero, **declared):
    return of_pair(*(lambda a, f=f: (f(a), log_det(a)) for f in (forward, inverse)), dim, **declared)


def trial_of(forward, inverse=lambda x: x, dim=2, n=8, z=None, **more):
    return Trial(subject_of(forward, inverse, dim, **more), rng().normal(size=(n, dim)) if z is None else z)


def refused(call, *arguments_):
    with pytest.raises((ValueError, TypeError)) as caught:
        call(*arguments_)
    return type(caught.value).__name__, str(caught.value)


# --- arguments ---


def test_letters_are_named_in_any_spelling():
    assert arguments.letters_of(None) == arguments.LETTERS
    assert arguments.letters_of("sr, j") == "SRJ" and arguments.letters_of("jS") == "JS"
    assert refused(arguments.letters_of, 5) == ("TypeError", "letters must be a string, such as 'SRJ'; got int")
    assert refused(arguments.letters_of, " ,") == (
        "ValueError", f"letters must name at least one of {arguments.LETTERS}; got ' ,'",
    )  # fmt: skip
    assert refused(arguments.letters_of, "SZQ")[1].endswith("got 'ZQ'")


@pytest.mark.parametrize("dims", [(1,), (1, 2, 5), [3], ((1, 2, 2),), (1024,), ((4, 16, 16),), (onp.int64(3),)])
def test_dimensions_that_are_taken(dims):
    arguments._check_dims(dims)


@pytest.mark.parametrize(
    "dims", [(), 3, (0,), (-1,), (True,), (1.0,), ("2",), ((),), ((2, 0),), ((2, True),), None, {2}]
)
def test_dimensions_that_are_none(dims):
    kind, words = refused(arguments._check_dims, dims)
    assert kind == "ValueError" and words.startswith("dims must be a tuple of positive integers or shapes")


@pytest.mark.parametrize("dims", [(1025,), (2, 1025), ((4, 16, 17),)])
def test_dimensions_that_are_too_many(dims):
    words = "dims must be at most 1024, because an audit computes D x D Jacobians; got "
    assert refused(arguments._check_dims, dims)[1].startswith(words)


GOOD = {"dtype": None, "draws": 3, "radii": (0.3, 1.0), "rng": rng()}


@pytest.mark.parametrize(("change", "words"), [
    ({"dtype": "float16"}, "dtype must be one of float64, float32; got 'float16'"),
    ({"dtype": onp.zeros(2)}, "dtype must be one of float64, float32; got "),
    ({"draws": 0}, "draws must be an integer of at least 1; got 0"), ({"draws": True}, "draws must be an integer"),
    ({"draws": 1.5}, "draws must be an integer"), ({"radii": ()}, "radii must be positive numbers"),
    ({"radii": (0.3, 0.0)}, "radii must be positive numbers"), ({"radii": (-1.0,)}, "radii must be positive numbers"),
    ({"radii": (onp.inf,)}, "radii must be positive numbers"), ({"radii": ("1",)}, "radii must be positive numbers"),
    ({"radii": 1.0}, "radii must be positive numbers, such as (0.3, 1.0); got 1.0"),
    ({"rng": 0}, "rng must be a numpy.random.Generator; got int"),
])  # fmt: skip
def test_numbers_that_are_refused(change, words):
    assert refused(arguments._check_numbers, GOOD | change)[1].startswith(words)


@pytest.mark.parametrize("change", [
    {}, {"dtype": "float32"}, {"dtype": "float64"}, {"draws": 1}, {"draws": onp.int32(2)}, {"radii": [1e-9]},
    {"radii": onp.array([1.0])}, {"radii": (2,)},
])  # fmt: skip
def test_numbers_that_are_taken(change):
    arguments._check_numbers(GOOD | change)


@pytest.mark.parametrize(("declared", "kind", "words"), [
    ({"structure": "sparse"}, "ValueError", "structure must be one of dense, diagonal"),
    ({"structure": onp.zeros(2)}, "ValueError", "structure must be one of"),
    ({"smooth": 1}, "TypeError", "smooth must be True, False or None; got 1"),
    ({"accuracy": 0.0}, "ValueError", "accuracy must be"), ({"accuracy": "a"}, "ValueError", "accuracy must be"),
    ({"log_prob": 3}, "TypeError", "log_prob must be a function; got int"),
    ({"sample": "s"}, "TypeError", "sample must be a function; got str"),
])  # fmt: skip
def test_what_is_declared_of_functions(declared, kind, words):
    found = refused(arguments._check_declared, declared)
    assert found[0] == kind and found[1].startswith(words)
    arguments._check_declared({"structure": "diagonal", "smooth": onp.bool_(True), "accuracy": 1e-3, "sample": len})
    arguments._check_declared(dict.fromkeys(("structure", "smooth", "accuracy", "log_prob", "sample")))


def test_what_does_not_apply_to_a_subject():
    options = GOOD | {"params": None, "context": None}
    check = lambda subject, dims=draws.DIMS, declared=None, **more: arguments.check_options(  # noqa: E731
        subject, dims, draws.DIMS, declared or {}, options | more
    )
    pair, layer = (len, len), nf.ActNorm(2)
    assert refused(lambda: check(pair, (2,), params=1))[1] == (
        "params must be left out for two plain functions, which take none; got it"
    )
    assert refused(lambda: check(pair, (2,), context=1))[1].startswith("context must be left out for two plain")
    check(pair, (2,), {"smooth": True})
    assert refused(lambda: check(layer, declared={"smooth": True, "accuracy": None}))[1] == (
        "smooth must be left out unless two plain functions are audited; got True"
    )
    assert refused(lambda: check(layer, (2,)))[1] == "dims must be left out for a ActNorm, which has its own; got (2,)"
    assert refused(lambda: check(layer, params={"a": 1}))[1] == (
        "params must be a tree of the ActNorm's own, shaped as its init makes it; got another"
    )
    check(layer, params=layer.init(rng()))
    check(nf.ActNorm, (2,))
    assert refused(lambda: check(nf.Chain))[1] == (
        "an audit takes a Bijection, a Flow, a factory or a pair; got the class Chain"
    )
    assert arguments._takes_dim_alone(nf.ActNorm) and not arguments._takes_dim_alone(nf.Chain)
    assert not arguments._takes_dim_alone(nf.Flow)


@pytest.mark.parametrize(("value", "among"), [
    (None, True), ("a", True), ("b", False), (onp.zeros(2), False), (1, False), (["a"], False),
])  # fmt: skip
def test_a_value_is_one_of_some_names(value, among):
    assert arguments._is_none_or_among(value, ("a", "c")) is among


# --- draws ---


def test_what_an_audit_takes():
    options = GOOD | {"params": None, "context": None}
    made = lambda subject, dims=(2,): draws.groups_of(subject, dims, rng(), {}, options)  # noqa: E731
    assert refused(made, (len, len), draws.DIMS)[1] == (
        "dims must name the dimension of a pair of functions, such as dims=(2,), or --dims 2"
    )
    words = "an audit takes a Bijection, a Flow, a factory, a pair of functions or a list of pairs; got "
    assert refused(made, 5) == ("TypeError", words + "5")
    with_both = SimpleNamespace(forward=len, inverse=len)
    assert refused(made, with_both)[1].endswith("; pass (made.forward, made.inverse) of an object made")
    assert draws._has_directions(with_both) and not draws._has_directions(SimpleNamespace(forward=len))
    assert not draws._has_directions(nf.ActNorm) and not draws._has_directions(SimpleNamespace(forward=len, inverse=1))


def test_a_factory_may_refuse_some_dimensions():
    options = GOOD | {"params": None, "context": None, "draws": 1}

    def factory(dim):
        if dim < 3:
            raise ValueError("too few")
        return nf.ActNorm(dim)

    groups, notes = draws._groups_of_factory(factory, (1, 3, 2), rng(), options)
    assert [g.dim for g in groups] == [3]
    assert notes == ["not audited at D = 1: too few", "not audited at D = 2: too few"]
    assert refused(draws._groups_of_factory, factory, (1, 2), rng(), options)[1] == (
        "the factory refused every dimension; at D = 2: too few"
    )
    assert refused(draws._groups_of_factory, lambda d: d, (2,), rng(), options) == (
        "TypeError", "the factory must return a Bijection or a Flow; got int at D = 2",
    )  # fmt: skip

    def raises(error):
        def f(dim):
            raise error("no")

        return f

    for error, kind in ((IndexError, TypeError), (AttributeError, TypeError), (KeyError, draws.FactoryRaised)):
        with pytest.raises(TypeError, match=f"got one that raises {error.__name__} at D = 2: ") as caught:
            draws._groups_of_factory(raises(error), (2,), rng(), options)
        assert type(caught.value) is kind


def group(made, **options):
    return draws._group(
        made, rng(), {"params": None, "context": None, "dtype": None, "draws": 2, "radii": (0.3, 10.0)} | options
    )


def test_the_trials_of_a_layer():
    found = group(nf.ActNorm(3))
    assert found.dim == 3 and len(found.trials) == len(found.singles) == 2 and len(found.calm) == 1
    assert found.moved == [] and {t.subject.dtype for t in found.trials} == {onp.dtype("float64")}
    assert [len(t) for t in found.trials] == [12, 12] and [len(t) for t in found.singles] == [6, 6]
    assert {t.subject.dtype for t in found.singles} == {onp.dtype("float32")}
    assert found.singles[0].twin.subject.dtype == onp.dtype("float64")
    assert onp.abs(found.calm[0].z).max() < 5 < onp.abs(found.trials[0].z).max()
    wide = group(nf.ActNorm(3), dtype="float64")
    assert wide.singles == [] and wide.trials[0].subject.dtype == onp.dtype("float64")
    single = group(nf.ActNorm(3), dtype="float32")
    assert single.trials is single.singles and single.calm == single.singles[:1]
    far = group(nf.ActNorm(3), radii=(5.0, 10.0))
    assert len(far.singles[0]) == 6 and onp.abs(far.singles[0].z).max() > 3
    params = nf.ActNorm(3).init(rng())
    given = group(nf.ActNorm(3), params=params)
    assert len(given.trials) == 1 and given.calm == given.trials and len(given.moved) == 2
    log_scales = [next(iter(t.subject.params.values())) for t in (given.trials + given.moved)]
    assert (log_scales[0] == next(iter(params.values()))).all() and (log_scales[1] != log_scales[2]).all()


def test_a_context_has_a_row_for_every_point():
    made = nf.Coupling(nf.Affine(), (True, False), context_dim=3)
    options = {"context": None, "params": None, "radii": (0.3, 1.0, 3.0)}
    assert draws._context(made, rng(), options).shape == (18, 3)
    assert draws._context(nf.ActNorm(2), rng(), options) is None
    given = onp.ones((4, 3))
    assert (draws._context(made, rng(), options | {"context": given}) == given).all()


def test_the_points_of_a_trial():
    trial = draws._trial(subject_of(lambda z: z), rng(), (0.3, 10.0))
    assert trial.z.shape == (12, 2) and trial.limit == 1e-3
    close((100 * (trial.z - 0.003)) % 1, onp.round((100 * (trial.z - 0.003)) % 1), 1e-9)
    assert onp.abs(trial.z[:6]).max() < 1.5 and onp.abs(trial.z[6:]).max() > 5
    inside = draws._trial(subject_of(lambda z: z, domain=(0.0, 1.0)), rng(), (0.3, 10.0))
    assert ((inside.z > 0) & (inside.z < 1)).all()
    assert draws._limit(SimpleNamespace(dtype="float64", accuracy=0.0)) == 1e-3
    assert draws._limit(SimpleNamespace(dtype="float32", accuracy=0.0)) == 0.1
    assert draws._limit(SimpleNamespace(dtype="float64", accuracy=1e-3)) == 10.0


def odd_beyond(limit, value):
    def forward(z):
        far = onp.abs(z).max(axis=1) > limit
        if value is ValueError and far.any():
            raise ValueError("too far")
        return onp.where(far[:, None], value, z) if value is not ValueError else z

    return forward


Z = onp.array([[0.5, 1.0], [8.0, 1.0], [9.5, 0.1], [0.1, -12.0], [20.0, 3.0]])


@pytest.mark.parametrize(("limit", "value", "lost"), [
    (9.2, onp.nan, [0, 0, 1, 1, 1]), (10.0, onp.nan, [0, 0, 0, 1, 1]), (10.0, ValueError, [0, 0, 0, 1, 1]),
    (7.0, onp.nan, [0] * 5), (99.0, onp.nan, [0] * 5),
])  # fmt: skip
def test_rows_beyond_all_draws_that_give_nothing(limit, value, lost):
    subject = subject_of(odd_beyond(limit, value))
    assert draws._gives_nothing_beyond_draws(subject, Z).tolist() == [bool(k) for k in lost]
    if limit > 7:
        assert len(draws._without_overflow(subject, Z)) == 5 - sum(lost)


def test_what_counts_as_an_answer():
    assert draws._answers(subject_of(lambda z: z), Z) and not draws._answers(subject_of(lambda z: z * onp.nan), Z)
    assert not draws._answers(subject_of(lambda z: z, lambda x: x * onp.inf), Z)
    nan = lambda a: onp.full(len(a), onp.nan)  # noqa: E731
    some = lambda a: onp.where(onp.arange(len(a)) < 2, onp.nan, 0.0)  # noqa: E731
    assert draws._answers(subject_of(lambda z: z, log_det=nan), Z)
    assert not draws._answers(subject_of(lambda z: z, log_det=some), Z)
    assert not draws._answers(subject_of(lambda z: 1 / 0), Z)


# --- finite differences ---


@pytest.mark.parametrize("stacked", [False, True])
def test_central_differences(stacked):
    z = onp.array([[0.5, 4.0], [-1.0, 2.0]])
    f = lambda a: onp.stack([a[:, 0] ** 3, a[:, 0] * a[:, 1], onp.abs(a[:, 1])], axis=1)  # noqa: E731
    J, size, jump = finite_differences._central_differences(f, z, f(z), 1e-3, stacked)
    close(J[0], [[0.75, 0], [4, 0.5], [0, 1]], 1e-9)
    close(J[1], [[3, 0], [2, -1], [0, 1]], 1e-9)
    close(size, [4.004, 2.004], 1e-9)
    close(jump[0][0, 0], 6 * 0.5 * 1e-3, 1e-8)
    kink = onp.array([[0.5, 0.0]])
    _, _, jump = finite_differences._central_differences(f, kink, f(kink), 1e-3, stacked)
    close(jump[0][2, 1], 2.0, 1e-9)


def test_a_step_grows_with_the_root_of_its_point():
    asked = []

    def f(a):
        asked.append(a.copy())
        return a

    z = onp.array([[0.25, 9.0]])
    finite_differences._central_differences(f, z, z, 1e-2, True)
    moves = onp.abs(asked[0] - z)
    close(moves[:2], [[1e-2, 0], [0, 3e-2]], 1e-12)
    assert len(asked[0]) == 8 and moves[:, 0].max() == pytest.approx(2e-2) and moves[:, 1].max() == pytest.approx(6e-2)


def test_the_error_of_a_jacobian_is_what_two_steps_differ_by():
    f = lambda a: onp.stack([onp.sin(3 * a[:, 0]), onp.maximum(a[:, 1], 0)], axis=1)  # noqa: E731
    z = onp.array([[0.4, 0.7], [0.4, 1e-9]])
    J, error = finite_differences.numeric_jacobian(f, z)
    close(J[0], [[3 * onp.cos(1.2), 0], [0, 1]], 1e-9)
    assert error[0].max() < 1e-8 and error[1, 1, 1] > 0.5 and error[1, 0, 0] < 1e-8
    close(finite_differences.finite_difference_jacobian(f, z), J, 0)
    wave = lambda a: onp.sin(1e5 * a)  # noqa: E731
    _, rough = finite_differences.numeric_jacobian(wave, onp.array([[0.3]]))
    assert rough[0, 0, 0] > 1.0
    noisy, error = finite_differences.numeric_jacobian(lambda a: a + 1e3, z, eps=1e-9)
    close(noisy, onp.stack([onp.eye(2)] * 2), 1e-8)
    assert 0.9e-2 < error.min() and error.max() < 1.1e-2


def test_no_rows_have_a_jacobian():
    J, error = finite_differences.numeric_jacobian(lambda a: a, onp.zeros((0, 3)), stacked=True)
    assert J.shape[0] == error.shape[0] == 0 and J.shape[2] == 3


def test_doubt_is_of_shorter_steps_alone():
    tries = onp.array([1.0, 1.0, 1.0, 1.3])[:, None, None, None] * onp.ones((4, 1, 1, 1))
    doubt = lambda best, eps=1e-16: finite_differences._doubt(  # noqa: E731
        tries, onp.ones((1, 1, 1)), onp.full((1, 1, 1, 1), best), onp.ones(1), finite_differences.STEPS, eps
    )
    close(doubt(0), [[[0.3]]], 1e-6)
    close(doubt(1), [[[0.3]]], 1e-6)
    close(doubt(2), [[[0.0]]], 0)
    close(doubt(1, 1e-8), [[[0.3 - 16 * 1e-2]]], 1e-9)
    close(doubt(1, 1e-7), [[[0.0]]], 0)


# --- edges ---


@pytest.mark.parametrize("domain", [REALS, (0.0, 1.0)])
@pytest.mark.parametrize("dim", [1, 3])
def test_the_points_at_edges(dim, domain):
    s = subject_of(lambda z: z, dim=dim, domain=domain)
    z = edges.edge_points(s, rng())
    count = 9 if domain[1] == 1 else 23
    assert z.shape == (count * (1 if dim == 1 else 3) + 4, dim) and z.dtype == onp.float64
    if domain == REALS:
        values = [0.0, s.eps, -s.eps, 1e-8, -1e-8, 1e3, -1e3, *edges.WHOLE, *(-v for v in edges.WHOLE)]
        assert (z[:23] == onp.array(values)[:, None]).all()
        assert onp.abs(z[-4:-2]).max() < 0.3 and onp.abs(z[-2:]).max() > 5
        if dim == 3:
            assert (z[23:69:2, 0] == values).all() and (z[24:69:2, 2] == values).all()
            assert onp.abs(z[23:69, 1]).max() < 5
    else:
        assert ((z > 0) & (z < 1)).all() and z[0, 0] == 0.5
        assert z[:9].min() < 0.01 and z[:9].max() > 0.99 and onp.abs(z[-2:] - 0.5).max() > 0.3


def edge_trial(forward=lambda z: z, inverse=lambda x: x, z=None, limit=onp.inf, **more):
    return Trial(
        subject_of(forward, inverse, **more), onp.array(z or [[0.0, 0.0], [1.0, 2.0], [1e3, 1.0]]), None, limit
    )


def test_rows_that_are_declined_in_words():
    def inverse(x, limit=200):
        if (onp.abs(x) > limit).any():
            raise InversionError("too far")
        return x

    z = onp.array([[0.0, 0.0], [99.0, 1.0], [150.0, 0.0], [1e3, 1.0], [0.0, -300.0]])
    assert edges._declined(subject_of(lambda z: z, inverse), z).tolist() == [False, False, False, True, True]
    assert not edges._declined(subject_of(lambda z: z), z).any()
    near = subject_of(lambda z: z, lambda x: inverse(x, 50))
    assert edges._declined(near, z).tolist() == [False, False, True, True, True]

    def raises(x):
        raise KeyError("other")

    assert not edges._declined(subject_of(lambda z: z, raises), z).any()


def test_rows_of_which_a_direction_raises():
    def forward(z):
        if (onp.abs(z) > 200).any():
            raise ValueError("too far")
        return z

    s, z = subject_of(forward), onp.array([[0.0, 0.0], [150.0, 0.0], [1e3, 1.0], [0.0, -300.0]])
    assert edges._raising(s, z, onp.array([True, True, True, False])).tolist() == [False, False, True, False]
    assert not edges._raising(s, z, onp.zeros(4, dtype=bool)).any()
    finding = edges._refusal(s, z)
    assert finding.symptom is Symptom.RAISES and finding.evidence["raised_by"] is ValueError
    assert (finding.evidence["z"] == [1e3, 1.0]).all() or finding.evidence["row"] == 0
    assert edges._refusal(s, z[:2]) is None


@pytest.mark.parametrize(("n", "y", "log_det", "sound"), [
    (1, lambda z: z, zero, True), (1, lambda z: z[0], zero, False), (1, lambda z: z, lambda z: zero(z)[0], False),
    (0, lambda z: z, zero, True), (0, lambda z: onp.array([]), lambda z: onp.array([]), True),
    (0, lambda z: onp.array([]), lambda z: onp.zeros(1), False),
    (1, lambda z: onp.array([]), lambda z: onp.array([]), False),
])  # fmt: skip
@pytest.mark.parametrize("direction", ["forward", "inverse"])
def test_a_small_batch_gives_as_many_rows(direction, n, y, log_det, sound):
    functions = {
        "forward": lambda z: (z, zero(z)),
        "inverse": lambda z: (z, zero(z)),
        direction: lambda z: (y(z), log_det(z)),
    }
    trial = Trial(of_pair(functions["forward"], functions["inverse"], 2), rng().normal(size=(3, 2)))
    trial.__dict__["there"] = (trial.z, zero(trial.z))
    finding = small_batches._batch(trial, n, direction)
    assert (finding is None) is sound
    if not sound:
        assert finding.symptom is Symptom.BATCH_SHAPE and f"{direction} of a batch of {n} gives shapes" in finding.at


@pytest.mark.parametrize(("n", "words", "sound"), [
    (0, "cannot reshape array of size 0 into", True), (1, "cannot reshape array of size 0 into", False),
    (0, "need at least one array to stack", True), (0, "something else", False),
    (0, "cannot call `vectorize` on size 0 inputs unless", True), (0, "cannot reshape tensor of 0 elements into", True),
])  # fmt: skip
def test_no_rows_may_lose_their_width(n, words, sound):
    def forward(z):
        if len(z) == n:
            raise ValueError(words)
        return z

    finding = small_batches._batch(trial_of(forward), n, "forward")
    assert (finding is None) is sound
    if not sound:
        assert finding.symptom is Symptom.BATCH_RAISES and f"forward of a batch of {n} raises ValueError" in finding.at
        assert finding.evidence["size"] == n


def test_forward_is_finite_at_the_edges():
    at = lambda where, value: lambda z: onp.where(where(z)[:, None], value, z)  # noqa: E731
    second = lambda z: z[:, 0] == 1.0  # noqa: E731
    finding = edges._forward_finite(edge_trial(at(second, onp.nan)))
    assert finding.symptom is Symptom.NOT_FINITE and finding.at.startswith("forward is not finite")
    assert onp.isnan(finding.evidence["yours"]).all() and finding.evidence["log_det"] == 0.0
    assert edges._forward_finite(edge_trial()) is None
    far = lambda z: onp.abs(z[:, 0]) > 500  # noqa: E731
    assert edges._forward_finite(edge_trial(at(far, onp.nan))) is None  # out of reach
    slope = lambda limit: lambda z: onp.where(onp.abs(z[:, 0]) > limit, -onp.inf, 0.0)  # noqa: E731
    assert edges._forward_finite(edge_trial(log_det=slope(500))) is None
    z = [[0.0, 0.0], [50.0, 1.0]]
    assert edges._forward_finite(edge_trial(log_det=slope(40), z=z)) is None
    assert edges._forward_finite(edge_trial(log_det=slope(20), z=[[0.0, 0.0], [34.0, 1.0]])) is not None
    assert edges._forward_finite(edge_trial(at(lambda z: z[:, 0] > 40, onp.nan), z=z)) is None


def test_inverse_is_finite_at_the_edges():
    second = lambda x: onp.where(x[:, :1] == 1.0, onp.nan, x)  # noqa: E731
    finding = edges._inverse_finite(edge_trial(inverse=second))
    assert finding.symptom is Symptom.NOT_FINITE and finding.at.startswith("inverse is not finite")
    assert finding.evidence["symbol"] == "x" and onp.isnan(finding.evidence["yours"]).all()
    assert edges._inverse_finite(edge_trial()) is None
    far = lambda x: onp.where(x[:, :1] > 500, onp.nan, x)  # noqa: E731
    assert edges._inverse_finite(edge_trial(inverse=far)) is None


def test_a_log_det_that_leaves_nothing():
    eps = onp.log(2.0**-52)
    for off, flat in ((-0.1, True), (0.1, False)):
        J = onp.eye(3)[None] * onp.array([1.0, 5.0])[:, None, None]
        size = onp.log(onp.linalg.norm(J, axis=(1, 2)))
        edge = SimpleNamespace(
            subject=SimpleNamespace(dim=3, eps=2.0**-52), J=J, there=(None, 3 * size + 2 * (eps + off))
        )
        assert (edges._is_flat(edge) == flat).all()
    edge.subject.dim = 1
    assert not edges._is_flat(edge).any()


def test_the_round_trip_and_the_log_dets_at_the_edges():
    assert edges._consistent(edge_trial()) is None
    off = lambda x: 1.0001 * x  # noqa: E731
    finding = edges._consistent(edge_trial(inverse=off))
    assert finding.symptom is Symptom.ROUND_TRIP and (finding.evidence["expected"] == [1.0, 2.0]).all()
    sums = edges._consistent(edge_trial(log_det=lambda a: 0.5 * a[:, 1]))
    assert sums.symptom is Symptom.LOG_DETS
    assert (sums.evidence["yours"], sums.evidence["expected"]) == (1.0, -1.0)
    kink = edges._consistent(edge_trial(log_det=lambda a: 0.2 * (a[:, 0] > 0.0) - 0.1, z=[[0.0, 1.0], [1e-30, 1.0]]))
    assert kink is None


@pytest.mark.parametrize(("jump", "least"), [(0.0, 0.0), (0.5, 0.505), (3.0, 3.03)])
def test_on_a_kink_a_log_det_may_change(jump, least):
    edge = edge_trial(z=[[0.0, 1.0], [5.0, 1.0]], log_det=lambda a: jump * (a[:, 0] > 0))
    slack = edges._slack_on_kinks(edge)
    assert least <= slack[0] < least + 1e-3 * (1 + least) + 1e-9 and slack[1] < 1e-6


@pytest.mark.parametrize(("z", "error", "fails"), [
    ([[1.0, 1.0]], 1e-3, True), ([[30.0, 1.0]], 1e-3, True), ([[36.0, 1.0]], 1e-3, False), ([[36.0, 1.0]], 0.6, True),
    ([[36.0, 1.0]], 0.4, False),
])  # fmt: skip
@pytest.mark.parametrize("direction", ["forward", "inverse"])
def test_the_slope_at_the_edges(direction, z, error, fails):
    pair = {d: lambda a, d=d: (a, zero(a) + error * (d == direction)) for d in ("forward", "inverse")}
    edge = Trial(of_pair(pair["forward"], pair["inverse"], 2), onp.array([[0.5, 0.2], *z][1:]))
    finding = edges._slopes(edge)
    assert (finding is not None) is fails
    if fails:
        assert finding.symptom is Symptom.SLOPE and finding.evidence["function"] == direction
        assert finding.at.startswith(f"log_det {direction} is not the logarithm of the slope")
        assert finding.evidence["far"] == (z[0][0] >= 100)
    single = Trial(of_pair(pair["forward"], pair["inverse"], 2, "float32"), onp.array(z))
    assert edges._slopes(single) is None


# --- samples ---


def test_draws_have_a_shape_and_come_once():
    s = SimpleNamespace(out_shape=(2,), dtype=onp.dtype("float64"), codomain=REALS)
    x = rng().normal(size=(1000, 2))
    assert samples._misshapen(s, x, 1000) is None
    wrong = samples._misshapen(s, x[:5], 1000)
    assert wrong.symptom is Symptom.SHAPE and wrong.what == "shape and finiteness of the samples"
    assert wrong.at == "sample(rng, 1000) must give (1000, 2), finite; got (5, 2), 0 numbers not finite"
    x[3] = onp.nan
    assert samples._misshapen(s, x, 1000).at.endswith("got (1000, 2), 2 numbers not finite")
    for count, found in ((5, False), (6, True)):
        x = rng().normal(size=(1000, 2))
        x[:count] = x[count : 2 * count]
        finding = samples._repeated(x)
        assert (finding is not None) is found
        assert finding is None or (finding.error, finding.tolerance, finding.symptom) == (
            0.006,
            0.005,
            Symptom.REPEATED,
        )


@pytest.mark.parametrize(("count", "found"), [(2, False), (3, True)])
@pytest.mark.parametrize("value", [0.5, 99.0, -99.0])
def test_a_value_that_comes_again_and_again(value, count, found):
    s = SimpleNamespace(dtype=onp.dtype("float64"), codomain=REALS)
    z = rng().normal(size=(1000, 2))
    z[:count, 1] = value
    for a, b in ((z, rng(1).normal(size=z.shape)), (rng(1).normal(size=z.shape), z)):
        finding = samples._atom(s, a, b)
        assert (finding is not None) is found
        if found:
            assert finding.what == f"one value in column 1, {value:.4g}, again and again"
            assert finding.error == count / 1000 and finding.evidence["extreme"] == (abs(value) > 9)
    ended = SimpleNamespace(dtype=onp.dtype("float64"), codomain=(0.0, 1.0))
    assert samples._atom(ended, rng(1).normal(size=z.shape), z) is None
    assert samples._atom(SimpleNamespace(dtype=onp.dtype("float32"), codomain=REALS), z, z) is None


@pytest.mark.parametrize(("allowed", "share", "spoiled"), [
    ((0.05, 0.2, 0.2), 0.5, True), ((0.05, 0.05, 0.2), 0.5, False), ((0.05, 0.05, 0.2), 0.0, True),
    ((0.05, 0.05, 0.1), 0.0, False), ((onp.nan, 0.05, 0.05), 0.0, True), ((0.05, 0.05, 0.05), 0.0, False),
])  # fmt: skip
def test_a_way_back_that_rounding_spoils(allowed, share, spoiled):
    z = onp.array([[1.0, 0.0], [0.0, -3.0], [2.0, 2.0], [3.1, 0.0]])
    trial = SimpleNamespace(z=z, allowed=onp.array([*allowed, 9.0]))
    assert bool(samples._is_spoiled(trial, share)) is spoiled
    assert not samples._is_spoiled(SimpleNamespace(z=z[3:], allowed=onp.array([9.0])), 0.0)


def test_samples_that_cannot_be_judged():
    bounded = samples.check_samples(trial_of(lambda z: z, domain=(0.0, 1.0), z=onp.full((3, 2), 0.5)), rng())
    assert bounded.outcome is Outcome.NOT_APPLICABLE
    assert bounded.why == "no samples, and no standard normal base on 0 to 1"
    assert samples.bridge_to_base(None, onp.full((500, 2), onp.nan), rng()) == (
        onp.inf, 0.0, "most of them carried back to nothing finite",
    )  # fmt: skip
    trial = trial_of(lambda z: z)
    for count, judged in ((199, False), (200, True)):
        z = onp.where(onp.arange(500)[:, None] < count, rng().normal(size=(500, 2)), onp.nan)
        assert bool(samples.bridge_to_base(trial, z, rng())[1] > 0) is judged


def test_a_suspicion_is_put_to_a_larger_sample():
    asked = []

    def draw(generator, n):
        asked.append(n)
        return generator.normal(size=(n, 2)), onp.zeros(n)

    trial, z = trial_of(lambda z: z), rng().normal(size=(500, 2))
    error, allowed, where = samples.moments_of(trial, z, draw, rng())
    assert (error, allowed, asked) == (0.0, 1.0, []) and where.startswith("moments: ")
    error, allowed, where = samples.moments_of(trial, 1.3 * z, draw, rng())
    assert asked == [4000] and 0 < error < allowed < 1 and where.startswith("moments: ")


# --- kinks ---


def line_of(log_det, value=lambda t: t, dim=1, least=1e-3, **subject):
    """A line along variable 0 of a map whose log_det is log_det(rows)."""

    def value_at(rows):
        rows = rows.reshape(-1, dim)
        return onp.concatenate([value(rows), log_det(rows)[:, None]], axis=1)

    def points(t):
        rows = onp.full((len(t), dim), 0.4)
        rows[:, 0] = t
        return rows

    ends = {"ends": lambda direction: REALS, "shape": lambda d: (dim,), "dim": dim, "smooth": None}
    s = SimpleNamespace(**(ends | {"dtype": onp.dtype("float64")} | subject))
    return SimpleNamespace(
        trial=SimpleNamespace(subject=s), values=lambda t: value_at(points(onp.atleast_1d(t))), value_at=value_at,
        points=points, units=(0.0, onp.ones(dim)), least=least, direction="forward", j=0,
    )  # fmt: skip


def step_at_0(left, right):
    return lambda rows: onp.where(rows[:, 0] > 0, right(rows[:, 0]), left(rows[:, 0]))


@pytest.mark.parametrize(("left", "right", "kink"), [
    (lambda t: 0 * t, lambda t: 0 * t + 1, True), (lambda t: t, lambda t: 0 * t + 1, False),
    (lambda t: 0 * t, lambda t: 1 + t, False), (lambda t: 1e-7 * t, lambda t: 1 + 1e-7 * t, True),
    (lambda t: 1e-4 * t, lambda t: 1 + 1e-4 * t, False),
])  # fmt: skip
def test_a_log_det_that_is_constant_on_both_sides_has_a_kink(left, right, kink):
    line = line_of(step_at_0(left, right), lambda rows: rows)
    assert kinks.is_kink(line, 0.0) is kink
    line.trial.subject.smooth = False
    assert kinks.is_kink(line, 0.0) is True


def test_both_sides_of_a_join():
    line = line_of(step_at_0(lambda t: 3 * t, lambda t: 5 * t))
    close(kinks.sides(line, 0.0), (3 * 2e-4, 5 * 2e-4), 1e-12)
    other = line_of(lambda rows: 2.0 * (rows[:, 0] > 3e-3))
    close(kinks.sides(other, 0.0), (0.0, 0.0), 1e-12)


def bent(slope_left, slope_right, off=0.0):
    """A map with these slopes beside 0 whose log_det is off by a number on the right."""

    def value(rows):
        return onp.where(rows > 0, slope_right * rows + rows**2, slope_left * rows + rows**3)

    def log_det(rows):
        t = rows[:, 0]
        return onp.log(onp.where(t > 0, slope_right + 2 * t, slope_left + 3 * t**2)) + off * (t > 0)

    return line_of(log_det, value)


@pytest.mark.parametrize(("off", "own"), [(0.0, True), (0.018, True), (0.022, False), (-0.022, False)])
def test_a_kink_has_the_slopes_of_its_own_sides(off, own):
    line = bent(1.0, 2.0, off)
    assert kinks._has_its_slopes(line, 0.0) is own and kinks.is_kink(line, 0.0) is own
    line.trial.subject.dtype = onp.dtype("float32")
    assert kinks._has_its_slopes(line, 0.0) is own


def test_in_a_box_no_kink_is_its_own():
    line = bent(1.0, 2.0)
    assert not kinks._is_box(line)
    line.trial.subject.ends = lambda direction: (0.0, 1.0) if direction == "inverse" else REALS
    assert kinks._is_box(line) and not kinks.is_kink(line, 0.0)
    tails = line_of(lambda rows: onp.where(onp.abs(rows[:, 0]) < 9, rows[:, 0], 0.3))
    assert kinks._is_box(tails) and not kinks._is_box(
        line_of(lambda rows: onp.where(onp.abs(rows[:, 0]) < 11.5, 0.0, 0.3))
    )


@pytest.mark.parametrize(("jump", "slope", "knot"), [
    (1.0, 0.0, True), (0.9e-3, 0.0, False), (1.1e-3, 0.0, True), (1.0, 1e-3, False), (1.0, 1e-7, True),
])  # fmt: skip
def test_a_knot_of_another_variable(jump, slope, knot):
    log_det = lambda rows: jump * (rows[:, 1] > rows[:, 0] + 0.4) + slope * rows[:, 1] + rows[:, 0]  # noqa: E731
    line = line_of(log_det, lambda rows: rows, dim=2)
    assert bool(kinks._is_knot_of(line, 1, 0.0)) is knot
    assert not kinks._is_knot_of(line, 1, 0.5)

    def refuses(rows):
        raise ValueError

    line.value_at = refuses
    assert kinks._is_knot_of(line, 1, 0.0) is False and kinks._has_its_slopes(line, 0.0) is False
