"""Moving pictures on pages, and the warp that they show. No browser is needed."""

import json

import numpy as np
import pytest

from nfscratch.book import animations, chapter_page, explorer, knots, warp

CAPTION = "Before.\n\n*Animation `moons_warp`.* Eight couplings bend noise into moons. The grid\nshows $g$.\n\nAfter."


def test_a_caption_becomes_the_moving_image_and_the_still_with_the_first_sentence_as_description():
    text = chapter_page.prose(CAPTION, "ch04_coupling", {"ch04_coupling": set()})
    assert text.startswith("Before.") and text.endswith("After.") and "*Animation" not in text
    for suffix in ("webp", "png"):
        assert f'src="_static/animations/moons_warp.{suffix}" alt="Eight couplings bend noise into moons."' in text
    assert 'width="360" height="360" src="_static/animations/moons_warp.webp"' in text
    assert "The grid\nshows $g$.\n::::" in text


def test_an_animation_that_is_missing_stops_the_build():
    with pytest.raises(ValueError, match=r"animation moons_wrap must have .* missing: \['moons_wrap.webp', "):
        animations.placed("*Animation `moons_wrap`.* Words.")


@pytest.mark.parametrize("path", sorted(animations.FOLDER.glob("*.webp")), ids=lambda path: path.stem)
def test_an_animation_is_small_and_has_a_still(path):
    assert path.stat().st_size < 400_000 and path.with_suffix(".png").is_file()


def test_the_warp_begins_as_noise_and_ends_as_what_the_flow_makes_of_it():
    z = np.random.default_rng(0).normal(size=(50, 2))
    told = json.loads(explorer.WEIGHTS.read_text(encoding="utf-8"))
    x, _ = explorer.flow().bijection.forward(explorer.params_of(told)["bijection"], z)
    seen = warp.stages(z)
    assert np.array_equal(warp.between(seen, 0.0), z)
    assert np.array_equal(warp.between(seen, 8.0), seen[-1]) and np.abs(seen[-1] - x).max() < 1e-12
    assert np.allclose(warp.between(seen, 3.25), 0.75 * seen[3] + 0.25 * seen[4])
    places = warp.places(8)
    assert places[0] == 0 and places[-1] == 8 and (np.diff(places) >= 0).all()


def test_the_knots_begin_on_the_diagonal_and_end_where_the_fit_has_them():
    x = knots.clusters(np.random.default_rng(1))
    seen = knots.course(x)
    assert len(seen) == knots.STEPS + 1 and set(knots.steps()) <= set(range(len(seen))) >= set(knots.STILL)
    for at in knots.knots(seen[0]):
        assert np.allclose(at, np.linspace(-knots.BOUND, knots.BOUND, knots.BINS + 1))
    z, at = knots.knots(seen[-1])
    assert np.allclose(knots.flow().bijection.forward(seen[-1]["bijection"], z[:, None])[0][:, 0], at)
    losses = [-knots.flow().log_prob(params, x).mean() for params in (seen[0], seen[-1])]
    assert losses[1] < losses[0] - 0.5 and (np.diff(knots.steps()) >= 0).all()


def test_the_weights_of_the_page_are_a_flow_that_has_learned_the_moons():
    told = json.loads(explorer.WEIGHTS.read_text(encoding="utf-8"))
    x = explorer.moons(np.random.default_rng(7), 5000)
    nll = -explorer.flow().log_prob(explorer.params_of(told), x).mean()
    gaussian = np.log(2 * np.pi * np.e) + 0.5 * np.linalg.slogdet(np.cov(x.T))[1]
    assert abs(nll - told["nll"]) < 0.05 and nll < gaussian - 0.5


def test_the_page_holds_the_markup_and_every_script_that_it_loads():
    page = explorer.page()
    assert page.startswith("---\nhide-toc: true\n---\n\n# Explorer\n") and "{markup}" not in page
    for name in ("main.js", "explorer.css"):
        assert f"_static/explorer/{name}" in page and (explorer.FOLDER / name).is_file()
