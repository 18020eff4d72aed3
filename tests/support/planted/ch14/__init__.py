"""Bodies for the tasks of chapter 14."""

from planted.ch14.right import RIGHT  # noqa: F401
from planted.ch14.wrong import WRONG  # noqa: F401
