"""`maskctl run`: the blobs of a network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from maskctl.cli.model_input import INPUT_OPTIONS, PLUGIN_OPTION, WEIGHTS_OPTIONS, load_model, read_inputs, with_options

if TYPE_CHECKING:
    from maskctl.analysis.blobs import BlobSummary
    from maskctl.executor.samples import Samples
    from maskctl.graph.model import Model
    from maskctl.layers.base import Array


@click.command("run", short_help="Run a model and show or save its blobs.")
@click.argument("model", metavar="MODEL")
@with_options(*WEIGHTS_OPTIONS, PLUGIN_OPTION, *INPUT_OPTIONS)
@click.option(
    "--precision",
    type=click.Choice(["fp32", "fp16", "fp16-storage", "bf16"]),
    default="fp32",
    show_default=True,
    help="What the engine runs in.",
)
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

    _refuse_early(model, options)
    loaded = load_model(model, options)
    wanted = _wanted(loaded, options)
    samples = read_inputs(loaded, options)
    found = _computed(loaded, samples, options["precision"], wanted)
    summaries = {name: summary(values) for name, values in found.items()}
    if as_json:
        import json

        from maskctl.report.blobs import run_to_json

        content = run_to_json(model, options["precision"], len(samples), summaries)
        click.echo(json.dumps(content, indent=2, allow_nan=False))
    else:
        _print(loaded, samples, options["precision"], summaries)
    _write(loaded, found, options, quiet=as_json)
    return 0


def _refuse_early(model: str, options: Mapping[str, Any]) -> None:
    """What cannot be written is refused before the work, not after it."""
    from maskctl.errors import InputError
    from maskctl.param.write import refuse_overwrite, refuse_unwritable

    if options["save_weights"] and not options["made_up"]:
        raise InputError("--save-weights writes made-up weights, and there are none. Give --weights random:SEED too.")
    if options["blobs"] and options["all_blobs"]:
        raise InputError("--all-blobs is every blob and --blob names some. Give one of the two.")
    written = [path for path in (options["output"], options["save_weights"]) if path]
    if options["force"] and not written:
        raise InputError("--force lets -o or --save-weights replace a file, and there is neither.")
    for path in written:
        refuse_overwrite(path, model, force=options["force"])
        refuse_unwritable(path)


def _wanted(model: Model, options: Mapping[str, Any]) -> tuple[str, ...]:
    from difflib import get_close_matches

    from maskctl.errors import InputError

    every = tuple(top for op in model.operators if not op.cut for top in op.layer.tops)
    for name in options["blobs"]:
        if name in every:
            continue
        near = get_close_matches(name, every, n=1)
        if name in model.graph.producer:
            raise InputError(f"--blob '{name}' is the top of a layer that cannot be run.")
        raise InputError(
            f"there is no blob '{name}'. " + (f"Did you mean '{near[0]}'?" if near else "'maskctl show' lists them.")
        )
    return options["blobs"] or (every if options["all_blobs"] else model.outputs)


def _computed(model: Model, samples: Samples, precision: str, wanted: tuple[str, ...]) -> Mapping[str, Array]:
    """The blobs of all samples, (n, …), in the order they are computed in."""
    import numpy as np

    from maskctl.errors import InputError
    from maskctl.executor.policy import Policy
    from maskctl.executor.run import run
    from maskctl.executor.samples import batches

    portions = batches(model, samples)
    traces = [run(model, portion.inputs, Policy(precision), keep=wanted) for portion in portions]
    if len(traces) == 1:
        return traces[0]
    if len({tuple(values.shape[1:] for values in trace.values()) for trace in traces}) > 1:
        raise InputError("the samples have different shapes, and so have their blobs. Run them one by one.")
    order = np.argsort([member for portion in portions for member in portion.members])
    return {name: np.concatenate([trace[name] for trace in traces])[order] for name in traces[0]}


def _print(model: Model, samples: Samples, precision: str, summaries: Mapping[str, BlobSummary]) -> None:
    from maskctl.cli.text import counted, magnitude, print_table, table

    source = f"synthetic input, seed {samples.seed}" if samples.synthetic else counted(len(samples), "sample")
    click.echo(f"{model.document.path}: {precision}, {source}\n")
    numbers = ("smallest", "largest", "mean", "deviation", "not finite")
    made = table("blob", "shape", *numbers[:2], "largest at", *numbers[2:], numbers=numbers)
    for name, row in summaries.items():
        made.add_row(
            name,
            "x".join(map(str, row.shape[1:])) or "1",
            magnitude(row.smallest),
            magnitude(row.largest),
            "" if row.largest_at is None else ",".join(map(str, row.largest_at[len(samples) == 1 :])),
            magnitude(row.mean),
            magnitude(row.deviation),
            f"{row.not_finite:,}" if row.not_finite else "",
        )
    print_table(made)


def _write(model: Model, found: Mapping[str, Array], options: Mapping[str, Any], *, quiet: bool) -> None:
    from maskctl.cli.text import counted
    from maskctl.cli.writing import write_file
    from maskctl.executor.trace import write_blobs
    from maskctl.graph.model import random_seed
    from maskctl.graph.weights import write_random_to

    if options["output"]:
        write_file(options["output"], lambda file: write_blobs(file, found))
        click.echo(f"\nWrote {counted(len(found), 'blob')} to {options['output']}.", err=quiet)
    if options["save_weights"]:
        seed = random_seed(options["made_up"]) or 0
        write_file(options["save_weights"], lambda file: write_random_to(file, model.operators, seed))
        click.echo(f"\nWrote made-up weights (seed {seed}) to {options['save_weights']}.", err=quiet)
