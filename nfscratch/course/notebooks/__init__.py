"""Notebooks: handouts in the forms of otter-grader and nbgrader, and their tests, which are the checks of the tasks.

    in_kernel.py     the functions of a notebook that runs, judged
    needed.py        what a function needs, out of the cells that were run
    apart.py         the process that judges it
    cells.py         the cells of a handout: which of them holds which tasks, and cells that check them
    otter.py         a test file for each task
    nbgrader.py      a notebook with nbgrader's cells: one to write in, and one that gives its points, for each task

Both platforms run a notebook's cells and ask for points in one process. The judging is done in another (apart.py),
which gets the text of a task's function and runs it in the sandbox. But the number of points comes back into the
notebook's process, where a student's code can change it. `nfscratch grade` takes the same notebooks, and no code of a
student runs in its process.
"""
