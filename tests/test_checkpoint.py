"""save and load: what comes back is what went in, bit for bit; what cannot come back is refused in one line."""

import json
import os
import subprocess
import sys
import warnings
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import killed_writer
import numpy as onp
import pytest
from cases import CASES
from share import few
from strict import StrictArray

import nfscratch as nf
from nfscratch import checkpoint
from nfscratch.checkpoint import atomic, container
from nfscratch.checkpoint.description import CONTRACTS, canonical, describe, own_parts, registry
from nfscratch.checkpoint.rebuilding import build

X = onp.random.default_rng(0).normal(size=(40, 3)) * [1.0, 3.0, 0.2] + [5.0, 0.0, -1.0]


def rng(seed=0):
    return onp.random.default_rng(seed)


def same(a, b):
    """The same tree: kinds of nodes, dtypes, shapes and every bit."""
    if isinstance(a, dict):
        return type(b) is dict and sorted(a) == sorted(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def refused(message, call, *args, **kwargs):
    with pytest.raises(nf.CheckpointError, match=message) as caught:
        call(*args, **kwargs)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 500
    return str(caught.value)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "flow.safetensors"


def made(flow, dtype="float64", context=None, seed=0):
    """Parameters far from their first values."""
    noise = rng(seed + 1)
    params = flow.init(rng(seed), X, context)
    params = nf.trees.map_leaves(lambda a: a + 0.3 * noise.normal(size=a.shape), params, abs)
    return nf.trees.cast(flow.update(params, X[:0], None if context is None else context[:0]), dtype)


# --- round trip ---

RECIPES = {
    "real_nvp": lambda **o: nf.flows.real_nvp(3, layers=3, hidden=(8, 8), **o),
    "nice": lambda **o: nf.flows.nice(3, layers=3, hidden=(8,), activation="tanh", **o),
    "gin": lambda **o: nf.flows.gin(3, layers=3, hidden=(), **o),
    "linear": lambda **o: nf.flows.linear(3, **o),
    "maf": lambda **o: nf.flows.maf(3, layers=3, hidden=(8,), batch_norm=True, order="random", **o),
    "planar": lambda **o: nf.flows.planar(3, layers=3, **o),
    "radial": lambda **o: nf.flows.radial(3, layers=3, **o),
    "sylvester": lambda **o: nf.flows.sylvester(3, layers=3, **o),
    "rq_nsf": lambda **o: nf.flows.rq_nsf(3, layers=3, hidden=(8,), bins=4, coupling=False, **o),
    "naf": lambda **o: nf.flows.naf(3, transformer=nf.DeepDenseSigmoid((2, 3)), layers=2, hidden=(8,), **o),
    "residual": lambda **o: nf.flows.residual(3, layers=2, hidden=(8,), activation="tanh", **o),
    "iaf": lambda **o: nf.flows.iaf(3, layers=2, hidden=(8, 8), activation="tanh", **o),
    "ffjord": lambda **o: nf.flows.ffjord(3, hidden=(8,), solver=nf.ode.RK4(3), trace="hutchinson", **o),
    "continuous": lambda **o: nf.flows.continuous(3, field=nf.ProbabilityFlow(), solver=nf.ode.Dopri5(1e-3), **o),
    "inference": lambda **o: nf.flows.inference(3, layers=2, hidden=(8,), **o),
    "made": lambda base=None: nf.flows.made(3, nf.MixtureOfGaussians(2), hidden=(8,), masks=1 if base is None else 3),
}
BASES = {"normal": None, "diagonal": nf.DiagonalNormal(3), "mixture": nf.GaussianMixture(3, 4, spread=2.0)}
DTYPES = ("float64", "float32")
ONE = [((2,), "float64")]  # the dimensions and the dtype in which the default run saves every bijection


def test_every_recipe_is_tried():
    of_images = {"Dequantized", "glow", "real_nvp_image", "pixel_noise"}  # test_image_recipes.py
    makers = set(nf.flows.__all__) - {"Flow", "autoregressive_layers", "coupling_layers", "posterior"} - of_images
    assert makers == set(RECIPES)


@pytest.mark.parametrize(
    ("base", "dtype"),
    few(product(BASES, DTYPES), [("normal", "float64"), ("diagonal", "float32"), ("mixture", "float64")]),
)
@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_comes_back_bit_for_bit(recipe, base, dtype, path):
    flow = RECIPES[recipe](base=BASES[base])
    params = made(flow, dtype)
    nf.save(path, flow, params)
    loaded, loaded_params = nf.load(path)
    assert same(params, loaded_params) and describe(flow) == describe(loaded)
    assert (flow.log_prob(params, X) == loaded.log_prob(loaded_params, X)).all()
    assert (flow.sample(params, rng(), 5) == loaded.sample(loaded_params, rng(), 5)).all()
    again, same_params = nf.load(path, flow=flow)
    assert again is flow and same(params, same_params)


@pytest.mark.filterwarnings("ignore:the base draws from")  # of circular splines, which take an interval alone
@pytest.mark.parametrize(("dims", "dtype"), few([((2,), "float64"), ((1, 5), "float64"), ((1, 2, 5), "float32")], ONE))
@pytest.mark.parametrize("name", CASES)
def test_every_bijection_comes_back_bit_for_bit(name, dims, dtype, path):
    for dim in dims:
        bijection, params, z, context = CASES[name].example(dim)
        flow = nf.Flow(nf.StandardNormal(bijection.in_shape), bijection)
        params = nf.trees.cast({"base": {}, "bijection": params, "embed": {}}, dtype)
        nf.save(path, flow, params)
        needs_flow = any(own_parts(describe(flow)))
        loaded, loaded_params = nf.load(path, flow=flow if needs_flow else None)
        assert same(params, loaded_params)
        z = z.astype(dtype)
        context = None if context is None else context.astype(dtype)
        for before, after in zip(
            bijection.forward(params["bijection"], z, context),
            loaded.bijection.forward(loaded_params["bijection"], z, context),
            strict=True,
        ):
            assert onp.array_equal(before, after, equal_nan=True)
        x = bijection.forward(params["bijection"], z, context)[0]
        if onp.isfinite(x).all():
            before, after = flow.log_prob(params, x, context), loaded.log_prob(loaded_params, x, context)
            assert onp.array_equal(before, after, equal_nan=True)


@pytest.mark.parametrize("embed", [nf.MLP((5,)), nf.Heads((nf.MLP((4,)), nf.MLP(())))], ids=["mlp", "heads"])
def test_a_context_and_its_embedding_come_back(embed, path):
    context = rng(1).normal(size=(40, 7))
    flow = nf.flows.real_nvp(3, layers=2, hidden=(8,), context_dim=4, embed=embed)
    params = made(flow, context=context)
    nf.save(path, flow, params)
    loaded, loaded_params = nf.load(path)
    assert (flow.log_prob(params, X, context) == loaded.log_prob(loaded_params, X, context)).all()


def test_actnorm_and_standardize_keep_what_they_saw(path):
    """Their first state is in the parameters, so that data seen after a load does not start them again."""
    flow = nf.Flow(nf.StandardNormal(3), nf.Chain([nf.ActNorm(3), nf.Standardize(3), nf.ActNorm(3)]))
    params = flow.init(rng(), X)
    nf.save(path, flow, params)
    loaded, loaded_params = nf.load(path)
    other = X * 100 + 7
    assert (loaded.log_prob(loaded_params, other) == flow.log_prob(params, other)).all()
    onp.testing.assert_allclose(loaded_params["bijection"][2]["shift"], X.mean(axis=0), rtol=1e-12)


def test_a_fitted_flow_is_saved_and_used_elsewhere(path):
    flow = nf.flows.real_nvp(3, layers=2, hidden=(8,))
    result = nf.fit(flow, X, rng=rng(), steps=20, validation=None)
    nf.save(path, flow, result.params, metadata={"data": "petals", "steps": [20, None]})
    expected = flow.log_prob(result.params, X[:3]).tolist()
    code = f"""
import json, numpy, nfscratch as nf
flow, params = nf.load({str(path)!r})
print(json.dumps(flow.log_prob(params, numpy.array({X[:3].tolist()})).tolist()))"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=600)
    assert json.loads(done.stdout) == expected, done.stderr
    assert checkpoint.metadata(path) == {"data": "petals", "steps": [20, None]}


def test_trees_of_every_kind_come_back(path):
    tree = {
        "a": [],
        "b": {},
        "c": [{}, [], (onp.ones(2), ())],
        "0": [onp.array(3.5), onp.zeros((0, 4)), onp.arange(6, dtype="i4").reshape(2, 3).T],
        "fixed": {"n": onp.array([True, False]), "i": onp.array(7), "u": onp.array([255], dtype="u1")},
        "half": onp.array([1.5, -0.0, onp.inf, onp.nan], dtype="f2"),
        "ü ": onp.array([2.0], dtype=">f8").astype("<f8"),
    }
    container.write(path, "flow", tree, {})
    with container.opened(path, "flow") as sealed:
        assert same(sealed.read(), tree)


@pytest.mark.parametrize("value", [onp.nan, onp.inf, -onp.inf])
def test_parameters_that_are_not_finite_are_saved_and_loaded_with_a_warning_each(value, path):
    flow = nf.Flow(nf.StandardNormal(3), nf.Chain([nf.ActNorm(3), nf.Standardize(3)]))
    params = made(flow)
    params["bijection"][0]["shift"][1] = value
    message = r"flow\.safetensors: params must be finite to be used; NaN or infinity in bijection/0/shift"
    with pytest.warns(UserWarning, match=message + "$") as saved:
        nf.save(path, flow, params)
    with pytest.warns(UserWarning, match=message + "$") as loaded:
        assert same(nf.load(path)[1], params)
    assert saved[0].filename == loaded[0].filename == __file__
    params["bijection"][1]["fixed"]["mean"][0] = value  # stored, not trained
    with pytest.warns(UserWarning, match=message + " and 1 more$"):
        nf.save(path, flow, params)


def test_any_reader_of_safetensors_reads_the_tensors(path):
    from safetensors import safe_open

    flow = RECIPES["nice"]()
    params = made(flow)
    nf.save(path, flow, params)
    with safe_open(path, "np") as file:
        assert (file.get_tensor("bijection/1/0/W") == params["bijection"][1][0]["W"]).all()
        assert file.metadata()["format"] == "nfscratch"


def test_the_active_dtype_does_not_change_what_was_saved(path):
    flow = RECIPES["gin"]()
    for saved, active in (("float32", "float64"), ("float64", "float32")):
        params = made(flow, saved)
        nf.save(path, flow, params)
        nf.use(dtype=active)
        try:
            assert same(nf.load(path)[1], params)
        finally:
            nf.use(dtype="float64")


def test_arrays_of_a_device_are_saved_and_loaded_to_where_new_arrays_are_made(path):
    flow = RECIPES["real_nvp"](base=BASES["mixture"])
    params = made(flow)
    nf.save(path, flow, params)
    nf.backend.use_arrays_like(StrictArray(onp.empty(0)))
    try:
        there = nf.load(path)[1]
        assert {type(leaf) for leaf in nf.trees.leaves(there)} == {StrictArray}
        nf.save(path, flow, there)
    finally:
        nf.backend.use_arrays_like(onp.empty(0))
    assert same(nf.load(path)[1], params) and same(nf.to_numpy(there), params)


# --- the registry and the description ---


def test_every_part_of_the_package_is_registered():
    def below(cls):
        return {cls}.union(*map(below, cls.__subclasses__()))

    everything = {part for contract in CONTRACTS for part in below(contract)}
    parts = {part for part in everything if part.__module__.startswith("nfscratch.")}
    planted = {part for part in parts if part.__module__.startswith(("nfscratch.check.", "nfscratch.course."))}
    unregistered = parts - planted - set(registry().values())
    assert all(part.__subclasses__() for part in unregistered), (
        "a part that is no base class must be public in its module"
    )
    assert {nf.Chain, nf.Flow, nf.MLP, nf.Coupling, nf.Affine, nf.StandardNormal} <= set(registry().values())


def test_fields_of_every_kind_are_described_and_built_again():
    values = (
        None,
        True,
        3,
        -0.0,
        1e-310,
        float("inf"),
        "text",
        (1, (2, ())),
        [1.5, [None]],
        {"a": (1,), "2": []},
        onp.float32(0.1),
        onp.int64(4),
        onp.bool_(True),
        onp.float64("nan"),
    )
    for value in values:
        again = build(json.loads(canonical(describe(value))))
        assert repr(again) == repr(value) and type(again) is type(value)


def with_field(layer, name, value):
    """A flow of a layer whose field was changed after it was made: a constructor would have refused it."""
    object.__setattr__(layer, name, value)
    return nf.Flow(nf.StandardNormal(3), layer)


@pytest.mark.parametrize(
    ("flow", "message"),
    [
        (
            lambda: with_field(nf.Coupling(nf.Affine(), nf.half_mask(3), nf.MLP((4,))), "conditioner", lambda x: x),
            r"flow\.bijection\.conditioner must be a number, .* a part, .* to be saved; got a function",
        ),
        (
            lambda: with_field(nf.BatchNorm(3), "momentum", onp.array(0.5)),
            r"flow\.bijection\.momentum must be a number, .* got a ndarray",
        ),
    ],
    ids=["lambda", "array"],
)
def test_a_field_that_cannot_be_described_is_refused_at_save(flow, message, path):
    refused(message, nf.save, path, flow(), {})
    assert not path.exists()


# --- parts of one's own ---


@dataclass(frozen=True, eq=False)
class Stretch(nf.Bijection):
    """x = k e^a z, with a trained; `note` is something that no file can hold."""

    dim: int
    k: float = 2.0
    note: Any = field(default=None, compare=False)
    in_shape = property(lambda self: (self.dim,))

    def init(self, rng, x=None, context=None):
        return {"a": onp.zeros(self.dim)}

    def inverse(self, params, x, context=None, rng=None):
        return x / (self.k * onp.exp(params["a"])), -onp.sum(params["a"]) - self.dim * onp.log(self.k) + 0 * x[:, 0]

    def inverse_vjp(self, params, x, context=None, rng=None):
        return *self.inverse(params, x), None


def with_own(**options):
    return nf.Flow(nf.StandardNormal(3), nf.Chain([nf.ActNorm(3), nf.Inverse(nf.Inverse(Stretch(3, **options)))]))


def test_own_parts_are_loaded_into_a_flow_that_the_caller_made(path):
    flow = with_own(note=lambda: 1)
    params = flow.init(rng())
    params["bijection"][1]["a"][:] = [0.1, 0.2, 0.3]
    nf.save(path, flow, params)
    refused(
        r"flow\.bijection\.layers\[1\]\.bijection\.bijection is a Stretch, which is not a part of nfscratch: "
        r"make the flow and pass it as load\(path, flow=\)",
        nf.load,
        path,
    )
    fresh = with_own(note=lambda: 2)
    loaded, loaded_params = nf.load(path, flow=fresh)
    assert loaded is fresh and same(params, loaded_params)
    assert (fresh.log_prob(loaded_params, X) == flow.log_prob(params, X)).all()
    refused(r"k is 2\.0; got 3\.0", nf.load, path, flow=with_own(k=3.0, note=lambda: 1))


class Plain:
    """A network that is not even a dataclass."""

    def init(self, rng, n_in, n_out, context_dim=0):
        return {"w": onp.zeros((n_in, n_out))}

    def apply(self, params, x, context=None):
        return x @ params["w"]


def test_a_part_without_fields_is_its_name(path):
    flow = nf.Flow(nf.StandardNormal(3), nf.Coupling(nf.Shift(), nf.half_mask(3), Plain()))
    nf.save(path, flow, flow.init(rng()))
    refused(r"flow\.bijection\.conditioner is a Plain", nf.load, path)
    assert same(nf.load(path, flow=flow)[1], flow.init(rng()))


# --- the wrong flow, the wrong parameters ---

OTHERS = {
    "another width": (nf.flows.real_nvp(3, layers=2, hidden=(9,)), r"conditioner\.hidden\.* is \(8,\); got \(9,\)|9"),
    "another depth": (nf.flows.real_nvp(3, layers=4, hidden=(8,)), r"flow\.bijection\.layers"),
    "another kind": (nf.flows.nice(3, layers=2, hidden=(8,)), "is of another"),
    "another seed": (nf.flows.real_nvp(3, layers=3, hidden=(8,), seed=5), "is of another"),
    "another bound": (nf.flows.real_nvp(3, layers=3, hidden=(8,), max_log_scale=1), r"max_log_scale is 3\.0; got 1"),
    "not a flow": (nf.MLP(), "is of another: flow"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_another_flow_is_refused_with_the_first_difference(name, path):
    flow = nf.flows.real_nvp(3, layers=3 if name in ("another seed", "another bound") else 2, hidden=(8,))
    nf.save(path, flow, made(flow))
    other, message = OTHERS[name]
    refused(r"flow\.safetensors: it must be of this flow; it is of another: flow", nf.load, path, flow=other)
    refused(message, nf.load, path, flow=other)


def damaged_params():
    flow = nf.flows.real_nvp(3, layers=2, hidden=(8,), whiten="diagonal")
    params = made(flow)
    W = params["bijection"][0][0]["W"]

    def changed(change):
        tree = nf.trees.copy(params)
        change(tree)
        return tree

    yield (
        "extra",
        changed(lambda p: p["bijection"][0][0].update(c=W)),
        r"params\['bijection'\]\[0\]\[0\] must have the entries \['W', 'b'\]",
    )
    yield "missing", changed(lambda p: p["bijection"][0][0].pop("b")), r"\[0\]\[0\] must have the entries .* \['W'\]"
    yield (
        "transposed",
        changed(lambda p: p["bijection"][0][0].update(W=W.T)),
        r"params\['bijection'\]\[0\]\[0\]\['W'\] must have shape \(8, 1\)",
    )
    yield "a layer less", changed(lambda p: p["bijection"].pop()), "must have the parameters of 3 layers; got 2 entries"
    yield "a dict for a list", changed(lambda p: p.update(bijection={})), "must have the parameters of 3 layers"
    yield (
        "an embedding",
        changed(lambda p: p.update(embed=[W])),
        r"\['embed'\] must have the entries \[\]; got 1 entries",
    )
    yield "no base", changed(lambda p: p.pop("base")), r"params must have the entries \['base', 'bijection', 'embed'\]"
    yield "the result", nf.Result(params), "params must have the entries .*; got a Result"
    yield "a slash", changed(lambda p: p["bijection"][0][0].update({"a/b": W})), r"\[0\]\[0\] must.*a/b"
    yield "a number", changed(lambda p: p["bijection"][0][0].update(b=0.0)), r"\[0\]\['b'\] must have shape"
    yield "objects", changed(lambda p: p["bijection"][0][0].update(b=onp.array([None] * 8))), "real numbers.*object"


@pytest.mark.parametrize(
    ("params", "message"), [case[1:] for case in damaged_params()], ids=[c[0] for c in damaged_params()]
)
def test_parameters_that_are_not_the_flows_are_refused_at_save(params, message, path):
    flow = nf.flows.real_nvp(3, layers=2, hidden=(8,), whiten="diagonal")
    assert refused(message, nf.save, path, flow, params).startswith(f"{path}: ")
    assert not path.exists()


@pytest.mark.parametrize("value", [onp.ones(2), {1, 2}, float("nan"), object()])
def test_metadata_that_json_cannot_say_is_refused(value, path):
    flow = RECIPES["gin"]()
    refused("metadata must be something that JSON can say", nf.save, path, flow, made(flow), metadata=value)


def test_a_flow_that_contains_itself_is_refused(path):
    part = nf.Inverse(nf.ActNorm(3))
    flow = nf.Flow(nf.StandardNormal(3), part)
    object.__setattr__(part, "bijection", part)
    with pytest.raises((nf.CheckpointError, RecursionError)):
        nf.save(path, flow, {})


# --- atomic writes ---


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_writer_killed_at_any_of_its_steps_leaves_a_whole_file(tmp_path):
    """Up to some step the file is the old one, and from then on the new one."""
    command = [sys.executable, "-W", "error", killed_writer.__file__, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    found, left, swept = zip(*map(str.split, done.stdout.splitlines()), strict=True)
    first = found.index("new")
    assert set(found[:first]) == {"old"} and set(found[first:]) == {"new"}
    assert 10 < first < len(found) - 5  # of steps there are many, and some come after the new file is there
    assert set(left) == {"0", "1"} and set(swept) == {"0"}  # the next writer sweeps what the last one left
    assert os.listdir(tmp_path) == ["flow.safetensors"]


def test_only_the_temporaries_of_dead_writers_are_swept(path):
    flow = RECIPES["gin"]()
    prefix = atomic._prefix(path)
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    swept = [f"{prefix}{dead.pid}.0123abcd.tmp", f"{prefix}{os.getpid()}.0123abcd.tmp"]
    kept = [
        f"{prefix}{os.getppid()}.0123abcd.tmp",  # it runs
        f".{path.name}.another-host.{dead.pid}.0123abcd.tmp",
        f".other.safetensors{prefix[len(path.name) + 1 :]}{dead.pid}.0123abcd.tmp",
        "notes.tmp",
    ]
    for name in swept + kept:
        path.with_name(name).write_text("")
    nf.save(path, flow, made(flow))
    assert sorted(os.listdir(path.parent)) == sorted([*kept, path.name])


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(path, monkeypatch):
    flow = RECIPES["gin"]()
    nf.save(path, flow, made(flow))
    before = path.read_bytes()

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(atomic.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        nf.save(path, flow, made(flow, seed=1))
    assert path.read_bytes() == before and os.listdir(path.parent) == [path.name]


def test_a_folder_that_is_not_there_is_named(tmp_path):
    flow = RECIPES["gin"]()
    with pytest.raises(FileNotFoundError, match=r"its folder must exist; there is no .*nosuch"):
        nf.save(tmp_path / "nosuch" / "flow.safetensors", flow, made(flow))


def test_a_link_stays_a_link(tmp_path):
    flow = RECIPES["gin"]()
    (tmp_path / "link").symlink_to(tmp_path / "target")
    nf.save(tmp_path / "link", flow, made(flow))
    assert (tmp_path / "link").is_symlink() and same(nf.load(tmp_path / "target")[1], made(flow))


def test_saving_says_no_warning_of_the_flow_again(tmp_path):
    with pytest.warns(UserWarning, match="draws"):
        flow = nf.Flow(nf.StandardNormal(2), nf.Inverse(nf.Elementwise(nf.Sigmoid(), 2)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nf.save(tmp_path / "flow", flow, flow.init(0))
