"""A plan in the real engine, before anything is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from maskctl.cli.engine_run import verified

if TYPE_CHECKING:
    from maskctl.analysis.analyze import Analysis
    from maskctl.analysis.metrics import Comparison
    from maskctl.peers.ncnn_engine import NcnnEngine
    from maskctl.targets import Target

_SECONDS = 600.0
_TOLERANCE_DB = 1.0


@dataclass(frozen=True)
class Witness:
    """The engine that a plan is run in."""

    name: str
    engine: NcnnEngine


def witness_for(target: Target) -> Witness:
    """The engine that is set up; raises `InputError` where there is none, or where it runs on another target."""
    from maskctl.errors import InputError
    from maskctl.peers.engines import engine_named, preferred, target_of

    name = preferred()
    engine = engine_named(name, _SECONDS)
    runs_on = target_of(name).name
    if runs_on != target.name:
        raise InputError(
            f"--verify: the engine that is set up ({name}) runs on {runs_on}, and masks are asked for {target.name}. Give "
            f"--target {runs_on}, or set up the arm64 engine (conformance/setup-arm64.sh)."
        )
    return Witness(name, engine)


def print_proof(analysis: Analysis, witness: Witness, options: Mapping[str, Any]) -> bool:
    """Runs the model with the proposed masks in the engine and says what came out; True where that is as predicted.

    The first samples that fit in one pass are run. The target is asked of the engine's outputs where the plan reaches it.
    """
    from maskctl.analysis.goal import Goal, Outcome
    from maskctl.cli.text import cosine_text, counted, decibels

    found, version, count = _run(analysis, witness, options)
    names = set(analysis.plan.after.outputs)
    real: dict[str, Comparison] = {
        row.blob: row.real for row in found.rows if row.blob in names and row.real is not None
    }
    to_stderr = options["json_path"] == "-"
    for finding in found.findings:
        click.echo(f"Finding: {finding}", err=to_stderr)
    if set(real) != names:
        click.echo(f"The real engine ({witness.name}) gave no answer.", err=to_stderr)
        return False
    outcome = Outcome(real)
    goal = Goal(analysis.goal.targets)  # the user's own check is not run on the engine's outputs
    reached = goal.reached(outcome)
    click.echo(
        f"The real engine (ncnn {version}, {witness.name}), {counted(count, 'sample')}: worst output "
        f"{decibels(outcome.worst_sqnr_db)} dB, cosine {cosine_text(outcome.worst_cosine)}: {goal} "
        f"{'is reached' if reached else 'is not reached'}.",
        err=to_stderr,
    )
    return not found.findings and (reached or not analysis.plan.reached)


def _run(analysis: Analysis, witness: Witness, options: Mapping[str, Any]) -> tuple[Any, str, int]:
    from maskctl.executor.samples import batches
    from maskctl.graph.model import bin_beside

    model = analysis.model.with_masks(dict(analysis.masks))
    inputs = batches(model, analysis.samples)[0].inputs
    count = len(next(iter(inputs.values()))) if inputs else 1
    weights = options["bin_path"] or bin_beside(analysis.model.document.path)
    with TemporaryDirectory() as folder:
        path = Path(folder, "planned.param")
        path.write_bytes(model.document.to_bytes())
        planned = replace(model, document=replace(model.document, path=str(path)))
        asked = {**options, "bin_path": str(weights), "threads": 1, "tolerance": _TOLERANCE_DB}
        found, version = verified(planned, asked, analysis.policy, witness.engine, inputs)
    return found, version, count
