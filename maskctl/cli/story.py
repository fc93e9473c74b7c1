"""The story of one layer on the terminal, told from the document of an analysis."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import click

from maskctl.cli.text import change_text, cosine_text, counted, decibels, mask_text, print_table, scaled, table
from maskctl.numeric.figures import figure

_BAR = 40
_MOST_ROWS = 24
NO_MARKS: Mapping[int, str] = MappingProxyType({})


def print_story(report: Mapping[str, Any], index: int, policy: str) -> None:
    """Everything that the document says of one layer; `policy` is what was analysed, in words."""
    layer = report["network"][index]
    loss = next((row for row in report["layers"] if row["index"] == index), None)
    synthetic = " (synthetic)" if report["samples"]["synthetic"] else ""
    click.echo(f"{click.style(_called(layer), bold=True)} in {report['model']}")
    click.echo(f"{policy}, {counted(report['samples']['count'], 'sample')}{synthetic}\n")
    _print_facts(_facts(report["network"], layer, loss))
    _print_losses(report, layer, loss or {})
    _print_values(layer["values"], report["format"])
    _print_errors(layer["errors"], changed=bool(report["masks"]))
    _print_bits(layer, loss)


def _called(layer: Mapping[str, Any]) -> str:
    return f"#{layer['index']} '{layer['name']}' ({layer['type']})"


def _print_facts(facts: Sequence[tuple[str, str]]) -> None:
    made = table("what", "is")
    made.show_header = False
    for what, text in facts:
        made.add_row(what, text)
    print_table(made)
    click.echo("")


def _facts(
    network: Sequence[Mapping[str, Any]], layer: Mapping[str, Any], loss: Mapping[str, Any] | None
) -> list[tuple[str, str]]:
    shapes = dict.fromkeys("x".join(map(str, shape)) for shape in layer["shapes"] or ())
    reads = [_called(other) for other in network if set(other["tops"]) & set(layer["bottoms"])]
    readers = [_called(other) for other in network if set(other["bottoms"]) & set(layer["tops"])]
    is_input = layer["type"] == "Input"
    facts = [
        ("line", layer["line"]),
        ("mask", _mask(layer, loss)),
        ("proposed because", _proposed_because(layer, loss)),
        ("why it loses", loss["reason"] if loss else _not_measured(layer)),
        ("evidence", "; ".join(found["words"] for found in loss["evidence"]) if loss else ""),
        ("kernel", "" if is_input else layer["kernel_words"]),
        ("formats", "" if is_input else layer["formats_words"]),
        ("shape", ", ".join(shapes) or "not known"),
        ("multiply-adds", _cost(layer)),
        ("reads", ", ".join(reads)),
        ("read by", ", ".join(readers)),
    ]
    return [fact for fact in facts if fact[1]]


def _mask(layer: Mapping[str, Any], loss: Mapping[str, Any] | None) -> str:
    if loss is None or loss["mask"] == loss["proposed"]:
        return mask_text(layer["mask"])
    return f"{change_text(loss['mask'], loss['proposed'])} (proposed)"


def _proposed_because(layer: Mapping[str, Any], loss: Mapping[str, Any] | None) -> str:
    """What the bits do that the proposal adds."""
    added = (loss["proposed"] & ~loss["mask"]) if loss else 0
    return "; ".join(f"{row['bit']}: {row['effect']}" for row in layer["bits"] if row["bit"] & added)


def _not_measured(layer: Mapping[str, Any]) -> str:
    if layer["cut"]:
        return f"it is not run: {layer['cut']}"
    return (
        "an input has nothing to lose" if layer["type"] == "Input" else "not measured: its rows depend on what it finds"
    )


def _cost(layer: Mapping[str, Any]) -> str:
    if layer["macs"] is None:
        return "not known"
    return f"{scaled(layer['macs'], '')} ({layer['share_of_macs']:.1%} of the network)" if layer["macs"] else "none"


def _print_losses(report: Mapping[str, Any], layer: Mapping[str, Any], loss: Mapping[str, Any]) -> None:
    rows = list(_losses(report, layer, loss))
    if not rows:
        return
    made = table("loss", "dB", "cosine", "lost", numbers=("dB", "cosine", "lost"))
    for name, figures in rows:
        lost = f"{figures['lost']:,}" if figures["lost"] else ""
        made.add_row(name, decibels(float(figures["sqnr_db"])), cosine_text(float(figures["cosine"])), lost)
    print_table(made)
    click.echo("")


def _losses(
    report: Mapping[str, Any], layer: Mapping[str, Any], loss: Mapping[str, Any]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every loss that the document has of the layer; that under the proposal only where there is one."""
    for key, words in report["losses"].items():
        part, _, kind = key.partition(".")
        figures = loss.get(part, {}).get(kind) if kind else loss.get(part) or (report["masks"] and layer.get(part))
        if figures:
            yield words, figures
    yield from _effects(report["losses"], loss)


def _effects(losses: Mapping[str, str], loss: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """What the layer alone, or all but it, does to each output, as far as the scope of the document has it."""
    named = {"whole": "", "storage": losses["layerwise_storage"], "no_winograd": losses["layerwise_no_winograd"]}
    for kind, outputs in sorted((loss.get("alone") or {}).items(), key=lambda item: item[0] != "whole"):
        words = named[kind] if kind in named else losses[f"apart.{kind}"]
        for blob, figures in outputs.items():
            yield f"alone in an fp32 network, at '{blob}'{words and f': {words}'}", figures
    for blob, figures in (loss.get("leave_one_out") or {}).items():
        yield f"everything lowered but this layer, at '{blob}'", figures


def _print_values(values: Mapping[str, Any] | None, limits: Mapping[str, Any]) -> None:
    if values is None:
        return
    ends = [float(values[end]) for end in ("smallest", "largest")]
    said = [" to ".join(map(figure, ends))] if ends[0] <= ends[1] else []
    for count, words in (
        (values["above"], f"beyond {limits['name']}'s {limits['largest']:,.0f}"),
        (values["subnormal"], "subnormal"),
        (values["flushed"], "below its smallest"),
        (values["magnitudes"]["zeros"], "zero"),
        (values["magnitudes"]["not_finite"], "not finite"),
    ):
        said += [f"{count:,} {words}"] if count else []
    click.echo(f"{click.style('Values in fp32', bold=True)}: {'; '.join(said)}")
    marks = {
        round(math.log2(limits["largest"])) - 1: f"{limits['name']} ends at {limits['largest']:,.0f}",
        round(math.log2(limits["smallest_normal"])): f"{limits['name']} is subnormal below",
        round(math.log2(limits["smallest"])): f"{limits['name']}'s smallest",
    }
    _print_histograms({"": values["magnitudes"]}, marks)


def _print_errors(errors: Mapping[str, Any] | None, *, changed: bool) -> None:
    if errors is None:
        return
    named = {"before": errors["before"], "with the masks": errors["after"]} if changed else {"": errors["before"]}
    said = []
    for name, found in named.items():
        lost = f", {found['not_finite']:,} not finite" if found["not_finite"] else ""
        said.append(f"{name}{': ' if name else ''}{found['zeros']:,} without error{lost}")
    click.echo(f"{click.style('Errors in the lowered network', bold=True)}: {'; '.join(said)}")
    _print_histograms(named)


def _print_histograms(named: Mapping[str, Mapping[str, Any]], marks: Mapping[int, str] = NO_MARKS) -> None:
    """Counts by power of two as bars, the largest magnitudes first; one column of bars for each histogram.

    `marks` stand beside the row of their exponent.
    """
    held = [found for found in named.values() if found["counts"]]
    if not held:
        click.echo("")
        return
    first = min(found["first"] for found in held)
    last = max(found["first"] + len(found["counts"]) for found in held)
    step = -(-(last - first) // _MOST_ROWS)
    most = max(max(_grouped(found, first, last, step)) for found in held)
    made = table("from", *(name or "elements" for name in named), "", numbers=("from",))
    made.show_header = len(named) > 1
    rows = [_grouped(found, first, last, step) for found in named.values()]
    for place in reversed(range(len(rows[0]))):
        at = first + place * step
        bars = (_bar(counts[place], most, len(named)) for counts in rows)
        made.add_row(f"2^{at}", *bars, "; ".join(word for mark, word in marks.items() if at <= mark < at + step))
    print_table(made)
    click.echo("")


def _grouped(found: Mapping[str, Any], first: int, last: int, step: int) -> list[int]:
    """The counts of so many powers of two together, over a range that holds them all."""
    before = found["first"] - first if found["counts"] else 0
    counts = [0] * before + found["counts"]
    counts += [0] * (last - first - len(counts))
    return [sum(counts[place : place + step]) for place in range(0, len(counts), step)]


def _bar(count: int, most: int, columns: int) -> str:
    length = _BAR // columns
    return f"{'#' * -(-count * length // most):{length}} {count:,}" if count else ""


def _print_bits(layer: Mapping[str, Any], loss: Mapping[str, Any] | None) -> None:
    if not layer["bits"]:
        return
    proposed = loss["proposed"] if loss else layer["mask"]
    made = table("bit", "word", "here", numbers=("bit",))
    for row in layer["bits"]:
        marks = ["set" if row["is_set"] else "", "proposed" if row["bit"] & proposed & ~layer["mask"] else ""]
        made.add_row(str(row["bit"]), row["word"], ": ".join([*filter(None, marks), row["effect"]]))
    print_table(made)
