"""Targets: fixed densities, without parameters: toy densities of known entropy, unnormalised energies, simulators."""
