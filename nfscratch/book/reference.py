"""The reference: the public names, with their docstrings as they are.

A page for each room of the package, a section for each file, whose docstring has the formulas, and in it the names.
A paragraph of a docstring is prose where its lines begin at the margin and hold no columns; all else keeps its layout.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import nfscratch

SPACES = ("flows", "models", "objectives", "evaluate", "check", "data", "plot", "targets", "codes", "ode", "sklearn")
PUNCTUATION = re.compile(r"([\\!\"#$%&'()*+,\-./:;<=>?@\[\]^_{|}~])")


def public() -> dict[str, Any]:
    """{"nf.Coupling": the class, "nf.flows.maf": the function, ...}: what a user names."""
    found = _of("nf", nfscratch)
    for space in SPACES:
        found |= _of(f"nf.{space}", getattr(nfscratch, space, None) or importlib.import_module(f"nfscratch.{space}"))
    shortest: dict[int, str] = {}
    for name, value in found.items():
        shortest.setdefault(id(value), name)
    return {name: found[name] for name in shortest.values()}


def _of(prefix: str, module: ModuleType) -> dict[str, Any]:
    values = {name: value for name, value in vars(module).items() if not name.startswith("_") and _is_ours(value)}
    return {f"{prefix}.{name}": value for name, value in sorted(values.items())}


def _is_ours(value: Any) -> bool:
    return (inspect.isclass(value) or inspect.isfunction(value)) and value.__module__.startswith("nfscratch.")


def pages() -> dict[str, str]:
    """{page: text}; the first is the index of all names."""
    names = public()
    rooms: dict[str, dict[str, dict[str, Any]]] = {}
    for name, value in names.items():
        room = value.__module__.split(".")[1]
        rooms.setdefault(room, {}).setdefault(value.__module__, {})[name] = value
    made = {"reference": "\n".join(_index(names, rooms))}
    return made | {f"reference-{room}": "\n".join(_room(room, rooms[room])) for room in sorted(rooms)}


def _index(names: dict[str, Any], rooms: dict[str, Any]) -> Iterator[str]:
    yield from ("# Reference", "", f"{len(names)} public names, by room. `import nfscratch as nf`.", "")
    yield from ("```{toctree}", ":hidden:", "", *(f"reference-{room}" for room in sorted(rooms)), "```", "")
    for room in sorted(rooms):
        yield from (f"## {room}", "", "| name | what it is |", "|---|---|")
        for name, value in sorted((n, v) for files in rooms[room].values() for n, v in files.items()):
            yield f"| [`{name}`](#{anchor(name)}) | {escaped(_first(value))} |"
        yield ""


def _room(room: str, files: dict[str, dict[str, Any]]) -> Iterator[str]:
    yield f"# nfscratch.{room}"
    for file in sorted(files):
        module = importlib.import_module(file)
        yield from ("", f"## {file.replace('.', '/')}.py", "", *shown(inspect.getdoc(module)))
        for name, value in files[file].items():
            yield from _entry(name, value)


def _entry(name: str, value: Any) -> Iterator[str]:
    yield from ("", f"({anchor(name)})=", f"### {name}", "", "```python", _signature(name, value), "```", "")
    own_doc = vars(value).get("__doc__") if inspect.isclass(value) else value.__doc__
    yield from shown(inspect.cleandoc(own_doc or ""))
    for method, function in vars(value).items() if inspect.isclass(value) else ():
        if not method.startswith("_") and inspect.isfunction(function) and function.__doc__:
            yield from ("", "```python", _signature(f".{method}", function), "```", "")
            yield from shown(inspect.cleandoc(function.__doc__))


def _signature(name: str, value: Any) -> str:
    try:
        given = inspect.signature(value)
    except (TypeError, ValueError):
        return name
    plain = [p.replace(annotation=inspect.Parameter.empty) for p in given.parameters.values() if p.name != "self"]
    return name + re.sub(r"0x[0-9a-f]+", "...", str(given.replace(parameters=plain, return_annotation=given.empty)))


def _first(value: Any) -> str:
    return (inspect.getdoc(value) or "").split("\n\n")[0].replace("\n", " ")


def anchor(name: str) -> str:
    """Labels do not know capitals, so that a class has another one than the function of its name."""
    kind = "class-" if name.rpartition(".")[2][0].isupper() else ""
    return f"api-{kind}" + name.removeprefix("nf.").lower().replace(".", "-").replace("_", "-")


def shown(docstring: str | None) -> Iterator[str]:
    """A docstring as MyST: nothing is interpreted, and nothing lost."""
    for is_prose, paragraph in _paragraphs(docstring or ""):
        yield from ([escaped(paragraph)] if is_prose else ["```text", paragraph, "```"])
        yield ""


def _paragraphs(text: str) -> Iterator[tuple[bool, str]]:
    """(whether it is prose, paragraph); paragraphs with a layout that follow one another stay together."""
    kept: list[str] = []
    for paragraph in re.split(r"\n\s*\n", text.strip("\n")):
        if not re.search(r"^ |\S {2,}\S|^- |^\d\. |=$", paragraph, re.MULTILINE):
            if kept:
                yield False, "\n\n".join(kept)
                kept = []
            yield True, paragraph
        elif paragraph.strip():
            kept.append(paragraph)
    if kept:
        yield False, "\n\n".join(kept)


def escaped(text: str) -> str:
    """Text in which Markdown finds no signs but backticks in pairs."""
    parts = re.split(r"(`[^`\n]+`)", text)
    parts[::2] = [PUNCTUATION.sub(r"\\\1", part).replace("`", "\\`") for part in parts[::2]]
    return "".join(parts)
