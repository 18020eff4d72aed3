"""Judging: what a check of a task is written with. It runs in the parent, beside the right answers.

    asked.py      the student's function, as a check sees it: it is called, and values come back
    fault.py      what is wrong, in the words that the student reads
    question.py   an input, its right answer, and the answers that known mistakes would give
    pair.py       a map beside its trusted other direction: the audit of nfscratch.check names what is wrong
    refusal.py    a ValueError that is asked for, where a function has no answer
    shown.py      numbers as a message shows them

A check of a task returns None or a Fault: properties/ has them.
"""
