"""`maskctl set-mask`: feature masks by hand."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

import click

from maskctl.featmask import MaskChange
from maskctl.param import ParamDocument

_RELATIVE = re.compile(r"[+-](0[xX][0-9a-fA-F]+|0[bB][01]+|[0-9]+|no-[a-z0-9-]+|single-thread)(,.*)?\Z")


class _MaskCommand(click.Command):
    """A command whose last argument may begin with a minus sign, as chmod's does."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        masks = [arg for arg in args if _RELATIVE.match(arg)]
        if masks and "--" not in args:
            args = [arg for arg in args if arg not in masks] + ["--", *masks]
        return super().parse_args(ctx, args)


@click.command("set-mask", cls=_MaskCommand)
@click.argument("layers", metavar="LAYER...", nargs=-1, required=True)
@click.argument("mask", metavar="MASK")
@click.option(
    "-m", "--model", metavar="FILE", help="The .param file. [default: $MASKCTL_MODEL, else the only one here]"
)
@click.option(
    "-o", "--output", metavar="OUT", help="Write the result here, - for stdout, and leave the model as it is."
)
@click.option("--dry-run", is_flag=True, help="Show what would change and write nothing.")
@click.option("--backup", is_flag=True, help="Keep the old file beside it, with .bak added to its name.")
@click.option("--strict", is_flag=True, help="Refuse masks the engine does not honour (exit 1).")
@click.option("--force", is_flag=True, help="Allow bits the engine does not know, and an OUT that exists.")
def command(
    layers: tuple[str, ...],
    mask: str,
    model: str | None,
    output: str | None,
    *,
    dry_run: bool,
    backup: bool,
    strict: bool,
    force: bool,
) -> int:
    """Set the feature mask of layers.

    \b
    LAYER  a name, a glob ('fire*'), '#12', or 'type:Convolution'; several may be given
    MASK   3, 0x3, 0b11 · words: no-fp16-arithmetic,no-winograd · relative: +no-winograd or -16 · 0 or none clears

    \b
    Words: no-fp16-arithmetic 1, no-fp16-storage 2, no-bf16-storage 4, no-int8 8, no-vulkan 16,
    no-sgemm 32, no-winograd 64, single-thread 128.

    \b
    Examples:
      maskctl set-mask conv1 1
      maskctl set-mask 'fire*/expand3x3' +no-winograd -m net.param --dry-run
    """
    from maskctl import featmask
    from maskctl.cli.mask_edit import editing
    from maskctl.cli.model_option import find_model
    from maskctl.errors import InputError

    _refuse_model_among((*layers, mask))
    change = featmask.parse_change(mask)
    if change.unknown_bits and not force:
        raise InputError(
            f"mask '{mask}' has bits the engine does not know ({change.unknown_bits}). Known are 1 to 128. Give --force to set them."
        )
    path = find_model(model)
    with editing(path, output, dry_run=dry_run):
        return _edit(path, layers, change, mask, output, dry_run=dry_run, backup=backup, strict=strict, force=force)


def _edit(
    path: str,
    layers: tuple[str, ...],
    change: MaskChange,
    text: str,
    output: str | None,
    *,
    dry_run: bool,
    backup: bool,
    strict: bool,
    force: bool,
) -> int:
    from maskctl.cli.mask_edit import finish, print_change, refuse_early, warn
    from maskctl.cli.writing import STDOUT
    from maskctl.graph.select import select_layers
    from maskctl.param import load

    document = load(path)
    chosen = {index: _new_mask(document, index, change, text) for index in select_layers(document, layers)}
    lines = document.layers
    changes = {index: new for index, new in chosen.items() if new != lines[index].mask or lines[index].malformed_mask}
    edited = document.with_masks(changes)
    if warn(document, edited, chosen) and strict:
        click.echo("maskctl: refused by --strict; nothing was written.", err=True)
        return 1
    if (changes or output) and not dry_run:
        refuse_early(path, output, force=force, backup=backup)
    for index in chosen:
        print_change(index, document.layers[index], edited.layers[index], err=output == STDOUT)
    return finish(edited, changes, path, output, dry_run=dry_run, backup=backup)


def _new_mask(document: ParamDocument, index: int, change: MaskChange, text: str) -> int:
    """The mask of a layer after the change; one that no engine reads can be replaced but not changed by bits."""
    from maskctl.errors import InputError

    line = document.layers[index]
    if line.malformed_mask and change.set_to is None:
        raise InputError(
            f"#{index} '{line.name}' has the feature mask '{line.malformed_mask}', which is no whole number, so '{text}' has "
            "nothing to change. Give an absolute mask, or none to clear it.",
            document.path,
        )
    return change.apply(line.mask)


def _refuse_model_among(positionals: Sequence[str]) -> None:
    """`show` and `analyze` take MODEL as an argument; whoever does so here gets told where it goes."""
    from pathlib import Path

    from maskctl.errors import InputError

    for text in positionals:
        if text.endswith(".param") and Path(text).is_file():
            raise InputError(
                f"'{text}' is a model, not a layer or a mask. Give it with --model: maskctl set-mask LAYER... MASK -m "
                f"{shlex.quote(text)}."
            )
