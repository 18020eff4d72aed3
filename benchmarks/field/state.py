"""State: which audit a row comes from. A page whose rows come from several says so."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

CHECK = Path(__file__).resolve().parents[2] / "nfscratch" / "check"
NAMING = ("diagnosis", "repair")  # they say which mistake it is, and not whether there is one


def state(folder: Path = CHECK) -> str:
    """A hash of the code that judges: of the names and the bytes of its files."""
    code = sha256()
    for path in sorted(folder.rglob("*.py")):
        name = path.relative_to(folder)
        if name.parts[0] not in NAMING:
            code.update(f"{name.as_posix()}\0".encode() + path.read_bytes() + b"\0")
    return code.hexdigest()[:12]
