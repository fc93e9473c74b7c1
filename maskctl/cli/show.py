"""`maskctl show`: what a network consists of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from maskctl.cli.model_input import PLUGIN_OPTION, SHAPE_OPTION, load_plugins

if TYPE_CHECKING:
    from maskctl.graph.network import Graph, Layer
    from maskctl.graph.operators import LayerFacts

    Row = tuple[Layer, LayerFacts, int | None]


_TOPS_LISTED = 4


@click.command("show", short_help="List layers, shapes, costs and masks.")
@click.argument("model", metavar="MODEL")
@click.option("--bin", "bin_path", metavar="FILE", help="The .bin file. [default: beside MODEL]")
@PLUGIN_OPTION
@SHAPE_OPTION
@click.option(
    "--shapes",
    "with_shapes",
    is_flag=True,
    help="Show the shape of every top and the bytes of activations, and say why where they are not known.",
)
@click.option("--masked", is_flag=True, help="Only layers with a feature mask.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(model: str, *, with_shapes: bool, masked: bool, as_json: bool, **options: Any) -> int:
    """List the layers of MODEL (a .param file) with shapes, multiply-adds, weight bytes and feature masks.

    Nothing is run and no .bin is needed. With --shapes, exit status 1 means that not all shapes are known.

    \b
    Examples:
      maskctl show net.param
      maskctl show net.param --shapes --shape data=3,224,224
      maskctl show net.param --masked --json
    """
    from maskctl.cli.options import parse_shapes
    from maskctl.cli.text import warn_unsafe
    from maskctl.graph.network import build, check_counts
    from maskctl.graph.operators import facts
    from maskctl.graph.select import shapes_by_blob
    from maskctl.param import load

    load_plugins(options["plugins"])
    document = load(model)
    problem = check_counts(document)
    if problem:
        click.echo(f"maskctl: warning: {problem}", err=True)
    graph = build(document)
    unsafe = warn_unsafe(graph, document.masks)
    known = facts(graph, shapes_by_blob(graph, parse_shapes(options["shapes"])))
    sizes, source = _weight_bytes(graph, known, options["bin_path"], model)
    rows = [row for row in zip(graph.layers, known, sizes, strict=True) if row[0].mask or not masked]
    if as_json:
        import json

        from maskctl.report.layers import to_json

        click.echo(json.dumps(to_json(model, rows, source, unsafe), indent=2, allow_nan=False))
    else:
        _print(rows, source, masked=masked, with_shapes=with_shapes)
    return _report_unknown(graph, known) if with_shapes else 0


def _report_unknown(graph: Graph, known: Sequence[LayerFacts]) -> int:
    """Says on stderr where shapes stop being known; 1 where they do, else 0."""
    for layer, facts in zip(graph.layers, known, strict=True):
        if facts.problem and layer.type == "Input":
            shape = f"--shape {layer.tops[0]}=C,H,W"
            several = f" and as much for its {len(layer.tops) - 1} other tops; globs do" if len(layer.tops) > 1 else ""
            click.echo(f"maskctl: warning: the file has no shape for {layer}. Give {shape}{several}.", err=True)
        elif facts.problem:
            click.echo(f"maskctl: warning: no shapes from {layer} on: {facts.problem}", err=True)
    return int(any(facts.shapes is None for facts in known))


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


def _print(rows: Sequence[Row], source: str, *, masked: bool, with_shapes: bool) -> None:
    from maskctl.cli.text import counted, mask_text, print_table, table

    if masked and not rows:
        click.echo("No layer has a feature mask.")
        return
    extra = ("activations",) if with_shapes else ()
    made = table(
        "#", "type", "name", "shape", "MACs", "weights", *extra, "mask", numbers=("#", "MACs", "weights", *extra)
    )
    for layer, known, size in rows:
        of_tops = (_cell(_fp32_bytes(known), "B"),) if with_shapes else ()
        made.add_row(
            str(layer.index),
            layer.type,
            layer.name,
            _shapes_text(known),
            _cell(known.macs, ""),
            _cell(size, "B"),
            *of_tops,
            mask_text(layer.mask),
        )
    print_table(made)
    activations = f"; activations: {_total([_fp32_bytes(known) for _, known, _ in rows], 'B')} (as fp32)"
    click.echo(
        f"\n{counted(len(rows), 'layer')}; multiply-adds: {_total([known.macs for _, known, _ in rows], '')}; "
        f"weights: {_total([size for _, _, size in rows], 'B')} ({'in the .bin' if source == 'bin' else 'as fp32'})"
        f"{activations if with_shapes else ''}."
    )


def _fp32_bytes(known: LayerFacts) -> int | None:
    """Bytes of the tops of one sample as fp32."""
    return None if known.activation_elements is None else 4 * known.activation_elements


def _cell(value: int | None, unit: str) -> str:
    """A count, empty for 0 and "?" where it is not known."""
    from maskctl.cli.text import scaled

    return "?" if value is None else scaled(value, unit) if value else ""


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
    if known.bounds:
        return ", ".join(f"up to {'x'.join(map(str, shape))}" for shape in known.shapes)
    if len(set(known.shapes)) == 1 < len(known.shapes):
        return f"{len(known.shapes)} * {first}"
    texts = ["x".join(map(str, shape)) for shape in known.shapes]
    if len(texts) <= _TOPS_LISTED:
        return ", ".join(texts)
    return ", ".join(f"{texts.count(text)} * {text}" for text in dict.fromkeys(texts))
