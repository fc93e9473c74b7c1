"""The schemas of the documentation, and what they say of a document."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

FOLDER = Path(__file__).resolve().parent.parent.parent / "docs" / "schemas"


@cache
def schema(name: str) -> dict[str, Any]:
    """A schema by the name of its file."""
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return found


def complaints(name: str, document: Any) -> list[str]:
    """What a schema has against a document."""
    found = jsonschema.Draft202012Validator(schema(name)).iter_errors(document)
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in found]


def objects(part: Any) -> Iterator[dict[str, Any]]:
    """All objects that a schema describes key by key."""
    if isinstance(part, dict):
        if "properties" in part:
            yield part
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            yield from objects(inner)
