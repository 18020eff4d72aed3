"""Chapter 03, planar, radial and Sylvester flows: what decides its tasks. curved.py has the maps that x comes from."""
