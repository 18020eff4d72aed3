"""Sandbox: a student's file runs in a process of its own, and only values come back.

    inside.py    runs in the child: it loads the file and calls its functions. It imports NumPy and no nfscratch.
    outside.py   the child as the parent sees it: it asks, waits, and says why nothing came.
    wire.py      values as bytes, for both sides. What comes in is never executed.
    limits.py    how much time, memory and text a child may use.
    shelves.py   which packages it may import, and which files it may read for that.
    packing.py   the arguments of many calls as one message.
    barriers.py  what of the next two this system has.
    files.py     Linux lets it read those files, and write none.
    kernel.py    what Linux forbids it besides: processes, the network, signals to others.

The files that the child loads (inside, wire, files, kernel) need the standard library and NumPy alone.
"""
