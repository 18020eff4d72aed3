"""Chapter 02, linear flows: what decides its tasks. factors.py has the matrices that the checks compare with."""
