"""Layers as plain NumPy pairs (forward, inverse) for any D. Each is correct, and an option makes one mistake in it."""
