"""The tables of rows, one file per family of layer types; each has `ROWS`."""

from __future__ import annotations

import importlib
import pkgutil

from tests.layers.row import Row


def families() -> dict[str, tuple[Row, ...]]:
    """The rows of every family by its file's name."""
    names = sorted(entry.name for entry in pkgutil.iter_modules(__path__))
    return {name: tuple(importlib.import_module(f"{__name__}.{name}").ROWS) for name in names}
