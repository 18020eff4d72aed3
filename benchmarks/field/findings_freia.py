"""Findings in FrEIA, each with its reproducer and its confirmation."""

from __future__ import annotations

import math

from benchmarks.field.finding import FieldFinding


def scaling():
    import torch
    from FrEIA.modules import LearnedElementwiseScaling

    m = LearnedElementwiseScaling([(2,)]).double()
    m.s.data = torch.tensor([[1.0, 2.0]], dtype=torch.float64)
    x = torch.tensor([[1.0, 1.0]], dtype=torch.float64)
    (z,), log_det = m([x])
    (back,), log_det_back = m([z], rev=True)
    return {
        "z": z.tolist(),
        "back": back.tolist(),
        "log_det": log_det.tolist(),
        "log_det_back": log_det_back.tolist(),
    }


def _sign_is_kept(found):
    """x e^s has log_det 1 + 2 = 3, and z e^-s has -3; the values go back, the log_det says +3."""
    right = all(abs(a - math.exp(s)) < 1e-12 for a, s in zip(found["z"][0], (1, 2), strict=True))
    back = all(abs(a - 1) < 1e-12 for a in found["back"][0])
    return right and back and found["log_det"] == [3.0] and found["log_det_back"] == [3.0]


FINDINGS = [
    FieldFinding(
        "freia", ("LearnedElementwiseScaling",), "XJE", "log_det keeps its sign when the module is reversed",
        "With rev=True the scale is e^-s, and the log_det stays sum(s), where it is -sum(s). The module's own training "
        "direction is right; a flow that samples with its density, or is trained in the other direction, is not. The "
        "log_det also comes as one number for the batch, of shape (1,), where other modules give one for each row.",
        scaling, _sign_is_kept, "the sum of s by hand: 3, and -3 on the way back",
    ),
]  # fmt: skip
