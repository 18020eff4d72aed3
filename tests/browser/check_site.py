"""A built site in a real browser: every page with the network cut off, and chapters run to their end.

    python tests/browser/check_site.py site/ --axe axe.min.js --shots shots/ --live 00 01 04

It needs the package playwright, a Chromium (--chromium), and axe-core's axe.min.js for the check of accessibility. It
prints what it measured, and exits with 1 where a page asks another host, writes an error to the console, lacks a file,
is wider than the screen or cut off at its edge, leaves a formula unset or under its number, is larger than 1.5 MB, or
has a serious fault of accessibility, or where a live number is another one than when the site was built.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import live_run
from playwright.sync_api import sync_playwright
from served import Watched, served, watched

from nfscratch.book.weight import LARGEST_PAGE

SIZES = {"wide": (1280, 900), "phone": (390, 844)}
AXE = """async () => (await axe.run(document, {resultTypes: ["violations"]})).violations
    .filter(v => ["serious", "critical"].includes(v.impact))
    .map(v => `${v.id}: ${v.help} (${v.nodes.length}, as in ${v.nodes[0].html.slice(0, 160)})`)"""
PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? -1"
# Images that load when they are near, too; one of two is hidden where an animation has a still.
LOADED = """async () => {
    const shown = [...document.images].filter(image => image.getClientRects().length);
    for (const image of shown) image.loading = "eager";
    await Promise.all(shown.map(image => image.decode()));
}"""
UNSET = "() => [...document.querySelectorAll('.math')].filter(e => !e.querySelector('.katex')).length"
COVERED = """() => [...document.querySelectorAll('.katex-html > .katex-tag')].filter(tag => {
    const left = tag.querySelector('.mord').getBoundingClientRect().left;
    const bases = [...tag.parentElement.querySelectorAll(':scope > .katex-base')];
    return bases.some(base => base.getBoundingClientRect().right > left + 1);
}).map(tag => tag.textContent)"""
WIDER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
# Furo hides what is wider than a page, so that no page ever is: what does not scroll is cut off.
CUT = """() => {
    const width = document.documentElement.clientWidth;
    const out = element => element.getBoundingClientRect().right > width + 1;
    const within = element => element.tagName !== "ARTICLE" &&
        (getComputedStyle(element).overflowX !== "visible" || within(element.parentElement));
    return [...document.querySelectorAll("article *")]
        .filter(e => e.getClientRects().length && out(e) && !out(e.parentElement) && !within(e.parentElement))
        .map(e => e.querySelector("annotation")?.textContent ?? e.textContent.slice(0, 60));
}"""


def main() -> int:
    given = _arguments()
    pages = sorted(path.name for path in given.site.glob("*.html") if not given.only or path.stem in given.only)
    with sync_playwright() as playwright, served(given.site) as host:
        browser = playwright.chromium.launch(executable_path=given.chromium, args=["--no-sandbox"])
        faults = [f for size in SIZES for f in _look(browser, host, pages, size, given)]
        faults += [f for number in given.live for f in _live(browser, host, given.site, number)]
        browser.close()
    print(*faults, f"{len(pages)} pages, {len(faults)} faults", sep="\n")
    return bool(faults)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Check a built site in a browser.")
    parser.add_argument("site", type=Path)
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    parser.add_argument("--axe", type=Path, help="axe.min.js of the npm package axe-core")
    parser.add_argument("--shots", type=Path, help="a folder for screenshots of every page")
    parser.add_argument("--dark", action="store_true", help="with the dark theme")
    parser.add_argument("--only", nargs="*", default=[], help="these pages, such as ch04_coupling")
    parser.add_argument("--live", nargs="*", default=[], help="numbers of chapters to run")
    return parser.parse_args()


def _look(browser: Any, host: str, pages: list[str], size: str, given: argparse.Namespace) -> list[str]:
    """The faults of all pages at one width."""
    width, height = SIZES[size]
    scheme = "dark" if given.dark else "light"
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    seen, faults, largest, slowest = watched(context, host), [], ("", 0), ("", 0.0)
    for name in pages:
        seen.forget()
        seen.page.goto(f"{host}/{name}", wait_until="load")
        seen.page.evaluate(LOADED)
        faults += [f"{name} ({size}): {fault}" for fault in _of_page(seen, name, size, given)]
        largest = max(largest, (name, sum(seen.received.values())), key=lambda pair: pair[1])
        slowest = max(slowest, (name, seen.page.evaluate(PAINT)), key=lambda pair: pair[1])
    print(f"{size}: largest page {largest[0]}, {largest[1] / 1e6:.2f} MB")
    print(f"{size}: latest first paint {slowest[0]}, {slowest[1]:.0f} ms")
    if largest[1] > LARGEST_PAGE:
        faults.append(f"{largest[0]}: {largest[1]:,} bytes")
    context.close()
    return faults


def _of_page(seen: Watched, name: str, size: str, given: argparse.Namespace) -> list[str]:
    wider = seen.page.evaluate(WIDER)
    found = [f"{wider} pixels wider than the screen"] if wider > 0 else []
    if cut := seen.page.evaluate(CUT):
        found.append(f"{len(cut)} elements are cut off at the right edge, such as {cut[0]}")
    if unset := seen.page.evaluate(UNSET):
        found.append(f"{unset} formulas are not set")
    if covered := seen.page.evaluate(COVERED):
        found.append(f"numbers lie on their formulas: {', '.join(covered)}")
    if given.axe:
        seen.page.evaluate(given.axe.read_text(encoding="utf-8"))
        found += [f"axe: {violation}" for violation in seen.page.evaluate(AXE)]
    if given.shots:
        given.shots.mkdir(parents=True, exist_ok=True)
        seen.page.screenshot(path=given.shots / f"{Path(name).stem}-{size}.png", full_page=True)
    return found + seen.faults


def _live(browser: Any, host: str, site: Path, number: str) -> list[str]:
    """The faults of a live run of a chapter."""
    name = next(site.glob(f"ch{number}_*.html")).name
    context = browser.new_context()
    seen = watched(context, host)
    seen.page.goto(f"{host}/{name}")
    native = live_run.printed(seen.page)
    state = live_run.run(seen.page)
    errors = seen.page.eval_on_selector_all(".live-error", "found => found.map(e => e.textContent)")
    count, wrong = live_run.differences(native, live_run.printed(seen.page))
    print(f"{name}: {state}, {count} numbers compared, {len(wrong)} lines differ")
    context.close()
    return [f"{name} live: {fault}" for fault in (*errors, *wrong, *seen.faults)]


if __name__ == "__main__":
    sys.exit(main())
