"""Bodies for the tasks of chapter 02."""

from planted.ch02.right import RIGHT  # noqa: F401
from planted.ch02.wrong import WRONG  # noqa: F401
