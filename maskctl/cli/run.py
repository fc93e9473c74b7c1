"""`maskctl run`: the blobs of a network."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from maskctl.cli.engine_options import SWITCH_NAMES, SWITCH_OPTIONS, TARGET_OPTION, policy_of, precision_option
from maskctl.cli.model_input import (
    INPUT_OPTIONS,
    PLUGIN_OPTION,
    WEIGHTS_OPTIONS,
    files_read,
    load_model,
    read_inputs,
    with_options,
)
from maskctl.cli.writing import is_device, is_stdout, replaced, same_file, stdout_to_stderr, write_file

if TYPE_CHECKING:
    from maskctl.analysis.blobs import BlobSummary
    from maskctl.executor.samples import Samples
    from maskctl.graph.model import Model
    from maskctl.layers.base import Array


@click.command("run", short_help="Run a model and show or save its blobs.")
@click.argument("model", metavar="MODEL")
@with_options(*WEIGHTS_OPTIONS, PLUGIN_OPTION, *INPUT_OPTIONS)
@with_options(precision_option(["fp32", "fp16", "fp16-storage", "bf16"], "fp32"), TARGET_OPTION, *SWITCH_OPTIONS)
@click.option("--blob", "blobs", metavar="NAME", multiple=True, help="Only this blob; repeat for more.")
@click.option("--all-blobs", is_flag=True, help="Every blob, not only the outputs.")
@click.option("-o", "--output", metavar="OUT.npz", help="Write the blobs, samples in front, one array per blob.")
@click.option("--save-weights", metavar="OUT.bin", help="With --weights: write the made-up weights as a .bin.")
@click.option("--force", is_flag=True, help="With -o or --save-weights: replace a file that exists.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def command(model: str, *, as_json: bool, **options: Any) -> int:
    """Run MODEL (a .param file) and show what its outputs hold, or other blobs.

    Only layers that the asked blobs depend on are run.

    \b
    Examples:
      maskctl run net.param -i data=photo.jpg --mean 104,117,123 -o out.npz
      maskctl run net.param --weights random:1 --all-blobs
    """
    from maskctl.analysis.blobs import summary
    from maskctl.executor.stacked import computed

    _refuse_early(model, options)
    loaded = load_model(model, options)
    wanted = _wanted(loaded, options)
    loaded, samples = read_inputs(loaded, options, wanted)
    with stdout_to_stderr():  # where a plugin prints
        found = computed(loaded, samples, policy_of(options), wanted)
    summaries = {name: summary(values) for name, values in found.items()}
    taken = is_stdout(options["output"]) or is_stdout(options["save_weights"])
    if as_json:
        import json

        from maskctl.report.blobs import run_to_json

        content = run_to_json(model, policy_of(options), len(samples) or 1, summaries)
        click.echo(json.dumps(content, indent=2, allow_nan=False), err=taken)
    else:
        _print(loaded, samples, options, summaries, err=taken)
    _write(loaded, found, options, quiet=as_json or taken)
    return 0


def _refuse_early(model: str, options: Mapping[str, Any]) -> None:
    """What cannot be written is refused before the work, not after it."""
    from maskctl.cli.no_effect import note_of_fp32
    from maskctl.errors import InputError
    from maskctl.param.write import refuse_overwrite, refuse_unwritable

    note_of_fp32(options, {"target": "--target", **SWITCH_NAMES})

    if options["save_weights"] and not options["made_up"]:
        raise InputError("--save-weights writes made-up weights, and there are none. Give --weights random:SEED too.")
    if options["blobs"] and options["all_blobs"]:
        raise InputError("--all-blobs is every blob and --blob names some. Give one of the two.")
    named = [("-o", options["output"]), ("--save-weights", options["save_weights"])]
    written = [path for _, path in named if path]
    if options["force"] and not written:
        raise InputError("--force lets -o or --save-weights replace a file, and there is neither.")
    read = files_read(model, options)
    for option, path in named:
        if not path:
            continue
        if replaced(path, read):
            raise InputError(f"'{path}' is read by this run, and would be replaced. Give another name.")
        if not is_device(path) and not is_stdout(path):
            refuse_overwrite(path, "", force=options["force"])
            refuse_unwritable(path, option)
    if len(written) == 2 and same_file(*written) and not same_file(written[0], os.devnull):
        raise InputError(f"-o and --save-weights both write '{written[0]}'. Give two names.")


def _wanted(model: Model, options: Mapping[str, Any]) -> tuple[str, ...]:
    from maskctl.errors import InputError, did_you_mean

    for name in options["blobs"]:
        if name in model.blobs:
            continue
        if name in model.graph.producer:
            raise InputError(f"--blob '{name}' is the top of a layer that cannot be run.")
        raise InputError(f"there is no blob '{name}'. " + did_you_mean(name, model.blobs, "'maskctl show' lists them."))
    return options["blobs"] or (model.blobs if options["all_blobs"] else model.outputs)


def _print(
    model: Model, samples: Samples, options: Mapping[str, Any], summaries: Mapping[str, BlobSummary], *, err: bool
) -> None:
    from maskctl.cli.text import counted, print_table, table
    from maskctl.numeric.figures import figure

    weights = f"made-up weights {options['made_up']}, " if options["made_up"] else ""
    source = f"synthetic input, seed {samples.seed}" if samples.synthetic else counted(len(samples), "sample")
    click.echo(f"{model.document.path}: {policy_of(options)}, {weights}{source}\n", err=err)
    numbers = ("smallest", "largest", "mean", "deviation", "not finite")
    made = table("blob", "shape", *numbers[:2], "largest at", *numbers[2:], numbers=numbers)
    for name, row in summaries.items():
        figures = (row.smallest, row.largest, row.mean, row.deviation)
        smallest, largest, mean, deviation = ("" if math.isnan(number) else figure(number) for number in figures)
        place = "" if row.largest_at is None else ",".join(map(str, row.largest_at[len(samples) <= 1 :]))
        shape = "x".join(map(str, row.shape[1:])) or "1"
        made.add_row(
            name, shape, smallest, largest, place, mean, deviation, f"{row.not_finite:,}" if row.not_finite else ""
        )
    print_table(made, err=err)


def _write(model: Model, found: Mapping[str, Array], options: Mapping[str, Any], *, quiet: bool) -> None:
    """Raises `KeyboardInterrupt` that says so where one of two files was written before an interruption."""
    from maskctl.cli.text import counted
    from maskctl.executor.trace import write_blobs
    from maskctl.graph.model import random_seed
    from maskctl.graph.weights import write_random_to

    output, made_up = options["output"], options["save_weights"]
    if output:
        write_file(output, lambda file: write_blobs(file, found))
        click.echo(f"\nWrote {counted(len(found), 'blob')} to {output}.", err=quiet)
    if made_up:
        seed = random_seed(options["made_up"]) or 0
        try:
            write_file(made_up, lambda file: write_random_to(file, model.operators, seed))
        except KeyboardInterrupt:
            raise KeyboardInterrupt(f"{output} was written, {made_up} was not" if output else "") from None
        click.echo(f"\nWrote made-up weights (seed {seed}) to {made_up}.", err=quiet)
