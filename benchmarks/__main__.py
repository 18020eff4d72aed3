"""python -m benchmarks audit: the audit of the field. The other benchmarks are scripts: python benchmarks/wine.py"""

import sys

from benchmarks.field.run import main

if __name__ == "__main__":
    if sys.argv[1:2] != ["audit"]:
        sys.exit("usage: python -m benchmarks audit [--only LIBRARY] [--out FOLDER] [--page] [--confirm]; --help")
    sys.exit(main(sys.argv[2:]))
