"""The options with which `analyze` says what to measure, and with what means."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from maskctl.analysis.pool import Means
    from maskctl.analysis.sensitivity import Wishes
    from maskctl.graph.model import Model

KIND_NAMES = ("bf16", "int8")
SCOPE_NAMES = ("layerwise", "graphwise", "alone", "leave-one-out")
MEASURING_OPTIONS = (
    click.option(
        "--scope",
        type=click.Choice(SCOPE_NAMES),
        default="layerwise",
        show_default=True,
        help="What layers are ranked by: their own error with exact inputs; that in the lowered network; the effect on the outputs "
        "of lowering this layer alone, or all but this one.",
    ),
    click.option(
        "--kind",
        "kinds",
        type=click.Choice(KIND_NAMES),
        multiple=True,
        help="Another precision to measure each layer in, beside the parts of its loss; repeat for more.",
    ),
    click.option(
        "--output-blob",
        "output_blobs",
        metavar="BLOB",
        multiple=True,
        help="A blob that counts as an output, in place of the network's; repeat for more.",
    ),
    click.option(
        "--worst",
        type=click.IntRange(min=1),
        metavar="N",
        help="Rank on the N samples that lose most. Masks are tried on all.",
    ),
    click.option(
        "--jobs",
        type=click.IntRange(min=1),
        metavar="N",
        help="Processes that share the samples out; results do not depend on it. [default: one per core]",
    ),
)


def wishes_of(model: Model, options: Mapping[str, Any]) -> Wishes:
    """What to measure; raises `InputError` for a blob that cannot count as an output."""
    from maskctl.analysis.kinds import USUAL
    from maskctl.analysis.sensitivity import Wishes

    outputs = tuple(dict.fromkeys(options["output_blobs"])) or None
    for name in outputs or ():
        _refuse_blob(model, name)
    return Wishes(options["scope"], (*USUAL, *options["kinds"]), outputs, options["worst"])


def means_of(options: Mapping[str, Any]) -> Means:
    """With what means."""
    from maskctl.analysis.pool import Means

    return Means(options["jobs"] or os.cpu_count() or 1)


def _refuse_blob(model: Model, name: str) -> None:
    from maskctl.analysis.finders import found_blobs
    from maskctl.errors import InputError, did_you_mean

    if name not in model.blobs or name in model.graph.inputs:
        computed = [blob for blob in model.blobs if blob not in model.graph.inputs]
        hint = did_you_mean(name, computed, f"Outputs are: {', '.join(model.outputs)}.")
        raise InputError(f"--output-blob '{name}' is no blob that a layer of {model.graph.path} gives. {hint}")
    by_value = [op for op in model.operators if not op.cut and op.kind.by_value(op.params)]
    if name in found_blobs(by_value):
        raise InputError(
            f"--output-blob '{name}' has as many rows as are found, and cannot be compared element by element. Name what that "
            "layer reads."
        )
