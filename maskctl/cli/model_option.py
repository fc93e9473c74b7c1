"""Which `.param` a command works on when it is not told."""

from __future__ import annotations

import os
from pathlib import Path

from maskctl.errors import InputError

VARIABLE = "MASKCTL_MODEL"


def find_model(given: str | None) -> str:
    """The model given, else the one in MASKCTL_MODEL, else the only .param in the current folder.

    Raises `InputError` that lists the candidates when there is not exactly one.
    """
    named = given or os.environ.get(VARIABLE)
    if named:
        return named
    found = sorted(str(path) for path in Path().glob("*.param"))
    if len(found) == 1:
        return found[0]
    what = f"this folder has {len(found)}: {', '.join(found)}" if found else "this folder has none"
    raise InputError(f"which .param? {what[0].upper()}{what[1:]}. Give one with --model FILE, or set {VARIABLE}.")


def weights_of(output: str, model: str, weights: str | None = None) -> str:
    """Where the weights of a model just written to `output` are, or "" where they are beside it."""
    beside, source = Path(output).with_suffix(".bin"), weights or Path(model).with_suffix(".bin")
    return "" if beside.exists() else f"weights are still {source}: use --bin {source}, or copy it to {beside}"
