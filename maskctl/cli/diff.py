"""`maskctl diff`: what two `.param` files mean differently."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from maskctl.graph.network import Graph, Layer
    from maskctl.lock.diff import Change, Difference, Pair, Said


@click.command("diff", short_help="Say what two .param files mean differently.")
@click.argument("before_path", metavar="A")
@click.argument("after_path", metavar="B")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(before_path: str, after_path: str, *, as_json: bool) -> int:
    """Say what changed in meaning from A to B (.param files).

    That is: layers removed and added, and of the others name, type, parameters, mask, what they read, what their blobs
    are called, and their order. Layers are found again as by `maskctl apply`, whatever they are called. White space, defaults
    written out, the spelling of numbers and shape hints (-23330) are not compared. Exit status 1: they differ.

    \b
    Examples:
      maskctl diff net.param net-opt.param
      maskctl diff net.param net-opt.param --json
    """
    from maskctl.graph.network import build
    from maskctl.lock.diff import difference
    from maskctl.param import load

    before, after = build(load(before_path)), build(load(after_path))
    found = difference(before, after)
    if as_json:
        import json

        from maskctl.report.diff import to_json

        click.echo(json.dumps(to_json(before_path, after_path, found), indent=2, allow_nan=False))
    elif found.is_nothing:
        click.echo(f"{before_path} and {after_path} mean the same.")
    else:
        _print(before_path, after_path, found, after)
    return int(not found.is_nothing)


def _print(before_path: str, after_path: str, found: Difference, after: Graph) -> None:
    from maskctl.cli.text import counted
    from maskctl.lock.diff import Pair, in_order

    click.echo(f"--- {before_path}\n+++ {after_path}")
    for row in in_order(found, after):
        if isinstance(row, Pair):
            _print_pair(row)
        else:
            click.echo(f"{'-' if any(row is layer for layer in found.removed) else '+'}{_whole(row)}")
    renamed = sum(change.what == "name" for pair in found.changed for change in pair.changes)
    parts = [
        f"{counted(len(found.removed), 'layer')} removed",
        f"{len(found.added):,} added",
        f"{len(found.changed):,} changed",
    ]
    click.echo(f"\n{', '.join(parts)}{f', {renamed:,} of them renamed' if renamed else ''}.")


def _whole(layer: Layer) -> str:
    from maskctl.cli.text import mask_text

    return f"{layer}{f' mask {mask_text(layer.mask)}' if layer.mask else ''}"


def _print_pair(pair: Pair) -> None:
    here = f" -> #{pair.after.index}" if pair.after.index != pair.before.index else ""
    click.echo(f" {pair.before}{here}")
    for change in pair.changes:
        for sign, said in (("-", change.before), ("+", change.after)):
            if said is not None:
                click.echo(f"{sign}    {_said(change, said)}")


def _said(change: Change, said: Said) -> str:
    from maskctl.cli.text import mask_text

    if change.what == "param":
        value = ",".join(map(str, said)) if isinstance(said, tuple) else said
        return f"{change.name or 'param'} {change.id}={value}"
    if change.what == "mask" and isinstance(said, int):
        return f"mask {mask_text(said) if said else 'none'}"
    if isinstance(said, tuple):
        return f"{change.what} {', '.join(map(str, said)) or 'nothing'}"
    return f"{change.what} {f'#{said}' if change.what == 'place' else said}"
