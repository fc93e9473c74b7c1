"""The tables of cases, one file per family of kernels; each has `CASES`."""

from __future__ import annotations

import importlib
import pkgutil

from conformance.case import Case


def families() -> dict[str, tuple[Case, ...]]:
    """The cases of every family by its file's name."""
    names = sorted(entry.name for entry in pkgutil.iter_modules(__path__))
    return {name: tuple(importlib.import_module(f"{__name__}.{name}").CASES) for name in names}
