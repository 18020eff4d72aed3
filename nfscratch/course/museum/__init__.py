"""The museum: published bugs as the smallest code that has them, and a quiz in which a student writes the check.

    works/NAME.py      one right layer or function, with random parameters: layer(rng)
    works/NAME.toml    its bugs, as lines that change, each with its story; and more mutants for the quiz
    asks/              our own checks of what is no map: no letter of nf.check applies there
    seen_by.toml       which check sees which bug, as `python -m nfscratch.course.museum.sight` writes it

    exhibit.py         reads a work and its bugs        workshop.py   makes the right layer, or a broken one
    sight.py           which check sees a bug           placard.py    what `list` and `show` print
    quiz.py            a student's checks, judged       said.py       what the quiz says of them
    doors.py           the commands

A bug is data: the lines that it changes in a work that is right. So nothing stands twice, `show` prints the difference,
and a work that changes cannot leave a bug behind.
"""
