"""codes/made_code.py: rows come back to the last bit, at the model's length; damaged bytes are refused."""

import os
import subprocess
import sys

import numpy as onp
import pytest
from strict import StrictArray

import nfscratch as nf
from nfscratch import trees
from nfscratch.codes.made_code import CHUNK
from nfscratch.codes.softmax_counts import TOTAL, counts_of
from nfscratch.codes.whole_network import OUTPUT, UNIT, WholeNetwork

CONDITIONALS = {"Bernoulli": nf.Bernoulli(), "Categorical": nf.Categorical(5)}
every_conditional = pytest.mark.parametrize("name", CONDITIONALS)


def rng(seed=0):
    return onp.random.default_rng(seed)


def example(name="Categorical", dim=7, hidden=(20, 15), activation="tanh", order=None, n=40, size=1.0, dtype="float64"):
    """A density with wild parameters, and draws of it."""
    r = rng(dim)
    made = nf.AutoregressiveDensity(dim, CONDITIONALS[name], nf.MADE(hidden, activation), order)
    params = trees.map_leaves(lambda a: (a + size * r.normal(size=a.shape)).astype(dtype), made.init(r))
    return made, params, made.sample(params, r, n)


def in_bits(made, params, rows):
    return -float(made.log_prob(params, rows).sum()) / onp.log(2)


@every_conditional
@pytest.mark.parametrize("dim", [1, 2, 7, 40])
@pytest.mark.parametrize("hidden", [(), (30,), (20, 15)])
def test_rows_come_back_at_the_length_of_the_model(name, dim, hidden):
    made, params, rows = example(name, dim, hidden, n=300)
    data = nf.codes.encode(made, params, rows)
    back = nf.codes.decode(made, params, data)
    assert back.dtype == rows.dtype
    onp.testing.assert_array_equal(back, rows)
    model = in_bits(made, params, rows)
    assert abs(8 * len(data) - model) < 0.002 * model + 8 * 16


@pytest.mark.parametrize("activation", ["relu", "tanh", "elu", "gelu", "silu", "lipswish"])
@pytest.mark.parametrize("order", ["reversed", (3, 0, 6, 1, 5, 2, 4)])
def test_every_activation_and_order(activation, order):
    made, params, rows = example(activation=activation, order=order, size=2.0)
    onp.testing.assert_array_equal(nf.codes.decode(made, params, nf.codes.encode(made, params, rows)), rows)


@every_conditional
def test_float32_parameters_give_float32_rows(name):
    made, params, rows = example(name, dtype="float32")
    back = nf.codes.decode(made, params, nf.codes.encode(made, params, rows))
    assert back.dtype == onp.float32
    onp.testing.assert_array_equal(back, rows)


def test_device_arrays_are_brought_to_the_host():
    made, params, rows = example()
    on_device = trees.map_leaves(StrictArray, params)
    assert nf.codes.encode(made, on_device, StrictArray(rows)) == nf.codes.encode(made, params, rows)


def test_no_rows():
    made, params, rows = example()
    data = nf.codes.encode(made, params, rows[:0])
    assert len(data) == 14
    assert nf.codes.decode(made, params, data).shape == (0, 7)


def test_more_rows_than_pass_through_the_network_at_a_time():
    made, params, rows = example(dim=3, hidden=(4,), n=CHUNK + 3)
    onp.testing.assert_array_equal(nf.codes.decode(made, params, nf.codes.encode(made, params, rows)), rows)


@pytest.mark.parametrize("size", [1.0, 8.0])
@pytest.mark.parametrize("activation", ["relu", "tanh", "silu"])
def test_outputs_are_the_same_numbers_in_any_order_of_computing(activation, size):
    """All at once, a variable at a time, row by row, and with float32's order of sums: equal bit for bit."""
    made, params, rows = example(dim=40, hidden=(70, 60), activation=activation, size=size, n=33)
    network = WholeNetwork(made.conditioner, params, 40)
    x = onp.rint(rows.T * UNIT)
    at_once = network.outputs(x)
    seen = []

    def value(i, theta):
        seen.append(theta.copy())
        return x[i]

    network.one_by_one(value, 33)
    onp.testing.assert_array_equal(onp.stack(seen), at_once)
    for row in range(0, 33, 8):
        onp.testing.assert_array_equal(network.outputs(x[:, row : row + 1])[..., 0], at_once[..., row])
    shuffled = [{"W": layer["W"][:, ::-1], "b": layer["b"]} for layer in network.layers[:1]]
    onp.testing.assert_array_equal(shuffled[0]["W"] @ x[::-1], network.layers[0]["W"] @ x)


def test_whole_outputs_are_close_to_those_of_the_network():
    made, params, rows = example(dim=40, hidden=(70, 60), size=0.1)
    theta = WholeNetwork(made.conditioner, params, 40).outputs(onp.rint(rows.T * UNIT)) / OUTPUT
    exact = made.conditioner.apply(params, rows).T.reshape(theta.shape)
    onp.testing.assert_allclose(theta, exact, atol=2e-3)


@pytest.mark.parametrize("activation", ["relu", "tanh", "elu", "gelu", "silu", "lipswish"])
def test_units_beyond_the_table_follow_the_line_that_their_activation_approaches(activation):
    """Biases of 100 and -100 put all units far to the right of the table, or to the left."""
    made, params, rows = example(dim=7, hidden=(20,), activation=activation, size=0.3)
    for far in (100.0, -100.0):
        moved = [{**params[0], "b": params[0]["b"] + far}, *params[1:]]
        theta = WholeNetwork(made.conditioner, moved, 7).outputs(onp.rint(rows.T * UNIT)) / OUTPUT
        exact = made.conditioner.apply(moved, rows).T.reshape(theta.shape)
        onp.testing.assert_allclose(theta, exact, rtol=1e-3, atol=0.02)


def test_weights_too_large_to_be_exact_are_refused():
    made, params, rows = example(size=1e5)
    with pytest.raises(ValueError, match="weights into a unit must add up to less than"):
        nf.codes.encode(made, params, rows)


def test_counts_are_softmax_and_never_zero():
    logits = onp.rint(OUTPUT * onp.array([[0.0, 900.0], [1.0, 0.0], [-2.0, -900.0]]))
    counts = onp.diff(counts_of(logits, OUTPUT), axis=1)
    assert (counts.sum(axis=1) == TOTAL).all()
    p = onp.exp([0.0, 1.0, -2.0])
    onp.testing.assert_allclose(counts[0] / TOTAL, p / p.sum(), rtol=1e-3)
    assert counts[1].tolist() == [TOTAL - 2, 1, 1]


def test_impossible_rows_cost_24_bits_a_number_at_most():
    made, params, rows = example("Bernoulli", size=30.0)
    data = nf.codes.encode(made, params, 1.0 - rows)
    onp.testing.assert_array_equal(nf.codes.decode(made, params, data), 1.0 - rows)
    assert len(data) <= 14 + 3 * rows.size + 1


# --- bytes that are not those of this model ---


def test_every_changed_byte_is_noticed():
    made, params, rows = example(n=10)
    data = nf.codes.encode(made, params, rows)
    for at in range(len(data)):
        broken = data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1 :]
        with pytest.raises(nf.codes.CodeError, match="check sum"):
            nf.codes.decode(made, params, broken)


def test_missing_and_added_bytes_are_noticed():
    made, params, rows = example(n=10)
    data = nf.codes.encode(made, params, rows)
    for end in range(len(data)):
        with pytest.raises(nf.codes.CodeError, match=r"data must be the bytes of nf\.codes\.encode"):
            nf.codes.decode(made, params, data[:end])
    with pytest.raises(nf.codes.CodeError, match="check sum"):
        nf.codes.decode(made, params, data + b"\0")


def test_other_parameters_are_noticed():
    made, params, rows = example()
    data = nf.codes.encode(made, params, rows)
    other = trees.map_leaves(onp.copy, params)
    other[0]["W"][3, 0] += 2.0**-15
    with pytest.raises(nf.codes.CodeError, match="come from others"):
        nf.codes.decode(made, other, data)
    turned = nf.AutoregressiveDensity(7, made.conditional, made.conditioner, "reversed")
    with pytest.raises(nf.codes.CodeError, match="come from others"):
        nf.codes.decode(turned, params, data)


@pytest.mark.parametrize("wrong", [0.5, 1.25, -0.25, onp.nan])
def test_rows_that_are_not_levels_are_refused(wrong):
    made, params, rows = example("Bernoulli")
    rows[3, 2] = wrong
    with pytest.raises(ValueError, match=r"row 3|finite"):
        nf.codes.encode(made, params, rows)


def test_models_that_are_not_discrete_are_refused():
    made = nf.AutoregressiveDensity(3, nf.Gaussian(), nf.MADE((4,)))
    with pytest.raises(TypeError, match=r"conditional must be nf.Bernoulli\(\)"):
        nf.codes.encode(made, made.init(rng()), onp.zeros((2, 3)))
    made = nf.AutoregressiveDensity(3, nf.Bernoulli(), nf.MADE((4,)), context_dim=2)
    with pytest.raises(ValueError, match="no context"):
        nf.codes.encode(made, made.init(rng()), onp.zeros((2, 3)))
    with pytest.raises(TypeError, match="made must be"):
        nf.codes.encode(nf.StandardNormal(3), {}, onp.zeros((2, 3)))
    made, params, rows = example()
    with pytest.raises(ValueError, match=r"params must have 3 entries; got \['base'\]"):
        nf.codes.encode(made, {"base": params}, rows)
    with pytest.raises(TypeError, match="data must be bytes; got str"):
        nf.codes.decode(made, params, "abc")


# --- a message from another process, and 10,000 images ---

PROGRAM = """
import sys
import numpy as onp
sys.path[:0] = [{tests!r}, {support!r}]
from test_made_code import example
import nfscratch as nf
made, params, rows = example("Categorical", 40, (70, 60), n=100)
sys.stdout.buffer.write(nf.codes.encode(made, params, rows))
"""


@pytest.mark.exhaustive
@pytest.mark.parametrize("kernels", ["Haswell", "Nehalem"])
def test_other_kernels_of_the_linear_algebra_write_the_same_bytes(kernels):
    """OpenBLAS picks its kernels by the processor; other kernels add up in another order."""
    here = os.path.dirname(__file__)
    program = PROGRAM.format(tests=here, support=os.path.join(here, "support"))
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, env={**os.environ, "OPENBLAS_CORETYPE": kernels}
    )
    assert run.returncode == 0, run.stderr.decode()
    made, params, rows = example("Categorical", 40, (70, 60), n=100)
    onp.testing.assert_array_equal(nf.codes.decode(made, params, run.stdout), rows)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", CONDITIONALS)
def test_ten_thousand_images_come_back_exactly(name):
    made, params, rows = example(name, 64, (128,), n=10_000, size=0.3)
    data = nf.codes.encode(made, params, rows)
    onp.testing.assert_array_equal(nf.codes.decode(made, params, data), rows)
    assert abs(8 * len(data) / in_bits(made, params, rows) - 1) < 0.01


@pytest.mark.exhaustive
def test_ten_thousand_images_of_mnist_come_back_exactly():
    if not os.environ.get("NFSCRATCH_DATA"):
        pytest.skip("MNIST must be in the folder that NFSCRATCH_DATA names")
    x = (nf.data.load("mnist").train[:10_000] > 127).astype("float32")
    flow = nf.flows.made(784, nf.Bernoulli(), hidden=(64,))
    result = nf.fit(flow, x, rng=0, steps=100, batch_size=200)
    made, params = flow.base, result.params["base"]
    data = nf.codes.encode(made, params, x)
    onp.testing.assert_array_equal(nf.codes.decode(made, params, data), x)
    assert abs(8 * len(data) / in_bits(made, params, x) - 1) < 0.01
