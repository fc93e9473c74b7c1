"""`maskctl show`: what a network consists of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from maskctl.graph.network import Graph, Layer
    from maskctl.graph.operators import LayerFacts

    Row = tuple[Layer, LayerFacts, int | None]


@click.command("show", short_help="List layers, shapes, costs and masks.")
@click.argument("model", metavar="MODEL")
@click.option("--bin", "weights", metavar="FILE", help="The .bin file. [default: beside MODEL]")
@click.option(
    "--shape", "shapes", metavar="BLOB=C,H,W", multiple=True, help="Shape of an input blob, instead of the file's."
)
@click.option("--masked", is_flag=True, help="Only layers with a feature mask.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(model: str, weights: str | None, shapes: tuple[str, ...], *, masked: bool, as_json: bool) -> int:
    """List the layers of MODEL (a .param file) with shapes, multiply-adds, weight bytes and feature masks.

    \b
    Examples:
      maskctl show net.param
      maskctl show net.param --masked --json
    """
    from maskctl.cli.options import parse_shapes
    from maskctl.cli.text import warn_unsafe
    from maskctl.graph.network import build, check_counts
    from maskctl.graph.operators import facts
    from maskctl.param import load

    document = load(model)
    problem = check_counts(document)
    if problem:
        click.echo(f"maskctl: warning: {problem}", err=True)
    graph = build(document)
    unsafe = warn_unsafe(graph, document.masks)
    known = facts(graph, parse_shapes(shapes))
    sizes, source = _weight_bytes(graph, known, weights, model)
    rows = [row for row in zip(graph.layers, known, sizes, strict=True) if row[0].mask or not masked]
    if as_json:
        import json

        from maskctl.report.layers import to_json

        click.echo(json.dumps(to_json(model, rows, source, unsafe), indent=2, allow_nan=False))
    else:
        _print(rows, source, masked=masked)
    return 0


def _weight_bytes(
    graph: Graph, known: Sequence[LayerFacts], weights: str | None, model: str
) -> tuple[Sequence[int | None], str]:
    """Bytes of each layer in the .bin where there is one that fits, else those of fp32 weights, and which of the two."""
    from maskctl.errors import MaskctlError
    from maskctl.graph.model import bin_beside
    from maskctl.graph.operators import operators
    from maskctl.graph.weights import load

    path = weights or bin_beside(model)
    try:
        return load(path, operators(graph)).bytes_on_disk, "bin"
    except MaskctlError as error:
        if weights:
            raise
        if bin_beside(model).exists():
            reason = str(error).splitlines()[0].removesuffix(":")
            click.echo(f"maskctl: warning: weight bytes are those of fp32 weights, because {reason}", err=True)
    return [None if facts.weight_elements is None else 4 * facts.weight_elements for facts in known], "fp32"


def _print(rows: Sequence[Row], source: str, *, masked: bool) -> None:
    from maskctl.cli.text import counted, mask_text, print_table, scaled, table

    if masked and not rows:
        click.echo("No layer has a feature mask.")
        return
    made = table("#", "type", "name", "shape", "MACs", "weights", "mask", numbers=("#", "MACs", "weights"))
    for layer, known, size in rows:
        made.add_row(
            str(layer.index),
            layer.type,
            layer.name,
            _shapes_text(known),
            "?" if known.macs is None else scaled(known.macs, "") if known.macs else "",
            "?" if size is None else scaled(size, "B") if size else "",
            mask_text(layer.mask),
        )
    print_table(made)
    macs = [known.macs for _, known, _ in rows]
    sizes = [size for _, _, size in rows]
    click.echo(
        f"\n{counted(len(rows), 'layer')}; multiply-adds: {_total(macs, '')}; "
        f"weights: {_total(sizes, 'B')} ({'in the .bin' if source == 'bin' else 'as fp32'})."
    )


def _total(numbers: Sequence[int | None], unit: str) -> str:
    """The sum, as a lower bound where some are unknown, or "unknown" where all that count are."""
    from maskctl.cli.text import scaled

    known = sum(filter(None, numbers))
    if None not in numbers:
        return scaled(known, unit)
    return f"at least {scaled(known, unit)}" if known else "unknown"


def _shapes_text(known: LayerFacts) -> str:
    if known.shapes is None:
        return "?"
    first = "x".join(map(str, known.shapes[0])) if known.shapes else ""
    return (
        f"{len(known.shapes)} * {first}"
        if len(set(known.shapes)) == 1 < len(known.shapes)
        else ", ".join("x".join(map(str, shape)) for shape in known.shapes)
    )
