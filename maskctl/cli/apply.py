"""`maskctl apply`: the masks of a lock, back on the layers they were on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from maskctl.graph.network import Graph
    from maskctl.lock import Found, Lock
    from maskctl.param import ParamDocument


@click.command("apply", short_help="Put the masks of a lock back after a re-export.")
@click.argument("lock_path", metavar="LOCK")
@click.argument("model", metavar="MODEL")
@click.option("-o", "--output", metavar="OUT", help="Write the result here, - for stdout, and leave MODEL as it is.")
@click.option(
    "--check", is_flag=True, help="Write nothing; exit 1 where a mask of LOCK is missing in MODEL or differs."
)
@click.option("--dry-run", is_flag=True, help="Show what would change and write nothing.")
@click.option(
    "--partial", is_flag=True, help="Write the masks whose layers are certain, leave the others out, and exit 0."
)
@click.option(
    "--by-name", is_flag=True, help="Trust names: take the layer of the same name and type, whatever stands around it."
)
@click.option("--backup", is_flag=True, help="Keep the old file beside it, with .bak added to its name.")
@click.option("--force", is_flag=True, help="With -o: replace an OUT that exists.")
def command(
    lock_path: str,
    model: str,
    output: str | None,
    *,
    check: bool,
    dry_run: bool,
    partial: bool,
    by_name: bool,
    backup: bool,
    force: bool,
) -> int:
    """Put the masks of LOCK, written by `maskctl lock`, back on the layers of MODEL (a .param file).

    A layer is found by its type, its sizes and the layers around it, also under another name. A mask whose layer is not
    certain is told, with why, and then nothing is written: exit status 1.

    \b
    Examples:
      maskctl apply net.masks.toml net.param
      maskctl apply net.masks.toml net-opt.param --dry-run
      maskctl apply net.masks.toml net.param --check
    """
    from maskctl import lock
    from maskctl.cli.mask_edit import editing

    _refuse_together(output, check=check, backup=backup, partial=partial)
    locked = lock.load(lock_path)
    with editing(model, output, dry_run=dry_run or check):
        return _edit(
            locked,
            model,
            output,
            check=check,
            dry_run=dry_run,
            partial=partial,
            by_name=by_name,
            backup=backup,
            force=force,
        )


def _edit(
    locked: Lock,
    model: str,
    output: str | None,
    *,
    check: bool,
    dry_run: bool,
    partial: bool,
    by_name: bool,
    backup: bool,
    force: bool,
) -> int:
    from maskctl.cli.mask_edit import finish, print_change, refuse_early, warn
    from maskctl.cli.writing import STDOUT
    from maskctl.graph.network import build
    from maskctl.lock import match
    from maskctl.param import load

    document = load(model)
    graph = build(document)
    found = match(locked, graph, by_name=by_name)
    chosen = {one.index: one.entry.mask for one in found if one.index is not None}
    changes = {index: mask for index, mask in chosen.items() if mask != document.layers[index].mask}
    edited = document.with_masks(changes)
    warn(document, edited, chosen)
    if check:
        return _report(found, changes, graph, locked, model)
    unsure = [one for one in found if one.index is None]
    if (changes or output) and not dry_run and not (unsure and not partial):
        refuse_early(model, output, force=force, backup=backup)
    for one in found:
        if one.index is not None:
            lines = document.layers[one.index], edited.layers[one.index]
            print_change(one.index, *lines, _called(one, document), err=output == STDOUT)
    _name(unsure, graph)
    if unsure and not (partial or dry_run):
        click.echo(
            f"maskctl: {_count(unsure, found)} no certain layer; nothing was written. {_hint(unsure, found)}", err=True
        )
        return 1
    code = finish(edited, changes, model, output, dry_run=dry_run, backup=backup)
    return code or int(bool(unsure) and not partial)


def _refuse_together(output: str | None, *, check: bool, backup: bool, partial: bool) -> None:
    """Options that mean nothing beside --check are refused rather than left out in silence."""
    from maskctl.errors import InputError

    for name, given in (("-o", bool(output)), ("--backup", backup), ("--partial", partial)):
        if check and given:
            raise InputError(f"--check writes nothing, and {name} is about writing. Give one of the two.")


def _count(unsure: Sequence[Found], found: Sequence[Found]) -> str:
    from maskctl.cli.text import counted

    return f"{len(unsure):,} of {counted(len(found), 'mask')} {'has' if len(unsure) == 1 else 'have'}"


def _hint(unsure: Sequence[Found], found: Sequence[Found]) -> str:
    """What to do about masks that have no certain layer."""
    if len(unsure) < len(found):
        return "Give --partial to write the others, and set these with 'maskctl set-mask'."
    return "Is this the lock of another model? If not, set masks with 'maskctl set-mask'."


def _called(one: Found, document: ParamDocument) -> str:
    """What the layer was called when it was locked, where that has changed."""
    same = one.index is None or document.layers[one.index].name == one.entry.name
    return "" if same else f" [was {one.entry.name}]"


def _name(unsure: Sequence[Found], graph: Graph, *, err: bool = True) -> None:
    """Says of each mask that has no certain layer why, and which layers it may be."""
    from maskctl.cli.text import mask_text

    for one in unsure:
        listed = ", ".join(str(graph.layers[index]) for index in one.candidates[:_MOST_LISTED])
        more = f" or {len(one.candidates) - _MOST_LISTED} others" if len(one.candidates) > _MOST_LISTED else ""
        may_be = f" Candidates: {listed}{more}." if listed else ""
        click.echo(
            f"maskctl: no certain layer for {one.entry}, mask {mask_text(one.entry.mask)}: {one.why}.{may_be}", err=err
        )


_MOST_LISTED = 4


def _report(found: Sequence[Found], changes: dict[int, int], graph: Graph, locked: Lock, model: str) -> int:
    """What --check finds; 1 where a mask of the lock is not there."""
    from maskctl.cli.text import counted, mask_text

    for one in found:
        if one.index in changes:
            layer = graph.layers[one.index]
            has = f"the mask {mask_text(layer.mask)}" if layer.mask else "no mask"
            click.echo(f"{layer} has {has}; the lock says {mask_text(one.entry.mask)}.")
    unsure = [one for one in found if one.index is None]
    _name(unsure, graph, err=False)
    matched = {one.index for one in found}
    for layer in graph.layers:
        if layer.mask and layer.index not in matched:
            click.echo(
                f"{layer} has the mask {mask_text(layer.mask)}, which is not in the lock. 'maskctl lock' takes it up."
            )
    if not (changes or unsure):
        click.echo(f"{model} has {counted(len(found), 'mask')} of {locked.path}, and none is missing.")
        return 0
    click.echo(
        f"{len(changes) + len(unsure)} of {counted(len(found), 'mask')} of {locked.path} are not in {model} as they should be."
    )
    return 1
