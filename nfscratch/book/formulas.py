"""Formulas, set when the page is written: KaTeX, which lies in assets/, run by Node where Node is installed.

<span class="math">x^2</span>          becomes what KaTeX makes of x^2, as text
<div class="math">x^2</div>            becomes what it makes of it as a line of its own

Without Node they stay TeX, and assets/mathematics.js sets them in the reader's browser.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path

KATEX = Path(__file__).parent / "assets" / "katex" / "katex.min.js"
FORMULA = re.compile(r'<(?P<tag>span|div) class="math">(?P<tex>.*?)</(?P=tag)>', re.DOTALL)
SCRIPT = """
const katex = require(process.argv[1]);
const set = ([tex, displayMode]) => katex.renderToString(tex, { displayMode, output: "htmlAndMathml" });
const given = JSON.parse(require("fs").readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(given.map((formula) => {
  try { return { html: set(formula) }; } catch (error) { return { error: error.message }; }
})));
"""


class FormulaError(ValueError):
    """KaTeX cannot set a formula: the message has its TeX, and what KaTeX says."""


def set_in(page: str) -> str:
    """The page's HTML with its formulas set. Raises FormulaError."""
    found = [(unescape(match["tex"]), match["tag"] == "div") for match in FORMULA.finditer(page)]
    node = shutil.which("node")
    if not found or node is None:
        return page
    made = iter(_set(found, node))
    return FORMULA.sub(lambda match: f'<{match["tag"]} class="math">{next(made)}</{match["tag"]}>', page)


def _set(found: list[tuple[str, bool]], node: str) -> list[str]:
    command = [node, "-e", SCRIPT, str(KATEX)]
    ran = subprocess.run(command, input=json.dumps(found), capture_output=True, text=True, encoding="utf-8", check=True)
    answers = json.loads(ran.stdout)
    for (tex, _), answer in zip(found, answers, strict=True):
        if "error" in answer:
            raise FormulaError(f"KaTeX cannot set {tex}: {answer['error']}")
    return [answer["html"] for answer in answers]
