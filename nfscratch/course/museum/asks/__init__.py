"""Asks: our own checks of the works that are no maps, written as the quiz wants a student's: (layer, rng) -> bool."""
