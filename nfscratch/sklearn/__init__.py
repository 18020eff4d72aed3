"""Flows as scikit-learn estimators: densities p(x), and conditional densities p(y | X)."""

from nfscratch.sklearn.conditional_flow_density import ConditionalFlowDensity
from nfscratch.sklearn.flow_density import FlowDensity

__all__ = ["ConditionalFlowDensity", "FlowDensity"]
