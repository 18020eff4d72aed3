"""What computes: the backend in use, a CUDA device, and each BLAS library with its kernels and its threads."""

from __future__ import annotations

import os
import re
import sys
import warnings
from collections.abc import Iterator, Mapping, Set
from pathlib import Path
from typing import Any

import numpy as onp

from nfscratch import backend
from nfscratch.doctor.line import ABSENT, HINT, OK, Line

AVX512 = {"avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl"}  # what OpenBLAS' SkylakeX kernels are made of
BEFORE_AVX2 = {"prescott", "core2", "penryn", "nehalem", "sandybridge", "barcelona", "bulldozer", "piledriver"}


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
