"""The audit of the field: nf.check.audit over every bijection class that other libraries export.

exported.py        the classes, by inspection of the libraries' modules
specimen.py        one class, built small, and what must be declared of it
of_<library>.py    a constructor for each class
worker.py          audits the classes of one library, one after another
run.py             starts a worker, watches its time, and goes on where it was stopped
page.py            the results as benchmarks/AUDIT.md
findings.py        what was found, with a reproducer in the library's own terms and an independent confirmation
"""
