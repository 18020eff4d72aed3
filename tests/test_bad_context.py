"""A context that does not fit: one line, and the same line from every structure and every entrance."""

from dataclasses import dataclass

import numpy as onp
import pytest
from comparing import close_trees
from conditional_flows import STRUCTURES, C, data
from refusals import refused

import nfscratch as nf
from nfscratch import check, plot

N = 6
GOOD = data(2, N)[1]
LABELS = onp.arange(N) % C
ROWS = rf"\(N, {C}\)"


def rng(seed=0):
    return onp.random.default_rng(seed)


def spoilt(value):
    context = GOOD.copy()
    context[2, 1] = value
    return context


@dataclass(frozen=True)
class Bad:
    """A context, and the line that refuses it; `any_number`: also where no number of rows is asked for."""

    context: object
    line: str
    error: type = ValueError
    any_number: bool = True


NAMES = r"; for labels pass one-hot rows, numpy.eye\(K\)\[numpy.unique\(labels, return_inverse=True\)\[1\]\]"
TABLE = {
    "none": Bad(None, f"must have shape {ROWS}; got None", any_number=False),
    "a narrow one": Bad(GOOD[:, :2], rf"must have shape {ROWS}; got \({N}, 2\)"),
    "a deep one": Bad(GOOD[:, :, None], rf"must have shape {ROWS}; got \({N}, {C}, 1\)"),
    "NaN": Bad(spoilt(onp.nan), "must be finite; NaN or infinity in row 2; the first is nan, in column 1"),
    "infinity": Bad(spoilt(-onp.inf), "must be finite; NaN or infinity in row 2; the first is -inf, in column 1"),
    "four rows": Bad(
        GOOD[:4], f"must have one row for each of the {N} rows, or 1 row for all; got 4 rows", any_number=False
    ),
    "labels": Bad(
        LABELS, rf"must have shape {ROWS}; got \({N},\); for labels pass one-hot rows, numpy.eye\({C}\)\[labels\]"
    ),
    "a list of labels": Bad(
        LABELS.tolist(),
        rf"must have shape {ROWS}; got \({N},\); for labels pass one-hot rows, numpy.eye\({C}\)\[labels\]",
    ),
    "too few labels": Bad(
        LABELS[:4], rf"must have shape {ROWS}; got \(4,\); for labels pass one-hot rows, numpy.eye\({C}\)\[labels\]"
    ),
    "a column of labels": Bad(
        LABELS[:, None],
        rf"must have shape {ROWS}; got \({N}, 1\); for labels pass one-hot rows, "
        rf"numpy.eye\({C}\)\[numpy.ravel\(labels\)\]",
    ),
    "labels as floats": Bad(
        LABELS.astype(float),
        rf"must have shape {ROWS}; got \({N},\); for labels pass one-hot rows, "
        rf"numpy.eye\({C}\)\[numpy.ravel\(labels\).astype\(int\)\]",
    ),
    "one label": Bad(
        2, rf"must have shape {ROWS}; got \(\); for labels pass one-hot rows, numpy.eye\({C}\)\[numpy.ravel\(labels\)\]"
    ),
    "numbers that are no labels": Bad(GOOD[:, 0], rf"must have shape {ROWS}; got \({N},\)"),
    "names": Bad(list("abcabc"), f"must be an array of real numbers; got dtype <U1{NAMES}", TypeError),
    "objects": Bad(
        GOOD.astype(object),
        rf"must be an array of real numbers; got dtype object; make numbers of objects \(astype\(float\)\){NAMES}",
        TypeError,
    ),
    "complex numbers": Bad(GOOD + 1j, "must be an array of real numbers; got dtype complex128", TypeError),
    "a dict": Bad({"a": 1.0}, "must be an array of real numbers; got a dict: pass its values as columns", TypeError),
    "ragged rows": Bad(
        [[1.0, 2.0, 3.0], [1.0]], "must have rows of one length; got a list of rows of several", TypeError
    ),
}
FEW = ("rq_nsf", "made as base")


OF_DRAWS = ("elbo", "reverse_kl", "iwae")
OF_DRAWS = (*OF_DRAWS, *(f"{name}_value_and_grad" for name in OF_DRAWS))


def of_draws(objective, flow, params):
    return lambda c: objective(flow, lambda a: a.sum(axis=1), params, rng(), N, context=c)


def entrances(flow, params, x):
    """Every public call that takes a context: those that ask for N rows, and those that do not."""
    fit = {"rng": 0, "steps": 1, "progress": False}
    of_n = {
        "log_prob": lambda c: flow.log_prob(params, x, c),
        "nll": lambda c: nf.objectives.nll(flow, params, x, c),
        "sample": lambda c: flow.sample(params, rng(), N, c),
        "sample_and_log_prob": lambda c: flow.sample_and_log_prob(params, rng(), N, c),
        "init": lambda c: flow.init(rng(), x, c),
        "fit": lambda c: nf.fit(flow, x, context=c, validation=None, **fit),
        "fit from params": lambda c: nf.fit(flow, x, context=c, params=params, validation=None, **fit),
        "fit, its validation": lambda c: nf.fit(flow, x, context=GOOD, validation=(x, c), **fit),
    }
    if flow.base.reparameterized:
        of_n |= {name: of_draws(getattr(nf.objectives, name), flow, params) for name in OF_DRAWS}
    of_any = {
        "init without x": lambda c: flow.init(rng(), None, c),
        "audit": lambda c: check.audit(flow, context=c, letters="S", draws=1, show=False),
        "corner": lambda c: plot.corner(flow, params, x, context=c, draws=N),
    }
    return of_n, of_any


def made(name, dim=2):
    flow = STRUCTURES[name](dim)
    x = data(dim, N)[0]
    return flow, flow.init(rng(), x, GOOD), x


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name in FEW else pytest.mark.exhaustive)
        for name in STRUCTURES
        if name != "embedded"  # its network takes a context of any width until it is made
    ],
)
def test_every_entrance_has_one_line_for_each_bad_context(name):
    of_n, of_any = entrances(*made(name))
    for bad in TABLE.values():
        for entrance, call in (of_n | (of_any if bad.any_number else {})).items():
            named = "context of validation" if "validation" in entrance else "context"
            whole = f"^{named} {bad.line}" + ("" if "that is none" in bad.line else "$")
            refused(bad.error, whole, call, bad.context)


@pytest.mark.parametrize("name", STRUCTURES)
def test_log_prob_has_one_line_for_each_bad_context_from_every_structure(name):
    flow, params, x = made(name)
    for bad in TABLE.values():
        refused(bad.error, f"^context {bad.line}", flow.log_prob, params, x, bad.context)


def layer_of(flow):
    """The part that is conditioned, called without a flow around it."""
    if flow.base.context_dim:
        return flow.base, "log_prob"
    layers = getattr(flow.bijection, "layers", [flow.bijection])
    return next(layer for layer in layers if layer.context_dim), "inverse"


@pytest.mark.parametrize("name", STRUCTURES)
def test_a_part_alone_asks_for_a_row_for_each_row(name):
    part, method = layer_of(STRUCTURES[name](2))
    params, x = part.init(rng()), onp.zeros((N, 2))
    for context in (None, GOOD[:, :2], GOOD[:1], GOOD[0], GOOD[:4]):
        got = "None" if context is None else rf"\({', '.join(map(str, context.shape))},?\)"
        message = rf"^context of \w+ must have shape \(N, {C}\) with N = {N}; got {got}$"
        refused(ValueError, message, getattr(part, method), params, x, context)
        refused(ValueError, message, getattr(part, f"{method}_vjp"), params, x, context)
        if method == "log_prob":
            refused(ValueError, message, part.sample, params, rng(), N, onp.zeros(1), context)


@pytest.mark.parametrize("context", [GOOD, GOOD.tolist(), 3, "a"], ids=["rows", "a list", "a number", "a text"])
def test_where_none_is_taken_any_is_refused(context):
    flow = nf.flows.rq_nsf(2, layers=1)
    x = data(2, N)[0]
    of_n, of_any = entrances(flow, flow.init(rng(), x), x)
    got = rf"shape \({N}, {C}\)" if hasattr(context, "shape") else f"a {type(context).__name__}"
    for entrance, call in (of_n | of_any).items():
        if "validation" not in entrance:
            refused(ValueError, f"^context must be None, because this flow takes no context; got {got}$", call, context)


def test_n_labels_out_of_n_classes_are_not_taken_for_one_row():
    """A draw of each class by its label: (C,) is the shape of one row, too."""
    flow, params, x = made("rq_nsf")
    message = (
        rf"^context must have shape {ROWS}; got \({C},\); for labels pass one-hot rows, numpy.eye\({C}\)\[labels\]; "
        r"for one row pass context\[None\]$"
    )
    refused(ValueError, message, flow.sample, params, rng(), C, onp.arange(C))
    refused(ValueError, message, flow.log_prob, params, x[:C], onp.array([0, 0, 2]))
    assert flow.sample(params, rng(), C, onp.arange(C)[None]).shape == (C, 2)
    for row in (onp.eye(C, dtype=int)[1], onp.array([7, 3, 1]), onp.arange(C) + 0.5):  # one-hot, and no labels
        assert (flow.sample(params, rng(), C, row) == flow.sample(params, rng(), C, row[None])).all()
    assert flow.sample(params, rng(), 5, onp.arange(C)).shape == (5, 2)  # not as many as rows


@pytest.mark.parametrize("name", OF_DRAWS)
def test_one_row_serves_all_draws_of_an_objective(name):
    flow, params, _ = made("maf")
    objective = of_draws(getattr(nf.objectives, name), flow, params)
    values = [objective(one) for one in (onp.repeat(GOOD[:1], N, axis=0), GOOD[:1], GOOD[0], GOOD[0].tolist())]
    for value in values[1:]:
        close_trees(value, values[0], 0.0)


def test_one_row_in_any_form_serves_all():
    flow, params, x = made("maf")
    expected = flow.log_prob(params, x, onp.repeat(GOOD[:1], N, axis=0))
    for one in (GOOD[0], GOOD[:1], GOOD[0].tolist(), GOOD[0].astype(object).astype(float)):
        onp.testing.assert_array_equal(flow.log_prob(params, x, one), expected)


def test_the_result_of_a_fit_is_no_params():
    flow, params, x = made("maf")
    result = nf.fit(flow, x, context=GOOD, rng=0, params=params, steps=1, validation=None, progress=False)
    message = r"got a Result: pass its params, result.params$"
    refused(ValueError, message, flow.log_prob, result, x, GOOD)
    refused(ValueError, message, flow.sample, result, rng(), 3, GOOD[0])


def test_one_number_is_one_row_of_width_1_only_as_a_list():
    flow = nf.flows.maf(2, layers=1, context_dim=1)
    params = flow.init(rng())
    refused(
        ValueError, r"shape \(N, 1\); got \(\); for one number pass \[context\]$", flow.sample, params, rng(), 4, 2010
    )
    assert flow.sample(params, rng(), 4, [2010]).shape == (4, 2)


def test_labels_for_an_embedding_of_any_width_are_told_both_ways():
    flow = nf.flows.maf(2, layers=1, context_dim=4, embed=nf.MLP((4,)))
    message = (
        r"^context must have shape \(N, C\); got \(6,\); for labels pass one-hot rows, numpy.eye\(K\)\[labels\]; "
        r"for one variable pass context\[:, None\]$"
    )
    refused(ValueError, message, nf.fit, flow, data(2, N)[0], rng=0, context=LABELS)
    refused(ValueError, message, flow.init, rng(), None, LABELS)
    refused(ValueError, message, check.audit, flow, context=LABELS)
    refused(ValueError, r"^context must have shape \(N, C\); got None$", check.audit, flow)
    refused(ValueError, r"^context must have shape \(N, C\); got None$", flow.init, rng())
