"""Chapter 13, evaluation: what decides its tasks. two_samples.py has the sums over pairs that the checks compare with."""
