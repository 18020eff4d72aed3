"""The subject of an audit: one map with its parameters and contexts bound, whatever it was before."""

import warnings

import numpy as onp
import pytest
from comparing import close
from scipy.stats import norm

import nfscratch as nf
from nfscratch.check import bound, guarded, pairs
from nfscratch.check import subject as subjects
from nfscratch.check.pairs import of_pair, of_pairs
from nfscratch.check.subject import leaf_layers, of_bijection, of_flow

EPS = 2.0**-52
CONTEXT = onp.array([[1.0], [2.0], [3.0]])


def rng():
    return onp.random.default_rng(0)


def conditional():
    """A layer whose log-scale is the context, with its parameters."""
    layer = nf.Autoregressive(nf.Affine(), 2, nf.MADE((4,)), context_dim=1)
    return layer, nf.check.random_params(layer, rng(), context=CONTEXT)


def chain(n):
    made = nf.Chain([nf.PLU(2)] * n)
    return made, made.init(rng())


def flow():
    made = nf.Flow(nf.StandardNormal(2), conditional()[0])
    params = made.init(rng(), context=CONTEXT)
    return made, params


# --- layers ---


def test_a_chain_has_layers_and_one_layer_has_none():
    assert [len(of_bijection(*chain(n)).layers()) for n in (1, 2, 3)] == [0, 2, 3]
    assert [of_bijection(*chain(n)).depth for n in (1, 2, 3)] == [1, 2, 3]
    made, params = chain(3)
    layers = of_bijection(made, params).layers()
    assert all(s.bijection is layer and s.params is p and s.pristine is layer for s, layer, p in zip(
        layers, made.layers, params, strict=True
    ))  # fmt: skip
    inner = nf.Chain([nf.PLU(2), nf.Inverse(made)])
    found = leaf_layers(inner, [params[0], params])
    assert len(found) == 4 and [p for _, p in found[1:]] == params[::-1]
    assert [type(b).__name__ for b, _ in found] == ["PLU"] + ["InverseBijection"] * 3
    assert leaf_layers(made, params[:2]) == [(made, params[:2])]


@pytest.mark.parametrize(("accuracy", "layers", "depth"), [
    (0.0, 0, 16), (EPS, 0, 16), (1e-9, 0, 1), (0.0, 3, 48), (1e-9, 3, 3),
])  # fmt: skip
def test_functions_may_hide_a_few_layers(accuracy, layers, depth):
    s = of_pairs([(one, one)] * layers, 2, accuracy=accuracy) if layers else of_pair(one, one, 2, accuracy=accuracy)
    assert s.depth == depth and s.precision == max(EPS, accuracy) and len(s.layers()) == layers


# --- rows and contexts ---


@pytest.mark.parametrize("make", [lambda: of_bijection(*conditional(), CONTEXT), lambda: of_flow(*flow(), CONTEXT)])
def test_a_row_keeps_its_context_and_a_longer_batch_repeats_them(make):
    s = make()
    z = rng().normal(size=(3, 2))
    x, log_det = s.forward(z)
    assert s.at([0, 1, 2]) is s and s.given is CONTEXT
    part = s.at([2, 0])
    close(part.forward(z[[2, 0]])[0], x[[2, 0]], 1e-12)
    assert part.given.tolist() == [[3.0], [1.0]] and s.at([4, 3]).given.tolist() == [[2.0], [1.0]]
    close(s.forward(onp.concatenate([z, z]))[1], onp.concatenate([log_det, log_det]), 1e-12)
    other = s.with_context(CONTEXT[::-1])
    close(other.forward(z[::-1])[0], x[::-1], 1e-12)
    close(s.fresh().forward(z)[0], x, 0)
    single = s.in_dtype("float32")
    assert single.dtype == onp.float32 and single.given.dtype == onp.float32
    assert single.forward(z.astype("float32"))[0].dtype == onp.float32
    moved = s.with_params(nf.trees.map_leaves(lambda leaf: leaf + 0.5, s.made_params))
    assert onp.abs(moved.forward(z)[0] - x).max() > 0.01 and moved.given is CONTEXT
    assert (type(s.flow or s.bijection) is type(moved.flow or moved.bijection)) and (moved.flow is None) == (
        s.flow is None
    )


def test_a_flow_has_a_density_and_samples_at_each_context():
    made, params = flow()
    s = of_flow(made, params, CONTEXT)
    x = rng().normal(size=(3, 2))
    close(s.log_prob(x), made.log_prob(params, x, CONTEXT), 1e-12)
    close(s.sample(rng(), 3), made.sample(params, rng(), 3, CONTEXT), 1e-12)
    drawn, log_p = s.sample_and_log_prob(rng(), 6)
    close(log_p, made.log_prob(params, drawn, onp.concatenate([CONTEXT, CONTEXT])), 1e-9)
    close(s.q(x), norm.logpdf(x).sum(axis=1), 1e-12)
    close(s.base_sample(rng(), 4), made.base.sample(params["base"], rng(), 4, x), 1e-12)
    assert s.name == "Flow(Autoregressive)" and s.made_params is params and s.params is params["bijection"]


def test_functions_are_their_own_copy_without_what_they_answered_first():
    s = of_pair(one, one, 2, begun=("z", "x", "log_det"))
    assert s.begun and s.fresh().begun is None and s.at([1, 0]) is s
    assert s.ends("forward") == s.ends("inverse") == (-onp.inf, onp.inf)


# --- what it says of itself ---


def test_the_shapes_and_ends_of_both_directions():
    s = of_bijection(nf.Reshape((4,), (1, 2, 2)), {})
    assert (s.shape("forward"), s.shape("inverse"), s.dim) == ((4,), (1, 2, 2), 4) and s.dtype == onp.float64
    sigmoid = of_bijection(nf.Elementwise(nf.Sigmoid(), 2), {}, dtype="float32")
    assert sigmoid.ends("inverse") == (0.0, 1.0) and sigmoid.ends("forward") == (-onp.inf, onp.inf)
    assert sigmoid.codomain_known and sigmoid.accuracy == 0.0 and sigmoid.dtype == onp.float32
    made = nf.PLU(2)
    params = nf.trees.cast(made.init(rng()), "float32")
    assert of_bijection(made, params).dtype == onp.float32 and of_bijection(made, params).pristine is not made
    assert of_bijection(made, params, pristine=made).pristine is made


@pytest.mark.parametrize(("domain", "support", "both"), [
    ((-onp.inf, onp.inf), (0.0, 1.0), (0.0, 1.0)), ((0.0, onp.inf), (-1.0, 1.0), (0.0, 1.0)),
    ((0.0, 1.0), (2.0, 3.0), (0.0, 1.0)), ((0.0, 1.0), (1.0, 3.0), (0.0, 1.0)), ((0.0, 2.0), (1.0, 3.0), (1.0, 2.0)),
])  # fmt: skip
def test_what_lies_in_both(domain, support, both):
    assert subjects._common(domain, support) == both
    each = (onp.zeros(2), onp.ones(2))
    assert subjects._common(each, support) is each


def test_the_standard_normal_density_of_points_and_of_images():
    z = rng().normal(size=(3, 4))
    close(subjects.standard_normal_log_prob(z), norm.logpdf(z).sum(axis=1), 1e-12)
    close(subjects.standard_normal_log_prob(z.reshape(3, 1, 2, 2).astype("float32")), norm.logpdf(z).sum(axis=1), 1e-6)
    s = of_pair(lambda z: (z, z[:, 0, 0, 0]), lambda x: (x, x[:, 0, 0, 0]), (1, 2, 2))
    close(s.log_q(z), norm.logpdf(z).sum(axis=1), 1e-12)
    asked = []
    s = of_pair(lambda z: (z, z), lambda x: (x, x), (1, 2, 2), "float32", base_log_prob=lambda z: asked.append(z) or 1)
    assert s.log_q(z) == 1 and asked[0].shape == (3, 1, 2, 2) and asked[0].dtype == onp.float32


def test_rows_of_a_context():
    assert bound.rows_of(None, 5) is None and bound.rows_of(CONTEXT, 3) is CONTEXT
    assert bound.rows_of(CONTEXT, 5)[:, 0].tolist() == [1, 2, 3, 1, 2]
    assert bound.rows_of(CONTEXT, 2)[:, 0].tolist() == [1, 2]
    assert bound.direction_of(lambda params, a, c: (a, c), None, CONTEXT, None)(onp.zeros((4, 1)))[1].shape == (4, 1)


# --- pairs of functions ---


def one(a):
    return a, a[:, 0]


@pytest.mark.parametrize(("subject", "is_one", "are_several"), [
    ((one, one), True, False), ([one, one], True, False), ((one,), False, False), ((one, one, one), False, False),
    ((one, 3), False, False), ([(one, one)], False, True), ([(one, one)] * 2, False, True), ([], False, False),
    ([(one, one), one], False, False), ("ab", False, False), (one, False, False),
])  # fmt: skip
def test_what_is_a_pair_and_a_list_of_pairs(subject, is_one, are_several):
    assert pairs.is_pair(subject) is is_one and pairs.is_pairs(subject) is are_several


def test_the_first_call_of_all_is_kept_and_an_exception_is_none():
    z = onp.array([[-1.0, 2.0]])
    with onp.errstate(all="warn"):
        kept, x, log_det = pairs.first_call((lambda z: (onp.log(z), z[:, 0]), one), 2, z)
    assert kept is z and onp.isnan(x[0, 0]) and log_det.tolist() == [-1.0]
    assert pairs.first_call((lambda z: 1 // 0, one), 2, z) is None


def single(f, kind="float32"):
    return lambda a: (f(a).astype(kind).astype("float64"), a[:, 0].astype(kind))


@pytest.mark.parametrize(("forward", "inverse", "answer"), [
    (single(lambda z: 3 * z), single(lambda x: x / 3), True), (one, single(lambda x: x / 3), False),
    (single(lambda z: 3 * z), lambda x: (x / 3, x[:, 0]), False), (lambda z: 1 // 0, one, False),
    (single(lambda z: 3 * z, "float64"), single(lambda x: x / 3, "float64"), False),
    (single(lambda z: onp.log(-onp.abs(z))), single(lambda x: x), False),
])  # fmt: skip
def test_functions_that_compute_in_float32(forward, inverse, answer):
    z = onp.random.default_rng(0).normal(size=(4, 2))
    with onp.errstate(all="warn"):
        assert pairs.computes_in_float32((forward, inverse), 2, z) is answer
    assert pairs.computes_in_float32((forward, inverse), 2, onp.ones((4, 2))) is False


@pytest.mark.parametrize(("a", "few"), [
    ([0.5, 0.1], False), ([0.5, 0.25], True), (onp.float32(0.1), True), (onp.array([0.1], "float32"), True),
    ([0.5, onp.inf], False), ([1, 2], False), (onp.array([0.1], "float16"), False),
])  # fmt: skip
def test_numbers_with_no_more_digits_than_float32_keeps(a, few):
    assert pairs.is_single(a) is few


@pytest.mark.parametrize(("x", "z", "beyond"), [
    (onp.ones((2, 1)), [[0.1], [0.5]], True), (onp.ones((2, 1)), [[0.25], [0.5]], False),
    (onp.ones((2, 2)), [[0.1], [0.5]], False), (onp.ones((0, 1)), onp.zeros((0, 1)), False),
])  # fmt: skip
def test_z_itself_has_more_digits(x, z, beyond):
    assert pairs._is_single_beyond_z(x, onp.array(z)) is beyond


def test_the_same_functions_in_float32():
    (forward, inverse), several = pairs.in_float32((one, lambda x: x)), pairs.in_float32([(one, one)] * 2)
    assert [a.dtype for a in forward(onp.ones((2, 1)))] == ["float32"] * 2 and inverse(onp.ones(2)).dtype == "float32"
    assert len(several) == 2 and several[1][0](onp.ones((1, 1)))[0].dtype == "float32"
    assert pairs.single(lambda a: [a, "words"])(onp.ones(1))[1] == "words" and forward.__name__ == "one"
    assert pairs.single(lambda a, b: a + b)(onp.ones(1), onp.ones(1)).tolist() == [2.0]


def test_several_pairs_are_met_in_order_and_back_in_reverse():
    double = lambda z: (2 * z, onp.full(len(z), 0.5)), lambda x: (x / 2, onp.full(len(x), -0.5))
    shift = lambda z: (z + 1, onp.full(len(z), 0.25)), lambda x: (x - 1, onp.full(len(x), -0.25))
    s = of_pairs([double, shift], 1, "float32", accuracy=1e-3)
    x, log_det = s.forward(onp.ones((2, 1)))
    assert x.tolist() == [[3.0]] * 2 and log_det.tolist() == [0.75] * 2
    z, log_det = s.inverse(x)
    assert z.tolist() == [[1.0]] * 2 and log_det.tolist() == [-0.75] * 2
    assert s.name == "2 pairs" and s.dtype == s.pairs[0].dtype == onp.float32 and s.accuracy == 1e-3
    assert [p.forward(z)[0].tolist() for p in s.pairs] == [[[2.0]] * 2, [[2.0]] * 2]
    named = of_pair(one, one, 3, name="mine", domain=(0, 1), codomain=None)
    assert named.name == "mine" and named.in_shape == (3,) and named.domain == (0.0, 1.0)
    assert of_pair(one, one, (1, 2, 2)).in_shape == (1, 2, 2) and of_pair(one, one, 2).name == "pair (one, ...)"


@pytest.mark.parametrize(("results", "words"), [
    ((1, 2, 3), "forward must return two values, x and log_det; got 3 values"),
    (onp.ones((2, 1)), r"got ndarray of shape \(2, 1\)$"), (None, "got NoneType$"), ((1,), "got 1 values"),
    ([1, 2, 3], "got 3 values"),
])  # fmt: skip
def test_a_function_returns_two_values(results, words):
    with pytest.raises(TypeError, match=words):
        of_pair(lambda z: results, one, 1).forward(onp.ones((2, 1)))


def test_a_coroutine_is_told_and_closed_and_a_generator_gives_its_values():
    async def forward(z):
        return z, z[:, 0]

    with pytest.raises(TypeError, match="got a coroutine: an async function cannot be audited"):
        of_pair(forward, one, 1).forward(onp.ones((2, 1)))

    def yields(z):
        yield z
        yield z[:, 0]

    x, log_det = of_pair(yields, one, 1).forward(onp.ones((2, 1)))
    assert x.shape == (2, 1) and log_det.shape == (2,)

    def endless(z):
        while True:
            yield z

    with pytest.raises(TypeError, match="got 10 values"):
        of_pair(endless, one, 1).forward(onp.ones((2, 1)))


@pytest.mark.parametrize(("drawn", "fine"), [
    (onp.ones(2), True), (onp.ones(2, int), True), (onp.array(["a"]), False), ((onp.ones(2), 1), True), (None, False),
])  # fmt: skip
def test_samples_are_numbers(drawn, fine):
    s = of_pair(one, one, 1, sample=lambda rng, n: drawn)
    if fine:
        s.sample(None, 2)
    else:
        with pytest.raises(TypeError, match=r"^sample must return an array of numbers; got "):
            s.sample(None, 2)


def test_tensors_leave_their_graph_and_their_device():
    class Tensor:
        def detach(self):
            return Graphless()

        def __array__(self, dtype=None, copy=None):
            raise AssertionError("still in its graph")

    class Graphless:
        def cpu(self):
            return onp.array([1.5])

    assert pairs._numbers(Tensor()).tolist() == [1.5] and pairs._numbers("words") == "words"
    kept = onp.ones(2)
    assert pairs._numbers(kept) is kept and pairs._numbers(onp.float32(2)) == 2


# --- strangers' functions ---


def raises(error):
    def f(*_):
        raise error

    return f


def test_what_no_except_catches_becomes_an_exception_with_its_words_and_its_kind():
    with pytest.raises(guarded.Escaped, match=r"^bye$") as caught:
        guarded.guarded(raises(SystemExit("bye")))(1)
    assert guarded.kind_of(caught.value) is SystemExit and guarded.said(caught.value) == "SystemExit: bye"
    assert guarded.origin_of(caught.value) is caught.value.__cause__ and guarded.message_of(caught.value) == "bye"
    with pytest.raises(guarded.Escaped):
        guarded.guarded(raises(KeyboardInterrupt("said by hand")))()
    with pytest.raises(KeyError):
        guarded.guarded(raises(KeyError("own")))()
    error = ValueError("words")
    assert guarded.origin_of(error) is error and guarded.kind_of(error) is ValueError


def test_what_a_function_sets_for_everyone_is_set_back_and_told():
    def sets(a):
        onp.seterr(all="raise")
        warnings.simplefilter("ignore")
        return a

    def draws(a):
        return a + onp.random.random_sample()

    def seeds(a):
        onp.random.seed(0)
        return a

    filters, before = list(warnings.filters), onp.geterr()
    for f, names in ((sets, {"np.seterr"}), (draws, {"np.random"}), (seeds, {"np.random"}), (abs, set())):
        with guarded.watched() as seen:
            guarded.guarded(f)(2.0)
        assert seen == names and onp.geterr() == before and warnings.filters == filters
    onp.random.seed(0)
    with guarded.watched() as seen:
        guarded.guarded(seeds)(1.0)
    assert seen == {"np.random"}
    state = onp.random.get_state()
    assert guarded.same_state(state, state)
    assert not guarded.same_state(state, (state[0], state[1], state[2] + 1))
    assert not guarded.same_state(state, (state[0], state[1] + onp.uint32(1), state[2]))


def test_words_of_what_has_none():
    class Mute(Exception):
        def __str__(self):
            raise RuntimeError("no")

        __repr__ = __str__

    assert guarded.message_of(Mute()) == "(str() of it raises RuntimeError)"
    assert guarded.said(ValueError()) == "ValueError"
    assert guarded.shown(Mute()) == "an object of Mute, whose repr() raises" and guarded.shown([1]) == "[1]"
    assert guarded.name_of(one) == "one" and guarded.name_of(Mute()) == "Mute"
    nested = type("Named", (), {"__name__": 3})()
    assert guarded.name_of(nested) == "3"


def test_numpy_s_own_words_are_none_of_the_user():
    def place(f):
        try:
            f()
        except Exception as error:
            return error.__traceback__

    assert guarded.is_raised_in_words(place(raises(ValueError("no"))))
    assert not guarded.is_raised_in_words(place(lambda: onp.ones(2) + onp.ones(3)))
    assert not guarded.is_raised_in_words(place(lambda: onp.stack([onp.ones(2), onp.ones(3)])))
    assert not guarded.is_raised_in_words(place(lambda: [][1])) and not guarded.is_raised_in_words(None)
