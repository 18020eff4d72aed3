"""What a reader does with a live page: stop it in both ways, run again, change a cell, solve an exercise.

    python tests/browser/check_live.py site/

The site needs the pages faq and exercises-04, and Pyodide. Each line that it prints is something that it saw.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import live_run
from playwright.sync_api import sync_playwright
from served import Plain, served, watched

from nfscratch.book.commands import Handler
from nfscratch.course.blanks import definition
from nfscratch.course.task import assignment

ENDLESS = "kept = 41\nwhile True:\n    pass"


def main() -> int:
    parser = argparse.ArgumentParser(description="Use a live page in a browser.")
    parser.add_argument("site", type=Path)
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    given = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=given.chromium, args=["--no-sandbox"])
        for handler, keeps in ((Handler, True), (Plain, False)):
            with served(given.site, handler) as host:
                _stopped(_opened(browser, host, "faq"), keeps)
        with served(given.site) as host:
            _exercise(_opened(browser, host, "exercises-04"))
        browser.close()
    return 0


def _opened(browser: Any, host: str, name: str) -> Any:
    page = watched(browser.new_context(), host).page
    page.set_default_timeout(live_run.SECONDS * 1000)
    page.goto(f"{host}/{name}.html")
    return page


def _stopped(page: Any, keeps: bool) -> None:
    """Stop an endless cell, and run again. keeps: whether Python is interrupted and keeps its names, or is ended."""
    live_run.run(page)
    assert page.evaluate("self.crossOriginIsolated") is keeps
    _put(page, 1, ENDLESS)
    page.wait_for_function("livePage.bar.element.dataset.state === 'running'")
    page.wait_for_timeout(1500)
    page.get_by_role("button", name="Stop the cell that runs").click()
    page.wait_for_function("!livePage.running")
    said = page.locator("div.cell").nth(1).locator(".live-error").text_content()
    assert ("KeyboardInterrupt" if keeps else "Python was ended") in said, said
    assert page.get_by_role("button", name="Stop the cell that runs").is_disabled()
    _put(page, 1, "print(kept + 1)" if keeps else "print(40 + 2)")
    live_run.wait(page)
    assert page.locator("div.cell").nth(1).locator(".live-text").first.text_content() == "42\n"
    print("stopped by an interrupt; names are kept" if keeps else "stopped by ending Python; it starts again")


def _put(page: Any, number: int, code: str) -> None:
    field = page.locator("div.cell").nth(number).locator("textarea")
    field.fill(code)
    field.press("Shift+Enter")


def _exercise(page: Any) -> None:
    """The stub is not written yet, a mistake has its name, and the right body passes."""
    page.get_by_role("button", name="Begin").click()
    live_run.wait(page)
    given = assignment("04")
    right = "\n".join(definition(given.text, given.task("4.2").function))
    bodies = {
        "is not written yet": page.locator("#task-4-2 textarea").input_value(),
        "the scale is not undone": right.replace(" * np.exp(-s)", ""),
        "cannot be read as Python": right.replace("return", "retrun"),
        "Task 4.2 passes: 3 of 3 points.": right,
    }
    for words, body in bodies.items():
        page.locator("#task-4-2 textarea").fill(body)
        page.get_by_role("button", name="Check task 4.2").click()
        live_run.wait(page)
        said = page.locator("#task-4-2 .cell_output").text_content()
        assert words in said, (words, said)
        print("exercise:", said.splitlines()[0])


if __name__ == "__main__":
    sys.exit(main())
