"""Grading: a folder of submissions, each judged in children of its own, with partial credit for every check.

    collect.py       which file of the folder is whose
    graded.py        what came of one submission, as data
    grade.py         all of them: in parallel, going on where an earlier run stopped
    class_report.py  which task was failed by how many, with which mistakes
    autograder.py    a zip for Gradescope: this package, and the two scripts that run there
    formats/         what other platforms read: one file each

One submission that cannot be judged costs that submission its points, and nobody else's.
"""
