"""Doctor: what this installation has, what is broken, and what would make it faster. Nothing is sent or fetched.

    ok      as it should be
    --      not there, and not needed
    hint    works; the advice makes it better
    BROKEN  does not work; the advice mends it

`examine` gives one Line per finding. Nothing that it tries leaves anything behind.
"""

from __future__ import annotations

import os
import platform
import re
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Set
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as onp

from nfscratch import __version__, backend

OK, ABSENT, HINT, BROKEN = "ok", "--", "hint", "BROKEN"
PYTHON = (3, 11)
OPTIONAL = ("cupy", "cupy-cuda12x", "cupy-cuda13x")
VARIABLES = ("NFSCRATCH_BACKEND", "NFSCRATCH_DATA", "NFSCRATCH_DTYPE")
AVX512 = {"avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl"}  # what OpenBLAS' SkylakeX kernels are made of
BEFORE_AVX2 = {"prescott", "core2", "penryn", "nehalem", "sandybridge", "barcelona", "bulldozer", "piledriver"}


@dataclass(frozen=True)
class Line:
    """A finding: its mark, what was found, and what to do about it."""

    mark: str
    what: str
    advice: str = ""

    def __str__(self) -> str:
        return f"{self.mark:6}  {self.what}" + (f"  ->  {self.advice}" if self.advice else "")


def examine(figures: Path = Path("figures")) -> list[Line]:
    """Every finding, in the order in which it is printed."""
    return [*versions(), *arrays(), *blas(), figures_folder(figures), *data_folder(), *environment(os.environ)]


def healthy(lines: list[Line]) -> bool:
    return all(line.mark != BROKEN for line in lines)


# --- versions ----------------------------------------------------------------------------------------------------


def versions() -> Iterator[Line]:
    """Python, the package, and what it stands on, each against the range that the package declares."""
    python = Line(OK, f"python {platform.python_version()} on {platform.system()} {platform.machine()}")
    if sys.version_info < PYTHON:
        python = Line(BROKEN, python.what, f"nfscratch needs Python {'.'.join(map(str, PYTHON))} or newer")
    yield python
    yield Line(OK, f"nfscratch {__version__}")
    for name, allowed in requirements().items():
        yield version_line(name, installed(name), allowed)
    for name in OPTIONAL:
        if (version := installed(name)) is not None:
            yield Line(OK, f"{name} {version}")


def requirements() -> dict[str, str]:
    """Name -> range (">=1.9,<1.10") of what the package needs: of a checkout, its pyproject.toml; else as installed."""
    project = Path(__file__).parent.parent / "pyproject.toml"
    if project.is_file():
        import tomllib

        declared = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["dependencies"]
    else:
        declared = metadata.requires("nfscratch") or []
    always = [text.strip() for text in declared if ";" not in text]  # ";": of an extra
    return dict(re.fullmatch(r"([\w.-]+)\s*(.*)", text).groups() for text in always)


def installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def version_line(name: str, version: str | None, allowed: str) -> Line:
    mend = f"pip install '{name}{allowed}'"
    if version is None:
        return Line(BROKEN, f"{name} is not installed", mend)
    if not within(version, allowed):
        return Line(BROKEN, f"{name} {version} is not in {allowed}", mend)
    return Line(OK, f"{name} {version}")


def within(version: str, allowed: str) -> bool:
    """Whether "1.9.1" is in ">=1.9,<1.10": the two comparisons that the package's ranges are made of."""
    number = release(version)
    for part in filter(None, allowed.split(",")):
        sign, bound = re.fullmatch(r"\s*(>=|<)\s*([\d.]+)\s*", part).groups()
        if (number < release(bound)) != (sign == "<"):
            return False
    return True


def release(version: str) -> tuple[int, ...]:
    """ "1.10.2rc1" as (1, 10, 2)."""
    return tuple(int(part) for part in re.match(r"\d+(\.\d+)*", version)[0].split("."))


# --- arrays and BLAS -----------------------------------------------------------------------------------------------


def arrays() -> Iterator[Line]:
    """The backend in use, and whether a CUDA device is there."""
    if not backend.environment_problems():  # else there is a line for each
        name = "numpy" if isinstance(backend.prototype(), onp.ndarray) else "cupy"
        yield Line(OK, f"backend {name}, dtype {backend.default_dtype()}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # CuPy warns where it finds no CUDA; the line below says it
            yield Line(OK, f"CUDA device: {device_name(backend.cupy_prototype())}")
    except Exception as error:
        reason = " ".join(str(error).split())
        yield Line(ABSENT, f"no CUDA device: {reason}")


def device_name(array: Any) -> str:
    properties = sys.modules["cupy"].cuda.runtime.getDeviceProperties(array.device.id)
    return f"{properties['name'].decode()}, {properties['totalGlobalMem'] / 2**30:.0f} GiB"


def blas() -> Iterator[Line]:
    """Each BLAS library in the process: its kernels and its threads."""
    from threadpoolctl import threadpool_info

    libraries = [library for library in threadpool_info() if library["user_api"] == "blas"]
    if not libraries:
        yield Line(ABSENT, "no BLAS library that threadpoolctl knows; its threads cannot be told or limited")
    flags, cores = cpu_flags(), usable_cores()
    for library in libraries:
        yield kernel_line(library, flags, os.environ.get("OPENBLAS_CORETYPE"))
        yield thread_line(library, cores)


def kernel_line(library: Mapping[str, Any], flags: Set[str], coretype: str | None = None) -> Line:
    """OpenBLAS takes an older CPU's kernels for one that it does not know; OPENBLAS_CORETYPE overrules it.

    Not Zen: NumPy's wheels come without those kernels, and OpenBLAS then takes Haswell's.
    """
    kernels = library.get("architecture") or "unknown"
    what = f"BLAS {library['internal_api']} {library['version']}, {kernels} kernels"
    if coretype:
        return Line(OK, f"{what}, OPENBLAS_CORETYPE={coretype}")
    if library["internal_api"] == "openblas":
        if flags >= AVX512 and kernels.lower() in {"haswell", "zen", *BEFORE_AVX2}:
            return Line(HINT, what, "this CPU has AVX-512: try OPENBLAS_CORETYPE=SkylakeX, 1.2 to 1.5 times a step")
        if "avx2" in flags and kernels.lower() in BEFORE_AVX2:
            return Line(HINT, what, "this CPU has AVX2: try OPENBLAS_CORETYPE=Haswell")
    return Line(OK, what)


def thread_line(library: Mapping[str, Any], cores: int) -> Line:
    """More threads than cores wait for each other; for small nets two do already."""
    n, name = library["num_threads"], library["internal_api"]
    what = f"BLAS {name}: {n} thread{'s' * (n != 1)}, {cores} core{'s' * (cores != 1)}"
    variable = {"openblas": "OPENBLAS_NUM_THREADS", "mkl": "MKL_NUM_THREADS"}.get(name, "OMP_NUM_THREADS")
    if n > cores:
        return Line(HINT, what, f"more threads than cores wait for each other: set {variable}={cores}")
    if n > 1:
        return Line(OK, f"{what}; one is steadier for small nets, and fit sees to that itself")
    return Line(OK, what)


def cpu_flags(path: Path = Path("/proc/cpuinfo")) -> set[str]:
    """What the CPU can do, where the system says it (Linux on x86); else nothing, and no advice."""
    try:
        found = re.search(r"^flags\s*:(.*)$", path.read_text(encoding="utf-8", errors="replace"), re.MULTILINE)
    except OSError:
        return set()
    return set(found[1].split()) if found else set()


def usable_cores(quota: Path = Path("/sys/fs/cgroup/cpu.max")) -> int:
    """Cores that this process may use: a container's share, not the whole machine's."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        allowed, period = quota.read_text().split()
        return cores if allowed == "max" else max(1, min(cores, round(int(allowed) / int(period))))
    except (OSError, ValueError):
        return cores


# --- folders and the environment -----------------------------------------------------------------------------------


def figures_folder(folder: Path) -> Line:
    """Write a file there, and take away all that was made for it."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"nfscratch")
        return Line(OK, f"figures can be written to {folder}")
    except OSError as error:
        advice = "run where you may write, or give --figures a folder"
        return Line(BROKEN, f"figures cannot be written to {folder}: {error.strerror or error}", advice)
    finally:
        for path in missing:
            with suppress(OSError):  # it was not made, or another program has put something there meanwhile
                path.rmdir()


def data_folder() -> Iterator[Line]:
    """NFSCRATCH_DATA, and the sets that it holds."""
    from nfscratch.data import folder

    root, names = folder.root(), ", ".join(folder.ARCHIVES)
    if root is None:
        yield Line(ABSENT, f"{folder.VARIABLE} is not set; it names a folder for larger sets ({names})")
    elif root.is_dir():
        yield Line(OK, f"{folder.VARIABLE}={root} holds {', '.join(folder.held()) or f'none of {names}'}")
    elif root.exists():
        yield Line(BROKEN, f"{folder.VARIABLE}={root} is not a folder", "name a folder, or unset it")
    else:
        yield Line(BROKEN, f"{folder.VARIABLE}={root} does not exist", "make it, or correct the name")


def environment(variables: Mapping[str, str]) -> Iterator[Line]:
    """Every NFSCRATCH_ variable that is set; NFSCRATCH_DATA has its own line."""
    problems = backend.environment_problems()
    for name in sorted(variables):
        if name in problems:
            yield Line(BROKEN, problems[name], "correct it, or unset it")
        elif name in VARIABLES:
            if name != "NFSCRATCH_DATA":
                yield Line(OK, f"{name}={variables[name]}")
        elif name.upper().startswith("NFSCRATCH_"):
            endings = [known.removeprefix("NFSCRATCH_") for known in VARIABLES]
            close = get_close_matches(name.upper().removeprefix("NFSCRATCH_"), endings, n=1)
            meant = f"did you mean NFSCRATCH_{close[0]}?" if close else f"there are {', '.join(VARIABLES)}"
            yield Line(HINT, f"{name} is set, and nothing reads it", meant)
