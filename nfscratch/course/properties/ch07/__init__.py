"""Chapter 07, neural monotone maps: what decides its tasks. many_digits.py has the maps that the checks compare with."""
