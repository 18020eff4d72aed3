"""Pictures for pages: the figures that chapters drew, in 256 colours: their files are less than half as large."""

from __future__ import annotations

from pathlib import Path

COLOURS = 256


def copied(source: Path, target: Path) -> None:
    """Write the figures of folder `source` into `target`; what is there and newer stays."""
    target.mkdir(parents=True, exist_ok=True)
    for path in source.glob("*.png"):
        made = target / path.name
        if not made.is_file() or made.stat().st_mtime <= path.stat().st_mtime:
            _smaller(path, made)


def _smaller(path: Path, made: Path) -> None:
    from PIL import Image

    with Image.open(path) as image:
        flat = Image.new("RGB", image.size, "white")
        flat.paste(image, mask=image.convert("RGBA").getchannel("A"))
    flat.quantize(COLOURS, dither=Image.Dither.NONE).save(made, optimize=True)
