"""The data folder, NFSCRATCH_DATA: where larger sets lie, and where a download puts them.

    $NFSCRATCH_DATA/mnist/mnist.npz     read, where it is there
    else                                download into $NFSCRATCH_DATA/mnist, or pooch's cache where that is not set
    else                                one line that says what was looked for, and what to do

Every array is compared with its shape, dtype and SHA-256 in registry.py before it is used; an archive is read without
pickle, and no more of it than the arrays should have, whatever its header says.
"""

from __future__ import annotations

import gzip
import os
import zipfile
import zlib
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

import numpy as np

from .registry import ARCHIVES, Archive, Array

VARIABLE = "NFSCRATCH_DATA"


def root() -> Path | None:
    """The folder that NFSCRATCH_DATA names; None where it is not set."""
    named = os.environ.get(VARIABLE)
    return Path(named).expanduser() if named else None


def held() -> list[str]:
    """The sets that the folder has, as an archive or as downloaded files."""
    folder = root()
    return [] if folder is None else [name for name, archive in ARCHIVES.items() if _has(folder, archive)]


def _has(folder: Path, archive: Archive) -> bool:
    path = folder / archive.path
    files = [path.parent / file for file, _ in archive.downloads.values()]
    return path.is_file() or (bool(files) and all(file.is_file() for file in files))


def arrays(name: str) -> dict[str, np.ndarray]:
    """The arrays of the set `name`, checked. FileNotFoundError where there is none; ValueError for a damaged file."""
    archive, folder = ARCHIVES[name], root()
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
                raise _damaged(name, path, f"{key} must be uint8 of shape {expected.shape}; got {dtype}, {shape}")
            return _checked(name, path, key, file, expected)
    except KeyError:
        raise _damaged(name, path, f"it has no array {key}") from None
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        raise _damaged(name, path, _one_line(error)) from error


def _npy_header(file: BinaryIO) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Shape, Fortran order and dtype; a header that says more than arrays of numbers need is no header."""
    try:
        version = np.lib.format.read_magic(file)
        read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[version]
        return read(file)
    except (ValueError, KeyError) as error:
        raise EOFError(f"an array's header cannot be read: {error}") from None


def _from_idx(name: str, path: Path, key: str, expected: Array) -> np.ndarray:
    """The idx format: two zero bytes, type 8 (unsigned byte), the number of axes, their lengths in 4 bytes each."""
    header = bytes([0, 0, 8, len(expected.shape)]) + b"".join(n.to_bytes(4, "big") for n in expected.shape)
    try:
        with gzip.open(path) as file:
            if file.read(len(header)) != header:
                raise _damaged(name, path, f"it does not begin as idx data of shape {expected.shape}")
            return _checked(name, path, key, file, expected)
    except (zlib.error, EOFError, OSError) as error:
        raise _damaged(name, path, _one_line(error)) from error


def _checked(name: str, path: Path, key: str, file: BinaryIO, expected: Array) -> np.ndarray:
    data = file.read(expected.size)
    if len(data) != expected.size or sha256(data).hexdigest() != expected.sha256:
        raise _damaged(name, path, f"{key} is not the published one: its SHA-256 differs")
    return np.frombuffer(data, dtype=np.uint8).reshape(expected.shape)


def _damaged(name: str, path: Path, why: str) -> ValueError:
    return ValueError(f"{name}: {path} is damaged, or another file: {why}")


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:200]}" if text else type(error).__name__


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
        failed = f"the download failed ({_one_line(error)})"
        raise FileNotFoundError(f"{name}: {where}, and {failed}; {remedy}") from error


def _target(name: str, folder: Path | None, archive: Archive) -> Path:
    import pooch

    return Path(pooch.os_cache("nfscratch")) / name if folder is None else (folder / archive.path).parent


def _fetch(mirrors: tuple[str, ...], file: str, digest: str, target: Path) -> Path:
    """The file, from the first mirror that has it; pooch writes it whole or not at all."""
    import pooch

    for k, mirror in enumerate(mirrors):
        try:
            return Path(pooch.retrieve(mirror + file, f"sha256:{digest}", fname=file, path=target))
        except (OSError, ValueError):
            if k + 1 == len(mirrors):
                raise
    raise ValueError(f"there is no mirror for {file}")
