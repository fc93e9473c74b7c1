r"""A rule's docstring taken apart: what it says, and the files of its examples.

An example is an indented block under `Bad:` or `Good:`, a whole `.param` file. Other files of the example follow it under
`Bad NAME:` or `Good NAME:`: `bin` holds 32-bit words as numbers (a storage tag is a 0 before its tensor), `lock` the `.param`
of which the lock beside it was made, `settings` the text of a `maskctl.toml`. In a `.param`, `\r` stands for a carriage
return.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_LABEL = re.compile(r"(Bad|Good)(?: (bin|lock|settings))?:\Z")
_INDENT = "    "


@dataclass(frozen=True)
class Example:
    """One example: whether the rule fires on it, its `.param`, and the files beside it by kind."""

    is_bad: bool
    param: str
    beside: Mapping[str, str]


def examples(page: str) -> tuple[Example, ...]:
    r"""The examples of a page, in its order.

    >>> examples("Why.\n\nBad:\n    7767517\n    1 1\n\nGood:\n    7767517\n")[1].param
    '7767517\n'
    """
    found: list[tuple[bool, str, dict[str, str]]] = []
    for kind, file, text in _blocks(page):
        if file:
            found[-1][2][file] = text
        else:
            found.append((kind == "Bad", text.replace(r"\r", "\r"), {}))
    return tuple(Example(*row) for row in found)


def prose(page: str) -> str:
    """What the page says before its examples."""
    return re.split(r"\n\n(?=(?:Bad|Good)(?: \w+)?:\n)", page, maxsplit=1)[0]


def as_markdown(page: str) -> str:
    r"""The page with its examples as blocks of code.

    >>> print(as_markdown("Why.\n\nBad:\n    7767517\n").replace("`", "'"))
    Why.
    <BLANKLINE>
    Bad:
    <BLANKLINE>
    '''text
    7767517
    '''
    """
    names = {"": "", "bin": ", its `.bin` as numbers", "lock": ", locked from", "settings": ", its `maskctl.toml`"}
    shown = [f"{kind}{names[file]}:\n\n```text\n{text}```" for kind, file, text in _blocks(page)]
    return "\n\n".join([prose(page), *shown])


def _blocks(page: str) -> Iterator[tuple[str, str, str]]:
    """Label, kind of file and text of every block."""
    lines = page.splitlines()
    for number, line in enumerate(lines):
        label = _LABEL.match(line)
        if label:
            block = []
            for text in lines[number + 1 :]:
                if text and not text.startswith(_INDENT):
                    break
                block.append(text.removeprefix(_INDENT))
            yield label.group(1), label.group(2) or "", "\n".join(block).strip("\n") + "\n"
