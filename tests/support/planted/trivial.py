"""Trivial: bodies that do no work: an argument, a constant, a refusal, and constants in the shape of the right answer.

PLAIN are bodies of a file of their own. SHAPED stand below the chapter, whose function tells them the shape: a part of
its answer is filled with a number, or with an argument of that shape. They say nothing where an argument is a function,
because the chapter's function would then do the work that is counted: there each of them is a refusal.
"""

PLAIN = {
    "the first argument": "return args[0]",
    "the last argument": "return args[-1]",
    "0": "return 0.0",
    "NaN": "return float('nan')",
    "no element": "return []",
    "the identity": "return args[0], 0.0",
    "zeros": "return np.zeros_like(args[0])",
    "ones": "return np.ones_like(args[0])",
    "zeros, and 0": "return np.zeros_like(args[0]), 0.0",
    "a refusal": "raise ValueError('no')",
    "a function": "return lambda x, *others: x",
}
SHAPED = {
    "right shapes, 0": "like(answer, lambda a: np.zeros(np.shape(a), np.asarray(a).dtype))",
    "right shapes, 2": "like(answer, lambda a: np.full(np.shape(a), 2, np.asarray(a).dtype))",
    "right shapes, the first argument": "like(answer, lambda a: of_shape(a, args))",
    "right shapes, the second argument": "like(answer, lambda a: of_shape(a, args[1:]))",
}

BELOW = '''

def like(answer, made):
    """Every part of an answer made anew; sentences become one sentence."""
    if isinstance(answer, (tuple, list)):
        return type(answer)([like(part, made) for part in answer])
    if isinstance(answer, str):
        return "undecided"
    if isinstance(answer, dict):
        return {key: like(part, made) for key, part in answer.items()}
    if callable(answer):
        return lambda *args: like(answer(*args), made)
    return made(answer) if np.ndim(answer) else type(answer)(made(answer))


def of_shape(part, args):
    """The first argument that has the shape of this part, or zeros. A number is no argument: it is 0."""
    same = [a for a in args if isinstance(a, np.ndarray) and a.shape == np.shape(part)] if np.ndim(part) else []
    return same[0].copy() if same else np.zeros(np.shape(part), np.asarray(part).dtype)


of_the_chapter = {function}


def {function}(*args, **named):
    if any(map(callable, args)):
        raise ValueError("no")
    answer = of_the_chapter(*args, **named)
    return {body}
'''


def files(text, function):
    """What each of them is called, and the whole file. text: of the chapter."""
    for name, body in PLAIN.items():
        yield name, f"import numpy as np\n\ndef {function}(*args, **named):\n    {body}\n"
    for name, body in SHAPED.items():
        yield name, text + BELOW.replace("{function}", function).replace("{body}", body)
