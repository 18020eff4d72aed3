"""Training: the objective, the optimizer, and the steps between.

objectives.py   the losses: nll, reverse_kl
optimizers.py   Adam on one flat vector, schedules, clipping
batches.py      rows in a new order every epoch
run.py          one step after the other, and the state that a step depends on
record.py       the memory of a run: losses, the best parameters
ending.py       how a run ended, in named values
progress.py     the progress bar, and Ctrl-C
divergence.py   which part of a flow is to blame when a run diverges
data_rows.py         data for a flow, checked, and in pieces
held_out.py     the rows that a fit does not train on, and the noise of the others
minimize.py     descent on any loss of a parameter tree
fit.py          maximum likelihood for a flow
"""
