"""A site on a free port of this machine, and a browser that reaches nothing else and writes down what goes wrong."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from nfscratch.book.commands import Handler


class Plain(http.server.SimpleHTTPRequestHandler):
    """Without the headers that shared memory needs: what a simple static host sends."""

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@contextmanager
def served(folder: Path, handler: type = Handler) -> Iterator[str]:
    """The site's address, as long as the block lasts."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(handler, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@dataclass
class Watched:
    """A page of the browser, and what it asked for, said and received."""

    page: Any
    faults: list[str] = field(default_factory=list)
    received: dict[str, int] = field(default_factory=dict)  # bytes by path, of this site

    def forget(self) -> None:
        self.faults, self.received = [], {}


def watched(context: Any, host: str) -> Watched:
    """A new page. A request to another host is stopped, and is a fault; so are errors, and files that are missing."""
    seen = Watched(context.new_page())

    def asked(route):
        if route.request.url.startswith((host, "data:", "blob:")):
            return route.continue_()
        seen.faults.append(f"it asks another host: {route.request.url}")
        return route.abort()

    def answered(response):
        if response.status >= 400:
            seen.faults.append(f"{response.url}: {response.status}")
        length = int(response.headers.get("content-length", 0))
        seen.received[urlparse(response.url).path] = length

    seen.page.route("**/*", asked)
    seen.page.on("response", answered)
    seen.page.on("console", lambda m: seen.faults.append(f"console: {m.text}") if m.type == "error" else None)
    seen.page.on("pageerror", lambda error: seen.faults.append(f"error: {error}"))
    return seen
