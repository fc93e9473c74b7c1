"""`maskctl analyze`: the main job."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from maskctl.cli.cache import open_cache
from maskctl.cli.engine_options import SWITCH_OPTIONS, TARGET_OPTION, policy_of, precision_option
from maskctl.cli.measuring_options import MEASURING_OPTIONS, goal_with_check, means_of, refuse_two_means, wishes_of
from maskctl.cli.model_input import INPUT_OPTIONS, PLUGIN_OPTION, WEIGHTS_OPTIONS, load_model, read_inputs, with_options
from maskctl.cli.plan_options import PLAN_ACTIONS, PLAN_OPTIONS, budget_of, goal_of, terms_of
from maskctl.cli.plan_proof import print_proof, witness_for
from maskctl.cli.sorting import COLUMNS, WORST

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from maskctl.analysis.analyze import Analysis
    from maskctl.analysis.work import Progress
    from maskctl.cli.cache import Cache
    from maskctl.cli.plan_proof import Witness
    from maskctl.targets.table import Hazard


ANALYSIS_OPTIONS = (
    *WEIGHTS_OPTIONS,
    PLUGIN_OPTION,
    *INPUT_OPTIONS,
    precision_option(["fp16", "fp16-storage", "bf16"], "fp16"),
    TARGET_OPTION,
    *SWITCH_OPTIONS,
    *MEASURING_OPTIONS,
    *PLAN_OPTIONS,
)
"""What is analysed and how: the options of every command that analyses."""


@click.command("analyze", short_help="Rank the layers of a model by their loss and propose masks.")
@click.argument("model", metavar="MODEL")
@with_options(*ANALYSIS_OPTIONS, *PLAN_ACTIONS)
@click.option(
    "--sort",
    type=click.Choice(COLUMNS),
    default=WORST,
    show_default=True,
    help="Order of the layers listed: a column, the worst first; loss is layer-db, then graph-db.",
)
@click.option(
    "--top",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    help="Layers to list, those with a new mask first, then by --sort, and masks to show the difference of; 0 shows all.",
)
@click.option("--write", is_flag=True, help="Write the proposed masks into MODEL.")
@click.option(
    "-o",
    "--output",
    metavar="OUT",
    help="Write the .param with the proposed masks here instead, - for stdout; the weights are not copied.",
)
@click.option("--backup", is_flag=True, help="With --write: keep the old file beside it, with .bak added to its name.")
@click.option("--force", is_flag=True, help="With -o: replace an OUT that exists.")
@click.option(
    "--json", "json_path", metavar="FILE", help="Write the analysis as JSON; - for stdout, instead of the tables."
)
@click.option(
    "--html",
    "html_path",
    metavar="FILE",
    help="Write a page to look at: the network drawn, every layer's story, what blobs hold. Needs no network.",
)
def command(model: str, **options: Any) -> int:
    """Run MODEL (a .param file) in fp32 and in a low precision, rank its layers, and propose masks.

    Proposes the cheapest masks found that bring every output to the target, and runs the model with them to show
    it. Without --write or -o nothing is changed and the difference is printed. Exit status 1: the target is out of
    reach, and what is proposed is the best that was found.

    \b
    Examples:
      maskctl analyze net.param -i data=photo.jpg --mean 104,117,123
      maskctl analyze net.param -i data=samples.npz --target-sqnr 40 --write
      maskctl analyze net.param -i data=samples.npz --budget 5% --pareto
      maskctl analyze net.param -i data=photos --scope alone --kind int8 --worst 8
      maskctl analyze net.param -i data=samples.npz --sort largest --html net.html
    """
    from maskctl.cli.writing import STDOUT, print_param, stdout_to_stderr

    _refuse_early(model, options)
    to_stdout = options["output"] == STDOUT
    with stdout_to_stderr(only_if=to_stdout):
        code, proposed = _carried_out(model, options)
    if to_stdout and proposed:
        document = proposed.model.document.with_masks(proposed.masks)
        print_param(document, proposed.masks, proposed.fences)
    return code


def _carried_out(model: str, options: dict[str, Any]) -> tuple[int, Analysis | None]:
    """Analyses, shows it and does with the plan what files take; the exit code, and what may be printed of the plan."""
    witness = witness_for(policy_of(options).target) if options["verify"] else None
    analysis, unsafe, goes_on = _analyzed_or_partial(model, options)
    written: list[str] = []
    try:
        _show(analysis, unsafe, options, written)
        return _act(analysis, model, witness, options)
    except KeyboardInterrupt:
        raise _interruption(written, goes_on) from None


def _analyzed_or_partial(model: str, options: Mapping[str, Any]) -> tuple[Analysis, Sequence[Hazard], str]:
    """The analysis; an interrupt while layers are measured shows those that were, beside a document for stdout on stderr."""
    from maskctl.analysis.analyze import MeasuringInterruptedError

    try:
        return analyzed(model, options)
    except MeasuringInterruptedError as error:
        from maskctl.cli.analysis_tables import print_partial

        print_partial(error.partial, options["top"], err=options["json_path"] == "-")
        raise KeyboardInterrupt(*error.args) from None


def _act(
    analysis: Analysis, model: str, witness: Witness | None, options: dict[str, Any]
) -> tuple[int, Analysis | None]:
    """What is done with a plan; the exit code, and the analysis unless the plan has not stood its proof."""
    from maskctl.cli.writing import STDOUT

    if analysis.plan.interrupted:
        raise KeyboardInterrupt
    if witness and not print_proof(analysis, witness, options):
        return 1, None
    if options["output"] != STDOUT:
        _write(analysis, model, options)
    return 0 if analysis.plan.reached else 1, analysis


def _interruption(written: Sequence[str], goes_on: str) -> KeyboardInterrupt:
    """An interrupt that says which reports are there by then, and whether the same command goes on."""
    said = "nothing was written"
    if written:
        said = f"{' and '.join(written)} {'was' if len(written) == 1 else 'were'} written, no mask was"
    return KeyboardInterrupt(f"{said}. {goes_on}" if goes_on else said)


def analyzed(model: str, options: Mapping[str, Any]) -> tuple[Analysis, Sequence[Hazard], str]:
    """The analysis that `ANALYSIS_OPTIONS` ask for, the masks of the file that the engine does not honour, `Cache.goes_on`.

    An interrupt that gives no analysis tells the last in its message.
    """
    from maskctl.analysis.analyze import analyze
    from maskctl.cli.lock_record import fills_lock
    from maskctl.cli.no_effect import note_of_worst
    from maskctl.cli.text import warn_unsafe

    refuse_two_means(options)
    goal = goal_with_check(goal_of(options), options)
    budget_of(options["budget"])
    loaded = load_model(model, options)
    wishes = wishes_of(loaded, options)
    terms = terms_of(options, loaded.graph)
    loaded, samples = read_inputs(loaded, options, loaded.inputs_read)
    note_of_worst(options["worst"], len(samples) or 1)
    policy = policy_of(options)
    unsafe = warn_unsafe(loaded.graph, loaded.document.masks, policy.target)
    cache = open_cache(loaded, samples, policy, options)
    with _telling(cache), progress_bar() as progress:
        analysis = analyze(
            loaded,
            samples,
            options["precision"],
            target=policy.target,
            without=policy.without,
            goal=goal,
            terms=replace(terms, remembered=cache, gains=fills_lock(model, options)),
            wishes=wishes,
            means=replace(means_of(options), remembered=cache),
            progress=progress,
        )
    if cache and not analysis.plan.interrupted:
        cache.finish()
    return analysis, unsafe, cache.goes_on if cache else ""


@contextmanager
def _telling(cache: Cache | None) -> Iterator[None]:
    """An interrupt within says whether the same command goes on from what is kept."""
    try:
        yield
    except KeyboardInterrupt as error:
        error.args = _interruption((), cache.goes_on if cache else "").args
        raise


def _refuse_early(model: str, options: dict[str, Any]) -> None:
    """What cannot be written is refused before the work, not after it, and what has no effect is said."""
    from maskctl.cli.no_effect import note_of_table
    from maskctl.cli.writing import STDOUT, is_device, is_stdout
    from maskctl.errors import InputError
    from maskctl.param.write import refuse_unwritable

    note_of_table(options["json_path"], "sort", "top")
    if options["write"] and options["output"]:
        raise InputError("--write changes MODEL and -o leaves it. Give one of the two.")
    if options["backup"] and not options["write"]:
        raise InputError("--backup keeps what --write replaces, and there is no --write. Give both, or neither.")
    if options["force"] and not options["output"]:
        raise InputError("--force lets -o replace a file, and there is no -o. Give both, or neither.")
    to_stdout = options["output"] == STDOUT
    if options["output"] and not to_stdout:
        _refuse_output(options["output"], model, options)
    if options["write"] or (options["output"] and not to_stdout):
        refuse_unwritable(options["output"] or model)
    for name, path in (("--json", options["json_path"]), ("--html", options["html_path"])):
        if to_stdout and ((name, path) == ("--json", STDOUT) or is_stdout(path)):
            raise InputError(f"{name} {path} and -o - are both for stdout. Give one of them a file.")
        if path is not None and (name, path) != ("--json", "-"):
            _refuse_path(name, path, model, options)
            if not is_device(path):
                refuse_unwritable(path, name)


def _refuse_output(output: str, model: str, options: dict[str, Any]) -> None:
    """Refuses to put the .param over the model, or over anything else that is read or there, but for what --force allows."""
    from maskctl.cli.model_input import files_read
    from maskctl.cli.writing import replaced, same_file
    from maskctl.errors import InputError
    from maskctl.param.write import refuse_overwrite

    if same_file(output, model):
        if not options["force"]:
            raise InputError(f"-o '{output}' is the model itself. Give --write to change it, or another name.")
    elif replaced(output, files_read(model, options)):
        raise InputError(f"-o '{output}' is read by this run, and would be replaced. Give another name.")
    refuse_overwrite(output, "", force=options["force"])


def _refuse_path(name: str, path: str, model: str, options: dict[str, Any]) -> None:
    """Refuses to put the JSON or the page over what is read, or over another file that is written."""
    from maskctl.cli.model_input import files_read
    from maskctl.cli.writing import STDOUT, replaced
    from maskctl.errors import InputError
    from maskctl.param.write import backup_of

    if path == "-":
        raise InputError("--html '-' is not a file. Give the page a name, e.g. --html net.html.")
    json_path = options["json_path"] if name == "--html" else None
    backup = os.path.relpath(backup_of(model)) if options["backup"] else None
    written = [other for other in (options["output"], backup, json_path) if other and other != STDOUT]
    other = replaced(path, [*files_read(model, options), *written])
    if other:
        what = {"--json": "JSON", "--html": "page"}[name]
        raise InputError(f"{name} '{path}' would replace '{other}'. Give the {what} a name of its own.")


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """A progress bar on stderr when that is a terminal, else nothing."""
    from maskctl.analysis.analyze import silent

    if not sys.stderr.isatty():
        yield silent
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=None)

        def show(what: str, done: int, total: int) -> None:
            bar.update(task, description=what if total else f"{what}: {done}", completed=done, total=total or None)

        yield show


def _show(analysis: Analysis, unsafe: Sequence[Hazard], options: dict[str, Any], written: list[str]) -> None:
    """Writes the reports, each named in `written` as soon as it is there, and prints the tables."""
    from maskctl.cli.writing import write_file
    from maskctl.report.html import to_html

    path, page = options["json_path"], options["html_path"]
    if path or page:
        report = report_of(analysis, unsafe, looked_at=bool(page) and not analysis.plan.interrupted)
        text = json_text(report)
        if path and path != "-":
            write_file(path, text.encode())
            written.append(path)
        if page:
            write_file(page, to_html(report).encode("utf-8", "replace"))
            written.append(page)
        if path == "-":
            click.echo(text, nl=False)
            return
    from maskctl.cli.analysis_tables import print_analysis
    from maskctl.cli.sorting import by_column

    rows = by_column(analysis.rows, options["sort"])
    print_analysis(replace(analysis, rows=rows), options["top"], show_diff=not options["write"])


def report_of(
    analysis: Analysis, unsafe: Sequence[Hazard], indices: Collection[int] | None = None, *, looked_at: bool
) -> dict[str, Any]:
    """The document of an analysis, with what the blobs of all layers, or of those in `indices`, hold where that is asked for."""
    from maskctl import __version__
    from maskctl.analysis.profiles import profiles
    from maskctl.report.analysis import to_json

    if not looked_at:
        return to_json(analysis, __version__, unsafe)
    with progress_bar() as progress:
        found = profiles(analysis, indices, progress)
    return to_json(analysis, __version__, unsafe, found)


def json_text(report: Mapping[str, Any]) -> str:
    """A document as it is written."""
    import json

    return json.dumps(report, indent=2, allow_nan=False) + "\n"


def _write(analysis: Analysis, model: str, options: dict[str, Any]) -> None:
    from maskctl.cli.lock_record import record
    from maskctl.cli.model_option import weights_of
    from maskctl.cli.plan_tables import print_next, written_text
    from maskctl.param.write import write

    if not (options["write"] and analysis.masks) and not options["output"]:
        if options["json_path"] != "-":
            print_next(analysis, model, options)
        return
    document = analysis.model.document.with_masks(analysis.masks)
    path = options["output"] or model
    write(document, path, analysis.masks, backup=options["backup"], fences=analysis.fences)
    where = weights_of(options["output"], model, options["bin_path"]) if options["output"] else ""
    if analysis.masks:
        did = written_text(analysis.masks, len(analysis.fences), path)
        said = f"{did}{where and f'; its {where}'}.{record(path, analysis)}"
    else:
        said = f"Nothing proposed; wrote an unchanged copy to {path}.{where and f' Its {where}.'}"
    click.echo(said, err=options["json_path"] == "-")
