"""Targets: fixed densities, without parameters: toy densities of known entropy, and unnormalised energies."""
