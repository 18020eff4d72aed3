"""Bodies for the tasks of chapter 05."""

from planted.ch05.right import RIGHT  # noqa: F401
from planted.ch05.wrong import WRONG  # noqa: F401
