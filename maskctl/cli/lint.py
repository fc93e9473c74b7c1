"""`maskctl lint`: mistakes in `.param` files, without running them."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from maskctl.cli.engine_options import TARGET_NAMES

if TYPE_CHECKING:
    from maskctl.lint.baseline import Known
    from maskctl.lint.plan import Asked
    from maskctl.lint.report import Report
    from maskctl.lint.settings import Settings

FORMATS = ("full", "concise", "json", "github", "sarif", "junit")
STDIN = "-"


@click.command("lint", short_help="Find mistakes in .param files without running them.")
@click.argument("paths", metavar="[PATH]...", nargs=-1)
@click.option("--select", multiple=True, metavar="RULES", help="Run these rules and groups only.")
@click.option("--ignore", multiple=True, metavar="RULES", help="Leave these rules and groups out.")
@click.option(
    "--extend-select",
    multiple=True,
    metavar="RULES",
    help="Run these rules besides, also those that are off by default or that --ignore names.",
)
@click.option(
    "--target", type=click.Choice(TARGET_NAMES), help="Processor that the masks and weights are for.  [default: arm82]"
)
@click.option("--runtime", metavar="VERSION", help="Oldest ncnn that has to load the files, e.g. 1.0.20241226.")
@click.option(
    "--shape",
    "shapes",
    multiple=True,
    metavar="BLOB=C,H,W",
    help="Shape that an input blob has, in place of the file's.",
)
@click.option(
    "--range",
    "ranges",
    multiple=True,
    metavar="BLOB=LO:HI",
    help="Range of an input blob's values, or LO:HI,LO:HI,... for each channel.",
)
@click.option("--no-weights", is_flag=True, help="Do not look at the .bin beside a file.")
@click.option("--config", metavar="FILE", help="Settings file for all files, in place of the nearest one of each.")
@click.option("--isolated", is_flag=True, help="Use no settings file.")
@click.option("--baseline", metavar="FILE", help="Report only what is not in this file of known findings.")
@click.option(
    "--write-baseline", is_flag=True, help="Write all that is found into the --baseline file as known, and exit 0."
)
@click.option(
    "--fix", is_flag=True, help="Repair what can be repaired without a change of meaning, and write the files."
)
@click.option("--unsafe-fixes", is_flag=True, help="With --fix or --diff: also repairs that may change the meaning.")
@click.option(
    "--diff", is_flag=True, help="Show what --fix would change and write nothing; exit 1 where there is a change."
)
@click.option(
    "--changed",
    is_flag=True,
    help="PATHs are files that have changed: lint each .param that is one, lies beside a .bin or lock that is, or has its settings there.",
)
@click.option(
    "--stdin-filename",
    metavar="NAME",
    help="With PATH -: the file that the text on stdin is for. Its settings, .bin and lock are used.",
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(FORMATS),
    help="How findings are printed.  [default: full; github in GitHub Actions]",
)
@click.option("--output", metavar="FILE", help="Write the findings into this file, not to stdout.")
@click.option("--strict", is_flag=True, help="Warnings fail too (exit 1).")
@click.option("--exit-zero", is_flag=True, help="Exit 0 in place of 1, whatever was found.")
@click.option("--quiet", is_flag=True, help="Print findings, and no summary.")
@click.option("--statistics", is_flag=True, help="Print how often each rule was broken, not where.")
@click.option("--list-rules", is_flag=True, help="List all rules and exit.")
@click.option("--explain", metavar="RULE", help="Print the page of a rule and exit.")
def command(paths: tuple[str, ...], **options: Any) -> int:
    """Find mistakes in .param files without running them.

    PATH is a file, a folder (all *.param in and below it), a pattern, or - for stdin; without one it is the current
    folder. Where a .bin of the same name lies beside a file, its weights are looked at too. Exit status 1: there are errors,
    or with --strict warnings. 2: the command line is wrong, or a file cannot be read.

    RULES are names of rules, or of groups, separated by commas: file, graph, params, mask, weights, all. Settings are read from the nearest
    maskctl.toml or pyproject.toml of each file; the command line goes before them.

    \b
    Examples:
      maskctl lint models
      maskctl lint net.param --runtime 1.0.20241226 --select graph,mask
      maskctl lint net.param --diff
      maskctl lint --explain undefined-blob
    """
    from maskctl.cli import lint_output

    if options["list_rules"]:
        return lint_output.list_rules()
    if options["explain"]:
        return lint_output.explain(options["explain"])
    _refuse_contradictions(options)
    with _nothing_collected():
        report = _lint(paths, options)
    if options["write_baseline"]:
        return _write_baseline(report, options["baseline"])
    if options["baseline"]:
        from maskctl.lint.baseline import without_known

        report = without_known(report, _baseline(options["baseline"]), options["baseline"])
    if options["fix"] and not options["diff"] and STDIN not in paths:
        report = _written(report)
    lint_output.show(report, options, is_stdin=STDIN in paths)
    return _code(report, options)


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """While it lasts nobody looks for garbage, of which there is none: on large files that took a third of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _code(report: Report, options: dict[str, Any]) -> int:
    if report.failures:
        return 2
    changes = options["diff"] and bool(report.fixed)
    return int((changes or report.fails) and not options["exit_zero"])


def _refuse_contradictions(options: dict[str, Any]) -> None:
    """Options that go only with others, or not with them."""
    from maskctl.errors import InputError

    if options["unsafe_fixes"] and not (options["fix"] or options["diff"]):
        raise InputError("--unsafe-fixes says which repairs --fix and --diff make. Give one of them with it.")
    if options["write_baseline"] and not options["baseline"]:
        raise InputError("--write-baseline needs the name of the file. Give it with --baseline FILE.")
    if options["write_baseline"] and (options["fix"] or options["diff"]):
        raise InputError("--write-baseline writes down what is found, and --fix mends it. Mend first, then write.")
    for option in ("statistics", "diff"):
        if options[option] and options["format_"]:
            raise InputError(f"--{option} prints something else than findings. Leave --format out.")
    if options["output"] and (options["diff"] or options["statistics"]):
        raise InputError(
            "--output takes findings, and --diff and --statistics print something else. Leave one of them out."
        )
    if options["config"] and options["isolated"]:
        raise InputError("--config names settings, and --isolated wants none. Give one of them.")


def _lint(paths: Sequence[str], options: dict[str, Any]) -> Report:
    """What the rules asked for find in the files that are meant."""
    from dataclasses import replace

    from maskctl.cli.writing import replaced
    from maskctl.errors import InputError
    from maskctl.lint.changed import concerned, none_there
    from maskctl.lint.discover import discover
    from maskctl.lint.session import Session

    fixes = ("all" if options["unsafe_fixes"] else "safe") if options["fix"] or options["diff"] else ""
    if STDIN in paths:
        if len(paths) > 1 or options["changed"]:
            raise InputError(
                "'-' is the text on stdin, and goes with no other path, nor with --changed. Give it alone."
            )
        name = options["stdin_filename"] or "<stdin>"
        session = Session(_asked(options), _settings(options), texts={name: sys.stdin.buffer.read()}, fixes=fixes)
        return session.lint([name])
    if options["stdin_filename"]:
        raise InputError("--stdin-filename names the text on stdin, and no PATH is -. Give both, or neither.")
    settings_for = _settings(options)
    files, missing = (concerned(paths, settings_for), ()) if options["changed"] else discover(paths or ["."])
    if options["output"] and replaced(options["output"], files):
        raise InputError(f"--output '{options['output']}' is linted, and would be replaced. Give another name.")
    report = Session(_asked(options), settings_for, fixes=fixes).lint(files)
    notes = none_there(paths) if options["changed"] and not files else ()
    return replace(report, failures=(*missing, *report.failures), notes=(*notes, *report.notes))


def _settings(options: dict[str, Any]) -> Callable[[str], Settings]:
    """Which settings hold for a file."""
    from maskctl.lint.settings import Settings
    from maskctl.lint.settings_files import load_settings, settings_finder

    if options["isolated"]:
        return lambda _: Settings()
    if options["config"]:
        settings = load_settings(options["config"])
        return lambda _: settings
    return settings_finder()


def _written(report: Report) -> Report:
    """Writes what was repaired; a file that could not be written is left out, and told as a failure.

    An interruption says how many files had been mended.
    """
    from dataclasses import replace

    from maskctl.errors import EditRefusedError
    from maskctl.lint.discover import Failure
    from maskctl.param.write import write_text

    failures: dict[str, Failure] = {}
    mended = 0
    try:
        for file in report.files:
            if file.fixed:
                try:
                    write_text(file.path, file.source, file.text)
                    mended += 1
                except EditRefusedError as error:
                    failures[file.path] = Failure(file.path, error.problem)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"files mended before: {mended:,}" if mended else "") from None
    left = tuple(file for file in report.files if file.path not in failures)
    return replace(report, files=left, failures=(*report.failures, *failures.values()))


def _baseline(path: str) -> tuple[Known, ...]:
    from maskctl.errors import InputError
    from maskctl.lint.baseline import parse_baseline

    try:
        return parse_baseline(Path(path).read_text(encoding="utf-8"), path)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise InputError(f"cannot read the baseline: {reason}. Write it with --write-baseline.", path) from None


def _write_baseline(report: Report, path: str) -> int:
    from maskctl.cli.writing import write_file
    from maskctl.lint.baseline import baseline_text, updated

    for problem in report.failures:
        click.echo(f"maskctl: {problem}", err=True)
    known = updated(report, _baseline(path) if Path(path).exists() else (), path)
    write_file(path, baseline_text(known).encode())
    click.echo(f"Wrote {path}: {len(known):,} known finding{'' if len(known) == 1 else 's'}.", err=True)
    return 2 if report.failures else 0


_CHOOSING = ("select", "ignore", "extend_select")


def _spelled(option: str) -> str:
    return "--" + option.replace("_", "-")


def _split(values: Sequence[str], option: str) -> list[str]:
    """Names given several times or separated by commas; raises `InputError` for a value that holds none."""
    from maskctl.errors import InputError

    for value in values:
        if not value.strip(" ,"):
            raise InputError(f"{option} '{value}' names no rule and no group. See maskctl lint --list-rules.")
    return [name.strip() for value in values for name in value.split(",") if name.strip()]


def _asked(options: dict[str, Any]) -> Asked:
    """What the command line says."""
    from maskctl.cli.options import parse_ranges, parse_shapes
    from maskctl.errors import InputError
    from maskctl.lint.conditions import parse_runtime
    from maskctl.lint.plan import Asked
    from maskctl.lint.select import selectors

    ranges = parse_ranges(options["ranges"], ())
    if "" in ranges:
        raise InputError("--range names no blob. Expected BLOB=LO:HI, e.g. data=0:255.")
    names = {option: selectors(_split(options[option], _spelled(option)), _spelled(option)) for option in _CHOOSING}
    return Asked(
        **names,
        target=options["target"] or "",
        runtime=parse_runtime(options["runtime"], "--runtime") if options["runtime"] else 0,
        shapes=parse_shapes(options["shapes"]),
        ranges=ranges,
        no_weights=options["no_weights"],
        strict=options["strict"],
    )
