"""Reproduce known defects of the arm64 engine, each with the smallest model that shows it, and print them as markdown.

  python -m conformance.hazards

Run it in the folder of the repository, with MASKCTL_ARM64_PYTHON set to the launcher that setup-arm64.sh leaves behind. For
each defect it prints what the layers should give, what maskctl predicts and what the engine gives; a crash costs only its
own model. Ways around a defect are run too. `docs/engine-hazards.md` explains them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

import numpy as np

from conformance.case import chain
from maskctl.errors import ExecutionError
from maskctl.executor.policy import Policy
from maskctl.executor.run import run
from maskctl.graph.model import load
from maskctl.numeric.formats import FloatArray
from maskctl.peers.ncnn_engine import EngineRun, Job, NcnnEngine
from maskctl.targets import PRECISIONS, TARGETS
from maskctl.targets.storage import hazards

_TOLERANCE = 0.01
_SECONDS = 10.0

Lines: TypeAlias = tuple[str, ...]
Outcome: TypeAlias = "FloatArray | str"
"""What came out, or how it ended instead."""


@dataclass(frozen=True)
class Shown:
    """A chain of layers, its weights in order (no biases), one sample (c, h, w) and what the engine is asked for."""

    name: str
    lines: Lines
    weights: tuple[FloatArray, ...]
    sample: FloatArray
    precision: str
    around: Lines
    """The same chain written so that the engine computes it rightly."""
    wild: bool = False
    """True where the engine may read and write outside its blobs."""

    def param(self, lines: Lines) -> str:
        """The text of the `.param`."""
        return "\n".join(["7767517", f"{len(lines) + 1} {len(lines) + 1}", "Input data 0 1 data", *chain(*lines), ""])

    def write(self, path: Path, lines: Lines) -> Path:
        """Writes the model and returns the path of its `.param`, the `.bin` beside it."""
        path.write_text(self.param(lines), encoding="utf-8")
        tensors = (b"\0\0\0\0" + np.asarray(tensor, "<f4").tobytes() for tensor in self.weights)
        path.with_suffix(".bin").write_bytes(b"".join(tensors))
        return path


@dataclass(frozen=True)
class Finding:
    """What one chain should give, what maskctl predicts, what the engine gives, and what it gives on the way around."""

    shown: Shown
    wanted: FloatArray
    predicted: FloatArray
    warned: bool
    engine: Outcome
    around: Outcome

    @property
    def is_wrong(self) -> bool:
        """True where the engine shows the defect."""
        return differs(self.wanted, self.engine)


def differs(wanted: FloatArray, found: Outcome) -> bool:
    """True for a crash or a hang, for what is not finite and for a difference that no rounding explains."""
    if isinstance(found, str) or found.shape != wanted.shape or not np.isfinite(found).all():
        return True
    return bool(np.max(np.abs(found - wanted)) > _TOLERANCE * np.max(np.abs(wanted)))


_LEVELS: FloatArray = np.arange(1, 5, dtype=np.float32)[:, None, None]
_ROWS: FloatArray = np.array([1, 10, 100], np.float32)[None, :, None]
_RAMP: FloatArray = np.linspace(-2, 2, 8 * 16 * 16, dtype=np.float32).reshape(8, 16, 16)
_IDENTITY: FloatArray = np.eye(8, dtype=np.float32)
_SAME = "Convolution 0=8 1=1 6=64"
_DEPTHWISE = "ConvolutionDepthWise 0=8 1=3 3=2 6=72 7=8"
_POOL = "Pooling 0=0 1=3 2=2"


def _at_a_boundary(precision: str, bit: int) -> tuple[Shown, ...]:
    """A layer with 16-bit storage masked off behind one that stores 16 bits."""
    name = f"mask {bit} in {precision}"
    safe = " 31=1" if precision == "fp16" else ""
    behind = {
        "a convolution": (f"{_SAME} 31={bit}", f"{_SAME}{safe}", 2),
        "a pooling": (f"Pooling 0=1 1=2 2=2 31={bit}", f"Pooling 0=1 1=2 2=2{safe}", 1),
    }
    return tuple(
        Shown(f"{name}: {what}", (_SAME, masked), (_IDENTITY,) * count, _RAMP, precision, (_SAME, unmasked), wild=True)
        for what, (masked, unmasked, count) in behind.items()
    )


HAZARDS = (
    Shown(
        "maximum 3x3 of stride 2 in bf16",
        (f"{_POOL} 5=1",),
        (),
        np.broadcast_to(_LEVELS, (4, 5, 5)),
        "bf16",
        ("Pooling 0=0 1=3 11=1 2=2 12=1 5=1", "Pooling 0=0 1=1 11=3 2=1 12=2 5=1"),
    ),
    Shown(
        "maximum 3x3 of stride 2 in bf16, with a border",
        (f"{_POOL} 5=0",),
        (),
        np.broadcast_to(_LEVELS, (4, 4, 4)),
        "bf16",
        ("Pooling 0=0 1=3 11=1 2=2 12=1 5=0", "Pooling 0=0 1=1 11=3 2=1 12=2 5=0"),
    ),
    Shown(
        "depthwise 3x3 of stride 2 in fp16",
        (_DEPTHWISE,),
        (np.ones(72, np.float32),),
        np.broadcast_to(_ROWS, (8, 3, 5)),
        "fp16",
        (f"{_DEPTHWISE} 31=1",),
    ),
    *_at_a_boundary("fp16", 2),
    *_at_a_boundary("bf16", 4),
)


def find(engine: NcnnEngine, shown: Sequence[Shown] = HAZARDS) -> tuple[Finding, ...]:
    """Runs every chain, and its way around, on the engine and here.

    What may spoil the engine's memory runs in a process of its own.
    """
    with TemporaryDirectory() as folder:
        paths = [entry.write(Path(folder, f"{number}.param"), entry.lines) for number, entry in enumerate(shown)]
        around = [
            entry.write(Path(folder, f"{number}-around.param"), entry.around) for number, entry in enumerate(shown)
        ]
        tame = [entry for entry in shown if not entry.wild]
        together = [_job(entry, path) for entry, path in zip(shown, around, strict=True)]
        together += [_job(entry, path) for entry, path in zip(shown, paths, strict=True) if not entry.wild]
        ended = [_outcome(run_or_error) for run_or_error in engine.attempt_all(together)]
        by_name = {entry.name: outcome for entry, outcome in zip(tame, ended[len(shown) :], strict=True)}
        for entry, path in zip(shown, paths, strict=True):
            if entry.wild:
                by_name[entry.name] = _outcome(engine.attempt_all([_job(entry, path)])[0])
        return tuple(
            Finding(entry, *_here(entry, path), by_name[entry.name], outcome)
            for entry, path, outcome in zip(shown, paths, ended, strict=False)
        )


def _job(shown: Shown, path: Path) -> Job:
    return Job(path, path.with_suffix(".bin"), {"data": shown.sample[None]}, ("out",), PRECISIONS[shown.precision])


def _outcome(found: EngineRun | ExecutionError) -> Outcome:
    """Raises `ExecutionError` where the engine refuses a model instead of running it."""
    if not isinstance(found, ExecutionError):
        return np.asarray(found.blobs["out"][0], np.float32)
    ended = str(found).rpartition("ncnn: ")[2]
    if not ended.startswith(("was killed", "did not finish")):
        raise found
    return ended


def _here(shown: Shown, path: Path) -> tuple[FloatArray, FloatArray, bool]:
    """What the layers should give, what maskctl predicts for the engine, and whether it warns of a mask."""
    model, inputs = load(path), {"data": shown.sample[None]}
    masks = tuple(layer.mask for layer in model.graph.layers)
    predicted = run(model, inputs, Policy(shown.precision))["out"][0]
    return run(model, inputs, Policy())["out"][0], predicted, bool(hazards(model.graph, TARGETS["arm82"], masks))


def text_of(outcome: Outcome) -> str:
    """What came out in a few words: all numbers where they are few."""
    if isinstance(outcome, str):
        return outcome
    if np.isnan(outcome).all():
        return "all NaN"
    if outcome.size > 40:
        bad = int((~np.isfinite(outcome)).sum())
        largest = np.max(np.abs(outcome), where=np.isfinite(outcome), initial=0.0)
        return f"{outcome.size} values up to {largest:.4g}, {bad} of them not finite"
    return "; ".join(" ".join(f"{value:g}" for value in channel.reshape(-1)) for channel in outcome)


def markdown(finding: Finding) -> str:
    """The finding as a section."""
    shown = finding.shown
    return "\n".join(
        [
            f"## {shown.name}",
            "",
            f"```text\n{shown.param(shown.lines)}```",
            "",
            f"- should be: {text_of(finding.wanted)}",
            f"- maskctl predicts: {text_of(finding.predicted)}" + (", and warns of the mask" if finding.warned else ""),
            f"- the engine: {text_of(finding.engine)}",
            f"- the engine, {' then '.join(shown.around)}: {text_of(finding.around)}",
            f"- {'the defect is there' if finding.is_wrong else 'the defect is NOT there'}",
            "",
        ]
    )


def main() -> int:
    """Prints every finding; 1 where the engine does not show a defect it is said to have."""
    found = find(NcnnEngine((os.environ["MASKCTL_ARM64_PYTHON"],), timeout_s=_SECONDS))
    print(*map(markdown, found), sep="\n")
    return 0 if all(finding.is_wrong for finding in found) else 1


if __name__ == "__main__":
    sys.exit(main())
