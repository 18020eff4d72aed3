"""Chapter 10, conditional flows: what decides its tasks. layers.py has the layer (4) of the checks' own."""
