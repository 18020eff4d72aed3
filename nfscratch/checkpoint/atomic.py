"""Atomic writes: under its name a file is the old one or the new one, never a part of one.

    temporary in the same folder  ->  fsync  ->  os.replace  ->  fsync of the folder

The new one has the permissions of the old one. A writer that is killed leaves its temporary behind,
`.NAME.HOST.PID.RANDOM.tmp`. The next write of the same file removes those whose writer is dead; the temporary of a
process that runs, or of another host, is left alone.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from nfscratch.excerpt import excerpt

LONGEST = 180  # bytes of a name that fits a temporary's: file systems take 255
_in_use: set[Path] = set()  # this process's own temporaries: its id alone does not tell them from a namesake's


class SpecialFileError(ValueError):
    """What stands at a path is no regular file."""


def check(path: Any, name: str = "path") -> None:
    """Refuse what names no file. A whole number would be taken for a file that is open."""
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"{name} must be the name of a file; got a {type(path).__name__}")
    if "\0" in os.fspath(path):
        raise ValueError(f"{name} must be the name of a file, without NUL in it; got {excerpt(path)}")
    if not os.fspath(path):  # it would stand for the current folder
        raise ValueError(f"{name} must be the name of a file; got ''")


def check_place(path: str | os.PathLike) -> None:
    """Refuse to replace what is no regular file, or may not be written. Links are followed. OSErrors name `path`."""
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        if os.fspath(path).endswith(os.sep):
            raise IsADirectoryError(f"{path}: path must be the name of a file; got a folder") from None
        return
    except OSError as error:
        if error.errno != errno.ELOOP:
            raise
        raise SpecialFileError(f"{path}: path must be the name of a file; got links that lead to themselves") from None
    if not stat.S_ISREG(mode):
        raise SpecialFileError(f"{path}: path must be the name of a file; got a {kind_of_node(mode)}")
    if not mode & 0o222 or not os.access(path, os.W_OK):  # the first of them for an administrator, who may write all
        raise PermissionError(f"{path}: the file must not be read-only; it is")


def kind_of_node(mode: int) -> str:
    """What stands at a path, in a word or three."""
    return "folder" if stat.S_ISDIR(mode) else "pipe" if stat.S_ISFIFO(mode) else "device or socket"


def write(path: str | os.PathLike, pieces: Iterable[bytes | memoryview]) -> None:
    """Write the pieces, one after the other, as the file `path`."""
    check(path)
    check_place(path)
    try:
        _replace(Path(os.path.realpath(path)), pieces)  # a link stays a link
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, os.fspath(path)) from None  # and not that of the temporary


def _replace(path, pieces):
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path}: its folder must exist; there is no {path.parent}")
    sweep(path)
    temporary = path.with_name(f"{_prefix(path)}{os.getpid()}.{os.urandom(4).hex()}.tmp")
    _in_use.add(temporary)
    try:
        _write_through(temporary, pieces)
        with suppress(OSError):  # there is no old one, or the system keeps no such modes
            os.chmod(temporary, stat.S_IMODE(os.stat(path).st_mode))
        os.replace(temporary, path)
    finally:  # after the replacement there is nothing left to remove
        with suppress(OSError):
            temporary.unlink()
        _in_use.discard(temporary)
    _sync_folder(path.parent)


def sweep(path: Path) -> None:
    """Remove what dead writers of `path` have left."""
    for name in os.listdir(path.parent):
        match = re.fullmatch(re.escape(_prefix(path)) + r"(\d{1,10})\.[0-9a-f]{8}\.tmp", name)
        if match and not _is_written(path.with_name(name), int(match[1])):
            with suppress(OSError):  # another sweep was faster
                path.with_name(name).unlink()


def _prefix(path: Path) -> str:
    host = os.uname().nodename if hasattr(os, "uname") else "host"
    host = re.sub(r"[^A-Za-z0-9-]", "-", host)[:32]
    long = len(os.fsencode(path.name)) > LONGEST
    name = hashlib.sha256(os.fsencode(path.name)).hexdigest()[:32] if long else path.name
    return f".{name}.{host}."


def _is_written(temporary: Path, pid: int) -> bool:
    if pid == os.getpid():
        return temporary in _in_use  # else it is a dead namesake's: a container gives the same id every time
    if os.name != "posix":
        return True  # there a signal 0 would end the process that it asks about
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True  # it runs, and belongs to someone else
    return True


def _write_through(temporary: Path, pieces: Iterable[bytes | memoryview]) -> None:
    with open(temporary, "xb") as file:
        for piece in pieces:
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """The new name, too, reaches the disk; where folders cannot be synced, the system does it in its own time."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
