"""Hostile checkpoints, made and judged.

originals.py   the files that they are made from: flows of every registered part, and runs stopped on their way
damaged.py     what disks, transfers and people do to a file: its seal is broken
forging.py     a file taken apart, changed in one place and honestly sealed again
forged.py      what a forger writes: any field, any tensor, any entry of a header replaced
verdict.py     how a file ends: refused, harmless, another flow or run that is what it says, or a fault
trial.py       a file in a child process with limits on time and memory
"""
