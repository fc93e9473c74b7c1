"""An analysis on the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from maskctl.analysis.analyze import Analysis, LayerReport
from maskctl.analysis.metrics import COSINE, SQNR
from maskctl.cli.text import console, cosine_text, decibels, magnitude, mask_text, table
from maskctl.param.diff import unified_diff

if TYPE_CHECKING:
    from rich.console import Console

_NUMBERS = ("#", "layer dB", "layer cos", "graph dB", "graph cos", "largest", "lost")


def print_analysis(analysis: Analysis, top: int, *, show_diff: bool) -> None:
    """The layers worst first, the outputs before and after, the proposal, and what to know about the figures."""
    out = console()
    samples = len(analysis.samples)
    out.print(
        f"[bold]{analysis.model.document.path}[/bold]: {analysis.precision} on {analysis.target.name} ({analysis.target.title}), "
        f"{samples} {'sample' if samples == 1 else 'samples'}{' (synthetic)' if analysis.samples.synthetic else ''}\n"
    )
    _print_layers(out, analysis, top)
    _print_outputs(out, analysis)
    _print_proposal(out, analysis, show_diff=show_diff)
    for note in _notes(analysis):
        out.print(f"Note: {note}", highlight=False)


def _print_layers(out: Console, analysis: Analysis, top: int) -> None:
    shown = analysis.rows[:top] if top else analysis.rows
    made = table("#", "layer", "type", *_NUMBERS[1:], "mask", "reason", numbers=_NUMBERS)
    for row in shown:
        made.add_row(*_cells(row), style="bold" if row.mask != row.proposed else None)
    out.print(made)
    left = len(analysis.rows) - len(shown)
    out.print(f"… and {left} more layers; --top 0 lists all.\n" if left else "")


def _cells(row: LayerReport) -> tuple[str, ...]:
    loss = row.loss
    mask = mask_text(row.mask) if row.mask == row.proposed else f"{row.mask} -> {mask_text(row.proposed)}"
    return (
        str(row.layer.index),
        row.layer.name,
        row.layer.type,
        decibels(SQNR.of(loss.layerwise)),
        cosine_text(COSINE.of(loss.layerwise)),
        decibels(SQNR.of(loss.graphwise)),
        cosine_text(COSINE.of(loss.graphwise)),
        magnitude(loss.graphwise.largest),
        f"{loss.graphwise.lost:,}" if loss.graphwise.lost else "",
        mask,
        row.reason,
    )


def _print_outputs(out: Console, analysis: Analysis) -> None:
    plan = analysis.plan
    made = table(
        "output",
        "cos before",
        "cos after",
        "dB before",
        "dB after",
        numbers=("cos before", "cos after", "dB before", "dB after"),
    )
    for name in analysis.model.graph.outputs:
        before, after = plan.before.outputs[name], plan.after.outputs[name]
        made.add_row(
            name,
            cosine_text(COSINE.of(before)),
            cosine_text(COSINE.of(after)),
            decibels(SQNR.of(before)),
            decibels(SQNR.of(after)),
        )
    out.print(made)
    out.print("")


def _print_proposal(out: Console, analysis: Analysis, *, show_diff: bool) -> None:
    plan, count = analysis.plan, len(analysis.masks)
    masks = f"{count} {'mask' if count == 1 else 'masks'}"
    if plan.reached and not count:
        out.print(f"Every output reaches {analysis.goal} as the model is: nothing to propose.")
    elif plan.reached:
        out.print(f"With {masks} every output reaches {analysis.goal}.")
    elif count:
        out.print(
            f"{analysis.goal} is out of reach with masks the engine honours. The best found takes {masks}, shown above."
        )
    else:
        out.print(f"{analysis.goal} is out of reach: no mask the engine honours helps.")
    if count and show_diff:
        document = analysis.model.document.with_masks(analysis.masks)
        out.print("")
        out.out(unified_diff(document, document.path), end="")


def _notes(analysis: Analysis) -> list[str]:
    notes = []
    if analysis.samples.synthetic:
        notes.append(
            f"no input was given. The figures come from seeded noise (seed {analysis.samples.seed}) and are indicative only: "
            "give real samples with -i BLOB=FILE."
        )
    if analysis.instead_of:
        kinds = ", ".join(sorted(set(analysis.instead_of.values())))
        layers = ", ".join(f"#{index}" for index in analysis.instead_of)
        notes.append(
            f"{len(analysis.instead_of)} layers ({layers}) run {kinds} on the device. They were computed as with 31=64 (no-winograd): "
            "the device loses more in them than shown."
        )
    return notes
