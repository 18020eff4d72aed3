"""Exceptions that the audit swallows, and that its own code made: `python swallowing.py NAME ...`.

NAME is that of a planted mutant or of a stranger's case. Every handler of `Exception` in nfscratch/check/audit.py and
nfscratch/check/diagnosis is given a line that counts what it catches. An exception of the audited functions is no fault
of the audit. Prints {handler: {exception: how often}}.
"""

import ast
import json
import os
import sys
import tempfile
from collections import Counter, defaultdict
from importlib.machinery import SourceFileLoader
from pathlib import Path

CHECK = str(Path(__file__).parents[2] / "nfscratch" / "check") + os.sep
LOOKED_AT = (CHECK + "audit.py", CHECK + "diagnosis" + os.sep)
COUNTED: dict[str, Counter] = defaultdict(Counter)


def count(place, error):
    """One exception that the handler at this place has caught, if the audit's own code made it."""
    at = last_of_somebody(error.__traceback__)
    if at is not None and at.tb_frame.f_code.co_filename.startswith(CHECK):
        where = f"{Path(at.tb_frame.f_code.co_filename).name}:{at.tb_lineno}"
        COUNTED[place][f"{where} {type(error).__name__}: {error}"[:160]] += 1


def last_of_somebody(trace):
    """The innermost frame of code that is neither Python's nor an installed package's."""
    found = None
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        found = found if name.startswith("<") or "site-packages" in name or "/lib/python" in name else trace
        trace = trace.tb_next
    return found


class Counting(ast.NodeTransformer):
    """A call of `count` at the beginning of each handler of `Exception`."""

    def __init__(self, path):
        self.path, self.function = path, "module"

    def visit_FunctionDef(self, node):
        before, self.function = self.function, node.name
        self.generic_visit(node)
        self.function = before
        return node

    def visit_ExceptHandler(self, node):
        self.generic_visit(node)
        if isinstance(node.type, ast.Name) and node.type.id == "Exception":
            node.name = node.name or "swallowed_error"
            place = f"{Path(self.path).name} {self.function}"
            line = f"__import__('sys').modules['__main__'].count({place!r}, {node.name})"
            node.body.insert(0, ast.parse(line).body[0])
        return node


def instrument():
    """From now on the modules of the audit are imported with their handlers counted."""
    compiled = SourceFileLoader.source_to_code

    def source_to_code(self, data, path, *, _optimize=-1):
        if not str(path).startswith(LOOKED_AT):
            return compiled(self, data, path, _optimize=_optimize)
        return compile(ast.fix_missing_locations(Counting(path).visit(ast.parse(data))), path, "exec")

    SourceFileLoader.source_to_code = source_to_code
    sys.pycache_prefix = tempfile.mkdtemp()  # no module that was compiled before
    sys.dont_write_bytecode = True


def main(names):
    instrument()
    sys.path[:0] = [str(Path(__file__).parent), str(Path(CHECK).parents[1])]
    import numpy as onp
    from mutants import MUTANTS
    from mutants.mutant import audit
    from strangers import CASES

    import nfscratch as nf

    strangers = {case.name: case for case in CASES}
    for name in names:
        if name in MUTANTS:
            audit(MUTANTS[name])
        else:
            case, rng = strangers[name], onp.random.default_rng(0)
            nf.check.audit(case.subject(), dims=case.dims, changes=False, show=False, rng=rng, **case.options)
    print(json.dumps(COUNTED), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
