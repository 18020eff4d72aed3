"""How far a generator has drawn between two of its states, where that can be told: of the PCG family, which is NumPy's.

    s' = a s + c  (mod 2^128)        one draw; the lowest bit of s has the period 2, the k lowest 2^k

So the number of draws from one state to another follows bit by bit, in 128 steps (O'Neill 2014, pcg-random.org,
section 4.3.1). Two states that do not belong to one run are a random number of draws apart, some 2^127; a run draws
fewer than 2^64.
"""

from __future__ import annotations

from typing import Any

FACTORS = {"PCG64": 0x2360ED051FC65DA44385DF649FCCF645, "PCG64DXSM": 0xDA942042E4DD58B5}  # NumPy's a
BITS, MOST = 128, 2**64  # of a state; draws that a run may need


def comes_to(first: Any, last: Any) -> bool:
    """Whether a generator can have come from the state `first` to `last`; True where it is not known.

    It may have been set back, too, as by a loss that asks for the same noise at every step.
    """
    a = FACTORS.get(first["bit_generator"])
    if a is None:
        return True
    draws = _draws(first["state"]["state"], last["state"]["state"], a, first["state"]["inc"])
    return min(draws, 2**BITS - draws) < MOST


def _draws(s, last, a, c):
    modulus, draws = 2**BITS, 0
    for k in range(BITS):
        if (s ^ last) >> k & 1:
            s, draws = (a * s + c) % modulus, draws | 1 << k
        a, c = a * a % modulus, (a + 1) * c % modulus
    return draws
