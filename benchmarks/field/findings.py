"""Findings: all that stand on the page, and the limits after them."""

from benchmarks.field.findings_flowjax import FINDINGS as OF_FLOWJAX
from benchmarks.field.findings_freia import FINDINGS as OF_FREIA
from benchmarks.field.findings_jax import FINDINGS as OF_JAX
from benchmarks.field.findings_nflows import FINDINGS as OF_NFLOWS
from benchmarks.field.findings_pyro import FINDINGS as OF_PYRO
from benchmarks.field.findings_tfp import FINDINGS as OF_TFP
from benchmarks.field.findings_torch import FINDINGS as OF_TORCH
from benchmarks.field.limits_jax import LIMITS as IN_JAX
from benchmarks.field.limits_torch import LIMITS as IN_TORCH

FINDINGS = [*OF_TORCH, *OF_PYRO, *OF_NFLOWS, *OF_FREIA, *OF_FLOWJAX, *OF_JAX, *OF_TFP, *IN_TORCH, *IN_JAX]
