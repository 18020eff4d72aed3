"""The package in a Python of 32 bits: laws of a dozen bijections, and numbers that must be those of this Python.

    python tests/browser/check_32bit.py pyodide/

It needs Pyodide's distribution, unpacked, and Node, in which that Python (WebAssembly, as in a browser) runs. It exits
with 1 where a law does not hold, or a number is another one there.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / "support"), str(TESTS.parent)]

import on_32bits  # noqa: E402

from nfscratch.book import wheels  # noqa: E402

RELATIVE = 1e-6  # another BLAS, and 40 steps of training
SCRIPT = """
const fs = require("fs"), path = require("path");
const [pyodide, wheels, tests] = process.argv.slice(1).map((folder) => path.resolve(folder) + "/");
const asked = `
import json, sys
sys.path[:0] = ["/tests/support", "/tests/browser"]
import on_32bits
json.dumps({"bits": sys.maxsize.bit_length() + 1, "laws": on_32bits.laws(), "numbers": on_32bits.numbers()})
`;
(async () => {
  const python = await require(pyodide + "pyodide.js").loadPyodide({ indexURL: pyodide });
  await python.loadPackage(["numpy", "scipy", "threadpoolctl"], { messageCallback: () => {} });
  const read = (name) => new Uint8Array(fs.readFileSync(wheels + name));
  for (const name of fs.readdirSync(wheels)) python.unpackArchive(read(name), "wheel");
  python.FS.mkdir("/tests");
  python.FS.mount(python.FS.filesystems.NODEFS, { root: tests }, "/tests");
  console.log(python.runPython(asked));
})().catch((error) => { console.error(error.message); process.exit(1); });
"""


def main() -> int:
    parser = argparse.ArgumentParser(description="Check the package in a Python of 32 bits.")
    parser.add_argument("pyodide", type=Path, help="a folder with Pyodide's distribution")
    there, here = _there(parser.parse_args().pyodide), on_32bits.numbers()
    faults = [f"{name}: {value} here, {there['numbers'][name]} there" for name, value in here.items()
              if not _equal(value, there["numbers"][name])]  # fmt: skip
    print(*faults, sep="\n", end="\n" if faults else "")
    print(f"{there['bits']} bits: {there['laws']} looks at laws, {len(here)} numbers, {len(faults)} differ")
    return bool(faults) or there["bits"] != 32


def _there(pyodide: Path) -> dict:
    """What that Python says."""
    node = shutil.which("node")
    if node is None:
        sys.exit("check_32bit.py needs Node: the command node")
    with tempfile.TemporaryDirectory() as folder:
        wheels.packed(Path(folder))
        ran = subprocess.run(
            [node, "-e", SCRIPT, str(pyodide), folder, str(TESTS)], stdout=subprocess.PIPE, text=True, check=False
        )
    if ran.returncode:
        sys.exit("Python of 32 bits: see above")
    return json.loads(ran.stdout.splitlines()[-1])


def _equal(a: float | str, b: float | str) -> bool:
    return a == b if isinstance(a, str) else math.isclose(a, b, rel_tol=RELATIVE)


if __name__ == "__main__":
    sys.exit(main())
