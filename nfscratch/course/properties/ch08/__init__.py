"""Chapter 08, residual flows: what decides its tasks. residual_maps.py has the maps that the checks compare with."""
