"""Flows as scikit-learn estimators: densities p(x), and conditional densities p(y | X)."""

from nfscratch.sklearn.conditional_flow_density import ConditionalFlowDensity
from nfscratch.sklearn.expected_failures import expected_failed_checks
from nfscratch.sklearn.flow_density import FlowDensity

__all__ = ["ConditionalFlowDensity", "FlowDensity", "expected_failed_checks"]
