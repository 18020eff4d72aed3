"""The part that both estimators share: a recipe by its name, a call of `fit`, and scikit-learn's random_state.

A setting that is None keeps the default of the recipe, or of `nf.fit`. What no setting covers is passed on by
`flow_options` and `fit_options`.
"""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import Any

import numpy as onp
from sklearn.base import BaseEstimator
from sklearn.utils import check_array, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from nfscratch import array_kinds, backend, flows, validate
from nfscratch.excerpt import excerpt
from nfscratch.flows import Flow
from nfscratch.sklearn.one_order import in_one_order
from nfscratch.training.fit import fit
from nfscratch.training.held_out import FEW
from nfscratch.training.interrupts import RAISE, result_of
from nfscratch.training.optimizers import adam

NO_NUMBERS = "MmSTU"  # the kinds of dtypes of dates and texts
OF_FIT = ("flow", "x", "rng", "context", "weights", "numbers")  # arguments of `fit` that are an estimator's own
RECIPES = ("rq_nsf", "real_nvp", "maf", "iaf", "naf", "nice", "gin", "linear")  # those that are made for data


class FlowEstimator(BaseEstimator):
    """A flow with the settings to make and to fit it; the subclasses say of which variables."""

    def _recipe(self, dim: int, **context: int) -> Flow:
        """The unfitted flow of `dim` variables. context: context_dim, where the flow takes one.

        With an embedding network, flow_options may say another context_dim: the width of what the network gives.
        """
        if not callable(self.flow):
            validate.choice("flow", self.flow, RECIPES)
        recipe = self.flow if callable(self.flow) else getattr(flows, self.flow)
        made = recipe(dim, **(context | self._flow_options()))
        validate.part("flow", made, Flow, "the result of nf.flows.maf(dim)")
        if tuple(made.shape) != (dim,):
            raise ValueError(f"flow must make a Flow of shape ({dim},), one for each column; got {tuple(made.shape)}")
        return made

    def _flow_options(self):
        return _given(layers=self.layers, hidden=self.hidden) | _options("flow_options", self.flow_options, ("dim",))

    def _train(self, flow: Flow, x: Any, context: Any = None, weights: Any = None) -> None:
        """Fit, and keep the result. Ctrl-C keeps the best so far and ends a search too, but for interrupt="return"."""
        rows, weights = in_one_order(x, context, weights)
        given = {"context": None if context is None else context[rows], "weights": weights, "numbers": rows}
        rng = generator(self.random_state)
        try:
            result = fit(flow, x[rows], rng=rng, **given, **self._fit_options(len(rows)))
        except BaseException as error:  # Interrupted, or what the host's own handler of Ctrl-C raised
            self._keep(flow, result_of(error))
            raise
        self._keep(flow, result)

    def _keep(self, flow, result):
        if result is not None:
            self.flow_, self.result_, self.params_ = flow, result, result.params

    def _fit_options(self, n):
        settings = _given(steps=self.steps, batch_size=self.batch_size, patience=self.patience)
        if self.learning_rate is not None:
            validate.positive("learning_rate", self.learning_rate)
            settings["optimizer"] = adam(self.learning_rate)
        settings |= {"validation": self._held_out(n), "progress": None if self.verbose else False, "interrupt": RAISE}
        return settings | _options("fit_options", self.fit_options, OF_FIT)

    def _held_out(self, n):
        """The share to hold out; None where `fit` would refuse it for too few rows, which a search may well come to."""
        share = self.validation
        small = isinstance(share, Real) and 0 < share < 1 and round(share * n) == 0
        return None if small and not 3 <= n <= FEW else share

    def _rows(self, X: Any, *, reset: bool) -> Any:
        """`X` as an array of finite floats (N, n_features_in_), after scikit-learn's checks and ours."""
        if not reset:
            check_is_fitted(self)
        return validate_data(self, host("X", X), reset=reset, dtype=onp.float64, ensure_min_samples=2 if reset else 1)


def checked_weights(sample_weight: Any, n: int) -> onp.ndarray | None:
    """`sample_weight`, one for each row or one for all, as (n,) floats of at least 0, or None."""
    if sample_weight is None:
        return None
    if isinstance(sample_weight, Real):
        sample_weight = onp.full(n, float(sample_weight))
    sample_weight = host("sample_weight", sample_weight)
    weights = check_array(sample_weight, ensure_2d=False, dtype=onp.float64, input_name="sample_weight")
    if weights.shape != (n,):
        raise ValueError(f"sample_weight must have one number for each of the {n} rows; got shape {weights.shape}")
    if (weights < 0).any():
        row = int((weights < 0).argmax())
        raise ValueError(f"sample_weight must be at least 0; got {weights[row]:.4g} in row {row}")
    if not weights.any():
        raise ValueError(f"sample_weight must be above zero in some row; got zero in all {n}")
    return weights


def host(name: str, value: Any) -> Any:
    """`value` for scikit-learn: refused by its kind where it is no data; in the host's memory where it was on a GPU."""
    array_kinds.refuse(name, value)
    if not array_kinds.is_native(value):
        return value
    if value.dtype.kind in NO_NUMBERS:  # scikit-learn makes numbers of them
        validate.numeric(name, value)
    return backend.to_numpy(array_kinds.plain(name, value))


def generator(random_state: Any) -> onp.random.Generator:
    """A Generator from None (NumPy's global stream), an int, a RandomState or a Generator."""
    if isinstance(random_state, onp.random.Generator):
        return random_state
    return onp.random.default_rng(check_random_state(random_state).randint(2**31, size=4))


def _options(name, given, own):
    """`given`, a dict of arguments or None, as a dict. own: the arguments that the estimator gives itself."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise TypeError(f"{name} must be a dict of arguments by their names, or None; got {excerpt(given)}")
    if taken := [argument for argument in own if argument in given]:
        raise ValueError(f"{name} must leave out {', '.join(own)}, which the estimator gives; got {', '.join(taken)}")
    return dict(given)


def _given(**settings):
    return {name: value for name, value in settings.items() if value is not None}
