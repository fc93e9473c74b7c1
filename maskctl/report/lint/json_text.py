"""JSON as it is written, piece by piece: rows come one by one, so that a document of many is never there as a whole."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

_STEP = "  "
_encoded = json.JSONEncoder(allow_nan=False).encode


def json_pieces(document: Mapping[str, Any], margin: str = "\n") -> Iterator[str]:
    r"""The text of a document, as `json.dumps` writes it with an indent of two; `margin` is what begins its last line.

    Values may be iterators, whose rows are made when their turn comes, and a row may be a document with iterators again. Raises
    `ValueError` for a float that is not finite.

    >>> print("".join(json_pieces({"rows": iter([{"a": 1}, {"a": None}]), "none": iter(())})))
    {
      "rows": [
        {
          "a": 1
        },
        {
          "a": null
        }
      ],
      "none": []
    }
    """
    inner, comma = margin + _STEP, ""
    yield "{"
    for key, value in document.items():
        yield f"{comma}{inner}{_key(key)}"
        if isinstance(value, Iterator):
            yield from _rows(value, inner)
        else:
            yield _text(value, inner)
        comma = ","
    yield margin + "}"


def _rows(rows: Iterator[Any], margin: str) -> Iterator[str]:
    """A list of rows that come one by one."""
    inner, before, end = margin + _STEP, "[", "[]"
    for row in rows:
        yield before + inner
        if isinstance(row, Mapping) and any(isinstance(value, Iterator) for value in row.values()):
            yield from json_pieces(row, inner)
        else:
            yield _text(row, inner)
        before, end = ",", margin + "]"
    yield end


def _text(value: Any, margin: str) -> str:
    """A value that is there as a whole: what `json.dumps` takes with keys that are strings, and any other mapping too."""
    if value is None or isinstance(value, str):
        return "null" if value is None else _encoded(value)
    inner = margin + _STEP
    if isinstance(value, (list, tuple)):
        return f"[{inner}{f',{inner}'.join([_text(each, inner) for each in value])}{margin}]" if value else "[]"
    if isinstance(value, Mapping):
        items = [f"{_key(key)}{_text(each, inner)}" for key, each in value.items()]
        return f"{{{inner}{f',{inner}'.join(items)}{margin}}}" if items else "{}"
    return _encoded(value)


@lru_cache(maxsize=256)
def _key(name: str) -> str:
    """A key with its colon; rows have the same ones again and again."""
    return f"{_encoded(name)}: "
