"""Repairs: the edits of fixes made in a text, which is then linted again, until nothing is left to mend."""

from __future__ import annotations

import re
from bisect import bisect, insort
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from maskctl.errors import EditRefusedError
from maskctl.lint.editing import edited
from maskctl.lint.finding import Edit, Finding, Severity
from maskctl.lint.rule import rules
from maskctl.lint.run import lint
from maskctl.lint.subject import Subject
from maskctl.param.scan import scan

_MOST_ROUNDS = 50
"""A fix may make room for another; more rounds than this are no repair but a quarrel of two rules."""


def repaired(
    subject: Subject, check: Callable[[Subject], tuple[Finding, ...]], *, unsafe: bool
) -> tuple[Subject, tuple[Finding, ...], tuple[Finding, ...]]:
    """The file without what can be mended of what `check` finds, what is then left, and what was mended.

    Unsafe fixes are made only where they are asked for. Raises `EditRefusedError` where less of the file could be read than
    before or, with safe fixes alone, it would have more errors, by any rule.
    """
    before, findings = subject, check(subject)
    mended: list[Finding] = []
    texts = {subject.source}
    for _ in range(_MOST_ROUNDS):
        text, made = with_fixes(subject.scan.lines, findings, unsafe=unsafe)
        data = text.encode("utf-8", "surrogateescape")
        if not made or data in texts:
            break
        texts.add(data)
        mended += made
        subject = replace(subject, source=data, scan=scan(data, subject.path))
        findings = check(subject)
    if mended:
        _refuse_worse(before, subject, unsafe=unsafe)
    return subject, findings, tuple(mended)


def _refuse_worse(before: Subject, after: Subject, *, unsafe: bool) -> None:
    """Refuses what no longer can be read, and of safe repairs also more errors.

    An unsafe one may bring to light what a mistake has hidden: a type spelled right has weights to be wrong.
    """
    new: object
    if len(after.scan.errors) <= len(before.scan.errors):
        if unsafe:
            return
        had, has = (_errors(subject) for subject in (before, after))
        if len(has) <= len(had):
            return
        known = {finding.fingerprint for finding in had}
        new = next((finding for finding in has if finding.fingerprint not in known), "")
    else:
        new = after.scan.errors[-1]
    raise EditRefusedError(
        f"the repaired text would have more errors than before: {new}. Nothing was written. This is a bug in maskctl; mend the "
        "file by hand.",
        before.path,
    )


def _errors(subject: Subject) -> list[Finding]:
    return [finding for finding in lint(subject, rules().values()) if finding.severity is Severity.ERROR]


def with_fixes(lines: Sequence[str], findings: Iterable[Finding], *, unsafe: bool) -> tuple[str, tuple[Finding, ...]]:
    r"""The text with as many fixes made as do not touch each other, the first first, and the findings they were of.

    Lines that are put in end as the first line of the file does.
    """
    by_line = defaultdict[int, list[Edit]](list)
    made = []
    for finding in findings:
        fix = finding.problem.fix
        if fix is None or not (fix.is_safe or unsafe):
            continue
        if any(_touches_one(edit, by_line[edit.line]) for edit in fix.edits):
            continue
        for edit in fix.edits:
            insort(by_line[edit.line], edit)
        made.append(finding)
    edits = [edit for of_line in by_line.values() for edit in of_line]
    if lines and lines[0].endswith("\r\n"):
        edits = [edit._replace(text=_LINE_FEED.sub("\r\n", edit.text)) for edit in edits]
    return edited((*lines, ""), edits), tuple(made)


_LINE_FEED = re.compile(r"\r?\n")


def _touches_one(edit: Edit, others: Sequence[Edit]) -> bool:
    """True where an edit touches one of those of its line, which are in order and do not touch each other."""
    place = bisect(others, edit)
    return any(_touch(edit, other) for other in others[max(place - 1, 0) : place + 1])


def _touch(one: Edit, other: Edit) -> bool:
    """True where two edits of a line overlap, or where one puts text in at an end of the other."""
    if one.start == one.end or other.start == other.end:
        return one.start <= other.end and other.start <= one.end
    return one.start < other.end and other.start < one.end
