"""Chapter 09, continuous flows: what decides its tasks. moving.py has the curves, fields and solvers of the checks' own."""
