"""An analysis on the terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import click

from maskctl.analysis.alone import Effect, worst
from maskctl.analysis.analyze import Analysis, LayerReport, Partial
from maskctl.analysis.causes import right_bit
from maskctl.analysis.finders import reads_found
from maskctl.analysis.kinds import USUAL
from maskctl.analysis.metrics import COSINE, SQNR
from maskctl.analysis.sensitivity import LayerLoss
from maskctl.cli.plan_tables import print_front, print_proposal
from maskctl.cli.text import change_text, cosine_text, counted, decibels, mask_text, print_table, table, width
from maskctl.featmask import NO_BF16_STORAGE, NO_FP16_STORAGE
from maskctl.numeric.figures import figure
from maskctl.param.diff import unified_diff
from maskctl.param.fence import FENCE_TYPE

_NUMBERS = ("#", "layer dB", "layer cos", "graph dB", "graph cos", "largest", "lost")
_COLUMNS = ("#", "layer", "type", *_NUMBERS[1:], "bit", "mask", "reason")
_NARROW = ("#", "layer", "layer dB", "graph dB", "mask", "reason")
_WIDE_TERMINAL = 140

_OF_SCOPE: Mapping[str, tuple[str, Callable[[LayerLoss], Effect]]] = {
    "alone": ("alone dB", lambda loss: loss.alone.get("whole", {})),
    "leave-one-out": ("without dB", lambda loss: loss.leave_one_out),
}
"""The column that a scope adds: its name, and the sums at the outputs that it tells."""


def print_analysis(analysis: Analysis, top: int, *, show_diff: bool) -> None:
    """The layers worst first, the outputs before and after, what to know about the figures, and last the proposal.

    `top` limits the layers and the masks whose difference is shown; 0 shows all.
    """
    click.echo(
        f"{click.style(analysis.model.document.path, bold=True)}: {analysis.policy}, "
        f"{counted(len(analysis.samples), 'sample')}"
        f"{' (synthetic)' if analysis.samples.synthetic else ''}\n"
    )
    _print_layers(analysis, top)
    _print_outputs(analysis)
    if analysis.plan.front:
        print_front(analysis)
    if analysis.masks and show_diff:
        _print_diff(analysis, top)
    for note in _notes(analysis):
        click.echo(f"Note: {note}\n")
    print_proposal(analysis)


def _print_diff(analysis: Analysis, top: int) -> None:
    """The change of the file, of so many masks as rows are listed, those of the first rows."""
    ranked = [row.layer.index for row in analysis.rows if row.layer.index in analysis.masks]
    ranked += [index for index in analysis.masks if index not in ranked]  # layers without a row
    shown = {index: analysis.masks[index] for index in ranked[: top or None]}
    document = analysis.model.document.with_masks(shown)
    click.echo(unified_diff(document, document.path), nl=False)
    left = len(ranked) - len(shown)
    click.echo(f"… and {counted(left, 'more mask')}; --top 0 shows all.\n" if left else "")


def print_partial(partial: Partial, top: int, *, err: bool) -> None:
    """The layers that were measured before an interrupt, worst first, and that they are not all."""
    if partial.rows:
        click.echo(
            f"{click.style(partial.model.document.path, bold=True)}: {partial.policy}, "
            f"{counted(len(partial.samples), 'sample')}\n",
            err=err,
        )
        extra = _OF_SCOPE.get(partial.wishes.scope, ("", None))[0]
        columns = [
            column for column in ("#", "layer", "type", "layer dB", "graph dB", extra, "bit", "reason") if column
        ]
        made = table(*columns, numbers=("#", "layer dB", "graph dB", extra, "bit"))
        for row in _shown(partial.rows, top):
            cells = {**_cells(row), **_not_yet(row.loss)}
            made.add_row(*(cells[column] for column in columns))
        print_table(made, err=err)
        _print_left(partial.rows, top, err=err)
    known = "No layer was" if not partial.rows else f"{len(partial.rows)} of {counted(partial.layers, 'layer')} were"
    click.echo(f"Partial: {known} measured over all samples before the interrupt, and nothing is proposed.", err=err)


def _not_yet(loss: LayerLoss) -> dict[str, str]:
    """Empty cells for what was not measured before an interrupt."""
    blank = {} if loss.graphwise.elements else {"graph dB": ""}
    return {**blank, **{name: "" for name, effect_of in _OF_SCOPE.values() if not effect_of(loss)}}


def _print_layers(analysis: Analysis, top: int) -> None:
    columns = _COLUMNS if width() >= _WIDE_TERMINAL else _NARROW
    extra = _OF_SCOPE.get(analysis.wishes.scope)
    if extra:
        columns = (*columns[:-2], extra[0], *columns[-2:])
    made = table(*columns, numbers=(*_NUMBERS, *(extra or ())[:1], "bit"))
    for row in _shown(analysis.rows, top):
        cells = _cells(row)
        made.add_row(*(cells[column] for column in columns), style="bold" if row.mask != row.proposed else None)
    print_table(made)
    _print_left(analysis.rows, top)
    if analysis.effort.naive:
        click.echo(f"Layer executions: {analysis.effort.executions:,} of {analysis.effort.naive:,} naive.")
    if width() < _WIDE_TERMINAL:
        click.echo(f"{_WIDE_TERMINAL} columns of terminal show types, cosines, magnitudes and lost elements as well.")
    click.echo("")


def _print_left(rows: Sequence[LayerReport], top: int, *, err: bool = False) -> None:
    shown = _shown(rows, top)
    if len(shown) == len(rows):
        return
    masks = sum(row.mask != row.proposed for row in rows) - sum(row.mask != row.proposed for row in shown)
    with_masks = f", {masks} of them with a new mask" if masks else ""
    click.echo(f"… and {counted(len(rows) - len(shown), 'more layer')}{with_masks}; --top 0 lists all.", err=err)


def _shown(rows: Sequence[LayerReport], top: int) -> Sequence[LayerReport]:
    """The first `top` rows, those whose mask changes before the others, in their order; 0 shows all."""
    first = sorted(rows, key=lambda row: row.mask == row.proposed)[: top or None]
    kept = {row.layer.index for row in first}
    return [row for row in rows if row.layer.index in kept]


def _cells(row: LayerReport) -> dict[str, str]:
    loss = row.loss
    return {
        "#": str(row.layer.index),
        "layer": row.layer.name,
        "type": row.layer.type,
        "layer dB": decibels(SQNR.of(loss.layerwise)),
        "layer cos": cosine_text(COSINE.of(loss.layerwise)),
        "graph dB": decibels(SQNR.of(loss.graphwise)),
        "graph cos": cosine_text(COSINE.of(loss.graphwise)),
        "largest": figure(loss.graphwise.largest),
        "lost": f"{loss.graphwise.lost:,}" if loss.graphwise.lost else "",
        **{name: decibels(SQNR.of(worst(effect_of(loss)))) for name, effect_of in _OF_SCOPE.values()},
        "bit": str(right_bit(loss) or ""),
        "mask": mask_text(row.mask) if row.mask == row.proposed else change_text(row.mask, row.proposed),
        "reason": row.reason,
    }


def _print_outputs(analysis: Analysis) -> None:
    columns = ("cos before", "cos after", "dB before", "dB after")
    made = table("output", *columns, numbers=columns)
    for name, before in analysis.plan.before.outputs.items():
        after = analysis.plan.after.outputs[name]
        made.add_row(
            name,
            cosine_text(COSINE.of(before)),
            cosine_text(COSINE.of(after)),
            decibels(SQNR.of(before)),
            decibels(SQNR.of(after)),
        )
    print_table(made)
    scores = analysis.plan.before.score, analysis.plan.after.score
    if scores[0] is not None and scores[1] is not None:
        said = analysis.goal.score_text
        click.echo(f"check: {said(scores[0])} before, {said(scores[1])} after")
    click.echo("")


def _notes(analysis: Analysis) -> list[str]:
    notes = []
    if analysis.samples.synthetic:
        notes.append(
            f"no input was given. The figures come from seeded noise (seed {analysis.samples.seed}) and are indicative only: "
            "give real samples with -i BLOB=FILE."
        )
    if analysis.precision.startswith("fp16") and not any(support.fp16 for support in analysis.target.support.values()):
        notes.append(
            f"fp16 options change no blob and no sum on {analysis.target.name}. What a phone computes, --target arm82 shows."
        )
    stored = [index for index, mask in analysis.masks.items() if mask & (NO_FP16_STORAGE | NO_BF16_STORAGE)]
    if stored:
        notes.append(_storage_note(len(stored)))
    if analysis.fences:
        notes.append(_fences_note(len(analysis.fences)))
    kinds = [kind for kind in analysis.wishes.kinds if kind not in USUAL]
    if kinds:
        notes.append(f"what layers lose in {' and '.join(kinds)} is in --json and --html, not in the table.")
    if analysis.finders:
        notes.append(_finders_note(analysis))
    if analysis.instead_of:
        notes.append(_substitutes_note(analysis))
    return notes


def _finders_note(analysis: Analysis) -> str:
    """What is measured where rows depend on what is found."""
    found = analysis.finders
    layers = ", ".join(str(op.layer) for op in found)
    tops = ", ".join(f"'{top}'" for op in found for top in op.layer.tops)
    return (
        f"{layers} {'gives' if len(found) == 1 else 'give'} as many rows as {'it finds' if len(found) == 1 else 'they find'}, and "
        f"one row may be another thing in {analysis.precision}: {tops} cannot be compared element by element. What "
        f"{'it reads' if len(found) == 1 else 'they read'} is measured instead"
        f"{', and layers behind are fed the rows found in fp32' if reads_found(analysis.model, found) else ''}."
    )


def _storage_note(count: int) -> str:
    """What to know about the proposed masks with 32-bit storage."""
    chain = (
        "The engine honours that only without a gap from the inputs on, so every layer before the one that needs it "
        "carries it too. A lower target may need far fewer masks. "
    )
    return (
        f"{count} of the proposed masks {'asks' if count == 1 else 'ask'} for 32-bit storage. {chain if count > 1 else ''}"
        f"{'It holds' if count == 1 else 'They hold'} on CPUs only: with Vulkan compute such a layer needs bit 16 (no-vulkan) too."
    )


def _fences_note(count: int) -> str:
    """What fences are."""
    them = "A layer is" if count == 1 else f"{count} layers are"
    return (
        f"{them} put in: {FENCE_TYPE} has no 16-bit storage, so that the engine casts its input to fp32, and it changes no "
        "value. The weights stay as they are."
    )


def _substitutes_note(analysis: Analysis) -> str:
    """Which layers the device computes by an algorithm that is not reproduced here."""
    winograd = [index for index, kind in analysis.instead_of.items() if "winograd" in kind]
    others = [index for index in analysis.instead_of if index not in winograd]
    said = []
    if winograd:
        kinds = ", ".join(sorted({analysis.instead_of[index] for index in winograd}))
        one = len(winograd) == 1
        said.append(
            f"{_listed(winograd)} {'runs' if one else 'run'} {kinds} on the device. {'It was' if one else 'They were'} "
            "computed as with 31=64 (no-winograd): the device loses more there than shown."
        )
    if others:
        types = ", ".join(sorted({analysis.model.graph.layers[index].type for index in others}))
        said.append(
            f"{_listed(others)} ({types}): the device computes these step by step in fp16, and here their fp32 result is "
            f"rounded once. It may lose more there than shown.{_bit_1_text(analysis, others)}"
        )
    return " ".join(said)


def _bit_1_text(analysis: Analysis, indices: Sequence[int]) -> str:
    """What can be done where bit 1 switches that arithmetic off."""
    layers = [analysis.model.graph.layers[index] for index in indices]
    types = {layer.type for layer in layers if analysis.target.supports(layer).arithmetic == "bit 1"}
    if not types:
        return ""
    return (
        " No mask is proposed for that, because none can be shown to help; where the device turns out worse, try 31=1 "
        f"(no-fp16-arithmetic) on {', '.join(sorted(types))}."
    )


def _listed(indices: Sequence[int]) -> str:
    """How many layers, and the first of them by number."""
    shown = ", ".join(f"#{index}" for index in indices[:_MOST_LISTED])
    return f"{counted(len(indices), 'layer')} ({shown}{', ...' if len(indices) > _MOST_LISTED else ''})"


_MOST_LISTED = 8
