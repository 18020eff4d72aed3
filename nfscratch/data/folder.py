"""The data folder, NFSCRATCH_DATA: where larger sets lie, and where a download puts them.

    $NFSCRATCH_DATA/mnist/mnist.npz     read, where it is there
    else                                download into $NFSCRATCH_DATA/mnist, or pooch's cache where that is not set
    else                                one line that says what was looked for, and what to do

A folder that NFSCRATCH_DATA names must be there: a misspelled one is an error, and is not made. Below it, and in
pooch's cache, folders are made as they are needed.

Every array is compared with its shape, dtype and SHA-256 in registry.py before it is used; an archive is read without
pickle, and no more of it than the arrays should have, whatever its header says.
"""

from __future__ import annotations

import gzip
import os
import zipfile
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

import numpy as np

from nfscratch.data.registry import ARCHIVES, Archive, Array

VARIABLE = "NFSCRATCH_DATA"


def root() -> Path | None:
    """The folder that NFSCRATCH_DATA names; None where it is not set."""
    named = os.environ.get(VARIABLE)
    return Path(named).expanduser() if named else None


def held() -> list[str]:
    """The sets that the folder has, as an archive or as downloaded files."""
    return [name for name in ARCHIVES if files_of(name)]


def files_of(name: str) -> list[Path]:
    """The files of a set that the folder has: its archive, or all that are downloaded, or none."""
    folder, archive = root(), ARCHIVES[name]
    if folder is None:
        return []
    path = folder / archive.path
    files = [path] if path.is_file() else [path.parent / file for file, _ in archive.downloads.values()]
    return files if all(file.is_file() for file in files) else []


def arrays(name: str) -> dict[str, np.ndarray]:
    """The arrays of the set `name`, checked. FileNotFoundError where there is none; ValueError for a damaged file."""
    archive, folder = ARCHIVES[name], root()
    if folder is not None and not folder.is_dir():
        wrong = "is not a folder" if folder.exists() else "does not exist"
        raise FileNotFoundError(
            f"{name}: {VARIABLE} must name a folder; {folder} {wrong}: make it, or correct the name"
        )
    if folder is not None and (folder / archive.path).is_file():
        return {key: _from_npz(name, folder / archive.path, key, array) for key, array in archive.arrays.items()}
    files = _downloaded(name, archive, folder)
    return {key: _from_idx(name, files[key], key, array) for key, array in archive.arrays.items()}


# --- reading -----------------------------------------------------------------------------------------------------


def _from_npz(name: str, path: Path, key: str, expected: Array) -> np.ndarray:
    try:
        with zipfile.ZipFile(path) as archive, archive.open(f"{key}.npy") as file:
            shape, fortran, dtype = _npy_header(file)
            if (shape, dtype) != (expected.shape, np.dtype(np.uint8)) or fortran:
                raise _Damaged(f"{key} must be uint8 of shape {expected.shape}; got {dtype}, {shape}")
            return _checked(key, file, expected)
    except Exception as error:  # zipfile, zlib and NumPy have a dozen for a damaged file
        raise _damaged(name, path, error) from error


def _npy_header(file: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Shape, Fortran order, dtype. Version 1.0 alone: it is all that uint8 needs, and is never longer than 64 KiB."""
    if np.lib.format.read_magic(file) != (1, 0):
        raise _Damaged("an array's header is of a version that arrays of numbers do not need")
    return np.lib.format.read_array_header_1_0(file)


def _from_idx(name: str, path: Path, key: str, expected: Array) -> np.ndarray:
    """The idx format: two zero bytes, type 8 (unsigned byte), the number of axes, their lengths in 4 bytes each."""
    header = bytes([0, 0, 8, len(expected.shape)]) + b"".join(n.to_bytes(4, "big") for n in expected.shape)
    try:
        with gzip.open(path) as file:
            if file.read(len(header)) != header:
                raise _Damaged(f"it does not begin as idx data of shape {expected.shape}")
            return _checked(key, file, expected)
    except Exception as error:
        raise _damaged(name, path, error) from error


def _checked(key: str, file: BinaryIO, expected: Array) -> np.ndarray:
    data = file.read(expected.size)
    if sha256(data).hexdigest() != expected.sha256:
        raise _Damaged(f"{key} is not the published one, its SHA-256 differs")
    return np.frombuffer(data, dtype=np.uint8).reshape(expected.shape)


class _Damaged(Exception):
    """What is wrong with a file, in words."""


def _damaged(name: str, path: Path, error: Exception) -> ValueError:
    why = str(error) if isinstance(error, _Damaged) else _one_line(error)
    return ValueError(f"{name}: {path} is damaged, or another file: {why}")


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split())[:120]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


# --- downloading -------------------------------------------------------------------------------------------------


def _downloaded(name: str, archive: Archive, folder: Path | None) -> dict[str, Path]:
    """Array -> file, fetched where it is not there yet."""
    where = f"{VARIABLE} is not set" if folder is None else f"there is no {folder / archive.path}"
    remedy = f"set {VARIABLE} to a folder that holds {archive.path} {archive.obtain}"
    if not archive.downloads:
        raise FileNotFoundError(f"{name}: {where}, and this set is not downloaded; {remedy}")
    try:
        target = _target(name, folder, archive)
        return {key: _fetch(archive.mirrors, *file, target) for key, file in archive.downloads.items()}
    except (OSError, ValueError) as error:  # requests' errors are OSErrors; a wrong checksum is pooch's ValueError
        reason = _reason(error, archive.mirrors)
        raise FileNotFoundError(f"{name}: {where}, and the download failed ({reason}); {remedy}") from error


def _reason(error: Exception, mirrors: tuple[str, ...]) -> str:
    """A connection's own message is a page long: its name and where it went say enough."""
    if isinstance(error, OSError) and error.strerror is None:
        return f"{type(error).__name__}; tried {', '.join(mirrors)}"
    return _one_line(error)


def _target(name: str, folder: Path | None, archive: Archive) -> Path:
    import pooch

    return Path(pooch.os_cache("nfscratch")) / name if folder is None else (folder / archive.path).parent


def _fetch(mirrors: tuple[str, ...], file: str, digest: str, target: Path) -> Path:
    """The file, from the first mirror that has it; pooch writes it whole or not at all."""
    import pooch

    pooch.get_logger().setLevel("WARNING")
    for k, mirror in enumerate(mirrors):
        try:
            return Path(pooch.retrieve(mirror + file, f"sha256:{digest}", fname=file, path=target))
        except (OSError, ValueError):
            if k + 1 == len(mirrors):
                raise
    raise ValueError(f"there is no mirror for {file}")
