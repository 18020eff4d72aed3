"""Findings in flowjax, distrax and TensorFlow Probability, each with its reproducer and its confirmation."""

from __future__ import annotations

from benchmarks.field.finding import FieldFinding

FINDINGS: list[FieldFinding] = []
