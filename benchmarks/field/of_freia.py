"""FrEIA: module([x]) gives ([z], log_det), and module([z], rev=True) goes back; a SequenceINN holds one module here."""

from __future__ import annotations

import torch
from FrEIA import modules as M
from FrEIA.framework import SequenceINN
from FrEIA.modules.orthogonal import orth_correction

from benchmarks.field.in_torch import moved, network
from benchmarks.field.specimen import ABSTRACT, SHAPE, Specimen, refuse

DIRECTION = "module([x]) = ([z], log_det), module([z], rev=True) goes back"


def module(name: str, *shape: int, options=None, **named):
    def construct(draw):
        flow = SequenceINN(*(shape or (4,)))
        flow.append(getattr(M, name), **named)
        return Specimen(moved(flow, draw), options or {})

    return construct


def coupling(name: str, **named):
    return module(name, subnet_constructor=network, **named)


IMAGE = (4, 2, 2)
CONDITION = refuse("it is a function of a condition alone")
CONSTRUCTORS = {
    "ActNorm": module("ActNorm"),
    "AffineCouplingOneSided": coupling("AffineCouplingOneSided"),
    "AllInOneBlock": coupling("AllInOneBlock"),
    "Concat": SHAPE,
    "Concat1d": SHAPE,
    "ConcatChannel": SHAPE,
    "ConditionalAffineTransform": CONDITION,
    "Fixed1x1Conv": lambda draw: module("Fixed1x1Conv", *IMAGE, M=_matrix(draw))(draw),
    "FixedLinearTransform": lambda draw: module("FixedLinearTransform", M=_matrix(draw), b=_vector(draw))(draw),
    "Flatten": SHAPE,
    "GINCouplingBlock": coupling("GINCouplingBlock"),
    "GLOWCouplingBlock": coupling("GLOWCouplingBlock"),
    "GaussianMixtureModel": CONDITION,
    "HaarDownsampling": SHAPE,
    "HaarUpsampling": SHAPE,
    "HouseholderPerm": module("HouseholderPerm", n_reflections=2),
    "IResNetLayer": lambda draw: _contracting(module("IResNetLayer", internal_size=8, options={"letters": "SR"})(draw)),
    "IRevNetDownsampling": SHAPE,
    "IRevNetUpsampling": SHAPE,
    "InvAutoAct": module("InvAutoAct", options={"smooth": False}),
    "InvAutoActFixed": module("InvAutoActFixed", options={"smooth": False}),
    "InvAutoActTwoSided": module("InvAutoActTwoSided", options={"smooth": False}),
    "InvAutoConv2D": refuse("documented: its inverse is approximate, enforced by a loss"),
    "InvAutoFC": refuse("documented: its inverse is approximate, enforced by a loss"),
    "InvertibleModule": ABSTRACT,
    "InvertibleSigmoid": module("InvertibleSigmoid", options={"domain": (0, 1)}),
    "LearnedElementwiseScaling": module("LearnedElementwiseScaling"),
    "NICECouplingBlock": coupling("NICECouplingBlock"),
    "OrthogonalTransform": lambda draw: _orthogonal(module("OrthogonalTransform")(draw)),
    "PermuteRandom": module("PermuteRandom", seed=0),
    "RNVPCouplingBlock": coupling("RNVPCouplingBlock"),
    "Reshape": SHAPE,
    "Split": SHAPE,
    "Split1D": SHAPE,
    "SplitChannel": SHAPE,
}


def _contracting(specimen):
    """Its weights are to be brought back after each step of an optimizer. Its log_det is documented to be a random
    estimate: only S and R are asked."""
    specimen.subject.module_list[0].lipschitz_correction()
    return specimen


def _orthogonal(specimen):
    """Its matrix is brought back to an orthogonal one from time to time, by a hook on the gradient; here at once."""
    orth_correction(specimen.subject.module_list[0].weights.data)
    return specimen


def _matrix(draw):
    return torch.as_tensor(draw.normal(4, 4) / 2) + torch.eye(4, dtype=getattr(torch, draw.dtype))


def _vector(draw):
    return torch.as_tensor(draw.normal(4))
