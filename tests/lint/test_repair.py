"""Repairs: which edits are made, how often, and when they are refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from maskctl.errors import EditRefusedError
from maskctl.lint.conditions import Conditions
from maskctl.lint.files import subject_from
from maskctl.lint.finding import Edit, Finding, Fix, Problem, Severity
from maskctl.lint.repair import repaired, with_fixes
from maskctl.lint.rule import rules
from maskctl.lint.run import lint
from maskctl.lint.subject import Subject

LINES = ("one two\n", "three\n")


def finding(*edits: Edit, is_safe: bool = True) -> Finding:
    """A finding that these edits would mend."""
    return Finding("net.param", "rule", Severity.ERROR, Problem("", fix=Fix("", edits, is_safe)))


@pytest.mark.parametrize(
    ("fixes", "expected", "made"),
    [
        ([(Edit(1, 0, 3, "1"),), (Edit(1, 4, 7, "2"),)], "1 2\nthree\n", 2),
        ([(Edit(1, 0, 3, "1"),), (Edit(1, 2, 5, "x"),)], "1 two\nthree\n", 1),
        (
            [(Edit(1, 0, 3, "1"), Edit(2, 0, 1, "T")), (Edit(2, 0, 2, "x"), Edit(1, 4, 7, "2"))],
            "1 two\nThree\n",
            1,
        ),
        ([(Edit(2, 0, 0, "new\n"),)], "one two\nnew\nthree\n", 1),
        ([(Edit(2, 0, 0, "new\n"),), (Edit(2, 0, 0, "other\n"),)], "one two\nnew\nthree\n", 1),
        ([(Edit(2, 0, 6, ""),)], "one two\n", 1),
        ([(Edit(3, 0, 0, "four\n"),)], "one two\nthree\nfour\n", 1),
    ],
)
def test_edits(fixes: list[tuple[Edit, ...]], expected: str, made: int) -> None:
    """Edits that do not touch are made together; of two fixes that do, the first is made, whole."""
    text, done = with_fixes(LINES, [finding(*edits) for edits in fixes], unsafe=False)
    assert (expected, made) == (text, len(done))


def test_unsafe_and_line_ends() -> None:
    """Unsafe fixes wait to be asked for, and lines put into a file with CRLF end in CRLF."""
    found = [finding(Edit(1, 0, 0, "new\n"), is_safe=False)]
    crlf = tuple(line.replace("\n", "\r\n") for line in LINES)
    assert ("".join(crlf), ()) == with_fixes(crlf, found, unsafe=False)
    assert "new\r\none two\r\nthree\r\n" == with_fixes(crlf, found, unsafe=True)[0]


def subject(text: str) -> Subject:
    """A file with this text."""
    return subject_from(text.encode(), "net.param", Conditions())


HEAD = "7767517\r\n{} 2\r\nInput\tdata 0 1 data 0=4 1=4 2=3\r\n"


def test_until_nothing_is_left() -> None:
    """A file is linted again after each round, and keeps every byte that no fix is about."""
    before = subject(HEAD.format(3) + "ReLU  relu 1 1 data relu 31=257  \r\n")

    def check(now: Subject) -> tuple[Finding, ...]:
        return lint(now, [rules()["layer-count-mismatch"], rules()["unknown-mask-bit"]])

    after, left, mended = repaired(before, check, unsafe=True)
    assert ((), {"layer-count-mismatch", "unknown-mask-bit"}) == (left, {row.rule for row in mended})
    assert (HEAD.format(2) + "ReLU  relu 1 1 data relu 31=1  \r\n").encode() == after.source


def test_worse_is_refused() -> None:
    """A repair that leaves the file with more errors than it had is refused, also by rules that were not asked for."""
    before = subject(HEAD.format(2) + "ReLU  relu 1 1 data relu\r\n")
    spoil = finding(Edit(4, 15, 19, "dta"))

    def check(now: Subject) -> tuple[Finding, ...]:
        return (spoil,) if now is before else ()

    with pytest.raises(EditRefusedError, match=r"net\.param: the repaired text would have more errors than before"):
        repaired(before, check, unsafe=False)


def test_what_a_mistake_has_hidden_may_come_to_light() -> None:
    """A repair of a type's spelling is made although the layer turns out to have wrong weights, which are mended next."""
    before = subject(HEAD.format(2) + "Convolutoin conv 1 1 data conv 0=4 1=3 6=1\r\n")
    chosen = [rules()[name] for name in ("unknown-layer-type", "weight-size-mismatch")]
    after, left, mended = repaired(before, lambda now: lint(now, chosen), unsafe=True)
    assert ((), ["unknown-layer-type", "weight-size-mismatch"]) == (left, [row.rule for row in mended])
    assert after.source.endswith(b"Convolution conv 1 1 data conv 0=4 1=3 6=108\r\n")


def test_rules_that_quarrel() -> None:
    """Fixes that undo each other end, and leave a text that was there before."""
    before = subject(HEAD.format(2) + "ReLU  relu 1 1 data relu 31=1\r\n")

    def check(now: Subject) -> tuple[Finding, ...]:
        other = "2" if "31=1" in now.scan.lines[3] else "1"
        return (finding(Edit(4, 28, 29, other)),)

    after, left, _ = repaired(before, check, unsafe=False)
    assert 1 == len(left)
    assert replace(after, source=before.source) == after or b"31=2" in after.source
