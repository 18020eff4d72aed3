"""Training: what is minimized, by what, step by step.

objectives.py   what a fit minimizes: nll, reverse_kl
optimizers.py   Adam on one flat vector, schedules, clipping
batches.py      rows in a new order every epoch
run.py          one step after the other, and the state that a step depends on
record.py       the memory of a run: losses, the best parameters, why it ended
progress.py     the progress bar, and Ctrl-C
divergence.py   which layer is to blame when a run diverges
minimize.py     descent on any loss of a parameter tree
fit.py          maximum likelihood for a flow
"""
