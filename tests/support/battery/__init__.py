"""The battery: promises that every part keeps, at sizes, weights and points that Hypothesis chooses.

networks.py       networks, velocities, solvers and conditionals, which stand inside of other parts
transformers.py   transformers
layers.py         bijections
densities.py      distributions and recipes
points.py         places: knots, ends of boxes, 0, subnormal and huge numbers
example.py        one configuration, and the code that makes it again
wider.py          the same in more digits: float64 for float32, long double for float64
look.py           one direction of an example in one dtype: values, and what rounding may cost them
slopes.py         derivatives by differences
held_steps.py     the steps of an adaptive solver, held while its gradient is judged
promises.py       what must hold, by name
search.py         Hypothesis looks for an example that breaks a promise, and makes it small

Every part of the registry has a strategy here, or a test says which one has none.
"""
