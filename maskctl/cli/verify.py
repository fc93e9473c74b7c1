"""`maskctl verify`: prediction beside the real engine."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import click

from maskctl.cli.engine_options import SWITCH_OPTIONS, TARGET_NAMES, policy_of, precision_option
from maskctl.cli.engine_run import verified
from maskctl.cli.model_input import INPUT_OPTIONS, PLUGIN_OPTION, WEIGHTS_OPTIONS, load_model, read_inputs, with_options

if TYPE_CHECKING:
    from maskctl.analysis.verify import BlobVerdict, Verification
    from maskctl.executor.policy import Policy
    from maskctl.graph.model import Model

_X86_NOTE = (
    "fp16 options do nothing on x86 CPUs: blobs and sums stay fp32, and only the weights of InnerProduct are kept in fp16. "
    "What a phone computes, --engine arm64 shows."
)


@click.command("verify", short_help="Run the real engine beside the prediction.")
@click.argument("model", metavar="MODEL")
@with_options(*WEIGHTS_OPTIONS, PLUGIN_OPTION, *INPUT_OPTIONS)
@with_options(precision_option(["fp32", "fp16", "fp16-storage", "bf16"], "fp16"), *SWITCH_OPTIONS)
@click.option(
    "--engine",
    type=click.Choice(["host", "arm64"]),
    help="The ncnn package of this machine, or the arm64 one under emulation. [default: arm64 where it is set up]",
)
@click.option("--target", type=click.Choice(TARGET_NAMES), help="What is predicted. [default: what the engine runs on]")
@click.option("--threads", type=click.IntRange(min=1), default=1, show_default=True, help="Threads of the engine.")
@click.option(
    "--timeout", type=click.IntRange(min=1), default=600, show_default=True, help="Seconds the engine may take."
)
@click.option(
    "--tolerance",
    type=click.FloatRange(min=0),
    default=0.5,
    show_default=True,
    help="dB that an output's predicted SQNR may be off.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(model: str, *, as_json: bool, **options: Any) -> int:
    """Run MODEL (a .param file) in the real ncnn and in maskctl, and show both blob by blob.

    The engine runs in a process of its own: a crash, a hang or NaN of it is a finding. "equal" is the share of elements
    with the same bits, "alone" the same where each layer is fed what the engine fed it. Exit status 1: there are
    findings.

    \b
    Examples:
      maskctl verify net.param -i data=photo.jpg --mean 104,117,123
      maskctl verify net.param -i data=samples.npz --engine host --precision bf16
    """
    from maskctl.executor.samples import batches
    from maskctl.peers.engines import engine_named, preferred, target_of

    name = options["engine"] or preferred()
    engine = engine_named(name, float(options["timeout"]))
    _refuse_nan(options["tolerance"])
    policy = policy_of({**options, "target": options["target"] or target_of(name).name})
    loaded = load_model(model, options)
    loaded, samples = read_inputs(loaded, options, loaded.inputs_read)
    portions = batches(loaded, samples)
    _refuse_portions(len(portions))
    found, seen = verified(loaded, options, policy, engine, portions[0].inputs)
    about = f"ncnn {seen.version or '(version unknown)'} ({name})"
    if as_json:
        import json

        from maskctl.report.verify import verification_to_json

        content = verification_to_json(model, policy, about, len(samples) or 1, found)
        click.echo(json.dumps(content, indent=2, allow_nan=False))
    else:
        _print(loaded, policy, about, len(samples) or 1, found)
    if target_of(name).name.startswith("x86") and policy.precision.startswith("fp16"):
        click.echo(f"maskctl: note: {_X86_NOTE}", err=True)
    return int(bool(found.findings))


def _refuse_nan(tolerance: float) -> None:
    from maskctl.errors import InputError

    if math.isnan(tolerance):
        raise InputError("--tolerance 'nan' is not a number. Expected dB, e.g. --tolerance 0.5.")


def _refuse_portions(count: int) -> None:
    from maskctl.errors import InputError

    if count > 1:
        raise InputError(
            "the samples do not fit into one pass: they are many, or of different shapes. Give fewer, of one shape."
        )


def _print(model: Model, policy: Policy, engine: str, samples: int, found: Verification) -> None:
    from maskctl.cli.text import counted, print_table, table

    click.echo(f"{model.document.path}: {policy}, {counted(samples, 'sample')}, beside {engine}\n")
    numbers = ("#", "predicted dB", "real dB", "equal", "alone", "not finite")
    made = table("#", "layer", "type", "blob", *numbers[1:], "", numbers=numbers)
    for row in found.rows:
        made.add_row(str(row.layer.index), row.layer.name, row.layer.type, row.blob, *_cells(row))
    print_table(made)
    click.echo("")
    click.echo(_agreement(found))
    for finding in found.findings:
        click.echo(f"Finding: {finding}")


def _agreement(found: Verification) -> str:
    """Where the two part, or how well they agree layer by layer."""
    first = found.first_parting
    if first is not None:
        return f"They part first at blob '{first.blob}' of {first.layer}."
    given = [row.alone for row in found.rows if row.alone is not None]
    equal = sum(share == 1 for share in given)
    others = "" if equal == len(given) else ", the others are fp32 blobs within its rounding or behind unsafe masks"
    return f"Fed what the engine fed them, {equal} of {len(given)} blobs have all the engine's bits{others}."


def _cells(row: BlobVerdict) -> tuple[str, ...]:
    from maskctl.analysis.metrics import SQNR
    from maskctl.cli.text import decibels

    if row.real is None:
        return decibels(SQNR.of(row.predicted)), "", "", "", "", "no answer"
    lost = f"{row.predicted.lost:,} / {row.real.lost:,}" if row.predicted.lost or row.real.lost else ""
    note = "parts" if row.parts else "fp32" if row.stored == "fp32" else ""
    return (
        decibels(SQNR.of(row.predicted)),
        decibels(SQNR.of(row.real)),
        _share(row.equal),
        _share(row.alone),
        lost,
        note,
    )


def _share(share: float | None) -> str:
    """A share in percent, never rounded up to 100."""
    if share is None:
        return ""
    return "100 %" if share == 1 else f"{int(share * 10000) / 100:.2f} %"
