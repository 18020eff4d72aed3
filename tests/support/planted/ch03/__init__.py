"""Bodies for the tasks of chapter 03."""

from planted.ch03.right import RIGHT  # noqa: F401
from planted.ch03.wrong import WRONG  # noqa: F401
