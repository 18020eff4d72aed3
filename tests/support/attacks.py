"""Attacks: submissions for task 4.6 that try to earn points without the right answer. None of them may.

Each is a file. `def permute_back(x, order)` is the function that is asked; the right answer undoes the permutation.
"""

WRONG = "def permute_back(x, order):\n    return x[order], 0.0\n"
READ = """
def permute_back(x, order):
    space = {{}}
    exec(open({path!r}).read(), space)
    return space["permute_back"](x, order)
"""


def attacks(solution: str, checks: str) -> dict[str, str]:
    """The files by name. solution: the path of the chapter; checks: the path of a file of the checks."""
    return {
        "ends the process with success": "import os\nos._exit(0)\n" + WRONG,
        "ends it in the function": "import os\ndef permute_back(x, order):\n    os._exit(0)\n",
        "raises SystemExit(0)": "def permute_back(x, order):\n    raise SystemExit(0)\n",
        "ends it by atexit": "import atexit, os\natexit.register(os._exit, 0)\n" + WRONG,
        "closes the wire": "import os\nos.closerange(3, 64)\n" + WRONG,
        "patches numpy's comparisons": (
            "import numpy as np\nyes = lambda *a, **k: True\n"
            "np.allclose = np.isclose = np.array_equal = np.testing.assert_allclose = np.all = yes\n" + WRONG
        ),
        "patches builtins": "import builtins\nbuiltins.all = builtins.any = builtins.abs = lambda *a: True\n" + WRONG,
        "an array that equals everything": """
import numpy as np
class Equal(np.ndarray):
    def __array_function__(self, *a, **k): return True
    def __array_ufunc__(self, *a, **k): return np.array(True)
    def __eq__(self, other): return np.array(True)
    def __le__(self, other): return np.array(True)
def permute_back(x, order):
    return x[order].view(Equal), 0.0
""",
        "an object that equals everything": """
class Equal:
    shape, dtype, size = (3,), float, 3
    def __eq__(self, other): return True
    def __array__(self, *a): raise SystemExit(0)
    def __len__(self): return 3
def permute_back(x, order):
    return Equal(), Equal()
""",
        "a float that equals everything": """
class Equal(float):
    def __eq__(self, other): return True
    def __sub__(self, other): return 0.0
    __rsub__ = __sub__
def permute_back(x, order):
    return [Equal(v) for v in x], Equal(0)
""",
        "not a number": "def permute_back(x, order):\n    return x * float('nan'), float('nan')\n",
        "an empty answer": "def permute_back(x, order):\n    return x[:0], 0.0\n",
        "broadcasts": "def permute_back(x, order):\n    return x[:1], 0.0\n",
        "imports the package": "from nfscratch.course import properties\n" + WRONG,
        "reads the chapter": READ.format(path=solution),
        "puts the package on the path": f"import sys\nsys.path[:0] = [{solution.rsplit('/', 2)[0]!r}]\nimport nfscratch\n" + WRONG,
        "rewrites the checks": f"open({checks!r}, 'w').write('def undoes(asked, rng): return None')\n" + WRONG,
        "rewrites its own tests": "open(__file__.rsplit('/', 1)[0] + '/test_ch04.py', 'w').write('')\n" + WRONG,
        "writes a conftest": "open('conftest.py', 'w').write('def pytest_runtest_call(item): item.obj = int')\n" + WRONG,
        "writes a shadow numpy": "open('numpy.py', 'w').write('allclose = lambda *a: True')\n" + WRONG,
        "looks into the caller's frames": """
import sys, gc
def permute_back(x, order):
    frame = sys._getframe(1)
    while frame is not None:
        for value in [*frame.f_locals.values(), *gc.get_objects()]:
            if isinstance(value, dict) and "answer" in value:
                return value["answer"]
        frame = frame.f_back
    return x[order], 0.0
""",
        "prints a report": (
            "import sys\nprint('3 of 3 points')\nprint('tested: ok', file=sys.stderr)\n"
            "print('{\"score\": 3}')\nsys.__stdout__.write('passes')\n" + WRONG
        ),
        "forges a message on the wire": """
import json, os
def permute_back(x, order):
    value = ["tuple", [["array", ["float64", [0], ""]], ["float", 0.0]]]
    raw = json.dumps({"results": [{"value": value, "changed": []}] * 4}).encode()
    for k in range(3, 64):
        try:
            os.write(k, len(raw).to_bytes(8, "big") + raw)
        except OSError:
            pass
    return x[order], 0.0
""",
        "sends a message that never ends": """
import os
def permute_back(x, order):
    for k in range(3, 64):
        try:
            os.write(k, (2**62).to_bytes(8, "big"))
        except OSError:
            pass
    os._exit(0)
""",
        "nests an answer deeply": "def permute_back(x, order):\n    a = []\n    for _ in range(10**5):\n        a = [a]\n    return a, 0.0\n",
        "a huge whole number": "def permute_back(x, order):\n    return [10**5000] * 3, 10**4000\n",
        "hands back functions": "def permute_back(x, order):\n    return lambda *a: x, lambda *a: 0.0\n",
        "changes the argument to what it returns": "def permute_back(x, order):\n    order[:] = [0, 1, 2, 3, 4][: len(x)]\n    return x, 0.0\n",
        "kills its parent": "import os, signal\nos.kill(os.getppid(), signal.SIGKILL)\n" + WRONG,
        "starts processes without end": "import os\nwhile True:\n    os.fork()\n",
        "never ends": "def permute_back(x, order):\n    while True: pass\n",
        "ignores the end of its time": (
            "import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\ndef permute_back(x, order):\n    while True: pass\n"
        ),
        "eats memory": "def permute_back(x, order):\n    a = []\n    while True: a.append(bytearray(10**8))\n",
        "a class in place of the function": "class permute_back(tuple):\n    def __new__(cls, x, order): return x\n",
        "replaces the child's own code": """
import sys
main = sys.modules["__main__"]
main.Session.call = lambda self, f, packed, watch: {"value": ["bool", True], "changed": []}
""" + WRONG,
        "has the kernel send a signal": """
import fcntl, os, signal
pipe, end = os.pipe()
fcntl.fcntl(pipe, fcntl.F_SETOWN, os.getppid())
fcntl.fcntl(pipe, 10, signal.SIGKILL)
fcntl.fcntl(pipe, fcntl.F_SETFL, os.O_ASYNC)
os.write(end, b"x")
""" + WRONG,
        "takes a file's permissions": """
import os, sys
os.chmod(sys.argv[0], os.stat(sys.argv[0]).st_mode)
""" + WRONG,
        "answers for the parent": """
import sys
main = sys.modules["__main__"]
main.Session.call_all = lambda self, request: {"results": [], "passed": True, "score": 3, "fault": None}
""" + WRONG,
    }  # fmt: skip
