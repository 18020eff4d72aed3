"""Findings: all that stand on the page."""

from benchmarks.field.findings_jax import FINDINGS as OF_JAX
from benchmarks.field.findings_nflows import FINDINGS as OF_NFLOWS
from benchmarks.field.findings_torch import FINDINGS as OF_TORCH

FINDINGS = [*OF_TORCH, *OF_NFLOWS, *OF_JAX]
