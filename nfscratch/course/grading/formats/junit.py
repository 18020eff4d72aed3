"""JUnit: one XML file, a test suite for each submission and a test case for each check."""

from __future__ import annotations

import xml.etree.ElementTree as Xml
from collections.abc import Sequence
from pathlib import Path

from nfscratch.checkpoint import atomic
from nfscratch.course.grading.graded import Graded


def write(results: Sequence[Graded], folder: Path) -> list[Path]:
    suites = Xml.Element("testsuites", name="nfscratch")
    for found in results:
        suites.append(_suite(found))
    path = folder / "junit.xml"
    atomic.write(path, [Xml.tostring(suites, encoding="utf-8", xml_declaration=True)])
    return [path]


def _suite(found):
    checks = [(task, check) for task in found.tasks for check in task.checks]
    failed = sum(check.earned < check.points for _, check in checks)
    counts = {"tests": f"{len(checks)}", "failures": f"{failed}", "errors": "0", "time": f"{found.seconds}"}
    suite = Xml.Element("testsuite", name=_plain(found.id), **counts)
    for task, check in checks:
        case = Xml.SubElement(suite, "testcase", classname=f"task {task.id} {task.function}", name=check.title)
        if check.earned < check.points:
            Xml.SubElement(case, "failure", message=_plain(check.mistake)).text = _plain(check.message)
    return suite


def _plain(text):
    """Without the characters that XML cannot hold."""
    return "".join(c for c in text if c in "\n\t" or (c.isprintable() and not 0xD800 <= ord(c) <= 0xDFFF))
