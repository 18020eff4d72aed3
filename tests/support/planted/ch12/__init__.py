"""Bodies for the tasks of chapter 12."""

from planted.ch12.right import RIGHT  # noqa: F401
from planted.ch12.wrong import WRONG  # noqa: F401
