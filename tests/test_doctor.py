"""The doctor: what it finds, what it advises, when it calls something broken, and that it leaves nothing behind."""

import os
import subprocess
import sys
from functools import partialmethod
from pathlib import Path

import pytest
from share import few

from nfscratch.doctor import ABSENT, BROKEN, HINT, OK, computing, packages, surroundings

AVX2 = {"sse2", "avx2", "fma"}
AVX512 = AVX2 | computing.AVX512


def library(**changes):
    openblas = {"user_api": "blas", "internal_api": "openblas", "version": "0.3.31"}
    return {**openblas, "architecture": "Haswell", "num_threads": 1, **changes}


# --- versions ---


@pytest.mark.parametrize(
    ("version", "allowed", "answer"),
    [
        ("1.9.1", ">=1.9,<1.10", True),
        ("1.9", ">=1.9,<1.10", True),
        ("1.10", ">=1.9,<1.10", False),
        ("1.10.0", "<1.10,>=1.9", False),
        ("1.8.9", ">=1.9,<1.10", False),
        ("2.4.6", ">=2.0", True),
        ("2.0.0rc1", ">=2.0", True),
        ("14.2.0+cuda", ">=13.6", True),
        ("0.1", "", True),
    ],
)
def test_a_version_is_compared_number_by_number(version, allowed, answer):
    assert packages.within(version, allowed) is answer


def test_what_the_package_needs_is_listed_and_is_in_its_range():
    needed = packages.requirements()
    assert {"numpy", "autograd", "scipy", "matplotlib", "scikit-learn", "rich"} <= set(needed)
    assert needed["autograd"] == ">=1.9,<1.10"
    lines = {line.what.split()[0]: line for line in packages.versions()}
    assert set(lines) >= {*needed, "python", "nfscratch"}
    assert all(line.mark == OK for line in lines.values())


def test_an_installed_package_reads_its_own_metadata(tmp_path, monkeypatch):
    monkeypatch.setattr(packages, "CHECKOUT", tmp_path)
    monkeypatch.setattr(
        packages.metadata, "requires", lambda name: ["numpy>=2.0", "autograd<1.10,>=1.9", 'pytest>=8; extra == "test"']
    )
    assert packages.requirements() == {"numpy": ">=2.0", "autograd": "<1.10,>=1.9"}


def test_a_version_out_of_range_or_missing_is_broken():
    old = packages.version_line("autograd", "1.8.0", ">=1.9,<1.10")
    assert (old.mark, old.what) == (BROKEN, "autograd 1.8.0 is not in >=1.9,<1.10")
    assert old.advice == "pip install 'autograd>=1.9,<1.10'"
    missing = packages.version_line("rich", None, ">=13.7")
    assert (missing.mark, missing.what) == (BROKEN, "rich is not installed")
    assert packages.installed("no-such-distribution") is None


def test_an_older_python_is_broken(monkeypatch):
    monkeypatch.setattr(packages, "PYTHON", (99, 1))
    assert next(iter(packages.versions())).mark == BROKEN


# --- arrays and BLAS ---


def test_the_backend_in_use_and_the_reason_for_no_device(monkeypatch):
    def missing():
        raise RuntimeError("the cupy backend needs an NVIDIA GPU;\n CUDA sees none")

    monkeypatch.setattr(computing.backend, "cupy_prototype", missing)
    used, device = computing.arrays()
    assert (used.mark, used.what) == (OK, f"backend numpy, dtype {computing.backend.default_dtype()}")
    assert (device.mark, device.what) == (
        ABSENT,
        "no CUDA device: the cupy backend needs an NVIDIA GPU; CUDA sees none",
    )


@pytest.mark.parametrize(
    ("architecture", "flags", "advice"),
    [
        ("Haswell", AVX512, "OPENBLAS_CORETYPE=SkylakeX"),
        ("Zen", AVX512, "OPENBLAS_CORETYPE=SkylakeX"),
        ("Haswell", AVX512 - {"avx512vl"}, ""),  # SkylakeX kernels would stop at an illegal instruction
        ("Haswell", AVX2, ""),
        ("SkylakeX", AVX512, ""),
        ("Cooperlake", AVX512, ""),
        ("Nehalem", AVX2, "OPENBLAS_CORETYPE=Haswell"),
        ("Nehalem", {"sse2"}, ""),
        ("Haswell", set(), ""),
        (None, AVX512, ""),
    ],
)
def test_kernels_that_are_older_than_the_cpu(architecture, flags, advice):
    line = computing.kernel_line(library(architecture=architecture), flags)
    assert line.mark == (HINT if advice else OK)
    assert advice in line.advice and bool(line.advice) == bool(advice)
    assert (architecture or "unknown") in line.what


def test_kernels_that_somebody_has_chosen_are_left_alone():
    line = computing.kernel_line(library(), AVX512, "Haswell")
    assert (line.mark, line.advice) == (OK, "") and line.what.endswith("OPENBLAS_CORETYPE=Haswell")
    assert computing.kernel_line(library(internal_api="mkl"), AVX512).mark == OK


@pytest.mark.parametrize(
    ("threads", "cores", "api", "mark", "text"),
    [
        (1, 2, "openblas", OK, "1 thread, 2 cores"),
        (2, 2, "openblas", OK, "fit sees to that itself"),
        (8, 2, "openblas", HINT, "set OPENBLAS_NUM_THREADS=2"),
        (8, 1, "mkl", HINT, "set MKL_NUM_THREADS=1"),
        (8, 4, "blis", HINT, "set OMP_NUM_THREADS=4"),
    ],
)
def test_threads_and_cores(threads, cores, api, mark, text):
    line = computing.thread_line(library(num_threads=threads, internal_api=api), cores)
    assert line.mark == mark and text in str(line)


def test_the_blas_of_this_process_is_found_or_said_not_to_be(monkeypatch):
    import threadpoolctl

    assert all(line.mark in (OK, HINT) and line.what.startswith("BLAS") for line in computing.blas())
    monkeypatch.setattr(threadpoolctl, "threadpool_info", lambda: [{"user_api": "openmp"}])
    (line,) = computing.blas()
    assert line.mark == ABSENT and "no BLAS library" in line.what


def test_cpu_flags_and_cores_come_from_where_the_system_keeps_them(tmp_path):
    (tmp_path / "cpuinfo").write_text("processor\t: 0\nflags\t\t: fpu avx2 fma\nbugs\t: none\n")
    assert computing.cpu_flags(tmp_path / "cpuinfo") == {"fpu", "avx2", "fma"}
    assert computing.cpu_flags(tmp_path / "none") == set()
    (tmp_path / "max").write_text("max 100000\n")
    (tmp_path / "one").write_text("100000 100000\n")
    (tmp_path / "half").write_text("50000 100000\n")
    (tmp_path / "odd").write_text("?")
    every = computing.usable_cores(tmp_path / "none")
    assert every >= 1 and computing.usable_cores(tmp_path / "max") == every == computing.usable_cores(tmp_path / "odd")
    assert computing.usable_cores(tmp_path / "one") == computing.usable_cores(tmp_path / "half") == 1


# --- folders and the environment ---


def everything_below(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_trying_to_write_figures_leaves_nothing_behind(tmp_path, monkeypatch):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "ch04.png").write_bytes(b"drawn")
    before = everything_below(tmp_path)
    monkeypatch.chdir(tmp_path)
    for folder in (tmp_path / "there", tmp_path / "new" / "deep", surroundings.Path("figures"), surroundings.Path(".")):
        line = surroundings.figures_folder(folder)
        assert (line.mark, line.what) == (OK, f"figures can be written to {folder}")
        assert everything_below(tmp_path) == before


def test_figures_that_cannot_be_written_are_broken(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "figures"):
        line = surroundings.figures_folder(folder)
        assert line.mark == BROKEN and str(folder) in line.what and "--figures" in line.advice
    monkeypatch.setattr(surroundings.tempfile, "TemporaryFile", refuse)
    assert surroundings.figures_folder(tmp_path / "a" / "b").what.endswith("Permission denied")
    assert everything_below(tmp_path) == ["file"]


def refuse(**_):
    raise PermissionError(13, "Permission denied")


def test_the_data_folder_and_what_it_holds(tmp_path, monkeypatch):
    monkeypatch.delenv("NFSCRATCH_DATA", raising=False)
    (line,) = surroundings.data_folder()
    assert line.mark == ABSENT and "mnist, freyfaces" in line.what
    monkeypatch.setenv("NFSCRATCH_DATA", str(tmp_path))
    (line,) = surroundings.data_folder()
    assert line.mark == OK and "holds none of mnist, freyfaces" in line.what
    (tmp_path / "mnist").mkdir()
    (tmp_path / "mnist" / "mnist.npz").write_bytes(b"")
    (line,) = surroundings.data_folder()
    assert line.what.endswith("holds mnist")
    monkeypatch.setenv("NFSCRATCH_DATA", str(tmp_path / "none"))
    assert next(surroundings.data_folder()).mark == BROKEN  # `load` refuses it
    monkeypatch.setenv("NFSCRATCH_DATA", str(tmp_path / "mnist" / "mnist.npz"))
    assert next(surroundings.data_folder()).mark == BROKEN


def denied(*names):
    """Path's own method, that may not look at what has these names."""

    def looked(path, *arguments, of=None, **options):
        if path.name in names:
            raise PermissionError(13, "Permission denied", str(path))
        return of(path, *arguments, **options)

    return looked


@pytest.mark.parametrize("method", ["is_file", "open"])
def test_a_set_that_cannot_be_read_is_a_line_beside_the_others(method, tmp_path, monkeypatch):
    for file in ("mnist/mnist.npz", "freyfaces/freyfaces.npz"):
        (tmp_path / file).parent.mkdir()
        (tmp_path / file).touch()
    monkeypatch.setenv("NFSCRATCH_DATA", str(tmp_path))
    monkeypatch.setattr(Path, method, partialmethod(denied("mnist.npz"), of=getattr(Path, method)))
    holds, broken = surroundings.data_folder()
    assert (holds.mark, holds.what) == (OK, f"NFSCRATCH_DATA={tmp_path} holds freyfaces")
    said = f"mnist: {tmp_path}/mnist/mnist.npz cannot be used: Permission denied"
    assert (broken.mark, broken.what, broken.advice) == (BROKEN, said, surroundings.READ)


def test_folders_that_may_not_be_looked_into_are_lines(tmp_path, monkeypatch):
    monkeypatch.setenv("NFSCRATCH_DATA", str(tmp_path))
    for method in ("is_dir", "exists", "mkdir"):
        monkeypatch.setattr(Path, method, partialmethod(denied(tmp_path.name), of=getattr(Path, method)))
    (line,) = surroundings.data_folder()
    said = f"NFSCRATCH_DATA={tmp_path}: {tmp_path} cannot be used: Permission denied"
    assert (line.mark, line.what) == (BROKEN, said)
    line = surroundings.figures_folder(tmp_path)
    assert (line.mark, line.what) == (BROKEN, f"figures cannot be written to {tmp_path}: Permission denied")


def test_environment_variables_that_nothing_reads():
    variables = {"NFSCRATCH_DTPYE": "float32", "NFSCRATCH_DTYPE": "float32", "NFSCRATCH_DATA": "x", "PATH": "/"}
    slip, dtype = surroundings.environment(variables)
    assert (slip.mark, slip.advice) == (HINT, "did you mean NFSCRATCH_DTYPE?")
    assert (dtype.mark, dtype.what) == (OK, "NFSCRATCH_DTYPE=float32")
    (line,) = surroundings.environment({"NFSCRATCH_ZZZ": "1"})
    assert line.advice == "there are NFSCRATCH_BACKEND, NFSCRATCH_DATA, NFSCRATCH_DTYPE"


# --- the command ---


def test_the_command_in_a_fresh_process(tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "nfscratch", "doctor"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=600,
        cwd=tmp_path,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert everything_below(tmp_path) == []
    marks = {line.split()[0] for line in done.stdout.splitlines()}
    assert marks <= {OK, ABSENT, HINT}
    for what in ("python", "nfscratch", "numpy", "autograd", "backend", "BLAS", "figures", "NFSCRATCH_DATA"):
        assert what in done.stdout


def test_what_is_broken_gives_exit_code_1(tmp_path, monkeypatch):
    from typer.testing import CliRunner

    from nfscratch.cli import app

    monkeypatch.setattr(computing.backend, "cupy_prototype", lambda: 1 / 0)
    (tmp_path / "file").write_text("")
    done = CliRunner().invoke(app, ["doctor", "--figures", str(tmp_path / "file")])
    assert done.exit_code == 1
    (broken,) = [line for line in done.stdout.splitlines() if line.startswith(BROKEN)]
    assert "figures cannot be written" in broken and "  ->  " in broken


WRONG = {
    "NFSCRATCH_DTYPE": ("float16", "must be one of float64, float32; got 'float16'"),
    "MPLBACKEND": ("nosuch", "must name a backend of matplotlib, such as agg; got 'nosuch'"),
    "NFSCRATCH_BACKEND": ("jax", "must be one of numpy, cupy; got 'jax'"),
}


@pytest.mark.parametrize("names", few(["every", *WRONG], ["every"]))
def test_variables_that_cannot_be_as_they_say_are_broken(names, tmp_path):
    wrong = WRONG if names == "every" else {names: WRONG[names]}
    environment = {**os.environ, **{name: value for name, (value, _) in wrong.items()}}
    done = subprocess.run(
        [sys.executable, "-m", "nfscratch", "doctor"], env=environment, cwd=tmp_path, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (1, "")
    broken = sorted(line for line in done.stdout.splitlines() if line.startswith(BROKEN))
    said = [f"{BROKEN}  {name} {what}  ->  correct it, or unset it" for name, (_, what) in wrong.items()]
    assert broken == sorted(said)
