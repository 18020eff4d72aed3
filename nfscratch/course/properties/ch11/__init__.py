"""Chapter 11, variational inference: what decides its tasks. normals.py has densities and means of the checks' own."""
