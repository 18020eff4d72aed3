"""python -m benchmarks audit: the audit of the field; hostile: hostile files. The others are scripts."""

import sys

COMMANDS = {"audit": "benchmarks.field.run", "hostile": "benchmarks.hostile"}

if __name__ == "__main__":
    if sys.argv[1:2] == [] or sys.argv[1] not in COMMANDS:
        sys.exit(f"usage: python -m benchmarks {{{','.join(COMMANDS)}}} ...; --help after one of them")
    from importlib import import_module

    sys.exit(import_module(COMMANDS[sys.argv[1]]).main(sys.argv[2:]))
