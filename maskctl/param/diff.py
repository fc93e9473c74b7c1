"""The difference between two texts of one file, as a unified diff."""

from __future__ import annotations

import difflib

from maskctl.param.document import ParamDocument


def unified_diff(document: ParamDocument, path: str) -> str:
    """What changed since the document was read, with one line of context; empty when nothing did.

    `path` is where the document goes; it came from `document.path`.
    """
    before = document.source.decode("utf-8", "replace").splitlines()
    after = document.to_bytes().decode("utf-8", "replace").splitlines()
    rows = difflib.unified_diff(before, after, document.path, path, n=1, lineterm="")
    return "".join(row + "\n" for row in rows)
