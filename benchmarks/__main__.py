"""python -m benchmarks audit: the audit of the field; battery: promises of the package's parts; hostile: hostile files;
mutation: mistakes planted in the package; rows: log_prob at any finite rows.

The other benchmarks are scripts: python benchmarks/wine.py
"""

import sys
from importlib import import_module

COMMANDS = {
    "audit": "benchmarks.field.run",
    "battery": "benchmarks.battery",
    "hostile": "benchmarks.hostile",
    "mutation": "benchmarks.mutation.run",
    "rows": "benchmarks.any_rows",
}

if __name__ == "__main__":
    if not sys.argv[1:] or sys.argv[1] not in COMMANDS:
        sys.exit(f"usage: python -m benchmarks {'|'.join(COMMANDS)} ...; --help after one of these says more")
    sys.exit(import_module(COMMANDS[sys.argv[1]]).main(sys.argv[2:]))
