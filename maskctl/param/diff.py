"""The difference between two texts of one file, as a unified diff."""

from __future__ import annotations

import difflib

from maskctl.param.document import ParamDocument
from maskctl.param.scan import split_lines


def unified_diff(document: ParamDocument, path: str) -> str:
    """What changed since the document was read, with one line of context, as `patch` takes it; empty when nothing did.

    `path` is where the document goes; it came from `document.path`.
    """
    before = split_lines(document.source.decode("utf-8", "surrogateescape"))
    rows = difflib.unified_diff(before, document.lines, document.path, path, n=1)
    text = "".join(row if row.endswith("\n") else row + "\n\\ No newline at end of file\n" for row in rows)
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
