"""FlowDensity: a normalizing flow as scikit-learn's density estimators are used, such as KernelDensity.

    fit(X)              maximum likelihood on the rows of X (N, D)
    score_samples(X)    log p(x_n), in nats, for each row
    score(X)            their mean, as GaussianMixture's (KernelDensity's is their sum): GridSearchCV maximizes it
    sample(n)           n draws (n, D), as KernelDensity's

A density has units: after a scaler in a Pipeline, log p is that of the scaled columns. The ready-made flows standardize
their data themselves, and need no scaler.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as onp
from sklearn.base import DensityMixin
from sklearn.utils.validation import check_is_fitted

from nfscratch import backend, validate
from nfscratch.flows import Flow
from nfscratch.sklearn.estimator import FlowEstimator, checked_weights, generator


class FlowDensity(DensityMixin, FlowEstimator):
    """The density p(x) of the rows of X.

    flow: a recipe's name, "rq_nsf", "real_nvp", "maf", "iaf", "naf", "nice", "gin" or "linear"; or a function
        of dim that makes a Flow, which must be importable for the estimator to be pickled.
    layers, hidden: arguments of the recipe; flow_options: its other arguments, {"bins": 16}. None: the recipe's own.
    steps, batch_size, learning_rate, patience: of nf.fit; fit_options: its other arguments, {"clip": 1.0}.
    validation: the share of rows that chooses the best parameters; of 3 to 5 rows, one. Where a share is less than a
        row of others, none are held out.
    verbose: show progress. random_state: None, an int, a RandomState or a numpy Generator.

    After `fit`: flow_, params_ and result_ (history and ending), n_features_in_, feature_names_in_.
    Ctrl-C during `fit` raises KeyboardInterrupt; the estimator then holds the best parameters so far. With
    fit_options={"interrupt": "return"} nothing is raised, and a search goes on with its next fit.
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
        self.verbose = verbose
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None, sample_weight: Any = None) -> FlowDensity:
        """Fit to the rows of X (N, D); y is ignored.

        sample_weight: (N,), at least 0: the likelihood is the weighted mean. A row of weight 0 takes no part, and a row
        of weight 2 is as good as two equal rows.
        """
        X = self._rows(X, reset=True)
        self._train(self._recipe(X.shape[1]), X, weights=checked_weights(sample_weight, len(X)))
        return self

    def score_samples(self, X: Any) -> onp.ndarray:
        """log p(x), in nats: (N, D) -> (N,)."""
        X = self._rows(X, reset=False)
        return backend.to_numpy(self.flow_.log_prob(self.params_, X))

    def score(self, X: Any, y: Any = None) -> float:
        """The mean of log p(x) over the rows, in nats; y is ignored."""
        return float(self.score_samples(X).mean(dtype=onp.float64))

    def sample(self, n_samples: int = 1, random_state: Any = None) -> onp.ndarray:
        """Draws (n_samples, D). random_state: as in the constructor, but of this call alone."""
        check_is_fitted(self)
        n_samples = validate.count("n_samples", n_samples, least=1)
        return backend.to_numpy(self.flow_.sample(self.params_, generator(random_state), n_samples))
