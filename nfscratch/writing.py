"""Writing: an error names the file that could not be written. The system itself names one that cannot be opened, and
none where the disk is full.

    with writing(path):
        path.write_text(text)
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nfscratch.checkpoint import atomic


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """An OSError inside that names no file gets the name of this one. A pipe or a device is refused: it may wait."""
    atomic.check_place(path)
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(path)
        raise
