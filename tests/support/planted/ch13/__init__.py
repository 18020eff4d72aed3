"""Bodies for the tasks of chapter 13."""

from planted.ch13.right import RIGHT  # noqa: F401
from planted.ch13.wrong import WRONG  # noqa: F401
