"""Edits of masks as commands make them: what cannot be written refused, changes shown, warned of, and written."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AbstractContextManager, nullcontext

import click

from maskctl.cli.writing import STDOUT, print_param
from maskctl.param import LayerLine, ParamDocument


def editing(path: str, output: str | None, *, dry_run: bool) -> AbstractContextManager[None]:
    """From reading to writing nobody else's edit comes between; who only looks waits for nobody."""
    from maskctl.param.exclusive import exclusive

    return nullcontext() if output or dry_run else exclusive(path)


def refuse_early(path: str, output: str | None, *, force: bool, backup: bool) -> None:
    """What cannot be written is refused before anything is printed."""
    from maskctl.errors import InputError
    from maskctl.param.write import refuse_overwrite, refuse_unwritable

    if output == STDOUT:
        if backup:
            raise InputError("-o - replaces no file, and --backup keeps what is replaced. Leave one of them out.")
        return
    if output:
        refuse_overwrite(output, path, force=force)
    refuse_unwritable(output or path)


def print_change(index: int, before: LayerLine, after: LayerLine, note: str = "", *, err: bool = False) -> None:
    """One line: the layer, its mask before and after."""
    from maskctl.featmask import words

    old = before.malformed_mask or f"{before.mask} ({words(before.mask)})"
    arrow = f"{old} as it was" if before.text == after.text else f"{old} -> {after.mask} ({words(after.mask)})"
    click.echo(f"#{index} {before.name} ({before.type}): {arrow}{note}", err=err)


def warn(before: ParamDocument, after: ParamDocument, chosen: Collection[int]) -> bool:
    """Says on stderr what the engine will not honour: masks just set, and masks that have become unsafe by it."""
    from maskctl.errors import GraphError
    from maskctl.graph.network import build, check_counts
    from maskctl.targets import DEFAULT
    from maskctl.targets.storage import hazards_of_change

    try:
        relevant = hazards_of_change(build(after), DEFAULT, before.masks, after.masks, chosen)
    except GraphError as error:
        click.echo(f"maskctl: warning: cannot tell whether these masks are safe: {error}", err=True)
        return False
    problem = check_counts(after)
    if problem:
        click.echo(f"maskctl: warning: {problem}", err=True)
    for hazard in relevant:
        click.echo(f"maskctl: warning: {hazard}", err=True)
    return bool(relevant)


def finish(
    edited: ParamDocument,
    changes: dict[int, int],
    path: str,
    output: str | None,
    *,
    dry_run: bool,
    backup: bool,
) -> int:
    """Shows the diff, writes, and says so; a change that changes nothing writes nothing, unless to another file."""
    from pathlib import Path

    from maskctl.cli.model_option import weights_of
    from maskctl.param.diff import unified_diff
    from maskctl.param.write import write

    to_stdout = output == STDOUT
    click.echo(unified_diff(edited, path if to_stdout else output or path), nl=False, err=to_stdout)
    if dry_run:
        click.echo("Dry run: nothing was written.", err=to_stdout)
        return 0
    if to_stdout:
        print_param(edited, changes)
        return 0
    if not (changes or output):
        click.echo(f"Nothing to change: {path} is as it was.")
        return 0
    write(edited, output or path, changes, backup=backup, locked=not output)
    where = weights_of(output, path) if output and Path(path).with_suffix(".bin").exists() else ""
    click.echo(f"Wrote {output or path}{where and f'; its {where}'}.")
    return 0
