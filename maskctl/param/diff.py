"""The difference between two texts of one file, as a unified diff."""

from __future__ import annotations

import difflib

from maskctl.param.document import ParamDocument
from maskctl.param.text import Lines


def unified_diff(document: ParamDocument, path: str) -> str:
    """What changed since the document was read, with one line of context, as `patch` takes it; empty when nothing did.

    `path` is where the document goes; it came from `document.path`.
    """
    return diff_of_texts(document.source, document.to_bytes(), document.path, path)


def diff_of_texts(before: bytes, after: bytes, old_path: str, new_path: str) -> str:
    """The difference of two texts of a file, with one line of context, as `patch` takes it; empty where there is none."""
    old, new = (list(Lines(data)) for data in (before, after))
    rows = difflib.unified_diff(old, new, old_path, new_path, n=1)
    text = "".join(row if row.endswith("\n") else row + "\n\\ No newline at end of file\n" for row in rows)
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
