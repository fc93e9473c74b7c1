"""What `maskctl lint` prints: findings, their summary, the rules and their pages."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, BinaryIO, TextIO

import click

from maskctl import __version__
from maskctl.cli.text import counted, print_table, table, width
from maskctl.cli.writing import write_file

if TYPE_CHECKING:
    from maskctl.lint.report import Report
    from maskctl.report.lint.text import Paint

_COLOURS: dict[str, dict[str, Any]] = {
    "error": {"fg": "red", "bold": True},
    "warning": {"fg": "yellow", "bold": True},
    "info": {"fg": "blue", "bold": True},
    "place": {"bold": True},
    "rule": {"fg": "cyan"},
    "mark": {"fg": "red", "bold": True},
    "quiet": {"dim": True},
}
_PIPE_WIDTH = 120
_PIECE = 1 << 14
_MOST_COLUMNS = 100


def show(report: Report, options: dict[str, Any], *, is_stdin: bool) -> None:
    """The findings on stdout; what could not be read, and the summary, on stderr.

    With --diff the differences are on stdout instead; of repaired stdin its text, and the findings on stderr.
    """
    from maskctl.param.diff import diff_of_texts

    prints_text = is_stdin and options["fix"]
    if options["diff"]:
        for file in report.files:
            click.echo(diff_of_texts(file.source, file.text, file.path, file.path), nl=False)
    else:
        if prints_text:
            click.echo(report.files[0].text, nl=False)
        _findings(report, options, err=prints_text)
    for note in report.notes:
        click.echo(f"maskctl: note: {note}", err=True)
    for problem in report.failures:
        click.echo(f"maskctl: {problem}", err=True)
    if not options["quiet"] and (report.files or not report.failures):
        click.echo(_summary(report, would=options["diff"]), err=True)


def _findings(report: Report, options: dict[str, Any], *, err: bool) -> None:
    """The findings in the format asked for, where they were asked for."""
    stream = sys.stderr if err else sys.stdout
    if options["statistics"]:
        _statistics(report, err=err)
    elif options["output"]:
        pieces = _rendered(report, _format(options), None)

        def written(file: BinaryIO) -> None:
            for text in _gathered(pieces):
                file.write(text.encode("utf-8", "backslashreplace"))

        write_file(options["output"], written)
    else:
        is_empty = True
        for text in _gathered(_rendered(report, _format(options), stream)):
            click.echo(text, nl=False, color=True, err=err)
            is_empty = False
        if not is_empty and not options["quiet"] and stream.isatty():
            click.echo(err=err)


def _gathered(pieces: Iterable[str]) -> Iterator[str]:
    """The pieces of a text gathered to some that are worth writing, and no longer.

    Python takes a text for written when the reader of a pipe goes in the middle of a large one.
    """
    waiting, length = [], 0
    for piece in pieces:
        waiting.append(piece)
        length += len(piece)
        if length >= _PIECE:
            text = "".join(waiting)
            yield from (text[start : start + _PIECE] for start in range(0, length, _PIECE))
            waiting, length = [], 0
    if length:
        yield "".join(waiting)


def _format(options: dict[str, Any]) -> str:
    """The format asked for; without one that of GitHub Actions where these run it, and they would show it."""
    in_actions = os.environ.get("GITHUB_ACTIONS") == "true" and not options["output"]
    return options["format_"] or ("github" if in_actions else "full")


def _rendered(report: Report, name: str, stream: TextIO | None) -> Iterable[str]:
    """The report in a format, in pieces; `stream` is what shows it, None for a file."""
    return _FORMATS[name](report, stream)


def _full(report: Report, stream: TextIO | None) -> Iterable[str]:
    from maskctl.report.lint.text import full

    return (full(report, _width(stream), _paint(stream)),)


def _concise(report: Report, _: TextIO | None) -> Iterable[str]:
    from maskctl.report.lint.text import concise

    return (concise(report),)


def _document(report: Report, _: TextIO | None) -> Iterable[str]:
    from maskctl.report.lint.document import lint_to_json

    return _json(lint_to_json(report, __version__))


def _github(report: Report, _: TextIO | None) -> Iterable[str]:
    from maskctl.report.lint.github import github

    return (github(report, _in_repository),)


def _sarif(report: Report, _: TextIO | None) -> Iterable[str]:
    from maskctl.report.lint.sarif import sarif

    return _json(sarif(report, __version__, _in_repository))


def _junit(report: Report, _: TextIO | None) -> Iterable[str]:
    from maskctl.report.lint.junit import junit

    return (junit(report),)


_FORMATS: dict[str, Callable[[Report, TextIO | None], Iterable[str]]] = {
    "full": _full,
    "concise": _concise,
    "json": _document,
    "github": _github,
    "sarif": _sarif,
    "junit": _junit,
}
"""How each format is made; a stream, None for a file, is what shows it."""


def _json(found: dict[str, Any]) -> Iterator[str]:
    from maskctl.report.lint.json_text import json_pieces

    yield from json_pieces(found)
    yield "\n"


def _in_repository(path: str) -> str:
    """A path as the repository has it: from the workspace of GitHub Actions, or else as it is."""
    workspace = os.environ.get("GITHUB_WORKSPACE")
    if not workspace:
        return path
    found = os.path.relpath(os.path.realpath(path), os.path.realpath(workspace))
    return path if found.startswith("..") else found


def _summary(report: Report, *, would: bool) -> str:
    """How much was found in how many files, and mended."""
    files = counted(len(report.files), "file")
    fixed = len(report.fixed)
    mended = f"{'Would mend' if would else 'Mended'} {counted(fixed, 'finding')}. " if fixed else ""
    if not report.counts:
        return f"{mended}All clean{' then' if fixed and would else ''}: {files}."
    parts = [
        f"{count:,} infos" if severity.value == "info" and count > 1 else counted(count, severity.value)
        for severity, count in report.counts.items()
    ]
    return f"{mended}{'Left' if fixed else 'Found'} {', '.join(parts)} in {files}{_fixable(report)}."


def _fixable(report: Report) -> str:
    """How much of what was found could be mended, and how."""
    fixes = [finding.problem.fix for finding in report.findings if finding.problem.fix]
    safe = sum(fix.is_safe for fix in fixes)
    ways = [f"{safe:,} fixable with --fix"] if safe else []
    ways += (
        [f"{len(fixes) - safe:,} {'' if safe else 'fixable '}with --fix --unsafe-fixes"] if len(fixes) > safe else []
    )
    return f" ({', '.join(ways)})" if ways else ""


def _statistics(report: Report, *, err: bool) -> None:
    """How often each rule was broken, the most broken first."""
    counts = Counter((finding.rule, finding.severity.value) for finding in report.findings)
    made = table("count", "rule", "severity", numbers=("count",))
    for (rule, severity), count in sorted(counts.items(), key=lambda row: (-row[1], row[0])):
        made.add_row(f"{count:,}", rule, severity)
    if counts:
        print_table(made, err=err)


def list_rules() -> int:
    """Every rule with its group, its severity, "off" where it has to be asked for, what mends it, and its mistake."""
    from maskctl.lint.fixable import fix_option
    from maskctl.lint.rule import rules

    made = table("rule", "group", "severity", "fixable", "mistake")
    for rule in rules().values():
        severity = rule.severity.value if rule.is_default else f"{rule.severity.value}, off"
        made.add_row(rule.name, rule.group, severity, fix_option(rule), rule.summary)
    print_table(made)
    return 0


def explain(name: str) -> int:
    """The page of one rule, its text as wide as the terminal, but no wider than is read well."""
    import textwrap

    from maskctl.errors import InputError, did_you_mean
    from maskctl.lint.fixable import fix_option
    from maskctl.lint.page import prose
    from maskctl.lint.rule import rules

    rule = rules().get(name)
    if rule is None:
        hint = did_you_mean(name, rules(), "See maskctl lint --list-rules.")
        raise InputError(f"--explain '{name}' is no rule. {hint}")
    said = prose(rule.page)
    columns = min(width(), _MOST_COLUMNS)
    paragraphs = [
        part if part.startswith((" ", "- ", "|")) else textwrap.fill(part, columns) for part in said.split("\n\n")
    ]
    facts = [rule.group, rule.severity.value, *(["off by default"] if not rule.is_default else [])]
    facts += [f"mended by {fix_option(rule)}"] if fix_option(rule) else []
    text = "\n\n".join([f"{rule.name} ({', '.join(facts)})", *paragraphs])
    click.echo(text + rule.page.removeprefix(said))
    return 0


def _width(stream: TextIO | None) -> int:
    """Columns for a line of a file: those of the terminal, or what a log shows without scrolling."""
    import shutil

    return shutil.get_terminal_size().columns if stream and stream.isatty() else _PIPE_WIDTH


def _paint(stream: TextIO | None) -> Paint:
    """Colours where a terminal shows them, or FORCE_COLOR asks for them; none where NO_COLOR does."""
    from maskctl.report.lint.text import plain

    wanted = stream is not None and (stream.isatty() or bool(os.environ.get("FORCE_COLOR")))
    if os.environ.get("NO_COLOR") or not wanted or os.environ.get("TERM") == "dumb":
        return plain
    return lambda text, kind: click.style(text, **_COLOURS[kind])
