"""A chapter opened as a notebook shows every picture that it describes; a fit in a notebook has a bar in its cell."""

import base64
import json
import os
import re
import subprocess
import sys
from io import BytesIO

import numpy as onp
import pytest
from matplotlib import image

from nfscratch import chapter, notebook, plot

CHAPTERS = chapter.chapters()
FIT = """
# %%
import numpy, nfscratch as nf
from nfscratch import plot

rng = numpy.random.default_rng(0)
x = rng.uniform(-2, 2, size=(200, 2))
x[:, 1] = x[:, 1] / 10 + x[:, 0] ** 2  # the flow starts as the Gaussian of the data: a curve is left to learn
fast = nf.adam(1e-2)
result = nf.fit(nf.flows.real_nvp(2, layers=2, hidden=(8,)), x, rng=rng, optimizer=fast, steps=30, evaluate_every=20)
print(f"validation {result.history['validation'][-1]:.4f}")

# %%
silent = nf.fit(nf.flows.real_nvp(2, layers=2, hidden=(8,)), x, rng=rng, optimizer=fast, steps=30, progress=False)

# %%
plot.pairs(x, x)
"""


def run(*command, folder, **environment):
    own = {"JUPYTER_PREFER_ENV_PATH": "1", "JUPYTER_CONFIG_DIR": str(folder), "IPYTHONDIR": str(folder)}
    environment = {**os.environ, **own, **environment}
    environment.pop("PYTHONWARNINGS", None)  # those of Jupyter's own parts are not ours
    done = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, cwd=folder, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]


def executed(source, folder, options=""):
    """A script in percent format after a run as a notebook: (source, outputs) of each code cell, and its prose."""
    (folder / "script.py").write_text(source, encoding="utf-8")
    run("jupytext", "--to", "ipynb", "script.py", folder=folder)
    execute = ("nbconvert", "--to", "notebook", "--execute", "--ExecutePreprocessor.startup_timeout=600")
    run(*execute, "--output", "done", "script.ipynb", folder=folder, NFSCRATCH_CHAPTER=options)
    cells = json.loads((folder / "done.ipynb").read_text(encoding="utf-8"))["cells"]
    prose = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    return [("".join(c["source"]), c["outputs"]) for c in cells if c["cell_type"] == "code"], prose


def pictures(outputs):
    return [output for output in outputs if "image/png" in output.get("data", {})]


def decoded(output):
    return image.imread(BytesIO(base64.b64decode("".join(output["data"]["image/png"]))))


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_as_a_notebook_shows_every_figure_that_it_describes(name, tmp_path):
    cells, prose = executed(CHAPTERS[name].read_text(encoding="utf-8"), tmp_path, "--fast --figures drawn")
    described = set(re.findall(r"\*Figure `(\w+)`", prose))
    shown = [output for _, outputs in cells for output in pictures(outputs)]
    assert len(shown) == len(described) > 0
    assert {path.stem for path in (tmp_path / "drawn").glob("*.png")} == described  # the options were read
    for output in shown:
        assert decoded(output).std() > 0.02  # it shows something
        assert output["metadata"]["image/png"]["width"] == round(96 * plot.WIDTH)


@pytest.mark.exhaustive
def test_a_fit_in_a_notebook_has_one_bar_with_the_last_validation_and_none_where_it_is_silent(tmp_path):
    (fit, silent, pairs), _ = executed(FIT.strip(), tmp_path)
    bars = [o["data"] for o in fit[1] if "text/html" in o.get("data", {})]
    (validation,) = re.findall(r"validation \S+", "".join("".join(o["text"]) for o in fit[1] if o.get("name")))
    (bar,) = bars  # updated in place
    assert '<progress value="30" max="30"' in "".join(bar["text/html"])
    assert validation in "".join(bar["text/html"]) and validation in "".join(bar["text/plain"])
    assert not silent[1]
    assert len(pictures(pairs[1])) == 1  # a figure as the value of a cell


def test_no_notebook_runs_the_tests():
    assert not notebook.running()


# --- the picture ---


def test_a_picture_is_shown_as_it_is_saved(tmp_path):
    def drawn():
        figure, ax = plot.subplots(height=1.0)
        ax.plot([1, 3, 2])
        return figure

    drawn().savefig(tmp_path / "saved.png")
    png, metadata = drawn()._repr_png_()
    onp.testing.assert_array_equal(image.imread(BytesIO(png)), image.imread(tmp_path / "saved.png"))
    assert metadata == {"width": 624}  # 6.5 inches
