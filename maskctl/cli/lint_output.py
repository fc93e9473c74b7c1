"""What `maskctl lint` prints: findings, their summary, the rules and their pages."""

from __future__ import annotations

import os
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from maskctl.cli.text import counted, print_table, table

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


def show(report: Report, options: dict[str, Any]) -> None:
    """The findings on stdout; what could not be read, and the summary, on stderr."""
    from maskctl.report.lint.text import concise, full

    if options["statistics"]:
        _statistics(report)
    elif options["format_"] == "concise":
        click.echo(concise(report), nl=False)
    else:
        text = full(report, _width(), _paint())
        click.echo(text + "\n" * bool(text and not options["quiet"] and sys.stdout.isatty()), nl=False, color=True)
    for problem in report.unreadable:
        click.echo(f"maskctl: {problem}", err=True)
    if not options["quiet"] and (report.files or not report.unreadable):
        click.echo(_summary(report), err=True)


def _summary(report: Report) -> str:
    """How much was found in how many files."""
    files = counted(len(report.files), "file")
    if not report.counts:
        return f"All clean: {files}."
    parts = [
        f"{count:,} infos" if severity.value == "info" and count > 1 else counted(count, severity.value)
        for severity, count in report.counts.items()
    ]
    fixes = [finding.problem.fix for finding in report.findings if finding.problem.fix]
    safe = sum(fix.is_safe for fix in fixes)
    ways = [f"{safe:,} fixable with --fix"] if safe else []
    ways += [f"{len(fixes) - safe:,} with --unsafe-fixes"] if len(fixes) > safe else []
    return f"Found {', '.join(parts)} in {files}{' (' + ', '.join(ways) + ')' if ways else ''}."


def _statistics(report: Report) -> None:
    """How often each rule was broken, the most broken first."""
    counts = Counter((finding.rule, finding.severity.value) for finding in report.findings)
    made = table("count", "rule", "severity", numbers=("count",))
    for (rule, severity), count in sorted(counts.items(), key=lambda row: (-row[1], row[0])):
        made.add_row(f"{count:,}", rule, severity)
    if counts:
        print_table(made)


def list_rules() -> int:
    """Every rule with its group, its severity and its mistake in a sentence."""
    from maskctl.lint.rule import rules

    made = table("rule", "group", "severity", "mistake")
    for rule in rules().values():
        made.add_row(rule.name, rule.group, rule.severity.value, rule.summary)
    print_table(made)
    return 0


def explain(name: str) -> int:
    """The page of one rule."""
    from maskctl.errors import InputError, did_you_mean
    from maskctl.lint.rule import rules

    rule = rules().get(name)
    if rule is None:
        hint = did_you_mean(name, rules(), "See maskctl lint --list-rules.")
        raise InputError(f"--explain '{name}' is no rule. {hint}")
    click.echo(f"{rule.name} ({rule.group}, {rule.severity.value})\n\n{rule.page}")
    return 0


def _width() -> int:
    """Columns for a line of a file: those of the terminal, or what a log shows without scrolling."""
    import shutil

    return shutil.get_terminal_size().columns if sys.stdout.isatty() else _PIPE_WIDTH


def _paint() -> Paint:
    """Colours where a terminal shows them, or FORCE_COLOR asks for them; none where NO_COLOR does."""
    from maskctl.report.lint.text import plain

    wanted = sys.stdout.isatty() or bool(os.environ.get("FORCE_COLOR"))
    if os.environ.get("NO_COLOR") or not wanted or os.environ.get("TERM") == "dumb":
        return plain
    return lambda text, kind: click.style(text, **_COLOURS[kind])
