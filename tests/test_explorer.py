"""The explorer's maps in JavaScript against the package, and its page under a pointer, a key and a finger, in Chromium.

They need the package playwright and a Chromium (NFSCRATCH_CHROMIUM, or one on the PATH); the check of accessibility
needs axe-core's axe.min.js (NFSCRATCH_AXE).
"""

import functools
import http.server
import json
import os
import shutil
import threading

import numpy as np
import pytest

import nfscratch as nf
from nfscratch.book import explorer
from nfscratch.book.commands import Handler

pytestmark = pytest.mark.exhaustive

AXE = os.environ.get("NFSCRATCH_AXE")
SHELL = """<!doctype html><html lang="en"><title>Explorer</title><link rel="icon" href="data:,">
<style>body { --color-background-border: #ddd; --color-foreground-primary: #000; --color-background-primary: #fff;
--color-foreground-secondary: #555; --color-background-secondary: #f5f5f5; --color-brand-primary: #0a4bff }
body[data-theme=dark] { --color-background-border: #444; --color-foreground-primary: #ddd; 
--color-background-primary: #131416; --color-foreground-secondary: #aaa; --color-background-secondary: #222;
background: #131416; color: #ddd }</style>
<body data-theme="light"><main class="content"><h1>Explorer</h1>%s</main></body></html>"""
EVALUATE = """async ({ key, p, points }) => {
  const { maps } = await import("/_static/explorer/maps.js");
  const map = maps(await (await fetch("/_static/explorer/moons.json")).json())[key];
  const parameters = map.parameters({ ...Object.fromEntries(map.sliders.map(s => [s.key, s.value])), ...p });
  const made = map.make(parameters), out = new Float64Array(7), rows = [];
  for (const [z1, z2] of JSON.parse(points)) { made(z1, z2, out); rows.push([...out]); }
  return { parameters, rows: JSON.stringify(rows) };
}"""
SLIDERS = """async (key) => {
  const { maps } = await import("/_static/explorer/maps.js");
  return maps(await (await fetch("/_static/explorer/moons.json")).json())[key].sliders;
}"""
COUNTED = 24  # points on each side of the cell (scene.js)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The address of a folder with the page alone."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(explorer.FOLDER, folder / "_static" / "explorer")
    markup = (explorer.FOLDER / "markup.html").read_text(encoding="utf-8")
    (folder / "index.html").write_text(SHELL % markup, encoding="utf-8")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/index.html"
        server.shutdown()


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="the package playwright is not installed")
    path = os.environ.get("NFSCRATCH_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no Chromium: NFSCRATCH_CHROMIUM names none, and none is on the PATH")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser, site):
    """The page at a desk's width; a word on its console is an error."""
    said = []
    page = browser.new_page(viewport={"width": 1280, "height": 1300}, has_touch=True)
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(site)
    page.wait_for_function("document.querySelector('.explorer').page")
    yield page
    page.close()
    assert said == []


def couplings(given):
    layers = [nf.Coupling(nf.Affine(), (k["keep"] == 0, k["keep"] == 1), nf.MLP((2,), "tanh")) for k in given["layers"]]
    return nf.Chain(layers), [tree(layer["net"]) for layer in given["layers"]]


def trained(given):
    count, told = given["layers"], json.loads(explorer.WEIGHTS.read_text(encoding="utf-8"))
    return explorer.flow(count).bijection, explorer.params_of(told)["bijection"][:count]


def spline(given):
    return nf.Elementwise(nf.RationalQuadraticSpline(bins=3, bound=3.0), 2), {"theta": np.array([given["theta"]] * 2)}


def tree(value):
    """Lists of numbers as arrays, in dicts and lists as they are."""
    if isinstance(value, dict):
        return {key: tree(v) for key, v in value.items()}
    return [tree(v) for v in value] if isinstance(value[0], dict) else np.array(value, dtype=float)


MAPS = {
    "coupling": couplings,
    "couplings": couplings,
    "planar": lambda given: (nf.Planar(2), tree(given)),
    "radial": lambda given: (nf.Radial(2), tree(given)),
    "spline": spline,
    "trained": trained,
}


def of_package(key, parameters, z):
    """(N, 7): x, J row by row, and the log-det, as a row of the page's maps has them."""
    bijection, params = MAPS[key](parameters)
    x, log_det = bijection.forward(params, z)
    return np.concatenate([x, bijection.jacobian(params, z).reshape(len(z), 4), log_det[:, None]], axis=1)


def of_page(page, key, p, z):
    """{parameters, rows (N, 7)} of a map of the page, with its sliders at p. (Long lists travel as text, quickly.)"""
    answer = page.evaluate(EVALUATE, {"key": key, "p": p, "points": json.dumps(z.tolist())})
    return answer | {"rows": np.array(json.loads(answer["rows"]))}


def assert_equal(key, answer, z):
    right = of_package(key, answer["parameters"], z)
    error = np.abs(answer["rows"] - right) / np.maximum(1.0, np.abs(right))
    assert error.max() < 1e-6


@pytest.mark.parametrize("key", MAPS)
def test_a_map_of_the_page_is_that_of_the_package(page, key):
    z = 1.7 * np.random.default_rng(0).normal(size=(10_000, 2))
    z[:4] = [[0, 0], [0.3, 0.2], [3, -3], [-0.5, 0.5]]  # the centre, the box's corner, knots
    assert_equal(key, of_page(page, key, {}, z), z)


@pytest.mark.parametrize("key", MAPS)
def test_so_it_is_wherever_the_sliders_stand(page, key):
    rng, sliders = np.random.default_rng(1), page.evaluate(SLIDERS, key)
    for k in range(20):
        share = rng.integers(0, 2, len(sliders)) if k < 5 else rng.uniform(size=len(sliders))  # the ends, too
        p = {s["key"]: float(s["min"] + t * (s["max"] - s["min"])) for s, t in zip(sliders, share, strict=True)}
        if key == "trained":
            p = {"layers": int(rng.integers(1, 9))}
        z = 1.7 * rng.normal(size=(500, 2))
        assert_equal(key, of_page(page, key, p, z), z)


def test_a_part_of_a_layer_has_the_jacobian_of_its_differences(page):
    z, h = np.random.default_rng(2).normal(size=(200, 2)), 1e-5
    moved = np.concatenate([z, *(z + s * h * e for e in np.eye(2) for s in (1, -1))])
    rows = of_page(page, "trained", {"layers": 4.3}, moved)["rows"]
    at, *ways = rows.reshape(5, 200, 7)
    J = np.stack([(ways[0] - ways[1])[:, :2], (ways[2] - ways[3])[:, :2]], axis=2) / (2 * h)
    assert np.abs(at[:, 2:6].reshape(-1, 2, 2) - J).max() < 1e-6 * np.abs(J).max()
    assert np.abs(at[:, 6] - np.linalg.slogdet(J)[1]).max() < 1e-6


@pytest.mark.parametrize("layers", [0, 2.25, 8])
def test_the_kept_stages_of_the_trained_flow_are_the_map(page, layers):
    worst = page.evaluate("""async (layers) => {
      const { Lattice } = await import("/_static/explorer/lattice.js");
      const { maps } = await import("/_static/explorer/maps.js");
      const map = maps(await (await fetch("/_static/explorer/moons.json")).json()).trained.make({ layers });
      const lattice = new Lattice(), out = new Float64Array(7);
      lattice.evaluate(map);
      let worst = 0;
      for (let k = 0; k < lattice.z1.length; k += 7) {
        map(lattice.z1[k], lattice.z2[k], out);
        const errors = [out[0] - lattice.x1[k], out[1] - lattice.x2[k], out[6] - lattice.logDet[k]];
        worst = Math.max(worst, ...errors.map(Math.abs));
      }
      return worst;
    }""", layers)  # fmt: skip
    assert worst < 1e-9


# --- the page ---


def choose(page, key):
    page.locator(f"input[value={key}]").check(force=True)


def numbers(page):
    """What the page shows, once it has been drawn."""
    page.wait_for_function("!document.querySelector('.explorer').page.waiting")
    fields = page.eval_on_selector_all("[data-number]", "all => all.map(e => [e.dataset.number, e.textContent])")
    return {name: float(text.replace("\u2212", "-")) for name, text in fields}


def place(page, part, point):
    """The pixel of a point of the plane `part`: both show [-3.6, 3.6] on each axis."""
    box = page.locator(f"[data-part={part}] .explorer-moves").bounding_box()
    return [box["x"] + (point[0] + 3.6) / 7.2 * box["width"], box["y"] + (3.6 - point[1]) / 7.2 * box["height"]]


def drag(page, part, start, end):
    page.mouse.move(*place(page, part, start))
    page.mouse.down()
    page.mouse.move(*place(page, part, end), steps=3)
    page.mouse.up()


def state(page):
    """{point, size, parameters} that the page holds."""
    return page.evaluate("""() => {
      const { point, size, chosen, key, values } = document.querySelector(".explorer").page;
      return { point, size, values: values[key], parameters: chosen.parameters(values[key]) };
    }""")


def outline(z, h):
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    steps = np.arange(COUNTED)[:, None] / COUNTED
    return np.concatenate(
        [z + h / 2 * (a + steps * (np.roll(corners, -1, axis=0)[k] - a)) for k, a in enumerate(corners)]
    )


def area(points):
    x, y = points.T
    return abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2


@pytest.mark.parametrize("key", MAPS)
def test_a_drag_shows_the_numbers_of_the_formula(page, key):
    choose(page, key)
    drag(page, "z", (-1.0, 0.7), (1.45, -1.1))
    shown, said = numbers(page), state(page)
    z = np.array([said["point"]])
    assert np.abs(z[0] - [1.45, -1.1]).max() < 0.02  # a pixel is 0.015
    row = of_package(key, said["parameters"], z)[0]
    p = np.exp(-0.5 * (z**2).sum()) / (2 * np.pi)
    wanted = dict(zip(("z1", "z2", "x1", "x2", "a", "b", "c", "d", "logDet"), [*z[0], *row], strict=True))
    wanted |= {"det": np.exp(row[6]), "pz": p, "px": p * np.exp(-row[6])}
    image = of_package(key, said["parameters"], outline(z[0], said["size"]))[:, :2]
    wanted["counted"] = area(image) / said["size"] ** 2
    wanted["logCounted"] = np.log(wanted["counted"])
    assert set(wanted) == set(shown)
    assert {name: value for name, value in wanted.items() if abs(value - shown[name]) > 0.00051} == {}


@pytest.mark.parametrize("key", MAPS)
def test_the_counted_area_of_a_small_square_is_the_formula(page, key):
    choose(page, key)
    page.locator("[data-part=size]").fill("0.05")
    shown = numbers(page)
    assert abs(shown["logCounted"] - shown["logDet"]) < 0.01


@pytest.mark.parametrize("key, part, start, end, changed", [
    ("radial", "z", (0.3, 0.2), (-1.5, 1.0), {"c1": -1.5, "c2": 1.0}),
    ("planar", "x", (1.6, -0.4), (0.5, 2.0), {"u1": 0.5, "u2": 2.0}),
    ("spline", "x", (1.2, 1.2), (2.0, 2.0), {"x2": 2.0}),
    ("spline", "z", (-0.5, -0.5), (2.0, 2.0), {"z1": 0.38}),  # it stays below the other knot
])  # fmt: skip
def test_a_handle_sets_its_parameters(page, key, part, start, end, changed):
    choose(page, key)
    before = numbers(page)
    drag(page, part, start, end)
    values = state(page)["values"]
    assert {name: value for name, value in changed.items() if abs(values[name] - value) > 0.02} == {}
    after = numbers(page)
    assert after != before and (after["z1"], after["z2"]) == (-1.0, 0.7)


def test_arrow_keys_move_the_point_and_the_numbers_are_said(page):
    page.locator("[data-part=z] .explorer-moves").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Shift+ArrowLeft")
    shown = numbers(page)
    assert (shown["z1"], shown["z2"]) == (-0.91, 0.8)
    said = page.locator("[aria-live=polite]")
    page.wait_for_function("document.querySelector('[aria-live]').textContent.includes('0.910')")
    assert f"{shown['det']:.3f} in the formula" in said.text_content()


def test_tab_reaches_every_control_and_a_focus_is_seen(page):
    page.locator("input[value=spline]").check(force=True)
    numbers(page)
    page.locator("input[value=spline]").focus()
    reached = []
    for _ in range(9):
        page.keyboard.press("Tab")
        script = "e => [e.tagName, getComputedStyle(e).outlineStyle, (e.labels?.[0] ?? e).textContent || e.ariaLabel]"
        reached.append(page.evaluate(f"({script})(document.activeElement)"))
    assert [tag for tag, _, _ in reached] == ["CANVAS", *["INPUT"] * 7, "BUTTON"]
    assert all(style != "none" and name.strip() for _, style, name in reached)


def test_a_slider_and_the_button_answer_keys(page):
    first = page.locator("[data-part=sliders] input").first
    before, reset = numbers(page), page.get_by_role("button", name="Reset this map")
    first.focus()
    page.keyboard.press("End")
    assert state(page)["values"]["scale"] == 2 and numbers(page)["d"] != before["d"]
    reset.focus()
    page.keyboard.press("Enter")
    assert numbers(page) == before


def test_play_moves_the_layers_until_the_reader_takes_over(page):
    assert not page.get_by_role("button", name="Play").is_visible()
    choose(page, "trained")
    page.get_by_role("button", name="Play").click()
    page.wait_for_function("document.querySelector('.explorer').page.values.trained.layers < 8")
    page.locator("[data-part=sliders] input").fill("2")
    for _ in range(5):
        page.evaluate("() => new Promise(requestAnimationFrame)")
    assert state(page)["values"]["layers"] == 2


def test_a_finger_moves_the_point_and_does_not_scroll_the_page(page):
    page.touchscreen.tap(*place(page, "z", (2.0, -2.0)))
    shown = numbers(page)
    assert abs(shown["z1"] - 2) < 0.02 and abs(shown["z2"] + 2) < 0.02
    style = "e => getComputedStyle(e).touchAction"
    assert page.eval_on_selector("[data-part=z] .explorer-moves", style) == "none"


@pytest.mark.skipif(not AXE, reason="NFSCRATCH_AXE does not name axe-core's axe.min.js")
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_no_serious_fault(page, theme):
    page.evaluate("theme => { document.body.dataset.theme = theme }", theme)
    with open(AXE, encoding="utf-8") as file:
        page.evaluate(file.read())
    found = page.evaluate("async () => (await axe.run('.explorer')).violations.map(v => [v.impact, v.id])")
    assert [fault for fault in found if fault[0] in ("serious", "critical")] == []
