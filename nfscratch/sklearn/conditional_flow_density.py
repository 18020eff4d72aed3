"""ConditionalFlowDensity: density regression. Not one number for each row of X, but the whole density p(y | X).

    fit(X, y)                   maximum likelihood of y (N,) or (N, K), with the rows of X as context
    score_samples(X, y)         log p(y_n | x_n), in nats;    score: their mean, which GridSearchCV maximizes
    predict(X)                  the median of each output
    predict_quantiles(X, q)     its quantiles
    sample(X, n)                n draws for each row

For one output on a normal base the flow y = f(z; x) is monotone in z, and a quantile is the image of the normal's:

    quantile(q) = f(Phi^-1(q); x) where f increases in z,    f(Phi^-1(1 - q); x) where it decreases.

Otherwise quantiles are those of `draws` draws for each row, of each output by itself. Every row meets the same random
numbers: a prediction does not depend on the other rows, and the same call gives the same answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as onp
from scipy.special import ndtri
from sklearn.base import RegressorMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from nfscratch import backend, trees, validate
from nfscratch.distributions import StandardNormal
from nfscratch.excerpt import excerpt
from nfscratch.flows import Flow
from nfscratch.flows.chunks import ROWS, in_chunks
from nfscratch.sklearn.estimator import FlowEstimator, checked_weights, generator, host


class ConditionalFlowDensity(RegressorMixin, FlowEstimator):
    """The density p(y | x) of one or several outputs y, given the rows of X.

    flow: a recipe's name, "rq_nsf", "real_nvp", "maf", "iaf", "naf", "nice" or "gin"; or a function of dim and
        context_dim=C that makes a Flow, which must be importable for the estimator to be pickled.
    draws: for each row, where `predict` and `predict_quantiles` have no exact answer (several outputs).
    The other settings, and what there is after `fit`, are FlowDensity's.
    """

    def __init__(
        self,
        flow: str | Callable[..., Flow] = "rq_nsf",
        *,
        layers: int | None = None,
        hidden: Sequence[int] | None = None,
        flow_options: Mapping[str, Any] | None = None,
        steps: int | None = None,
        batch_size: int | None = None,
        learning_rate: float | None = None,
        patience: int | None = None,
        validation: float | None = 0.1,
        fit_options: Mapping[str, Any] | None = None,
        draws: int = 1000,
        verbose: bool = False,
        random_state: Any = None,
    ):
        self.flow = flow
        self.layers = layers
        self.hidden = hidden
        self.flow_options = flow_options
        self.steps = steps
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.patience = patience
        self.validation = validation
        self.fit_options = fit_options
        self.draws = draws
        self.verbose = verbose
        self.random_state = random_state

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        tags.regressor_tags.poor_score = True  # `score` is a log-likelihood, which has no scale of 0 to 1 as R^2 has
        return tags

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> ConditionalFlowDensity:
        """Fit to outputs y (N,) or (N, K) of the rows of X (N, C).

        sample_weight: (N,), at least 0: the likelihood is the weighted mean. A row of weight 0 takes no part, and a row
        of weight 2 is as good as two equal rows.
        """
        validate.count("draws", self.draws, least=1)
        X, y = self._rows_and_outputs(X, y, reset=True)
        self.one_column_ = y.ndim == 1
        y, weights = y.reshape(len(y), -1), checked_weights(sample_weight, len(y))
        self.seed_ = int(generator(self.random_state).integers(2**31))  # of the draws of `predict`; Ctrl-C may end fit
        self._train(self._recipe(y.shape[1], context_dim=X.shape[1]), y, X, weights)
        return self

    def score_samples(self, X: Any, y: Any = None) -> onp.ndarray:
        """log p(y | x), in nats, for each row: (N,). y None: at `predict`, how sharp the density of a row is."""
        check_is_fitted(self)
        X, y = self._rows_and_outputs(X, self.predict(X) if y is None else y, reset=False)
        return backend.to_numpy(self.flow_.log_prob(self.params_, y.reshape(len(y), -1), X))

    def score(self, X: Any, y: Any) -> float:
        """The mean of log p(y | x) over the rows, in nats; not R^2."""
        return float(self.score_samples(X, y).mean(dtype=onp.float64))

    def predict(self, X: Any) -> onp.ndarray:
        """The median of each output, shaped as the y of `fit`: (N,) or (N, K)."""
        return self.predict_quantiles(X, 0.5)

    def predict_quantiles(self, X: Any, q: Any) -> onp.ndarray:
        """The quantiles q, numbers in (0, 1), of each output.

        q a number: shaped as the y of `fit`, (N,) or (N, K). q of shape (Q,): (N, Q) or (N, Q, K).
        """
        X, levels = self._rows(X, reset=False), _levels(q)
        if self.flow_.shape == (1,) and type(self.flow_.base) is StandardNormal:
            quantiles = self._exact_quantiles(X, levels)
        else:
            quantiles = self._drawn_quantiles(X, levels)
        return self._as_y(quantiles[:, 0] if onp.ndim(q) == 0 else quantiles)

    def sample(self, X: Any, n_samples: int = 1, random_state: Any = None) -> onp.ndarray:
        """Draws (N, n_samples), or (N, n_samples, K). random_state: as in the constructor, but of this call alone."""
        X = self._rows(X, reset=False)
        n_samples, rng = validate.count("n_samples", n_samples, least=1), generator(random_state)
        repeated = onp.repeat(X, n_samples, axis=0)
        y = backend.to_numpy(self.flow_.sample(self.params_, rng, len(repeated), repeated))
        return self._as_y(y.reshape(len(X), n_samples, -1))

    # --- quantiles -------------------------------------------------------------------------------------------------

    def _exact_quantiles(self, X, levels):
        """(N, Q, 1)."""
        z = ndtri(onp.concatenate([levels, 1.0 - levels]))
        rows = onp.repeat(X, len(z), axis=0)
        y = self._image(onp.tile(z, len(X))[:, None], rows).reshape(len(X), 2, len(levels))
        rises = self._image(onp.ones((len(X), 1)), X) > self._image(-onp.ones((len(X), 1)), X)
        return onp.where(rises, y[:, 0], y[:, 1])[:, :, None]

    def _image(self, z, X):
        """f(z; x), in float64 on the host."""
        like = trees.first_array(self.params_)
        z, X = (backend.asarray(a, dtype=like.dtype, like=like) for a in (z, X))
        return onp.asarray(backend.to_numpy(in_chunks(self._forward, z, X)), dtype=onp.float64)

    def _forward(self, z, X):
        h = self.flow_.embedded(self.params_, X)
        return self.flow_.bijection.forward_value(self.params_["bijection"], z, h)[0]

    @property
    def _count(self):
        """`draws`, of whatever dtype scikit-learn keeps it as it came."""
        return int(self.draws)

    def _drawn_quantiles(self, X, levels):
        """(N, Q, K), of some rows at a time."""
        step = max(1, ROWS // self._count)
        parts = [onp.quantile(self._draws_of(X[k : k + step]), levels, axis=1) for k in range(0, len(X), step)]
        return onp.concatenate(parts, axis=1).swapaxes(0, 1)

    def _draws_of(self, X):
        """(N, draws, K), from the same random numbers for each row."""
        base, like = self.flow_.base, trees.first_array(self.params_)
        if base.context_dim:  # the draws of the base depend on the row
            return onp.stack([self._draws_at(row) for row in X])
        z = base.sample(self.params_["base"], onp.random.default_rng(self.seed_), self._count, like)
        y = self._image(onp.tile(backend.to_numpy(z), (len(X), 1)), onp.repeat(X, self._count, axis=0))
        return y.reshape(len(X), self._count, -1)

    def _draws_at(self, row):
        """(draws, K)."""
        y = self.flow_.sample(self.params_, onp.random.default_rng(self.seed_), self._count, row[None])
        return onp.asarray(backend.to_numpy(y), dtype=onp.float64)

    # --- shapes ----------------------------------------------------------------------------------------------------

    def _rows_and_outputs(self, X, y, *, reset):
        """X (N, C) and y as it came, (N,) or (N, K), after scikit-learn's checks and ours."""
        X, y = host("X", X), host("y", y)
        least = 2 if reset else 1
        options = {"multi_output": True, "y_numeric": True, "ensure_min_samples": least}
        X, y = validate_data(self, X, y, reset=reset, dtype=onp.float64, **options)
        return X, onp.asarray(y, dtype=onp.float64)

    def _as_y(self, y):
        """Without the axis of outputs, where `fit` got y of shape (N,)."""
        return y[..., 0] if self.one_column_ else y


def _levels(q):
    levels = onp.atleast_1d(onp.asarray(backend.to_numpy(validate.numeric("q", q)), dtype=onp.float64))
    if levels.ndim != 1 or not ((levels > 0) & (levels < 1)).all():
        raise ValueError(f"q must be a number or a row of numbers between 0 and 1, both excluded; got {excerpt(q)}")
    return levels
