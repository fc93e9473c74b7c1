"""The line of a finding, and the mark under it."""

from __future__ import annotations

import time

import pytest

from maskctl.lint.finding import Span
from maskctl.report.lint.snippet import snippet


@pytest.mark.parametrize(
    ("line", "span", "expected"),
    [
        ("ReLU relu 1 1 a b\r\n", Span(1, 6, 4), ("ReLU relu 1 1 a b", "     ^^^^")),
        ("  ReLU relu \n", Span(1, 0, 0), ("  ReLU relu", "  ^^^^^^^^^")),
        ("层 x\n", Span(1, 3, 1), ("层 x", "   ^")),
        ("a\tb\n", Span(1, 3, 1), ("a    b", "     ^")),
        ("a\udcff\x1b[31m b\n", Span(1, 9, 1), (r"a\udcff\x1b[31m b", "                ^")),
        ("ab\n", Span(1, 3, 1), ("ab", "  ^")),
        ("ab\n", Span(1, 9, 4), ("ab", "  ^")),
        ("\n", Span(1, 1, 0), ("", "^")),
    ],
)
def test_short_lines(line: str, span: Span, expected: tuple[str, str]) -> None:
    """The mark stands under the characters, behind tabs, wide and unprintable ones too, and at the end of the line."""
    assert expected == snippet(line, span, 40)


@pytest.mark.parametrize("start", [0, 3, 19, 200, 480, 496])
@pytest.mark.parametrize("wide", [False, True])
def test_long_lines(start: int, *, wide: bool) -> None:
    """A long line is cut to its width, on whichever side has to go, with the marked characters whole in what is left."""
    line = ("x" * start + "MARK" + "y" * (496 - start)).replace("x", "层" if wide else "x")
    shown, marks = snippet(line, Span(1, start + 1, 4), 40)
    columns = sum(2 if character == "层" else 1 for character in shown)
    before = shown[: shown.index("MARK")]
    assert "^^^^" == marks.lstrip()
    assert len(marks) - 4 == len(before) + before.count("层")
    assert columns in {38, 39, 40}


@pytest.mark.parametrize(("start", "before"), [(0, ""), (3_000_000, "…"), (6_000_000, "…")])
def test_of_a_huge_line_only_what_is_near_is_looked_at(start: int, before: str) -> None:
    """Millions of characters, also such that take no column, cost no more than a copy, and say that they go on."""
    line = "\u0301" * start + "MARK" + "\u0301" * (6_000_000 - start)
    began = time.process_time()
    shown, marks = snippet(line, Span(1, start + 1, 4), 40)
    assert time.process_time() - began < 0.5
    assert (before, "…" if start < 6_000_000 else "") == (shown[:1].strip("M"), shown[-1:].strip("K"))
    assert " " * len(before) + "^^^^" == marks


def test_long_mark() -> None:
    """Of a mark that is wider than the terminal the beginning is shown."""
    shown, marks = snippet("a=" + "9" * 100, Span(1, 3, 100), 20)
    assert ("…" + "9" * 18 + "…", " " + "^" * 18) == (shown, marks)
