"""`maskctl prove`: which layers can overflow, from the weights and the range of the inputs."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from maskctl.cli.engine_options import SWITCH_OPTIONS, TARGET_OPTION, policy_of, precision_option, words_of
from maskctl.cli.model_input import PLUGIN_OPTION, SHAPE_OPTION, WEIGHTS_OPTIONS, load_model, with_options
from maskctl.cli.writing import is_device, replaced, same_file, stdout_to_stderr, write_file

if TYPE_CHECKING:
    from maskctl.analysis.prove import LayerProof, Proof

_DEFAULT_TRIES = 64
_IN_WORDS = {
    "input": "an input",
    "weight": "a weight",
    "sum": "a partial sum",
    "winograd": "a value of winograd's transforms",
    "inside": "a value inside",
    "offset": "the norm's offset",
    "value": "the value",
}


@click.command("prove", short_help="Prove which layers cannot overflow, without data.")
@click.argument("model", metavar="MODEL")
@with_options(*WEIGHTS_OPTIONS, PLUGIN_OPTION)
@click.option(
    "--range",
    "ranges",
    metavar="BLOB=LO:HI",
    multiple=True,
    help="The least and the largest value of an input blob, or one pair per channel, separated by commas; repeat for more blobs.",
)
@with_options(SHAPE_OPTION, precision_option(["fp16", "fp16-storage", "bf16"], "fp16"), TARGET_OPTION, *SWITCH_OPTIONS)
@click.option(
    "--tries",
    type=click.IntRange(min=0),
    default=_DEFAULT_TRIES,
    show_default=True,
    help="Inputs tried in search of witnesses, fewer for large networks; 0: no search.",
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Seed of the inputs that are tried."
)
@click.option("--witness", metavar="FILE.npz", help="Write the inputs that make layers overflow, for 'run -i'.")
@click.option("--force", is_flag=True, help="With --witness: replace a FILE.npz that exists.")
@click.option(
    "--top",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    help="Layers to list, those that will overflow first, then those that may; 0 lists all.",
)
@click.option(
    "--json", "json_path", metavar="FILE", help="Write the proof as JSON; - for stdout, instead of the table."
)
def command(model: str, **options: Any) -> int:
    """Prove which layers of MODEL (a .param file) cannot overflow, for any input within a range.

    Bounds are passed through the network from the weights alone. A layer "cannot overflow" where none of its values
    can leave its format, "will overflow" where an input within the range was found that does it when run, and else
    "may overflow". A verdict holds as long as what the layer reads is finite. Exit status 1: a layer may or will
    overflow.

    \b
    Examples:
      maskctl prove net.param --range data=0:255
      maskctl prove net.param --range data=-104:151,-117:138,-123:132 --witness overflow.npz
    """
    from maskctl.analysis.prove import CANNOT, prove
    from maskctl.analysis.ranges import input_bounds
    from maskctl.cli.options import parse_ranges, parse_shapes
    from maskctl.cli.text import warn_unsafe

    _refuse_idle(options)
    _refuse_early(model, options)
    loaded = load_model(model, options)
    policy = policy_of(options)
    given = parse_ranges(options["ranges"], loaded.graph.inputs)
    bounds = input_bounds(loaded, given, parse_shapes(options["shapes"]))
    loaded = loaded.with_inputs_of({name: interval.low.shape[1:] for name, interval in bounds.items()})
    warn_unsafe(loaded.graph, loaded.document.masks, policy.target)
    with stdout_to_stderr():  # where a plugin prints
        proof = prove(loaded, bounds, policy, tries=options["tries"], seed=options["seed"])
    _show(proof, options)
    _write_witnesses(proof, options["witness"], quiet=options["json_path"] == "-")
    return int(proof.count(CANNOT) < len(proof.layers))


def _refuse_idle(options: Mapping[str, Any]) -> None:
    """Refuses a file of witnesses nobody looks for, and says which options have no effect."""
    from maskctl.cli.no_effect import is_given, note, note_of_table
    from maskctl.errors import InputError

    note_of_table(options["json_path"], "top")
    if options["tries"]:
        return
    if options["witness"]:
        raise InputError("--witness writes inputs that were found, and --tries 0 looks for none. Give one of the two.")
    if is_given("seed"):
        note("--seed is of the inputs that are tried, and --tries 0 tries none: no effect.")


def _refuse_early(model: str, options: Mapping[str, Any]) -> None:
    """What cannot be written is refused before the work, not after it."""
    from maskctl.cli.model_input import files_read
    from maskctl.errors import InputError
    from maskctl.param.write import refuse_overwrite, refuse_unwritable

    witness, json_path = options["witness"], options["json_path"]
    if options["force"] and not witness:
        raise InputError("--force lets --witness replace a file, and there is no --witness. Give both, or neither.")
    written = [path for path in (witness, json_path) if path and path != "-"]
    for option, path in (("--witness", witness), ("--json", json_path)):
        if path not in written:
            continue
        if replaced(path, files_read(model, options)):
            raise InputError(f"'{path}' is read by this proof, and would be replaced. Give another name.")
        if not is_device(path):
            refuse_unwritable(path, option)
    if len(written) == 2 and same_file(*written) and not is_device(written[0]):
        raise InputError(f"--witness and --json both write '{written[0]}'. Give two names.")
    if witness and not is_device(witness):
        if Path(witness).suffix.lower() != ".npz":
            raise InputError(f"--witness '{witness}' does not end in .npz, by which 'run -i' knows what it reads.")
        refuse_overwrite(witness, "", force=options["force"])


def _show(proof: Proof, options: Mapping[str, Any]) -> None:
    path = options["json_path"]
    if path:
        import json

        from maskctl import __version__
        from maskctl.report.proof import proof_to_json

        text = json.dumps(proof_to_json(proof, __version__), indent=2, allow_nan=False) + "\n"
        if path == "-":
            click.echo(text, nl=False)
            return
        write_file(path, text.encode())
    _print(proof, options["top"], ranges=", ".join(options["ranges"]))


def _print(proof: Proof, top: int, *, ranges: str) -> None:
    from maskctl.analysis.prove import CANNOT, MAY, WILL
    from maskctl.cli.text import counted, print_table, table

    click.echo(f"{proof.model.document.path}: {proof.policy}, inputs within {ranges}\n")
    ranked = sorted(proof.layers, key=lambda row: (WILL, MAY, CANNOT).index(row.verdict))
    shown = ranked[: top or len(ranked)]
    made = table(
        "#", "layer", "type", "least", "largest", "verdict", "mask", "reason", numbers=("#", "least", "largest")
    )
    for row in shown:
        made.add_row(*_cells(row))
    print_table(made)
    if len(ranked) > len(shown):
        click.echo(f"… and {counted(len(ranked) - len(shown), 'more layer')}; --top 0 lists all.")
    counts = ", ".join(f"{proof.count(verdict)} {verdict}" for verdict in (CANNOT, MAY, WILL))
    click.echo(f"\nOf {counted(len(proof.layers), 'layer')} {counts}.")


def _cells(row: LayerProof) -> tuple[str, ...]:
    from maskctl.cli.text import change_text
    from maskctl.numeric.figures import figure

    low, high = ("-" if row.unknown else figure(end) for end in (row.low, row.high))
    mask = "" if row.safe_mask is None else change_text(row.layer.mask, row.safe_mask)
    return str(row.layer.index), row.layer.name, row.layer.type, low, high, row.verdict, mask, _reason(row)


def _reason(row: LayerProof) -> str:
    """What may get too large, and the sample that shows it."""
    from maskctl.numeric.figures import figure

    if not row.dangers:
        return ""
    worst = row.dangers[0]
    if row.unknown:
        said = row.unknown
    elif worst.peak == float("inf"):
        said = f"nothing bounds {_IN_WORDS[worst.kind]}"
    else:
        said = f"{_IN_WORDS[worst.kind]} may reach {figure(worst.peak)} > {figure(worst.limit)}"
    return said if row.witness is None else f"{said}; witness {row.witness}"


def _write_witnesses(proof: Proof, path: str | None, *, quiet: bool) -> None:
    """Writes the inputs that were found, and says how to see what they do."""
    from maskctl.cli.text import counted
    from maskctl.executor.trace import write_blobs

    if not proof.witnesses:
        if path:
            click.echo(f"No input was found that makes a layer overflow; {path} was not written.", err=quiet)
        return
    count = len(next(iter(proof.witnesses.values())))
    if not path:
        click.echo(f"Found {counted(count, 'input')} for that; --witness FILE.npz writes what was found.", err=quiet)
        return
    write_file(path, lambda file: write_blobs(file, proof.witnesses))
    fed = " ".join(f"-i {shlex.quote(f'{name}={path}')}" for name in proof.witnesses)
    model = shlex.quote(proof.model.document.path)
    click.echo(
        f"Wrote {counted(count, 'input')} to {path}. See what they do with: maskctl run {model} {fed} "
        f"{words_of(proof.policy)} --all-blobs",
        err=quiet,
    )
