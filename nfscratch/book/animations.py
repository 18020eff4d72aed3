"""Animations: a paragraph that begins with "*Animation `moons_warp`.*" is the caption of that animated image.

assets/animations/ holds each as an animated WebP and as a still PNG. Paper shows the still, and so does a browser whose
reader asked for reduced motion (animations.css). The still is loaded at once: paper does not wait for it.
"""

from __future__ import annotations

import re
from pathlib import Path

from nfscratch.book import captions

FOLDER = Path(__file__).parent / "assets" / "animations"
CAPTION = re.compile(r"^\*Animation `(?P<name>\w+)`\.\*\s+(?P<words>.*?)(?=\n\s*\n|\Z)", re.DOTALL | re.MULTILINE)
SHOWN = """::::{{container}} animation
```{{raw}} html
<img class="animation-moving" {webp} src="_static/animations/{name}.webp" alt="{alt}" loading="lazy">
<img class="animation-still" {png} src="_static/animations/{name}.png" alt="{alt}">
```

{words}
::::
"""


def placed(text: str) -> str:
    """With an animation in place of each caption. Raises ValueError where there is none of that name."""
    return CAPTION.sub(lambda match: _shown(**match.groupdict()), text)


def _shown(name: str, words: str) -> str:
    missing = [f"{name}.{suffix}" for suffix in ("webp", "png") if not (FOLDER / f"{name}.{suffix}").is_file()]
    if missing:
        raise ValueError(
            f"the caption of animation {name} must have its files in assets/animations; missing: {missing}"
        )
    sizes = {kind: 'width="{}" height="{}"'.format(*_size(f"{name}.{kind}")) for kind in ("webp", "png")}
    return SHOWN.format(name=name, alt=captions.alt(words), words=words, **sizes)


def _size(file: str) -> tuple[int, int]:
    from PIL import Image

    with Image.open(FOLDER / file) as image:
        return image.size
