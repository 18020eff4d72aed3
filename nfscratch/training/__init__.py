"""Training: the objective, the optimizer, and the steps between.

objectives/     the losses: nll, elbo, reverse_kl, iwae, flow_matching, score_matching
optimizers.py   Adam on one flat vector, schedules, clipping
batches.py      rows in a new order every epoch
run.py          one step after the other, and the state that a step depends on
record.py       the memory of a run: losses, the best parameters
resume.py       a run that stops anywhere and goes on bit for bit; earlier.py: runs that version 0.1 wrote
drawn.py        how far a generator has drawn between two of its states
ending.py       how a run ended, in named values
budget.py       a budget of time
progress.py     the progress bar
interrupts.py   Ctrl-C without loss
data_rows.py    data for a flow, checked, and in pieces
row_weights.py  weights of rows
held_out.py     the rows that a fit does not train on, and the noise of the others
unreachable.py  rows to which a flow can give no density
deciding_rows.py   rows that decide the scale of a column
discrete.py     columns of recorded values, which need jitter
defaults.py     how long to train on how many rows
divergence.py   which part of a flow is to blame when a run diverges
remedies.py     what to try then, by what flow and data show
advice.py       a warning where training made the held-out rows worse
minimize.py     descent on any loss of a parameter tree
fit.py          maximum likelihood for a flow, or another objective
"""
