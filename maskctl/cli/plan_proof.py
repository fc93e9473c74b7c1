"""A plan in the real engine, before anything is written."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from maskctl.cli.engine_run import verified

if TYPE_CHECKING:
    from collections.abc import Collection

    from maskctl.analysis.analyze import Analysis
    from maskctl.analysis.metrics import Comparison
    from maskctl.analysis.shares import Blobs
    from maskctl.analysis.verify import Verification
    from maskctl.graph.model import Model
    from maskctl.peers.ncnn_engine import NcnnEngine, Observation
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
            f"--target {runs_on}, or {_engine_for(target, name)}."
        )
    return Witness(name, engine)


def _engine_for(target: Target, name: str) -> str:
    """How to come by an engine that runs on `target`, which the one of that name does not."""
    from maskctl.peers.engines import ARM64_PYTHON, target_of

    if target.name == target_of("arm64").name:
        return "set up the arm64 engine (conformance/setup-arm64.sh)"
    if name == "arm64" and target_of("host").name == target.name:
        return f"unset {ARM64_PYTHON} for this machine's own"
    return "verify on a machine of that kind"


@dataclass
class Proof:
    """What the engine gave over the samples that were run: sums of each output, findings, and its outputs by sample."""

    real: dict[str, Comparison] = field(default_factory=dict)
    findings: list[str] = field(default_factory=list)
    blobs: list[Blobs] = field(default_factory=list)
    version: str = ""
    samples: int = 0

    def add(self, found: Verification, seen: Observation, names: Collection[str], members: tuple[int, ...]) -> None:
        """Adds a run of some samples; `names` are the outputs that count."""
        from maskctl.analysis.metrics import Comparison

        for row in found.rows:
            if row.blob in names and row.real is not None:
                self.real.setdefault(row.blob, Comparison()).merge(row.real)
        self.findings += [finding for finding in found.findings if finding not in self.findings]
        self.blobs.append((members, {name: seen.blobs[name] for name in names if name in seen.blobs}))
        self.version, self.samples = seen.version, self.samples + len(members)


def print_proof(analysis: Analysis, witness: Witness, options: Mapping[str, Any]) -> bool:
    """Runs the model with the proposed masks in the engine and says what came out; True where that is as predicted.

    Samples are run until ten minutes are over. The target is asked of the engine's outputs where the plan reaches it, and so
    is the user's own check, where all samples were run.
    """
    from maskctl.analysis.goal import Goal, Outcome
    from maskctl.cli.text import cosine_text, sqnr_text

    proof = _run(analysis, witness, options)
    to_stderr = options["json_path"] == "-"
    for finding in proof.findings:
        click.echo(f"Finding: {finding}", err=to_stderr)
    if set(proof.real) != set(analysis.plan.after.outputs):
        click.echo(f"The real engine ({witness.name}) gave no answer.", err=to_stderr)
        return False
    score, checked = _checked(analysis, proof, options)
    outcome = Outcome(proof.real, score=score)
    goal = analysis.goal if score is not None else Goal(analysis.goal.targets)
    reached = goal.reached(outcome)
    click.echo(
        f"The real engine (ncnn {proof.version}, {witness.name}), {_samples(analysis, proof)}: worst output "
        f"{sqnr_text(outcome.worst_sqnr_db)}, cosine {cosine_text(outcome.worst_cosine)}{checked}: {goal} "
        f"{'is reached' if reached else 'is not reached'}.",
        err=to_stderr,
    )
    return not proof.findings and (reached or not analysis.plan.reached)


def _samples(analysis: Analysis, proof: Proof) -> str:
    """How many samples were run.

    >>> from types import SimpleNamespace
    >>> _samples(SimpleNamespace(samples=range(8)), Proof(samples=8)), _samples(SimpleNamespace(samples=range(8)), Proof(samples=3))
    ('8 samples', '3 of 8 samples')
    """
    from maskctl.cli.text import counted

    every = len(analysis.samples) or 1
    return counted(every, "sample") if proof.samples == every else f"{proof.samples} of {counted(every, 'sample')}"


def _checked(analysis: Analysis, proof: Proof, options: Mapping[str, Any]) -> tuple[float | None, str]:
    """The user's score of the engine's outputs and how it is told; None without a check, or where samples are missing."""
    from maskctl.analysis.pool import in_order
    from maskctl.cli.measuring_options import score_of

    check = score_of(options)
    if check is None:
        return None, ""
    if proof.samples < (len(analysis.samples) or 1):
        return None, ", check not run because samples are missing"
    score = check(in_order(proof.blobs))
    return score, f", check {analysis.goal.score_text(score)}"


def _run(analysis: Analysis, witness: Witness, options: Mapping[str, Any]) -> Proof:
    from maskctl.executor.samples import batches

    proof, begin = Proof(), time.monotonic()
    with TemporaryDirectory() as folder:
        planned, weights = plan_files(analysis, Path(folder), options)
        asked = {**options, "bin_path": str(weights), "made_up": None, "threads": 1, "tolerance": _TOLERANCE_DB}
        for portion in batches(planned, analysis.samples):
            if proof.samples and time.monotonic() - begin > _SECONDS:
                break
            found, seen = verified(planned, asked, analysis.policy, witness.engine, portion.inputs)
            proof.add(found, seen, analysis.plan.after.outputs.keys(), portion.members)
    return proof


def plan_files(analysis: Analysis, folder: Path, options: Mapping[str, Any]) -> tuple[Model, Path]:
    """The model with the planned masks, its `.param` in `folder`, and its `.bin`: made-up weights are written as they are here."""
    from maskctl.graph.model import bin_beside
    from maskctl.graph.weights import write_to

    model = analysis.model.with_masks(dict(analysis.masks))
    path = folder / "planned.param"
    path.write_bytes(model.document.to_bytes())
    weights = Path(options["bin_path"] or bin_beside(analysis.model.document.path))
    if options["made_up"] is not None:
        weights = path.with_suffix(".bin")
        with weights.open("wb") as file:
            write_to(file, model.operators, model.weights.tensors)
    return replace(model, document=replace(model.document, path=str(path))), weights
