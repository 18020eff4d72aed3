"""The course: a chapter's plain functions as tasks, from the handout to the self-check. README.md here has the how-to.

What is data, and what is code:

    tasks/chNN.toml                 a chapter's tasks: what is to be written, hints, points, and the names of the checks
    properties/chNN/function.py     the checks of one task: fresh inputs, right answers, and known mistakes by name
    everything else                 is written once, for all chapters

    task.py         reads and validates a task file           variant.py     other names and constants, by a number
    renaming.py     a function under another name
    blanks.py       bodies out, stubs in                      handout.py     the folder that students get (pages.py)
    homework.py     a student's folder                        submission.py  a script or a notebook as text
    selfcheck.py    a submission judged, task by task         summary.py     what is said of it
    checking.py     the command, and --watch                  reset.py       one stub back in its place
    judging/        what checks are written with              sandbox/       the child that runs a student's file
    pytest_tasks.py the self-check under pytest               commands.py    the command line
    museum/         published bugs, and a quiz on checks      one_line.py    how a command says a user's mistake
    notebooks/      handouts for otter-grader and nbgrader    in_page.py     a task in a page of the web edition

Two processes. The parent draws the inputs, keeps the right answers, and judges. The child loads the student's file and
calls its functions; it can import NumPy, autograd and SciPy, and no nfscratch. Between them go values alone (numbers,
arrays, lists, text), so nothing that a student sends is executed in the parent, and neither what a file prints nor how
its process ends can earn a point: only values can, and an answer that does not come is a fault. An argument that is a
function stays in the parent, and the child asks for its values.

Each task gets a child of its own, with bounds on its time, memory and output (sandbox/limits.py). On Linux it can start
no process and use no network (sandbox/kernel.py), read no file but Python's and NumPy's, and write none
(sandbox/files.py). What that does not keep out, README.md says.
"""
