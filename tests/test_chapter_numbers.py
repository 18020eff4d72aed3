"""Every number in a chapter's prose stands in its code, in a table that the paragraph names, or in the list of sources.

A chapter's code asserts what the run gives, so a number of the prose that is also a number of the code cannot go stale
unseen: the chapter fails. Counted are decimals, percentages, and whole numbers from 100 on.

    0.163, 15.4 %, $2 \\cdot 10^{-5}$, 1,257    a number of the code: 0.163 or 0.1632, 0.154 or 15.4, 2e-5, 1257
    a paragraph with `benchmarks/...` in it      a number of a table in benchmarks/*.md
    years, issues, versions, arXiv and doi, text between backticks, references, exercises      not counted
    SOURCES, below                               a number of a paper or of another library, with its source
"""

import ast
import math
import re

import pytest

from nfscratch import chapter

CHAPTERS = chapter.chapters()
BENCHMARKS = chapter.folder().parent / "benchmarks"
SOURCES = {
    "ch09_continuous": {
        "30,272": "rtqichen/torchdiffeq, issue 120",
        "0.1": "Song et al. 2021, arXiv:2011.13456, appendix C",
    },
    "ch12_images": {
        "1.06": "Dinh et al. 2017, arXiv:1605.08803, as Kingma and Dhariwal 2018 cite it",
        "1.05": "Kingma and Dhariwal 2018, arXiv:1807.03039",
        "512": "the same, appendix A",
    },
}
NOT_COUNTED = (
    r"`[^`]*`|(?:arXiv|doi):\S+|(?:issues?|pull requests?) \d+(?: and \d+)?|\d+\.\d+\.\d+|\d[\d.]*_2"
    r"|(?<!\\cdot )(?<!\\times )\b10\^\{-?\d+\}"  # a power of ten alone
)
NUMBER = re.compile(
    r"(?<![\w.])(?P<whole>\d{1,3}(?:(?:\{,\}|,|\\,)\d{3})+|\d+)(?P<decimals>\.\d+)?"
    r"(?:\s*(?:\\cdot|\\times)\s*10\^\{?(?P<power>-?\d+)\}?)?(?P<percent>(?:\s|\\,)*\\?%)?"
)


def numbers(text):
    """(as it is written, the values that the code may have for it) of each number in a paragraph that counts."""
    text = re.sub(NOT_COUNTED, " ", text)
    for match in NUMBER.finditer(text):
        part = match.groupdict()
        digits = re.sub(r"\D", "", part["whole"])
        marked = any(part[name] for name in ("decimals", "power", "percent"))
        year = not marked and digits == part["whole"] and re.fullmatch(r"19\d\d|20\d\d", digits)
        if year or (not marked and (float(digits) < 100 or digits[0] == "0")):
            continue
        value = float(digits + (part["decimals"] or "")) * 10.0 ** int(part["power"] or 0)
        yield match.group().strip(), [value, value / 100] if part["percent"] else [value]


def paragraphs(text):
    """The prose of a chapter, without its references and exercises, paragraph by paragraph."""
    counted = True
    parts = re.split(r"^# %%(.*)$", text, flags=re.M)[1:]
    for head, body in zip(parts[::2], parts[1::2], strict=True):
        prose = re.sub(r"^# ?", "", body, flags=re.M) if "[markdown]" in head else ""
        for paragraph in re.split(r"\n\s*\n|\n(?=- |\|)", prose):
            if paragraph.lstrip().startswith("## "):
                counted = not paragraph.lstrip().startswith("## Exercises")
            if counted and not paragraph.lstrip().startswith("**References.**"):
                yield paragraph


def of_code(text):
    """The absolute values of all numbers in Python source."""
    values = (node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant))
    return [abs(v) for v in values if isinstance(v, int | float) and not isinstance(v, bool)]


def of_tables(folder):
    """All numbers in a folder's tables."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in folder.rglob("*.md"))
    return sorted({float(v.replace(",", "")) for v in re.findall(r"\d[\d,]*\.?\d*|\.\d+", text)})


def one_of(written, values, known):
    """Whether a number is known, or one that rounds to it: of three digits at least, since 0.2 is many numbers."""
    digits = len(re.sub(r"\D", "", written))
    places = len(written.partition(".")[2].rstrip(r" \,%")) if digits >= 3 and "cdot" not in written else 9
    exact = any(math.isclose(value, k, rel_tol=1e-9) for value in values for k in known)
    return exact or any(math.isclose(values[0], round(k, places), rel_tol=1e-9) for k in known if "." in written)


def without_proof(text, tables, sources=()):
    """The numbers of the prose that nothing stands behind, each with the beginning of its paragraph."""
    code = of_code(text)
    found = []
    for paragraph in paragraphs(text):
        known = code + (tables if "`benchmarks/" in paragraph else [])
        for written, values in numbers(paragraph):
            if written not in sources and not one_of(written, values, known):
                found.append(f"{written} in: {' '.join(paragraph.split())[:90]}")
    return found


TABLES = of_tables(BENCHMARKS)


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_number_in_the_prose_is_asserted_or_quoted_from_a_table(name):
    text = CHAPTERS[name].read_text(encoding="utf-8")
    found = without_proof(text, TABLES, SOURCES.get(name, {}))
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", SOURCES)
def test_no_source_is_listed_for_a_number_that_needs_none(name):
    text = CHAPTERS[name].read_text(encoding="utf-8")
    needed = without_proof(text, TABLES)
    assert all(any(line.startswith(f"{written} in: ") for line in needed) for written in SOURCES[name])


CHAPTER = """# %% [markdown]
# The share is {prose}, by Rezende (2015, arXiv:1505.05770, issue 208).
#
# ## Exercises
#
# 1. Try 0.777.
# %%
assert abs(share - {code}) < 0.002
"""


@pytest.mark.parametrize(
    ("prose", "code"),
    [
        ("0.163", "0.163"),
        ("15.4 %", "0.154"),
        ("15.4 %", "15.4"),
        (r"$-1.5 \cdot 10^{-4}$", "1.5e-4"),
        ("1,257", "1257"),
        ("$22{,}026$", "22026"),
        ("0.163", "0.16349"),
        ("seven, 7 or 99", "1"),
    ],
)
def test_a_number_that_the_code_has_is_found_there(prose, code):
    assert without_proof(CHAPTER.format(prose=prose, code=code), []) == []


@pytest.mark.parametrize(
    ("prose", "code"),
    [
        ("0.163", "0.162"),
        ("0.2", "0.21"),
        ("0.163", "0.1636"),
        ("15.4 %", "1.54"),
        (r"$2 \cdot 10^{-4}$", "2e-5"),
        ("1,257", "257"),
        ("105", "150"),
    ],
)
def test_a_number_that_nothing_stands_behind_is_reported(prose, code):
    assert len(without_proof(CHAPTER.format(prose=prose, code=code), [])) == 1


def test_a_table_counts_only_where_the_paragraph_names_it():
    named, other = "0.163 (`benchmarks/README.md`)", "0.163 (`nfscratch/README.md`)"
    assert without_proof(CHAPTER.format(prose=named, code=1), [0.163]) == []
    assert len(without_proof(CHAPTER.format(prose=other, code=1), [0.163])) == 1
