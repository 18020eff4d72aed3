"""Notebooks: handouts in the forms of otter-grader and nbgrader, and their tests, which are the checks of the tasks.

    in_kernel.py     the functions of a notebook that runs, judged where they are
    cells.py         the cells of a handout: which of them holds which tasks, and cells that check them
    otter.py         a test file for each task
    nbgrader.py      a notebook with nbgrader's cells: one to write in, and one that gives its points, for each task

Both platforms run a notebook's cells and the tests in one process. Nothing there keeps a student's code away from the
checks: `nfscratch grade` does, and it takes the same notebooks.
"""
