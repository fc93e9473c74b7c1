"""The options with which `analyze` says what to measure, and with what means."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from maskctl.analysis.goal import Goal
    from maskctl.analysis.pool import Means
    from maskctl.analysis.sensitivity import Wishes
    from maskctl.cli.check_command import CheckCommand
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
        "--check",
        metavar="CMD",
        help="A command that says how good outputs are; run for every candidate with the path of an .npz of them, in place of {} or "
        "as its last argument. Exit status 0: good enough.",
    ),
    click.option(
        "--target-check",
        type=float,
        metavar="SCORE",
        help="What the number that --check prints last must reach; its exit status then says only that it ran.",
    ),
    click.option(
        "--memory",
        metavar="LIMIT",
        help="Blobs to hold in memory at once, e.g. 500MB or 2GB; others are computed again, or mapped from temporary files.",
    ),
    click.option(
        "--dask",
        "scheduler",
        metavar="SCHEDULER",
        help="Address of a Dask scheduler, e.g. tcp://10.0.0.1:8786, whose workers share the samples out; in place of --jobs.",
    ),
    click.option(
        "--jobs",
        type=click.IntRange(min=1),
        metavar="N",
        help="Processes that share samples and layers out; results do not depend on it. [default: one per core]",
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


def refuse_two_means(options: Mapping[str, Any]) -> None:
    """Refuses --jobs beside --dask, whose workers are as many as there are."""
    from maskctl.errors import InputError

    if options["scheduler"] is not None and options["jobs"] is not None:
        raise InputError(
            "--dask shares the samples out over a cluster and --jobs over processes here. Give one of the two."
        )


def means_of(options: Mapping[str, Any]) -> Means:
    """With what means."""
    from maskctl.analysis.pool import Means
    from maskctl.cli.options import parse_bytes

    limit = None if options["memory"] is None else parse_bytes(options["memory"], "--memory")
    return Means(options["jobs"] or os.cpu_count() or 1, limit, options["scheduler"], score_of(options))


def goal_with_check(goal: Goal, options: Mapping[str, Any]) -> Goal:
    """The goal with what --check asks for; without another target that is all that is asked for."""
    from maskctl.errors import InputError

    least: float | None = options["target_check"]
    if options["check"] is None:
        if least is not None:
            raise InputError(
                "--target-check is what the number --check prints must reach, and there is no --check. Give both."
            )
        return goal
    if least is not None and math.isnan(least):
        raise InputError(f"--target-check '{least}' is not a number. Expected e.g. --target-check 0.98.")
    is_only = all(options.get(name) is None for name in ("target_cos", "target_sqnr", "profile"))
    return replace(
        goal,
        targets=() if is_only else goal.targets,
        least_score=1.0 if least is None else least,
        by_status=least is None,
    )


def score_of(options: Mapping[str, Any]) -> CheckCommand | None:
    """The user's own check, None where there is none."""
    from maskctl.cli.check_command import CheckCommand

    return (
        CheckCommand(options["check"], number=options["target_check"] is not None)
        if options["check"] is not None
        else None
    )


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
