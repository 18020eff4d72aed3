"""Chapter 06, splines: what decides its tasks. pieces.py has the curve that the checks compare with."""
