"""Patterns over paths, as settings files write them."""

from __future__ import annotations

import re
from functools import cache

_PART = re.compile(r"\*\*/|\*\*|\*|\?|\[!?\]?[^\]/]*\]|.", re.DOTALL)
_SPELLED = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def path_matches(path: str, pattern: str) -> bool:
    """True where the pattern is of this path, which is relative to the settings and has slashes.

    `*` stands for anything but a slash, `**` for anything; a pattern without a slash is of a file's name in any folder.

    >>> [path_matches("models/a/net.param", glob) for glob in ("*.param", "models/*.param", "models/**/*.param", "models/**")]
    [True, False, True, True]
    """
    return _regex(pattern if "/" in pattern else f"**/{pattern}").match(path) is not None


@cache
def _regex(pattern: str) -> re.Pattern[str]:
    return re.compile("".join(map(_spelled, _PART.findall(pattern.removeprefix("./")))) + r"\Z", re.DOTALL)


def _spelled(part: str) -> str:
    """A part of a pattern as a regular expression."""
    if part in _SPELLED:
        return _SPELLED[part]
    if len(part) > 1:  # a set of characters
        return "[" + ("^" if part[1] == "!" else "") + re.escape(part[1:-1].removeprefix("!")).replace(r"\-", "-") + "]"
    return re.escape(part)
