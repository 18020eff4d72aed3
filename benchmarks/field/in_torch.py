"""What constructors for torch's libraries share: tensors of a Draw, modules with moved weights, small networks."""

from __future__ import annotations

from typing import Any

import torch

from benchmarks.field.specimen import Draw


def tensor(a: Any) -> torch.Tensor:
    return torch.as_tensor(a)


def moved(module: Any, draw: Draw) -> Any:
    """The module in the draw's dtype, in evaluation mode, with every trained weight moved by N(0, scale^2 / fan_in)."""
    module = module.to(getattr(torch, draw.dtype)).eval()
    for p in (p for p in module.parameters() if p.requires_grad):
        fan_in = p[0].numel() if p.ndim >= 2 else 1
        p.data += tensor(draw.normal(*p.shape)) / fan_in**0.5
    return module


def network(inputs: int, outputs: int, hidden: int = 8) -> torch.nn.Module:
    return torch.nn.Sequential(torch.nn.Linear(inputs, hidden), torch.nn.Tanh(), torch.nn.Linear(hidden, outputs))
