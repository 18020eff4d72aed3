"""Answers: what the functions of the audit answer on the way to a report, in short, so that a test can compare them.

A report says one name. A look that says "no" for a wrong reason, or a number that is off where nothing depends on it
yet, is not seen in it. So the answers of all functions are recorded, in one number each, for some subjects:

brief.py        an answer in short: what is discrete, word for word, and a size for what is a float
listener.py     hears the answers of all functions of nfscratch/check/ while something runs
subjects.py     what runs: audits of broken and healthy maps, and searches for a repair
programs/       maps in files of their own, with their mistakes or without one, and how each is audited
recorded.py     the record, answers.txt and more_answers.txt, and how it is read and compared; its headings are the
                subjects, which together run most lines for little time
record.py       writes it, keeping only what does not depend on the processor and its rounding

Where the audit is changed on purpose, `python tests/support/answers/record.py` writes the record anew; what changed is
a line of the difference for each function, and ought to be no surprise.
"""
