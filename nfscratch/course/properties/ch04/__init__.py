"""Chapter 04, coupling layers: what decides its tasks. layers.py has the layers that the checks compare with."""
