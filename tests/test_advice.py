"""Warnings and messages of fit name the rows, the columns and the remedy that the data at hand ask for."""

import re
import warnings

import autograd.numpy as np
import numpy as onp
import pytest
from fitting import DATA, FLOW, fit, rng

import nfscratch as nf
from nfscratch.training import advice, divergence, remedies
from nfscratch.training.ending import Ended, Ending
from nfscratch.training.held_out import Rows
from nfscratch.training.record import Result


def rows_of(x, numbers=None, where="x", context=None):
    return Rows(x, context, None, onp.arange(len(x)) if numbers is None else numbers, where)


def warned(call):
    """The texts of the warnings of a call."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    return [str(warning.message) for warning in caught]


# --- never step 0, and never an explosion, in silence ---

TANH = nf.flows.real_nvp(2, layers=2, hidden=(8,), activation="tanh", whiten="diagonal")
RELU = nf.flows.real_nvp(2, layers=2, hidden=(8,), activation="relu", whiten="diagonal")


def test_a_fit_whose_best_step_is_0_says_so_and_what_to_try():
    with pytest.warns(nf.TrainingWarning, match="no step made the validation better") as caught:
        result = fit(flow=RELU, validation=DATA[:20] + 50.0, optimizer=nf.adam(0.05))
    assert result.best_step == 0 and caught[0].filename.endswith("fitting.py")  # where fit was called
    message = str(caught[0].message)
    start, end = result.history["validation"][0], result.history["validation"][-1]
    assert f"it was {start:.4g} nats at the start and is {end:.4g} at the end, after 30 steps" in message
    assert "The parameters of step 0, the start, are returned; try activation=" in message
    assert "a smaller rate, fewer or narrower layers, or more rows" in message


def test_an_activation_that_is_bounded_is_not_offered():
    (message,) = warned(lambda: fit(flow=TANH, validation=DATA[:20] + 50.0, optimizer=nf.adam(0.05)))
    assert "activation" not in message and "try a smaller rate" in message


def test_a_fit_that_gets_better_says_nothing():
    assert warned(lambda: fit(optimizer=nf.adam(0.01))) == []


def test_parameters_that_do_not_move_say_nothing():
    assert warned(lambda: fit(schedule=lambda done: 0.0)) == []


def review(last, x=DATA[:30], values=(3.0, 2.0), flow=RELU, best_step=10, how=Ended.ALL_STEPS, **options):
    """The warnings about a run whose last parameters are `last`, and whose best ones are fresh."""
    params = flow.init(rng(), DATA)
    validation = [*values, nf.objectives.nll(flow, last, x)]
    history = {"loss": [1.0] * 20, "step": [0, 10, 20], "validation": validation}
    result = Result(params, history, Ending(how, 20), best_step, last)
    held_out = rows_of(x, **options)
    return warned(lambda: advice.review(flow, result, held_out))


def test_the_few_rows_that_carry_an_explosion_are_named_by_their_numbers_in_x():
    x, numbers = DATA[:30].copy(), onp.arange(100, 130)
    x[[4, 17]] += 300.0
    shifted = FLOW.init(rng(), DATA)
    shifted["bijection"][-1]["fixed"]["std"] /= 30.0
    (message,) = review(shifted, x, numbers=numbers)
    assert re.search(
        r"rose from 2 nats at step 10 to .* at the end, after 20 steps\. Rows (104, 117|117, 104) of", message
    )
    assert re.search(
        r"of x carry it; x has \S+ in row 117, column \d. The parameters of step 10 are returned; try", message
    )
    x[17] = DATA[17]
    (message,) = review(shifted, x, where="validation")
    assert "Row 4 of validation carries it; validation has " in message and " in row 4, column " in message


def test_an_explosion_of_all_rows_names_none():
    shifted = FLOW.init(rng(), DATA)
    shifted["bijection"][-1]["fixed"]["mean"] += 300.0
    (message,) = review(shifted)
    assert "Row" not in message and "rose from 2 nats" in message


def test_a_rise_that_patience_is_made_for_says_nothing():
    params = FLOW.init(rng(), DATA)
    assert review(params, values=(30.0, nf.objectives.nll(FLOW, params, DATA[:30]) - 9.9)) == []
    assert len(review(params, values=(30.0, nf.objectives.nll(FLOW, params, DATA[:30]) - 10.1))) == 1


@pytest.mark.parametrize(("rise", "count"), [(99.9, 0), (100.1, 1)])
def test_where_patience_ended_the_run_the_rise_has_to_be_ten_times_as_large(rise, count):
    params = FLOW.init(rng(), DATA)
    best = nf.objectives.nll(FLOW, params, DATA[:30]) - rise
    assert len(review(params, values=(30.0, best), how=Ended.EARLY_STOPPING)) == count


def test_an_end_that_is_not_finite_is_an_explosion():
    params = FLOW.init(rng(), DATA)
    params["bijection"][-1]["fixed"]["std"][:] = 1e-300
    (message,) = review(params)
    assert "to inf at the end" in message


# --- divergence ---


def blamed(flow, params, x=DATA, rows=None):
    with onp.errstate(all="ignore"):
        return divergence.blame(flow, params, {}, x, None, rows)


def broken(flow):
    params = flow.init(rng(), DATA)
    params["bijection"][0][-1]["b"][:] = [0.0, -1e200]
    return params


def test_an_unbounded_activation_is_named_and_a_bounded_one_is_not():
    assert 'try activation="tanh" (relu grows without bound' in blamed(RELU, broken(RELU))
    assert blamed(TANH, broken(TANH)).endswith("; try a smaller rate, or clip=1.0")
    linear = nf.flows.real_nvp(2, layers=2, hidden=(), whiten="diagonal")
    assert blamed(linear, broken(linear)).endswith("; try a smaller rate, or clip=1.0")


def test_the_activations_of_all_recipes_are_found():
    for recipe in (nf.flows.real_nvp, nf.flows.maf, nf.flows.rq_nsf, nf.flows.nice, nf.flows.iaf):
        assert remedies.unbounded_activations(recipe(3, activation="relu")) == ["relu"]
        assert remedies.unbounded_activations(recipe(3, activation="tanh")) == []


def test_a_row_far_out_is_named_by_its_number_and_column():
    x = DATA.copy()
    x[123, 1] = 5000.0
    message = blamed(RELU, broken(RELU), rows=rows_of(x, numbers=onp.arange(400) + 1000))
    assert re.search(r"x lies \S+ standard deviations from the middle of column 1 in row 1123: leave", message)
    assert "standard deviations" not in blamed(RELU, broken(RELU), rows=rows_of(DATA))


def test_one_row_cannot_hide_itself_by_widening_the_scale():
    x = rng().normal(size=(20, 1))
    x[3] = 1e6
    assert remedies.farthest(x)[:2] == (3, 0) and remedies.farthest(x)[2] > 1e5


def test_of_some_rows_the_farthest_is_named_wherever_the_others_lie():
    x = DATA.copy()
    x[11, 0], x[12, 1] = 1e5, 1e6
    assert remedies.far_entry(rows_of(x), [5, 11]) == "x has 100000 in row 11, column 0"
    assert remedies.far_entry(rows_of(x), [5, 6]) == ""


def test_a_rare_class_is_not_far_out_and_a_far_x_comes_before_a_context():
    x, context = DATA.copy(), onp.zeros((len(DATA), 3))
    context[7, 1] = 1.0
    assert remedies.far_entry(rows_of(x, context=context), range(400)) == ""
    context[:, 2], context[8, 2], x[11, 0] = rng(5).normal(size=len(DATA)), 1e6, 1e3
    assert remedies.far_entry(rows_of(x, context=context), range(400)) == "x has 1000 in row 11, column 0"
    assert remedies.far_entry(rows_of(DATA, context=context), range(400)) == "context has 1e+06 in row 8, column 2"


def test_a_row_that_jitter_moved_is_told_by_the_number_that_no_other_row_has():
    x = onp.array([[5.0, 0.1], [9.0, 0.2], [5.0, 0.3], [1e17, 0.4]])
    for event, row in (([5.0, 0.3], 2), ([9.0, 0.21], 1), ([5.0, 0.31], None), ([1e17, 0.41], 3), ([7.0, 0.1], None)):
        assert remedies.row_of(onp.array(event), rows_of(x)) == row


def test_a_layer_that_is_given_what_it_does_not_reach_says_what_it_reaches():
    flow = nf.Flow(nf.StandardNormal(1), nf.Chain([nf.Elementwise(nf.Sigmoid(), 1), nf.ActNorm(1)]))
    message = blamed(flow, flow.init(rng()), x=onp.array([[0.5], [-3.0]]))
    assert message == (
        "layer 1 of 2 (Elementwise), inverse (x -> z), gives NaN or infinity at -3, because it reaches (0.0, 1.0) alone"
    )


class Bounded(nf.StandardNormal):
    """A standard normal that is cut off at 3: the density is 0 outside."""

    def log_prob(self, params, z):
        return np.where(np.max(np.abs(z), axis=1) < 3, super().log_prob(params, z), -np.inf)


def test_a_base_that_is_0_where_some_rows_lie_is_blamed_though_others_lie_far_out():
    coupling = nf.Coupling(nf.Affine(), nf.half_mask(2), nf.MLP(()))
    flow = nf.Flow(Bounded(2), coupling)
    params = flow.init(rng())
    params["bijection"][-1]["W"][1] = 1e6  # the shift of the second variable, by the first
    message = blamed(flow, params, x=onp.array([[0.0, 0.5], [0.0, 4.0], [1.0, 0.0]]))
    assert message.startswith("the base (Bounded): log_prob is -inf at row 1 of the batch, z = [0. 4.]")


# --- rows out of reach ---

SQUARE = nf.Flow(
    nf.StandardNormal(2), nf.Chain([nf.Coupling(nf.Affine(), nf.half_mask(2)), nf.Elementwise(nf.Sigmoid(), 2)])
)
INSIDE = rng(3).uniform(0.1, 0.9, size=(60, 2))


class UniformSquare(nf.StandardNormal):
    """The uniform density on [0, 1]^2."""

    support = (0.0, 1.0)

    def __init__(self):
        super().__init__(2)

    def log_prob(self, params, z):
        return 0.0 * np.sum(z, axis=1)


def with_entry(value, row=7, column=1):
    x = INSIDE.copy()
    x[row, column] = value
    return x


@pytest.mark.parametrize("value", [-0.5, 0.0, 1.0, 2.5])
def test_rows_outside_or_on_a_bound_are_named_before_training(value):
    with pytest.raises(ValueError, match=rf"x must lie inside of \(0.0, 1.0\).*got {value:g} in row 7, column 1$"):
        fit(with_entry(value), SQUARE)
    with pytest.raises(ValueError, match=rf"validation must lie inside of .*got {value:g} in row 7, column 1$"):
        fit(INSIDE, SQUARE, validation=with_entry(value))
    assert SQUARE.log_prob(SQUARE.init(rng()), with_entry(value))[7] == -onp.inf


def test_many_rows_out_of_reach_are_counted():
    with pytest.raises(ValueError, match=r"got .* in row 0, column 0, .*, \.\.\. \(120 entries\)"):
        fit(INSIDE + 1.0, SQUARE)


def test_rows_are_counted_in_x_as_it_was_given():
    with pytest.raises(ValueError, match=r"got 3 in row 7, column 1$"):
        fit(with_entry(3.0), SQUARE, weights=onp.where(onp.arange(60) == 2, 0.0, 1.0))


def test_a_row_of_weight_0_may_lie_anywhere():
    assert (
        fit(with_entry(3.0), SQUARE, weights=onp.where(onp.arange(60) == 7, 0.0, 1.0), steps=3, validation=None).steps
        == 3
    )


class UnitSquare(nf.Permutation):
    """The square [0, 1]^2, turned, with its edges."""

    domain = codomain = (0.0, 1.0)


def test_a_bound_where_the_density_is_not_0_is_no_fault():
    flow = nf.Flow(nf.StandardNormal(2), nf.Chain([nf.Elementwise(nf.Sigmoid(), 2), UnitSquare([1, 0])]))
    edges = nf.Flow(UniformSquare(), UnitSquare([1, 0]))
    assert flow.bijection.codomain == edges.bijection.codomain == (0.0, 1.0)
    with pytest.raises(ValueError, match="got 1 in row 7, column 1"):
        fit(with_entry(1.0), flow)
    assert fit(with_entry(1.0), edges, steps=2, validation=None).steps == 2
    with pytest.raises(ValueError, match=r"got 1\.5 in row 7, column 1"):
        fit(with_entry(1.5), edges)


def test_jitter_moves_rows_off_the_lower_bound_and_must_not_move_them_over_the_upper_one():
    levels = (rng().integers(0, 4, size=(60, 2)) / 4).astype(float)  # 0, 1/4, 1/2, 3/4
    assert fit(levels, SQUARE, jitter=0.25, steps=2, validation=None).steps == 2
    with pytest.raises(ValueError, match="x must lie inside of"):
        fit(levels, SQUARE, jitter=0.5, steps=2)
    with pytest.raises(ValueError, match="got 0 in row"):
        fit(levels, SQUARE, jitter=[0.25, 0.0], steps=2)
