"""What could not be read, as problems of the rules that tell it."""

from __future__ import annotations

from collections.abc import Iterator

from maskctl.errors import ParamSyntaxError
from maskctl.lint.finding import Problem, Span
from maskctl.lint.subject import Subject
from maskctl.param.grammar import WORD


def problems(subject: Subject, mistake: str) -> Iterator[Problem]:
    """Every line that could not be read because of one mistake."""
    for error in subject.errors.get(mistake, ()):
        yield Problem(error.problem, span(subject, error))


def span(subject: Subject, error: ParamSyntaxError) -> Span:
    """The word at which reading ended; the whole file where the error names no line of it."""
    place = error.place
    if place is None or not 0 < place.line <= len(subject.scan.lines):
        return Span()
    start = max(place.column - 1, 0)
    word = WORD.match(subject.scan.lines[place.line - 1], start)
    return Span(place.line, place.column, len(word.group()) if word else 0)
