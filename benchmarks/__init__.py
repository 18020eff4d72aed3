"""A package for `python -m benchmarks audit`; the files in it are scripts that run by themselves."""
