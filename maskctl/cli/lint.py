"""`maskctl lint`: mistakes in `.param` files, without running them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from maskctl.cli.engine_options import TARGET_NAMES

if TYPE_CHECKING:
    from maskctl.lint.conditions import Conditions
    from maskctl.lint.report import Report

FORMATS = ("full", "concise")
STDIN = "-"


@click.command("lint", short_help="Find mistakes in .param files without running them.")
@click.argument("paths", metavar="PATH...", nargs=-1)
@click.option("--select", multiple=True, metavar="RULES", help="Run these rules and groups only; separated by commas.")
@click.option("--ignore", multiple=True, metavar="RULES", help="Leave these rules and groups out.")
@click.option(
    "--extend-select", multiple=True, metavar="RULES", help="Run these rules too, also where --ignore names them."
)
@click.option("--target", type=click.Choice(TARGET_NAMES), help="What the files are for.  [default: arm82]")
@click.option("--runtime", metavar="VERSION", help="The engine that has to load the files, e.g. 1.0.20241226.")
@click.option("--shape", "shapes", multiple=True, metavar="BLOB=C,H,W", help="Shape of an input blob.")
@click.option(
    "--range", "ranges", multiple=True, metavar="BLOB=LO:HI", help="Range of an input blob, or one per channel."
)
@click.option("--no-weights", is_flag=True, help="Do not look at the .bin beside a file.")
@click.option("--stdin-filename", metavar="NAME", help="What the text on stdin, PATH -, is called.")
@click.option("--format", "format_", type=click.Choice(FORMATS), help="How findings are printed.  [default: full]")
@click.option("--strict", is_flag=True, help="Warnings fail too (exit 1).")
@click.option("--exit-zero", is_flag=True, help="Exit 0 whatever was found.")
@click.option("--quiet", is_flag=True, help="Print findings only.")
@click.option("--statistics", is_flag=True, help="Print how often each rule was broken, not where.")
@click.option("--list-rules", is_flag=True, help="List all rules and exit.")
@click.option("--explain", metavar="RULE", help="Print the page of a rule and exit.")
def command(paths: tuple[str, ...], **options: Any) -> int:
    """Find mistakes in .param files without running them.

    PATH is a file, a folder (all *.param in and below it), a pattern, or - for stdin; without one it is the current
    folder. Where a .bin of the same name lies beside a file, its weights are looked at too. Exit status 1: there are errors,
    or with --strict warnings. 2: the command line is wrong, or a file cannot be read.

    RULES are names of rules, or of groups: file, graph, params, mask, weights, all.

    \b
    Examples:
      maskctl lint models
      maskctl lint net.param --runtime 1.0.20241226 --select graph,mask
      maskctl lint --explain undefined-blob
    """
    from maskctl.cli import lint_output

    if options["list_rules"]:
        return lint_output.list_rules()
    if options["explain"]:
        return lint_output.explain(options["explain"])
    report = _lint(paths, options)
    lint_output.show(report, options)
    if report.unreadable:
        return 2
    return int(report.fails(strict=options["strict"]) and not options["exit_zero"])


def _lint(paths: Sequence[str], options: dict[str, Any]) -> Report:
    """What the rules asked for find in the files that are meant."""
    from dataclasses import replace

    from maskctl.errors import InputError
    from maskctl.lint.discover import discover
    from maskctl.lint.files import lint_files, report_on, subject_from
    from maskctl.lint.report import Report
    from maskctl.lint.select import chosen, selectors

    names = {option: selectors(_split(options[option]), _spelled(option)) for option in _CHOOSING}
    rules = chosen(names["select"], names["ignore"], names["extend_select"])
    conditions = _conditions(options)
    if STDIN in paths:
        if len(paths) > 1:
            raise InputError("'-' is the text on stdin, and goes with no other path. Give it alone.")
        subject = subject_from(sys.stdin.buffer.read(), options["stdin_filename"] or "<stdin>", conditions)
        return Report((report_on(subject, rules),), (), rules)
    if options["stdin_filename"]:
        raise InputError("--stdin-filename names the text on stdin, and no PATH is -. Give both, or neither.")
    files, missing = discover(paths or ["."])
    report = lint_files(files, rules, conditions)
    return replace(report, unreadable=(*missing, *report.unreadable))


_CHOOSING = ("select", "ignore", "extend_select")


def _spelled(option: str) -> str:
    return "--" + option.replace("_", "-")


def _split(values: Sequence[str]) -> list[str]:
    """Names given several times or separated by commas."""
    return [name.strip() for value in values for name in value.split(",") if name.strip()]


def _conditions(options: dict[str, Any]) -> Conditions:
    """What the files are held against."""
    from maskctl.cli.options import parse_ranges, parse_shapes
    from maskctl.errors import InputError
    from maskctl.lint.conditions import Conditions, parse_runtime
    from maskctl.targets import DEFAULT, TARGETS

    ranges = parse_ranges(options["ranges"], ())
    if "" in ranges:
        raise InputError("--range names no blob. Expected BLOB=LO:HI, e.g. data=0:255.")
    return Conditions(
        TARGETS[options["target"]] if options["target"] else DEFAULT,
        parse_runtime(options["runtime"], "--runtime") if options["runtime"] else 0,
        parse_shapes(options["shapes"]),
        ranges,
        reads_weights=not options["no_weights"],
    )
